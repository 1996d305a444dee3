"""Whole folders beside tar, zstd, 7z, borg and restic: python benchmarks/trees.py [CORPUS] [--big DIR].

CORPUS is a folder that holds tree-small-files, tree-env-a and tree-env-b; without it a copy of the
interpreter's library stands for the first, and what needs the others is left out. Commands of a row run in
turn, on copies in a temporary folder (TMPDIR=/dev/shm keeps a slow disk out of it); shown are medians in
seconds, bytes written, and what we aim at: a bound of our own figure, or of its ratio to the first peer's.
Of the first copy of a big tree also the most memory that any of its processes held.
"""

import argparse
import os
import random
import shutil
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

OURS = str(Path(sys.executable).with_name("compressor"))
QUIET = {"BORG_REPO": "borg", "BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK": "yes"}
BIG = 500_000_000  # bytes of a Python installation's packages that are worth a large tree's rows
MEMORY = 250_000_000  # bytes, for the first copy of a big tree
SECRET = {"RESTIC_REPOSITORY": "restic", "RESTIC_PASSWORD": "bench"}


@dataclass(frozen=True)
class Way:
    """One program's way to do the work of a row; ``before`` makes what it needs, ``out`` what it writes."""

    name: str
    command: str
    out: str = ""
    before: str = "true"


@dataclass(frozen=True)
class Row:
    """Ways to do one thing; the first is ours. ``seconds`` and ``ratio`` bound its time, ``size`` bytes."""

    name: str
    ways: list[Way]
    ratio: float | None = None
    seconds: float | None = None
    size: int | None = None
    grown: bool = False
    rounds: int | None = None
    sizes: dict[str, int] = field(default_factory=dict)


def run(command: str, folder: Path) -> float:
    begun = time.perf_counter()
    subprocess.run(
        command,
        shell=True,
        check=True,
        cwd=folder,
        env=os.environ | QUIET | SECRET,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    return time.perf_counter() - begun


def memory(command: str, folder: Path) -> int:
    """Return the bytes that the largest process of a command held at most."""
    code = (
        "import resource, subprocess, sys\n"
        "subprocess.run(sys.argv[1], shell=True, check=True, stdout=subprocess.DEVNULL)\n"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, command],
        check=True,
        cwd=folder,
        capture_output=True,
    )
    return int(done.stdout) << (0 if sys.platform == "darwin" else 10)


def report_memory(ways: list[Way], folder: Path, most: int) -> None:
    held = {way.name: memory(way.command, folder) for way in ways}
    cells = " | ".join(f"{name} {size >> 20:,} MiB" for name, size in held.items())
    said = "reached" if held["ours"] <= most else "MISSED"
    print(f"{'its memory':<18}{cells}\n{'':<18}{said}: aim {most:,} B", flush=True)


def size_of(path: Path) -> int:
    if path.is_dir():
        return sum(inner.stat().st_size for inner in path.rglob("*") if inner.is_file())
    return path.stat().st_size if path.exists() else 0


def measure(row: Row, folder: Path, rounds: int) -> None:
    ways = [
        way for way in row.ways if way.name == "ours" or shutil.which(way.name.partition("|")[0])
    ]
    times: dict[str, list[float]] = {way.name: [] for way in ways}
    sizes: dict[str, int] = {}
    for _ in range(row.rounds or rounds):
        for way in ways:
            run(way.before, folder)
            before = size_of(folder / way.out) if row.grown and way.out else 0
            times[way.name].append(run(way.command, folder))
            sizes[way.name] = size_of(folder / way.out) - before if way.out else 0
    report(row, times, sizes)


def report(row: Row, times: dict[str, list[float]], sizes: dict[str, int]) -> None:
    medians = {name: statistics.median(found) for name, found in times.items()}
    cells = [
        f"{name} {seconds:.3f} s" + (f" {sizes[name]:,} B" if sizes[name] else "")
        for name, seconds in medians.items()
    ]
    peers = [seconds for name, seconds in medians.items() if name != "ours"]
    verdicts = []
    if row.ratio is not None and peers:
        verdicts.append((medians["ours"] / peers[0], row.ratio, "of the first peer's time"))
    if row.seconds is not None:
        verdicts.append((medians["ours"], row.seconds, "s"))
    if row.size is not None:
        verdicts.append((sizes["ours"], row.size, "B"))
    said = ", ".join(
        f"{'reached' if got <= aim else 'MISSED'}: {got:,.2f} {unit} (aim {aim:,})"
        for got, aim, unit in verdicts
    )
    print(f"{row.name:<18}{' | '.join(cells)}\n{'':<18}{said}", flush=True)


