"""Numbers as numbers: the chain for each type of element, and where its blocks end.

A table that was measured; a planner will replace it. What is not in it is packed like any bytes.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache

from msgspec import Struct

from compressor.stages.chain import Chain, parse

BLOCK = 1 << 18  # elements: one table of codes for each; twice as many cost .2 % of the size
LEAST = 1 << 16  # bytes; a shorter run of numbers is packed like any bytes


MOST_NEEDS = 8
"""Blocks that are decoded before a difference, at most: then comes a full state, quick to read again."""


class Coding(Struct, frozen=True):
    """How elements of one type are packed; ``block_size`` is bytes, ``width`` those of an element.

    ``delta`` is how they are packed as a difference from an earlier state, if that is known.
    """

    chain: Chain
    width: int
    block_size: int
    delta: Chain | None = None

    @property
    def base_memory(self) -> int:
        """The bytes that reading the base of its largest block takes: packed and plain, of each needed."""
        return 2 * self.most * (1 + MOST_NEEDS) + self.chain.decode_memory(self.most)

    @property
    def most(self) -> int:
        """The bytes of its largest block."""
        return self.block_size * 3 // 2


class Cut(Struct, frozen=True):
    """Consecutive bytes of a file: one block of numbers, or, without a coding, any bytes."""

    size: int
    coding: Coding | None


Codings = Mapping[str, Coding]
"""From a type of element, named as safetensors does, to how it is packed; others are like any bytes."""

NONE: Codings = {}

DENSE = 5
"""The level from which two mantissa bits go with the exponents: .2 to .6 % smaller, a third slower."""

# Types, and whether more mantissa bits make them smaller: 8 bits of an F16's symbols hold some already.
_FLOATS = (
    ("F64", "fp64", 8, True),
    ("F32", "fp32", 4, True),
    ("BF16", "bf16", 2, True),
    ("F16", "fp16", 2, False),
    ("F8_E4M3", "fp8_e4m3", 1, False),
    ("F8_E5M2", "fp8_e5m2", 1, False),
)


@cache
def codings_for(level: int) -> Codings:
    """Return how numbers are packed at a level."""
    found = {
        "I8": Coding(parse("huffman"), 1, BLOCK)
    }  # a quantised model's: noise, not evenly spread
    for dtype, name, width, gains in _FLOATS:
        first = ":mantissa_bits=2" if gains and level >= DENSE else ""
        streams = ",".join(["huffman"] * width)
        chain = parse(f"floatsplit:dtype={name}{first}({streams})")
        found[dtype] = Coding(chain, width, BLOCK * width, parse(f"floatdelta:dtype={name}"))
    return found


def cuts(segments: Iterable[tuple[int, str]], codings: Codings, most: int) -> list[Cut]:
    """Return the blocks of a file whose segments have these sizes (bytes) and types, in order.

    A large tensor's blocks are its own, so that it is read without its neighbours; small ones that
    follow one another and have one type share blocks. No block of numbers has more than ``most``
    bytes. No two cuts without a coding follow each other.
    """
    found: list[Cut] = []
    codings = codings if most >= 2 * LEAST else NONE
    for cut in _blocks(segments, codings, most):
        if cut.coding is None and found and found[-1].coding is None:
            found[-1] = Cut(found[-1].size + cut.size, None)
        elif cut.size:
            found.append(cut)
    return found


def _blocks(segments: Iterable[tuple[int, str]], codings: Codings, most: int) -> Iterator[Cut]:
    held, coding = 0, None  # bytes of small tensors of one type, not yet in a block
    for size, dtype in segments:
        found = codings.get(dtype)
        full = coding is not None and held + size > min(coding.block_size, most)
        if found is not coding or size >= LEAST or full:
            yield _cut(held, coding)
            held, coding = 0, found
        if found is not None and size >= LEAST:
            yield from _blocks_of(size, found, most)
        else:
            held += size
    yield _cut(held, coding)


def _blocks_of(size: int, coding: Coding, most: int) -> Iterator[Cut]:
    """Yield the blocks of a tensor; the last has from half of a block to one and a half."""
    block = min(coding.block_size, most * 2 // 3) // coding.width * coding.width
    while size >= block * 3 // 2:
        yield Cut(block, coding)
        size -= block
    yield Cut(size, coding)


def _cut(size: int, coding: Coding | None) -> Cut:
    """Return what small tensors have come to."""
    return Cut(size, coding if size >= LEAST else None)
