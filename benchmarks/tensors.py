"""Files of tensors beside zstd, as whole commands: python benchmarks/tensors.py CORPUS [--speed FILE].

Sizes are fractions of the file, the archive's index and all else included. The aim is the size that a
prototype reached. The tensors of FILE, again and again up to 1 GiB, are packed and restored in turn with
zstd, with hashes and verification, on two threads (TMPDIR=/dev/shm keeps the disk out of it).
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

LARGE = 1 << 30  # bytes
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


DENSE_AIMS: dict[str, float | None] = {
    "minilm-bf16.safetensors": 0.656,
    "minilm-fp32.safetensors": 0.814,
    "minilm-fp16.safetensors": 0.843,
    "minilm-fp8-e4m3.safetensors": 0.813,
    "minilm-fp8-e5m2.safetensors": None,
    "minilm-int8.safetensors": 0.904,
    "ckpt-01200-bf16.safetensors": 0.641,
    "ckpt-01200-fp32.safetensors": 0.821,
    "ckpt-01200-optim.safetensors": 0.799,
    "effnet-lite0-bf16.safetensors": 0.658,
    "effnet-lite0-fp32.safetensors": 0.816,
    "grad-01200-fp32.safetensors": 0.82,
    "embeddings-fp32.npy": 0.827,
    "embeddings-fp16.npy": 0.832,
    "embeddings-int8.npy": None,
}
"""What a prototype of the codec ``dense`` reached."""

STATES: tuple[tuple[str, str, float | None], ...] = (
    ("finetune-base-bf16.safetensors", "finetune-tuned-bf16.safetensors", 0.285),
    ("ckpt-01200-bf16.safetensors", "ckpt-01201-bf16.safetensors", 0.135),
    ("ckpt-01100-bf16.safetensors", "ckpt-01200-bf16.safetensors", 0.445),
    ("ckpt-01200-fp32.safetensors", "ckpt-01201-fp32.safetensors", 0.555),
    ("ckpt-01100-fp32.safetensors", "ckpt-01200-fp32.safetensors", 0.725),
    ("ckpt-01200-optim.safetensors", "ckpt-01201-optim.safetensors", 0.74),
    ("ckpt-01100-optim.safetensors", "ckpt-01200-optim.safetensors", None),
)
"""A file, the next state of it, and the aim for that as a difference."""

DENSE_STATES = (0.251, 0.111, 0.419, 0.533, 0.710, None, None)
"""The same from level 7 on: what a prototype of the codec ``densedelta`` reached."""


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


def densest(corpus: Path, folder: Path) -> None:
    """Print what files take at the levels that try dense, and the speeds by processor time.

    What a run of the command takes in any case is taken off.
    """
    empty, packed, out = folder / "empty", folder / "x", folder / "out"
    empty.write_bytes(b"")
    _, start = cost([OURS, "compress", "-f", "-7", empty, "-o", packed])
    print(f"\n{'at -7':<32}{'ours':>8}{'aim':>8}{'':>9}{'in':>7}{'out':>7}  MB/s")
    for name, aim in DENSE_AIMS.items():
        file = corpus / name
        if not file.exists():
            continue
        _, begun = cost([OURS, "compress", "-f", "-7", file, "-o", packed])
        _, ended = cost([OURS, "decompress", "-f", packed, "-o", out])
        size = file.stat().st_size
        share = packed.stat().st_size / size
        if out.read_bytes() != file.read_bytes():
            raise ValueError(f"{name} came back with other bytes")
        said = "" if aim is None else f"{aim:>8.4f} {'reached' if share <= aim else 'MISSED'}"
        print(f"{name:<32}{share:>8.4f}{said:<17}", end="")
        print(
            f"{size / 1e6 / (begun - start):>7.0f}{size / 1e6 / (ended - start):>7.0f}", flush=True
        )


def states(corpus: Path, folder: Path) -> None:
    """Print what the next state of a file takes, and how long packing, restoring and zstd's patch take."""
    print(f"\n{'the next state':<32}{'ours':>8}{'patch -3':>9}{'aim':>8}{'':>9}{'in':>7}{'out':>7}")
    for old, new, aim in STATES:
        base, file = corpus / old, corpus / new
        packed, patch, out = folder / "x", folder / "z", folder / "out"
        begun = run([OURS, "compress", "-f", file, "--base", base, "-o", packed])
        ended = run([OURS, "decompress", "-f", packed, "--base", base, "-o", out])
        theirs = run(["zstd", "-qf3", f"--patch-from={base}", file, "-o", patch])
        if out.read_bytes() != file.read_bytes():
            raise ValueError(f"{new} came back with other bytes")
        ours, zstd = (one.stat().st_size / file.stat().st_size for one in (packed, patch))
        said = "" if aim is None else f"{aim:>8.4f} {'reached' if ours <= aim else 'MISSED'}"
        times = f"{begun / theirs:>7.2f}{ended / theirs:>7.2f}"
        print(f"{new:<32}{ours:>8.4f}{zstd:>9.4f}{said:<17}{times}", flush=True)
    dense_states(corpus, folder)
    again(corpus, folder)


