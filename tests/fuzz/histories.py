"""Histories of archives, with crashes in them: python tests/fuzz/histories.py [--minutes M] [--seed N].

A history is a folder that changes, and an archive of it that is made, appended to, pruned, recovered and
extracted. Each of these steps may be killed, meet a full disk, or lose power; a step may begin with what
such a crash left. What each version holds is kept beside it: after every step all versions must be that,
and `test` must know a whole archive from one that lacks its end. See docs/fuzzing.md.
"""

import argparse
import errno
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from contextlib import chdir, suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import pytest  # noqa: E402  (the lines below are found through the one above)

from compressor.engine.archivefile import locked  # noqa: E402
from compressor.tree import outputs  # noqa: E402
from tests.engine.crashes import (  # noqa: E402
    Failing,
    Recording,
    Short,
    Tree,
    command,
    done,
    extracted,
    failing_outputs,
    storage,
    torn,
    tree_of,
    versions_in,
)
from tests.fuzz.changing import Folder  # noqa: E402

KEPT = ROOT / "fuzz-out/histories"
OPTIONS = [
    ("-T1", "--block-size", "64K"),
    ("-T2", "--block-size", "32K", "--checksum"),
    ("-T2", "-1"),
    ("-T1", "-9", "--block-size", "64K"),
    ("-T2", "--codec", "huffman", "--block-size", "16K"),
]
CODES = [errno.ENOSPC, errno.EIO]
MOST_CALLS = 60  # of the system, before one of them fails
Words = tuple[str | Path, ...]


