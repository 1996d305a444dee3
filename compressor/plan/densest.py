"""Any bytes at the densest level: which chains a block is tried with, by looks at some of it."""

from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from math import log2

from msgspec import Struct

from compressor.stages import chain as chains
from compressor.stages.base import Bytes
from compressor.stages.chain import Chain

COUNTED = 64 << 10  # bytes from the middle of a block, whose entropy takes some 5 ms
PACKED = 7.9  # bits a byte; with more it is packed already, and zstd tells that best
EVEN = 0.99  # entropy by position modulo four: nearer to that without means that it has no rhythm
FULL = 7.0  # bits a byte; numbers with fewer repeat, and gain nothing by literals told apart

SAMPLE = 256 << 10  # bytes from the middle of a block
SHORT = 4 * SAMPLE  # bytes; a shorter block is tried with all
BETTER = 0.97
"""What bz2 may need of a sample by what lzma does, to be tried: in whole blocks lzma gets better, for it
looks back further."""

STRONG = "lzma:level=9:nice=96"
TEXT = f"{STRONG}:tune=text"
NUMBERS = f"{STRONG}:tune=numbers"
PACKED_BY = "zstd:level=19"
BZ2 = "bz2:level=9"


class Trials(Struct, frozen=True):
    """What blocks of any bytes are packed with, instead of one chain: the smallest is kept.

    ``choose`` gives one of ``first``, and then perhaps some of ``others``.
    """

    first: tuple[Chain, ...]
    others: tuple[Chain, ...]
    choose: Callable[[Bytes], Iterator[Chain]]


def _choose(plain: Bytes) -> Iterator[Chain]:
    """Yield what to try: what needs most memory first, while no other result is held."""
    text = _first_for(_middle(plain, COUNTED))
    yield _parsed(text)
    short = len(plain) < SHORT
    if text != PACKED_BY:
        if short or _bz2_may_win(text, _middle(plain, SAMPLE)):
            yield _parsed(BZ2)
        if short:
            yield _parsed(PACKED_BY)


@cache
def _parsed(text: str) -> Chain:
    return chains.parse(text)


def _middle(plain: Bytes, size: int) -> memoryview:
    """Return at most ``size`` bytes, from a multiple of eight on, so that numbers stay whole."""
    begin = max(0, (len(plain) - size) // 2) & -8
    return memoryview(plain)[begin : begin + size]


def _first_for(sample: memoryview) -> str:
    """Return what suits: the settings of lzma, or none of them for what is packed already."""
    bits = _bits(sample)
    if bits > PACKED * len(sample):
        return PACKED_BY
    by_position = sum(_bits(sample[start::4]) for start in range(4))
    if by_position > EVEN * bits:
        return TEXT
    return NUMBERS if bits > FULL * len(sample) else STRONG


def _bits(sample: memoryview) -> float:
    """Return the bits that a sample takes by the entropy of its bytes."""
    size = len(sample)
    return sum(often * log2(size / often) for often in Counter(sample).values())


def _bz2_may_win(text: str, sample: memoryview) -> bool:
    bz2, own = (chains.encode(_parsed(each), sample).packed_size for each in (BZ2, text))
    return bz2 < BETTER * own


@cache
def densest() -> Trials:
    """Return what the densest level tries."""
    first = tuple(map(_parsed, (STRONG, TEXT, NUMBERS, PACKED_BY)))
    return Trials(first, (_parsed(BZ2), _parsed(PACKED_BY)), _choose)
