"""Golden files of floatsplit: `python tests/vectors/make_floatsplit.py`.

A file holds the streams of one content one behind another; the content comes from a formula. A file
that is there is never written over: streams once published are read for ever.
"""

import struct
import sys
from itertools import islice
from pathlib import Path

from compressor.reference import floatsplit
from tests.vectors.make_huffman import noise

FOLDER = Path(__file__).parent / "floatsplit"
COUNT = 150  # elements: whole turns of every path, and some more


def fp32() -> bytes:
    """Fractions of both signs and many sizes, by their bits."""
    bits = ((x & 0x807FFFFF) | (127 - (x >> 23 & 15)) << 23 for x in noise(COUNT))
    return struct.pack(f"<{COUNT}I", *bits)


def special(width: int, exponent_bits: int) -> bytes:
    """Zeros, the least subnormal, the largest, infinities and NaNs with a payload, both signs."""
    top = ((1 << exponent_bits) - 1) << (8 * width - 1 - exponent_bits)
    words = [0, 1, top - 1, top, top | 5 % (1 << 8 * width - 1 - exponent_bits)]
    sign = 1 << 8 * width - 1
    return b"".join((s | w).to_bytes(width, "little") for w in words for s in (0, sign))


def mixed(width: int, exponent_bits: int) -> bytes:
    """Special values, noise, and a tail of all but one byte of an element."""
    count = width * COUNT + width - 1
    return special(width, exponent_bits) + bytes(x & 255 for x in islice(noise(count), count))


CASES: dict[str, tuple[str, int, bytes]] = {
    "empty": ("fp64", 0, b""),
    "a-tail-alone": ("fp64", 0, b"1234567"),
    "fractions": ("fp32", 1, fp32()),
    "upper-halves": ("bf16", 2, b"".join(fp32()[at + 2 : at + 4] for at in range(0, 600, 4))),
    "fp64": ("fp64", 0, mixed(8, 11)),
    "fp64-2": ("fp64", 2, mixed(8, 11)),
    "fp32": ("fp32", 0, mixed(4, 8)),
    "bf16": ("bf16", 0, mixed(2, 8)),
    "fp16": ("fp16", 0, mixed(2, 5)),
    "fp8-e4m3": ("fp8_e4m3", 0, mixed(1, 4)),
    "fp8-e5m2": ("fp8_e5m2", 2, mixed(1, 5)),
}
"""Name of a golden file -> dtype, mantissa_bits and the plain bytes."""


def main() -> int:
    """Write the files that are missing."""
    FOLDER.mkdir(exist_ok=True)
    for name, (dtype, mantissa_bits, plain) in CASES.items():
        path = FOLDER / f"{name}.streams"
        if path.exists():
            sys.stdout.write(f"{path.name} is there and stays as it is\n")
        else:
            path.write_bytes(b"".join(floatsplit.split(plain, dtype, mantissa_bits)))
            sys.stdout.write(f"{path.name} written\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