def dense_states(corpus: Path, folder: Path) -> None:
    """Print the same at -7, and the processor's time both ways."""
    print(f"\n{'the next state, at -7':<32}{'ours':>8}{'aim':>8}{'':>9}{'in':>7}{'out':>7}  MB/s")
    for (old, new, _), aim in zip(STATES, DENSE_STATES, strict=True):
        base, file = corpus / old, corpus / new
        packed, out = folder / "x", folder / "out"
        _, begun = cost([OURS, "compress", "-f", "-7", file, "--base", base, "-o", packed])
        _, ended = cost([OURS, "decompress", "-f", packed, "--base", base, "-o", out])
        if out.read_bytes() != file.read_bytes():
            raise ValueError(f"{new} came back with other bytes")
        size = file.stat().st_size
        share = packed.stat().st_size / size
        said = "" if aim is None else f"{aim:>8.4f} {'reached' if share <= aim else 'MISSED'}"
        print(f"{new:<32}{share:>8.4f}{said:<17}", end="")
        print(f"{size / 1e6 / begun:>7.0f}{size / 1e6 / ended:>7.0f}", flush=True)


def again(corpus: Path, folder: Path) -> None:
    """Print what a file costs that is in the archive already: by another name, or in another format."""
    parts = [corpus / f"ckpt-01200-{name}.safetensors" for name in ("fp32", "optim")]
    copy = folder / "copy.safetensors"
    copy.write_bytes(parts[0].read_bytes())
    for files, added, aim in ((parts[:1], copy, 0.001), (parts, corpus / "ckpt-01200.pt", 0.005)):
        archive = folder / "x"
        run([OURS, "compress", "-f", *files, "-o", archive])
        before = archive.stat().st_size
        run([OURS, "append", archive, added])
        share = (archive.stat().st_size - before) / added.stat().st_size
        print(f"{added.name + ', appended':<32}{share:>8.4f}{'':>9}{aim:>8.4f}", end=" ")
        print("reached" if share <= aim else "MISSED")


def tiled(file: Path, folder: Path) -> Path:
    """Write the tensors of a file again and again as one of LARGE bytes, all of the type most of it has."""
    content = file.read_bytes()
    start = 8 + int.from_bytes(content[:8], "little")
    header, data = json.loads(content[8:start]), memoryview(content)[start:]
    entries = [entry for name, entry in header.items() if name != "__metadata__"]
    largest = max(entries, key=lambda entry: entry["data_offsets"][1] - entry["data_offsets"][0])
    dtype = largest["dtype"]
    width = int("".join(filter(str.isdigit, dtype.partition("_")[0]))) // 8
    sizes = [min(len(data), LARGE - at) for at in range(0, LARGE, len(data))]
    table = {}
    for number, size in enumerate(sizes):
        begin = number * len(data)
        shape, place = [size // width], [begin, begin + size]
        table[f"{number}"] = {"dtype": dtype, "shape": shape, "data_offsets": place}
    text = json.dumps(table).encode()
    text += b" " * (-len(text) % 8)
    target = folder / "large.safetensors"
    with target.open("wb") as out:
        out.write(len(text).to_bytes(8, "little") + text)
        for size in sizes:
            out.write(data[:size])
    return target


def cost(command: Sequence[str | Path]) -> tuple[float, float]:
    """Return the seconds and the processor's seconds that a command takes."""
    before = os.times()
    seconds = run(command)
    after = os.times()
    user, system = before.children_user, before.children_system
    return seconds, after.children_user - user + after.children_system - system


def speeds(source: Path, folder: Path, rounds: int) -> None:
    file, ours, theirs, out = tiled(source, folder), *(folder / name for name in ("x", "z", "out"))
    ways = {
        "in": [OURS, "compress", "-qf", "-T2", file, "-o", ours],
        "in, zstd -1 -T2": ["zstd", "-qf1", "-T2", file, "-o", theirs],
        "in, not verified": [OURS, "compress", "-qf", "-T2", "--no-verify", file, "-o", ours],
        "out": [OURS, "decompress", "-qf", "-T2", ours, "-o", out],
        "out, zstd -d": ["zstd", "-qdf", theirs, "-o", out],
    }
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            found[name].append(cost(way))
    wall = {name: statistics.median(seconds for seconds, _ in found[name]) for name in ways}
    least = {name: min(found[name])[0] for name in ways}
    used = {name: min(used for _, used in found[name]) for name in ways}
    for name in ways:
        print(
            f"{name:<18}{wall[name]:.2f} s, least {least[name]:.2f} s, processor {used[name]:.2f} s"
        )
    for name, peer in (("in", "in, zstd -1 -T2"), ("out", "out, zstd -d")):
        print(
            f"{name:<4}{wall[peer] / wall[name]:.2f} times as fast, by least times "
            f"{least[peer] / least[name]:.2f}, by processor time {used[peer] / used[name]:.2f}"
        )
    print(f"verification: {1 - used['in, not verified'] / used['in']:.2f} of the processor time")


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
            densest(options.corpus, Path(folder))
            states(options.corpus, Path(folder))


if __name__ == "__main__":
    main()
