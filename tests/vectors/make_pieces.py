"""Write the golden cuts: python tests/vectors/make_pieces.py [--overwrite].

A file holds the size of each piece of a content, one a line. Once released it is only read: other
cuts would store again what older releases have stored.
"""

import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

from compressor.reference import pieces
from tests.vectors.make_lzw import noise, words

FOLDER = Path(__file__).parent / "pieces"
LONG = noise(400_000, seed=2)


@cache
def phrase_that(*, near: int, fits: bool) -> bytes:
    """Return 32 bytes behind which the hash & ``near`` is 0; ``fits``: a large piece may end there."""
    for seed in range(1, 100_000):
        phrase = noise(32, 256, seed)
        value = 0
        for byte in phrase:
            value = pieces.roll(value, byte)
        if value & near == 0 and (value & pieces.EASY == 0) == fits:
            return phrase
    raise AssertionError("no phrase was found")


def hostile(size: int, *, near: int, fits: bool) -> bytes:
    """Return such a phrase over and over."""
    return (phrase_that(near=near, fits=fits) * (size // 32 + 1))[:size]


CONTENT: dict[str, Callable[[], bytes]] = {
    "empty": lambda: b"",
    "one-byte": lambda: b"z",
    "smallest": lambda: LONG[: pieces.MIN_SIZE],
    "noise": lambda: LONG,
    "noise-with-a-byte-in-front": lambda: b"!" + LONG,
    "words": lambda: words(300_000),
    "two-symbols": lambda: noise(300_000, 2),
    "four-symbols": lambda: noise(300_000, 4),
    "zeros": lambda: bytes(200_000),
    "largest-twice": lambda: bytes(2 * pieces.MAX_SIZE),
    "ends-everywhere": lambda: hostile(200_000, near=pieces.EASY, fits=True),
    "almost-ends-everywhere": lambda: hostile(200_000, near=0xFFC0, fits=False),
}
"""Name of a golden file -> the content that is cut."""


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name, content in CONTENT.items():
        path = FOLDER / f"{name}.sizes"
        sizes = "".join(f"{size}\n" for size in pieces.cut(content()))
        if path.exists() and path.read_text() != sizes and "--overwrite" not in sys.argv:
            sys.exit(f"{path} holds other sizes; --overwrite if that is meant")
        path.write_text(sizes)


if __name__ == "__main__":
    main()
