"""docs/format/dense.md, "Bytes": the tables that a shape stands for under each scale."""

import itertools
from typing import NamedTuple

from compressor.reference.dense_shapes import SHRUNK, TYPES, below


class ByteSymbol(NamedTuple):
    """What a range of codes stands for."""

    first: int
    open_bits: int
    group: int | None
    sign: int | None
    """None: it is coded behind."""
    escape: bool = False


class ByteTable(NamedTuple):
    """Where codes start, and what they stand for."""

    starts: list[int]
    symbols: list[ByteSymbol]


def silent_of(dtype: str) -> int:
    """dense.md#bytes: the value that "has no sign"."""
    return 0 if dtype == "int8" else 128


def twice(value: int, dtype: str) -> int:
    """dense.md#bytes: what a value stands for, in halves of 2^(1 - bias - mantissa bits)."""
    _, mantissa_bits, _ = TYPES[dtype]
    exponent, fraction = divmod(value, 1 << mantissa_bits)
    if dtype == "int8" or not exponent:
        return 2 * value
    return 2 * (fraction + (1 << mantissa_bits)) << exponent - 1


def place(value: int, dtype: str, scale: int) -> tuple[int, int]:
    """dense.md#bytes: "halfway between what it and the one below it stand for"."""
    _, mantissa_bits, bias = TYPES[dtype]
    bound = (twice(value - 1, dtype) + twice(value, dtype)) // 2
    unit = 0 if dtype == "int8" else 1 - bias - mantissa_bits
    octave = bound.bit_length() - 2 + unit - scale // 8
    y = (bound << 8 >> bound.bit_length()) * SHRUNK[scale % 8]
    if y < 128 * 65536:
        octave, y = octave - 1, 2 * y
    return 8 * octave + 96 + y // 1048576 - 8, y // 16 % 65536


def shares_below(sums: list[int], cell: int, rest: int) -> int:
    """dense.md#bytes: the shares "below a bound"."""
    if cell < 0:
        return 0
    return sums[-1] if cell > 143 else sums[cell] + (sums[cell + 1] - sums[cell]) * rest // 65536


def weights(shape: list[int], top: tuple[int, int], dtype: str, scale: int) -> list[int]:
    """dense.md#bytes: the weights of values, and zeros behind them."""
    sums, last = below(shape), 128 if dtype == "int8" else 127
    bounds = [shares_below(sums, *place(value, dtype, scale)) for value in range(1, last + 1)]
    ends = [0, *bounds, sums[-1]]
    found = [high - low for low, high in itertools.pairwise(ends)] + [0] * 10
    found[silent_of(dtype)] += 8 * shape[1]
    found[top[0]] += 8 * top[1]
    return found


def open_of_value(found: list[int], value: int, alone: set[int]) -> int | None:
    """dense.md#bytes: "the fewest open bits"."""
    for open_bits in range(4):
        values = range(value, value + (1 << open_bits))
        if value % len(values) or (open_bits and alone & set(values)):
            return None
        if sum(found[v] for v in values) >= 16:
            return open_bits
    return None


def byte_table(
    shape: list[int], top: tuple[int, int], dtype: str, scale: int, *, leans: bool
) -> ByteTable:
    """dense.md#bytes: "Symbols begin with value 0"."""
    found = weights(shape, top, dtype, scale)
    alone = {silent_of(dtype)} | ({top[0]} if top[1] else set())
    table = ByteTable([], [])
    value = total = 0
    while value < 129:
        open_bits = open_of_value(found, value, alone)
        if open_bits is None:
            value += 1
            continue
        begin, after = 2 * (total // 16), value + (1 << open_bits)
        total += sum(found[value:after])
        group = byte_group(value, dtype, scale)
        if group is None:
            add_symbol(table, begin, ByteSymbol(value, open_bits, None, 0))
        elif leans:
            add_symbol(table, begin, ByteSymbol(value, open_bits, group, None))
        else:
            add_halves(table, begin, 2 * (total // 16), ByteSymbol(value, open_bits, group, 0))
        value = after
    add_halves(table, 2 * (total // 16), 4096, ByteSymbol(0, 7, None, 0, escape=True))
    table.starts.append(4096)
    return table


def add_symbol(table: ByteTable, start: int, symbol: ByteSymbol) -> None:
    """dense.md#bytes: one range of codes."""
    table.starts.append(start)
    table.symbols.append(symbol)


def add_halves(table: ByteTable, start: int, end: int, symbol: ByteSymbol) -> None:
    """dense.md#bytes: "the first half of its codes is for a plus"."""
    add_symbol(table, start, symbol)
    add_symbol(table, (start + end) // 2, symbol._replace(sign=1))


def byte_group(value: int, dtype: str, scale: int) -> int | None:
    """dense.md#bytes: the group of a symbol's first value."""
    if value == silent_of(dtype):
        return None
    cell = place(value, dtype, scale)[0] if value else 0
    return 0 if cell < 80 else 1 + (cell - 80) // 4 if cell < 112 else 9
