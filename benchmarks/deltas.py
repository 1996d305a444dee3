"""Sizes and speeds of differences: python benchmarks/deltas.py [--speed] [BASE NEW]...

Sizes are fractions of the new file's tensors, whose base is the tensor of the same name; blocks of 256 Ki
elements. ``delta`` is floatdelta alone, and ``alone`` floatsplit with huffman; ``best`` is of each block the
smaller, as an archiver would choose; ``dense`` is of each block the smaller of densedelta, with the
tensor's columns, and floatdelta, and takes long. Without files: the pairs of the corpus, with their targets.
Speeds are the best of alternating runs, as fractions of the best memcpy of the same bytes.
"""

import argparse
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from tensors import STATES

from compressor.kernels import floatdelta
from compressor.stages import chain as chains
from compressor.stages.codecs import densedelta
from compressor.stages.codecs.floatdelta import BLOCK, LAYOUTS
from compressor.tensors.sniff import sniff

CORPUS = Path(os.environ.get("COMPRESSOR_CORPUS", Path.home() / ".cache/compressor-corpus"))
DTYPES = {
    "F64": "fp64",
    "F32": "fp32",
    "BF16": "bf16",
    "F16": "fp16",
    "F8_E4M3": "fp8_e4m3",
    "F8_E5M2": "fp8_e5m2",
}
ROUNDS = 15
CLASSES = 10
SPEED_SIZE = 16 << 20  # bytes
SIZE_COST = 4  # bytes, for each size of a stream


def tensors(path: Path) -> dict[str, tuple[str, int, bytes]]:
    """Return the type, the columns and the bytes of each tensor, by name, in the order of the file."""
    content = path.read_bytes()
    found = sniff(lambda at, size: content[at : at + size], len(content))
    if found is None:
        raise ValueError(f"{path} holds no tensors that are known here")
    return {
        t.name: (t.dtype, (1, *t.shape)[-1], content[t.start : t.start + t.size])
        for t in found.tensors
    }


class Block(NamedTuple):
    """Some elements of a tensor; ``dtype`` is "" where it is none of floatdelta's."""

    dtype: str
    columns: int
    plain: bytes
    base: bytes | None


def blocks(base: Path, new: Path) -> Iterator[Block]:
    """Yield the blocks of a file, each with its base if there is one."""
    earlier = tensors(base)
    for name, (dtype, columns, content) in tensors(new).items():
        kind = DTYPES.get(dtype, "")
        old_dtype, _, old = earlier.get(name, ("", 0, b""))
        based = kind and old_dtype == dtype and len(old) == len(content)
        step = BLOCK * (LAYOUTS[kind][0] if kind else 1)
        for at in range(0, len(content), step):
            older = old[at : at + step] if based else None
            yield Block(kind, columns, content[at : at + step], older)


def alone(dtype: str) -> chains.Chain:
    """Return the chain for tensors without a base."""
    streams = ",".join(["huffman"] * LAYOUTS[dtype][0]) if dtype else ""
    return chains.parse(f"floatsplit:dtype={dtype}({streams})" if dtype else "huffman")


def packed_size(chain: chains.Chain, plain: bytes, base: bytes | None = None) -> int:
    encoded = chains.encode(chain, plain, base)
    return min(len(plain), encoded.packed_size + SIZE_COST * len(encoded.sizes))


def densest(block: Block) -> int:
    """Return the bytes of a block under densedelta."""
    if block.dtype not in densedelta.LAYOUTS:
        return len(block.plain)
    chain = chains.parse(f"densedelta:dtype={block.dtype}:columns={block.columns}")
    return packed_size(chain, block.plain, block.base)


def fractions(base: Path, new: Path) -> list[float]:
    """Return ``delta``, ``best``, ``alone`` and ``dense``."""
    total = delta = best = single = dense = 0
    for block in blocks(base, new):
        own = packed_size(alone(block.dtype), block.plain)
        with_base = least = own
        if block.base is not None:
            chain = chains.parse(f"floatdelta:dtype={block.dtype}")
            with_base = packed_size(chain, block.plain, block.base)
            least = min(with_base, densest(block))
        total, single = total + len(block.plain), single + own
        delta, best = delta + with_base, best + min(own, with_base)
        dense += min(own, least)
    return [part / total for part in (delta, best, single, dense)]


def times(works: dict[str, Callable[[], object]]) -> dict[str, float]:
    """Return the least seconds of each, run in turns."""
    taken: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(ROUNDS):
        for name, work in works.items():
            begun = time.perf_counter()
            work()
            taken[name].append(time.perf_counter() - begun)
    return {name: min(seconds) for name, seconds in taken.items()}


def speeds(base: Path, new: Path) -> str:
    """Return one row: the kernel's two halves, and the stage both ways."""
    found = [block for block in blocks(base, new) if block.dtype and block.base]
    dtype = found[0].dtype
    alike = [(block.plain, block.base or b"") for block in found if block.dtype == dtype]
    pairs = alike[: SPEED_SIZE >> 19]
    chain, words = chains.parse(f"floatdelta:dtype={dtype}"), LAYOUTS[dtype]
    size = sum(len(plain) for plain, _ in pairs)
    top = [floatdelta.top_of(old, words) for _, old in pairs]
    parted = [
        floatdelta.Partition(old, words, CLASSES, t) for (_, old), t in zip(pairs, top, strict=True)
    ]
    planes = [part.split(plain) for part, (plain, _) in zip(parted, pairs, strict=True)]
    packed = [chains.encode(chain, plain, old).parts[0] for plain, old in pairs]
    taken = times(
        {
            "memcpy": lambda: [bytearray(plain) for plain, _ in pairs],
            "count": lambda: [
                floatdelta.Partition(old, words, CLASSES, t)
                for (_, old), t in zip(pairs, top, strict=True)
            ],
            "split": lambda: [p.split(plain) for p, (plain, _) in zip(parted, pairs, strict=True)],
            "join": lambda: [p.join(some) for p, some in zip(parted, planes, strict=True)],
            "encode": lambda: [chains.encode(chain, plain, old) for plain, old in pairs],
            "decode": lambda: [
                chains.decode(chain, body, (), len(plain), old)
                for body, (plain, old) in zip(packed, pairs, strict=True)
            ],
        }
    )
    row = "  ".join(
        f"{work} {taken['memcpy'] / seconds:.2f} ({size / seconds / 1e6:.0f} MB/s)"
        for work, seconds in taken.items()
    )
    return f"{new.stem:<24}{row}"


def pairs_of(files: list[Path]) -> list[tuple[Path, Path, float | None]]:
    """Return the pairs that are asked for, or the corpus's, each with its target if it has one."""
    if files:
        return [(base, new, None) for base, new in zip(files[::2], files[1::2], strict=True)]
    return [(CORPUS / base, CORPUS / new, target) for base, new, target in STATES]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--speed", action="store_true")
    parser.add_argument("files", nargs="*", type=Path)
    arguments = parser.parse_args()
    if not arguments.speed:
        print(f"{'base -> new':<44}{'delta':>8}{'best':>8}{'alone':>8}{'dense':>8}{'target':>8}")
    for base, new, target in pairs_of(arguments.files):
        if arguments.speed:
            print(speeds(base, new), flush=True)
            continue
        row = "".join(f"{fraction:8.4f}" for fraction in fractions(base, new))
        aim = f"{target:8.3f}" if target else ""
        print(f"{base.stem + ' -> ' + new.stem:<44}{row}{aim}", flush=True)


if __name__ == "__main__":
    main()
