"""Golden files of dense: `python tests/vectors/make_dense.py`.

A file holds the packed bytes of one content, which comes from a formula. A file that is there is never
written over: packed bytes once published are read for ever.
"""

import struct
import sys
from pathlib import Path

from compressor.reference.dense_shapes import LOWER, TYPES
from compressor.stages.chain import encode, parse
from tests.vectors.make_floatsplit import mixed
from tests.vectors.make_huffman import noise

FOLDER = Path(__file__).parent / "dense"


def weights(count: int, columns: int, dtype: str, *, cut: int = 0, leans: bool = False) -> bytes:
    """Numbers about as large as their row and column say; the lowest ``cut`` bits of each are zero.

    Where they lean, every third column has the one sign more often than the other.
    """
    if dtype == "int8":
        return integers(count, columns, leans=leans)
    width, mantissa_bits, bias = TYPES[dtype]
    found = bytearray()
    for i, x in enumerate(noise(count)):
        row, column = divmod(i, columns)
        exponent = (
            bias
            + (4 if width == 1 else -5)
            - row % 3
            - column * 5 % 4
            - (x & 0xFFF | 16).bit_length() % 13 // 3
        )
        mantissa = (x >> 12 & 0x1F) << max(mantissa_bits - 5, 0) | x * 0x9E3779B97F4A7C15 % 67 % 32
        sign = (x >> 31 & 1) | (leans and not column % 3 and x >> 29 & 3 != 0)
        element = max(exponent, 0) << mantissa_bits | mantissa % (1 << mantissa_bits)
        element = element >> cut << cut
        found += bytes([0, x & 7, x >> 3 & 255, x >> 7 & 255][: LOWER.get(dtype, 0)])
        found += (sign << 8 * width - 1 | element).to_bytes(width, "little")
    return bytes(found)


def integers(count: int, columns: int, *, leans: bool = False, scaled: bool = False) -> bytes:
    """Bell-shaped integers of one byte; scaled: so that each row has 127 twice."""
    found = bytearray()
    for i, x in enumerate(noise(count)):
        row, column = divmod(i, columns)
        bell = abs((x & 0xFFFFFF).bit_count() * 8 + (x >> 24 & 7) - 100)
        size = bell * (2 + row % 3) * (1 + column * 5 % 4) // 16
        size = 127 if scaled and column in {row % columns, row * 7 % columns} else min(size, 100)
        minus = x >> 31 & 1 | (leans and not column % 3 and x >> 29 & 3 != 0)
        found.append((-size if minus else size) % 256)
    return bytes(found)


