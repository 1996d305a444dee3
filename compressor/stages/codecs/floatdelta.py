"""Floats as differences from those of an earlier state. Format: docs/format/floatdelta.md."""

from struct import Struct

from compressor.kernels import floatdelta as kernel
from compressor.kernels import huffman
from compressor.stages.base import Bytes, StageInfo, ours, word_option
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
FEW = ((1 << 15, 10), (1 << 12, 4), (1 << 10, 2))
"""With so many elements, so many classes: each has tables of its own, which take their room."""
PARTS_SLACK = 32 << 10  # bytes: the heads of parts, and what holds their bytes


class FloatDelta:
    """Differences by the exponent of the base, and by byte."""

    def __init__(self, dtype: str = "bf16") -> None:
        self._words = LAYOUTS[dtype]
        self.block_size = BLOCK * self._words[0]

    def encode(self, plain: Bytes, base: Bytes) -> Bytes:
        """Return one packed block."""
        count, rest = divmod(len(plain), self._words[0])
        classes = 1 if kernel.equal(plain, base) else _classes_for(count)
        top = kernel.top_of(base, self._words) if classes > 1 else 0
        planes = kernel.Partition(base, self._words, classes, top).split(plain)
        parts = [pack_part(plane) for plane in planes if plane]
        return b"".join([HEAD.pack(classes - 1, top), *parts, plain[len(plain) - rest :]])

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
        return partition.join(planes, tail)

    def encode_memory(self, plain_size: int) -> int:
        """Return the planes, the parts, and the result, or a plane's bitmap and rest and their coding."""
        plane = plain_size // self._words[0]
        coding = 2 * plane + huffman.encode_memory(plane)
        return 2 * plain_size + max(plain_size, coding) + PARTS_SLACK

    def decode_memory(self, plain_size: int) -> int:
        """Return the planes, and the result, or a plane's bitmap and rest and their decoding."""
        plane = plain_size // self._words[0]
        decoding = 2 * plane + huffman.decode_memory(plane)
        return plain_size + max(plain_size, decoding) + PARTS_SLACK


def _classes_for(count: int) -> int:
    return next((classes for least, classes in FEW if count >= least), 1)


STAGE = StageInfo(
    name="floatdelta",
    summary="floats as differences from a base; the archiver chooses it for checkpoints",
    make=FloatDelta,
    provider=ours,
    options=(word_option("dtype", "bf16", tuple(LAYOUTS), "type of the elements", wire=True),),
    native=True,
    based=True,
)
