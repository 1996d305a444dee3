"""Compare LZ77 with zstd: python benchmarks/lz77.py [ROUNDS] [MIB].

Each round encodes and decodes by all of them in turn, in this process and on this thread, in its
processor time. Printed: the size by zstd's, and the median of the rounds' ratios of speed.
"""

import random
import statistics
import sys
import time
from collections.abc import Callable

import zstandard
from lzw import image, log, shared_objects, text  # the benchmark beside this one

from compressor.kernels import lz77

PAIRS = {1: 1, 2: 1, 3: 3, 4: 5, 5: 5, 6: 7, 7: 15, 8: 15, 9: 19}
"""A level of ours, and the one of zstd that it is held against."""


def json() -> bytes:
    """Return lines of objects with words, numbers and places."""
    rng = random.Random(11)
    names = [f"{a}{b}" for a in ("al", "be", "ga", "de", "ep") for b in ("pha", "ta", "mma", "lta")]
    lines = []
    for _ in range(120_000):
        place = f'"lat": {rng.uniform(-90, 90):.6f}, "lon": {rng.uniform(-180, 180):.6f}'
        name = f"{rng.choice(names)} {rng.choice(names)}"
        lines.append(f'{{"id": {rng.randrange(10**7)}, "name": "{name}", {place}}}\n')
    return "".join(lines).encode()


def noise() -> bytes:
    """Return bytes without pattern."""
    return random.Random(13).randbytes(16 << 20)


INPUTS = {
    "text": text,
    "elf": shared_objects,
    "log": log,
    "json": json,
    "image": image,
    "noise": noise,
}


def seconds(work: Callable[[], object]) -> float:
    """Return the processor time of one call."""
    start = time.thread_time()
    work()
    return time.thread_time() - start


def round_of(plain: bytes, level: int, peer: int) -> tuple[float, float]:
    """Return how many times as fast as zstd we encode and decode, in one round."""
    compressor = zstandard.ZstdCompressor(level=peer, write_checksum=False)
    decompressor = zstandard.ZstdDecompressor()
    packed, foreign = lz77.encode(plain, level), compressor.compress(plain)
    theirs = seconds(lambda: compressor.compress(plain))
    ours = seconds(lambda: lz77.encode(plain, level))
    theirs_back = seconds(lambda: decompressor.decompress(foreign))
    ours_back = seconds(lambda: lz77.decode(packed, len(plain)))
    return theirs / ours, theirs_back / ours_back


def compare(name: str, plain: bytes, rounds: int) -> None:
    """Print a line for each pair of levels."""
    for level, peer in PAIRS.items():
        packed = lz77.encode(plain, level)
        assert lz77.decode(packed, len(plain)) == plain
        foreign = zstandard.ZstdCompressor(level=peer, write_checksum=False).compress(plain)
        count = rounds if level < 7 else max(1, rounds // 5)
        ratios = [round_of(plain, level, peer) for _ in range(count)]
        encode, decode = (statistics.median(column) for column in zip(*ratios, strict=True))
        size = len(packed) / len(foreign)
        share = len(packed) / len(plain)
        print(
            f"{name:6} lz77:level={level} {share:.4f}  by zstd -{peer:<2}: size {size:.3f}  "
            f"encode {encode:4.2f}x  decode {decode:4.2f}x",
            flush=True,
        )


def main() -> None:
    """Measure all inputs."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 9
    largest = (int(sys.argv[2]) if len(sys.argv) > 2 else 8) << 20
    for name, make in INPUTS.items():
        compare(name, make()[:largest], rounds)


if __name__ == "__main__":
    main()
