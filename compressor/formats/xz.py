"""xz, and the .lzma files from before it, by the standard library."""

import lzma
from collections.abc import Iterator
from functools import partial

from compressor.errors import LimitError
from compressor.formats.base import Format
from compressor.formats.packed import Packed, stream
from compressor.formats.writing import StreamCoder, Writing

MAX_PLAIN = 1 << 38  # bytes that a .lzma header may declare, to be taken for one; as xz has it
LEAST_WINDOW = 4096  # bytes; no encoder declares less
MOST_PART = 64  # MiB: with more, level 9 would not fit into 1 GiB
WINDOWS = (0, 1, 2, 4, 4, 8, 8, 16, 32, 64)  # MiB, of each level; level 0 has 256 KiB
MEMORY = (4, 10, 18, 33, 50, 95, 95, 188, 372, 676)  # MiB that each takes, as xz(1) has it
UNKNOWN = b"\xff" * 8  # the size of a .lzma file that has an end mark


def _read(packed: Packed, memory: int, kind: int) -> Iterator[bytes]:
    try:
        yield from stream(packed, lzma.LZMADecompressor(kind, memory), (lzma.LZMAError,))
    except Exception as error:
        if "Memory usage limit" in str(error):
            raise LimitError(
                f"{packed.words} whose window does not fit into memory; raise memory",
                "memory",
            ) from error
        raise


def _begins_lzma(start: bytes) -> bool:
    """Whether these are properties, a window of 2^n or 3 * 2^n bytes, and a size that can be meant."""
    if len(start) < 13 or start[0] >= 9 * 5 * 5:
        return False
    window = int.from_bytes(start[1:5], "little")
    one_bit, two_bits = window & (window - 1) == 0, window & (window - 1) == window * 2 // 3
    usual = window >= LEAST_WINDOW and (one_bit or two_bits or window == 0xFFFFFFFF)
    size = start[5:13]
    return usual and (size == UNKNOWN or int.from_bytes(size, "little") < MAX_PLAIN)


def _coder(level: int) -> StreamCoder:
    size = min(max(3 * WINDOWS[level], 1), MOST_PART) << 20
    encode = partial(lzma.compress, format=lzma.FORMAT_XZ, check=lzma.CHECK_CRC64, preset=level)
    return StreamCoder(size, MEMORY[level] << 20, encode)


XZ = Format(
    name="xz",
    words="an xz file",
    endings={".xz": "", ".txz": ".tar"},
    begins=lambda start: start.startswith(b"\xfd7zXZ\0"),
    read=partial(_read, kind=lzma.FORMAT_XZ),
    writing=Writing(_coder, 6),
    padding=4,
)

LZMA = Format(
    name="lzma",
    words="an lzma file",
    endings={".lzma": "", ".tlz": ".tar"},
    begins=_begins_lzma,
    read=partial(_read, kind=lzma.FORMAT_ALONE),
    alone=True,
)
