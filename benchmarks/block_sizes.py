"""Measure what cutting text into blocks costs: packed size by block size, against one stream.

    python benchmarks/block_sizes.py [--corpus FILE] [--least MIB] [--stop PERCENT] [CHAIN ...]

Without a file: the sources of the interpreter and its packages, at most 72 MiB of them. The last
column is the smallest block that loses less than 1 %. Larger blocks than one that loses less than
``--stop`` are not tried. Results: docs/decisions/0005-block-sizes.md.
"""

import argparse
import sysconfig
import time
from collections.abc import Iterator
from pathlib import Path

from compressor.stages.chain import encode, parse

SIZES = tuple(1 << power for power in range(18, 27))  # bytes; 256 KiB to 64 MiB
CHAINS = (
    *("lz4", "lz4:level=9", "lzo", "zlib:level=1", "zlib", "zstd:level=1", "zstd"),
    *("zstd:level=6", "bz2", "zstd:level=9", "lzma:level=0"),
)
LOSS = 0.01  # of the packed size: what a block may cost


def python_sources(size: int) -> bytes:
    """Return text of about this size (bytes) in the order of its paths."""
    text = bytearray()
    for key in ("stdlib", "purelib"):
        for path in sorted(Path(sysconfig.get_path(key)).rglob("*.py")):
            text += path.read_bytes()
            if len(text) >= size:
                return bytes(text[:size])
    return bytes(text)


def packed_size(text: str, plain: bytes, block_size: int) -> int:
    chain = parse(text)
    view = memoryview(plain)
    starts = range(0, len(plain), block_size)
    return sum(encode(chain, view[start : start + block_size]).packed_size for start in starts)


def losses(text: str, plain: bytes, least: int, stop: float) -> Iterator[tuple[int, float]]:
    """Yield block sizes, and the part of the size of one stream that they add to it."""
    whole = packed_size(text, plain, len(plain))
    for size in SIZES:
        if least <= size < len(plain):
            loss = packed_size(text, plain, size) / whole - 1
            yield size, loss
            if loss < stop:
                return


def row(text: str, plain: bytes, least: int, stop: float) -> str:
    start = time.monotonic()
    found = dict(losses(text, plain, least, stop))
    cells = [f"{found[size]:8.2%}" if size in found else f"{'-':>8}" for size in SIZES]
    enough = [size for size in SIZES if found.get(size, 1) < LOSS]
    best = f"{enough[0] >> 10} KiB" if enough else "none"
    return f"{text:16}" + "".join(cells) + f"  {best:>9} {time.monotonic() - start:6.0f} s"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("chains", nargs="*", default=CHAINS)
    parser.add_argument("--corpus", type=Path, help="a text of more than 64 MiB")
    parser.add_argument("--least", type=float, default=0.25, help="MiB of the smallest block")
    parser.add_argument("--stop", type=float, default=0.1, help="percent of loss that is nothing")
    options = parser.parse_args()
    plain = options.corpus.read_bytes() if options.corpus else python_sources(72 << 20)
    print(f"{len(plain) / 2**20:.1f} MiB of text; loss by block size in KiB")
    print(f"{'':16}" + "".join(f"{size >> 10:8}" for size in SIZES) + f"  {'under 1 %':>9}")
    for text in options.chains:
        print(row(text, plain, int(options.least * 2**20), options.stop / 100), flush=True)


if __name__ == "__main__":
    main()
