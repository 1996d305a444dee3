"""LZ78 beside lzw and ncompress: python benchmarks/lz78.py [ROUNDS]

Both codecs in this process, ncompress -b16 as a process, in turn, on the inputs of benchmarks/lzw.py, in one
stream. Times are processor time, least of several, the process's own and its child's.
"""

import resource
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from lzw import image, log, shared_objects, text, tool  # the benchmark beside this one

from compressor.kernels import lz78, lzw

LARGEST = 8 << 20  # bytes


def seconds(work: Callable[[], object]) -> float:
    """Return the processor time of one call, and of the processes that it waited for."""
    start = spent()
    work()
    return spent() - start


def spent() -> float:
    """Return the processor time of this process and of those that it waited for."""
    both = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in both)


def least(works: list[Callable[[], object]], rounds: int) -> list[float]:
    """Return the least time of each; they take turns."""
    columns = zip(*([seconds(work) for work in works] for _ in range(rounds)), strict=True)
    return [min(column) for column in columns]


def compare(name: str, plain: bytes, rounds: int) -> None:
    """Print one line."""
    size = len(plain)
    packed, other = lz78.encode(plain), lzw.encode(plain)
    assert lz78.decode(packed, size) == plain
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "plain"
        path.write_bytes(plain)
        foreign = tool("-f -b16", path)()
        path.with_name("packed.Z").write_bytes(foreign)
        encoders = [lambda: lz78.encode(plain), lambda: lzw.encode(plain), tool("-f -b16", path)]
        decoders = [
            lambda: lz78.decode(packed, size),
            lambda: lzw.decode(other, size),
            tool("-d", path.with_name("packed.Z")),
        ]
        ours, by_lzw, theirs = least(encoders, rounds)
        cells = [f"encode {theirs / ours:.2f}x of ncompress, {by_lzw / ours:.2f}x of lzw"]
        ours, by_lzw, theirs = least(decoders, rounds)
        cells.append(f"decode {theirs / ours:.2f}x, {by_lzw / ours:.2f}x")
    cells.append(f"size {len(packed) / len(other):.3f} of lzw, {len(packed) / len(foreign):.3f}")
    print(f"{name:6} {'; '.join(cells)}")


def main() -> None:
    """Measure all inputs."""
    if not shutil.which("compress"):
        sys.exit("skipped: `compress` is missing (Debian: apt install ncompress)")
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    for name, make in (("text", text), ("elf", shared_objects), ("log", log), ("image", image)):
        compare(name, make()[:LARGEST], rounds)


if __name__ == "__main__":
    main()
