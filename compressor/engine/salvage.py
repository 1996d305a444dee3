"""What is left of a damaged archive: found by a scan of its records, without trusting its index."""

from collections.abc import Iterator

from blake3 import blake3
from msgspec import Struct, field

from compressor.archive import schema
from compressor.archive.leaf import Entry, keeps, with_content
from compressor.archive.readleaf import unpack_leaf
from compressor.archive.record import BEFORE_LAST_LEAF, MAX_BLOCK, Header, Kind, Record
from compressor.archive.schema import Base, Block, Extents, Footer, Head, Span, Version
from compressor.archive.source import Source
from compressor.archive.stream import RecordStream
from compressor.errors import DamagedError, TruncatedError
from compressor.stages.base import Bytes


class Leaf(Struct, frozen=True):
    """A leaf: its entries as they are stored, the names that it removes, the BLAKE3 of its body."""

    entries: list[Entry]
    removed: list[bytes]
    body_hash: bytes


class Part(Struct):
    """What is left of the records of one version, in so far as the scan could tell versions apart."""

    head: Head | None = None
    leaves: list[int] = field(default_factory=list)  # its own
    stamp: Version | None = None
    last_leaf: int = 0
    footer: tuple[int, Footer] | None = None
    ended: bool = False  # its last leaf, or what comes behind that, was met


class Remains(Struct):
    """The sound records of one archive, by their offsets; block bodies stay in the file."""

    start: int = 0
    parts: list[Part] = field(default_factory=lambda: [Part()])
    blocks: dict[int, Block] = field(default_factory=dict)
    bases: dict[int, Base] = field(default_factory=dict)
    pages: dict[int, Extents] = field(default_factory=dict)
    opened: dict[bytes, list[tuple[int, int]]] = field(default_factory=dict)
    """Where each name was opened: offset and ordinal."""
    leaves: dict[int, Leaf] = field(default_factory=dict)
    damage: list[DamagedError] = field(default_factory=list)
    _based: dict[int, bool] = field(default_factory=dict)
    """Of blocks that are differences, whether all that they are differences from is there."""

    @property
    def block_size(self) -> int:
        """Bytes that the next block may have; as many as any may where the version's HEAD is lost."""
        part = self.parts[-1]
        return part.head.block_size if part.head and not part.ended else MAX_BLOCK

    def origin(self, leaf: int, number: int) -> tuple[Entry, int]:
        """Return an entry with its content, and the leaf that says where that is.

        One whose content was said in a leaf that is lost has none.
        """
        entry = self.leaves[leaf].entries[number]
        if entry.kept is None:
            return entry, leaf
        leaf, number = entry.kept
        there = self.leaves[leaf].entries[number : number + 1] if leaf in self.leaves else []
        if not there or not keeps(entry, there[0]):
            return entry, leaf
        return with_content(entry, there[0]), leaf

    def spans(self, entry: Entry) -> list[Span] | None:
        """Return the extents of a member in order; None where some are lost."""
        return self._resolve(entry.level, entry.spans, 0)

    def guess(self, entry: Entry, leaf: int) -> list[Span] | None:
        """Return the extents of a member by what its blocks say of themselves: to be verified.

        ``leaf`` has its entry: its blocks stand before that, and behind the last OPEN of its name.
        """
        opened = [one for one in self.opened.get(entry.name, ()) if one[0] < leaf]
        if not opened:
            return None
        begin, ordinal = opened[-1]
        mine = [
            (at, block)
            for at, block in self.blocks.items()
            if block.member == ordinal and begin < at < leaf
        ]
        mine.sort(key=lambda item: item[1].position)
        spans = [(offset, 0, block.plain_size) for offset, block in mine]
        return spans if sum(length for _, _, length in spans) == entry.size else None

    def _resolve(self, level: int, spans: list[Span], position: int) -> list[Span] | None:
        """Return the extents below ``spans``; a page counts only at its own place, and so once."""
        if level == 0:
            return spans
        found: list[Span] = []
        for offset, _, length in spans:
            page = self.pages.get(offset)
            if page is None or (page.level, page.position, page.length) != (
                level - 1,
                position,
                length,
            ):
                return None
            below = self._resolve(level - 1, page.spans, position)
            if below is None:
                return None
            found += below
            position += length
        return found

    def holds(self, spans: list[Span]) -> bool:
        """Whether every block that these extents name is sound and long enough."""
        return all(
            not offset
            or (offset in self.blocks and start + length <= self.blocks[offset].plain_size)
            for offset, start, length in spans
        ) and all(self.has_base(offset) for offset in {offset for offset, _, _ in spans} - {0})

    def has_base(self, offset: int) -> bool:
        """Whether all that a sound block is a difference from is there, or named."""
        block = self.blocks[offset]
        if not block.base:
            return True
        if offset not in self._based:
            inside = [span for span in block.base if span[0] in self.blocks]
            outside = all(self._named(span) for span in block.base if span[0] not in self.blocks)
            needs = sum(1 + self.blocks[at].needs for at, _, _ in inside)
            # F-055: so each needs fewer than the one before, and this comes to an end.
            self._based[offset] = outside and needs == block.needs and self.holds(inside)
        return self._based[offset]

    def _named(self, span: Span) -> bool:
        at, start, length = span
        return at in self.bases and start + length <= self.bases[at].size


