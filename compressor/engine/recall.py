"""What the versions of an archive hold, told to ``Dedup``: the last one's content first, then the others'."""

from collections.abc import Iterator
from contextlib import suppress

from compressor.archive.index import Index
from compressor.archive.leaf import Entry
from compressor.archive.schema import PIECE_HASH
from compressor.engine.dedup import Dedup, key_of
from compressor.errors import DamagedError


class Recall:
    """``entries`` are the members of the last version, which stand in ``leaves`` (offsets)."""

    def __init__(self, index: Index, entries: list[Entry], leaves: set[int]) -> None:
        self._index = index
        self._entries = entries
        self._leaves = leaves
        self._numbers: dict[int, int] = {}  # of blocks that are known, by offset

    def last(self, dedup: Dedup) -> None:
        """Have the content of the last version known."""
        for entry in self._entries:
            self._take(dedup, entry)

    def older(self, dedup: Dedup) -> None:
        """Have what only versions before it hold known, the latest first, while there is room.

        What is damaged is passed over: nothing needs it so far.
        """
        for leaf in self._older_leaves():
            if not dedup.has_room:
                return
            with suppress(DamagedError):
                for entry in self._index.contents(leaf):
                    self._take(dedup, entry)

    def _older_leaves(self) -> Iterator[int]:
        """Yield the leaves that the last version has not, those of each version before it."""
        seen = set(self._leaves)
        with suppress(DamagedError):
            version = self._index.before()
            while version is not None:
                new = [ref.offset for ref in version.leaves() if ref.offset not in seen]
                seen.update(new)
                yield from new
                version = version.before()

    def _take(self, dedup: Dedup, entry: Entry) -> None:
        """Have a file known that lies in one piece, and the pieces in the blocks of any."""
        for _, (offset, start, length) in self._index.spans(entry):
            if offset:
                number = self._number(dedup, offset)
                if length == entry.size:
                    dedup.recall(key_of(entry.content_hash), number, start)

    def _number(self, dedup: Dedup, offset: int) -> int:
        """Return the number of a block; when it is met first, have the pieces known that it lists."""
        known = self._numbers.get(offset)
        if known is not None:
            return known
        block = self._index.block(offset)
        number = self._numbers[offset] = dedup.blocks.known(offset, block.needs)
        at = 0
        for order, (gap, size) in enumerate(block.pieces):
            at += gap
            key = block.piece_hashes[order * PIECE_HASH : (order + 1) * PIECE_HASH]
            dedup.recall(key, number, at)
            at += size
        return number
