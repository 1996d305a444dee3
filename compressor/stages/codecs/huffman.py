"""Our Huffman code, laid out as a tree of bitmaps: docs/format/huffman.md."""

from compressor.kernels import huffman as kernel
from compressor.stages.base import Bytes, StageInfo, ours


class Huffman:
    """Chunks of 128 KiB, each with the cheapest of four forms."""

    block_size = 4 << 20  # bytes: chunks are coded alone, so that only per-block costs count

    def encode(self, plain: Bytes) -> Bytes:
        """Return one packed block."""
        return kernel.encode(plain)

    def decode(self, packed: Bytes, plain_size: int) -> Bytes:
        """Return the content of one packed block."""
        return kernel.decode(packed, plain_size)

    def encode_memory(self, plain_size: int) -> int:
        """Return the largest result and a chunk's scratch."""
        return kernel.encode_memory(plain_size)

    def decode_memory(self, plain_size: int) -> int:
        """Return the result and the scratch of the largest chunk there may be."""
        return kernel.decode_memory(plain_size)


STAGE = StageInfo(
    name="huffman",
    summary="Huffman as a tree of bitmaps: fast, for bytes of uneven frequency such as exponents",
    make=Huffman,
    provider=lambda: ours(kernel.kernel_name()),
    native=True,
)
