"""What the codecs of the standard library share: one stream, decoded to exactly its size."""

from typing import Protocol

from compressor.errors import DamagedError
from compressor.stages.base import Bytes


class Decompressor(Protocol):
    """What zlib's, bz2's and lzma's decompressor objects have in common."""

    @property
    def eof(self) -> bool:
        """Whether the end of the stream was met."""
        ...

    @property
    def unused_data(self) -> bytes:
        """What follows the end of the stream."""
        ...

    def decompress(self, data: Bytes, max_length: int, /) -> bytes:
        """Return at most ``max_length`` bytes of the stream."""
        ...


def decode_stream(stream: Decompressor, packed: Bytes, plain_size: int) -> bytes:
    """Return the ``plain_size`` bytes of the one stream that ``packed`` is.

    Raises:
        DamagedError: the stream ends early or late, or something follows it.
    """
    # One byte more than promised: enough to see a bomb, and room in which the decoder meets the
    # end of a sound stream. Never 0, which means no limit to zlib.
    plain = stream.decompress(packed, plain_size + 1)
    if len(plain) != plain_size or not stream.eof:
        raise DamagedError(f"a stream does not end after its {plain_size} bytes")
    if stream.unused_data:
        raise DamagedError(f"{len(stream.unused_data)} bytes follow the end of a stream")
    return plain
