"""What follows from the form of a chain alone, found once for it and not for each block."""

from collections.abc import Iterator

from msgspec import Struct

from compressor.stages import fused
from compressor.stages.fused import Node


class Layout(Struct, frozen=True):
    """``plain`` and ``packed`` say where in a block's sizes those of streams and of codecs' outputs stand.

    ``depth`` counts the filters between the bytes and the farthest codec; ``fused``: all runs as one.
    """

    plain: tuple[int, ...]
    packed: tuple[int, ...]
    depth: int
    fused: bool

    @property
    def count(self) -> int:
        """How many sizes a block has."""
        return len(self.plain) + len(self.packed)


def layout_of(chain: Node) -> Layout:
    """Return the layout of a chain, whose root has no sizes of its own."""
    ends = [is_end for child in chain.children for is_end in _sizes(child)]
    plain = tuple(at for at, is_end in enumerate(ends) if not is_end)
    packed = tuple(at for at, is_end in enumerate(ends) if is_end)
    return Layout(plain, packed, _depth(chain), bool(chain.children) and fused.applies(chain))


def _sizes(node: Node) -> Iterator[bool]:
    """Yield False for the plain size of a stage and of each below it, True behind that of a codec."""
    yield False
    if not node.children:
        yield True
    for child in node.children:
        yield from _sizes(child)


def _depth(node: Node) -> int:
    return max((1 + _depth(child) for child in node.children), default=0)
