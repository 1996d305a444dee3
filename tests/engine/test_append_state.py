"""append and prune against a model: whatever happens to a folder, each version is what was there."""

import os
import shutil
import stat
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.engine.crashes import command, done, versions_in

NAMES = ["a", "b", "c", "d"]
START = 1_700_000_000_000_000_000  # ns

Snapshot = dict[str, tuple[Any, ...]]
"""Of each member, by name: its kind, mode, time, and what it holds; of a hard link what the file has."""

CONTENTS = st.one_of(
    st.sampled_from([b"", b"one", b"two", b"the same" * 40, bytes(range(256)) * 300]),
    st.binary(max_size=200),
)


def snapshot(folder: Path) -> Snapshot:
    found: Snapshot = {}
    for path in sorted(folder.rglob("*")):
        status = path.lstat()
        name, kind = str(path.relative_to(folder)), stat.S_IFMT(status.st_mode)
        if kind == stat.S_IFLNK:
            found[name] = kind, str(path.readlink())
        elif kind == stat.S_IFDIR:
            found[name] = kind, status.st_mode, status.st_mtime_ns
        else:
            found[name] = kind, status.st_mode, status.st_mtime_ns, path.read_bytes()
    return found


def at_or_below(name: str, root: str) -> bool:
    return name == root or name.startswith(root + "/")