def tree_rows(name: str, *, members: list[str], big: bool) -> Iterator[Row]:
    """Yield the rows of one tree, a folder ``name`` in the working folder."""
    cz = f"{name}.cz"
    first = Way("ours", f"{OURS} compress -f -T2 {name}", cz)
    yield Row(
        "first copy",
        [
            first,
            Way("tar|zstd-3", f"tar cf - {name} | zstd -q -f -3 -T2 -o t.zst", "t.zst"),
            Way(
                "borg",
                f"borg create -C zstd,3 ::{{now:%f}} {name}",
                "borg",
                "rm -rf borg; borg init -e none",
            ),
            Way("restic", f"restic backup {name}", "restic", "rm -rf restic; restic init"),
        ],
        1.5 if big else 1.6,
        size=None if big else 23_700_000,
    )
    if not big:
        yield Row(
            "-6",
            [
                Way("ours", f"{OURS} compress -f -T2 -6 {name} -o 6.cz", "6.cz"),
                Way("tar|zstd-9", f"tar cf - {name} | zstd -q -f -9 -T2 -o 9.zst", "9.zst"),
            ],
            1.3,
            size=21_500_000,
        )
        yield Row(
            "-9",
            [
                Way("ours", f"{OURS} compress -f -T2 -9 {name} -o 9.cz", "9.cz"),
                Way("tar|xz-6", f"tar cf - {name} | xz -6 -T1 > t.xz", "t.xz"),
                Way("7z", f"7z a -bd t.7z {name}", "t.7z", "rm -f t.7z"),
            ],
            1.0,
            size=19_900_000,
            rounds=1,
        )
    yield Row(
        "unchanged again",
        [
            Way("ours", f"{OURS} append {cz} {name}", cz, first.command),
            Way("borg", f"borg create -C zstd,3 ::{{now:%s%f}} {name}", "borg"),
            Way("restic", f"restic backup {name}", "restic"),
        ],
        seconds=1.8 if big else 0.5,
        size=512,
        grown=True,
    )
    yield from read_rows(cz, members, big=big)


def read_rows(cz: str, members: list[str], *, big: bool) -> Iterator[Row]:
    """Yield the rows that read what the rows before have written."""
    for name, chosen, seconds in (
        ("441 members", members, 0.35),
        ("one member", members[:1], 0.25 if big else 0.15),
    ):
        ours = Way("ours", f"{OURS} extract {cz} -C o {' '.join(chosen)}", before="rm -rf o")
        yield Row(name, [ours, *restoring(chosen, big=big)], seconds=seconds)
    yield Row(
        "list",
        [
            Way("ours", f"{OURS} list {cz}"),
            Way("tar", "zstd -qdc t.zst | tar tvf -"),
            *([] if big else [Way("7z", "7z l -bd t.7z")]),
            Way("borg", "borg list ::$(borg list --last 1 --short)"),
            Way("restic", "restic ls -l latest"),
        ],
        seconds=0.6 if big else 0.2,
    )
    ours = Way("ours", f"{OURS} extract -T2 --unsafe-links {cz} -C o", before="rm -rf o")
    yield Row("full restore", [ours, *restoring([], big=big)], seconds=6 if big else 1)


def restoring(members: list[str], *, big: bool) -> Iterator[Way]:
    """Yield how others restore members, or all; 7z takes minutes to make what it would read of a big tree."""
    empty, chosen = "rm -rf o; mkdir o", " ".join(members)
    yield Way("tar|zstd", f"zstd -qdc t.zst | tar xf - -C o {chosen}", before=empty)
    if not big:
        yield Way("7z", f"7z x -bd -y -oo t.7z {chosen}", before=empty)
    last = "$(BORG_REPO=../borg borg list --last 1 --short)"
    borg = f"cd o && BORG_REPO=../borg borg extract ::{last} {chosen}"
    yield Way("borg", borg, before=empty)
    included = " ".join(f"--include {member}" for member in members)
    yield Way("restic", f"restic restore latest --target o {included}", before=empty)


