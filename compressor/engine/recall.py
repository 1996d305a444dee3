"""What the versions of an archive hold, told to ``Dedup``: the last one's content first, then the others'."""

from collections.abc import Iterator
from contextlib import suppress
from itertools import islice

from blake3 import blake3

from compressor.archive.index import Index
from compressor.archive.leaf import Entry
from compressor.archive.record import HEADER_SIZE, Draft, Kind, parse_header
from compressor.archive.schema import PIECE_HASH, Block, unpack
from compressor.engine.dedup import Dedup, key_of
from compressor.errors import DamagedError

PACKED_START = 64  # bytes of a packed block by which, beside its sizes, one like it is looked for


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
            for version in islice(self._index.versions(), 1, None):
                new = [ref.offset for ref in version.leaves() if ref.offset not in seen]
                seen.update(new)
                yield from new

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
        if _stands_alone(block) and not block.pieces:
            dedup.recall(_packed_key(block, self._packed_start(offset)), number, 0)
        at = 0
        for order, (gap, size) in enumerate(block.pieces):
            at += gap
            key = block.piece_hashes[order * PIECE_HASH : (order + 1) * PIECE_HASH]
            dedup.recall(key, number, at)
            at += size
        return number

    def _packed_start(self, offset: int) -> bytes:
        """Return how the body of a block begins, not proven."""
        source, at = self._index.source, self._index.start + offset
        header = parse_header(source.read(at, HEADER_SIZE), offset)
        begin = at + HEADER_SIZE + header.meta_size
        return source.read(begin, min(PACKED_START, header.body_size))

    def alike(self, dedup: Dedup, item: Draft) -> int | None:
        """Return the offset of a block that is, but for its place, equal to a new one."""
        new = unpack(item.meta, Block, 0)
        if not _stands_alone(new):
            return None
        start = b"".join(part[:PACKED_START] for part in item.parts)[:PACKED_START]
        found = dedup.find(_packed_key(new, start))
        if found is None:
            return None
        offset = dedup.blocks.offset(found[0])
        meta, body = self._index.record(offset, Kind.BLOCK).checked()
        same = _says(unpack(meta, Block, offset)) == _says(new)
        return offset if same and body == b"".join(item.parts) else None


def _stands_alone(block: Block) -> bool:
    """Say whether a block is of a large member, and no difference from others."""
    return block.member is not None and not block.base


def _says(block: Block) -> bytes:
    """Return what a block says of how it is unpacked."""
    return f"{block.chain} {block.plain_size} {block.sizes}".encode()


def _packed_key(block: Block, start: bytes) -> bytes:
    """Return what a block is known by of which nothing is hashed but how it begins, once packed."""
    return key_of(blake3(_says(block) + start).digest())
