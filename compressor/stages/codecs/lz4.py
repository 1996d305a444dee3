"""LZ4 blocks through python-lz4: no frame, no size, no check, as the archive holds them already."""

import lz4
import lz4.block

from compressor.errors import DamagedError
from compressor.stages.base import Bytes, Option, Provider, StageInfo

BLOCK_MAX = 0x7E000000  # bytes; LZ4_MAX_INPUT_SIZE
SLACK = 512 << 10  # bytes; tables (16 KiB fast, 256 KiB HC), and the allocator's


class Lz4:
    """Levels 2 to 12 are LZ4 HC's; 0 and 1 the fast ones; -n searches n times more coarsely.

    As in lz4's frame library, level -n means acceleration n + 1.
    """

    block_size = 1 << 20  # bytes; decisions/0005-block-sizes.md

    def __init__(self, level: int = 1) -> None:
        self._mode: dict[str, str | int] = {"mode": "default"}
        if level < 0:
            self._mode = {"mode": "fast", "acceleration": 1 - level}
        elif level > 1:
            self._mode = {"mode": "high_compression", "compression": level}

    def encode(self, plain: Bytes) -> Bytes:
        """Return one block."""
        packed: bytes = lz4.block.compress(plain, store_size=False, **self._mode)
        return packed

    def decode(self, packed: Bytes, plain_size: int) -> Bytes:
        """Return the content of one block of ``plain_size`` bytes."""
        if plain_size > BLOCK_MAX:
            raise DamagedError(f"an LZ4 block claims {plain_size} bytes")
        try:
            plain: bytes = lz4.block.decompress(packed, uncompressed_size=plain_size)
        except lz4.block.LZ4BlockError as error:
            raise DamagedError(f"an LZ4 block is damaged ({error})") from error
        if len(plain) != plain_size:  # the library takes the size for an upper limit
            raise DamagedError(f"an LZ4 block gave {len(plain)} bytes instead of {plain_size}")
        return plain

    def encode_memory(self, plain_size: int) -> int:
        """Return the tables, and data that does not shrink: the library's buffer and its copy."""
        return SLACK + 2 * (plain_size + (plain_size >> 7))

    def decode_memory(self, plain_size: int) -> int:
        """Return the output: the library's buffer and its copy."""
        return SLACK + 2 * plain_size


def _provider() -> Provider:
    name = f"python-lz4 {lz4.version.version}"
    return Provider(name, lz4.library_version_string(), "BSD-3-Clause")


STAGE = StageInfo(
    name="lz4",
    summary="LZ4: decodes at the speed of memory",
    make=Lz4,
    provider=_provider,
    options=(Option("level", 1, -64, 12, "speed (-64) against size (12); 2 and up: LZ4 HC"),),
)
