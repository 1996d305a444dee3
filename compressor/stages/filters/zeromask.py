"""Zeros told by a bitmap, all else in a row: for what was pruned. Format: docs/format/zeromask.md."""

from collections.abc import Sequence

from compressor import __version__
from compressor.kernels import zeromask as kernel
from compressor.stages.base import Bytes, Option, Provider, StageInfo


class ZeroMask:
    """A bitmap, and the elements that are not zero."""

    def __init__(self, width: int = 4) -> None:
        self._width = width

    def encode(self, plain: Bytes) -> Sequence[Bytes]:
        """Return the bitmap and the rest."""
        return kernel.split(plain, self._width)

    def decode(self, streams: Sequence[Bytes], plain_size: int) -> Bytes:
        """Return the elements again."""
        return kernel.merge(streams, plain_size, self._width)


STAGE = StageInfo(
    name="zeromask",
    summary="a bitmap of what is not zero, and that in a row: for pruned weights",
    make=ZeroMask,
    provider=lambda: Provider("compressor", __version__, "Apache-2.0"),
    options=(Option("width", 4, 1, 8, "bytes of an element", wire=True, choices=(1, 2, 4, 8)),),
    outputs=2,
    native=True,
)
