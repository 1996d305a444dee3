"""docs/format/densedelta.md, section by section: the decoder."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from compressor.errors import DamagedError
from compressor.reference.dense import Codes
from compressor.reference.dense_shapes import TYPES
from compressor.reference.floatdelta import Reader, elements, exponent_of
from compressor.reference.floatdelta import ordered as ordered_float
from compressor.reference.floatdelta import unordered as unordered_float

WEIGHTS = (16, 19, 23, 27)
QUARTERS = (65536, 77936, 92682, 110218)


class Shape(NamedTuple):
    """What a block is of."""

    dtype: str
    rows: int
    columns: int
    total: int


class Head(NamedTuple):
    """The fields before the tail."""

    columns: int
    signs: int
    contexts: int
    symbols: int
    factors: int
    lowest: int
    origin: int


# Block


def decode(packed: bytes, plain_size: int, base: bytes, dtype: str, columns: int) -> bytes:
    """densedelta.md#block."""
    width, _, _ = TYPES[dtype]
    count = plain_size // width
    shape = Shape(dtype, -(-count // columns), min(count, columns), count)
    head = read_head(packed, width)
    reader = Reader(packed[8:])
    tail = reader.take(plain_size % width)
    scales = read_scales(reader, head, shape)
    moved = elements(base, width)
    if head.factors:
        moved = list(move(moved, read_ways(reader, head, shape), scales, head.origin, dtype))
    tables = read_tables(reader, head)
    places = contexts(moved, scales, head, dtype)
    found = read_elements(Codes(reader.left), list(zip(moved, places, strict=True)), tables, dtype)
    return b"".join(element.to_bytes(width, "little") for element in found) + tail


def read_head(packed: bytes, width: int) -> Head:
    """densedelta.md#block: "no other bit of flags is set"."""
    if len(packed) < 8:
        raise DamagedError("DD-001: the first 8 bytes are there")
    flags, context, symbol, factors = packed[:4]
    if flags > 3:
        raise DamagedError("DD-002: no other bit of flags is set")
    if context > 47 or symbol >= 4 * (8 * width - 1) or factors > 32:
        raise DamagedError("DD-003: contexts, symbols and factors are in range")
    lowest, origin = (int.from_bytes(packed[at : at + 2], "little", signed=True) for at in (4, 6))
    return Head(flags & 1, flags >> 1, context + 1, symbol + 1, factors, lowest, origin)


# Scales


def read_scales(reader: Reader, head: Head, shape: Shape) -> list[int]:
    """densedelta.md#scales: "its row's byte + its column's byte - 128"."""
    by_row = reader.part(shape.rows)
    by_column = reader.part(shape.columns) if head.columns else bytes([128]) * shape.columns
    places = (divmod(i, shape.columns) for i in range(shape.total))
    return [by_row[row] + by_column[column] - 128 for row, column in places]


def exponent_from_1(element: int, dtype: str) -> int:
    """densedelta.md#scales: "An exponent of 0 counts as 1"."""
    return 1 if dtype == "int8" else max(exponent_of(element, dtype), 1)


# Types


def magnitude_of(element: int, dtype: str) -> int:
    """densedelta.md#options: an int8 "has no exponent"."""
    width, _, _ = TYPES[dtype]
    sign = 1 << 8 * width - 1
    return 2 * sign - element if dtype == "int8" and element & sign else element % sign


def largest_of(dtype: str) -> int:
    """densedelta.md#options: "The largest magnitude that is a number"."""
    _, mantissa_bits, _ = TYPES[dtype]
    known = {"int8": 128, "fp8_e4m3": 126}
    return known.get(dtype) or (exponent_of(-1, dtype) << mantissa_bits) - 1


def ordered(element: int, dtype: str) -> int:
    """densedelta.md#symbols: "put in order"."""
    return element ^ 128 if dtype == "int8" else ordered_float(element, TYPES[dtype][0])


def unordered(number: int, dtype: str) -> int:
    """densedelta.md#codes: "put out of order again"."""
    return number ^ 128 if dtype == "int8" else unordered_float(number, TYPES[dtype][0])


# Factors


def read_ways(reader: Reader, head: Head, shape: Shape) -> list[int]:
    """densedelta.md#factors: "the sum over all factors"."""
    left = reader.part(head.factors * shape.rows)
    right = reader.part(head.factors * shape.columns)
    rows = [left[row :: shape.rows] for row in range(shape.rows)]
    columns = [right[column :: shape.columns] for column in range(shape.columns)]
    places = (divmod(i, shape.columns) for i in range(shape.total))
    return [
        sum((u - 128) * (v - 128) for u, v in zip(rows[row], columns[column], strict=True))
        for row, column in places
    ]


def move(
    base: Sequence[int], ways: Sequence[int], scales: Sequence[int], origin: int, dtype: str
) -> Iterator[int]:
    """densedelta.md#factors: "the base is moved by it"."""
    for element, way, scale in zip(base, ways, scales, strict=True):
        yield moved_to(element, way, scale + origin, dtype)


def moved_to(element: int, way: int, s: int, dtype: str) -> int:
    """densedelta.md#factors: "An element of the base whose way is 0"."""
    width, mantissa_bits, _ = TYPES[dtype]
    if not way or magnitude_of(element, dtype) > largest_of(dtype):
        return element
    sign = element >> 8 * width - 1
    e = exponent_from_1(element, dtype)
    m = magnitude_of(element, dtype) - ((e - 1) << mantissa_bits)
    u = s // 4 - 22 - e
    c = max(u + 7, 0)
    h = u + 32 - c
    f = abs(way) * QUARTERS[s % 4]
    f = f << h if h >= 0 else f >> -h
    v = (-1 if sign else 1) * (m << 32 >> c) + (-f if way < 0 else f)
    found = rounded(abs(v), e - 32 + c, dtype)
    if dtype == "int8":
        return -found % 256 if v < 0 else min(found, 127)
    return (v < 0) << 8 * width - 1 | found


def rounded(size: int, unit: int, dtype: str) -> int:
    """densedelta.md#factors: "rounded to nearest, halves up"."""
    mantissa_bits, most = TYPES[dtype][1] or 7, largest_of(dtype)
    if not size:
        return 0
    x = max(unit + size.bit_length() - 1 - mantissa_bits, 1)
    down = x - unit
    if x > 255:
        return most
    found = size << -down if down < 1 else (size + (1 << down - 1)) >> down if down < 63 else 0
    return min(found + ((x - 1) << mantissa_bits), most)


# Contexts


def contexts(moved: Sequence[int], scales: Sequence[int], head: Head, dtype: str) -> list[int]:
    """densedelta.md#contexts: "at least 0 and at most the last"."""
    found = []
    for element, scale in zip(moved, scales, strict=True):
        k = (head.lowest + scale - 4 * exponent_from_1(element, dtype)) // 2
        found.append(min(max(k, 0), head.contexts - 1))
    return found


# Symbols


def first_step(symbol: int) -> int:
    """densedelta.md#symbols: "A symbol stands for a range of steps"."""
    return symbol if symbol < 4 else 4 + symbol % 4 << symbol // 4 - 1


def open_bits(symbol: int) -> int:
    """densedelta.md#symbols: "The step is the first one plus the open bits"."""
    return 0 if symbol < 4 else symbol // 4 - 1


# Tables


class Tables(NamedTuple):
    """Where codes start, by context; of a symbol's two codes, if signs are coded, the second falls."""

    signs: int
    starts: list[list[int]]


def read_tables(reader: Reader, head: Head) -> Tables:
    """densedelta.md#tables: "They are made context by context"."""
    level_steps = reader.part(head.contexts * head.symbols)
    leaning_steps = reader.part(head.contexts * (head.symbols - 1)) if head.signs else b""
    levels, leanings = bytes(head.symbols), bytes([8]) * (head.symbols - 1)
    found = []
    for context in range(head.contexts):
        levels = stepped(levels, level_steps[context * head.symbols :])
        if max(levels) > 63:
            raise DamagedError("DD-004: a level is at most 63")
        if not any(levels):
            raise DamagedError("DD-005: in each context a symbol has a level that is not 0")
        starts = starts_of(levels, 1 + head.signs)
        if head.signs:
            leanings = stepped(leanings, leaning_steps[context * (head.symbols - 1) :])
            if not all(1 <= leaning <= 15 for leaning in leanings):
                raise DamagedError("DD-006: a leaning is from 1 to 15")
            starts = shared(starts, leanings)
        found.append(starts)
    return Tables(head.signs, found)


def stepped(before: bytes, steps: bytes) -> bytes:
    """densedelta.md#tables: "plus its step"."""
    return bytes((old + step) % 256 for old, step in zip(before, steps, strict=False))


def weight(level: int) -> int:
    """densedelta.md#tables: "Its weight is 0 where the level is"."""
    return WEIGHTS[(level - 1) % 4] << (level - 1) // 4 if level else 0


def starts_of(levels: bytes, r: int) -> list[int]:
    """densedelta.md#tables: "a symbol has the codes from start(s)"."""
    weights = [weight(level) for level in levels]
    n, w = sum(map(bool, weights)), sum(weights)
    starts = [
        r * sum(map(bool, weights[:s])) + sum(weights[:s]) * (4096 - r * n) // w
        for s in range(len(weights))
    ]
    return [*starts, 4096]


def shared(starts: list[int], leanings: bytes) -> list[int]:
    """densedelta.md#tables: "a symbol but 0 shares its codes between two"."""
    found = [0, starts[1]]
    for start, end, k in zip(starts[1:-1], starts[2:], leanings, strict=True):
        n = end - start
        found += [start, start + (1 + (n - 2) * (16 - k) // 16 if n else 0)]
    return [*found, 4096]


# Codes


def read_elements(
    codes: Codes, places: Sequence[tuple[int, int]], tables: Tables, dtype: str
) -> Iterator[int]:
    """densedelta.md#codes: "For each element, in order"."""
    width, _, _ = TYPES[dtype]
    for i, (base, context) in enumerate(places):
        code = codes.take(i % 8, tables.starts[context])
        symbol, falls = divmod(code, 2) if tables.signs else (code, 0)
        step = first_step(symbol) + codes.read(open_bits(symbol))
        if symbol and not tables.signs:
            falls = codes.read(1)
        negative = falls ^ base >> 8 * width - 1
        number = ordered(base, dtype) + (-step if negative else step)
        yield unordered(number % (1 << 8 * width), dtype)
    codes.end()
