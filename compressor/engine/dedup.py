"""Nothing twice: which content the archive has already, and where.

Two kinds of content are known: whole members that lie in one piece in a block, and pieces of larger
ones, cut where their content says so (docs/format/pieces.md). Both go by 16 bytes of BLAKE3.

While an archive is written blocks go by number: their places are known only once they are written.
"""

from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence, Sized
from typing import NamedTuple

from blake3 import blake3

from compressor.archive.record import Draft
from compressor.archive.schema import PIECE_HASH, Span
from compressor.kernels.pieces import SLOT, PieceTable, cut

HOLE = 0
"""The number of no block: holes lie there."""

BASE = -1
"""Stands for the number of blocks that are decoded before one, of what lies outside of the archive."""

LEAST_CUT = 32 << 10  # bytes, twice the mean piece; smaller members are one piece
RECORD_BOUND = 256  # bytes that a record takes beside what it holds, at most
PIECE_BOUND = 32  # bytes that a record takes for a piece or an extent, at most


def block_bound(size: int, listed: Sized) -> int:
    """Return the bytes that the record of a block of so many plain ones takes, at most."""
    return size + RECORD_BOUND + PIECE_BOUND * len(listed)


class Blocks:
    """Blocks by number: where each stands, and how far back all that it needs is at most.

    What lies outside of the archive has numbers, too: its place is that of the BASE that names it.
    """

    def __init__(self) -> None:
        self._offsets = array("Q", [0])
        self._needs = array("b", [0])
        self._earlier = bytearray(1)  # flags
        self._bounds = array("Q", [0])
        self._bound = 0

    def add(self) -> int:
        """Return the number of a block that is begun."""
        self._offsets.append(0)
        self._needs.append(0)
        self._earlier.append(0)
        self._bounds.append(self._bound)
        return len(self._offsets) - 1

    def known(self, offset: int, needs: int = 0) -> int:
        """Return a number for a block that stands in the archive already."""
        number = self.add()
        self._earlier[number] = 1
        self.place(number, offset, needs)
        return number

    def is_earlier(self, number: int) -> bool:
        """Say whether a block stood in the archive already."""
        return bool(self._earlier[number])

    def place(self, number: int, offset: int, needs: int = 0) -> None:
        """Note where a block was written, and how many others are decoded for it."""
        self._offsets[number] = offset
        self._needs[number] = needs

    def is_placed(self, number: int) -> bool:
        """Say whether a block was written."""
        return self._offsets[number] > 0

    def needs(self, number: int) -> int:
        """Return how many blocks are decoded to have a written one that others need: it and its bases."""
        return 1 + self._needs[number]

    def is_base(self, number: int) -> bool:
        """Say whether what has this number lies outside of the archive."""
        return self._needs[number] == BASE

    def refer(self, number: int, base: int) -> None:
        """Note that a block may come to be a difference from another, which is then needed with it."""
        self._bounds[number] = min(self._bounds[number], self._bounds[base])

    def offset(self, number: int) -> int:
        """Return where a block was written."""
        return self._offsets[number]

    def grow(self, size: int) -> None:
        """Note that the archive may have grown by ``size`` bytes: never less than it has."""
        self._bound += size

    def distance(self, number: int) -> int:
        """Return how many bytes back a block begins, at most: the same with any number of threads."""
        return self._bound - self._bounds[number]

    def placed(self, spans: list[Span]) -> list[Span]:
        """Return spans of written blocks with offsets instead of numbers."""
        return [(self._offsets[number], start, length) for number, start, length in spans]

    def __len__(self) -> int:
        return len(self._offsets)


class Piece(NamedTuple):
    """A part of a content: where it begins, how long it is, and its hash."""

    start: int
    size: int
    key: bytes


