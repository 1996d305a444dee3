"""Other chains for a block of numbers, by cheap looks at its bytes: most blocks are packed once."""

import sys
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Literal

from compressor.plan.columns import FLAT
from compressor.plan.numbers import Coding, Mask
from compressor.stages import chain as chains
from compressor.stages.base import Bytes
from compressor.stages.chain import Chain

SAMPLED = 512  # elements from all over a block, which takes 50 us: a twentieth of packing it
FEW = 8  # of them; where fewer are zero, a mask gains next to nothing
SAMPLE = 4096  # bytes from the middle of a block
LEAST_AGAIN = 8  # places of a block that come again: fewer may be chance
GAIN = 0.95  # of the size under its own chain: what another must promise to be tried

_CASTS: dict[int, Literal["B", "H", "I", "Q"]] = {1: "B", 2: "H", 4: "I", 8: "Q"}


def alternatives(
    coding: Coding, usual: Chain, plain: Bytes, packed_size: int, columns: int = FLAT
) -> Iterator[Chain]:
    """Yield the chains that may pack a block smaller than its coding's does, in ``packed_size`` bytes.

    ``usual`` is the chain of any bytes: what was called numbers may be text. ``columns`` is the length
    of the block's rows, in elements.
    """
    elements = _sampled(plain, coding.width) if coding.masks else ()
    for mask in coding.masks:
        if _gains(mask, coding.width, elements):
            yield mask.chain
    middle = memoryview(plain)[len(plain) // 2 :][:SAMPLE]
    promised = chains.encode(usual, middle).packed_size
    if promised * len(plain) < GAIN * packed_size * len(middle) or _repeats(plain):
        yield usual
    if coding.dense is not None:
        yield _with_columns(coding.dense, columns)


def _repeats(plain: Bytes) -> bool:
    """Say whether a part of a block comes in it again, further apart than SAMPLE bytes."""
    from compressor.kernels import counts  # what holds no numbers never needs it

    places, again = counts.repeats(plain)
    return again >= LEAST_AGAIN and again > (1 - GAIN) * places


def differences(coding: Coding, columns: int = FLAT) -> list[Chain]:
    """Return the chains that a block may have as a difference; ``columns`` as for ``alternatives``."""
    dense = coding.dense_delta
    return [_with_columns(each, columns) if each is dense else each for each in coding.deltas]


@lru_cache(maxsize=64)
def _with_columns(dense: Chain, columns: int) -> Chain:
    return chains.parse(f"{dense.info.name}:dtype={dict(dense.options)['dtype']}:columns={columns}")


def _sampled(plain: Bytes, width: int) -> Sequence[int]:
    """Return elements at equal steps; an odd step meets all columns of a matrix, which are often even."""
    elements = memoryview(plain)[: len(plain) // width * width].cast(_CASTS[width])
    return elements[:: len(elements) // SAMPLED | 1].tolist()


def _gains(mask: Mask, width: int, elements: Sequence[int]) -> bool:
    if not mask.bits:
        return elements.count(0) >= FEW
    low = int.from_bytes(((1 << mask.bits) - 1).to_bytes(width, "little"), sys.byteorder)
    short = sum(1 for element in elements if element and not element & low)
    return FEW <= short < len(elements)  # where all are, planes that never change tell it, too
