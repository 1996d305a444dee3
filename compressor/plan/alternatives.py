"""Other chains for a block of numbers, by cheap looks at its bytes: most blocks are packed once."""

from collections.abc import Iterator, Sequence
from typing import Literal

from compressor.plan.numbers import Coding
from compressor.stages import chain as chains
from compressor.stages.base import Bytes
from compressor.stages.chain import Chain

SAMPLED = 512  # elements from all over a block, which takes 50 us: a twentieth of packing it
FEW = 8  # of them; where fewer are zero, a mask gains nothing
SAMPLE = 4096  # bytes from the middle of a block
GAIN = 0.95  # of the size under its own chain: what another must promise to be tried

_CASTS: dict[int, Literal["B", "H", "I", "Q"]] = {1: "B", 2: "H", 4: "I", 8: "Q"}


def alternatives(coding: Coding, usual: Chain, plain: Bytes, packed_size: int) -> Iterator[Chain]:
    """Yield the chains that may pack a block smaller than its coding's does, in ``packed_size`` bytes.

    ``usual`` is the chain of any bytes: what was called numbers may be text.
    """
    if coding.sparse is not None and _sampled(plain, coding.width).count(0) >= FEW:
        yield coding.sparse
    middle = memoryview(plain)[len(plain) // 2 :][:SAMPLE]
    promised = chains.encode(usual, middle).packed_size
    if promised * len(plain) < GAIN * packed_size * len(middle):
        yield usual


def _sampled(plain: Bytes, width: int) -> Sequence[int]:
    """Return elements at equal steps; an odd step meets all columns of a matrix, which are often even."""
    elements = memoryview(plain)[: len(plain) // width * width].cast(_CASTS[width])
    return elements[:: len(elements) // SAMPLED | 1].tolist()
