"""Floats in this process beside zipnn: python benchmarks/zipnn_peer.py [--rounds N] FILE.safetensors...

Needs an environment of its own that has this package, torch (CPU) and then zipnn==0.5.4: see docs/figures.md.
Blocks of 256 Ki elements, one thread, no hashing and no verification, results into fresh memory on both
sides (for `huge` the system is asked for huge pages); `warm` gives ours into one buffer that is used
again. All run in turn, in processor time; ratios of medians, in brackets those of the least times, which
other work on the machine disturbs less.
"""

import argparse
import mmap
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from floats import DTYPES, ELEMENTS, chain_of, tensors
from zipnn import ZipNN

from compressor.stages import chain as chains
from compressor.stages.filters.floatsplit import LAYOUTS

NAMES = {"bf16": "bfloat16", "fp32": "float32", "fp16": "float16"}  # as zipnn calls them
SIZE = 64 << 20  # bytes of a file at most


class Ours:
    """The blocks of a file under the chain of its type."""

    def __init__(self, dtype: str, plain: bytes) -> None:
        self.chain = chain_of(dtype, 0, "huffman")
        self.step = ELEMENTS * LAYOUTS[dtype][0]
        self.blocks = [plain[at : at + self.step] for at in range(0, len(plain), self.step)]
        self.encoded = self.encode()
        self.packed = [b"".join(item.parts) for item in self.encoded]
        self.warm = bytearray(plain)

    def encode(self) -> list[chains.Encoded]:
        return [chains.encode(self.chain, block) for block in self.blocks]

    def decode(self) -> bytearray:
        target = bytearray(len(self.warm))
        self.decode_into(target)
        return target

    def decode_huge(self) -> None:
        flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
        target = mmap.mmap(-1, len(self.warm), flags=flags)
        target.madvise(mmap.MADV_HUGEPAGE)
        self.decode_into(target)

    def decode_warm(self) -> None:
        self.decode_into(self.warm)

    def decode_into(self, target: bytearray | mmap.mmap) -> None:
        view = memoryview(target)
        for number, (body, item) in enumerate(zip(self.packed, self.encoded, strict=True)):
            into = view[number * self.step : (number + 1) * self.step]
            chains.decode_into(self.chain, body, item.sizes, into)


def seconds(works: dict[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Return how long each took in each round; a result is let go of within its time."""
    taken: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            begun = time.process_time()
            work()
            taken[name].append(time.process_time() - begun)
    return taken


def compare(path: Path, rounds: int) -> None:
    found = [(DTYPES[name], content) for name, content in tensors(path) if name in DTYPES]
    dtype = found[0][0]
    plain = b"".join(content for name, content in found if name == dtype)[:SIZE]
    ours = Ours(dtype, plain)
    peer = ZipNN(input_format="byte", bytearray_dtype=NAMES[dtype], threads=1)
    theirs = bytes(peer.compress(bytearray(plain)))  # it changes what it is given
    assert ours.decode() == plain
    assert bytes(peer.decompress(bytearray(theirs))) == plain
    copies = iter([bytearray(plain) for _ in range(rounds)])
    packed = iter([bytearray(theirs) for _ in range(rounds)])
    target = bytearray(plain)

    def copy_warm() -> None:
        target[:] = plain

    taken = seconds(
        {
            "in": ours.encode,
            "zipnn in": lambda: peer.compress(next(copies)),
            "out": ours.decode,
            "huge out": ours.decode_huge,
            "zipnn out": lambda: peer.decompress(next(packed)),
            "memcpy": lambda: bytearray(plain),
            "warm out": ours.decode_warm,
            "warm memcpy": copy_warm,
        },
        rounds,
    )
    assert ours.warm == plain
    size = sum(map(len, ours.packed))

    def ratio(ours: str, other: str) -> str:
        middle = statistics.median(taken[other]) / statistics.median(taken[ours])
        return f"{middle:.2f} [{min(taken[other]) / min(taken[ours]):.2f}]"

    rates = {name: len(plain) / min(taken[name]) / 1e6 for name in ("in", "out", "warm out")}
    print(
        f"{path.name}, by zipnn: size {size / len(theirs):.4f}, in {ratio('in', 'zipnn in')}, "
        f"out {ratio('out', 'zipnn out')}, huge out {ratio('huge out', 'zipnn out')}; "
        f"by a memcpy: in {ratio('in', 'memcpy')}, out {ratio('out', 'memcpy')}, "
        f"warm out {ratio('warm out', 'warm memcpy')}; "
        + ", ".join(f"{name} {rate:.0f} MB/s" for name, rate in rates.items()),
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("files", nargs="+", type=Path)
    options = parser.parse_args()
    for path in options.files:
        compare(path, options.rounds)


if __name__ == "__main__":
    main()