def second_rows() -> Iterator[Row]:
    """Yield the second of two like environments; its folder ``env`` is swapped between the copies."""
    yield Row(
        "env-b after env-a",
        [
            Way(
                "ours", f"{OURS} append -T2 env.cz env", "env.cz", _swap(f"{OURS} compress -f env")
            ),
            Way(
                "borg",
                "borg create -C zstd,3 ::b env",
                "borg",
                _swap("rm -rf borg; borg init -e none; borg create -C zstd,3 ::a env"),
            ),
            Way(
                "restic",
                "restic backup env",
                "restic",
                _swap("rm -rf restic; restic init; restic backup env"),
            ),
        ],
        seconds=1.2,
        size=560_000,
        grown=True,
    )


def many_rows() -> Iterator[Row]:
    """Yield what 100,000 members cost; the folder ``many`` holds as many files."""
    yield Row(
        "100,000 files, -T1",
        [
            Way("ours", f"{OURS} compress -f -T1 many", "many.cz"),
            Way("tar|zstd-3", "tar cf - many | zstd -q -f -3 -T1 -o m.zst", "m.zst"),
        ],
        seconds=12,
    )
    yield Row(
        "their list",
        [Way("ours", f"{OURS} list many.cz"), Way("tar", "zstd -qdc m.zst | tar tvf -")],
        seconds=1,
    )


def make_many(folder: Path) -> None:
    for number in range(100_000):
        path = folder / "many" / f"{number // 1000:02}" / f"{number:05}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f'{{"id": {number}, "name": "{number * 7919 % 100_003:x}"}}\n')


def _swap(first: str) -> str:
    """Return what packs env-a as ``env`` and leaves env-b in its place."""
    return f"rm -rf env; cp -a tree-env-a env; {first}; rm -rf env; cp -a tree-env-b env"


def sample(tree: Path, count: int) -> list[str]:
    files = sorted(path for path in tree.rglob("*") if path.is_file() and not path.is_symlink())
    chosen = random.Random(1).sample(files, min(count, len(files)))
    return [f"'{path.relative_to(tree.parent)}'" for path in chosen]


def installed() -> Path | None:
    """Return the packages of a Python installation that are large, if one is: the largest."""
    versions = "lib/python3*/*-packages"
    roots = {Path(sys.prefix), Path(sys.base_prefix), Path("/usr/local"), Path.home() / ".local"}
    roots |= {
        Path(os.environ[name]) for name in ("CONDA_PREFIX", "VIRTUAL_ENV") if name in os.environ
    }
    found = {folder.resolve() for root in roots for folder in root.glob(versions)}
    return max((folder for folder in found if size_of(folder) >= BIG), key=size_of, default=None)


def bench(source: Path, folder: Path, rounds: int, *, big: bool) -> None:
    tree = folder / "tree"
    shutil.rmtree(tree, ignore_errors=True)
    (folder / "t.7z").unlink(missing_ok=True)
    subprocess.run(["cp", "-a", source, tree], check=True)
    for row in tree_rows("tree", members=sample(tree, 441), big=big):
        measure(row, folder, rounds)
        if big and row.name == "first copy":
            report_memory(row.ways[:2], folder, MEMORY)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", nargs="?", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--big", type=Path, help="a large tree; default: a Python installation's")
    options = parser.parse_args()
    corpus: Path | None = options.corpus
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        small = corpus / "tree-small-files" if corpus else Path(sysconfig.get_path("stdlib"))
        bench(small, folder, options.rounds, big=False)
        if corpus:
            for tree in ("tree-env-a", "tree-env-b"):
                subprocess.run(["cp", "-a", corpus / tree, folder / tree], check=True)
            for row in second_rows():
                measure(row, folder, options.rounds)
        make_many(folder)
        for row in many_rows():
            measure(row, folder, min(options.rounds, 3))
        big = options.big or installed()
        if big is None:
            print(f"no large tree: no Python here has packages of {BIG:,} B; --big names one")
        else:
            print(f"large tree {big}: {size_of(big):,} B")
            bench(big, folder, min(options.rounds, 3), big=True)


if __name__ == "__main__":
    main()
