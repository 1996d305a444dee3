"""Whole commands beside their peers: python benchmarks/run.py [--data FILE] [--rounds N] [--size BYTES].

Both commands of a row run in turn, A B A B, on the same input, with two threads; the row shows the
medians of their times, the ratio of these, and that of the least times. Only ratios inside one run mean
anything. What a command wrote is removed before it runs again: who writes over a file gets its memory at
once, and who writes a new one beside it has to ask for more, which a virtual machine may have to get from
its host. Without --data the input is gathered from what every machine has: the interpreter's library,
shared objects, and a float array made with a fixed seed.
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
    outputs: tuple[str, str] | None = None  # files that ours and the peer write
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
    restored = f"{data}.1", f"{data}.2"
    if shutil.which("zstd"):
        ours, peer = packed = f"{data}.zstd.cz", f"{data}.zst"
        pack = [OURS, "compress", *two, "--codec", "zstd:level=3", data, "-o", ours]
        yield Row("zstd:3 in", pack, ["zstd", "-q", *two, "-3", data, "-o", peer], 1.0, packed)
        unpack = [OURS, "decompress", *two, ours, "-o", restored[0]]
        peers = ["zstd", "-q", "-d", "-f", peer, "-o", restored[1]]
        yield Row("zstd:3 out", unpack, peers, 0.8, restored)
    piped = f"{data}.pipe.cz"
    subprocess.run(
        [OURS, "compress", *two, data, "-o", piped], check=True, stderr=subprocess.DEVNULL
    )
    through = [
        ["sh", "-c", f"cat {piped} | {OURS} decompress -T{threads} > {target}"]
        for threads, target in zip((2, 1), restored, strict=True)
    ]
    yield Row("pipe T2:T1", *through, 1 / 1.3, restored)
    if shutil.which("lz4"):
        ours, peer = packed = f"{data}.lz4.cz", f"{data}.lz4"
        pack = [OURS, "compress", *two, "--codec", "lz4", data, "-o", ours]
        yield Row("lz4 in", pack, ["lz4", "-q", "-f", data, peer], 0.65, packed)
        unpack = [OURS, "decompress", *two, ours, "-o", restored[0]]
        yield Row("lz4 out", unpack, ["lz4", "-q", "-d", "-f", peer, restored[1]], 1.0, restored)
    if shutil.which("gzip"):
        ours, peer = packed = f"{data}.zlib.cz", f"{data}.gz"
        pack = [OURS, "compress", *two, "--codec", "zlib", data, "-o", ours]
        with_gzip = ["sh", "-c", f"gzip -c {data} > {peer}"]
        yield Row("zlib in", pack, with_gzip, 0.6, packed, rounds=1)
        unpack = [OURS, "decompress", *two, ours, "-o", restored[0]]
        with_gzip = ["sh", "-c", f"gzip -dc {peer} > {restored[1]}"]
        yield Row("zlib out", unpack, with_gzip, 0.6, restored, rounds=1)


def small_rows(folder: Path) -> Iterator[Row]:
    """Yield what costs start-up alone, beside bare Python: 60 and 90 ms where that takes 10."""
    small = folder / "small"
    small.write_bytes(b"a small file\n" * 40)
    bare = [sys.executable, "-c", "pass"]
    yield Row("--version", [OURS, "--version"], bare, 6.0, rounds=15)
    yield Row("small in", [OURS, "compress", "-f", str(small)], bare, 9.0, rounds=15)
    yield Row("small out", [OURS, "decompress", "-f", f"{small}.cz"], bare, 9.0, rounds=15)


def seconds(command: list[str], output: str | None) -> float:
    """Run a command, whose output is not there yet; return the seconds it took."""
    if output:
        Path(output).unlink(missing_ok=True)
    begun = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - begun


def measure(row: Row, rounds: int) -> None:
    """Run both commands in turn and print the row."""
    ours, peer = [], []
    own, other = row.outputs or (None, None)
    for _ in range(row.rounds or rounds):
        ours.append(seconds(row.ours, own))
        peer.append(seconds(row.peer, other))
    a, b = statistics.median(ours), statistics.median(peer)
    size = f"{Path(own).stat().st_size / Path(other).stat().st_size:7.4f}" if own and other else ""
    verdict = "reached" if a / b <= row.target else "MISSED"
    print(
        f"{row.name:<12}{a:9.3f}{b:9.3f}{a / b:8.2f}{min(ours) / min(peer):8.2f}{row.target:8.2f}"
        f"  {verdict:<8}{size}",
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
            f"{'':<12}{'ours s':>9}{'peer s':>9}{'ratio':>8}{'least':>8}{'target':>8}"
            f"  {'':<8}{'size ours/peer':>7}"
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
