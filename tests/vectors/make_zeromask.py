"""Golden files of zeromask: `python tests/vectors/make_zeromask.py`.

A file holds the streams of one content one behind another; the content comes from a formula. A
file that is there is never written over: streams once published are read for ever.
"""

import sys
from pathlib import Path

from compressor.reference import zeromask
from tests.vectors.make_huffman import noise

FOLDER = Path(__file__).parent / "zeromask"


def pruned(count: int, width: int, share: int) -> bytes:
    """Noise of which ``share`` of 16 elements are zero, and a tail of all but one byte of an element."""
    parts = [
        bytes(width) if x >> 4 & 15 < share else (x | 1 << 31).to_bytes(4, "little")[-width:]
        for x in noise(count)
    ]
    return b"".join(part.rjust(width, b"\0") for part in parts) + b"\0" * (width - 1)


def shortened(count: int) -> bytes:
    """Noise without its lowest two bytes."""
    return b"".join(bytes(2) + (x >> 7 & 0xFFFF).to_bytes(2, "little") for x in noise(count))


CASES: dict[str, tuple[int, int, bytes]] = {
    "empty": (4, 0, b""),
    "a-tail-alone": (8, 0, b"\0\0\0\1\0\0\0"),
    "nothing-but-zeros": (2, 0, bytes(1001)),
    "no-zeros": (4, 0, pruned(50, 4, 0)),
    "bytes": (1, 0, pruned(333, 1, 5)),
    "halves": (2, 0, pruned(333, 2, 8)),
    "words": (4, 0, pruned(333, 4, 14)),
    "doubles": (8, 0, pruned(333, 8, 8)),
    "minus-zeros": (4, 0, b"\0\0\0\x80\0\0\0\0" * 20),
    "short-mantissas": (4, 13, pruned(333, 4, 0) + shortened(333)),
    "one-bit": (2, 1, pruned(333, 2, 0)),
    "all-bits": (8, 64, pruned(333, 8, 8)),
}
"""Name of a golden file -> width, bits and the plain bytes."""


def main() -> int:
    """Write the files that are missing."""
    FOLDER.mkdir(exist_ok=True)
    for name, (width, bits, plain) in CASES.items():
        path = FOLDER / f"{name}.streams"
        if path.exists():
            sys.stdout.write(f"{path.name} is there and stays as it is\n")
        else:
            path.write_bytes(b"".join(zeromask.split(plain, width, bits)))
            sys.stdout.write(f"{path.name} written\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
