"""How many elements of a tensor have a row's scale in common, where it is packed densely."""

from collections.abc import Sequence
from math import prod

FLAT = 64
"""Elements, where there are no rows, or too short ones: neighbours, too, are about as large."""
LEAST = 8
MOST = 1 << 16  # a longer row leaves a block no other to share its columns with


def columns_of(shape: Sequence[int] | None) -> int:
    """Return the length of a row, in elements: of all that has the same first index, if that is short.

    Convolutions have all weights of an output in a row; of a stack of matrices each has its own.
    """
    lengths = [length for length in shape or () if length != 1]
    columns = prod(lengths[1:])
    while columns > MOST and len(lengths) > 2:
        lengths.pop(0)
        columns = prod(lengths[1:])
    if len(lengths) < 2 or not 0 < columns <= MOST:
        return FLAT
    return columns if columns >= LEAST else columns * -(-FLAT // columns)
