"""Small files in one call: what is usual is done, all else is left alone, and leaves nothing."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from compressor.kernels import smallfile
from compressor.tree.node import Node, NodeKind
from compressor.tree.restore import Restorer
from compressor.tree.restoreoptions import RestoreOptions

OURS = (smallfile.KEEP, smallfile.KEEP)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[int]:
    descriptor = os.open(tmp_path, os.O_RDONLY | os.O_DIRECTORY)
    yield descriptor
    os.close(descriptor)


def identity(path: Path) -> tuple[int, int]:
    status = path.lstat()
    return status.st_dev, status.st_ino


@pytest.mark.parametrize("content", [b"", b"x", bytes(70_000)])
def test_what_is_made_is_read(folder: int, tmp_path: Path, content: bytes) -> None:
    made = smallfile.make(folder, (b".part", b"a"), content, OURS, 0o640, -1_500_000_001)
    assert made == identity(tmp_path / "a")
    status = (tmp_path / "a").stat()
    assert (status.st_mode & 0o7777, status.st_mtime_ns) == (0o640, -1_500_000_001)
    assert smallfile.read(folder, b"a", made, len(content)) == content
    assert os.listdir(tmp_path) == ["a"]


def test_a_time_that_is_not_given_stays(folder: int, tmp_path: Path) -> None:
    smallfile.make(folder, (b".part", b"a"), b"", OURS, 0o600, None)
    assert (tmp_path / "a").stat().st_mtime_ns > 0


@pytest.mark.parametrize("taken", [b"a", b".part"])
def test_what_is_there_stays(folder: int, tmp_path: Path, taken: bytes) -> None:
    for kind in ("file", "link", "dangling", "folder"):
        there = tmp_path / os.fsdecode(taken)
        target = tmp_path / "target"
        target.write_bytes(b"old")
        match kind:
            case "file":
                there.write_bytes(b"old")
            case "link":
                there.symlink_to(target)
            case "dangling":
                there.symlink_to("nowhere")
            case "folder":
                there.mkdir()
        before = identity(there)
        assert smallfile.make(folder, (b".part", b"a"), b"new", OURS, 0o600, 0) is None
        assert identity(there) == before
        assert target.read_bytes() == b"old"
        assert sorted(os.listdir(tmp_path)) == sorted(["target", os.fsdecode(taken)])
        there.rmdir() if kind == "folder" else there.unlink()


def test_an_owner_that_cannot_be_given_leaves_nothing(folder: int, tmp_path: Path) -> None:
    if os.geteuid() == 0:
        made = smallfile.make(folder, (b".part", b"a"), b"", (1, 2), 0o4711, 0)
        assert made is not None
        status = (tmp_path / "a").stat()
        assert (status.st_uid, status.st_gid, status.st_mode & 0o7777) == (1, 2, 0o4711)
    else:
        assert smallfile.make(folder, (b".part", b"a"), b"", (0, 0), 0o600, 0) is None
        assert os.listdir(tmp_path) == []


def test_only_the_file_that_is_meant_is_read(folder: int, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"12345")
    (tmp_path / "link").symlink_to("a")
    os.mkfifo(tmp_path / "fifo")
    meant = identity(tmp_path / "a")
    assert smallfile.read(folder, b"a", meant, 5) == b"12345"
    for size in (0, 4, 6):  # it has grown, or shrunk
        assert smallfile.read(folder, b"a", meant, size) is None
    assert smallfile.read(folder, b"a", (meant[0], meant[1] + 1), 5) is None
    assert smallfile.read(folder, b"link", meant, 5) is None
    assert smallfile.read(folder, b"fifo", identity(tmp_path / "fifo"), 0) is None
    assert smallfile.read(folder, b"gone", meant, 5) is None


def test_names_and_sizes_that_are_none_are_refused(folder: int) -> None:
    with pytest.raises(ValueError, match="name"):
        smallfile.read(folder, b"a\0b", (0, 0), 1)
    with pytest.raises(ValueError, match="name"):
        smallfile.read(folder, b"a", (0, 0), -1)
    with pytest.raises(ValueError, match="name"):
        smallfile.make(folder, (b"p", b"a\0b"), b"", OURS, 0o600, 0)
    with pytest.raises(OverflowError):
        smallfile.make(folder, (b"p", b"a"), b"", OURS, 0o600, 1 << 100)


def restored(folder: int, node: Node, options: RestoreOptions | None = None) -> bool:
    """Say whether a file is made in one step; nobody may hear of one that is not: others say why."""
    told: list[object] = []
    how = options or RestoreOptions(0o644)
    with Restorer(folder, how, lambda *words: told.append(words)) as restorer:
        made = restorer.small(node, b"new")
        assert not made or restorer.small(node, b"newer") is False  # its name is taken now
        restorer.finish()
    assert not told
    return made


PLAIN = Node(b"run/a", NodeKind.FILE, 0o640, 1_000_000_001, os.geteuid(), os.getegid())


def test_a_member_is_restored_in_one_step(folder: int, tmp_path: Path) -> None:
    assert restored(folder, PLAIN)
    status = (tmp_path / "run/a").stat()
    assert (tmp_path / "run/a").read_bytes() == b"new"
    assert (status.st_mode & 0o7777, status.st_mtime_ns) == (0o640, 1_000_000_001)
    assert os.listdir(tmp_path / "run") == ["a"]


@pytest.mark.parametrize(
    "name", [b"", b"/a", b"../a", b"run/../../a", b"a\0b", b"way/a", b"file/a"]
)
def test_a_name_that_leads_elsewhere_is_not(folder: int, tmp_path: Path, name: bytes) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "way").symlink_to(tmp_path)
    (inside / "file").write_bytes(b"")
    root = os.open(inside, os.O_RDONLY)
    try:
        assert not restored(root, replace(PLAIN, name=name))
    finally:
        os.close(root)
    assert os.listdir(tmp_path) == ["inside"]


def test_what_takes_more_than_a_step_is_not(folder: int, tmp_path: Path) -> None:
    for options in (RestoreOptions(0o644, force=True), RestoreOptions(0o644, sync=True)):
        assert not restored(folder, PLAIN, options)
    assert not restored(folder, replace(PLAIN, xattrs=((b"user.a", b"b"),)))
    assert not restored(folder, replace(PLAIN, mtime_ns=1 << 100))
    if os.geteuid() != 0:
        assert not restored(folder, replace(PLAIN, mode=0o4755))
    assert not list(tmp_path.rglob("*a*"))
