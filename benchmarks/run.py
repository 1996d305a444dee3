"""Whole commands beside their peers: python benchmarks/run.py [--data FILE] [--rounds N] [--size BYTES].

Both commands of a row run in turn, A B A B, on the same input, with two threads; the row shows the
medians of their times and the ratio of these. Only ratios inside one run mean anything. Without
--data the input is gathered from what every machine has: the interpreter's library, shared objects,
and a float array made with a fixed seed.
"""

import argparse
import array
import random
import shutil
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

OURS = str(Path(sys.executable).with_name("compressor"))
SIZE = 1_000_000_000  # bytes


@dataclass(frozen=True, slots=True)
class Row:
    """Two commands that do the same work, and what the first must reach against the second."""

    name: str
    ours: list[str]
    peer: list[str]
    target: float
    sizes: tuple[str, str] | None = None  # files whose sizes are compared
    rounds: int | None = None


def gather(target: Path, size: int) -> None:
    """Write ``size`` bytes of several kinds of real data in turn, no file twice; floats fill up the rest."""
    kinds = [
        _files(Path(sysconfig.get_path("stdlib")), ".py"),
        _files(Path("/usr/lib"), ".so"),
        _floats(),
    ]
    with target.open("wb") as file:
        while file.tell() < size:
            for kind in kinds:
                file.write(next(kind, b"")[: size - file.tell()])


def _files(folder: Path, suffix: str) -> Iterator[bytes]:
    """Yield the contents of files, 4 MB at a time."""
    piece = b""
    seen: set[tuple[int, int]] = set()
    for path in sorted(folder.rglob(f"*{suffix}*")):
        try:
            status = path.stat()
            if not path.is_file() or (status.st_dev, status.st_ino) in seen:
                continue
            seen.add((status.st_dev, status.st_ino))
            piece += path.read_bytes()
        except OSError:
            continue
        if len(piece) >= 4_000_000:
            yield piece
            piece = b""
    yield piece


def _floats() -> Iterator[bytes]:
    numbers = random.Random(1)
    while True:
        yield array.array("f", [numbers.gauss(0, 0.02) for _ in range(250_000)]).tobytes()


def rows(data: str) -> Iterator[Row]:
    """Yield the comparisons whose peers are installed; the order matters: first in, then out."""
    two = ["-T2", "-f"]
    if shutil.which("zstd"):
        ours, peer = f"{data}.zstd.cz", f"{data}.zst"
        pack = [OURS, "compress", *two, "--codec", "zstd:level=3", data, "-o", ours]
        yield Row(
            "zstd:3 in", pack, ["zstd", "-q", *two, "-3", data, "-o", peer], 1.0, (ours, peer)
        )
        unpack = [OURS, "decompress", *two, ours, "-o", f"{data}.1"]
        yield Row("zstd:3 out", unpack, ["zstd", "-q", "-d", "-f", peer, "-o", f"{data}.2"], 0.8)
    packed = f"{data}.pipe.cz"
    subprocess.run(
        [OURS, "compress", *two, data, "-o", packed], check=True, stderr=subprocess.DEVNULL
    )
    through = [f"cat {packed} | {OURS} decompress -T{threads} > {data}.1" for threads in (2, 1)]
    yield Row("pipe T2:T1", ["sh", "-c", through[0]], ["sh", "-c", through[1]], 1 / 1.3)
    if shutil.which("lz4"):
        ours, peer = f"{data}.lz4.cz", f"{data}.lz4"
        pack = [OURS, "compress", *two, "--codec", "lz4", data, "-o", ours]
        yield Row("lz4 in", pack, ["lz4", "-q", "-f", data, peer], 0.65, (ours, peer))
        unpack = [OURS, "decompress", *two, ours, "-o", f"{data}.1"]
        yield Row("lz4 out", unpack, ["lz4", "-q", "-d", "-f", peer, f"{data}.2"], 1.0)
    if shutil.which("gzip"):
        ours, peer = f"{data}.zlib.cz", f"{data}.gz"
        pack = [OURS, "compress", *two, "--codec", "zlib", data, "-o", ours]
        with_gzip = ["sh", "-c", f"gzip -c {data} > {peer}"]
        yield Row("zlib in", pack, with_gzip, 0.6, (ours, peer), rounds=1)
        unpack = [OURS, "decompress", *two, ours, "-o", f"{data}.1"]
        yield Row("zlib out", unpack, ["sh", "-c", f"gzip -dc {peer} > {data}.2"], 0.6, rounds=1)


def small_rows(folder: Path) -> Iterator[Row]:
    """Yield what costs start-up alone, beside bare Python: 60 and 90 ms where that takes 10."""
    small = folder / "small"
    small.write_bytes(b"a small file\n" * 40)
    bare = [sys.executable, "-c", "pass"]
    yield Row("--version", [OURS, "--version"], bare, 6.0, rounds=15)
    yield Row("small in", [OURS, "compress", "-f", str(small)], bare, 9.0, rounds=15)
    yield Row("small out", [OURS, "decompress", "-f", f"{small}.cz"], bare, 9.0, rounds=15)


def seconds(command: list[str]) -> float:
    """Run a command; return the seconds it took."""
    begun = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - begun


def measure(row: Row, rounds: int) -> None:
    """Run both commands in turn and print the row."""
    ours, peer = [], []
    for _ in range(row.rounds or rounds):
        ours.append(seconds(row.ours))
        peer.append(seconds(row.peer))
    a, b = statistics.median(ours), statistics.median(peer)
    sizes = ""
    if row.sizes:
        own, other = (Path(path).stat().st_size for path in row.sizes)
        sizes = f"{own / other:7.4f}"
    verdict = "reached" if a / b <= row.target else "MISSED"
    print(
        f"{row.name:<12}{a:9.3f}{b:9.3f}{a / b:8.2f}{row.target:8.2f}  {verdict:<8}{sizes}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="the input, instead of what is gathered")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--size", type=int, default=SIZE, help="bytes to gather")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        print(
            f"{'':<12}{'ours s':>9}{'peer s':>9}{'ratio':>8}{'target':>8}  {'':<8}{'size ours/peer':>7}"
        )
        for row in small_rows(folder):
            measure(row, options.rounds)
        data = folder / "data"
        if options.data:
            shutil.copy(options.data, data)
        else:
            gather(data, options.size)
        for row in rows(str(data)):
            measure(row, options.rounds)


if __name__ == "__main__":
    main()
