"""Words shifted and rotated, their bytes dealt out to streams by position: docs/format/floatsplit.md."""

from collections.abc import Sequence
from typing import TypeAlias

from typing_extensions import Buffer

MESSAGES: dict[int, str]

Words: TypeAlias = tuple[int, int, int]
"""Bytes of a word (1, 2, 4 or 8); bits that it is rotated to the left by, 1 to 8 * bytes - 1; and
what is subtracted before, modulo the word: 0 to 2**64 - 1."""

def split(plain: Buffer, words: Words) -> list[bytes]:
    """Return the streams of ``plain``, one for each byte of a word; together they are as long as it.

    Lets other threads run.

    Raises:
        ValueError: there are no such words.
        UsageError: the environment's COMPRESSOR_KERNEL can't be had.
    """

def merge(streams: Sequence[Buffer], plain_size: int, words: Words) -> bytes:
    """Return the ``plain_size`` bytes that these streams stand for.

    Lets other threads run.

    Raises:
        DamagedError: they have not the number or the sizes of such streams.
        ValueError: there are no such words.
        UsageError: the environment's COMPRESSOR_KERNEL can't be had.
    """

def kernel_name() -> str:
    """Return the name of the path taken here: "portable", "ssse3" or "avx2".

    Raises:
        UsageError: the environment's COMPRESSOR_KERNEL can't be had.
    """

CALLS: object
"""A capsule of `struct floatsplit_calls`, for kernels that are linked apart."""
