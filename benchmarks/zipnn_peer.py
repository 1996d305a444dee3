"""Floats in this process beside zipnn: python benchmarks/zipnn_peer.py [--rounds N] FILE.safetensors...

Needs an environment of its own that has this package, torch (CPU) and then zipnn==0.5.4: see docs/figures.md.
Blocks of 256 Ki elements, one thread, no hashing and no verification, results into fresh memory on both
sides; `warm` gives ours into one buffer that is used again. All run in turn; speeds are ratios of medians,
in brackets those of the least times, which other work on the machine disturbs less.
"""

import argparse
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

    def decode(self) -> list[object]:
        rows = zip(self.packed, self.encoded, self.blocks, strict=True)
        return [chains.decode(self.chain, body, e.sizes, len(block)) for body, e, block in rows]

    def decode_warm(self) -> None:
        view = memoryview(self.warm)
        for number, body in enumerate(self.packed):
            into = view[number * self.step : (number + 1) * self.step]
            if hasattr(chains, "decode_into"):
                chains.decode_into(self.chain, body, self.encoded[number].sizes, into)
            else:
                into[:] = chains.decode(self.chain, body, self.encoded[number].sizes, len(into))


def seconds(works: dict[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Return how long each took in each round; a result is let go of within its time."""
    taken: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            begun = time.perf_counter()
            work()
            taken[name].append(time.perf_counter() - begun)
    return taken


def compare(path: Path, rounds: int) -> None:
    found = [(DTYPES[name], content) for name, content in tensors(path) if name in DTYPES]
    dtype = found[0][0]
    plain = b"".join(content for name, content in found if name == dtype)[:SIZE]
    ours = Ours(dtype, plain)
    peer = ZipNN(input_format="byte", bytearray_dtype=NAMES[dtype], threads=1)
    theirs = bytes(peer.compress(bytearray(plain)))  # it changes what it is given
    assert b"".join(ours.decode()) == plain  # type: ignore[arg-type]
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
            "zipnn out": lambda: peer.decompress(next(packed)),
            "memcpy": lambda: [bytearray(block) for block in ours.blocks],
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

    print(
        f"{path.name:<28} by zipnn: size {size / len(theirs):.4f}, in {ratio('in', 'zipnn in')}, "
        f"out {ratio('out', 'zipnn out')}; by a memcpy: in {ratio('in', 'memcpy')}, "
        f"out {ratio('out', 'memcpy')}, warm out {ratio('warm out', 'warm memcpy')}; "
        f"{len(plain) / min(taken['in']) / 1e6:.0f} MB/s in, {len(plain) / min(taken['out']) / 1e6:.0f} out, "
        f"{len(plain) / min(taken['warm out']) / 1e6:.0f} warm",
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
