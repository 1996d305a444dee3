"""Write the golden files of LZW: python tests/vectors/make_lzw.py [--overwrite].

A golden file, once released, is only read: a difference is a change of format, or of the bytes
that an encoder gives, and must be meant.
"""

import sys
from collections.abc import Callable
from pathlib import Path

from compressor.reference import lzw

FOLDER = Path(__file__).parent / "lzw"


def noise(size: int, symbols: int = 256, seed: int = 1) -> bytes:
    """Return pseudo-random symbols, by the generator of C's example rand()."""
    out = bytearray()
    for _ in range(size):
        seed = (seed * 1103515245 + 12345) & 0x7FFFFFFF
        out.append((seed >> 16) % symbols)
    return bytes(out)


def words(size: int, seed: int = 7) -> bytes:
    """Return words of a small vocabulary."""
    letters = noise(4096, 26, seed)
    vocabulary = [bytes(97 + c for c in letters[8 * i : 8 * i + 1 + i % 8]) for i in range(256)]
    return b" ".join(vocabulary[i] for i in noise(size // 4, 256, seed + 1))[:size]


PLAIN: dict[str, tuple[int, Callable[[], bytes]]] = {
    "empty-16": (16, lambda: b""),
    "one-byte-9": (9, lambda: b"z"),
    "every-byte-twice-9": (9, lambda: bytes(range(256)) * 2),
    "run-12": (12, lambda: bytes(50_000)),
    "two-phase-16": (16, lambda: b"ab" * 3000 + b"ba" * 3000),
    "words-16": (16, lambda: words(60_000)),
    "words-then-noise-9": (9, lambda: words(40_000) + noise(30_000)),
    "words-then-words-10": (10, lambda: words(50_000) + words(50_000, seed=3)),
    "digits-13": (13, lambda: bytes(48 + d for d in noise(30_000, 10))),
    "noise-11": (11, lambda: noise(12_000)),
    "pairs-14": (14, lambda: noise(40_000, 3)),
    "words-15": (15, lambda: words(30_000, seed=11)),
    "words-9-full": (9, lambda: words(20_000)),
    "words-12-full": (12, lambda: words(60_000, seed=3)),
}
"""Name of a golden file -> (max_bits, its plain); those that end in -full have reset=full."""


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name, (max_bits, plain) in PLAIN.items():
        path = FOLDER / f"{name}.packed"
        packed = lzw.encode(plain(), max_bits, "full" if name.endswith("-full") else "ratio")
        if path.exists() and path.read_bytes() != packed and "--overwrite" not in sys.argv:
            sys.exit(f"{path} holds other bytes; --overwrite if that is meant")
        path.write_bytes(packed)


if __name__ == "__main__":
    main()
