"""The densest numbers beside other libraries, in process: python benchmarks/dense_peers.py CORPUS [NAME...].

Needs an environment of its own that has this package and the libraries of docs/figures.md; those that
are missing are skipped. Whole files, one thread. Ours are the blocks of an archive at -7, each under its
chain: that -7 tries other chains, hashes and verifies is not in its times. The size is that of the
archive. Of zipnn, pcodec and openzl it is the tensors', and the bytes of all else as they are.

All run in turn, in processor time: MB/s of the file by least times, and glyd's time through ours by medians,
in brackets by least times. Then states beside the one before: what lmzip's and glyd's differences take.
NAME: files of the corpus; else all.
"""

import argparse
import io
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Container, Iterator
from pathlib import Path

from number_peers import DIFFERENCES, PEERS, Content, Work, present
from tensors import DENSE_AIMS, STATES

from compressor.archive import schema
from compressor.archive.forward import BlockRecord, ForwardReader
from compressor.archive.source import Source
from compressor.stages import chain as chains
from compressor.stages.chain import Chain, Encoded
from compressor.tensors.sniff import sniff

DTYPES = {
    "F32": "fp32",
    "BF16": "bf16",
    "F16": "fp16",
    "F8_E4M3": "fp8_e4m3",
    "F8_E5M2": "fp8_e5m2",
    "I8": "int8",
}
WHOLE = ("glyd", "lmzip")  # what takes a whole file


def content_of(path: Path) -> Content:
    whole = path.read_bytes()
    found = sniff(lambda at, size: whole[at : at + size], len(whole))
    assert found, path
    sizes: Counter[str] = Counter()
    for tensor in found.tensors:
        sizes[tensor.dtype] += tensor.size
    dtype = sizes.most_common(1)[0][0]
    parts = [whole[t.start : t.start + t.size] for t in found.tensors if t.dtype == dtype]
    return Content(whole, b"".join(parts), DTYPES[dtype])


class Ours:
    """The blocks of a file as -7 cuts them, each with its chain, and with its base if it has one."""

    def __init__(self, path: Path, base: Path | None = None) -> None:
        command = [sys.executable, "-m", "compressor", "compress", "-c", "-7", "-T1"]
        command += ["--base", str(base)] if base else []
        done = subprocess.run([*command, str(path)], stdout=subprocess.PIPE, check=True)
        self.size = len(done.stdout)
        self.plain = path.read_bytes()
        self.earlier = base.read_bytes() if base else b""
        self.blocks = list(self._blocks(done.stdout))

    def _blocks(self, archive: bytes) -> Iterator[tuple[Chain, bytes, bytes | None]]:
        for event in ForwardReader(Source(io.BytesIO(archive))).events():
            if isinstance(event, BlockRecord):
                meta, body = event.record.checked()
                block = schema.unpack_block(meta, body, event.record.header.offset)
                some = slice(block.position, block.position + block.plain_size)
                chain = chains.parse(block.chain)
                yield chain, self.plain[some], self.earlier[some] if chain.based else None

    def encode(self, _: object) -> list[Encoded]:
        return [chains.encode(*block) for block in self.blocks]

    def decode(self, packed: list[tuple[bytes, Encoded]]) -> list[bytes]:
        return [
            bytes(chains.decode(chain, body, item.sizes, len(plain), base))
            for (chain, plain, base), (body, item) in zip(self.blocks, packed, strict=True)
        ]

    def work(self) -> Work:
        return Work(
            self.encode,
            self.decode,
            lambda: None,
            lambda _: self.size,
            b"".join,
            lambda packed: [(b"".join(item.parts), item) for item in packed],
        )


def plain_of(name: str, content: Content, ours: Ours) -> bytes:
    if name == "ours":
        return b"".join(plain for _, plain, _ in ours.blocks)
    return content.whole if name in WHOLE else content.numbers


def measured(works: dict[str, Work], rounds: int) -> dict[str, tuple[list[float], list[float]]]:
    """Return the seconds of each, in and out, in turn."""
    taken: dict[str, tuple[list[float], list[float]]] = {name: ([], []) for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            given = work.given()
            begun = time.process_time()
            packed = work.encode(given)
            taken[name][0].append(time.process_time() - begun)
            packed = work.copied(packed)
            begun = time.process_time()
            work.decode(packed)
            taken[name][1].append(time.process_time() - begun)
    return taken


def report(path: Path, works: dict[str, Work], sizes: dict[str, int], rounds: int) -> None:
    """Print a row: sizes and speeds of each, and ours beside glyd's."""
    whole = path.stat().st_size
    taken = measured(works, rounds)
    row = [path.stem]
    for name in works:
        speeds = "/".join(f"{whole / 1e6 / min(seconds):.0f}" for seconds in taken[name])
        row.append(f"{name} {sizes[name] / whole:.4f} {speeds}")
    if "glyd" in works:
        row += [
            f"{way} {statistics.median(theirs) / statistics.median(ours):.2f} "
            f"[{min(theirs) / min(ours):.2f}]"
            for way, theirs, ours in zip(("in", "out"), taken["glyd"], taken["ours"], strict=True)
        ]
    print(" | ".join(row), flush=True)


def checked(works: dict[str, Work], plains: dict[str, bytes]) -> dict[str, int]:
    """Return the size of each, restored once and compared."""
    sizes = {}
    for name, work in works.items():
        packed = work.encode(work.given())
        sizes[name] = work.size(packed)
        assert work.plain(work.decode(work.copied(packed))) == plains[name], name
    return sizes


def alone(path: Path, peers: Container[str], rounds: int) -> None:
    content, ours = content_of(path), Ours(path)
    found = {name: peer(content) for name, peer in present().items() if name in peers}
    works = {"ours": ours.work(), **{name: work for name, work in found.items() if work}}
    plains = {name: plain_of(name, content, ours) for name in works}
    report(path, works, checked(works, plains), rounds)


def upon(base: Path, new: Path, peers: Container[str], rounds: int) -> None:
    before, content, ours = content_of(base), content_of(new), Ours(new, base)
    names = [name for name in present() if name in DIFFERENCES and name in peers]
    found = {name: DIFFERENCES[name](before, content) for name in names}
    works = {"ours": ours.work(), **found}
    plains = {name: plain_of(name, content, ours) for name in works}
    plains["lmzip"] = content.numbers
    report(new, works, checked(works, plains), rounds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--peers", default=",".join(PEERS), help="names, with commas between")
    parser.add_argument("corpus", type=Path)
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    if not present():
        print("dense_peers: none of its libraries is installed: docs/figures.md names them")
        return
    names = [name for name in options.names or DENSE_AIMS if name.endswith(".safetensors")]
    for name in names:
        if (options.corpus / name).exists():
            alone(options.corpus / name, options.peers.split(","), options.rounds)
    for base, new, _ in STATES:
        if (options.corpus / new).exists() and (not options.names or new in options.names):
            upon(
                options.corpus / base,
                options.corpus / new,
                options.peers.split(","),
                options.rounds,
            )


if __name__ == "__main__":
    main()
