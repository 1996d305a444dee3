"""A stage for compressor, in a package of its own: `--codec 'bytedelta:width=4 > zstd'`."""

from collections.abc import Sequence
from itertools import accumulate

from compressor.errors import DamagedError
from compressor.stages.base import Bytes, Option, Provider, StageInfo


class ByteDelta:
    """A filter: each byte minus the one ``width`` bytes before it."""

    def __init__(self, width: int = 1) -> None:
        self._width = width

    def encode(self, plain: Bytes) -> Sequence[Bytes]:
        before = bytes(self._width) + bytes(plain)
        return [bytes((now - then) & 255 for now, then in zip(plain, before, strict=False))]

    def decode(self, streams: Sequence[Bytes], plain_size: int) -> Bytes:
        plain = bytearray(streams[0])
        if len(plain) != plain_size:
            raise DamagedError(f"bytedelta has {len(plain)} bytes instead of {plain_size}")
        for lane in range(self._width):
            sums = accumulate(plain[lane :: self._width], lambda sum_, step: (sum_ + step) & 255)
            plain[lane :: self._width] = bytes(sums)
        return plain


def _provider() -> Provider:
    return Provider("compressor-bytedelta", "1.0", "Apache-2.0")


WIDTH = Option("width", 1, 1, 64, "bytes of a number", wire=True)
DELTA = StageInfo("bytedelta", "steps of bytes", ByteDelta, _provider, options=(WIDTH,), outputs=1)
