"""docs/format/dense.md: types, symbols, and the tables that a shape stands for."""

TYPES = {
    "fp64": (4, 20, 1023),
    "fp32": (4, 23, 127),
    "bf16": (2, 7, 127),
    "fp16": (2, 10, 15),
    "fp8_e4m3": (1, 3, 7),
    "fp8_e5m2": (1, 2, 15),
    "int8": (1, 0, 0),
}
"""Type -> bytes of an element, bits of its mantissa, bias of its exponent; of fp64, of upper halves."""
LOWER = {"fp64": 4}
"""Type -> bytes below an element that are stored apart."""
SHRUNK = (65536, 60097, 55109, 50535, 46341, 42495, 38968, 35734)


# Symbols


def first_eighth(symbol: int) -> int:
    """dense.md#symbols: "A symbol stands for a range of them"."""
    if symbol < 12:
        return 8 * (symbol - 14)
    return symbol - 28 if symbol < 44 else 4 * (symbol - 40)


def cells_of(symbol: int) -> int:
    """dense.md#symbols: the eighths of a symbol from 2 on."""
    return 8 if symbol < 12 else 1 if symbol < 44 else 4


def group_of(symbol: int) -> int:
    """dense.md#symbols: the groups of symbols from 2 on."""
    return 0 if symbol < 12 else 1 + (symbol - 12) // 4 if symbol < 44 else 9


# Tables


def below(shape: list[int]) -> list[int]:
    """dense.md#tables: "the sum of the shares of the first c cells, times 8"."""
    found = [0]
    for symbol in range(2, 52):
        for _ in range(cells_of(symbol)):
            found.append(found[-1] + shape[symbol] * 8 // cells_of(symbol))
    return found


def lower(sums: list[int], cell: int, k: int) -> int:
    """dense.md#tables: "the same magnitudes are lower in the shape"."""
    y = (8 + cell % 8) * SHRUNK[k]
    octave = cell // 8
    if y < 8 * 65536:
        octave, y = octave - 1, 2 * y
    if octave < 0:
        return 0
    d = 8 * octave + y // 65536 - 8
    return sums[d] + (sums[d + 1] - sums[d]) * (y % 65536) // 65536


def starts(shape: list[int], k: int) -> list[int]:
    """dense.md#tables: "start(k, s) = m + t * (4096 - n) / 32768"."""
    sums, n = below(shape), sum(map(bool, shape))
    found = [0]
    for symbol in range(1, 52):
        t = 8 * shape[0]
        if symbol > 1:
            t += 8 * shape[1] + lower(sums, first_eighth(symbol) + 96, k)
        m = sum(map(bool, shape[:symbol]))
        found.append(m + t * (4096 - n) // 32768)
    return [*found, 4096]
