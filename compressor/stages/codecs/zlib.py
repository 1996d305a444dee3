"""Deflate in a zlib stream (RFC 1950), through the standard library."""

import zlib

from compressor.errors import DamagedError
from compressor.stages.base import Bytes, Option, Provider, StageInfo
from compressor.stages.streams import decode_stream

WINDOW_BITS = 15  # 32 KiB, and a zlib header: neither gzip nor raw deflate is taken for it
ENCODER = 288 << 10  # bytes; zconf.h: (1 << (15 + 2)) + (1 << (8 + 9)), and its own fields
DECODER = 64 << 10  # bytes; zconf.h: (1 << 15), and tables of about 7 KiB
SLACK = 256 << 10  # bytes; the allocator's, on top of either


class Zlib:
    """Levels 0 (stored) to 9."""

    block_size = 1 << 20  # bytes; decisions/0005-block-sizes.md

    def __init__(self, level: int = 6) -> None:
        self._level = level

    def encode(self, plain: Bytes) -> Bytes:
        """Return one zlib stream."""
        return zlib.compress(plain, self._level, wbits=WINDOW_BITS)

    def decode(self, packed: Bytes, plain_size: int) -> Bytes:
        """Return the content of one zlib stream of ``plain_size`` bytes."""
        try:
            return decode_stream(zlib.decompressobj(WINDOW_BITS), packed, plain_size)
        except zlib.error as error:
            raise DamagedError(f"a zlib stream is damaged ({error})") from error

    def encode_memory(self, plain_size: int) -> int:
        """Return the state, and data that does not shrink: in pieces, then joined."""
        return ENCODER + SLACK + 2 * (plain_size + (plain_size >> 10))

    def decode_memory(self, plain_size: int) -> int:
        """Return the state, and the output: in pieces, then joined."""
        return DECODER + SLACK + 2 * plain_size


STAGE = StageInfo(
    name="zlib",
    summary="Deflate as in gzip, zip and PNG: understood everywhere",
    make=Zlib,
    provider=lambda: Provider("zlib", zlib.ZLIB_RUNTIME_VERSION, "Zlib"),
    options=(Option("level", 6, 0, 9, "stored (0), speed (1) against size (9)"),),
)
