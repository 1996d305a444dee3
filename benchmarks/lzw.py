"""Compare LZW with ncompress: python benchmarks/lzw.py [ROUNDS].

Rounds alternate between the two, and ratios of medians are printed. Ncompress is measured as a
whole process from file to pipe (start included: about 1 ms), ours inside this process.
"""

import random
import shutil
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from compressor.kernels import lzw

LARGEST = 16 << 20  # bytes of each input
BLOCKS = [1 << 18, 1 << 19, 1 << 20, 1 << 21, 1 << 22]  # bytes; candidates for the codec's block


def text() -> bytes:
    """Return the sources of the standard library, in the order of their paths."""
    root = Path(sysconfig.get_path("stdlib"))
    sources = [path for path in sorted(root.rglob("*.py")) if "site-packages" not in path.parts]
    return b"".join(path.read_bytes() for path in sources)


def shared_objects() -> bytes:
    """Return system libraries, or the extension modules of Python where there are none."""
    for folder in (Path("/usr/lib/x86_64-linux-gnu"), Path("/usr/lib/aarch64-linux-gnu")):
        if libraries := sorted(folder.glob("*.so*")):
            return b"".join(path.read_bytes() for path in libraries)
    modules = sorted(Path(sysconfig.get_path("stdlib")).rglob("*.so"))
    return b"".join(path.read_bytes() for path in modules)


def log() -> bytes:
    """Return the log of an imagined web server."""
    rng = random.Random(7)
    lines, size, clock = [], 0, 1.7e9
    while size < LARGEST:
        clock += rng.expovariate(30)
        address = f"10.{rng.randrange(4)}.{rng.randrange(256)}.{rng.randrange(256)}"
        path = rng.choice(["/login", "/healthz", f"/api/v1/users/{rng.randrange(1 << 20)}"])
        status = rng.choice([200] * 20 + [304, 404, 500])
        taken, sent = rng.expovariate(1 / 12), int(rng.expovariate(1 / 4000))
        line = f'{clock:.3f} INFO {address} "GET {path} HTTP/1.1" {status} {sent} {taken:.3f}ms\n'
        lines.append(line)
        size += len(line)
    return "".join(lines).encode()


def image() -> bytes:
    """Return a grey image: soft bands and the noise of a sensor."""
    rng = random.Random(3)
    rows = []
    for y in range(2048):
        band = [128 + 60 * (((x + y) >> 6) % 3 - 1) for x in range(2048)]
        rows.append(bytes(int(value + rng.gauss(0, 2)) for value in band))
    return b"".join(rows)


def seconds(work: Callable[[], object]) -> float:
    """Return the time of one call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def tool(options: str, path: Path) -> Callable[[], bytes]:
    """Return a call of ``compress`` that gives its output."""
    command = ["compress", *options.split(), "-c", str(path)]
    return lambda: subprocess.run(command, capture_output=True, check=True).stdout


def compare(name: str, plain: bytes, rounds: int) -> None:
    """Print one line."""
    packed = lzw.encode(plain)
    assert lzw.decode(packed, len(plain)) == plain
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "plain"
        path.write_bytes(plain)
        foreign = tool("-f -b16", path)()
        path.with_name("packed.Z").write_bytes(foreign)
        works = {
            "encode": (lambda: lzw.encode(plain), tool("-f -b16", path)),
            "decode": (
                lambda: lzw.decode(packed, len(plain)),
                tool("-d", path.with_name("packed.Z")),
            ),
        }
        cells = [speed(kind, len(plain), *pair, rounds) for kind, pair in works.items()]
    size = f"size {len(packed) / len(foreign):.3f}x"
    print(f"{name:6} {len(plain) / 1e6:5.1f} MB  {'  '.join(cells)}  {size}")
    costs = [f"{block >> 10} KiB {in_blocks(plain, block) / len(packed):.4f}" for block in BLOCKS]
    print(f"{'':6} size in blocks against one stream: {', '.join(costs)}")


def in_blocks(plain: bytes, block: int) -> int:
    """Return the packed size of ``plain`` in blocks of so many bytes."""
    starts = range(0, len(plain), block)
    return sum(len(lzw.encode(plain[at : at + block])) for at in starts)


def speed(kind: str, size: int, ours: Callable, theirs: Callable, rounds: int) -> str:
    """Measure both in turns; return the ratio, and our speed."""
    times = [(seconds(ours), seconds(theirs)) for _ in range(rounds)]
    own, foreign = (statistics.median(column) for column in zip(*times, strict=True))
    return f"{kind} {foreign / own:4.2f}x ({size / own / 1e6:4.0f} MB/s)"


def main() -> None:
    """Measure all inputs."""
    if not shutil.which("compress"):
        sys.exit("skipped: `compress` is missing (Debian: apt install ncompress)")
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    print("ours in this process against ncompress -b16 as a process; above 1 is faster")
    for name, make in (("text", text), ("elf", shared_objects), ("log", log), ("image", image)):
        compare(name, make()[:LARGEST], rounds)


if __name__ == "__main__":
    main()
