"""Random access: from the footer to the root, from there to leaves, entries and extents.

Reads what it needs and no more; what it reads is checked like everything else.
"""

import bisect
from collections.abc import Iterable, Iterator
from itertools import accumulate, chain, islice
from operator import itemgetter

from compressor.archive import record, schema
from compressor.archive.leaf import MAX_LEAF, Entry, keeps, with_content
from compressor.archive.names import Wanted, leaf_ref, page_ref
from compressor.archive.readleaf import unpack_contents, unpack_leaf
from compressor.archive.record import FOOTER_SIZE, HEADER_SIZE, MAGIC, Header, Kind, Record
from compressor.archive.schema import Head, LeafRef, Members, Root, Span
from compressor.archive.source import AHEAD, Forward, RandomSource, foreign_format
from compressor.errors import (
    CompressorError,
    DamagedError,
    NotAnArchiveError,
    TruncatedError,
    UnfinishedError,
    VersionNotFoundError,
)
from compressor.stages.base import Bytes

MAX_ORIGINS = 2 * MAX_LEAF  # bytes of columns of leaves that are held unpacked
META = 256  # bytes; the meta of most blocks has less


class Index:
    """One version of an archive in a seekable file, from ``start`` to ``end``; by default its last."""

    def __init__(self, source: RandomSource, start: int, end: int, footer: schema.Footer) -> None:
        self.source = source
        self.start = start
        self.end = end
        self.footer = footer
        self._block_size = record.MAX_BLOCK  # until HEAD says less
        self.head = self._head()
        self._block_size = self.head.block_size
        self._top: Root | None = None
        self._origins: dict[int, list[Entry]] = {}  # leaves that kept entries refer to
        self._origins_size = 0

    def _head(self) -> Head:
        previous, offset = self.footer.previous, self.begin - self.start or len(MAGIC)
        meta, _ = self.record(offset, Kind.HEAD).checked()
        head = schema.unpack_head(meta, offset)
        if head.previous != (FOOTER_SIZE if previous else 0):  # F-015
            raise DamagedError("a HEAD names another footer before it", offset=offset)
        return head

    @property
    def begin(self) -> int:
        """Where the bytes begin that the version added."""
        previous = self.footer.previous
        return self.start + (previous + FOOTER_SIZE if previous else 0)

    def before(self) -> "Index | None":
        """Return the version before this one.

        Raises:
            DamagedError: no sound FOOTER stands where this one says (F-046).
        """
        at = self.footer.previous
        if not at:
            return None
        if at >= self.end - self.start - FOOTER_SIZE:
            raise DamagedError("a footer names one behind it", offset=at)
        meta, body = self.record(at, Kind.FOOTER).checked()
        footer = schema.unpack_footer(meta, body, at)
        return Index(self.source, self.start, self.begin, footer)

    def versions(self) -> "Iterator[Index]":
        """Yield this version and those before it, the last one first; raises as ``before`` does."""
        index: Index | None = self
        while index is not None:
            yield index
            index = index.before()

    def record(self, offset: int, kind: Kind, size: int = AHEAD) -> Record:
        """Return the record at ``offset``, which must be of this kind; its payload is not yet checked.

        One of at most ``size`` bytes is read by one call.

        Raises:
            DamagedError: there is none, or another, or one that is too large (F-007, F-046).
        """
        header, rest = self._header(offset, (kind,), size - HEADER_SIZE)
        return Record(header, self._payload(header, rest, header.rest))

    def _payload(self, header: Header, rest: memoryview, size: int) -> Bytes:
        """Return ``size`` bytes behind a header, of which ``rest`` was read with it."""
        at = self.start + header.offset + HEADER_SIZE
        return rest[:size] if len(rest) >= size else self.source.read(at, size)

    def _header(
        self, offset: int, kinds: tuple[Kind, ...], more: int = 0
    ) -> tuple[Header, memoryview]:
        """Return the header at ``offset``, and of the ``more`` bytes behind it what came with it."""
        left = self.end - self.start - HEADER_SIZE - offset
        if offset <= 0 or left < 0:
            raise DamagedError(f"a {_names(kinds)} record lies outside the archive", offset=offset)
        read = self.source.read_on(self.start + offset, HEADER_SIZE, min(more, left))
        header = record.parse_header(read, offset)
        if header.kind not in kinds or header.end > self.end - self.start:
            raise DamagedError(f"no {_names(kinds)} record is here", offset=offset)
        if header.kind == Kind.BLOCK and header.body_size > self._block_size:
            raise DamagedError("a block is larger than its archive declares", offset=offset)
        return header, memoryview(read)[HEADER_SIZE:]

    def block(self, offset: int) -> schema.Block:
        """Return the BLOCK at ``offset``, its body not read: only its pieces are proven (F-049)."""
        block = self.says(offset)
        if isinstance(block, schema.Base):
            raise DamagedError("no BLOCK record is here", offset=offset)
        schema.check_pieces(block, offset)
        return block

    def says(self, offset: int) -> schema.Block | schema.Base:
        """Return what a BLOCK, its body not read, or a BASE says: not proven (but F-054)."""
        header, rest = self._header(offset, (Kind.BLOCK, Kind.BASE), META)
        meta = self._payload(header, rest, header.meta_size)
        if header.kind == Kind.BASE:
            return schema.unpack_base(meta, offset)
        block = schema.unpack(meta, schema.Block, offset)
        schema.check_base(block, offset)
        return block

    def has_sound_block(self, offset: int) -> bool:
        """Say whether a BLOCK at ``offset`` can be read and passes its check."""
        try:
            header, _ = self._header(offset, (Kind.BLOCK,))
            rest = Forward(self.source, self.start + offset + HEADER_SIZE)
            return record.is_sound(header, rest.read)
        except (DamagedError, OSError):
            return False

    def leaves(self, name: bytes | None = None, *, beginning: bool = False) -> Iterator[LeafRef]:
        """Yield the leaves in order: all, or those that may hold ``name``, or names that begin so."""
        top = LeafRef(self.footer.root, b"", b"", schema.MAX_LEVEL + 1)
        behind = 0
        wanted = Wanted(name or b"", beginning=beginning or name is None)
        for item in self._leaves(top, wanted, set()):
            if item.offset <= behind:  # F-041
                raise DamagedError("a root does not list leaves in their order", offset=item.offset)
            behind = item.offset
            yield item

    def _leaves(self, page: LeafRef, wanted: Wanted, met: set[int]) -> Iterator[LeafRef]:
        """Yield what a ROOT leads to.

        No ROOT is met twice: those that list each other's lists would have no end (F-041).
        """
        met.add(page.offset)
        for item in self.page(page).items:
            if item.offset >= page.offset or item.offset in met:
                raise DamagedError("a root does not list what stands before it", offset=page.offset)
            if wanted.may_be_in(item):
                if item.height:
                    yield from self._leaves(item, wanted, met)
                else:
                    yield item

    def page(self, item: LeafRef) -> Root:
        """Return the ROOT that an item names; one of the height MAX_LEVEL + 1 may have any.

        Raises:
            DamagedError: it is not of the height, or of the names, that the item says (F-046).
        """
        if item.height > schema.MAX_LEVEL:
            return self.top()
        root = self._root(item.offset)
        if page_ref(item.offset, root.items) != item:
            raise DamagedError("a root page is not what is listed", offset=item.offset)
        return root

    def top(self) -> Root:
        """Return the ROOT that the FOOTER names; it is read once."""
        self._top = self._top or self._root(self.footer.root)
        return self._top

    def _root(self, offset: int) -> Root:
        meta, _ = self.record(offset, Kind.ROOT).checked()
        return schema.unpack(meta, Root, offset)

    def entries(self) -> Iterator[Entry]:
        """Yield all members, in the order of the archive."""
        for ref in self.leaves():
            yield from self.listed(ref)

    def beginning(self, prefix: bytes) -> Iterator[Entry]:
        """Yield the members whose names begin so, of those leaves alone that may hold any."""
        for ref in self.leaves(prefix, beginning=True):
            for entry in self._named(ref):
                if entry.name.startswith(prefix):
                    yield self._resolved(entry)

    def find(self, name: bytes) -> Entry | None:
        """Return the member of this name, if there is one."""
        for ref in self.leaves(name):
            for entry in self._named(ref):
                if entry.name == name:
                    return self._resolved(entry)
        return None

    def version(self) -> schema.Version:
        """Return what the last leaf says of the version."""
        offset = self.footer.last_leaf
        meta, _ = self.record(offset, Kind.MEMBERS).checked()
        version = schema.unpack(meta, Members, offset).version
        if version is None:
            raise DamagedError("the footer does not point at the last leaf", offset=offset)
        return version

    def at(self, number: int) -> "Index":
        """Return the archive as it was at a version.

        Raises:
            VersionNotFoundError: it has none of this number.
            DamagedError: it has none that can be read, and a version that can't.
        """
        damage: DamagedError | None = None
        for index in self.versions():
            try:
                if index.version().number == number:
                    return index
            except DamagedError as error:  # another one may be it
                damage = damage or error
        if damage is not None:
            raise damage
        raise VersionNotFoundError(f"the archive has no version {number}; `versions` lists them")

    def _leaf(self, offset: int) -> tuple[Members, list[Entry]]:
        members, entries, _ = unpack_leaf(*self.record(offset, Kind.MEMBERS).checked(), offset)
        _check_before(chain.from_iterable(entry.spans for entry in entries), offset)
        return members, entries

    def _named(self, ref: LeafRef) -> list[Entry]:
        """Return the entries of a leaf, once its names are those that the root lists (F-046)."""
        _, entries = self._leaf(ref.offset)
        if leaf_ref(ref.offset, entries) != ref:
            raise DamagedError("a leaf has other names than the root lists", offset=ref.offset)
        return entries

    def listed(self, ref: LeafRef) -> list[Entry]:
        """Return the entries of a leaf of this version."""
        entries = self._named(ref)
        return [entry if entry.kept is None else self._resolved(entry) for entry in entries]

    def _resolved(self, entry: Entry) -> Entry:
        """Return an entry with its content, which may be that of an earlier version's (F-050)."""
        if entry.kept is None:
            return entry
        leaf, number = entry.kept
        origin = self._origin(leaf)
        if number >= len(origin) or not keeps(entry, origin[number]):
            what = "a member keeps content that is not its own"
            raise DamagedError(what, offset=leaf, member=entry.shown_name)
        return with_content(entry, origin[number])

    def _origin(self, leaf: int) -> list[Entry]:
        origin = self._origins.get(leaf)
        if origin is None:
            members, origin = self._leaf(leaf)
            self._origins_size += members.plain_size
            if self._origins_size > MAX_ORIGINS:
                self._origins, self._origins_size = {}, members.plain_size
            self._origins[leaf] = origin
        return origin

    def contents(self, offset: int) -> list[Entry]:
        """Return the files of the leaf at ``offset``, of any version, that brought a content: nameless."""
        entries = unpack_contents(*self.record(offset, Kind.MEMBERS).checked(), offset)
        _check_before(chain.from_iterable(entry.spans for entry in entries), offset)
        return entries

    def stored(self, offset: int) -> list[Entry]:
        """Return the entries of the leaf at ``offset``, of any version, as they are stored."""
        return self._leaf(offset)[1]

    def spans(
        self, entry: Entry, begin: int = 0, end: int = schema.MAX_COUNT
    ) -> Iterator[tuple[int, Span]]:
        """Yield the extents that hold the member's bytes ``begin`` to ``end``, each after its position."""
        yield from self._spans(entry.level, entry.spans, 0, (begin, min(end, entry.size)))

    def _spans(
        self, level: int, spans: list[Span], position: int, part: tuple[int, int]
    ) -> Iterator[tuple[int, Span]]:
        starts = list(accumulate(map(itemgetter(2), spans), initial=position))
        first = max(bisect.bisect_right(starts, part[0]) - 1, 0)
        for at, span in islice(zip(starts, spans, strict=False), first, None):
            if at >= part[1]:
                return
            if level == 0:
                yield at, span
            else:
                yield from self._spans(level - 1, self._page(level - 1, span, at), at, part)

    def _page(self, level: int, span: Span, position: int) -> list[Span]:
        offset, own_position, length = span
        meta, _ = self.record(offset, Kind.EXTENTS).checked()
        page = schema.unpack_extents(meta, offset)
        if (page.level, page.position, page.length) != (level, position, length):  # F-046
            raise DamagedError("a page of extents is not the one that is listed", offset=offset)
        if own_position != position:
            raise DamagedError("a page of extents is listed at another place", offset=offset)
        _check_before(page.spans, offset)
        return page.spans


