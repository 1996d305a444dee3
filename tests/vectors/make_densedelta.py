"""Golden files of densedelta: `python tests/vectors/make_densedelta.py`.

A file holds the packed bytes of one content beside one base; both come from formulas. A file that is
there is never written over: packed bytes once published are read for ever.
"""

import sys
from pathlib import Path

from compressor.reference import densedelta, floatdelta
from compressor.stages.chain import encode, parse
from tests.vectors import make_dense
from tests.vectors.make_floatdelta import crossed, pair, weights
from tests.vectors.make_huffman import noise

FOLDER = Path(__file__).parent / "densedelta"

Case = tuple[str, int, tuple[bytes, bytes]]


def trained(count: int, columns: int, dtype: str, *, falls: bool = False) -> tuple[bytes, bytes]:
    """Weights, and where an outer product took them, with some noise; more to zero, if they fall."""
    width, _ = floatdelta.TYPES[dtype]
    base = weights(count, dtype)
    exponents = (floatdelta.exponent_of(word, dtype) for word in floatdelta.elements(base, width))
    top = max(exponents, default=0)
    found = bytearray()
    words = zip(floatdelta.elements(base, width), noise(count), strict=True)
    for i, (word, x) in enumerate(words):
        row, column = divmod(i, columns)
        way = (row * 7 % 11 - 5) * (column * 5 % 13 - 6) * 8 + (x & 31) - 16
        way <<= min(top - floatdelta.exponent_of(word, dtype), 8 * width - 12)
        if falls and x >> 8 & 3:
            way = -abs(way) if not word >> 8 * width - 1 else abs(way)
        moved = (floatdelta.ordered(word, width) + way // 16) % (1 << 8 * width)
        found += floatdelta.unordered(moved, width).to_bytes(width, "little")
    return bytes(found), base


def trained_bytes(
    count: int, columns: int, dtype: str, *, falls: bool = False
) -> tuple[bytes, bytes]:
    """The same of 8 bits: by steps of their order."""
    base, found = make_dense.weights(count, columns, dtype), bytearray()
    for i, (byte, x) in enumerate(zip(base, noise(count), strict=True)):
        row, column = divmod(i, columns)
        step = ((row * 7 % 11 - 5) * (column * 5 % 13 - 6) + (x & 15) - 8) // 8
        if falls and x >> 8 & 3:
            step = -abs(step) if byte < 128 else abs(step)
        moved = (densedelta.ordered(byte, dtype) + step) % 256
        found.append(densedelta.unordered(moved, dtype))
    return bytes(found), base


def frozen(count: int, columns: int) -> tuple[bytes, bytes]:
    """Two of three rows did not move, nor did every fourth column."""
    new, old = pair(count, "bf16", 1)
    still = [i // columns % 3 or not i % columns % 4 for i in range(count)]
    kept = [(old if at else new)[2 * i : 2 * i + 2] for i, at in enumerate(still)]
    return b"".join(kept), old


def tailed(both: tuple[bytes, bytes], tail: bytes) -> tuple[bytes, bytes]:
    """Return both with a tail, the base's reversed."""
    return both[0] + tail, both[1] + tail[::-1]


CASES: dict[str, Case] = {
    "empty": ("bf16", 64, (b"", b"")),
    "a-tail-alone": ("fp32", 64, (b"abc", b"cba")),
    "the-page-s": (
        "bf16",
        3,
        (bytes.fromhex("813f20c0008081bf42"), bytes.fromhex("803f20c0000080bf41")),
    ),
    "nothing-new": ("bf16", 9, (weights(999, "bf16"), weights(999, "bf16"))),
    "rows-alone": ("bf16", 64, pair(1000, "bf16", 2, b"t")),
    "columns": ("fp32", 30, pair(2000, "fp32", 1, b"xyz")),
    "halves": ("fp16", 30, pair(2001, "fp16", 3, b"t")),
    "frozen": ("bf16", 20, frozen(2000, 20)),
    "factors": ("bf16", 60, tailed(trained(6000, 60, "bf16"), b"t")),
    "factors-fp32": ("fp32", 60, trained(3000, 60, "fp32")),
    "factors-fp16": ("fp16", 60, trained(4000, 60, "fp16")),
    "falling": ("fp32", 60, trained(3000, 60, "fp32", falls=True)),
    "falling-bf16": ("bf16", 64, trained(4000, 64, "bf16", falls=True)),
    "integers": ("int8", 60, trained_bytes(6000, 60, "int8")),
    "integers-by-rows": ("int8", 64, trained_bytes(1000, 64, "int8")),
    "integers-falling": ("int8", 60, trained_bytes(4000, 60, "int8", falls=True)),
    "e4m3": ("fp8_e4m3", 60, trained_bytes(6000, 60, "fp8_e4m3")),
    "e5m2": ("fp8_e5m2", 60, trained_bytes(6000, 60, "fp8_e5m2")),
    "no-bytes": ("int8", 64, (b"", b"")),
    "crossed-int8": ("int8", 9, (bytes(37 * x % 256 for x in range(768)), bytes(range(256)) * 3)),
    "crossed-e4m3": ("fp8_e4m3", 9, crossed(1, 4)),
    "crossed-e5m2": ("fp8_e5m2", 9, crossed(1, 5)),
    "crossed-fp32": ("fp32", 9, crossed(4, 8)),
    "crossed-bf16": ("bf16", 9, crossed(2, 8)),
    "crossed-fp16": ("fp16", 9, crossed(2, 5)),
}
"""Name of a golden file -> dtype, columns, and the plain bytes with their base."""


def main() -> int:
    """Write the files that are missing."""
    FOLDER.mkdir(exist_ok=True)
    for name, (dtype, columns, (plain, base)) in CASES.items():
        path = FOLDER / f"{name}.packed"
        if path.exists():
            sys.stdout.write(f"{path.name} is there and stays as it is\n")
        else:
            chain = parse(f"densedelta:dtype={dtype}:columns={columns}")
            path.write_bytes(b"".join(map(bytes, encode(chain, plain, base).parts)))
            sys.stdout.write(f"{path.name} written\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
