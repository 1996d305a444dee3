"""Each path of the huffman kernel beside zstd's own Huffman: python benchmarks/huffman_zstd.py [CORPUS].

Sixteen chunks of 128 KiB of each class of data; all sides take turns on each chunk. Medians are compared,
and beside them the least times: only ratios within one run mean anything. CORPUS is the folder of the corpus
files; without it the floats are normally distributed, of a fixed seed, and the text is the interpreter's
library.

It needs a C compiler and the static libzstd.a, which alone has that coder (Debian: libzstd-dev).
"""

import argparse
import array
import random
import struct
import subprocess
import sysconfig
import tempfile
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SIZE = 16 << 17  # bytes of each class
TEXTS = [
    "text-prose.txt",
    "text-source.py.txt",
    "text-docs.html",
    "text-multilingual.po",
]  # an equal part of each

# What decoding aims at, by class and path, and what encoding does; sizes aim at zstd's.
DECODE = {
    "bf16 exponents": {"portable": 0.6, "ssse3": 1.5, "avx2": 1.85, "avx512": 4.5},
    "fp16 high byte": {"portable": 0.5, "ssse3": 1.15, "avx2": 1.3, "avx512": 2.8},
    "text": {"portable": 0.5, "ssse3": 1.0, "avx2": 1.2, "avx512": 2.9},
}
ENCODE = {"bf16 exponents": {"ssse3": 0.8, "avx512": 1.8}}


def numbers_of(path: Path) -> bytes:
    """Return the tensors of a safetensors file, one behind the other."""
    content = path.read_bytes()
    (header_size,) = struct.unpack_from("<Q", content)
    return content[8 + header_size :]


def normal() -> "array.array[float]":
    rng = random.Random(1)
    return array.array("f", (rng.gauss(0, 0.02) for _ in range(SIZE)))


def exponents(corpus: Path | None) -> bytes:
    if corpus:
        content = numbers_of(corpus / "minilm-bf16.safetensors")[: 2 * SIZE]
        return bytes(word >> 7 & 255 for (word,) in struct.iter_unpack("<H", content))
    return bytes(word >> 23 & 255 for word in array.array("I", normal().tobytes()))


def high_bytes(corpus: Path | None) -> bytes:
    if corpus:
        return numbers_of(corpus / "minilm-fp16.safetensors")[1 : 2 * SIZE : 2]
    return struct.pack(f"<{SIZE}e", *normal())[1::2]


def text(corpus: Path | None) -> bytes:
    if corpus:
        return b"".join((corpus / name).read_bytes()[: SIZE // len(TEXTS)] for name in TEXTS)
    folder = Path(sysconfig.get_path("stdlib"))
    return b"".join(path.read_bytes() for path in sorted(folder.glob("*.py")))[:SIZE]


CLASSES: dict[str, Callable[[Path | None], bytes]] = {
    "bf16 exponents": exponents,
    "fp16 high byte": high_bytes,
    "text": text,
}


def build(folder: Path) -> Path | None:
    """Compile the comparison, or return None where zstd's coder or a compiler is not there."""
    program = folder / "huffman_zstd"
    sources = [
        ROOT / "benchmarks/huffman_zstd.c",
        *(ROOT / "compressor/kernels").glob("huffman_*.c"),
    ]
    command = ["cc", "-O3", "-std=c11", *sources, "-l:libzstd.a", "-o", program]
    try:
        done = subprocess.run(command, capture_output=True, check=False)
    except FileNotFoundError:
        return None
    return None if done.returncode else program


def cells(ratio: float, best: float, target: float | None) -> str:
    """Return a speed by medians, by least times, and what is aimed at."""
    speeds = f"{ratio:8.2f}{best:7.2f}"
    if target is None:
        return f"{speeds}{'-':>7}{'':10}"
    return f"{speeds}{target:7.2f}  {'reached' if ratio >= target else 'MISSED':<8}"


def compare(name: str, program: Path, data: Path) -> None:
    """Time one class and print a row for each path."""
    done = subprocess.run([program, data], capture_output=True, text=True, check=True)
    for line in done.stdout.splitlines():
        path, *ratios = line.split()
        size, encode, decode, best_encode, best_decode = map(float, ratios)
        decoding = cells(decode, best_decode, DECODE[name].get(path))
        encoding = cells(encode, best_encode, ENCODE.get(name, {}).get(path))
        print(f"{name:<16}{path:<10}{decoding}{encoding}{size:8.4f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", type=Path, nargs="?", help="the folder of the corpus files")
    corpus = parser.parse_args().corpus
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        program = build(folder)
        if program is None:
            print("huffman beside zstd's: skipped, needs a C compiler and libzstd.a (libzstd-dev)")
            return
        sides = "".join(f"{side:>8}{'best':>7}{'aim':>7}{'':10}" for side in ("decode", "encode"))
        print(f"{'by zstd':<26}{sides}{'size':>8}")
        for class_name, make in CLASSES.items():
            data = folder / "data"
            data.write_bytes(make(corpus))
            compare(class_name, program, data)


if __name__ == "__main__":
    main()
