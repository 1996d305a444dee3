"""Floats as differences from those of an earlier state. Format: docs/format/floatdelta.md."""

from struct import Struct

from compressor import __version__
from compressor.kernels import floatdelta as kernel
from compressor.kernels import huffman
from compressor.stages.base import Bytes, Provider, StageInfo, word_option
from compressor.stages.parts import PartReader, damaged, pack_part

LAYOUTS = {
    "fp64": (8, 52),
    "fp32": (4, 23),
    "bf16": (2, 7),
    "fp16": (2, 10),
    "fp8_e4m3": (1, 3),
    "fp8_e5m2": (1, 2),
}
"""Type of the elements -> their bytes, and the bits of their mantissa."""
HEAD = Struct("<BH")
CLASSES_MAX = 16
BLOCK = 256 << 10  # elements
FEW = ((1 << 15, 8), (1 << 13, 4), (1 << 11, 2))
"""With so many elements, so many classes: each has tables of its own, which take their room."""
PARTS_SLACK = 8 << 10  # bytes: heads of the parts, and the list of their bytes


class FloatDelta:
    """Differences by the exponent of the base, and by byte."""

    def __init__(self, dtype: str = "bf16") -> None:
        self._words = LAYOUTS[dtype]
        self.block_size = BLOCK * self._words[0]

    def encode(self, plain: Bytes, base: Bytes) -> Bytes:
        """Return one packed block."""
        classes = self._classes_for(plain, base)
        top = kernel.top_of(base, self._words)
        partition = kernel.Partition(base, self._words, classes, top)
        planes = partition.split(plain)
        tail = bytes(memoryview(plain)[len(plain) - len(plain) % self._words[0] :])
        parts = [pack_part(plane) for plane in planes if plane]
        return b"".join([HEAD.pack(classes - 1, top), *parts, tail])

    def _classes_for(self, plain: Bytes, base: Bytes) -> int:
        if kernel.equal(plain, base):
            return 1
        count = len(plain) // self._words[0]
        return next((classes for least, classes in FEW if count >= least), 1)

    def decode(self, packed: Bytes, plain_size: int, base: Bytes) -> Bytes:
        """Return the content of one packed block."""
        width, mantissa_bits = self._words
        reader = PartReader(packed)
        if len(packed) < HEAD.size:
            raise damaged(1, "its head is cut")
        last, top = HEAD.unpack(reader.take(HEAD.size))
        if last >= CLASSES_MAX or top >> (8 * width - 1 - mantissa_bits):
            raise damaged(2, "its head is out of range")
        partition = kernel.Partition(base, self._words, last + 1, top)
        planes = [
            reader.part(size) if size else b"" for size in partition.sizes for _ in range(width)
        ]
        tail = reader.take(plain_size % width)
        reader.end()
        whole = partition.join(planes)
        return whole + tail if tail else whole

    def encode_memory(self, plain_size: int) -> int:
        """Return the planes twice, plain and packed; the elements in order, or a plane's coding."""
        plane = plain_size // self._words[0]
        return 3 * plain_size + max(plain_size, huffman.encode_memory(plane) + plane) + PARTS_SLACK

    def decode_memory(self, plain_size: int) -> int:
        """Return the planes, the elements in order and the result, or a plane's decoding."""
        plane = plain_size // self._words[0]
        return plain_size + max(2 * plain_size, huffman.decode_memory(plane) + plane) + PARTS_SLACK


STAGE = StageInfo(
    name="floatdelta",
    summary="floats as differences from a base; the archiver chooses it for checkpoints",
    make=FloatDelta,
    provider=lambda: Provider("compressor", __version__, "Apache-2.0"),
    options=(word_option("dtype", "bf16", tuple(LAYOUTS), "type of the elements", wire=True),),
    native=True,
    based=True,
)
