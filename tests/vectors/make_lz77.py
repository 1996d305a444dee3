"""Write the golden files of LZ77: python tests/vectors/make_lz77.py [--overwrite].

A golden file, once released, is only read: a difference is a change of format, or of the bytes
that a level gives, and must be meant.
"""

import sys
from collections.abc import Callable
from pathlib import Path

from compressor.kernels import lz77 as kernel
from compressor.reference import lz77 as reference
from tests.vectors.make_lzw import noise, words

FOLDER = Path(__file__).parent / "lz77"
CHUNK = reference.CHUNK
REFERENCE = 0
"""In the place of a level: what the reference encodes."""


def records() -> bytes:
    """Return lines with a number that rises, and a word."""
    found = words(4000).split(b" ")
    return b"".join(b"%08d;%s;ok\n" % (17 * i, found[i % len(found)]) for i in range(2000))


def straddling() -> bytes:
    """Return a text that is repeated across the end of a chunk, from before the last one."""
    before = bytes(CHUNK - 20_000) + words(15_000)
    return before + records()[:10_000] + words(5_000, seed=3) + records()[:9_000]


PLAIN: dict[str, tuple[int, Callable[[], bytes]]] = {
    "empty-1": (1, lambda: b""),
    "one-byte-9": (9, lambda: b"z"),
    "run-1": (1, lambda: bytes(300_000)),
    "run-9": (9, lambda: bytes(20_000)),
    "noise-1": (1, lambda: noise(10_000)),
    "words-reference": (REFERENCE, lambda: words(20_000)),
    "straddling-reference": (REFERENCE, straddling),
    "straddling-1": (1, straddling),
    "straddling-9": (9, straddling),
} | {f"records-{level}": (level, records) for level in range(1, 10)}
"""Name of a golden file -> (level, its plain)."""


def encode(plain: bytes, level: int) -> bytes:
    return kernel.encode(plain, level) if level else reference.encode(plain)


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name, (level, plain) in PLAIN.items():
        path = FOLDER / f"{name}.packed"
        packed = encode(plain(), level)
        if path.exists() and path.read_bytes() != packed and "--overwrite" not in sys.argv:
            sys.exit(f"{path} holds other bytes; --overwrite if that is meant")
        path.write_bytes(packed)


if __name__ == "__main__":
    main()