def holed(plain: bytes, width: int, holes: int, *, minus: bool = False) -> bytes:
    """Put zeros into every ``holes``-th place, or, by turns, zeros with a minus."""
    found = bytearray(plain)
    for i, at in enumerate(range(0, len(plain) // width * width, holes * width)):
        found[at : at + width] = bytes(width - 1) + bytes([128 if minus and i % 2 else 0])
    return bytes(found)


def spiky(count: int, columns: int) -> bytes:
    """Numbers as large as any in half of the columns; in the others most are small, and few very large."""
    found = bytearray()
    for i, x in enumerate(noise(count)):
        exponent = 120 - (x & 1)
        if i % columns % 2:
            exponent = 122 if x % 16 == 0 else 116 - (x >> 9 & 3)
        found += ((x >> 31) << 15 | exponent << 7 | x >> 12 & 127).to_bytes(2, "little")
    return bytes(found)


def spiky_doubles(count: int, columns: int) -> bytes:
    """The same as fp64, which ends in 45 zeros then."""
    return b"".join(
        struct.pack("<d", *struct.unpack("<f", bytes(2) + one))
        for one in map(bytes, zip(*[iter(spiky(count, columns))] * 2, strict=True))
    )


CASES: dict[str, tuple[str, int, bytes]] = {
    "empty": ("bf16", 64, b""),
    "a-tail-alone": ("fp32", 64, b"abc"),
    "one": ("bf16", 1, b"\x80\x3f"),
    "zeros": ("fp16", 8, bytes(2000)),
    "rows-alone": ("bf16", 64, weights(1000, 64, "bf16") + b"t"),
    "columns": ("bf16", 48, weights(3000, 48, "bf16")),
    "halves": ("fp16", 30, weights(3001, 30, "fp16") + b"t"),
    "singles": ("fp32", 30, weights(2000, 30, "fp32") + b"xyz"),
    "short-singles": ("fp32", 30, weights(2000, 30, "fp32", cut=15)),
    "many-elements": ("bf16", 40, weights(33_000, 40, "bf16")),
    "classes": ("bf16", 40, spiky(33_000, 40)),
    "leaning": ("bf16", 40, weights(33_000, 40, "bf16", leans=True)),
    "leaning-and-short": ("fp32", 60, weights(33_000, 60, "fp32", cut=11, leans=True)),
    "the-page-s": ("bf16", 3, bytes.fromhex("803f00bf403e003f80be000058")),
    "dead-columns": ("bf16", 40, holed(weights(33_000, 40, "bf16"), 2, 20)),
    "dead-columns-of-classes": ("bf16", 40, holed(spiky(33_000, 40), 2, 20)),
    "zeros-with-signs": ("fp16", 30, holed(weights(3001, 30, "fp16"), 2, 7, minus=True)),
    "integers": ("int8", 48, integers(3000, 48)),
    "integers-by-rows": ("int8", 64, integers(1000, 64)),
    "integers-scaled": ("int8", 50, integers(5000, 50, scaled=True)),
    "integers-leaning": ("int8", 40, integers(33_000, 40, leans=True)),
    "e4m3": ("fp8_e4m3", 48, weights(3000, 48, "fp8_e4m3")),
    "e4m3-with-holes": ("fp8_e4m3", 48, holed(weights(3000, 48, "fp8_e4m3"), 1, 3)),
    "e4m3-leaning": ("fp8_e4m3", 40, weights(33_000, 40, "fp8_e4m3", leans=True)),
    "e4m3-leaning-with-holes": (
        "fp8_e4m3",
        40,
        holed(weights(33_000, 40, "fp8_e4m3", leans=True), 1, 7, minus=True),
    ),
    "e5m2": ("fp8_e5m2", 30, weights(2000, 30, "fp8_e5m2")),
    "no-bytes": ("int8", 64, b""),
    "ones": ("int8", 8, b"\1" * 2000),
    "mixed-int8": ("int8", 9, bytes(range(256)) * 3),
    "mixed-e4m3": ("fp8_e4m3", 9, bytes(range(256)) * 3),
    "mixed-e5m2": ("fp8_e5m2", 9, bytes(range(256)) * 3),
    "mixed-fp32": ("fp32", 9, mixed(4, 8)),
    "doubles": ("fp64", 30, weights(2000, 30, "fp64") + b"tail"),
    "doubles-of-classes": ("fp64", 40, spiky_doubles(33_000, 40)),
    "doubles-leaning": ("fp64", 40, weights(33_000, 40, "fp64", leans=True)),
    "doubles-with-signed-zeros": (
        "fp64",
        30,
        holed(weights(3001, 30, "fp64"), 8, 7, minus=True),
    ),
    "mixed-fp64": ("fp64", 9, mixed(8, 11)),
    "mixed-bf16": ("bf16", 9, mixed(2, 8)),
    "mixed-fp16": ("fp16", 9, mixed(2, 5)),
}
"""Name of a golden file -> dtype, columns, and the plain bytes."""


def main() -> int:
    """Write the files that are missing."""
    FOLDER.mkdir(exist_ok=True)
    for name, (dtype, columns, plain) in CASES.items():
        path = FOLDER / f"{name}.packed"
        if path.exists():
            sys.stdout.write(f"{path.name} is there and stays as it is\n")
        else:
            chain = parse(f"dense:dtype={dtype}:columns={columns}")
            path.write_bytes(b"".join(map(bytes, encode(chain, plain).parts)))
            sys.stdout.write(f"{path.name} written\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