class History:
    """An archive, and what each version of it must hold, by number.

    ``trees`` may have one version more than is there, where a step was stopped; ``last`` is the last that
    must be there. ``whole`` are all images that lack nothing.
    """

    def __init__(self, seed: int, counts: Counter[str]) -> None:
        self.rng = random.Random(seed)
        self.counts = counts
        self.archive, self.copy = Path("a.cz").absolute(), Path("copy.cz").absolute()
        self.folder = Folder(self.rng)
        self.trees: dict[int, Tree] = {}
        self.last = 0
        self.whole: set[bytes] = set()
        self.log: list[str] = []

    def run(self, steps: int) -> None:
        """Make an archive, and change it so many times."""
        self.create()
        usual = [self.append] * 6 + [self.prune] * 2 + [self.extract, self.recover, self.create]
        for _ in range(steps):
            for _ in range(self.rng.randrange(4)):
                self.folder.change()
            self.rng.choice(usual)()

    # Steps

    def create(self) -> None:
        """Make the archive anew, of one version."""
        self._replace({1: self.folder.tree()}, "compress", *self._options(), "-f", "tree", "-o")

    def prune(self) -> None:
        """Keep the last versions alone."""
        keep = self.rng.randint(1, 3)
        kept = {number: self.trees[number] for number in sorted(self.trees)[-keep:]}
        self._replace(kept, "prune", "--keep-last", str(keep))

    def append(self) -> None:
        """Add a version."""
        self.trees[self.last + 1] = self.folder.tree()
        words: Words = ("append", *self._options(checksum=True), self.archive, "tree")
        expected, took = self._rehearse(words)
        fates = [self._kill, self._fail, self._lose_power, self._write_in_shorts]
        what = self.rng.randrange(len(fates))
        self._count(f"append, {['killed', 'failing', 'without power', 'in short writes'][what]}")
        fates[what](expected, took, words)
        self._settle()

    def extract(self) -> None:
        """Extract, stopped anywhere, and once more."""
        self._count("extract")
        words: Words = ("extract", self.archive, "-C", "out")
        Path("out").mkdir()
        if self.rng.random() < 0.5:
            self._killed(words, self.rng.random() * 0.05)
        else:
            self._short_of_space(words)
        wanted = self.trees[self.last]
        assert _out().items() <= wanted.items(), "half a file has its name"
        code, _, said = command("extract", "-f", *words[1:])
        assert code == (0 if self._is_whole() else 3), said
        assert _out() == wanted
        shutil.rmtree("out")

    def recover(self) -> None:
        """Recover what is there, which loses no version; a part of one may be another."""
        self._count("recover")
        code, _, said = command("recover", self.archive, "-f", "-o", self.copy)
        assert code in (0, 3), said
        assert command("test", self.copy)[0] == 0
        code, numbers = versions_in(self.copy)
        assert (code, numbers[: len(self.trees)]) == (0, sorted(self.trees))
        assert len(numbers) <= len(self.trees) + (not self._is_whole())
        self._compare(self.copy, code=0, lost_found=True)

    # What a step does

    def _options(self, *, checksum: bool = False) -> tuple[str, ...]:
        options = self.rng.choice(OPTIONS)
        return tuple(word for word in options if checksum or word != "--checksum")

    def _count(self, what: str) -> None:
        self.counts[what] += 1
        self.log.append(what)

    def _rehearse(self, words: Words) -> tuple[bytes, float]:
        """Do it with a copy; return what that is then, and how many seconds it took."""
        self.copy.unlink(missing_ok=True)
        if self.archive.exists():
            shutil.copy2(self.archive, self.copy)
        started = time.monotonic()
        done(*(self.copy if word == self.archive else word for word in words))
        expected = self.copy.read_bytes()
        self.whole.add(expected)
        return expected, time.monotonic() - started

    def _replace(self, after: dict[int, Tree], verb: str, *words: str) -> None:
        """Have a file take the archive's place at once, or not at all; it has ``after`` then."""
        line: Words = (verb, *words, self.archive)
        expected, took = self._rehearse(line)
        stop = self.rng.choice([True, True, False])
        self._count(f"{verb} {'stopped' if stop else 'whole'}")
        if not stop:
            done(*line)
            assert self.archive.read_bytes() == expected
        elif self.rng.random() < 0.5:
            self._killed(line, took * self.rng.random() * 1.2)
        else:
            self._short_of_space(line)
        for left in Path().glob(".*.part"):  # it was killed between having its name and the other's
            assert left.read_bytes() == expected
            left.unlink()
        if not self.archive.exists():  # the first of all
            done(*line)
        if self.archive.read_bytes() == expected:
            self.trees, self.last = dict(after), max(after)
        self._settle()

    def _settle(self) -> None:
        """See what is there, and that it is what it must be."""
        code, numbers = versions_in(self.archive)
        whole = self._is_whole()
        assert code == (0 if whole else 3)
        assert numbers, "no version is there"
        assert numbers[-1] >= self.last, f"version {self.last} is lost"
        self.trees = {n: tree for n, tree in self.trees.items() if n <= numbers[-1]}
        assert numbers == sorted(self.trees)
        self.last = numbers[-1]
        assert command("test", self.archive)[0] == (0 if whole else 4)
        self._compare(self.archive, code=0 if whole else 3)
        self.counts["whole" if whole else "without an end"] += 1
        if not whole:
            self._note_mended()

    def _note_mended(self) -> None:
        """Note what the archive is when its end is mended: the next step may be stopped right then."""
        shutil.copy2(self.archive, self.copy)
        with locked(self.copy, lambda _: None) as file:
            file.index()
        self.whole.add(self.copy.read_bytes())

    def _is_whole(self) -> bool:
        return self.archive.read_bytes() in self.whole

    def _compare(self, archive: Path, *, code: int, lost_found: bool = False) -> None:
        """Extract each version."""
        for number, tree in self.trees.items():
            result, found, said = extracted(archive, Path("out").absolute(), "--at", str(number))
            assert result == code, said
            if lost_found:
                found = {n: data for n, data in found.items() if not n.startswith("lost+found/")}
            assert found == tree, f"version {number} is another"
            self.counts["versions compared"] += 1
        with suppress(FileNotFoundError):
            Path("out").rmdir()

    # Fates

    def _killed(self, words: Words, seconds: float) -> int | None:
        """Run it in a process that is killed after some seconds; return its exit code if it was quicker."""
        child = os.fork()
        if not child:
            with suppress(BaseException):
                os._exit(command(*words)[0])
            os._exit(99)
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
        status = os.waitpid(child, 0)[1]
        if os.WIFSIGNALED(status):
            assert os.WTERMSIG(status) == signal.SIGKILL, "it was not we who ended it"
            self.counts["killed"] += 1
        return os.waitstatus_to_exitcode(status) if os.WIFEXITED(status) else None

    def _kill(self, expected: bytes, took: float, words: Words) -> None:
        code = self._killed(words, took * self.rng.random() * 1.2)
        if code is not None:
            assert code == 0
            assert self.archive.read_bytes() == expected

    def _fail(self, expected: bytes, _took: float, words: Words) -> None:
        before, rng = self.archive.read_bytes(), self.rng
        cuts = rng.random() < 0.7
        how = {"code": rng.choice(CODES), "short": rng.random() < 0.5, "cuts": cuts}
        with storage(Failing, at=rng.randrange(MOST_CALLS), **how) as used:
            code, _, said = command(*words)
        after = self.archive.read_bytes()
        if code == 0:
            assert after == expected
            return
        self.counts["failed"] += 1
        assert code == 1, said
        assert os.strerror(used.code) in said
        assert after == before or before not in self.whole or not cuts

    def _lose_power(self, expected: bytes, _took: float, words: Words) -> None:
        before = self.archive.read_bytes()
        with storage(Recording, log=[]) as used:
            done(*words)
        assert self.archive.read_bytes() == expected
        self.archive.write_bytes(torn(before, used.log, self.rng))
        self.counts["power lost"] += 1

    def _write_in_shorts(self, expected: bytes, _took: float, words: Words) -> None:
        with storage(Short, rng=self.rng):
            done(*words)
        assert self.archive.read_bytes() == expected

    def _short_of_space(self, words: Words) -> None:
        """Run it where a write fails, if it makes so many."""
        with pytest.MonkeyPatch.context() as patch:
            write = failing_outputs(self.rng.randrange(MOST_CALLS))
            patch.setattr(outputs, "write_full", write)
            code, _, said = command(*words)
        self.counts["failed"] += code != 0 and os.strerror(errno.ENOSPC) in said


