"""LZ77: repeats within a block, coded by our Huffman code. Format: docs/format/lz77.md."""

from compressor.kernels import lz77 as kernel
from compressor.stages.base import Bytes, Option, StageInfo, ours

BLOCK_SIZES = ((7, 16 << 20), (4, 8 << 20), (1, 4 << 20))
"""From which level on, which block (bytes): matches reach back over a whole block."""


class Lz77:
    """Levels 1 to 9; the packed bytes do not say which."""

    def __init__(self, level: int = 5) -> None:
        self._level = level

    @property
    def block_size(self) -> int:
        """As zstd's of like speed: decisions/0005-block-sizes.md."""
        return next(size for least, size in BLOCK_SIZES if self._level >= least)

    def encode(self, plain: Bytes) -> Bytes:
        """Return one packed block."""
        return kernel.encode(plain, self._level)

    def decode(self, packed: Bytes, plain_size: int) -> Bytes:
        """Return the content of one packed block."""
        return kernel.decode(packed, plain_size)

    def encode_memory(self, plain_size: int) -> int:
        """Return the largest result, the tables and a chunk's scratch."""
        return kernel.encode_memory(plain_size, self._level)

    def decode_memory(self, plain_size: int) -> int:
        """Return the result and a chunk's scratch."""
        return kernel.decode_memory(plain_size)


STAGE = StageInfo(
    name="lz77",
    summary="native: repeats, and our Huffman code: near zstd's sizes and speeds",
    make=Lz77,
    provider=lambda: ours(kernel.kernel_name()),
    options=(Option("level", 5, 1, 9, "speed (1) against size (9)"),),
    native=True,
)
