"""Scans of trees that are too deep, go in circles, are closed, or change meanwhile."""

import os
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from compressor.tree import walk
from compressor.tree.node import NodeKind
from compressor.tree.scan import scan
from compressor.tree.walk import OPEN_FOLDERS, ScanOptions
from tests.conftest import descriptors
from tests.tree.trees import as_nobody, folder, found, make, names, told

__all__ = ["folder"]

DEPTH = 5000  # levels; Python's own limit of recursion is 1000


def chain(name: str, depth: int, *, file: str | None = None) -> None:
    """Make folders within folders, with a file behind each if wanted; no path is that long."""
    above = os.open(".", os.O_RDONLY)
    for _ in range(depth):
        os.mkdir(name, dir_fd=above)
        if file:
            os.close(os.open(file, os.O_CREAT | os.O_WRONLY, dir_fd=above))
        inner = os.open(name, os.O_RDONLY, dir_fd=above)
        os.close(above)
        above = inner
    os.close(above)


@pytest.fixture
def few_descriptors() -> Iterator[None]:
    old = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, old[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, old)


@pytest.fixture
def quick_folder() -> Iterator[None]:
    """Work in memory where that is possible: disks take long for a deep tree."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as path:
        before = Path.cwd()
        os.chdir(path)
        yield
        remove("d")  # which is too deep for Python
        os.chdir(before)


def remove(path: str) -> None:
    subprocess.run(["rm", "-rf", path], check=True)


def test_paths_may_be_longer_than_the_system_takes() -> None:
    name = "n" * 250
    chain(name, 22, file="z")

    seen = list(scan([Path(name)], ScanOptions(), told([])))

    assert len(seen) == 22 + 21
    assert (
        max(len(item.node.name) for item in seen) == 22 * 251 - 1 > os.pathconf("/", "PC_PATH_MAX")
    )
    remove(name)


def test_files_far_below_can_be_read() -> None:
    name = "n" * 250
    chain(name, 22, file="z")
    problems: list[str] = []
    opened = 0

    for item in scan([Path(name)], ScanOptions(), told(problems)):
        if item.node.kind is NodeKind.FILE:
            os.close(item.open().descriptor)
            opened += 1

    assert (opened, problems) == (21, [])
    remove(name)


@pytest.mark.usefixtures("few_descriptors", "quick_folder")
def test_depth_has_no_limit_and_few_descriptors_are_enough() -> None:
    chain("d", DEPTH, file="z")
    most = 0
    count = 0

    for item in scan([Path("d")], ScanOptions(), lambda *said: pytest.fail(str(said))):
        count += 1
        most = max(most, item._entry.folder.descriptor)
        if item.node.kind is NodeKind.FILE:
            os.close(item.open().descriptor)

    assert count == 2 * DEPTH - 1
    assert most < 200
    assert sys.getrecursionlimit() < DEPTH


@pytest.mark.usefixtures("few_descriptors", "quick_folder")
def test_the_way_back_from_the_top_is_found_too(monkeypatch: pytest.MonkeyPatch) -> None:
    chain("d", 500, file="z")
    opened = walk.Walk._opened

    def without_parents(self: walk.Walk, above: int, base: bytes, identity: tuple[int, int]) -> int:
        if base == b"..":
            raise FileNotFoundError
        return opened(self, above, base, identity)

    monkeypatch.setattr(walk.Walk, "_opened", without_parents)
    before = descriptors()
    most = 0
    count = 0

    for _ in scan([Path("d")], ScanOptions(), lambda *said: pytest.fail(str(said))):
        count += 1
        most = max(most, descriptors())

    assert count == 2 * 500 - 1
    assert most <= before + OPEN_FOLDERS + 2


def test_no_descriptor_is_left_when_a_scan_ends_early() -> None:
    chain("d", 100)
    before = descriptors()
    seen = scan([Path("d")], ScanOptions(), told([]))
    for _ in range(80):
        next(seen)
    assert descriptors() <= before + OPEN_FOLDERS + 1

    seen.close()  # type: ignore[attr-defined]

    assert descriptors() == before


def test_a_folder_that_was_replaced_is_not_come_back_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walk, "OPEN_FOLDERS", 2)
    make("d/a/b/c/d/e/f", "d/a/b/y", "d/a/b/z", "d/a/y", "d/x", "other/b/z")
    problems: list[str] = []
    seen = []

    for item in scan([Path("d")], ScanOptions(), told(problems)):
        seen.append(item.node.name)
        if item.node.name == b"d/a/b/c/d/e/f":
            Path("d/a/b/c").rename("away-c")  # so that .. leads elsewhere
            Path("d/a/b").rename("away-b")
            Path("other/b").rename("d/a/b")

    assert seen[-2:] == [b"d/a/y", b"d/x"]
    assert b"d/a/b/z" not in seen
    assert problems == ["d/a/b: was replaced while it was looked at"]


# Circles


def test_links_are_followed_and_circles_are_not() -> None:
    make("d/e/x")
    Path("d/e/up").symlink_to("..")
    Path("d/self").symlink_to("self")
    Path("d/nowhere").symlink_to("nothing")
    Path("d/file").symlink_to("e/x")
    Path("d/way").symlink_to("e")
    problems: list[str] = []

    items = {i.node.name: i.node for i in found("d", problems=problems, follow_links=True)}

    assert {name for name, node in items.items() if node.kind is NodeKind.SYMLINK} == {
        *(b"d/e/up", b"d/nowhere", b"d/self", b"d/way/up"),
    }
    assert items[b"d/file"].kind is items[b"d/way/x"].kind is NodeKind.FILE
    assert items[b"d/way"].kind is NodeKind.FOLDER
    assert [line.split(":")[0] for line in problems] == [
        "d/e/up",
        "d/nowhere",
        "d/self",
        "d/way/up",
    ]
    assert "can't be followed, or leads to a folder around it" in problems[0]


def test_a_circle_that_closes_at_a_folder_ends_too() -> None:
    make("top/d/")
    Path("top/d/up").symlink_to("..")
    problems: list[str] = []

    seen = names("top/d", problems=problems, follow_links=True)

    assert seen == [b"top/d", b"top/d/up", b"top/d/up/d"]
    assert problems == [
        "top/d/up/d: is above itself, by way of a link; its contents are not taken again"
    ]


def test_followed_links_lead_back_to_where_they_came_from(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walk, "OPEN_FOLDERS", 1)
    make("d/z", "far/a/b/c/x", "far/a/b/y")
    Path("d/l").symlink_to("../far/a")

    assert names("d", follow_links=True) == [
        *(b"d", b"d/l", b"d/l/b", b"d/l/b/c", b"d/l/b/c/x", b"d/l/b/y", b"d/z"),
    ]


def test_a_followed_file_is_read_and_one_file_by_two_links_twice() -> None:
    make("x")
    Path("l").symlink_to("x")
    Path("m").symlink_to("x")
    problems: list[str] = []

    for item in scan([Path("l"), Path("m")], ScanOptions(follow_links=True), told(problems)):
        source = item.open()
        assert b"".join(map(bytes, source.pieces(10))) == b"x"  # type: ignore[arg-type]
        os.close(source.descriptor)
        assert item.node.kind is NodeKind.FILE
    assert problems == []


# Trouble


def test_what_vanishes_is_told_and_the_walk_goes_on() -> None:
    make("d/a", "d/b", "d/e/x", "d/f/g/", "d/z")
    problems: list[str] = []
    seen = []

    for item in scan([Path("d")], ScanOptions(), told(problems)):
        seen.append(item.node.name)
        if item.node.name == b"d/a":
            Path("d/b").unlink()
        if item.node.name in (b"d/e", b"d/f"):
            shutil.rmtree(os.fsdecode(item.node.name))

    assert seen == [b"d", b"d/a", b"d/e", b"d/f", b"d/z"]
    assert [line.split(": ")[0] for line in problems] == ["d/b", "d/e", "d/f"]
    assert all("No such file" in line for line in problems)


@pytest.mark.parametrize(("module", "name"), [(os, "listdir"), (os, "readlink"), (walk, "look")])
def test_an_error_of_the_disk_costs_one_entry(
    module: ModuleType, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    make("d/a/x", "d/z")
    Path("d/l").symlink_to("z")
    real: Callable[..., object] = getattr(module, name)
    inode = Path("d/a").stat().st_ino

    def fail(*path: bytes | int, **where: object) -> object:
        is_folder = isinstance(path[-1], int) and os.fstat(path[-1]).st_ino == inode
        if is_folder or path[-1] in (b"l", b"x"):
            raise OSError(5, "Input/output error")
        return real(*path, **where)

    problems: list[str] = []
    scanned = scan([Path("d")], ScanOptions(), told(problems))
    monkeypatch.setattr(module, name, fail)
    seen = [item.node.name for item in scanned]

    assert seen[-1] == b"d/z"
    assert problems
    assert all("Input/output error" in line for line in problems)


def test_a_folder_that_became_a_link_is_not_entered() -> None:
    make("d/e/", "secret/x")
    problems: list[str] = []
    seen = []

    for item in scan([Path("d")], ScanOptions(), told(problems)):
        seen.append(item.node.name)
        if item.node.name == b"d/e":
            Path("d/e").rmdir()
            Path("d/e").symlink_to("../secret")

    assert seen == [b"d", b"d/e"]
    assert "d/e: [Errno 20] Not a directory" in problems[0]


def test_what_may_not_be_read_is_told_and_its_folder_recorded() -> None:
    make("d/closed/x", "d/f", "d/unlisted/y", "d/z")
    for parent in Path("d").absolute().parents[:3]:
        parent.chmod(parent.stat().st_mode | 0o005)
    Path("d/closed").chmod(0)
    Path("d/unlisted").chmod(0o444)
    Path("d/f").chmod(0)

    def work() -> list[str]:
        problems: list[str] = []
        seen = []
        for item in scan([Path("d")], ScanOptions(), told(problems)):
            seen.append(os.fsdecode(item.node.name))
            if item.node.name == b"d/f":
                try:
                    item.open()
                except PermissionError:
                    seen.append("unreadable")
        return seen + problems

    assert as_nobody(work) == [
        *("d", "d/closed", "d/f", "unreadable", "d/unlisted", "d/z"),
        "d/closed: [Errno 13] Permission denied: b'closed'",
        "d/unlisted/y: [Errno 13] Permission denied: b'y'",
    ]
    Path("d/closed").chmod(0o700)
    Path("d/unlisted").chmod(0o700)
