"""LZW: phrases of a growing dictionary, our own kernel. Format: docs/format/lzw.md."""

from compressor.kernels import lzw
from compressor.stages.base import Bytes, Option, StageInfo, ours, word_option

RESETS = ("ratio", "full")


class Lzw:
    """Codes of 9 to ``max_bits`` bits; the stream says so itself."""

    # Against one stream, 512 KiB cost .9 % on stdlib text and 1.5 % on images, 1 MiB .4 and .3 %.
    block_size = 1 << 20  # bytes; measured with benchmarks/lzw.py

    def __init__(self, max_bits: int = 16, reset: str = "ratio") -> None:
        self._max_bits = max_bits
        self._reset = reset

    def encode(self, plain: Bytes) -> Bytes:
        """Return the header and the codes."""
        return lzw.encode(plain, self._max_bits, self._reset)

    def decode(self, packed: Bytes, plain_size: int) -> Bytes:
        """Return what the codes stand for."""
        return lzw.decode(packed, plain_size)

    def encode_memory(self, plain_size: int) -> int:
        """Return the tables and the longest result, a code a byte."""
        return lzw.ENCODE_TABLES + lzw.encode_bound(plain_size, self._max_bits)

    def decode_memory(self, plain_size: int) -> int:
        """Return the tables and the result."""
        return lzw.DECODE_TABLES + plain_size


STAGE = StageInfo(
    name="lzw",
    summary="LZW, as in compress(1): old, simple, quick to decode",
    make=Lzw,
    provider=ours,
    options=(
        Option("max_bits", 16, 9, 16, "width of the widest code"),
        word_option(
            "reset", "ratio", RESETS, "clear a full dictionary once it packs worse, or at once"
        ),
    ),
    native=True,
)
