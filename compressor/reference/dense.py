"""docs/format/dense.md, section by section: the decoder."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from compressor.errors import DamagedError
from compressor.reference.dense_bytes import ByteTable, byte_table
from compressor.reference.dense_shapes import LOWER, TYPES, first_eighth, group_of, starts
from compressor.reference.floatdelta import Reader, elements

UNLEANED = (128,) * 10


class Sides(NamedTuple):
    """What is known of rows and columns."""

    rows: Sequence[int]
    scales: Sequence[int]
    kinds: Sequence[int]
    leanings: Sequence[int] | None
    shorts: Sequence[int]
    signed: bool = False
    """A zero has a sign."""


class Tables(NamedTuple):
    """Where codes start, by class and fraction; odds by strength and group; endings by level."""

    starts: list[list[list[int]]]
    odds: list[Sequence[int]]
    first: int
    endings: list[list[int]]


# Block


def decode(packed: bytes, plain_size: int, dtype: str, columns: int) -> bytes:
    """dense.md#block."""
    width, lower = TYPES[dtype][0], LOWER.get(dtype, 0)
    count = plain_size // (width + lower)
    if len(packed) < 4:
        raise DamagedError("DN-001: the first 4 bytes are there")
    flags, last = packed[0], packed[1]
    base = int.from_bytes(packed[2:4], "little", signed=True)
    if flags > 15 or last > 7 or (not flags & 1 and (flags & 2 or last)):
        raise DamagedError("DN-002: no other bit of flags is set")
    if not -16384 <= base <= 16384:
        raise DamagedError("DN-003: base is from -16384 to 16384")
    if flags & 4 and dtype != "fp32":
        raise DamagedError("DN-004: only a block of fp32 has endings")
    if width == 1 and (flags & 8 or last):
        raise DamagedError("DN-015: bytes have one class, and no bit 3 of flags")
    reader = Reader(packed[4:])
    tail = reader.take(plain_size % (width + lower))
    rows = -(-count // columns)
    sides = read_sides(reader, flags, last, rows, min(count, columns))
    if width == 1:
        return decode_bytes(reader, sides, flags, base, (dtype, columns, count))
    sides = sides._replace(rows=[base + scale for scale in sides.rows], signed=bool(flags & 8))
    lows = [reader.part(count) for _ in range(lower)]
    tables = read_tables(reader, flags, last)
    found = list(read_elements(Codes(reader.left), sides, tables, (dtype, columns, count)))
    return b"".join(join(lows, i, element, width) for i, element in enumerate(found)) + tail


def join(lows: Sequence[bytes], i: int, element: int, width: int) -> bytes:
    """dense.md#types: "the lower half"."""
    return bytes(low[i] for low in lows) + element.to_bytes(width, "little")


def read_sides(reader: Reader, flags: int, last: int, rows: int, columns: int) -> Sides:
    """dense.md#block: "a class is below the number of classes"."""
    by_row = reader.part(rows)
    scales = reader.part(columns) if flags & 1 else bytes([128]) * columns
    kinds = reader.part(columns) if last else bytes(columns)
    leanings = reader.part(columns) if flags & 2 else None
    shorts = reader.part(rows) if flags & 4 else bytes(rows)
    for known, most in ((kinds, last), (leanings or b"", 15), (shorts, 1)):
        if any(byte > most for byte in known):
            raise DamagedError("DN-005: a class is below the number of classes")
    return Sides(by_row, [scale - 128 for scale in scales], kinds, leanings, shorts)


# Tables


def read_number(reader: Reader) -> int:
    """dense.md#tables: "one byte below 128, and else two"."""
    number = reader.take(1)[0]
    if number > 127:
        number = (number - 128) * 256 + reader.take(1)[0]
        if not 128 <= number <= 4096:
            raise DamagedError("DN-006: a number of two bytes is from 128 to 4096")
    return number


def read_tables(reader: Reader, flags: int, last: int) -> Tables:
    """dense.md#tables, dense.md#leanings, dense.md#endings."""
    shapes = [[read_number(reader) for _ in range(52)] for _ in range(last + 1)]
    if any(sum(shape) != 4096 or not shape[0] for shape in shapes):
        raise DamagedError("DN-007: the numbers of a shape add up to 4096")
    odds = read_odds(reader, flags)
    first, endings = read_endings(reader) if flags & 4 else (0, [])
    return Tables([[starts(shape, k) for k in range(8)] for shape in shapes], odds, first, endings)


def read_odds(reader: Reader, flags: int) -> list[Sequence[int]]:
    """dense.md#block: "for each strength from 1 to 7"."""
    odds = [UNLEANED, *(reader.take(10) for _ in range(7 if flags & 2 else 0))]
    if not all(map(all, odds)):
        raise DamagedError("DN-008: no odds are 0")
    return odds


# Codes


class Codes:
    """States, and what is left of words and bits."""

    def __init__(self, packed: bytes) -> None:
        if len(packed) < 36 or len(packed) < 36 + 2 * int.from_bytes(packed[:4], "little"):
            raise DamagedError("DN-011: words and bits are there, and the states")
        end = 36 + 2 * int.from_bytes(packed[:4], "little")
        self.states = elements(packed[4:36], 4)
        self.words = iter(elements(packed[36:end], 2))
        self.bits, self.at = packed[end:], 0

    def take(self, number: int, table: list[int]) -> int:
        """dense.md#codes: "To take a number from a table with a state x"."""
        x = self.states[number]
        code = x % 4096
        v = bisect_right(table, code) - 1
        x = (table[v + 1] - table[v]) * (x // 4096) + code - table[v]
        if x < 65536:
            word = next(self.words, None)
            if word is None:
                raise DamagedError("DN-011: words and bits are there for all elements")
            x = 65536 * x + word
        self.states[number] = x
        return v

    def read(self, count: int) -> int:
        """dense.md#codes: "from the lowest bit of each byte on"."""
        begin, skipped = divmod(self.at, 8)
        self.at += count
        if self.at > 8 * len(self.bits):
            raise DamagedError("DN-011: words and bits are there for all elements")
        some = int.from_bytes(self.bits[begin : begin + 9], "little")
        return (some >> skipped) % (1 << count)

    def end(self) -> None:
        """dense.md#codes: "at the end each state is 65536"."""
        if any(state != 65536 for state in self.states):
            raise DamagedError("DN-012: at the end each state is 65536")
        rest = 8 * len(self.bits) - self.at
        if next(self.words, None) is not None or rest > 7 or self.read(rest):
            raise DamagedError("DN-013: no word is left over")


def read_elements(
    codes: Codes, sides: Sides, tables: Tables, layout: tuple[str, int, int]
) -> Iterator[int]:
    """dense.md#codes: "Elements are read in order"."""
    dtype, columns, count = layout
    width, mantissa_bits, bias = TYPES[dtype]
    for i in range(count):
        row, column = divmod(i, columns)
        scale = sides.rows[row] + sides.scales[column]
        symbol = codes.take(i % 8, tables.starts[sides.kinds[column]][scale % 8])
        sign, ending, open_bits = None, None, open_of(symbol, width, mantissa_bits)
        eighths = first_eighth(symbol) + 8 * (scale // 8 + bias) if symbol > 1 else 0
        if sides.leanings is not None and symbol > 1:
            sign = read_sign(codes, i % 8, sides.leanings[column], tables.odds, group_of(symbol))
        if sides.shorts[row] and symbol > 1:
            level = min(max(eighths // 8 - tables.first, 0), len(tables.endings) - 1)
            ending = codes.take(i % 8, tables.endings[level])
        low = codes.read(open_bits) if ending is None else read_short(codes, open_bits, ending)
        magnitude = (eighths << mantissa_bits - 3) + low
        if sign is None:
            sign = codes.read(1) if symbol != 1 or sides.signed else 0
        if not 0 <= magnitude < 1 << 8 * width - 1:
            raise DamagedError("DN-014: a magnitude fits its bits")
        yield magnitude + (sign << 8 * width - 1)
    codes.end()


def open_of(symbol: int, width: int, mantissa_bits: int) -> int:
    """dense.md#symbols: "open bits"."""
    if symbol < 2:
        return 0 if symbol else 8 * width - 1
    return mantissa_bits - (0 if symbol < 12 else 3 if symbol < 44 else 1)


# Leanings


def read_sign(
    codes: Codes, number: int, leaning: int, odds: list[Sequence[int]], group: int
) -> int:
    """dense.md#leanings: "the likely sign has the codes from 0 up to 16 o"."""
    unlikely = codes.take(number, [0, 16 * odds[leaning % 8][group], 4096])
    return unlikely ^ leaning // 8


# Endings


def read_endings(reader: Reader) -> tuple[int, list[list[int]]]:
    """dense.md#endings."""
    first, last = reader.take(2)
    if last > 31:
        raise DamagedError("DN-009: levels is at most 31")
    tables = [[read_number(reader) for _ in range(21)] for _ in range(last + 1)]
    if any(sum(table) not in (0, 4096) for table in tables):
        raise DamagedError("DN-010: the numbers of a table add up to 4096, or to 0")
    found = []
    for table in tables:
        sums = [sum(table[:at]) for at in range(21)]
        found.append([*(sums if any(table) else [0] * 21), 4096])
    return first, found


def read_short(codes: Codes, open_bits: int, ending: int) -> int:
    """dense.md#endings: "Only the open bits above those are read"."""
    if ending == 20:
        return codes.read(open_bits - 20) << 20
    return (codes.read(open_bits - ending - 1) << ending + 1) + (1 << ending)


# Bytes


def decode_bytes(
    reader: Reader, sides: Sides, flags: int, base: int, layout: tuple[str, int, int]
) -> bytes:
    """dense.md#bytes: "An element is a value and a sign"."""
    dtype, columns, count = layout
    shape = [read_number(reader) for _ in range(52)]
    top = (reader.take(1)[0], read_number(reader))
    if sum(shape) + top[1] != 4096 or not shape[0]:
        raise DamagedError("DN-007: the numbers of a shape add up to 4096")
    if top[0] > 128:
        raise DamagedError("DN-016: the value on top is at most 128")
    odds = read_odds(reader, flags)
    tables: dict[int, ByteTable] = {}
    codes, found = Codes(reader.left), bytearray()
    for i in range(count):
        row, column = divmod(i, columns)
        k = min(max(sides.rows[row] + sides.scales[column], 0), 63)
        if k not in tables:
            leans = sides.leanings is not None
            tables[k] = byte_table(shape, top, dtype, base + k, leans=leans)
        leaning = None if sides.leanings is None else sides.leanings[column]
        found.append(read_byte(codes, i % 8, tables[k], dtype, (leaning, odds)))
    codes.end()
    return bytes(found)


def read_byte(
    codes: Codes,
    number: int,
    table: ByteTable,
    dtype: str,
    leans: tuple[int | None, list[Sequence[int]]],
) -> int:
    """dense.md#bytes: one element."""
    symbol = table.symbols[codes.take(number, table.starts)]
    leaning, odds = leans
    sign = symbol.sign
    if sign is None:
        sign = read_sign(codes, number, leaning or 0, odds, symbol.group or 0)
    value = symbol.first + codes.read(symbol.open_bits)
    if dtype == "int8" and not symbol.escape:
        return (-value if sign else value) % 256
    return value % 128 + 128 * sign