def _names(kinds: Iterable[Kind]) -> str:
    return " or ".join(kind.name for kind in kinds)


def _check_before(spans: Iterable[Span], offset: int) -> None:
    """Refuse what the record at ``offset`` can't refer to: what stands behind it (F-028, F-032)."""
    if max(map(itemgetter(0), spans), default=-1) >= offset:
        raise DamagedError("an extent refers to what stands behind it", offset=offset)


class RebuiltIndex(Index):
    """An index that knows its leaves already: no root is read."""

    def __init__(
        self,
        source: RandomSource,
        start: int,
        end: int,
        footer: schema.Footer,
        leaves: list[LeafRef],
    ) -> None:
        super().__init__(source, start, end, footer)
        self._leaf_refs = leaves

    def leaves(self, name: bytes | None = None, *, beginning: bool = False) -> Iterator[LeafRef]:
        """Yield all leaves in order, whatever ``name``: any may hold it."""
        del name, beginning
        yield from self._leaf_refs


def indexes(source: RandomSource, end: int | None = None) -> list[Index]:
    """Return the archives in a file, or in its bytes up to ``end``, first to last, found from there.

    Raises:
        NotAnArchiveError: the file is something else.
        TruncatedError, UnfinishedError, DamagedError: its end is missing or damaged.
    """
    found: list[Index] = []
    end = source.size if end is None else end
    while end > 0 or not found:
        start, footer = _end(source, end)
        found.append(Index(source, start, end, footer))
        end = start
    return found[::-1]


