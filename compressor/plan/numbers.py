"""Numbers as numbers: the chain for each type of element, and where its blocks end.

A table that was measured; a planner will replace it. What is not in it is packed like any bytes.
"""

from collections.abc import Iterable, Iterator
from functools import cache

from msgspec import Struct

from compressor.stages.chain import Chain, parse

BLOCK = 1 << 18  # elements: one table of codes for each; twice as many cost .2 % of the size
LEAST = 1 << 16  # bytes; a shorter run of numbers is packed like any bytes


class Coding(Struct, frozen=True):
    """How elements of one type are packed; ``block_size`` is bytes, ``width`` those of an element."""

    chain: Chain
    width: int
    block_size: int

    @property
    def most(self) -> int:
        """The bytes of its largest block."""
        return self.block_size * 3 // 2


class Cut(Struct, frozen=True):
    """Consecutive bytes of a file: one block of numbers, or, without a coding, any bytes."""

    size: int
    coding: Coding | None


_FLOATS = {
    "F64": ("fp64", 8),
    "F32": ("fp32", 4),
    "BF16": ("bf16", 2),
    "F16": ("fp16", 2),
    "F8_E4M3": ("fp8_e4m3", 1),
    "F8_E5M2": ("fp8_e5m2", 1),
}


@cache
def coding_of(dtype: str) -> Coding | None:
    """Return how elements of a type (named as safetensors does) are packed; None: like any bytes."""
    if dtype == "I8":  # weights of a quantised model: noise, but not evenly spread
        return Coding(parse("huffman"), 1, BLOCK)
    if dtype not in _FLOATS:
        return None
    name, width = _FLOATS[dtype]
    streams = ",".join(["huffman"] * width)
    return Coding(parse(f"floatsplit:dtype={name}({streams})"), width, BLOCK * width)


def codings() -> list[Coding]:
    """Return all codings that there are."""
    return [coding for dtype in ("I8", *_FLOATS) if (coding := coding_of(dtype)) is not None]


def cuts(segments: Iterable[tuple[int, str]], most: int) -> list[Cut]:
    """Return the blocks of a file whose segments have these sizes (bytes) and types, in order.

    A large tensor's blocks are its own, so that it is read without its neighbours; small ones that
    follow one another and have one type share blocks. No block of numbers has more than ``most``
    bytes. No two cuts without a coding follow each other.
    """
    found: list[Cut] = []
    for cut in _blocks(segments, most):
        if cut.coding is None and found and found[-1].coding is None:
            found[-1] = Cut(found[-1].size + cut.size, None)
        else:
            found.append(cut)
    return found


def _blocks(segments: Iterable[tuple[int, str]], most: int) -> Iterator[Cut]:
    held, coding = 0, None  # bytes of small tensors of one type, not yet in a block
    for size, dtype in segments:
        now = coding_of(dtype)
        if now is not coding or size >= LEAST or held + size > most:
            yield _cut(held, coding)
            held = 0
        coding = now
        if coding is not None and size >= LEAST:
            yield from _blocks_of(size, coding, most)
        else:
            held += size
            if coding is None:
                yield Cut(held, None)
                held = 0
    yield _cut(held, coding)


def _blocks_of(size: int, coding: Coding, most: int) -> Iterator[Cut]:
    """Yield the blocks of a tensor; the last is no shorter than half a block."""
    block = min(coding.block_size, most * 2 // 3) // coding.width * coding.width
    while block and size >= block * 3 // 2:
        yield Cut(block, coding)
        size -= block
    yield Cut(size, coding if size <= most else None)


def _cut(size: int, coding: Coding | None) -> Cut:
    return Cut(size, coding if size >= LEAST else None)
