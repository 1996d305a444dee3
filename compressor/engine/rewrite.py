"""Members of one archive written into another, their blocks as they are: nothing is packed again."""

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from msgspec.structs import replace

from compressor.archive.leaf import Entry
from compressor.archive.schema import MAX_COUNT, Base, Block, Span
from compressor.archive.writer import ArchiveWriter, block_draft
from compressor.errors import DamagedError
from compressor.stages.base import Bytes

Placed = dict[int, int]
"""Offsets of blocks, and of BASE records, in the old archive -> in the new."""


class OldBlocks(Protocol):
    """The blocks of the old archive, by their offsets."""

    def says(self, offset: int) -> Block | Base:
        """Return what the BLOCK, or the BASE, at an offset says."""
        ...

    def read(self, offset: int) -> tuple[Block, Bytes]:
        """Return what the BLOCK at an offset says, and its packed bytes."""
        ...


class Rewriter:
    """Writes members behind the blocks that they need; ``placed`` are those that are there already.

    That no name comes twice is the caller's care.
    """

    def __init__(self, writer: ArchiveWriter, old: OldBlocks, placed: Placed) -> None:
        self._writer = writer
        self._old = old
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
            if offset and offset not in self._placed:
                self._place_bases(offset)
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

    def large(self, entry: Entry, spans: Callable[[], Iterable[Span]]) -> None:
        """Write a member with its extents in pages; ``spans`` gives them, twice."""
        for offset, _, _ in spans():
            if offset and offset not in self._placed:
                self._place_bases(offset)
        self._writer.open_member(entry.name)
        position = 0
        for span in spans():
            if span[0] and span[0] not in self._placed:
                self._copy(span[0], self._ordinal, position)
            self._writer.extents(self._moved([span]))
            position += span[2]
        self._ordinal += 1
        self._writer.close_member(entry)

    def _place_bases(self, offset: int) -> None:
        """Write what a block is a difference from, where nothing has needed it before."""
        block = self._old.says(offset)
        if isinstance(block, Base):
            raise DamagedError("no BLOCK record is here", offset=offset)
        for at, _, _ in block.base:
            if at in self._placed:
                continue
            base = self._old.says(at)
            if isinstance(base, Base):
                self._placed[at] = self._writer.base(base)
            else:
                if base.needs >= block.needs:  # F-055: else this could go on for long
                    raise DamagedError("a block needs fewer blocks than it says", offset=offset)
                self._place_bases(at)
                self._copy(at, None, 0)
                self._writer.members([])  # a block of no member: nothing has to refer to it

    def _copy(self, offset: int, member: int | None, position: int) -> None:
        block, body = self._old.read(offset)
        moved = replace(
            block,
            member=member,
            position=min(position, MAX_COUNT),
            base=self._moved(block.base),
        )
        self._placed[offset] = self._writer.block(block_draft(moved, [body]))
