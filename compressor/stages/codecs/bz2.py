"""bzip2 through the standard library: slow, strong on text."""

import bz2
import platform

from compressor.errors import DamagedError
from compressor.stages.base import Bytes, Option, Provider, StageInfo
from compressor.stages.streams import decode_stream

UNIT = 100_000  # bytes of plain data in bzip2's own block, for each level
SLACK = 512 << 10  # bytes; tables, and the allocator's


class Bz2:
    """Levels 1 to 9: bzip2's own blocks of 100 to 900 kB."""

    block_size = 4 << 20  # bytes; decisions/0005-block-sizes.md

    def __init__(self, level: int = 9) -> None:
        self._level = level

    def encode(self, plain: Bytes) -> Bytes:
        """Return one bzip2 stream."""
        return bz2.compress(plain, self._level)

    def decode(self, packed: Bytes, plain_size: int) -> Bytes:
        """Return the content of one bzip2 stream of ``plain_size`` bytes."""
        try:
            return decode_stream(bz2.BZ2Decompressor(), packed, plain_size)
        except (OSError, ValueError) as error:
            raise DamagedError(f"a bzip2 stream is damaged ({error})") from error

    def encode_memory(self, plain_size: int) -> int:
        """Return eight units for each level (bzip2's manual), and the output: in pieces, joined."""
        return 8 * UNIT * self._level + 4 * UNIT + SLACK + 2 * (plain_size + (plain_size >> 6))

    def decode_memory(self, plain_size: int) -> int:
        """Return four units for each level, of which a stream may use 9, and the output twice."""
        return 4 * UNIT * 9 + UNIT + SLACK + 2 * plain_size


STAGE = StageInfo(
    name="bz2",
    summary="bzip2: slow, strong on text",
    make=Bz2,
    provider=lambda: Provider("bzip2 in Python", platform.python_version(), "bzip2-1.0.6"),
    options=(Option("level", 9, 1, 9, "bzip2's own blocks, in 100 kB"),),
)
