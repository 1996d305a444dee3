"""docs/format/huffman.md in its order: how to read packed bytes; huffman_encoder.py writes them."""

from fractions import Fraction
from typing import NamedTuple

from compressor.errors import DamagedError

RAW, CONSTANT, RUNS, HUFFMAN = range(4)
LONG_GAP = 240


def check(truth: bool, number: int) -> None:  # noqa: FBT001 (the check's own statement)
    """Refuse packed bytes that fail the check of this number."""
    if not truth:
        raise DamagedError(f"H-{number:03}")


class Reader:
    """Packed bytes, taken from the front."""

    def __init__(self, packed: bytes) -> None:
        self.left = packed

    def take(self, size: int, number: int) -> bytes:
        """Return the next bytes; that they are there is the check of this number."""
        check(len(self.left) >= size, number)
        taken, self.left = self.left[:size], self.left[size:]
        return taken


# ---- Block ----


def decode(packed: bytes, plain_size: int) -> bytes:
    """huffman.md#block: "A chunk holds 2^chunk_log plain bytes, the last one what is left"."""
    reader = Reader(packed)
    chunk_log = reader.take(1, 1)[0]
    check(10 <= chunk_log <= 18, 2)
    sizes = chunk_sizes(plain_size, chunk_log)
    check(len(packed) >= 1 + 4 * len(sizes), 3)
    plain = b"".join(read_chunk(reader, size) for size in sizes)
    check(not reader.left, 8)
    return plain


def chunk_sizes(plain_size: int, chunk_log: int) -> list[int]:
    """Return the number of plain bytes of each chunk."""
    size = 1 << chunk_log
    return [min(size, plain_size - at) for at in range(0, plain_size, size)]


# ---- Chunk ----


def read_chunk(reader: Reader, n: int, *, inner: bool = False) -> bytes:
    """huffman.md#chunk: "bits 0-1: mode; bits 2-20: body_size; bits 21-23: zero"."""
    head = int.from_bytes(reader.take(3, 4), "little")
    mode, body_size = head & 3, head >> 2 & 0x7FFFF
    check(head >> 21 == 0, 5)
    check(body_size <= n, 6)
    body = reader.take(body_size, 7)
    if mode == RAW:
        check(body_size == n, 9)
        return body
    if mode == CONSTANT:
        check(body_size == 1, 10)
        return body * n
    if mode == HUFFMAN:
        return read_huffman(Reader(body), n)
    check(not inner, 20)
    return read_runs(Reader(body), n)


def read_huffman(reader: Reader, n: int) -> bytes:
    """huffman.md#code-lengths: "A huffman body begins with the code length of each symbol"."""
    root = Node(make_leaves(read_lengths(reader)), 0)
    plain = read_node(reader, root, n)
    check(not reader.left, 17)
    return plain


# ---- Code lengths ----


class Nibbles:
    """huffman.md#code-lengths: "nibbles, the low one of each byte first"."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.high: int | None = None

    def next(self) -> int:
        """Return the next nibble."""
        if self.high is None:
            byte = self.reader.take(1, 11)[0]
            self.high = byte >> 4
            return byte & 15
        nibble, self.high = self.high, None
        return nibble


def read_lengths(reader: Reader) -> dict[int, int]:
    """huffman.md#code-lengths: "The nibbles end as soon as the sum of 2^-length over all codes"."""
    symbol, lengths, total = reader.take(1, 11)[0], dict[int, int](), Fraction(0)
    nibbles = Nibbles(reader)
    while total < 1:
        length = nibbles.next()
        if length == 0:
            symbol += nibbles.next() + 1
        check(symbol <= 255, 12)
        if length:
            lengths[symbol] = length
            total += Fraction(1, 1 << length)
            symbol += 1
    check(total == 1, 13)
    check(not nibbles.high, 14)
    return lengths


# ---- Tree ----


class Leaf(NamedTuple):
    """A symbol, its depth, and its code as a fraction of 1."""

    symbol: int
    depth: int
    code: Fraction


def make_leaves(lengths: dict[int, int]) -> list[Leaf]:
    """huffman.md#tree: "Order the bundles by the depth of their root, ascending"."""
    bundles = [bundle for length in range(15, 0, -1) for bundle in cut_bundles(lengths, length)]
    bundles.sort(key=lambda bundle: bundle[0])  # stable: within one depth by length, descending
    leaves, code = [], Fraction(0)
    for _, symbols in bundles:
        for symbol in symbols:
            leaves.append(Leaf(symbol, lengths[symbol], code))
            code += Fraction(1, 1 << lengths[symbol])
    return leaves


