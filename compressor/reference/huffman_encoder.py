"""docs/format/huffman.md, the section Encoding: the choices of this release."""

from collections import Counter
from itertools import pairwise

from compressor.reference.huffman import (
    CONSTANT,
    HUFFMAN,
    LONG_GAP,
    RAW,
    RUNS,
    Node,
    chunk_sizes,
    make_leaves,
    row_size,
)

CHUNK_LOG = 17
SAMPLED_FROM = 32768  # plain bytes


def encode(plain: bytes) -> bytes:
    """huffman.md#encoding: "chunk_log is 17"."""
    packed, at = bytes([CHUNK_LOG]), 0
    for size in chunk_sizes(len(plain), CHUNK_LOG):
        packed += write_chunk(plain[at : at + size])
        at += size
    return packed


def write_chunk(plain: bytes) -> bytes:
    """huffman.md#encoding: "The smallest body of raw, huffman and runs is taken"."""
    mode, body = cheap_body(plain)
    if mode == CONSTANT or len(plain) < 64:
        return with_head(mode, body)
    if len(plain) >= SAMPLED_FROM and is_noise(sample(plain, 4096)[0]):
        return with_head(mode, body)
    counts, changes = sample(plain, 1024)
    if len(plain) >= SAMPLED_FROM and hardly_shrinks(counts, changes):
        return with_head(mode, body)
    candidates = [(mode, body), (HUFFMAN, huffman_body(plain))]
    if 4 * changes < counts.total() and (runs := runs_body(plain)):
        candidates.append((RUNS, runs))
    return with_head(*min(candidates, key=lambda candidate: len(candidate[1])))


def with_head(mode: int, body: bytes) -> bytes:
    """huffman.md#chunk: "bits 0-1: mode; bits 2-20: body_size; bits 21-23: zero"."""
    return (mode | len(body) << 2).to_bytes(3, "little") + body


def cheap_body(plain: bytes) -> tuple[int, bytes]:
    """huffman.md#encoding: "A chunk whose bytes are all equal is constant"."""
    return (CONSTANT, plain[:1]) if len(set(plain)) == 1 else (RAW, plain)


def inner_chunk(plain: bytes) -> bytes:
    """huffman.md#encoding: "Inner chunks are constant or raw as in 1, or else huffman when"."""
    mode, body = cheap_body(plain)
    if mode == CONSTANT or len(plain) < 64:
        return with_head(mode, body)
    return with_head(*min((mode, body), (HUFFMAN, huffman_body(plain)), key=lambda c: len(c[1])))


def hardly_shrinks(counts: Counter[int], changes: int) -> bool:
    """huffman.md#encoding: "it is raw, too, when 16 P >= 127 N"."""
    size = counts.total()
    if is_noise(counts):
        return True
    if 4 * changes < size:
        return False
    lengths = make_lengths(counts)
    return 16 * sum(counts[symbol] * lengths[symbol] for symbol in lengths) >= 127 * size


def is_noise(counts: Counter[int]) -> bool:
    """huffman.md#encoding: "raw when 8192 S < 33 N^2 + 8192 N"."""
    size, squares = counts.total(), sum(count**2 for count in counts.values())
    return 8192 * squares < 33 * size**2 + 8192 * size