def is_ended(source: RandomSource) -> bool:
    """Say whether a sound footer ends a file."""
    try:
        _end(source, source.size)
    except CompressorError:
        return False
    return True


def _end(source: RandomSource, end: int) -> tuple[int, schema.Footer]:
    """Return where the archive that ends at ``end`` begins, once its magic is found there, and its footer."""
    if end < len(MAGIC) + FOOTER_SIZE:
        _refuse_start(source)
        raise TruncatedError("the archive ends too early", offset=end)
    data = source.read(end - FOOTER_SIZE, FOOTER_SIZE)
    own = int.from_bytes(data[16:24], "little")  # checked by parse_header
    try:
        header = record.parse_header(data[:HEADER_SIZE], own)
        if header.kind != Kind.FOOTER or header.end != own + FOOTER_SIZE:
            raise DamagedError("no footer ends the archive", offset=end - FOOTER_SIZE)
        meta, body = Record(header, data[HEADER_SIZE:]).checked()
        footer = schema.unpack_footer(meta, body, own)
    except DamagedError as error:
        _refuse_start(source)
        raise UnfinishedError(
            "no sound footer ends the archive: it was cut short, never finished, or damaged",
            offset=end - FOOTER_SIZE,
        ) from error
    start = end - own - FOOTER_SIZE
    if start < 0 or source.read(start, len(MAGIC)) != MAGIC:  # F-045
        raise DamagedError("no magic stands where the archive should begin", offset=max(start, 0))
    return start, footer


def _refuse_start(source: RandomSource) -> None:
    start = source.read(0, min(source.size, 512))
    if not start:
        raise TruncatedError("the input is empty")
    if not MAGIC.startswith(start[: len(MAGIC)]):
        raise NotAnArchiveError(foreign_format(start))