def cut_bundles(lengths: dict[int, int], length: int) -> list[tuple[int, list[int]]]:
    """huffman.md#tree: "as many of 16 as fit, then 8, 4, 2 and 1"."""
    symbols = sorted(symbol for symbol in lengths if lengths[symbol] == length)
    bundles = []
    for k in (4, 3, 2, 1, 0):
        while len(symbols) >= 1 << k and k <= length:
            bundles.append((length - k, symbols[: 1 << k]))
            symbols = symbols[1 << k :]
    return bundles


class Node(NamedTuple):
    """The leaves whose codes share their first ``depth`` bits."""

    leaves: list[Leaf]
    depth: int

    def digit_width(self) -> int:
        """huffman.md#tree: "4, 8 or 16 leaves, each 2, 3 or 4 levels below it"; else 0."""
        width = {4: 2, 8: 3, 16: 4}.get(len(self.leaves), 0)
        return width if all(leaf.depth == self.depth + width for leaf in self.leaves) else 0

    def is_quad(self) -> bool:
        """huffman.md#tree: "the first three lie 2 levels below it and the fourth lies deeper"."""
        level = self.depth + 2
        depths = [leaf.depth for leaf in self.leaves]
        return len(depths) > 4 and depths[:3] == [level] * 3 and depths[3] > level

    def rest(self) -> "Node":
        """Return the node below a quad."""
        return Node(self.leaves[3:], self.depth + 2)

    def sides(self) -> tuple["Node", "Node"]:
        """Return the left and the right node of a pair."""
        bits = [leaf.code * (2 << self.depth) // 1 % 2 for leaf in self.leaves]
        middle = bits.index(1)
        return Node(self.leaves[:middle], self.depth + 1), Node(
            self.leaves[middle:], self.depth + 1
        )


# ---- Payload ----


def row_size(n: int, width: int) -> int:
    """Return the bytes of n digits of ``width`` bits."""
    return -(-n * width // 8)


def read_rows(reader: Reader, n: int, *widths: int) -> list[list[int]]:
    """huffman.md#payload: "bits behind the last symbol of each bitmap, and of each row of"."""
    sizes = [row_size(n, width) for width in widths]
    rows = Reader(reader.take(sum(sizes), 15))
    return [
        split_row(rows.take(size, 15), n, width) for size, width in zip(sizes, widths, strict=True)
    ]


def split_row(row: bytes, n: int, width: int) -> list[int]:
    """Return the n digits of a row."""
    digits = [byte >> shift & (1 << width) - 1 for byte in row for shift in range(0, 8, width)]
    check(not any(digits[n:]), 16)
    return digits[:n]


def read_node(reader: Reader, node: Node, n: int) -> bytes:
    """huffman.md#payload: "To decode a node, decode its children's sequences"."""
    symbols = [leaf.symbol for leaf in node.leaves]
    if len(symbols) == 1:
        return bytes(symbols) * n
    if width := node.digit_width():
        rows = read_rows(reader, n, 2, 1) if width == 3 else read_rows(reader, n, width)
        return bytes(symbols[low + 4 * sum(high)] for low, *high in zip(*rows, strict=True))
    if node.is_quad():
        high, low = read_rows(reader, n, 1, 1)
        digits = [2 * h + b for h, b in zip(high, low, strict=True)]
        rest = iter(read_node(reader, node.rest(), digits.count(3)))
        return bytes(symbols[digit] if digit < 3 else next(rest) for digit in digits)
    (bitmap,) = read_rows(reader, n, 1)
    counts = n - sum(bitmap), sum(bitmap)
    sides = [iter(read_node(reader, *side)) for side in zip(node.sides(), counts, strict=True)]
    return bytes(next(sides[bit]) for bit in bitmap)


# ---- Runs ----


def read_runs(reader: Reader, n: int) -> bytes:
    """huffman.md#runs: "After the last gap, v fills what is left of the chunk"."""
    head = reader.take(4, 18)
    gap_count = int.from_bytes(head[1:], "little")
    check(gap_count <= n, 19)
    gaps = read_chunk(reader, gap_count, inner=True)
    exceptions = iter(read_chunk(reader, sum(gap < LONG_GAP for gap in gaps), inner=True))
    check(not reader.left, 22)
    return fill_runs(head[0], gaps, list(exceptions), n)


def fill_runs(v: int, gaps: bytes, exceptions: list[int], n: int) -> bytes:
    """huffman.md#runs: "a gap g below 240 stands for g times v and then one exception"."""
    plain = bytearray()
    left = iter(exceptions)
    for gap in gaps:
        if gap >= LONG_GAP:
            plain += bytes([v]) * (LONG_GAP << gap - LONG_GAP)
        else:
            plain += bytes([v]) * gap
            exception = next(left)
            if plain and plain[-1] == exception:
                v = exception
            plain.append(exception)
        check(len(plain) <= n, 21)
    return bytes(plain) + bytes([v]) * (n - len(plain))
