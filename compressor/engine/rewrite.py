"""Members of one archive written into another, their blocks as they are: nothing is packed again."""

from collections.abc import Callable, Iterable, Sequence

from msgspec.structs import replace

from compressor.archive.leaf import Entry
from compressor.archive.schema import MAX_COUNT, Block, Span
from compressor.archive.writer import ArchiveWriter, block_draft
from compressor.stages.base import Bytes

ReadBlock = Callable[[int], tuple[Block, Bytes]]
"""Returns what the BLOCK at an offset of the old archive says, and its packed bytes."""

Placed = dict[int, int]
"""Offsets of blocks in the old archive -> in the new."""


class Rewriter:
    """Writes members behind the blocks that they need; ``placed`` are those that are there already.

    That no name comes twice is the caller's care.
    """

    def __init__(self, writer: ArchiveWriter, read: ReadBlock, placed: Placed) -> None:
        self._writer = writer
        self._read = read
        self._placed = placed
        self._ordinal = 0

    def small(self, entries: Sequence[Entry]) -> None:
        """Write members without pages: each behind the last of its blocks, those as they stood."""
        waiting: dict[int, list[Entry]] = {}
        for entry in entries:
            waiting.setdefault(self._last_missing(entry), []).append(entry)
        missing = {
            offset
            for entry in entries
            for offset, _, _ in entry.spans
            if offset and offset not in self._placed
        }
        for offset in sorted(missing | {0}):
            if offset:
                self._copy(offset, None, 0)
            ready = waiting.get(offset, [])
            # A leaf, even an empty one, ends the time in which a block has to be referred to.
            if ready or offset:
                moved = [replace(entry, spans=self._moved(entry.spans)) for entry in ready]
                self._writer.members(moved)
                self._ordinal += len(moved)

    def _last_missing(self, entry: Entry) -> int:
        return max(
            (offset for offset, _, _ in entry.spans if offset not in self._placed), default=0
        )

    def _moved(self, spans: Iterable[Span]) -> list[Span]:
        return [
            (self._placed[offset] if offset else 0, start, length)
            for offset, start, length in spans
        ]

    def large(self, entry: Entry, spans: Iterable[Span]) -> None:
        """Write a member with its extents in pages."""
        self._writer.open_member(entry.name)
        position = 0
        for span in spans:
            if span[0] and span[0] not in self._placed:
                self._copy(span[0], self._ordinal, position)
            self._writer.extents(self._moved([span]))
            position += span[2]
        self._ordinal += 1
        self._writer.close_member(entry)

    def _copy(self, offset: int, member: int | None, position: int) -> None:
        block, body = self._read(offset)
        moved = replace(block, member=member, position=min(position, MAX_COUNT))
        self._placed[offset] = self._writer.block(block_draft(moved, [body]))
