"""Reads an archive from front to back: what each record says, and whether it may stand where it stands.

Yields typed events; blocks come as they were read, to be checked and decoded by other threads.
"""

from collections.abc import Callable, Iterator, Sequence

from msgspec import Struct

from compressor.archive import schema
from compressor.archive.leaf import Entry
from compressor.archive.ledger import Ledger
from compressor.archive.pages import PageReader
from compressor.archive.readleaf import unpack_leaf
from compressor.archive.record import (
    BEFORE_LAST_LEAF,
    FOOTER_SIZE,
    MAX_BLOCK,
    Kind,
    Record,
    refuse_unknown,
)
from compressor.archive.schema import Extents, Head, LeafRef, Open, Version
from compressor.archive.source import Source
from compressor.archive.stream import RecordStream
from compressor.archive.unfinished import cut_off, without_end
from compressor.errors import DamagedError, TruncatedError
from compressor.stages.base import Bytes


class Leaf(Struct, frozen=True):
    """Members whose content is complete; ``version`` is that of the last leaf.

    ``removed`` are names that the version before had. An entry may keep its content from there.
    """

    entries: list[Entry]
    version: Version | None
    offset: int
    removed: Sequence[bytes] = ()
    leaves: Sequence[LeafRef] = ()
    """Those of the version, known at its last leaf, if nothing before was damaged."""


class BlockRecord(Struct, frozen=True):
    """A block, not yet checked."""

    record: Record


class ExtentsPage(Struct, frozen=True):
    """EXTENTS of level 0: the next part of the open member."""

    extents: Extents
    offset: int


class BaseRecord(Struct, frozen=True):
    """BASE: a file outside of the archive that later blocks are differences from."""

    base: schema.Base
    offset: int


class Damage(Struct, frozen=True):
    """Something is damaged; reading goes on behind it."""

    error: DamagedError


class Finished(Struct, frozen=True):
    """The end of a version, FOOTER included; another may follow. ``end`` counts from the archive's begin."""

    end: int


class End(Struct, frozen=True):
    """The end of an archive; ``position`` is that of the byte behind it in the source."""

    position: int


Event = Head | Open | BlockRecord | BaseRecord | ExtentsPage | Leaf | Damage | Finished | End


class ForwardReader:
    """The events of a source that holds one archive or several in a row."""

    def __init__(self, source: Source) -> None:
        self._records = RecordStream(source)
        self._state = _ArchiveState()

    @property
    def start(self) -> int:
        """Where the present archive began in the source."""
        return self._records.start

    def events(self) -> Iterator[Event]:
        """Yield what the records say, in order; a HEAD whose ``previous`` is not 0 begins a version.

        Raises:
            NotAnArchiveError, UnsupportedError: nothing can be read from here on.
        """
        for records in self._records.archives():
            self._state = _ArchiveState()
            for item in records:
                yield from self._events(item)
                self._records.block_size = self._state.block_size
            if not self._records.over:
                yield End(self._records.end)

    def _events(self, item: Record | DamagedError) -> Iterator[Event]:
        try:
            if isinstance(item, DamagedError):
                raise item
            yield from self._state.take(item)
        except DamagedError as error:
            yield Damage(self._state.damaged(error))


