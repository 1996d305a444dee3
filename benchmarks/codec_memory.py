"""Compare what codecs say they need with the memory that they take at most.

    python benchmarks/codec_memory.py [--size MIB] [CHAIN ...]

Each figure is the growth of the resident set's peak over one call, in a process of its own (Linux).
Data: random bytes, which do not shrink, and the interpreter's own sources, which fill tables.
"""

import argparse
import os
import random
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

from compressor.stages.chain import decode, encode, parse

CHAINS = (
    *("store", "zlib:level=1", "zlib", "zlib:level=9", "bz2:level=1", "bz2"),
    *("lzma:level=0", "lzma:level=3", "lzma", "lzma:level=9:extreme=1"),
    *("lz4", "lz4:level=2", "lz4:level=9", "lz4:level=12", "lzo", "lzo:level=9"),
    *("zstd:level=-7", "zstd:level=1", "zstd", "zstd:level=6", "zstd:level=9", "zstd:level=12"),
    *("zstd:level=15", "zstd:level=19", "zstd:level=22", "zstd:long=27", "zstd:level=19:long=27"),
)


def source_text(size: int) -> bytes:
    files = sorted(Path(sysconfig.get_path("stdlib")).rglob("*.py"))
    text = bytearray()
    while len(text) < size and files:
        text += files.pop().read_bytes()
    return bytes(text[:size])


def _status(field: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) << 10
    raise LookupError(field)


def peaks(text: str, source: Path) -> tuple[int, int]:
    """Return how far encoding and decoding push the resident set (bytes)."""
    plain = source.read_bytes()
    base = plain[::-1]  # for those that need one; nothing is alike
    chain = parse(text)
    encode(chain, b"w", b"b")
    before = _reset_peak()
    encoded = encode(chain, plain, base)
    encoding = _status("VmHWM") - before
    fresh = parse(text)
    packed = b"".join(encoded.parts)
    before = _reset_peak()
    result = decode(fresh, packed, encoded.sizes, len(plain), base)
    decoding = _status("VmHWM") - before
    if bytes(result) != plain:
        raise RuntimeError(f"{text} does not give back what it got")
    return encoding, decoding


def _reset_peak() -> int:
    Path("/proc/self/clear_refs").write_text("5")
    return _status("VmRSS")


def measure(text: str, source: Path) -> list[int]:
    """Return what ``peaks`` finds in a fresh process, whose freed memory goes back at once."""
    run = subprocess.run(
        [sys.executable, __file__, "--peaks", str(source), text],
        env={**os.environ, "MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "0"},
        capture_output=True,
        check=True,
    )
    return [int(word) for word in run.stdout.split()]


def report(chains: list[str], size: int, sources: list[Path]) -> None:
    print(f"{'MiB':24} {'encode says':>12} {'takes':>7} {'ratio':>6}", end=" ")
    print(f"{'decode says':>12} {'takes':>7} {'ratio':>6}")
    for text in chains:
        taken = [measure(text, source) for source in sources]
        chain = parse(text)
        row = f"{text:24}"
        says = chain.encode_memory(size), chain.decode_memory(size)
        for said, measured in zip(says, map(max, zip(*taken, strict=True)), strict=True):
            row += f" {said / 2**20:12.1f} {measured / 2**20:7.1f} {said / max(measured, 1):6.2f}"
        print(row, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("chains", nargs="*", default=CHAINS)
    parser.add_argument("--size", type=int, default=8, help="MiB of plain data")
    parser.add_argument("--peaks", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.peaks:
        print(*peaks(options.chains[0], options.peaks))
        return
    size = options.size << 20
    with tempfile.TemporaryDirectory() as folder:
        sources = [Path(folder, "random"), Path(folder, "text")]
        sources[0].write_bytes(random.Random(1).randbytes(size))
        sources[1].write_bytes(source_text(size))
        report(options.chains, size, sources)


if __name__ == "__main__":
    main()