class Appending(RuleBasedStateMachine):
    """A folder ``tree``, an archive, and what each of its versions holds."""

    def __init__(self) -> None:
        super().__init__()
        self.base = Path(tempfile.mkdtemp())
        self.tree = self.base / "tree"
        self.archive = self.base / "a.cz"
        self.versions: dict[int, Snapshot] = {}
        self.last = 0
        self.clock = START
        self.checked = True
        self._old = Path.cwd()
        os.chdir(self.base)
        self._fsync, os.fsync = os.fsync, lambda _: None  # for speed; crashes have their own test

    def teardown(self) -> None:
        os.fsync = self._fsync
        os.chdir(self._old)
        shutil.rmtree(self.base)

    def _now(self) -> tuple[int, int]:
        self.clock += 1_000_000
        return self.clock, self.clock

    def _path(self, names: list[str]) -> Path | None:
        """Return a path whose folder is there."""
        path = self.tree.joinpath(*names)
        for above in path.parents:
            if above == self.tree:
                return path
            if above.is_symlink() or not above.is_dir():
                return None
        return None

    @staticmethod
    def _clear(path: Path) -> None:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)

    def _existing(self, names: list[str]) -> Path | None:
        path = self._path(names)
        return path if path is not None and os.path.lexists(path) else None

    paths = st.lists(st.sampled_from(NAMES), min_size=1, max_size=3)

    @initialize(content=CONTENTS)
    def begin(self, content: bytes) -> None:
        self.tree.mkdir()
        (self.tree / "a").write_bytes(content)
        os.utime(self.tree / "a", ns=self._now())
        done("compress", "tree", "-o", self.archive)
        self._note(self._present("tree"))

    def _present(self, root: str) -> Snapshot:
        everything = snapshot(self.base)
        return {name: found for name, found in everything.items() if at_or_below(name, root)}

    def _note(self, version: Snapshot) -> None:
        self.last += 1
        self.versions[self.last] = version
        self.checked = False

    @rule(names=paths, content=CONTENTS)
    def write(self, names: list[str], content: bytes) -> None:
        path = self._path(names)
        if path is None:
            return
        if path.is_file() and not path.is_symlink():
            path.write_bytes(content)  # through all of its names
        else:
            self._clear(path)
            path.write_bytes(content)
        os.utime(path, ns=self._now())

    @rule(names=paths, content=CONTENTS)
    def save_anew(self, names: list[str], content: bytes) -> None:
        path = self._path(names)
        if path is not None:
            self._clear(path)
            path.write_bytes(content)
            os.utime(path, ns=self._now())

    @rule(names=paths)
    def make_folder(self, names: list[str]) -> None:
        path = self._path(names)
        if path is not None and not path.is_dir():
            self._clear(path)
            path.mkdir()

    @rule(names=paths, leads=st.sampled_from(["a", "../b", "nowhere"]))
    def make_symlink(self, names: list[str], leads: str) -> None:
        path = self._path(names)
        if path is not None:
            self._clear(path)
            path.symlink_to(leads)

    @rule(names=paths, other=paths)
    def make_link(self, names: list[str], other: list[str]) -> None:
        path, file = self._path(names), self._existing(other)
        if path is None or file is None or file.is_symlink() or not file.is_file():
            return
        if path in file.parents or path == file:
            return
        self._clear(path)
        os.link(file, path)

    @rule(names=paths)
    def delete(self, names: list[str]) -> None:
        path = self._existing(names)
        if path is not None:
            self._clear(path)

    @rule(names=paths, other=paths)
    def rename(self, names: list[str], other: list[str]) -> None:
        path, target = self._existing(names), self._path(other)
        if path is None or target is None or at_or_below(str(target), str(path)):
            return
        if at_or_below(str(path), str(target)):
            return
        self._clear(target)
        path.rename(target)

    @rule(names=paths, mode=st.sampled_from([0o600, 0o644, 0o700, 0o755]))
    def change_mode(self, names: list[str], mode: int) -> None:
        path = self._existing(names)
        if path is not None and not path.is_symlink():
            path.chmod(mode | 0o500 if path.is_dir() else mode)

    @rule(names=paths)
    def touch(self, names: list[str]) -> None:
        path = self._existing(names)
        if path is not None and not path.is_symlink():
            os.utime(path, ns=self._now())

    @rule(checksum=st.booleans())
    def append(self, checksum: bool) -> None:
        done("append", self.archive, "tree", *(["--checksum"] if checksum else []))
        self._note(self._present("tree"))

    @rule()
    def append_nothing_new(self) -> None:
        done("append", self.archive, "tree")
        self._note(self._present("tree"))
        size = self.archive.stat().st_size
        done("append", self.archive, "tree")
        self._note(self._present("tree"))
        assert self.archive.stat().st_size - size <= 512

    @rule(first=paths, second=paths)
    def append_some(self, first: list[str], second: list[str]) -> None:
        """Parts of the tree; each PATH replaces what was at and below it, if it is there."""
        roots = ["/".join(["tree", *names]) for names in (first, second)]
        there = [root for root in roots if os.path.lexists(root)]
        code, _, said = command("append", self.archive, *dict.fromkeys(roots))
        if not there:
            assert code == 1, said
            return
        if code == 2:  # below what the archive has as a file
            assert "no folder in the archive" in said
            return
        assert code == (0 if len(there) == 2 else 3), said
        before = self.versions[self.last]
        new = {
            name: what
            for name, what in before.items()
            if not any(at_or_below(name, root) for root in there)
        }
        for root in there:
            new.update(self._present(root))
        self._note(new)

    @rule(keep=st.integers(1, 3))
    @precondition(lambda self: self.last > 1)
    def prune(self, keep: int) -> None:
        done("prune", self.archive, "--keep-last", str(keep))
        kept = sorted(self.versions)[-keep:]
        self.versions = {number: self.versions[number] for number in kept}
        self.checked = False

    @invariant()
    def every_version_is_what_it_was(self) -> None:
        if self.checked:
            return
        self.checked = True
        assert versions_in(self.archive) == (0, sorted(self.versions))
        done("test", self.archive)
        for number, expected in self.versions.items():
            done("extract", self.archive, "-C", "out", "--at", str(number))
            self._compare(snapshot(self.base / "out"), expected)
            shutil.rmtree("out")

    @staticmethod
    def _compare(found: Snapshot, expected: Snapshot) -> None:
        """A folder without an entry, above members that have one, is made as needed."""
        made = [
            name
            for name in found
            if name not in expected and any(at_or_below(other, name) for other in expected)
        ]
        assert {name: what for name, what in found.items() if name not in made} == expected


TestAppending = pytest.mark.timeout(300)(Appending.TestCase)
TestAppending.settings = settings(
    max_examples=10,
    stateful_step_count=14,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_a_thousand_histories() -> None:
    from hypothesis.stateful import run_state_machine_as_test

    run_state_machine_as_test(
        Appending,
        settings=settings(
            max_examples=1000,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
