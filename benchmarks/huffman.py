"""The huffman codec beside zstd and zlib: `python benchmarks/huffman.py`.

Ratios within one run: each round times every peer in turn, and the medians are compared. Peers do
more than Huffman (they look for matches), so sizes and speeds are context, not a race.
"""

import random
import statistics
import sysconfig
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import zstandard

from compressor.kernels import huffman

SIZE = 4 << 20  # bytes, a block
ROUNDS = 7

Pair = tuple[Callable[[bytes], bytes], Callable[[bytes], bytes]]


def exponents() -> bytes:
    """Halving frequencies below a peak, as in the exponents of bf16 weights: 2.6 bits."""
    weights = [0.32, 0.24, 0.19, 0.12, 0.06, 0.035, 0.018, 0.009, 0.004, 0.002, 0.001, 0.001]
    return bytes(random.Random(1).choices(range(122, 110, -1), weights, k=SIZE))


def text() -> bytes:
    """The standard library's sources."""
    folder = Path(sysconfig.get_paths()["stdlib"])
    return b"".join(path.read_bytes() for path in sorted(folder.glob("*.py")))[:SIZE]


def noise() -> bytes:
    return random.Random(2).randbytes(SIZE)


def sparse() -> bytes:
    """Zeros with an exception in 50 bytes."""
    rng = random.Random(3)
    return bytes(rng.choices(range(8), [0.98] + [0.02 / 7] * 7, k=SIZE))


def peers(size: int) -> dict[str, Pair]:
    packer, unpacker = zstandard.ZstdCompressor(level=1), zstandard.ZstdDecompressor()
    return {
        "huffman": (huffman.encode, lambda packed: huffman.decode(packed, size)),
        "zstd -1": (packer.compress, unpacker.decompress),
        "zlib Huffman only": (huffman_only, zlib.decompress),
        "copy": (lambda plain: bytes(bytearray(plain)), lambda packed: bytes(bytearray(packed))),
    }


def huffman_only(plain: bytes) -> bytes:
    packer = zlib.compressobj(1, strategy=zlib.Z_HUFFMAN_ONLY)
    return packer.compress(plain) + packer.flush()


def seconds(work: Callable[[bytes], bytes], data: bytes) -> float:
    start = time.perf_counter()
    work(data)
    return time.perf_counter() - start


def compare(name: str, plain: bytes) -> None:
    all_peers = peers(len(plain))
    packed = {peer: encode(plain) for peer, (encode, _) in all_peers.items()}
    times: dict[str, list[tuple[float, float]]] = {peer: [] for peer in all_peers}
    for _ in range(ROUNDS):
        for peer, (encode, decode) in all_peers.items():
            times[peer].append((seconds(encode, plain), seconds(decode, packed[peer])))
    medians = {
        peer: [statistics.median(column) for column in zip(*rows, strict=True)]
        for peer, rows in times.items()
    }
    ours = medians["huffman"]
    for peer, (encoding, decoding) in medians.items():
        size = len(packed[peer]) / len(plain)
        ratios = f"{encoding / ours[0]:10.2f}x {decoding / ours[1]:10.2f}x"
        print(f"{name:10} {peer:18} {size:6.4f} {ratios}")


def main() -> None:
    print(f"kernel {huffman.kernel_name()}, {SIZE >> 20} MiB, medians of {ROUNDS} rounds")
    print("times by which ours is faster than the peer:")
    print(f"{'data':10} {'peer':18} {'size':>6} {'encoding':>11} {'decoding':>11}")
    for source in (exponents, text, sparse, noise):
        compare(source.__name__, source())


if __name__ == "__main__":
    main()
