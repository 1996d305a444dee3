"""Floats as differences from a base, by class and byte: docs/format/floatdelta.md."""

from collections.abc import Sequence
from typing import TypeAlias

from typing_extensions import Buffer

Words: TypeAlias = tuple[int, int]
"""Bytes of an element (1, 2, 4 or 8) and bits of its mantissa, 1 to 8 * bytes - 2."""

def top_of(base: Buffer, words: Words) -> int:
    """Return the largest exponent that one of 64 elements in ``base`` reaches; of no elements, any.

    Lets other threads run. Bytes behind the last whole element are not looked at.

    Raises:
        ValueError: there are no such elements.
    """

def zeros_in(plane: Buffer) -> int:
    """Return how many of these bytes are zero. Lets other threads run."""

def equal(left: Buffer, right: Buffer) -> bool:
    """Tell whether these bytes are the same; of memoryviews ``==`` does it a hundred times slower."""

class Partition:
    """The elements of ``base``, in ``classes`` (1 to 16) by how far their exponents are below ``top``.

    Each method lets other threads run, and threads may share a partition. ``base`` stays as it is
    as long as the partition is used. Bytes behind its last whole element are not looked at.

    Raises:
        ValueError: there are no such elements, classes or exponents.
    """

    def __init__(self, base: Buffer, words: Words, classes: int, top: int) -> None: ...
    @property
    def sizes(self) -> list[int]:
        """How many elements each class has."""

    def split(self, plain: Buffer) -> list[bytes]:
        """Return the differences of ``plain``: for each class its planes, the lowest bytes first.

        Raises:
            ValueError: ``plain`` has another size than the base.
        """

    def join(self, planes: Sequence[Buffer], tail: Buffer = b"") -> bytes:
        """Return the whole elements of what these differences were made of, and ``tail`` behind them.

        Raises:
            ValueError: the planes have not the number or the sizes that ``sizes`` says.
        """
