"""What the system says of a name is what ``os`` says, and whether there are attributes is said, too."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from compressor.kernels.status import look

FIELDS = [
    "st_mode",
    "st_ino",
    "st_dev",
    "st_nlink",
    "st_uid",
    "st_gid",
    "st_size",
    "st_blocks",
    "st_rdev",
    "st_mtime_ns",
]


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[int]:
    descriptor = os.open(tmp_path, os.O_RDONLY | os.O_DIRECTORY)
    yield descriptor
    os.close(descriptor)


def test_each_field_is_what_the_system_says(folder: int, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(bytes(5000))
    os.link(tmp_path / "file", tmp_path / "other")
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("file")
    os.mkfifo(tmp_path / "fifo", 0o600)
    for name in [path.name for path in tmp_path.iterdir()]:
        for follow in (False, True):
            found = look(folder, os.fsencode(name), follow=follow)
            wanted = os.stat(name, dir_fd=folder, follow_symlinks=follow)
            for field in FIELDS:
                assert getattr(found, field) == getattr(wanted, field), (name, field)


def test_a_device_is_told() -> None:
    descriptor = os.open("/dev", os.O_RDONLY | os.O_DIRECTORY)
    assert look(descriptor, b"null").st_rdev == Path("/dev/null").stat().st_rdev != 0
    os.close(descriptor)


@pytest.mark.parametrize("seconds", [-1 << 31, -1, 0, 1 << 33, 9_000_000_000, 15_000_000_000])
def test_times_far_away_are_told(folder: int, tmp_path: Path, seconds: int) -> None:
    (tmp_path / "a").touch()
    os.utime(tmp_path / "a", ns=(0, seconds * 10**9 + 7))
    assert look(folder, b"a").st_mtime_ns == (tmp_path / "a").stat().st_mtime_ns


def test_what_has_no_attributes_is_bare(folder: int, tmp_path: Path) -> None:
    for name in ("with", "without"):
        (tmp_path / name).touch()
    (tmp_path / "link").symlink_to("with")
    try:
        os.setxattr(tmp_path / "with", "user.a", b"1")
    except OSError:
        pytest.skip("this file system has no extended attributes")
    assert look(folder, b"without").bare
    assert not look(folder, b"with").bare
    assert look(folder, b"link").bare
    assert not look(folder, b"link", follow=True).bare


def test_what_can_not_be_looked_at_is_told(folder: int, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to("gone")
    with pytest.raises(FileNotFoundError, match=r"\[Errno 2\].*b'gone'"):
        look(folder, b"gone")
    with pytest.raises(FileNotFoundError):
        look(folder, b"link", follow=True)
    with pytest.raises(NotADirectoryError):
        look(folder, b"file/x")
    with pytest.raises(OSError, match="too long"):
        look(folder, b"x" * 5000)
    with pytest.raises(OSError, match="descriptor"):
        look(-1, b"file")
    with pytest.raises(ValueError, match="name"):
        look(folder, b"file\0")
