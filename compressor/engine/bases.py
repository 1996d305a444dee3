"""Blocks of an archive by their places, and what those that are differences are differences from."""

from collections.abc import Callable, Iterator

from msgspec import Struct

from compressor.archive import schema
from compressor.archive.index import Index
from compressor.archive.record import HEADER_SIZE, MAGIC, MAX_BLOCK, Kind, Record, parse_header
from compressor.archive.schema import MAX_NEEDS, Base, Block, Head, Span
from compressor.archive.source import ReadsAt
from compressor.engine import block as blocks
from compressor.engine.reading import NONE_GIVEN, External
from compressor.errors import DamagedError
from compressor.stages.base import Bytes

Fetch = Callable[[int], Record | Base]
"""From an offset in the archive to the BLOCK there, not yet checked, or what a BASE says."""


class BlockReader(Struct, frozen=True):
    """Decodes blocks; ``head`` is None where it was lost. Threads may share it."""

    fetch: Fetch
    head: Head | None
    external: External = NONE_GIVEN

    def read(self, offset: int, memory: int) -> tuple[Block, Bytes]:
        """Return what the BLOCK at ``offset`` says, and its plain bytes; raises as ``unpack`` does."""
        return self.unpack(self._record(offset), memory)

    def _record(self, offset: int) -> Record:
        record = self.fetch(offset)
        if isinstance(record, Base):
            raise DamagedError("no BLOCK record is here", offset=offset)
        return record

    def unpack(
        self, record: Record, memory: int, lowest: int = 0, most: int = MAX_NEEDS
    ) -> tuple[Block, Bytes]:
        """Return what a BLOCK says, and its plain bytes, taking at most ``memory`` bytes.

        For that at most ``most`` others are decoded, none of which stands before ``lowest``.

        Raises:
            DamagedError: it or one that it needs is damaged, or they do not fit together (F-054 to F-056).
            UnsupportedError: a stage is missing here (F-021), or a base (F-057).
            MemoryBudgetError: it takes more memory (F-022).
        """
        offset = record.header.offset
        block, body = blocks.opened(record, self.head)
        if block.needs > most:
            raise DamagedError("a block needs more blocks than is said of it", offset=offset)
        return block, self.plain(block, body, offset, memory, lowest)

    def plain(self, block: Block, body: Bytes, offset: int, memory: int, lowest: int = 0) -> Bytes:
        """Return the plain bytes of a block whose record was checked; raises as ``unpack`` does."""
        base = None
        if block.base:
            base = self._gather(block, offset, memory - len(body), lowest)
            memory -= len(base)
        return blocks.decoded(block, body, offset, memory, base)

    def _gather(self, block: Block, offset: int, memory: int, lowest: int) -> Bytes:
        """Return the base of the block at ``offset``."""
        left = block.needs
        if len(block.base) == 1:
            base, left = self._part(block.base[0], left, memory, lowest)
        else:
            base = bytearray()
            for span in block.base:
                part, left = self._part(span, left, memory - block.plain_size, lowest)
                base += part
        if left:  # F-055
            raise DamagedError("a block needs fewer blocks than it says", offset=offset)
        return base

    def _part(self, span: Span, left: int, memory: int, lowest: int) -> tuple[Bytes, int]:
        """Return a part of a base, and how many more blocks the rest may need."""
        at, start, length = span
        record = self.fetch(at)
        if isinstance(record, Base):
            if start + length > record.size:
                raise DamagedError("a base exceeds the file that it lies in", offset=at)
            return self.external.read(record, start, length), left
        if at < lowest:  # F-030
            raise DamagedError(f"the block at byte {at} is out of reach", offset=at)
        below, plain = self.unpack(record, memory, lowest, left - 1)
        if start + length > len(plain):
            raise DamagedError("a base exceeds its block", offset=at)
        part = memoryview(plain)[start : start + length]
        # A view of a few bytes would keep all of the block, and nobody would count it.
        return plain if length == len(plain) else bytes(part), left - 1 - below.needs

    def base_of(self, spans: list[Span], needs: int, memory: int) -> Bytes:
        """Return the bytes that a block to be made is to be a difference from."""
        size = sum(length for _, _, length in spans)
        return self._gather(Block("", size, [], None, 0, base=spans, needs=needs), 0, memory, 0)


def fetching(source: ReadsAt, start: int, head: Head | None) -> Fetch:
    """Return what fetches from the archive that begins at ``start`` of a source.

    Raises:
        DamagedError: when called: neither BLOCK nor BASE stands there, or one that is too large (F-028).
    """
    block_size = head.block_size if head else MAX_BLOCK

    def fetch(offset: int) -> Record | Base:
        header = parse_header(source.read(start + offset, HEADER_SIZE), offset)
        if header.kind not in {Kind.BLOCK, Kind.BASE} or header.body_size > block_size:
            raise DamagedError("no BLOCK record of a size that is declared is here", offset=offset)
        record = Record(header, source.read(start + offset + HEADER_SIZE, header.rest))
        if header.kind == Kind.BASE:
            return schema.unpack_base(record.checked()[0], offset)
        return record

    return fetch


def named_in(index: Index) -> Iterator[tuple[int, Base]]:
    """Yield the BASE records of an archive up to the end of a version: each header is looked at."""
    at, fetch = len(MAGIC), fetching(index.source, index.start, index.head)
    while at < index.end - index.start:
        header = parse_header(index.source.read(index.start + at, HEADER_SIZE), at)
        record = fetch(at) if header.kind == Kind.BASE else None
        if isinstance(record, Base):
            yield at, record
        at = header.end
