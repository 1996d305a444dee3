"""Numbers as numbers: the chain for each type of element, and where its blocks end.

A table that was measured; a planner will replace it. What is not in it is packed like any bytes.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import NamedTuple

from msgspec import Struct

from compressor.plan.columns import MOST
from compressor.plan.records import RECORDS, record_chain, record_size
from compressor.plan.trees import tree
from compressor.stages.chain import Chain, parse
from compressor.stages.rows import block_of

BLOCK = 1 << 18  # elements: one table of codes for each; twice as many cost .2 % of the size
RECORDS_BLOCK = 1 << 20  # bytes, or one round: scales are few, and need as many for a good code
ROUND = 1 << 12  # records; the quants of so many fill huffman's chunks, which have 128 KiB
WIDEST = 4  # bytes; of wider elements a block has fewer: reading a difference may take nine blocks
LEAST = 1 << 16  # bytes; a shorter run of numbers joins what lies beside it
SHORT = 1 << 10  # bytes; what is shorter and joins nothing is packed like any bytes

SHARE = 16
"""So many times what lies between short tensors, and shares their blocks, they have at least."""

MOST_NEEDS = 8
"""Blocks that are decoded before a difference, at most: then comes a full state, quick to read again."""


class Mask(Struct, frozen=True):
    """A chain for blocks of which many elements, not all, are zero in their lowest ``bits``; 0: in all."""

    bits: int
    chain: Chain


class Coding(Struct, frozen=True):
    """How elements of one type are packed; ``block_size`` is bytes, ``width`` those of an element.

    ``delta`` is for what is packed as a difference from an earlier state. ``dense`` and ``dense_delta`` have
    blocks of whole rows, and are tried with as many columns as these have.
    """

    chain: Chain
    width: int
    block_size: int
    masks: tuple[Mask, ...] = ()
    delta: Chain | None = None
    dense: Chain | None = None
    dense_delta: Chain | None = None

    @property
    def chains(self) -> list[Chain]:
        """All that its blocks may have, but the level's own: for what is no number after all."""
        return [self.chain, *(mask.chain for mask in self.masks), *filter(None, [self.dense])]

    @property
    def deltas(self) -> list[Chain]:
        """All that a block may have that is a difference."""
        return [*filter(None, [self.delta, self.dense_delta])]

    def base_memory(self, size: int) -> int:
        """Return the bytes that reading a base takes: packed and plain ones, of each block needed."""
        chains = [self.chain, *filter(None, [self.dense, self.dense_delta])]
        return 2 * size * MOST_NEEDS + max(chain.decode_memory(size) for chain in chains)

    def size_of(self, columns: int) -> int:
        """Return the bytes of its blocks where rows have so many elements: those of wide ones are larger.

        Those of fp64 are not: matrices of other things than weights pack better in small ones.
        """
        if self.dense is None or self.width > WIDEST:
            return self.block_size
        return max(self.block_size, block_of(columns) * self.width)

    @property
    def most(self) -> int:
        """The bytes of its largest block."""
        return self.size_of(MOST) * 3 // 2


class Cut(Struct, frozen=True):
    """Consecutive bytes of a file: one block of numbers, or, without a coding, any bytes."""

    size: int
    coding: Coding | None


Codings = Mapping[str, Coding]
"""From a type of element, named as safetensors does, to how it is packed; others are like any bytes."""

NONE: Codings = {}

MANTISSA_LEVEL = 5
"""The level from which two mantissa bits go with the exponents: .2 to .6 % smaller, a third slower."""

DENSE_LEVEL = 7
"""The level from which ``dense`` is tried as well: 1 to 4 % smaller, many times slower.

So is ``densedelta``: differences are 1 to 7 % smaller.
"""

# Types, and whether more mantissa bits make them smaller: 8 bits of an F16's symbols hold some already.
_FLOATS = (
    ("F64", "fp64", 8, True),
    ("F32", "fp32", 4, True),
    ("BF16", "bf16", 2, True),
    ("F16", "fp16", 2, False),
    ("F8_E4M3", "fp8_e4m3", 1, False),
    ("F8_E5M2", "fp8_e5m2", 1, False),
)


_CASTS = {"F32": 13, "F64": 29}
"""Types, and how many bits are zero at the end of what was an F16 once, or an F32."""


