"""What noise costs the native codecs, beside a copy: python benchmarks/noise.py [ROUNDS] [FILE...]

Each codec packs random bytes in its own size of blocks, in turn with a copy of the same bytes. Printed is
its time by the copy's, median and least, in processor time: once where each result is fresh memory, as in a
program that just started, and once where the heap keeps what is freed, as the command line has it. Of each
FILE it says how many blocks of 4 MiB lz77 keeps as they are.
"""

import ctypes
import random
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

from compressor.kernels import huffman, lz77, lz78, lzw, preset
from compressor.stages import chain

AT_ONCE = 64 << 20  # bytes; more than caches hold
CODECS: dict[str, Callable[[memoryview], bytes]] = {
    "lzw": lzw.encode,
    "lz77:level=1": lambda plain: lz77.encode(plain, 1),
    "lz77:level=9": lambda plain: lz77.encode(plain, 9),
    "lz78": lz78.encode,
    "preset": preset.encode,
    "huffman": huffman.encode,
}
TRIM, OWN_PAGES = -1, -3  # M_TRIM_THRESHOLD and M_MMAP_THRESHOLD of malloc.h


def seconds(work: Callable[[memoryview], object], blocks: list[memoryview]) -> float:
    """Return the processor time of all blocks; each result is freed before the next."""
    start = time.process_time()
    for block in blocks:
        work(block)
    return time.process_time() - start


def compare(name: str, plain: bytes, rounds: int) -> str:
    """Return the codec's time by that of a copy."""
    size = chain.parse(name).block_size
    blocks = [memoryview(plain)[at : at + size] for at in range(0, len(plain), size)]
    pairs = [(seconds(CODECS[name], blocks), seconds(bytes, blocks)) for _ in range(rounds)]
    ours, copies = zip(*pairs, strict=True)
    median = statistics.median(own / copy for own, copy in pairs)
    return f"{median:.3f} (least {min(ours) / min(copies):.3f})"


def report(path: Path) -> str:
    """Return how many blocks of a file are kept as noise."""
    plain, size = path.read_bytes(), 4 << 20
    blocks = [plain[at : at + size] for at in range(0, len(plain), size)]
    raw = sum(len(lz77.encode(block, 1)) > len(block) for block in blocks)
    return f"{path.name}: {raw} of {len(blocks)} blocks are kept"


def main() -> None:
    """Measure all codecs."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    plain = random.Random(1).randbytes(AT_ONCE)
    mallopt = ctypes.CDLL(None).mallopt
    for memory, threshold in (("fresh", 1 << 16), ("kept", 1 << 30)):
        mallopt(OWN_PAGES, threshold)
        mallopt(TRIM, threshold)
        for name in CODECS:
            print(f"{memory} memory, {name:13} {compare(name, plain, rounds)} of a copy")
    for path in map(Path, sys.argv[2:]):
        print(report(path))


if __name__ == "__main__":
    main()
