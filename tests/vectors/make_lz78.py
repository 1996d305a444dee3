"""Write the golden files of LZ78: python tests/vectors/make_lz78.py [--overwrite].

A golden file, once released, is only read: a difference is a change of format, or of the bytes
that an encoder gives, and must be meant.
"""

import sys
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from compressor.reference import lz78
from tests.vectors.make_lzw import noise, words

FOLDER = Path(__file__).parent / "lz78"

PLAIN: dict[str, Callable[[], bytes]] = {
    "empty": lambda: b"",
    "one-byte": lambda: b"z",
    "every-byte-twice": lambda: bytes(range(256)) * 2,
    "run": lambda: bytes(20_000),
    "two-phase": lambda: b"ab" * 3000 + b"ba" * 3000,
    "words": lambda: words(20_000),
    "noise": lambda: noise(3000),
    "digits": lambda: bytes(48 + d for d in noise(6000, 10)),
    "pairs": lambda: noise(9000, 3),
}
"""Name of a golden file -> its plain."""


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name, plain in PLAIN.items():
        path = FOLDER / f"{name}.packed"
        packed = lz78.encode(plain())
        if path.exists() and path.read_bytes() != packed and "--overwrite" not in sys.argv:
            sys.exit(f"{path} holds other bytes; --overwrite if that is meant")
        path.write_bytes(packed)


if __name__ == "__main__":
    main()
