"""Golden files of floatdelta: `python tests/vectors/make_floatdelta.py`.

A file holds the packed bytes of one content beside one base; both come from formulas. A file that is
there is never written over: packed bytes once published are read for ever.
"""

import sys
from pathlib import Path
from struct import pack

from compressor.reference import floatdelta
from tests.vectors.make_floatsplit import mixed
from tests.vectors.make_huffman import noise

FOLDER = Path(__file__).parent / "floatdelta"


def weights(count: int, dtype: str) -> bytes:
    """Numbers of both signs, whose exponents halve in frequency from somewhat below that of 1 down."""
    width, mantissa_bits = floatdelta.TYPES[dtype]
    bias = (1 << 8 * width - 2 - mantissa_bits) - 1
    found = b""
    for x in noise(count):
        exponent = max(0, bias - 6 + (x & 0xFFFF | 1).bit_length() - 16)
        mantissa = x * 0x9E3779B97F4A7C15 % (1 << mantissa_bits)
        sign = (x >> 31) << 8 * width - 1
        found += (sign | exponent << mantissa_bits | mantissa).to_bytes(width, "little")
    return found


def stepped(base: bytes, dtype: str, rare: int) -> bytes:
    """The same, but one of ``rare`` moved: the farther, the smaller it is; through zero, too."""
    width, _ = floatdelta.TYPES[dtype]
    words = floatdelta.elements(base, width)
    found = b""
    for word, x in zip(words, noise(len(words)), strict=True):
        below = max(0, 120 - floatdelta.exponent_of(word, dtype))
        step = (x & 63) >> max(0, 4 - below) if not (x >> 8) % rare else 0
        moved = floatdelta.ordered(word, width) + (step if x >> 31 else -step)
        found += floatdelta.unordered(moved % (1 << 8 * width), width).to_bytes(width, "little")
    return found + base[len(words) * width :]


def pair(count: int, dtype: str, rare: int, tail: bytes = b"") -> tuple[bytes, bytes]:
    """Return new and old weights; of the tail, the old ones have it reversed."""
    base = weights(count, dtype)
    return stepped(base, dtype, rare) + tail, base + tail[::-1]


def crossed(width: int, exponent_bits: int) -> tuple[bytes, bytes]:
    """Special values and noise, both a place on from the other: zeros of both signs, NaNs."""
    old = mixed(width, exponent_bits)
    return old[width:] + old[:width], old


CASES: dict[str, tuple[str, tuple[bytes, bytes]]] = {
    "empty": ("fp32", (b"", b"")),
    "a-tail-alone": ("fp64", (b"1234567", b"7654321")),
    "nothing-new": ("bf16", (weights(999, "bf16"), weights(999, "bf16"))),
    "one-class": ("bf16", pair(1023, "bf16", 1)),
    "two-classes": ("fp32", pair(1500, "fp32", 1, b"xyz")),
    "four-classes": ("bf16", pair(5000, "bf16", 3, b"x")),
    "ten-classes-of-samples": ("fp16", pair(33_000, "fp16", 2)),
    "few-moved": ("fp32", pair(4096, "fp32", 40)),
    "doubles": ("fp64", pair(1200, "fp64", 2, b"1234567")),
    "crossed-fp64": ("fp64", crossed(8, 11)),
    "crossed-fp32": ("fp32", crossed(4, 8)),
    "crossed-bf16": ("bf16", crossed(2, 8)),
    "crossed-fp16": ("fp16", crossed(2, 5)),
    "crossed-fp8-e4m3": ("fp8_e4m3", crossed(1, 4)),
    "crossed-fp8-e5m2": ("fp8_e5m2", crossed(1, 5)),
    "signs": (
        "fp32",
        (pack("<4f", 0.0, -0.0, 1.0, -1.0) * 80, pack("<4f", -0.0, 0.0, -1.0, 1.0) * 80),
    ),
}
"""Name of a golden file -> dtype, and the plain bytes with their base."""


def main() -> int:
    """Write the files that are missing."""
    FOLDER.mkdir(exist_ok=True)
    for name, (dtype, (plain, base)) in CASES.items():
        path = FOLDER / f"{name}.packed"
        if path.exists():
            sys.stdout.write(f"{path.name} is there and stays as it is\n")
        else:
            path.write_bytes(floatdelta.encode(plain, base, dtype))
            sys.stdout.write(f"{path.name} written\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