def scan(source: Source) -> Iterator[Remains]:
    """Yield what is left of each archive in the source.

    Raises:
        NotAnArchiveError, UnsupportedError, TruncatedError: it does not even begin as one.
    """
    stream = RecordStream(source, salvage=True)
    for records in stream.archives():
        found = Remains(stream.start)
        for item in records:
            _take(found, item)
            stream.block_size = found.block_size
        yield found


def _take(found: Remains, item: Record | DamagedError) -> None:
    try:
        if isinstance(item, DamagedError):
            raise item
        _note(found, item)
    except DamagedError as error:
        if isinstance(error, TruncatedError) and not error.offset:
            raise
        found.damage.append(error)


def _note(found: Remains, item: Record) -> None:
    meta, body = item.checked()
    offset, kind = item.header.offset, item.header.kind
    part = _part(found, kind)
    match kind:
        case Kind.HEAD:
            part.head = schema.unpack_head(meta, offset)
        case Kind.MEMBERS:
            _leaf(found, meta, body, offset)
        case Kind.ROOT:
            part.ended = True
        case Kind.FOOTER:
            _footer(found, schema.unpack_footer(meta, body, offset), offset)
        case _:
            _content(found, item.header, meta, body)


def _content(found: Remains, header: Header, meta: Bytes, body: Bytes) -> None:
    offset = header.offset
    match header.kind:
        case Kind.OPEN:
            opened = schema.unpack_open(meta, offset)
            found.opened.setdefault(opened.name, []).append((offset, opened.member))
        case Kind.BLOCK:
            found.blocks[offset] = schema.unpack_block(meta, body, offset, found.block_size)
        case Kind.BASE:
            found.bases[offset] = schema.unpack_base(meta, offset)
        case Kind.EXTENTS:
            found.pages[offset] = schema.unpack_extents(meta, offset)
        case _:
            pass


def _part(found: Remains, kind: int) -> Part:
    """Return the part that a record belongs to: a new one where a version ended (F-016), or begins."""
    part = found.parts[-1]
    begins = kind == Kind.HEAD and part != Part()
    if begins or (part.ended and kind in BEFORE_LAST_LEAF):
        part = Part()
        found.parts.append(part)
    return part


def _leaf(found: Remains, meta: Bytes, body: Bytes, offset: int) -> None:
    members, entries, removed = unpack_leaf(meta, body, offset)
    found.leaves[offset] = Leaf(entries, removed, blake3(body).digest())
    part = found.parts[-1]
    part.leaves.append(offset)
    if members.version is not None:
        part.stamp, part.last_leaf, part.ended = members.version, offset, True


def _footer(found: Remains, footer: Footer, offset: int) -> None:
    part = found.parts[-1]
    if part.footer is not None or (part.stamp and part.last_leaf != footer.last_leaf):
        part = Part()  # of a version of which nothing else is left
        found.parts.append(part)
    part.footer, part.ended = (offset, footer), True
