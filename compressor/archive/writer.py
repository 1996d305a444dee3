"""Writes an archive record by record, without ever seeking. Format: docs/format/archive.md.

Its memory is bounded: one leaf, and the pages that ``pages`` bounds.
"""

from collections.abc import Callable, Sequence

from blake3 import blake3
from msgspec import Struct
from msgspec.structs import replace

from compressor.archive import record, schema
from compressor.archive.leaf import LEAF_SIZE, MAX_LEAF, Entry, pack_leaf, weight
from compressor.archive.names import leaf_ref, page_ref
from compressor.archive.pages import PageWriter
from compressor.archive.record import Draft, Kind, draft
from compressor.archive.schema import MAX_ENTRIES, MAX_LEVEL, LeafRef, Span
from compressor.errors import LimitError, UsageError
from compressor.stages.base import Bytes

ROOT_NAMES = 8 << 20  # bytes of names that a ROOT lists: half of its largest meta
LEAF_SPARE = 64 << 10  # bytes of columns, beside what entries weigh

Write = Callable[[Bytes], object]


class VersionLabel(Struct, frozen=True):
    """What the user says of a version; ``number`` None: the one behind the last."""

    label: str = ""
    time_ns: int = 0
    number: int | None = None

    def __post_init__(self) -> None:
        """Refuse what can't be recorded.

        Raises:
            UsageError: the label is too long or no text, or the time out of range.
        """
        if len(self.label) > schema.MAX_TEXT or not _is_text(self.label):
            raise UsageError(f"a label is text of at most {schema.MAX_TEXT} characters")
        if not schema.FIRST_TIME <= self.time_ns <= schema.LAST_TIME:
            raise UsageError("a version's time lies between the years 1677 and 2554")


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


class Before(Struct, frozen=True):
    """What a version is appended to: where it ends, its FOOTER (offsets in the archive), its number."""

    offset: int
    footer: int
    number: int


class Kept(Struct, frozen=True):
    """What stays of the version before.

    ``items`` of ROOT lead to the leaves that stay; ``hashes`` has those of their bodies. Both are in
    the order of the leaves' offsets.
    """

    items: Sequence[LeafRef] = ()
    hashes: Sequence[bytes] = ()


NOTHING_KEPT = Kept()


class ArchiveWriter:
    """One version of an archive. Calls come in the order of the records; ``finish`` is the last.

    Without ``before`` it is the first, and the magic is written; else the bytes go behind a FOOTER.
    """

    def __init__(self, write: Write, head: schema.Head, before: Before | None = None) -> None:
        self._before = before
        self._pending: list[Entry] | None = None  # written once it is known whether it is the last
        self._leaves: list[LeafRef] = []
        self._hashes: list[bytes] = []
        self._names: set[bytes] = set()
        self._member = 0  # ordinal of the next member
        self._open: _OpenMember | None = None
        if before is None:
            write(record.MAGIC)
        else:
            head = replace(head, previous=before.offset - before.footer)
        self._records = _Records(write, before.offset if before else len(record.MAGIC))
        self._put = self._records.put
        self._put(draft(Kind.HEAD, schema.pack(head)))

    @property
    def offset(self) -> int:
        """Bytes of the archive so far."""
        return self._records.offset

    def claim(self, name: bytes) -> None:
        """Take a name for a member.

        Raises:
            UsageError: another member has it, or no member can.
        """
        names = self._names
        count = len(names)
        names.add(name)
        if len(names) == count:
            raise UsageError(f"two members would be named {schema.shown_name(name)!r}")
        if not schema.fits(name) or b"\0" in name:
            names.remove(name)
            raise UsageError(
                f"a member's name has at most {schema.MAX_NAME} bytes and {schema.MAX_SLASHES} slashes, "
                f"and no NUL: {schema.shown_name(name[:60])!r}"
            )

    def block(self, item: Draft) -> int:
        """Write a BLOCK made by ``block_draft``; return its offset."""
        self._flush_leaf()
        return self._put(item)

    def base(self, base: schema.Base) -> int:
        """Write a BASE; return its offset."""
        self._flush_leaf()
        return self._put(draft(Kind.BASE, schema.pack(base)))

    def open_member(self, name: bytes) -> int:
        """Begin a file larger than a block; return its ordinal."""
        self._flush_leaf()
        opened = schema.Open(self._member, name, schema.FILE)
        self._put(draft(Kind.OPEN, schema.pack(opened)))
        self._open = _OpenMember(self._member, self._extents_page)
        return self._member

    def extents(self, spans: list[Span]) -> None:
        """Write the next part of the open member's content: extents of blocks already written."""
        member = self._opened()
        first = schema.Extents(member.ordinal, 0, member.position, spans)
        offset = self._put(draft(Kind.EXTENTS, schema.pack(first)))
        member.pages.add((offset, member.position, first.length), 1)
        member.position += first.length

    def _extents_page(self, level: int, spans: list[Span]) -> Span:
        position, length = spans[0][1], sum(span[2] for span in spans)
        page = schema.Extents(self._opened().ordinal, level, position, spans)
        return self._put(draft(Kind.EXTENTS, schema.pack(page))), position, length

    def _opened(self) -> "_OpenMember":
        if self._open is None:
            raise UsageError("no member is open")
        return self._open

    def close_member(self, entry: Entry) -> None:
        """End the open member; the writer fills in where its content is."""
        level, spans = self._opened().pages.finish()
        self._open = None
        self.members([replace(entry, level=level, spans=spans)])

    def members(self, entries: list[Entry], size: int | None = None) -> None:
        """Write a leaf, or several: members whose blocks are all written; ``size`` is their weight.

        Members of one solid block go into one leaf, if they are no more than a reader takes: to a second one
        their block would be an old one, and may be out of reach.
        """
        one = size is not None and size <= MAX_LEAF - LEAF_SPARE and len(entries) <= MAX_ENTRIES
        for leaf in [entries] if one else _leaves(entries):
            self._flush_leaf()
            self._member += len(leaf)
            self._pending = leaf

    def removed(self, names: Sequence[bytes]) -> None:
        """Write names that the version before had and this one has not."""
        for leaf in _leaves([Entry(name) for name in names]):
            self._flush_leaf()
            if leaf:
                self._leaf([], [entry.name for entry in leaf], None)

    def _flush_leaf(self) -> None:
        pending, self._pending = self._pending, None
        if pending is not None:
            self._leaf(pending, (), None)

    def _leaf(
        self,
        entries: list[Entry],
        removed: Sequence[bytes],
        version: Callable[[], schema.Version] | None,
    ) -> int:
        leaf = pack_leaf(entries, removed)
        self._hashes.append(blake3(leaf.body).digest())
        stamp = version() if version else None
        meta = schema.Members(len(entries), leaf.plain_size, leaf.packed_size, stamp)
        offset = self._put(draft(Kind.MEMBERS, schema.pack(meta), leaf.body))
        if entries or version:
            self._leaves.append(leaf_ref(offset, entries))
        return offset

    def pad(self, size: int) -> None:
        """Write a PAD record of ``size`` bytes in all (at least 40)."""
        self._flush_leaf()
        self._put(draft(Kind.PAD, b"", bytes(size - record.HEADER_SIZE - record.CHECK_SIZE)))

    def finish(
        self,
        label: VersionLabel,
        kept: Kept = NOTHING_KEPT,
        sync: Callable[[], object] = lambda: None,
    ) -> None:
        """Write the last leaf, the root and the footer.

        ``sync`` is called before the last leaf, so that it stands for all before it, and behind it.
        """
        pending, self._pending = self._pending, None

        def version() -> schema.Version:
            following = self._before.number + 1 if self._before else 1
            number = following if label.number is None else label.number
            root_hash = blake3(b"".join([*kept.hashes, *self._hashes])).digest()
            return schema.Version(number, label.label, label.time_ns, root_hash)

        sync()
        last_leaf = self._leaf(pending or [], (), version)
        sync()
        previous = self._before.footer if self._before else 0
        _write_end(self._records, [*kept.items, *self._leaves], last_leaf, previous)
        sync()


