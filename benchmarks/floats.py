"""Sizes and speeds of floatsplit: python benchmarks/floats.py [--speed] FILE.safetensors...

Sizes are fractions of the whole file: blocks of 256 Ki elements, cut where tensors end, header included.
Speeds are medians of alternating runs, as fractions of a memcpy of the same bytes in the same round.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from compressor.kernels import floatsplit, huffman
from compressor.stages import chain as chains
from compressor.stages.filters.floatsplit import LAYOUTS

DTYPES = {
    "F64": "fp64",
    "F32": "fp32",
    "BF16": "bf16",
    "F16": "fp16",
    "F8_E4M3": "fp8_e4m3",
    "F8_E5M2": "fp8_e5m2",
}
ELEMENTS = 256 << 10  # of a block
ROUNDS = 9
SPEED_SIZE = 16 << 20  # bytes


def tensors(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the type and the bytes of each tensor, in the order of the file."""
    content = path.read_bytes()
    start = 8 + int.from_bytes(content[:8], "little")
    entries = json.loads(content[8:start])
    entries.pop("__metadata__", None)
    for entry in sorted(entries.values(), key=lambda entry: entry["data_offsets"]):
        begin, end = entry["data_offsets"]
        yield entry["dtype"], content[start + begin : start + end]


def chain_of(dtype: str, mantissa_bits: int, codec: str) -> chains.Chain:
    children = ",".join([codec] * LAYOUTS[dtype][0])
    return chains.parse(f"floatsplit:dtype={dtype}:mantissa_bits={mantissa_bits}({children})")


def packed_size(path: Path, mantissa_bits: int) -> int:
    """Return the bytes of a file's header, streams, and 4 for each size of a stream."""
    total = path.stat().st_size
    for name, content in tensors(path):
        total -= len(content)
        chain = chain_of(DTYPES[name], mantissa_bits, "huffman") if name in DTYPES else None
        chain = chain or chains.parse("huffman")
        step = ELEMENTS * (LAYOUTS[DTYPES[name]][0] if name in DTYPES else 1)
        for at in range(0, len(content), step):
            encoded = chains.encode(chain, content[at : at + step])
            total += encoded.packed_size + 4 * len(encoded.sizes)
    return total


def times(works: dict[str, Callable[[], object]]) -> dict[str, float]:
    """Return the median seconds of each, run in turns."""
    taken: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(ROUNDS):
        for name, work in works.items():
            begun = time.perf_counter()
            work()
            taken[name].append(time.perf_counter() - begun)
    return {name: statistics.median(seconds) for name, seconds in taken.items()}


def _packed(chain: chains.Chain, blocks: list[bytes]) -> tuple[list[chains.Encoded], list[bytes]]:
    encoded = [chains.encode(chain, block) for block in blocks]
    return encoded, [b"".join(item.parts) for item in encoded]


def _unpacked(
    chain: chains.Chain, blocks: list[bytes], encoded: list[chains.Encoded], packed: list[bytes]
) -> None:
    for body, item, block in zip(packed, encoded, blocks, strict=True):
        chains.decode(chain, body, item.sizes, len(block))


def speeds(path: Path) -> None:
    found = [(DTYPES[name], content) for name, content in tensors(path) if name in DTYPES]
    dtype = found[0][0]
    words = LAYOUTS[dtype]
    plain = b"".join(content for _, content in found)[:SPEED_SIZE]
    step = ELEMENTS * words[0]
    blocks = [plain[at : at + step] for at in range(0, len(plain), step)]
    split = [floatsplit.split(block, words) for block in blocks]
    chain = chain_of(dtype, 0, "huffman")
    dense = chain_of(dtype, 2, "huffman")
    encoded, packed = _packed(chain, blocks)
    smaller, denser = _packed(dense, blocks)
    taken = times(
        {
            "memcpy": lambda: [bytearray(block) for block in blocks],
            "split": lambda: [floatsplit.split(block, words) for block in blocks],
            "merge": lambda: [floatsplit.merge(s, step, words) for s in split],
            "huffman in": lambda: [huffman.encode(s) for streams in split for s in streams],
            "encode": lambda: [chains.encode(chain, block) for block in blocks],
            "decode": lambda: _unpacked(chain, blocks, encoded, packed),
            "encode, 2 bits": lambda: [chains.encode(dense, block) for block in blocks],
            "decode, 2 bits": lambda: _unpacked(dense, blocks, smaller, denser),
        }
    )
    row = "  ".join(f"{work} {taken['memcpy'] / seconds:.2f}" for work, seconds in taken.items())
    print(f"{path.name:<32}{len(plain) / taken['memcpy'] / 1e9:.1f} GB/s memcpy  {row}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--speed", action="store_true")
    parser.add_argument("files", nargs="+", type=Path)
    arguments = parser.parse_args()
    for path in arguments.files:
        if arguments.speed:
            speeds(path)
            continue
        plain_size = path.stat().st_size
        sizes = [packed_size(path, bits) / plain_size for bits in range(3)]
        print(f"{path.name:<32}" + "  ".join(f"{size:.4f}" for size in sizes))


if __name__ == "__main__":
    main()
