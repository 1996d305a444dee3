"""Numbers kept wider than they are, packed so and as what they were: python benchmarks/retyped.py FILE.

FILE is a safetensors file of F32; its first 16 MiB of numbers are cut down to other types and widened again.
Sizes are fractions of the wide numbers, times are medians in ms.
"""

import argparse
import statistics
import struct
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from compressor.plan.numbers import BLOCK
from compressor.stages.chain import Chain, Encoded, decode, encode, parse

SIZE = 16 << 20  # bytes


def chain_of(dtype: str, width: int) -> Chain:
    return parse(f"floatsplit:dtype={dtype}({','.join(['huffman'] * width)})")


def packed(chain: Chain, blocks: list[bytes]) -> list[Encoded]:
    return [encode(chain, block) for block in blocks]


def unpacked(chain: Chain, blocks: list[Encoded], sizes: list[int]) -> None:
    for block, size in zip(blocks, sizes, strict=True):
        decode(chain, b"".join(block.parts), block.sizes, size)


def median(work: Callable[[], object]) -> float:
    times = []
    for _ in range(7):
        begun = time.perf_counter()
        work()
        times.append(time.perf_counter() - begun)
    return 1000 * statistics.median(times)


def row(name: str, chain: Chain, plain: np.ndarray, whole: int) -> None:
    step = BLOCK * plain.itemsize
    blocks = [plain.tobytes()[at : at + step] for at in range(0, plain.nbytes, step)]
    done = packed(chain, blocks)
    share = sum(block.packed_size for block in done) / whole
    times = (
        median(lambda: packed(chain, blocks)),
        median(lambda: unpacked(chain, done, [len(block) for block in blocks])),
    )
    print(f"{name:<24}{share:.5f}   in {times[0]:6.1f} ms, out {times[1]:6.1f} ms", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    data = parser.parse_args().file.read_bytes()
    begin = 8 + struct.unpack("<Q", data[:8])[0]
    words = np.frombuffer(data[begin : begin + SIZE], "<u4")
    as_bf16 = words & np.uint32(0xFFFF0000)
    as_tf32 = words & np.uint32(0xFFFFE000)
    halves = words.view("<f4").astype("<f2")
    doubles = words.view("<f4").astype("<f8")
    row("bf16 in F32", chain_of("fp32", 4), as_bf16, words.nbytes)
    row("  as BF16", chain_of("bf16", 2), (as_bf16 >> 16).astype("<u2"), words.nbytes)
    row("tf32 in F32", chain_of("fp32", 4), as_tf32, words.nbytes)
    row("fp16 in F32", chain_of("fp32", 4), halves.astype("<f4"), words.nbytes)
    row("  as F16", chain_of("fp16", 2), halves, words.nbytes)
    row("fp32 in F64", chain_of("fp64", 8), doubles, doubles.nbytes)
    row("  as F32", chain_of("fp32", 4), words, doubles.nbytes)


if __name__ == "__main__":
    main()
