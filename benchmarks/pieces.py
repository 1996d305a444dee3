"""Compare cutting with BLAKE3: python benchmarks/pieces.py [ROUNDS | OLD NEW].

What is cut is hashed too, so BLAKE3 is the measure: it runs in one thread over pieces of 16 KiB.
Rounds alternate; ratios of medians are printed. The last line is the table.

With two folders: how much of the second's files is not in the first's, nor twice in its own.
"""

import hashlib
import os
import random
import statistics
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from itertools import accumulate, pairwise
from pathlib import Path

from blake3 import blake3
from lzw import shared_objects, text  # the benchmark beside this one

from compressor.errors import UsageError
from compressor.kernels import pieces

LARGEST = 32 << 20  # bytes of each input
PIECE = 16 << 10  # bytes that BLAKE3 gets at once
HASHES = 200_000  # of the table


def zeros() -> bytes:
    """Return what is cut slowest: no end is found, so hardly anything is passed over."""
    return bytes(LARGEST)


def noise() -> bytes:
    """Return what no codec shrinks."""
    return random.Random(1).randbytes(LARGEST)


def seconds(work: Callable[[], object]) -> float:
    """Return the processor time of one call: others use the machine too."""
    start = time.process_time()
    work()
    return time.process_time() - start


def hash_pieces(plain: bytes) -> None:
    """Hash ``plain`` piece by piece."""
    view = memoryview(plain)
    for at in range(0, len(view), PIECE):
        blake3(view[at : at + PIECE]).digest(16)


def cut_by(name: str, plain: bytes) -> list[int]:
    """Cut by the form of this name."""
    os.environ["COMPRESSOR_KERNEL"] = name
    return pieces.cut(plain, final=True)


def forms() -> list[str]:
    """Return the forms that this processor has."""
    names = ["portable"]
    os.environ["COMPRESSOR_KERNEL"] = "avx2"
    with suppress(UsageError):
        names.append(pieces.kernel_name())
    return names


def compare(name: str, plain: bytes, rounds: int) -> None:
    """Print one line."""
    works = {form: lambda form=form: cut_by(form, plain) for form in forms()}
    works["blake3"] = lambda: hash_pieces(plain)
    times = [[seconds(work) for work in works.values()] for _ in range(rounds)]
    medians = dict(zip(works, map(statistics.median, zip(*times, strict=True)), strict=True))
    cells = [
        f"{form} {medians['blake3'] / took:4.2f}x ({len(plain) / took / 1e6:5.0f} MB/s)"
        for form, took in medians.items()
    ]
    mean = len(plain) / len(cut_by("portable", plain))
    print(f"{name:6} {len(plain) / 1e6:5.1f} MB  {'  '.join(cells)}  mean {mean:6.0f}")


def measure_table() -> None:
    """Print how long the calls of the table take."""
    digests = [hashlib.blake2b(b"%d" % n, digest_size=16).digest() for n in range(HASHES)]
    everything = b"".join(digests)
    table = pieces.PieceTable(64 << 20)
    puts = seconds(lambda: [table.put(digest, 0) for digest in digests])
    hits = seconds(lambda: table.find_all(everything))
    misses = seconds(lambda: table.find_all(everything[8:-8]))
    times = {"put": puts, "found": hits, "not found": misses}
    each = [f"{what} {took / HASHES * 1e9:.0f} ns" for what, took in times.items()]
    print(f"table of {HASHES} in {table.memory / 1e6:.1f} MB: {', '.join(each)}")


def digests_of(folder: str) -> list[tuple[bytes, int]]:
    """Return hash and size of each piece of the files in a folder."""
    found = []
    for path in sorted(Path(folder).rglob("*")):
        plain = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
        ends = accumulate(pieces.cut(plain, final=True), initial=0)
        found += [(blake3(plain[a:b]).digest(16), b - a) for a, b in pairwise(ends)]
    return found


def share(old: str, new: str) -> None:
    """Print what is new in a folder."""
    known, fresh, total = set(digests_of(old)), 0, 0
    for piece in digests_of(new):
        fresh += 0 if piece in known else piece[1]
        total += piece[1]
        known.add(piece)
    print(f"{fresh / total:.3f} of {total / 1e6:.1f} MB is new")


def main() -> None:
    """Measure all inputs, or what two folders share."""
    if len(sys.argv) == 3:
        share(*sys.argv[1:])
        return
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    print("cutting against BLAKE3, processor time of one thread; above 1 is faster")
    for name, make in (("text", text), ("elf", shared_objects), ("noise", noise), ("zeros", zeros)):
        compare(name, make()[:LARGEST], rounds)
    measure_table()


if __name__ == "__main__":
    main()
