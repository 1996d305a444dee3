"""Zstandard through python-zstandard: a frame a block, its size in it, no checksum but ours."""

import threading

import zstandard

from compressor.errors import DamagedError
from compressor.stages.base import Bytes, Option, Provider, StageInfo

BLOCK_SIZES = ((20, 64 << 20), (17, 32 << 20), (9, 16 << 20), (3, 8 << 20), (-7, 4 << 20))
"""From which level on, which block (bytes): the higher the level, the wider its window."""
WHOLE_WINDOW = 9
"""From this level on the window is as large as the block: decoding needs none, and .3 % is gained."""
NO_WINDOW = 1 << 10  # bytes, the least; whole frames need none, and cut ones then take nothing
LEAST_WINDOW = 4 << 20  # bytes; no level from 9 on has a smaller one of its own
EMPTY_FRAME = bytes.fromhex("28b52ffd2000010000")
"""What 0 bytes become, alone accepted: python-zstandard reads no further than a size of 0."""


class Zstd:
    """Levels -7 to 22; ``long`` widens the window to 2**long bytes to find far repeats."""

    def __init__(self, level: int = 3, long: int = 0) -> None:
        self._level = level
        self._long = long
        self._thread = threading.local()  # contexts are costly to make and not to be shared

    @property
    def block_size(self) -> int:
        """Measured: decisions/0018-largest-blocks.md."""
        own = next(size for least, size in BLOCK_SIZES if self._level >= least)
        return max(own, 1 << self._long)

    def encode(self, plain: Bytes) -> Bytes:
        """Return one frame."""
        if getattr(self._thread, "size", None) != len(plain):
            parameters = self._parameters(len(plain), ldm=self._long > 0)
            self._thread.compressor = zstandard.ZstdCompressor(compression_params=parameters)
            self._thread.size = len(plain)
        packed: bytes = self._thread.compressor.compress(plain)
        return packed

    def decode(self, packed: Bytes, plain_size: int) -> Bytes:
        """Return the content of one frame, whose header must declare ``plain_size``."""
        if plain_size == 0:
            if packed != EMPTY_FRAME:
                raise DamagedError("a zstd frame does not declare 0 bytes")
            return b""
        if not hasattr(self._thread, "decompressor"):
            self._thread.decompressor = zstandard.ZstdDecompressor(max_window_size=NO_WINDOW)
        try:
            # Checked first: the library allocates what the frame declares.
            if zstandard.frame_content_size(packed) != plain_size:
                raise DamagedError(f"a zstd frame does not declare {plain_size} bytes")
            plain: bytes = self._thread.decompressor.decompress(
                packed, max_output_size=plain_size, allow_extra_data=False
            )
        except zstandard.ZstdError as error:
            raise DamagedError(f"a zstd frame is damaged ({error})") from error
        return plain

    def encode_memory(self, plain_size: int) -> int:
        """Return zstd's own estimate, its table for far repeats, and the largest frame."""
        parameters = self._parameters(plain_size, ldm=False)
        context: int = parameters.estimated_compression_context_size()
        if self._long:
            # zstd_ldm.c: 8 bytes for each of 2**(window_log - hash_rate_log). python-zstandard's
            # estimate divides by zero, and so ends the process, where such matching is on.
            context += 8 << (self._long - 7 + parameters.strategy // 3)
        return context + plain_size + (plain_size >> 8) + 1024

    def decode_memory(self, plain_size: int) -> int:
        """Return the output and a context; whole frames need no window."""
        return plain_size + (1 << 20)

    def _parameters(self, size: int, *, ldm: bool) -> zstandard.ZstdCompressionParameters:
        window = {"window_log": self._long} if self._long else {}
        if not self._long and self._level >= WHOLE_WINDOW and size > LEAST_WINDOW:
            window = {"window_log": (size - 1).bit_length()}
        return zstandard.ZstdCompressionParameters.from_level(
            self._level,
            source_size=size,
            write_content_size=True,
            write_checksum=False,
            enable_ldm=ldm,
            **window,
        )


def _provider() -> Provider:
    version = ".".join(map(str, zstandard.ZSTD_VERSION))
    return Provider(f"python-zstandard {zstandard.__version__}", version, "BSD-3-Clause")


STAGE = StageInfo(
    name="zstd",
    summary="Zstandard: fast, strong, the default",
    make=Zstd,
    provider=_provider,
    options=(
        Option("level", 3, -7, 22, "speed (-7) against size (22)"),
        Option(
            "long",
            0,
            0,
            30,
            "window of 2**long bytes with long-distance matching; 0: the level's",
            choices=(0, *range(20, 31)),
        ),
    ),
)