def sample(plain: bytes, gap: int) -> tuple[Counter[int], int]:
    """huffman.md#encoding: "of each whole kilobyte k, the 64 bytes at 64 * (5k % 16)"."""
    starts = list(range(0, len(plain) // 64 * 64, 64))
    if len(plain) >= SAMPLED_FROM:
        starts = [gap * k + 64 * (5 * k % 16) for k in range(len(plain) // gap)]
    rows = [plain[start : start + 64] for start in starts]
    changes = sum(a != b for row in rows for a, b in pairwise(row))
    return Counter(b"".join(rows)), changes


# ---- Huffman ----


def huffman_body(plain: bytes) -> bytes:
    """Return code lengths and payload of at least two symbols."""
    lengths = make_lengths(Counter(plain))
    return write_lengths(lengths) + write_node(Node(make_leaves(lengths), 0), plain)


def make_lengths(counts: Counter[int]) -> dict[int, int]:
    """huffman.md#encoding: "join the two lightest again and again"."""
    symbols = sorted(counts, key=lambda symbol: (counts[symbol], symbol))
    leaves = [(counts[symbol], {symbol: 0}) for symbol in symbols]
    joined: list[tuple[int, dict[int, int]]] = []
    while len(leaves) + len(joined) > 1:
        lightest = []
        for _ in range(2):
            from_leaves = leaves and (not joined or leaves[0][0] <= joined[0][0])
            lightest.append((leaves if from_leaves else joined).pop(0))
        depths = {s: depth + 1 for _, below in lightest for s, depth in below.items()}
        joined.append((sum(weight for weight, _ in lightest), depths))
    in_order = limit_lengths(list(joined[0][1].values()))
    return dict(zip(reversed(symbols), in_order, strict=True))


def limit_lengths(depths: list[int]) -> list[int]:
    """huffman.md#encoding: "take one from b[d] and one from b[15], give two to b[d + 1]"."""
    b = Counter(min(depth, 15) for depth in depths)
    while sum(b[length] << 15 - length for length in b) > 1 << 15:
        d = max(length for length in range(1, 15) if b[length])
        b[d] -= 1
        b[15] -= 1
        b[d + 1] += 2
    return sorted(b.elements())


def write_lengths(lengths: dict[int, int]) -> bytes:
    """huffman.md#encoding: "is written in runs of 16 and a last shorter one"."""
    nibbles, expected = [], min(lengths)
    for symbol in sorted(lengths):
        gap = symbol - expected
        nibbles += [0, 15] * (gap // 16) + [0, gap % 16 - 1] * (gap % 16 > 0)
        nibbles.append(lengths[symbol])
        expected = symbol + 1
    return bytes([min(lengths)]) + pack_row(nibbles, 4)


def pack_row(digits: list[int], width: int) -> bytes:
    """huffman.md#payload: "which of the 16 leaves"."""
    row = bytearray(row_size(len(digits), width))
    for i, digit in enumerate(digits):
        row[i * width // 8] |= digit << i * width % 8
    return bytes(row)


def write_node(node: Node, plain: bytes) -> bytes:
    """huffman.md#payload: "The payload holds the nodes in preorder, beginning with the root"."""
    place = {leaf.symbol: i for i, leaf in enumerate(node.leaves)}
    if len(place) == 1:
        return b""
    digits = [place[symbol] for symbol in plain]
    if width := node.digit_width():
        if width == 3:
            return pack_row([d % 4 for d in digits], 2) + pack_row([d // 4 for d in digits], 1)
        return pack_row(digits, width)
    if node.is_quad():
        rows = [pack_row([min(d, 3) >> shift & 1 for d in digits], 1) for shift in (1, 0)]
        rest = bytes(s for s, d in zip(plain, digits, strict=True) if d >= 3)
        return b"".join(rows) + write_node(node.rest(), rest)
    sides = node.sides()
    bits = [d >= len(sides[0].leaves) for d in digits]
    parts = [bytes(s for s, b in zip(plain, bits, strict=True) if b == side) for side in (0, 1)]
    below = b"".join(write_node(*side) for side in zip(sides, parts, strict=True))
    return pack_row([int(bit) for bit in bits], 1) + below


# ---- Runs ----


def runs_body(plain: bytes) -> bytes | None:
    """huffman.md#encoding: "the attempt ends when there are more than n / 4 gaps"; None then."""
    gaps, exceptions = find_runs(plain)
    if len(gaps) > len(plain) // 4:
        return None
    head = plain[:1] + len(gaps).to_bytes(3, "little")
    return head + inner_chunk(bytes(gaps)) + inner_chunk(bytes(exceptions))


def find_runs(plain: bytes) -> tuple[list[int], list[int]]:
    """huffman.md#encoding: "gaps are the largest that fit, v begins as the first plain byte"."""
    gaps: list[int] = []
    exceptions: list[int] = []
    v, waiting = plain[0], 0
    for i, symbol in enumerate(plain):
        if symbol == v:
            waiting += 1
            continue
        gaps += long_gaps(waiting)
        gaps.append(waiting - sum(LONG_GAP << gap - LONG_GAP for gap in long_gaps(waiting)))
        exceptions.append(symbol)
        waiting = 0
        if i > 0 and plain[i - 1] == symbol:
            v = symbol
    return gaps, exceptions


def long_gaps(size: int) -> list[int]:
    """Return the gaps of 240 and more that ``size`` times v begin with."""
    gaps = []
    for log in range(15, -1, -1):
        count, size = divmod(size, LONG_GAP << log)
        gaps += [LONG_GAP + log] * count
    return gaps
