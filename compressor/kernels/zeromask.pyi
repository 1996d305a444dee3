"""Elements that are zero told by a bitmap, the others kept in a row: docs/format/zeromask.md."""

from collections.abc import Sequence

from typing_extensions import Buffer

MESSAGES: dict[int, str]

def split(plain: Buffer, width: int, bits: int = 0) -> list[bytes]:
    """Return the bitmap of ``plain``, and all of it but the zeros. Lets other threads run.

    With ``bits``, elements whose lowest so many bits are zero count as zeros, and are a third stream.

    Raises:
        ValueError: ``width``, the bytes of an element, is not 1, 2, 4 or 8; ``bits`` is above 64.
    """

def merge(streams: Sequence[Buffer], plain_size: int, width: int, bits: int = 0) -> bytes:
    """Return the ``plain_size`` bytes that these streams stand for. Lets other threads run.

    Raises:
        DamagedError: they stand for anything else.
        ValueError: as ``split``.
    """