class _Records:
    """Writes records one behind the other; ``offset`` is that of the next."""

    def __init__(self, write: Write, offset: int) -> None:
        self._write = write
        self.offset = offset

    def put(self, item: Draft) -> int:
        """Write a record; return its offset."""
        offset = self.offset
        self._write(record.header_bytes(item, offset) + item.meta)
        for part in item.parts:
            self._write(part)
        self._write(item.check)
        self.offset += item.size
        return offset


def write_end(
    write: Write, offset: int, leaves: Sequence[LeafRef], last_leaf: int, previous: int
) -> None:
    """Write root and FOOTER of a version that lacks them, from ``offset`` on.

    ``previous`` is the offset of the FOOTER before, 0 where there is none.
    """
    _write_end(_Records(write, offset), leaves, last_leaf, previous)


def _write_end(records: _Records, leaves: Sequence[LeafRef], last_leaf: int, previous: int) -> None:
    def page(_level: int, items: list[LeafRef]) -> LeafRef:
        if max(item.height for item in items) >= MAX_LEVEL:  # none could list this one
            raise LimitError("the lists of the index are too deep; keep leaves, not lists of them")
        return page_ref(root(items), items)

    def root(items: list[LeafRef]) -> int:
        return records.put(draft(Kind.ROOT, schema.pack(schema.Root(items))))

    pages = PageWriter(page, lambda item: len(item.first) + len(item.last), ROOT_NAMES)
    for item in leaves:
        pages.add(item)
    _, items = pages.finish()
    footer = schema.pack_footer(schema.Footer(root(items), last_leaf, previous))
    records.put(draft(Kind.FOOTER, b"", footer))


def _leaves(entries: Sequence[Entry]) -> list[list[Entry]]:
    """Return the entries in leaves of a size that readers take."""
    leaves: list[list[Entry]] = [[]]
    size = 0
    for entry in entries:
        size += weight(entry)
        if leaves[-1] and (size > LEAF_SIZE or len(leaves[-1]) == MAX_ENTRIES):
            leaves.append([])
            size = weight(entry)
        leaves[-1].append(entry)
    return leaves


class _OpenMember:
    """A member whose blocks are being written."""

    def __init__(self, ordinal: int, emit: Callable[[int, list[Span]], Span]) -> None:
        self.ordinal = ordinal
        self.position = 0
        self.pages: PageWriter[Span] = PageWriter(emit)


def block_draft(block: schema.Block, parts: Sequence[Bytes]) -> Draft:
    """Return a BLOCK to be placed; made in the thread that packed it, because the check takes time."""
    return draft(Kind.BLOCK, schema.pack(block), *parts)
