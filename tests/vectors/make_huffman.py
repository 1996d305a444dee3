"""Golden files of the huffman codec: `python tests/vectors/make_huffman.py`.

The plain bytes come from formulas, so only packed files are kept. A file that is there is never
written over: packed bytes once published are read for ever. Delete one by hand to make it again.
"""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from compressor.reference.huffman_encoder import encode

FOLDER = Path(__file__).parent / "huffman"


def noise(n: int) -> Iterator[int]:
    """Yield 32-bit numbers of a linear congruential generator (Knuth's MMIX)."""
    state = 1
    for _ in range(n):
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        yield state >> 32


def exponents(n: int) -> bytes:
    """Halving frequencies below 124, as float exponents have."""
    return bytes(104 + (x & 0xFFFFF | 1).bit_length() for x in noise(n))


def skewed(n: int) -> bytes:
    """All 256 symbols, low ones far more often."""
    return bytes((x >> 8 & 255) * (x & 255) * (x >> 16 & 255) >> 16 for x in noise(n))


def fibonacci(n: int) -> bytes:
    """Frequencies whose code would be deeper than 15."""
    counts, plain = [1, 1], bytearray()
    while sum(counts) < n:
        counts.append(counts[-1] + counts[-2])
    for symbol, count in enumerate(counts):
        plain += bytes([symbol]) * count
    return bytes(plain[i * 7919 % len(plain)] for i in range(n))


def sparse(n: int) -> bytes:
    """Zeros with one exception in 64."""
    return bytes(x & 7 if x >> 8 & 63 == 0 else 0 for x in noise(n))


CASES: dict[str, Callable[[], bytes]] = {
    "empty": lambda: b"",
    "one": lambda: b"A",
    "constant": lambda: b"\0" * 200_000,
    "raw-63": lambda: bytes(range(63)),
    "noise": lambda: bytes(x & 255 for x in noise(131_073)),
    "two-symbols": lambda: bytes(65 + (x >> 5 & 1) for x in noise(1_001)),
    "exponents": lambda: exponents(140_000),
    "skewed": lambda: skewed(50_000),
    "even-8": lambda: bytes(x & 7 for x in noise(999)),
    "even-64": lambda: bytes(x & 63 for x in noise(4_097)),
    "fibonacci": lambda: fibonacci(60_000),
    "sparse": lambda: sparse(150_000),
    "steps": lambda: bytes(i // 5_000 for i in range(131_072)),
}
"""Name of a golden file -> its plain bytes."""


def main() -> int:
    """Write the files that are missing."""
    FOLDER.mkdir(exist_ok=True)
    for name, plain in CASES.items():
        path = FOLDER / f"{name}.packed"
        if path.exists():
            sys.stdout.write(f"{path.name} is there and stays as it is\n")
        else:
            path.write_bytes(encode(plain()))
            sys.stdout.write(f"{path.name} written\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
