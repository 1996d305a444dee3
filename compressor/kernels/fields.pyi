"""Records taken apart, each field to a stream of its own: docs/format/fields.md."""

from collections.abc import Sequence

from typing_extensions import Buffer

MESSAGES: dict[int, str]

def split(plain: Buffer, sizes: Sequence[int]) -> list[bytes]:
    """Return the streams of ``plain``; ``sizes`` are the bytes of the fields. Lets other threads run.

    Raises:
        ValueError: there are not from 1 to 6 fields, or one has not from 1 to 4096 bytes.
    """

def merge(streams: Sequence[Buffer], plain_size: int, sizes: Sequence[int]) -> bytes:
    """Return the ``plain_size`` bytes that these streams stand for. Lets other threads run.

    Raises:
        DamagedError: they stand for anything else.
        ValueError: as ``split``.
    """
