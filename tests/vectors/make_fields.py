"""Golden files of fields: `python tests/vectors/make_fields.py`.

A file holds the streams of one content one behind another; the content comes from a formula. A file
that is there is never written over: streams once published are read for ever.
"""

import sys
from itertools import islice
from pathlib import Path

from compressor.reference import fields
from tests.vectors.make_huffman import noise

FOLDER = Path(__file__).parent / "fields"


def some(count: int) -> bytes:
    """Noise."""
    return bytes(x >> 8 & 255 for x in islice(noise(count), count))


CASES: dict[str, tuple[tuple[int, ...], bytes]] = {
    "empty": ((2, 32), b""),
    "a-tail-alone": ((2, 2, 12, 128), some(15)),
    "one-field": ((3,), some(100)),
    "q8": ((2, 32), some(5 * 34)),
    "q4-and-a-tail": ((2, 16), some(7 * 18 + 5)),
    "six-fields": ((1, 2, 4, 8, 16, 5), some(3 * 36 + 31)),
    "a-long-field": ((4096, 1), some(2 * 4097 + 4096)),
}
"""Name of a golden file -> the sizes of the fields, and the plain bytes."""


def main() -> int:
    """Write the files that are missing."""
    FOLDER.mkdir(exist_ok=True)
    for name, (sizes, plain) in CASES.items():
        path = FOLDER / f"{name}.streams"
        if path.exists():
            sys.stdout.write(f"{path.name} is there and stays as it is\n")
        else:
            path.write_bytes(b"".join(fields.split(plain, sizes)))
            sys.stdout.write(f"{path.name} written\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