def _out() -> Tree:
    """Return what was extracted, without what a killed run left under a temporary name."""
    return {name: data for name, data in tree_of(Path("out")).items() if ".part" not in name}


def one(seed: int, counts: Counter[str], steps: int = 20) -> str:
    """Run a history; return what was found, if anything."""
    place = Path(tempfile.mkdtemp())
    history: History | None = None
    with chdir(place), pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: None)  # who asks for it is seen without it
        try:
            history = History(seed, counts)
            history.run(steps)
        except Exception:
            log = ", ".join(history.log) if history else ""
            found = f"history {seed}: {log}\n{traceback.format_exc()}"
        else:
            found = ""
    if found and history:
        for number, image in enumerate(sorted(history.whole, key=len)):
            (place / f"whole{number}.cz").write_bytes(image)
        shutil.copytree(place, KEPT / str(seed), dirs_exist_ok=True)
        found += f"kept in {KEPT / str(seed)}"
    shutil.rmtree(place)
    counts["histories"] += 1
    return found


def main() -> None:
    """Run histories until the time is over or something is found."""
    parser = argparse.ArgumentParser(description="Histories of archives, with crashes.")
    parser.add_argument("--minutes", type=float, default=10, help="by the clock")
    parser.add_argument("--seed", type=int, default=time.time_ns() // 1000, help="of the first")
    options = parser.parse_args()
    counts: Counter[str] = Counter()
    end, seed, found = time.monotonic() + 60 * options.minutes, options.seed, ""
    while not found and time.monotonic() < end:
        found = one(seed, counts)
        seed += 1
    sys.stdout.write("".join(f"{what}: {n:,}\n" for what, n in sorted(counts.items())))
    if found:
        sys.exit(found)


if __name__ == "__main__":
    main()
