"""The type of an array that has no header, by the planes of its bytes.

A float's top byte holds its sign and most of its exponent. Numbers that someone computed are of like
size, so that few of the 256 values occur, all of them near those of 1; the byte below holds mantissa
and looks like noise. Text, code, images, sound and packed data are not like that in both bytes.

Said only where it is sure: of bf16 and f16, which have no other bytes to look at, both signs must
occur as often, size by size. What is not told apart is "".
"""

import math
import sys
from collections import Counter
from functools import cache
from typing import Literal

from msgspec import Struct

SAMPLE = 64 << 10  # bytes that are looked at; more of them changed no answer on the corpus
MIN_VALUES = 2048  # that are not zero; of fewer, an entropy near 8 bits says nothing
_NEAR = 0.98  # share of the exponents near those of 1; of weights, gradients: .995 at least
_NOISE = 7.0  # bits of entropy a byte; mantissas have 7.2 to 8
_NEGATIVE_ZERO = bytes(7) + b"\x80"  # of eight bytes; its end is that of fewer
_FIRST = 4 << 10  # bytes, in which there may be more that are far than all may have
_SIGNS = 0.7  # share of the top bytes whose negative is there as well; of weights .83 at least


class _Float(Struct, frozen=True):
    """What a type's planes look like.

    ``near`` are top bytes without the sign, ``top_entropy`` is bits a byte, and ``noise`` is the plane
    of which mantissas fill at least seven bits of eight.
    """

    dtype: str
    width: int
    cast: Literal["H", "I", "Q"]
    near: range
    top_entropy: tuple[float, float]
    noise: int


_FLOATS = (
    _Float("BF16", 2, "H", range(0x2F, 0x44), (0, 4.2), 0),  # from 2**-33 to 2**9
    _Float("F16", 2, "H", range(0x04, 0x50), (4.2, 6.5), 0),  # from 2**-14 to 2**5
    _Float("F32", 4, "I", range(0x2F, 0x44), (0, 4.2), 2),
    _Float("F64", 8, "Q", range(0x3D, 0x42), (0, 4.2), 5),  # from 2**-47 to 2**32
)


def measured(sample: bytes) -> str:
    """Return the type of the numbers in ``sample``: "BF16", "F16", "F32", "F64", or "".

    It must begin where a number does; the first 64 KiB count, and less than 4 KiB are never enough.
    """
    sample = sample[: min(SAMPLE, len(sample)) & -8]
    return next((kind.dtype for kind in _FLOATS if _fits(kind, sample)), "")


def _fits(kind: _Float, sample: bytes) -> bool:
    if not _may_fit(kind, sample):
        return False
    planes = _Planes(kind, sample)
    if planes.values < MIN_VALUES:
        return False
    top = planes.counts(kind.width - 1)
    if not _are_exponents(top, planes.values, kind):
        return False
    if kind.width == 2 and _in_both_signs(top) < _SIGNS * planes.values:
        return False
    # Shorter numbers, of one sign, would have exponents in the midst of these.
    for lower in range(1, kind.width - 1, 2):
        if _are_exponents(planes.counts(lower), planes.values, kind):
            return False
    return _entropy(planes.counts(kind.noise), planes.values) >= _NOISE


def _may_fit(kind: _Float, sample: bytes) -> bool:
    """Say whether as many top bytes are near as must be: in nearly all other files too few of the first."""
    most = (1 - _NEAR) * (len(sample) // kind.width)
    near = _near(kind.near)
    tops = (part[kind.width - 1 :: kind.width] for part in (sample[:_FIRST], sample))
    return all(len(top.translate(None, near)) <= most for top in tops)


@cache
def _near(magnitudes: range) -> bytes:
    """Return the top bytes that are near in either sign, and those of zeros."""
    return bytes(byte for byte in range(256) if byte & 0x7F in magnitudes or not byte & 0x7F)


class _Planes:
    """The bytes of a sample by their place in a value; zeros, of which pruning leaves many, are left out."""

    def __init__(self, kind: _Float, sample: bytes) -> None:
        numbers = memoryview(sample).cast(kind.cast).tolist()
        self._top = kind.width - 1
        self._sample = sample
        self._zeros = numbers.count(0)
        self._negative_zeros = numbers.count(
            int.from_bytes(_NEGATIVE_ZERO[-kind.width :], sys.byteorder)
        )
        self.values = len(numbers) - self._zeros - self._negative_zeros

    def counts(self, number: int) -> Counter[int]:
        """Return how often each byte is the one of that number in a value."""
        plane = Counter(self._sample[number :: self._top + 1])
        plane[0] -= self._zeros
        plane[0x80 if number == self._top else 0] -= self._negative_zeros
        return +plane


def _are_exponents(plane: Counter[int], values: int, kind: _Float) -> bool:
    near = sum(count for byte, count in plane.items() if byte & 0x7F in kind.near)
    least, most = kind.top_entropy
    return near >= _NEAR * values and least <= _entropy(plane, values) <= most


def _entropy(counts: Counter[int], total: int) -> float:
    """Return the bits a byte that an ideal coder would take."""
    return math.log2(total) - sum(n * math.log2(n) for n in counts.values()) / total


def _in_both_signs(top: Counter[int]) -> int:
    """Return how many values have one of the opposite sign and like size."""
    return 2 * sum(min(top[byte], top[byte | 0x80]) for byte in range(0x80))
