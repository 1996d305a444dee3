"""bzip2, by the standard library."""

import bz2
import re
from collections.abc import Iterator
from functools import partial

from compressor.formats.base import MOST_PLAIN, Format
from compressor.formats.packed import Packed, stream
from compressor.formats.writing import StreamCoder, Writing

BLOCK, END = b"1AY&SY", b"\x17\x72\x45\x38\x50\x90"  # what follows the level: pi, or its root
STARTS = re.compile(b"BZh[1-9](?:" + re.escape(BLOCK) + b"|" + re.escape(END) + b")")
LOOK = 1 << 20  # packed bytes; a block of 900 kB does not become more


def _begins(start: bytes) -> bool:
    return start[:3] == b"BZh" and start[3:4] in b"123456789" and start[4:10] in (BLOCK, END)


def _read(packed: Packed, _memory: int) -> Iterator[bytes]:
    return stream(packed, bz2.BZ2Decompressor(), (OSError, ValueError))


def _unit(packed: Packed) -> tuple[int, int]:
    """Find where another stream seems to begin, soon after the first: pbzip2 has one for each block."""
    start = packed.peek(LOOK)
    following = STARTS.search(start, 1) if _begins(start) else None
    return (following.start(), MOST_PLAIN) if following else (0, 0)


def _coder(level: int) -> StreamCoder:
    level = max(level, 1)
    size = level * 100_000
    # Runs may grow a little in the first step: a part that is a little smaller is one block.
    return StreamCoder(size - size // 500, 8 * size, partial(bz2.compress, compresslevel=level))


FORMAT = Format(
    name="bz2",
    words="a bzip2 file",
    endings={".bz2": "", ".bz": "", ".tbz2": ".tar", ".tbz": ".tar"},
    begins=_begins,
    read=_read,
    writing=Writing(_coder, 9),
    padding=1,
    unit=_unit,
)
