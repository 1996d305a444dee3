"""Zeros told by a bitmap, all else in a row: for what was pruned. Format: docs/format/zeromask.md."""

from collections.abc import Sequence

from compressor.kernels import zeromask as kernel
from compressor.stages.base import Bytes, Option, StageInfo, ours


class ZeroMask:
    """A bitmap, the elements that are not zero, and those that are so in their lowest bits alone."""

    def __init__(self, width: int = 4, bits: int = 0) -> None:
        self._width, self._bits = width, bits

    def encode(self, plain: Bytes) -> Sequence[Bytes]:
        """Return the streams, the bitmap first."""
        return kernel.split(plain, self._width, self._bits)

    def decode(self, streams: Sequence[Bytes], plain_size: int) -> Bytes:
        """Return the elements again."""
        return kernel.merge(streams, plain_size, self._width, self._bits)


def _outputs(width: int = 4, bits: int = 0) -> int:
    del width
    return 3 if bits else 2


STAGE = StageInfo(
    name="zeromask",
    summary="a bitmap of what is not zero, and that in a row: for pruned weights",
    make=ZeroMask,
    provider=ours,
    options=(
        Option("width", 4, 1, 8, "bytes of an element", wire=True, choices=(1, 2, 4, 8)),
        Option(
            "bits", 0, 0, 64, "lowest bits that are zero; 0: all, and nothing is kept", wire=True
        ),
    ),
    outputs=_outputs(),
    outputs_by=_outputs,
    native=True,
)
