"""Files of tensors beside zstd, as whole commands: python benchmarks/tensors.py CORPUS [--speed FILE].

Sizes are fractions of the file, the archive's index and all else included. The aim is the size that a
prototype reached; FILE, best a large one on a fast disk, is packed and restored in turn with zstd.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

OURS = str(Path(sys.executable).with_name("compressor"))
AIMS: dict[str, float | None] = {
    "minilm-bf16.safetensors": 0.6652,
    "minilm-fp32.safetensors": 0.8155,
    "minilm-fp16.safetensors": 0.8485,
    "minilm-fp8-e4m3.safetensors": 0.8330,
    "minilm-int8.safetensors": 0.9075,
    "minilm-q8_0.gguf": 0.945,
    "minilm-q4_0.gguf": 0.92,
    "pruned50-fp32.npy": 0.428,
    "pruned90-fp32.npy": 0.092,
    "pruned-2of4-bf16.safetensors": 0.348,
    "effnet-lite0-bf16.safetensors": None,
    "effnet-lite0-fp32.safetensors": None,
    "effnet-lite0.pt": None,
    "ckpt-01200-bf16.safetensors": None,
    "ckpt-01200-fp32.safetensors": None,
    "ckpt-01200-optim.safetensors": None,
    "ckpt-01200.pt": None,
    "grad-01200-fp32.safetensors": None,
    "embeddings-fp32.npy": None,
    "embeddings-fp16.npy": None,
    "embeddings-bf16.bin": None,
}


def run(command: Sequence[str | Path]) -> float:
    begun = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - begun


def sizes(corpus: Path, folder: Path) -> None:
    print(f"{'':<32}{'ours':>8}{'-5':>8}{'zstd -3':>9}{'zstd -19':>9}{'aim':>8}")
    for name, aim in AIMS.items():
        file = corpus / name
        if not file.exists():
            continue
        ways = [
            [OURS, "compress", "-f", file, "-o", folder / "x"],
            [OURS, "compress", "-f", "-5", file, "-o", folder / "x"],
            ["zstd", "-qf3", file, "-o", folder / "x"],
            ["zstd", "-qf19", "-T0", file, "-o", folder / "x"],
        ]
        found = []
        for way in ways:
            run(way)
            found.append((folder / "x").stat().st_size / file.stat().st_size)
        ours, dense, fast, slow = found
        said = "" if aim is None else f"{aim:>8.4f} {'reached' if ours <= aim else 'MISSED'}"
        print(f"{name:<32}{ours:>8.4f}{dense:>8.4f}{fast:>9.4f}{slow:>9.4f}{said}", flush=True)


def speeds(file: Path, folder: Path, rounds: int) -> None:
    ours, theirs, out = folder / "x.cz", folder / "x.zst", folder / "out"
    ways = {
        "in": (
            [OURS, "compress", "-qf", "-T2", file, "-o", ours],
            ["zstd", "-qf1", "-T2", file, "-o", theirs],
        ),
        "out": (
            [OURS, "decompress", "-qf", "-T2", ours, "-o", out],
            ["zstd", "-qdf", theirs, "-o", out],
        ),
    }
    for name, pair in ways.items():
        times = [[run(command) for command in pair] for _ in range(rounds)]
        we, they = (statistics.median(column) for column in zip(*times, strict=True))
        print(f"{name:<4} ours {we:.3f} s, zstd -1 {they:.3f} s: {they / we:.2f} times as fast")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--speed", type=Path, metavar="FILE")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if options.speed:
            speeds(options.speed, Path(folder), options.rounds)
        else:
            sizes(options.corpus, Path(folder))


if __name__ == "__main__":
    main()