class Dedup:
    """The content that the archive has. ``reach`` bounds how far back it is used; None: from anywhere.

    ``loads`` make the content of earlier versions known: the first is called before anything is looked up,
    each of the others once something is in none of those before it; ``serves`` says whether a block of
    theirs, at an offset, can be had as it was when it was written, ``alike`` which of them a new one is
    equal to, if to any.
    """

    def __init__(
        self,
        memory: int,
        reach: int | None,
        loads: "Sequence[Callable[[Dedup], None]]" = (),
        serves: Callable[[int], bool] = lambda _: True,
        alike: "Callable[[Dedup, Draft], int | None]" = lambda _dedup, _item: None,
    ) -> None:
        self._table = PieceTable(memory) if memory else None
        self.reach = reach
        self._room = memory // (2 * SLOT) // 4 * 3  # entries before any is forgotten
        self._loads = list(loads)
        self._prepared = False
        self._serves = serves
        self._alike = alike
        self.blind = False
        """Whether nothing is found: what is packed now is to stand for itself."""
        self.blocks = Blocks()

    def prepare(self) -> None:
        """Know what the version before has; called before anything is looked up."""
        if self._loads and not self._prepared:
            self._loads.pop(0)(self)
        self._prepared = True

    @property
    def has_room(self) -> bool:
        """Whether more can be known without something else being forgotten."""
        return self._table is not None and len(self._table) < self._room

    def recall(self, key: bytes, number: int, start: int) -> None:
        """Note where an earlier version has content; what is known of it already is nearer."""
        if self._table is not None and self._table.find(key) is None:
            self.put(key, number, start)

    def put(self, key: bytes, number: int, start: int) -> None:
        """Note that the content with this hash begins at ``start`` in a block."""
        if self._table is not None:
            self._table.put(key, number << 32 | start)

    def find(self, key: bytes, new: int = 0, slack: int = 0) -> tuple[int, int] | None:
        """Return number and start of content with this hash, if it lies within reach.

        Up to ``slack`` bytes are written before the record that refers to it; the block ``new`` is among
        them, and in reach.
        """
        if self._table is None or self.reach == 0 or self.blind:
            return None
        location = self._table.find(key)
        while location is None and self._loads:
            self._loads.pop(0)(self)
            location = self._table.find(key)
        if location is None:
            return None
        number, start = location >> 32, location & 0xFFFFFFFF
        reach = self.reach
        if reach is not None and number != new and self.blocks.distance(number) + slack > reach:
            return None
        if self.is_old(number) and not self._serves(self.blocks.offset(number)):
            return None  # what a block lists may be sound where its content is not
        return number, start

    def packed_alike(self, item: Draft) -> int | None:
        """Return the offset of a block of an earlier version that came to the same bytes, or None.

        So is found what lists no pieces, because nobody wanted to spend the time.
        """
        return self._alike(self, item)

    def is_old(self, number: int) -> bool:
        """Say whether a block belongs to an earlier version."""
        return self.blocks.is_earlier(number)


def key_of(digest: bytes) -> bytes:
    """Return what content with this BLAKE3 is known by."""
    return digest[:PIECE_HASH]


def pieces(content: bytes | bytearray) -> Iterator[Piece]:
    """Yield the pieces of a content."""
    return pieces_of(content, cut(content, final=True))


def pieces_of(content: bytes | bytearray, sizes: Iterable[int]) -> Iterator[Piece]:
    """Yield the pieces of numbers, which have these sizes."""
    start = 0
    with memoryview(content) as view:
        for size in sizes:
            yield Piece(start, size, key_of(blake3(view[start : start + size]).digest()))
            start += size


def hashes_of(parts: Iterable[Piece]) -> list[tuple[int, int, bytes]]:
    """Return start, size and hash of pieces, where these have one, in the block of them in a row."""
    found, at = list[tuple[int, int, bytes]](), 0
    for part in parts:
        if part.key:
            found.append((at, part.size, part.key))
        at += part.size
    return found


def joined(spans: list[Span], span: Span) -> None:
    """Add a span behind others, as part of the last one where it goes on."""
    if spans:
        number, start, length = spans[-1]
        if (number, start + length) == span[:2] and number != HOLE:
            spans[-1] = (number, start, length + span[2])
            return
    spans.append(span)


def gathered(content: bytes | bytearray, parts: Iterable[Piece]) -> bytes | bytearray:
    """Return the bytes of some pieces of a content: itself, where these are all."""
    parts = list(parts)
    if sum(part.size for part in parts) == len(content):
        return content
    with memoryview(content) as view:
        return bytearray(b"".join(view[part.start : part.start + part.size] for part in parts))
