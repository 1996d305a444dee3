"""Level 9 on any bytes beside xz, zstd and bzip2: python benchmarks/densest_bytes.py FILE...

Whole files, ours with two threads. Of each program the bytes written, and processor time (user and
system, seconds): the least of --rounds, programs in turn. Of ours and xz the clock, too. Then the sizes
of our levels 7 and 8, and what bz2 takes of a sample by what lzma does, which says whether bz2 is tried.
"larger" and "slower" mark what misses: the smallest of the three, xz's time.
"""

import argparse
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from compressor.plan.densest import BZ2, SAMPLE, TEXT
from compressor.stages.chain import encode, parse

OURS = [sys.executable, "-m", "compressor", "compress", "-c", "-f", "-T2"]
PEERS = {
    "xz": ["xz", "-6", "-T1", "-c"],
    "zstd": ["zstd", "-q", "-19", "-c"],
    "bzip2": ["bzip2", "-9", "-c"],
}
CHUNK = 1 << 20


@dataclass
class Done:
    """What a command wrote (bytes), and its least times (seconds)."""

    size: int = 0
    processor: float = float("inf")
    clock: float = float("inf")

    def run(self, command: list[str]) -> None:
        begun = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert process.stdout
        self.size = 0
        while chunk := process.stdout.read(CHUNK):
            self.size += len(chunk)
        _, status, usage = os.wait4(process.pid, 0)
        assert not status, command
        self.processor = min(self.processor, usage.ru_utime + usage.ru_stime)
        self.clock = min(self.clock, time.perf_counter() - begun)


def measure(path: Path, rounds: int) -> None:
    commands = {"ours": [*OURS, "-9"], **PEERS}
    done = {name: Done() for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            done[name].run([*command, str(path)])
    lower = {level: Done() for level in (7, 8)}
    for level, found in lower.items():
        found.run([*OURS, f"-{level}", str(path)])
    report(path, done, lower)


def report(path: Path, done: dict[str, Done], lower: dict[int, Done]) -> None:
    ours, xz = done["ours"], done["xz"]
    smallest = min(done[name].size for name in PEERS)
    cells = [path.name, f"{path.stat().st_size:,}", f"{ours.size / smallest:.4f}"]
    cells += [f"{found.size:,}" for found in done.values()]
    cells += [f"{found.processor:.2f}" for found in done.values()]
    cells += [f"{ours.clock / xz.clock:.2f}"]
    cells += [f"{found.size / ours.size:.3f}" for found in lower.values()]
    cells += [f"{sampled(path):.2f}"]
    missed = ["larger"] * (ours.size > smallest) + ["slower"] * (ours.clock > xz.clock)
    print(f"| {' | '.join([*cells, ', '.join(missed)])} |", flush=True)


def sampled(path: Path) -> float:
    """Return what bz2 takes by what lzma does, of the middle of a file."""
    begin = max(0, (path.stat().st_size - SAMPLE) // 2) & -8
    with path.open("rb") as file:
        file.seek(begin)
        sample = file.read(SAMPLE)
    bz2, lzma = (encode(parse(chain), sample).packed_size for chain in (BZ2, TEXT))
    return bz2 / lzma


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--rounds", type=int, default=1)
    arguments = parser.parse_args()
    names = ["ours", *PEERS]
    titles = ["file", "bytes", "ours by the smallest", *names, *(f"{name}, s" for name in names)]
    titles += ["clock, ours by xz's", "-7 by -9", "-8 by -9", "sample", ""]
    print(f"| {' | '.join(titles)} |\n|{'---|' * len(titles)}")
    for path in arguments.files:
        measure(path, arguments.rounds)


if __name__ == "__main__":
    main()
