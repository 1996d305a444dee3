"""Tensors into arrays, out of an archive and out of the plain file: python benchmarks/load.py [CORPUS].

1 GiB of bf16 in memory (/dev/shm where there is one): the tensors of CORPUS/minilm-bf16.safetensors again
and again, the last bits of every copy drawn anew so that nothing is stored once for two; without CORPUS
drawn weights. Each loads in a process of its own, in turn, so that every array is of fresh memory. Seconds
on the clock, and of processors: the latter say more where others use the machine.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np

import compressor

AIM = 0.6  # of the speed at which plain bytes become arrays
LOAD = """
import sys, time
import numpy, ml_dtypes, compressor.numpy, compressor.api.numpyarrays
clock, processor = time.perf_counter(), time.process_time()
arrays = compressor.numpy.load_file(sys.argv[1], threads=int(sys.argv[2]))
print(time.perf_counter() - clock, time.process_time() - processor)
"""


def weights(corpus: Path | None) -> list[tuple[str, Any]]:
    """Return names and arrays of 16 bits, the shapes of a small model."""
    drawn = np.random.default_rng(1)
    if corpus is None:
        shapes = [(30_522, 384)] + [(1536, 384), (384, 1536), (384,), (1536,)] * 6
        made = [
            (drawn.standard_normal(shape) * 0.05).astype(ml_dtypes.bfloat16) for shape in shapes
        ]
        return [(f"w{number}", one.view(np.uint16)) for number, one in enumerate(made)]
    content = (corpus / "minilm-bf16.safetensors").read_bytes()
    start = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:start])
    header.pop("__metadata__", None)
    found = []
    for name, entry in header.items():
        if entry["dtype"] != "BF16":
            continue
        begin, end = entry["data_offsets"]
        raw = np.frombuffer(content[start + begin : start + end], np.uint16)
        found.append((name, raw.reshape(entry["shape"])))
    return found


def tiles(corpus: Path | None, size: int) -> Iterator[tuple[str, Any]]:
    """Yield tensors until they have ``size`` bytes."""
    drawn, made = np.random.default_rng(2), weights(corpus)
    number = 0
    while size > 0:
        for name, array in made:
            if size > 0:
                noise = drawn.integers(0, 4, array.shape, dtype=np.uint16)
                yield f"{number}.{name}", array ^ noise
                size -= array.nbytes
        number += 1


def write(path: Path, corpus: Path | None, size: int) -> None:
    header, at = {}, 0
    with tempfile.TemporaryFile(dir=path.parent) as data:
        for name, array in tiles(corpus, size):
            end = at + array.nbytes
            header[name] = {"dtype": "BF16", "shape": array.shape, "data_offsets": (at, end)}
            data.write(array.tobytes())
            at = end
        text = json.dumps(header).encode()
        text += b" " * (-len(text) % 8)
        with path.open("wb") as file:
            file.write(len(text).to_bytes(8, "little") + text)
            data.seek(0)
            while chunk := data.read(16 << 20):
                file.write(chunk)


def load(path: Path, threads: int) -> tuple[float, float]:
    command = [sys.executable, "-c", LOAD, str(path), str(threads)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    clock, processor = map(float, said.split())
    return clock, processor


def report(times: dict[str, list[tuple[float, float]]], sizes: dict[str, int]) -> None:
    clocks, works = {}, {}
    for name, taken in times.items():
        clocks[name], works[name] = (
            statistics.median(column) for column in zip(*taken, strict=True)
        )
        least = min(clock for clock, _ in taken)
        print(f"{name:<8}{sizes[name]:>14,} B  {clocks[name]:.3f} s, least {least:.3f}", end="")
        print(f"; {works[name]:.3f} s of processors")
    share, work = (seconds["plain"] / seconds["packed"] for seconds in (clocks, works))
    reached = "reached" if share >= AIM else "MISSED"
    print(
        f"{share:.2f} of the speed of plain bytes (aim {AIM}: {reached}), {work:.2f} by processors"
    )
    saved, longer = sizes["plain"] - sizes["packed"], clocks["packed"] - clocks["plain"]
    print(
        f"the archive is there first where bytes come at less than {saved / longer / 1e6:,.0f} MB/s"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("corpus", nargs="?", type=Path)
    parser.add_argument("--size", type=int, default=1 << 30)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    memory = Path("/dev/shm")
    folder = memory if os.access(memory, os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=folder) as place:
        paths = {"plain": Path(place, "m.safetensors"), "packed": Path(place, "m.cz")}
        write(paths["plain"], arguments.corpus, arguments.size)
        compressor.pack(paths["plain"], paths["packed"], threads=2)
        times: dict[str, list[tuple[float, float]]] = {name: [] for name in paths}
        for _ in range(arguments.rounds):
            for name, path in paths.items():
                times[name].append(load(path, arguments.threads))
        report(times, {name: path.stat().st_size for name, path in paths.items()})


if __name__ == "__main__":
    main()
