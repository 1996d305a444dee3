"""What is left of a damaged archive: found by a scan of its records, without trusting its index."""

from collections.abc import Iterator

from msgspec import Struct, field

from compressor.archive import schema
from compressor.archive.leaf import Entry, keeps, with_content
from compressor.archive.readleaf import unpack_leaf
from compressor.archive.record import MAX_BLOCK, Kind, Record
from compressor.archive.schema import Base, Block, Extents, Head, Span, Version
from compressor.archive.source import Source
from compressor.archive.stream import RecordStream
from compressor.errors import DamagedError, TruncatedError


class Remains(Struct):
    """The sound records of one archive, by their offsets; block bodies stay in the file."""

    start: int = 0
    head: Head | None = None
    version: Version | None = None
    blocks: dict[int, Block] = field(default_factory=dict)
    bases: dict[int, Base] = field(default_factory=dict)
    pages: dict[int, Extents] = field(default_factory=dict)
    opened: dict[bytes, int] = field(default_factory=dict)
    leaves: dict[int, list[Entry]] = field(default_factory=dict)
    latest: dict[bytes, int] = field(default_factory=dict)
    """Of each name that lives, the leaf that has its last entry."""
    damage: list[DamagedError] = field(default_factory=list)
    _based: dict[int, bool] = field(default_factory=dict)
    """Of blocks that are differences, whether all that they are differences from is there."""

    @property
    def block_size(self) -> int:
        """Bytes that a block may have."""
        return self.head.block_size if self.head else MAX_BLOCK

    def take(self, offset: int, entries: list[Entry], removed: list[bytes]) -> None:
        """Take a leaf: later ones go over earlier ones."""
        for name in removed:
            self.latest.pop(name, None)
        self.leaves[offset] = entries
        self.latest.update((entry.name, offset) for entry in entries)

    def members(self) -> Iterator[list[Entry]]:
        """Yield the members of the last version, leaf by leaf; one whose content is lost keeps none."""
        for offset, entries in self.leaves.items():
            yield [self._whole(entry) for entry in entries if self.latest.get(entry.name) == offset]

    def _whole(self, entry: Entry) -> Entry:
        if entry.kept is None:
            return entry
        leaf, number = entry.kept
        origin = self.leaves.get(leaf, [])[number : number + 1]
        return with_content(entry, origin[0]) if origin and keeps(entry, origin[0]) else entry

    def spans(self, entry: Entry) -> list[Span] | None:
        """Return the extents of a member in order; None where some are lost."""
        return self._resolve(entry.level, entry.spans, 0)

    def guess(self, entry: Entry) -> list[Span] | None:
        """Return the extents of a member by what its blocks say of themselves: to be verified."""
        ordinal = self.opened.get(entry.name)
        if ordinal is None:
            return None
        mine = [item for item in self.blocks.items() if item[1].member == ordinal]
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
    stream = RecordStream(source)
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
        if isinstance(error, TruncatedError) and error.offset == 0:
            raise
        found.damage.append(error)


def _note(found: Remains, item: Record) -> None:
    meta, body = item.checked()
    offset = item.header.offset
    match item.header.kind:
        case Kind.HEAD:
            found.head = schema.unpack_head(meta, offset)
        case Kind.OPEN:
            opened = schema.unpack_open(meta, offset)
            found.opened[opened.name] = opened.member
        case Kind.BLOCK:
            found.blocks[offset] = schema.unpack_block(meta, body, offset, found.block_size)
        case Kind.BASE:
            found.bases[offset] = schema.unpack_base(meta, offset)
        case Kind.EXTENTS:
            found.pages[offset] = schema.unpack_extents(meta, offset)
        case Kind.MEMBERS:
            members, entries, removed = unpack_leaf(meta, body, offset)
            found.version = members.version or found.version
            found.take(offset, entries, removed)
        case _:
            pass
