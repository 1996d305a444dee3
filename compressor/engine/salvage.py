"""What is left of a damaged archive: found by a scan of its records, without trusting its index."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from compressor.archive import schema
from compressor.archive.record import Kind, Record
from compressor.archive.schema import Block, Entry, Extents, Head, Members, Open, Span, Version
from compressor.archive.source import Source
from compressor.archive.stream import RecordStream
from compressor.errors import DamagedError, TruncatedError


@dataclass(slots=True)
class Remains:
    """The sound records of one archive, by their offsets; block bodies stay in the file."""

    start: int = 0
    head: Head | None = None
    version: Version | None = None
    blocks: dict[int, Block] = field(default_factory=dict)
    pages: dict[int, Extents] = field(default_factory=dict)
    opened: dict[bytes, int] = field(default_factory=dict)
    leaves: list[list[Entry]] = field(default_factory=list)
    damage: list[DamagedError] = field(default_factory=list)

    def spans(self, entry: Entry) -> list[Span] | None:
        """Return the extents of a member in order; None where some are lost."""
        spans = self._resolve(entry.level, entry.spans)
        if spans is not None and sum(length for _, _, length in spans) == entry.size:
            return spans
        return None

    def guess(self, entry: Entry) -> list[Span] | None:
        """Return the extents of a member by what its blocks say of themselves: to be verified."""
        ordinal = self.opened.get(entry.name)
        mine = [item for item in self.blocks.items() if item[1].member == ordinal is not None]
        mine.sort(key=lambda item: item[1].position)
        spans = [(offset, 0, block.plain_size) for offset, block in mine]
        return spans if sum(length for _, _, length in spans) == entry.size else None

    def _resolve(self, level: int, spans: list[Span]) -> list[Span] | None:
        if level == 0:
            return spans
        found: list[Span] = []
        for offset, _, _ in spans:
            page = self.pages.get(offset)
            below = (
                self._resolve(level - 1, page.spans) if page and page.level == level - 1 else None
            )
            if below is None:
                return None
            found += below
        return found

    def holds(self, spans: list[Span]) -> bool:
        """Whether every block that these extents name is sound and long enough."""
        return all(
            not offset
            or (offset in self.blocks and start + length <= self.blocks[offset].plain_size)
            for offset, start, length in spans
        )


def scan(source: Source) -> Iterator[Remains]:
    """Yield what is left of each archive in the source."""
    records = RecordStream(source)
    while True:
        found = Remains()
        try:
            if not records.begin():
                return
        except TruncatedError:
            raise
        except DamagedError as error:
            found.damage.append(error)
            if error.offset:  # bytes behind the last archive
                yield found
                return
        found.start = records.start
        _scan_archive(records, found)
        yield found
        if any(isinstance(error, TruncatedError) for error in found.damage):
            return


def _scan_archive(records: RecordStream, found: Remains) -> None:
    while True:
        try:
            item = records.next()
            if item is None:
                return
            _note(found, item)
        except DamagedError as error:
            found.damage.append(error)
            if isinstance(error, TruncatedError):
                return


def _note(found: Remains, item: Record) -> None:
    meta, body = item.checked()
    offset = item.header.offset
    match item.header.kind:
        case Kind.HEAD:
            found.head = schema.unpack_head(meta, offset)
        case Kind.OPEN:
            opened = schema.unpack(meta, Open, offset)
            found.opened[opened.name] = opened.member
        case Kind.BLOCK:
            found.blocks[offset] = schema.unpack(meta, Block, offset)
        case Kind.EXTENTS:
            found.pages[offset] = schema.unpack(meta, Extents, offset)
        case Kind.MEMBERS:
            found.version = schema.unpack(meta, Members, offset).version or found.version
            found.leaves.append(schema.unpack(body, list[Entry], offset))
        case _:
            pass
