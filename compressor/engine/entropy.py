"""How few bytes data could become by its statistics alone, and what codecs make of it.

The entropy of order 0 is H(X) = -sum p(x) log2 p(x) over the bytes x, that of order 1 the mean of the
entropies of the byte behind each byte. The bound is the bits that all bytes together then take. No code
that looks at no more can go below it; one that finds repeats, or looks further back, can.

Source: C. E. Shannon, A Mathematical Theory of Communication (1948), sections 6 and 7.
"""

from collections.abc import Sequence
from math import ceil, log2

from msgspec import Struct

from compressor.kernels import counts
from compressor.stages import TABLE, stage_by_name
from compressor.stages.base import Bytes

SYMBOLS = 256


class Entropy(Struct, frozen=True):
    """Entropies in bits a byte, over ``plain_size`` bytes; ``counts`` holds how often each byte occurs."""

    plain_size: int
    counts: tuple[int, ...]
    order0: float
    order1: float

    def bound(self, bits: float) -> int:
        """Return the bytes that all of it takes at ``bits`` a byte."""
        return ceil(self.plain_size * bits / 8)


def measure(plain: Bytes) -> Entropy:
    """Return the entropies of ``plain``. The first byte, which follows none, counts as by order 0."""
    size = len(plain)
    if not size:
        return Entropy(0, (0,) * SYMBOLS, 0.0, 0.0)
    pairs = counts.pairs(plain)
    rows = [pairs[first * SYMBOLS : (first + 1) * SYMBOLS].tolist() for first in range(SYMBOLS)]
    often = [sum(row) for row in rows]
    order1 = sum(_bits(row) for row in rows)
    often[plain[-1]] += 1  # no pair begins with it
    order0 = _bits(often) / size
    return Entropy(size, tuple(often), order0, (order0 + order1) / size)


def _bits(often: Sequence[int]) -> float:
    """Return the bits that symbols take that occur so often."""
    total = sum(often)
    return sum(count * log2(total / count) for count in often if count)


def codecs() -> list[str]:
    """Return the codecs that pack data as it is, by their names; not those that must know its type."""
    infos = (stage_by_name(name) for name in TABLE if name != "store")
    return [
        info.name
        for info in infos
        if not info.outputs
        and not info.based
        and all(option.name != "dtype" for option in info.options)
    ]
