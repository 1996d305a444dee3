"""Bytes kept as they are, for data that does not shrink."""

from compressor.errors import DamagedError
from compressor.stages.base import Bytes, StageInfo, ours


class Store:
    """The identity."""

    block_size = 4 << 20  # bytes; decisions/0005-block-sizes.md

    def encode(self, plain: Bytes) -> Bytes:
        """Return ``plain``."""
        return plain

    def decode(self, packed: Bytes, plain_size: int) -> Bytes:
        """Return ``packed``, once its length is the promised one."""
        if len(packed) != plain_size:
            raise DamagedError(f"a stored block has {len(packed)} bytes instead of {plain_size}")
        return packed

    def encode_memory(self, plain_size: int) -> int:
        """Return the working memory: none."""
        del plain_size
        return 0

    def decode_memory(self, plain_size: int) -> int:
        """Return the working memory: none."""
        del plain_size
        return 0


STAGE = StageInfo(
    name="store",
    summary="bytes kept as they are",
    make=Store,
    provider=ours,
)