class _ArchiveState:
    """What the records so far let one expect of the next, within one archive."""

    def __init__(self) -> None:
        self._head: Head | None = None
        self.block_size = MAX_BLOCK
        self._ledger = Ledger()
        self._footer: int | None = None  # of the version before
        self._sound = True  # until damage: then what refers to lost records is not compared
        self._bases = 0
        self._version = 0  # the number of the last one whose last leaf was met
        self._begin_version()

    def _begin_version(self) -> None:
        self._begun = False
        self._open: Open | None = None
        self._members = 0
        self._position = 0  # in the open member
        self._extents = PageReader()
        self._last_leaf: int | None = None

    def damaged(self, error: DamagedError) -> DamagedError:
        """Note damage; behind the last leaf it costs nothing but the way to find it.

        So does the end of a version that only began, where all was sound up to there.
        """
        sound, self._sound = self._sound, False
        if self._last_leaf is not None:
            return without_end(self._version, error.offset, error.what)
        if sound and self._version and isinstance(error, TruncatedError):
            return cut_off(self._version, error.offset, error.what)
        return error

    def take(self, item: Record) -> Iterator[Event]:
        """Check a record against those before it, and yield what it says."""
        kind, offset = item.header.kind, item.header.offset
        self._in_order(kind, offset)
        if kind == Kind.BLOCK:
            yield BlockRecord(item)
            return
        meta, body = item.checked()
        if kind in _TAKERS:
            event = _TAKERS[kind](self, meta, body, offset)
            if event is not None:
                yield event
        else:
            refuse_unknown(item.header)

    def _in_order(self, kind: int, offset: int) -> None:
        """Refuse what may not stand here (F-014, F-016, F-017)."""
        if (kind == Kind.HEAD) == self._begun and self._sound:
            raise DamagedError("a version begins with its HEAD, and has one", offset=offset)
        if self._last_leaf is not None and kind in BEFORE_LAST_LEAF:
            raise DamagedError("a record stands behind the last leaf", offset=offset)
        if kind == Kind.FOOTER and self._last_leaf is None and self._sound:
            raise DamagedError("the footer comes before the last leaf", offset=offset)

    def take_head(self, meta: Bytes, _body: Bytes, offset: int) -> Event:
        head = schema.unpack_head(meta, offset)
        distance = 0 if self._footer is None else offset - self._footer
        if head.previous != distance and self._sound:  # F-015
            raise DamagedError("a HEAD names another footer before it", offset=offset)
        if self._head is not None and _declares_less(head, self._head):  # F-052
            raise DamagedError("a version declares less than the one before it", offset=offset)
        if self._begun:  # damage: the FOOTER between was lost
            self._begin_version()
        self._begun = True
        self._head = head
        self.block_size = head.block_size
        self._ledger.begin(offset)
        return head

    def take_open(self, meta: Bytes, _body: Bytes, offset: int) -> Event:
        opened = schema.unpack_open(meta, offset)
        if self._open is not None and self._sound:  # F-025
            raise DamagedError("a member opens within another", offset=offset)
        if opened.member != self._members and self._sound:  # F-025
            raise DamagedError("a member has the wrong number", offset=offset)
        self._open, self._position = opened, 0
        self._extents = PageReader()
        return opened

    def take_extents(self, meta: Bytes, _body: Bytes, offset: int) -> Event | None:
        extents = schema.unpack_extents(meta, offset)
        if self._open is None or extents.member != self._open.member:  # F-026
            raise DamagedError("extents belong to no open member", offset=offset)
        if extents.level:
            self._take_page(extents, offset)
            return None
        if extents.position != self._position and self._sound:  # F-026
            raise DamagedError("extents do not go on where the last ones ended", offset=offset)
        self._extents.add((offset, extents.position, extents.length), 1)
        self._position = extents.position + extents.length
        return ExtentsPage(extents, offset)

    def _take_page(self, extents: Extents, offset: int) -> None:
        """Compare a page of pages with what it should list (F-032)."""
        if self._sound:
            self._extents.page(extents.level, extents.spans, offset)
            if extents.position != extents.spans[0][1]:
                raise DamagedError("a page does not begin where its list does", offset=offset)
            self._extents.add((offset, extents.position, extents.length), extents.level + 1)

    def take_leaf(self, meta: Bytes, body: Bytes, offset: int) -> Event:
        members, entries, removed = unpack_leaf(meta, body, offset)
        first = self._footer is None and self._sound
        if first and (removed or any(entry.kept for entry in entries)):  # F-044
            raise DamagedError("a first version keeps or removes something", offset=offset)
        self._check_open(entries, offset)
        self._members += len(entries)
        if self._sound:
            self._ledger.leaf(offset, entries, removed, bytes(body))
            if members.version:
                self._ledger.version(members.version, offset)
        if members.version:
            self._last_leaf, self._version = offset, members.version.number
            leaves = self._ledger.leaves() if self._sound else ()
            return Leaf(entries, members.version, offset, removed, leaves)
        return Leaf(entries, members.version, offset, removed)

    def _check_open(self, entries: list[Entry], offset: int) -> None:
        opened, self._open = self._open, None
        if not self._sound:
            return
        if opened is None:
            if any(entry.level for entry in entries):  # F-038
                raise DamagedError("a member with pages was never opened", offset=offset)
            return
        entry = entries[0] if len(entries) == 1 else None
        if entry is None or not _closes(entry, opened):  # F-033
            raise DamagedError("a leaf does not close the open member", offset=offset)
        self._extents.end(entry.level, entry.spans, offset)

    def take_base(self, meta: Bytes, _body: Bytes, offset: int) -> Event:
        base = schema.unpack_base(meta, offset)
        self._bases += 1
        if self._bases > schema.MAX_BASES:  # F-053
            raise DamagedError("too many other files are bases of its blocks", offset=offset)
        return BaseRecord(base, offset)

    def take_root(self, meta: Bytes, _body: Bytes, offset: int) -> None:
        root = schema.unpack(meta, schema.Root, offset)
        if self._sound:
            self._ledger.root(root.items, offset)

    def take_footer(self, meta: Bytes, body: Bytes, offset: int) -> Event:
        footer = schema.unpack_footer(meta, body, offset)
        if self._sound:
            if footer.previous != (self._footer or 0):  # F-042
                raise DamagedError("the footer names another before it", offset=offset)
            self._ledger.end(footer.root, footer.last_leaf, offset)
        self._footer = offset
        self._begin_version()
        return Finished(offset + FOOTER_SIZE)

    def take_pad(self, _meta: Bytes, body: Bytes, offset: int) -> None:
        if bytes(body).count(0) != len(body):  # F-043
            raise DamagedError("padding holds something", offset=offset)


def _closes(entry: Entry, opened: Open) -> bool:
    return (entry.name, entry.kind, entry.kept) == (opened.name, opened.kind, None)


def _declares_less(head: Head, before: Head) -> bool:
    return head.block_size < before.block_size or head.decode_memory < before.decode_memory


_TAKERS: dict[int, Callable[[_ArchiveState, Bytes, Bytes, int], Event | None]] = {
    Kind.HEAD: _ArchiveState.take_head,
    Kind.OPEN: _ArchiveState.take_open,
    Kind.EXTENTS: _ArchiveState.take_extents,
    Kind.MEMBERS: _ArchiveState.take_leaf,
    Kind.ROOT: _ArchiveState.take_root,
    Kind.FOOTER: _ArchiveState.take_footer,
    Kind.PAD: _ArchiveState.take_pad,
    Kind.BASE: _ArchiveState.take_base,
}
