"""Floats into streams by the place of their bytes, exponents first. Format: docs/format/floatsplit.md."""

from collections.abc import Sequence

from compressor.kernels import floatsplit as kernel
from compressor.stages.base import Bytes, Option, StageInfo, ours, word_option

LAYOUTS = {
    "fp64": (8, 4, (1023 - 127) << 52),  # 8 bits hold the exponents that fp32 has
    "fp32": (4, 1, 0),
    "bf16": (2, 1, 0),
    "fp16": (2, 1, 0),
    "fp8_e4m3": (1, 1, 0),
    "fp8_e5m2": (1, 1, 0),
}
"""Type of the elements -> their bytes, the rotation that brings the exponent to the front, the offset."""


class FloatSplit:
    """A stream for each byte of an element."""

    def __init__(self, dtype: str = "bf16", mantissa_bits: int = 0) -> None:
        width, rotation, offset = LAYOUTS[dtype]
        self.words = width, rotation + mantissa_bits, offset

    def encode(self, plain: Bytes) -> Sequence[Bytes]:
        """Return the streams, the one of the exponents first."""
        return kernel.split(plain, self.words)

    def decode(self, streams: Sequence[Bytes], plain_size: int) -> Bytes:
        """Return the elements again."""
        return kernel.merge(streams, plain_size, self.words)


def _outputs(dtype: str = "bf16", mantissa_bits: int = 0) -> int:
    del mantissa_bits
    return LAYOUTS[dtype][0]


STAGE = StageInfo(
    name="floatsplit",
    summary="floats, a stream for each byte of an element: exponents, then mantissas",
    make=FloatSplit,
    provider=lambda: ours(kernel.kernel_name()),
    options=(
        word_option("dtype", "bf16", tuple(LAYOUTS), "type of the elements", wire=True),
        Option("mantissa_bits", 0, 0, 2, "so many go with the exponent", wire=True),
    ),
    outputs=_outputs(),
    outputs_by=_outputs,
    native=True,
)