@cache
def codings_for(level: int) -> Codings:
    """Return how numbers are packed at a level."""
    huffman = parse("huffman")
    zeros = Mask(0, tree("zeromask", huffman, huffman, width=1))
    dense_bytes = parse("dense:dtype=int8") if level >= DENSE_LEVEL else None
    # A quantised model's: noise, not evenly spread. Any bytes are floats to floatdelta, and in either
    # half of them integers lie in the order that it needs.
    near = parse("floatdelta:dtype=fp8_e4m3")
    near_bytes = parse("densedelta:dtype=int8") if level >= DENSE_LEVEL else None
    found = {"I8": Coding(huffman, 1, BLOCK, (zeros,), near, dense_bytes, near_bytes)}
    for dtype, name, width, gains in _FLOATS:
        few, many = _planes(name, width, 0), _planes(name, width, 2 if gains else 0)
        chain = many if level >= MANTISSA_LEVEL else few
        masks = _masks(dtype, width, chain, many)
        delta = parse(f"floatdelta:dtype={name}")
        densest = level >= DENSE_LEVEL
        dense = parse(f"dense:dtype={name}") if densest else None
        differs = densest and name != "fp64"
        dense_delta = parse(f"densedelta:dtype={name}") if differs else None
        size = BLOCK * min(width, WIDEST)
        found[dtype] = Coding(chain, width, size, masks, delta, dense, dense_delta)
    for dtype in RECORDS:
        width = record_size(dtype)
        rounds = max(1, RECORDS_BLOCK // (width * ROUND))
        found[dtype] = Coding(record_chain(dtype), width, rounds * ROUND * width)
    return found


def _planes(name: str, width: int, mantissa_bits: int) -> Chain:
    given = {"mantissa_bits": mantissa_bits} if mantissa_bits else {}
    return tree("floatsplit", *[parse("huffman")] * width, dtype=name, **given)


def _masks(dtype: str, width: int, chain: Chain, many: Chain) -> tuple[Mask, ...]:
    """Return the masks for floats; ``many`` has more bits in its symbols than ``chain``, or as many."""
    huffman = parse("huffman")
    # What pruning leaves has few exponents, and a code of whole bits fits them badly.
    zeros = Mask(0, tree("zeromask", huffman, many, width=width))
    bits = _CASTS.get(dtype, 0)
    if not bits:
        return (zeros,)
    return zeros, Mask(bits, tree("zeromask", huffman, chain, chain, width=width, bits=bits))


class Run(NamedTuple):
    """A segment: its bytes, its type, and how many elements a row of it has."""

    size: int
    dtype: str
    columns: int = 1


def cuts(segments: Iterable[Run], codings: Codings, most: int) -> Iterator[Cut]:
    """Yield the blocks of a file that has these segments, in order.

    A large tensor's blocks are its own, so that it is read without its neighbours; small ones that
    follow one another and have one type share blocks, with what little lies between them. What is
    short joins its neighbour if that is short, too, and is packed with it like any bytes; between two
    large tensors it stays what it is. No block of numbers has more than ``most`` bytes. No two cuts
    without a coding follow each other.
    """
    codings = codings if most >= 2 * LEAST else NONE
    last = Cut(0, None)
    for cut in _blocks(_bridged(segments, codings), codings, most):
        if _joins(cut) and _joins(last):
            coding = cut.coding if not last.size else last.coding if not cut.size else None
            last = Cut(last.size + cut.size, coding)
            continue
        if last.size:
            yield _whole(last)
        last = cut
    if last.size:
        yield _whole(last)


def _whole(cut: Cut) -> Cut:
    """Return a cut that nothing joins any more."""
    return cut if cut.size >= SHORT else Cut(cut.size, None)


def _joins(cut: Cut) -> bool:
    return cut.coding is None or cut.size < LEAST


def _bridged(segments: Iterable[Run], codings: Codings) -> Iterator[Run]:
    """Yield the runs; what lies between short ones of one type is of that type, too, where it is little.

    In a zip each storage has a header before it. Elements stay at multiples of their width.
    """
    dtype, numbers, between, gap = "", 0, 0, 0  # bytes of a chain of short tensors, and since
    for run in segments:
        coding = codings.get(run.dtype)
        if coding is None:
            gap += run.size
            continue
        follows = run.dtype == dtype and run.size < LEAST
        little = gap < SHORT and (between + gap) * SHARE <= numbers
        joins = follows and little and not gap % coding.width
        if gap:
            yield Run(gap, dtype if joins else "")
        if joins:
            numbers, between = numbers + run.size, between + gap
        else:
            dtype, numbers, between = run.dtype if run.size < LEAST else "", run.size, 0
        gap = 0
        yield run
    yield Run(gap, "")


def _blocks(segments: Iterable[Run], codings: Codings, most: int) -> Iterator[Cut]:
    held, coding = 0, None  # bytes of small tensors of one type, not yet in a block
    for size, dtype, columns in segments:
        found = codings.get(dtype)
        full = coding is not None and held + size > min(coding.block_size, most)
        if found is not coding or size >= LEAST or full:
            yield Cut(held, coding)
            held, coding = 0, found
        if found is not None and size >= LEAST:
            yield from _blocks_of(size, found, most, columns)
        else:
            held += size
    yield Cut(held, coding)


def _blocks_of(size: int, coding: Coding, most: int, columns: int) -> Iterator[Cut]:
    """Yield the blocks of a tensor; the last has from half of a block to one and a half."""
    limit = min(coding.size_of(columns), most * 2 // 3) // coding.width * coding.width
    row = columns * coding.width
    block = limit - limit % row if coding.dense and row <= limit else limit
    while size >= limit * 3 // 2:  # whole rows make no more blocks than others do
        yield Cut(block, coding)
        size -= block
    yield Cut(size, coding)
