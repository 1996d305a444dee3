"""Floats split by floatsplit and each stream coded by huffman, in one walk over memory."""

from collections.abc import Sequence

from typing_extensions import Buffer

from compressor.kernels.floatsplit import Words

def stream_sizes(plain_size: int, width: int) -> list[int]:
    """Return the bytes of the streams that floats of ``width`` bytes are split to."""

def encode(plain: Buffer, words: Words) -> list[bytes]:
    """Return the packed block of each stream. Lets other threads run.

    Raises:
        ValueError: there are no such words.
        UsageError: the environment's COMPRESSOR_KERNEL can't be had.
    """

def decode(parts: Sequence[Buffer], plain_size: int, words: Words) -> bytes | None:
    """Return what the packed blocks stand for; None: they have chunks of unlike size, try otherwise.

    Lets other threads run.

    Raises:
        DamagedError: they stand for anything else.
        ValueError: there are no such words, or more or fewer of them than streams.
        UsageError: the environment's COMPRESSOR_KERNEL can't be had.
    """

def decode_into(target: Buffer, parts: Sequence[Buffer], words: Words) -> bool:
    """Decode in the same way to fill a writable ``target``; False: try otherwise. Raises as ``decode``."""

def holds(plain: Buffer, parts: Sequence[Buffer], words: Words) -> bool | None:
    """Decode in the same way and say whether that gives ``plain``; None: try otherwise.

    Raises as ``decode``.
    """
