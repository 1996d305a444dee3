"""LZ78: phrases and the bytes behind them, Huffman-coded. Format: docs/format/lz78.md."""

from compressor.kernels import huffman, lz78
from compressor.stages.base import Bytes, StageInfo, ours


class Lz78:
    """Rounds of up to 65,535 tokens, each with a dictionary of its own."""

    block_size = 4 << 20  # bytes: a round ends where its dictionary is full, mostly within 1 MiB

    def encode(self, plain: Bytes) -> Bytes:
        """Return the rounds."""
        return lz78.encode(plain)

    def decode(self, packed: Bytes, plain_size: int) -> Bytes:
        """Return what the rounds stand for."""
        return lz78.decode(packed, plain_size)

    def encode_memory(self, plain_size: int) -> int:
        """Return the tables and the largest result."""
        return lz78.ENCODE_MEMORY + lz78.packed_bound(plain_size)

    def decode_memory(self, plain_size: int) -> int:
        """Return the tables and the result."""
        return lz78.DECODE_MEMORY + plain_size


STAGE = StageInfo(
    name="lz78",
    summary="LZ78: phrases and bytes, Huffman-coded; for study, and beside lzw",
    make=Lz78,
    provider=lambda: ours(huffman.kernel_name()),
    native=True,
)
