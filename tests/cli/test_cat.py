"""`cat`: files of an archive, whole or in part, of any version; at the cost of what they touch."""

import os
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import pytest

from compressor.archive.index import Index
from compressor.archive.readleaf import unpack_leaf
from compressor.cli import completion
from compressor.engine.access import SeekableArchive
from compressor.errors import DamagedError
from tests.cli.archives import FOOTER
from tests.cli.process import Run, lines


@pytest.fixture
def archive(run: Run) -> Path:
    """Two versions of a folder with a file, a hard link to it, a link, a FIFO."""
    Path("run/sub").mkdir(parents=True)
    Path("run/a").write_bytes(b"first")
    Path("run/sub/b").write_bytes(b"0123456789")
    Path("run/now").symlink_to("a")
    Path("run/twin").hardlink_to("run/a")
    os.mkfifo("run/pipe")
    run("compress", "--specials", "-o", "run.cz", "run")
    Path("run/a").write_bytes(b"second")
    run("append", "--specials", "run.cz", "run")
    return Path("run.cz")


def test_the_last_version_is_read_unless_another_is_named(run: Run, archive: Path) -> None:
    assert run("cat", archive, "run/a").stdout == b"second"
    assert run("cat", archive, "run/a", "run/sub/b", "--at", "1").stdout == b"first0123456789"
    assert run("cat", archive, "run/sub/b", "--range", "3:5").stdout == b"34"
    assert b"has no version 3" in run("cat", archive, "run/a", "--at", "3", code=1).stderr


def test_a_hard_link_gives_its_files_content(run: Run, archive: Path) -> None:
    assert run("cat", archive, "run/twin").stdout == b"second"
    assert run("cat", archive, "run/twin", "--at", "1", "--range", "1:").stdout == b"irst"


@pytest.mark.parametrize(
    ("name", "what"), [("run", "folder"), ("run/now", "symbolic link"), ("run/pipe", "FIFO")]
)
def test_what_has_no_content_is_called_what_it_is(
    run: Run, archive: Path, name: str, what: str
) -> None:
    done = run("cat", archive, "run/a", name, code=1)

    assert done.stderr.decode() == (
        f"compressor: run.cz: {name!r} is a {what}: only files have content\n"
    )
    assert done.stdout == b""  # nothing is written before all is found


def test_without_a_member_all_files_come_once(run: Run, archive: Path) -> None:
    assert sorted(run("cat", archive).stdout) == sorted(b"second0123456789")


def test_an_unfinished_end_is_told_and_costs_nothing(run: Run, archive: Path) -> None:
    Path("cut.cz").write_bytes(archive.read_bytes()[: -FOOTER - 10])

    done = run("cat", "cut.cz", "run/a", code=3)

    assert done.stdout == b"second"
    assert done.stderr.count(b"\n") == 1


def test_a_file_that_does_not_appear_was_not_written(run: Run) -> None:
    """Members were once told as written into a file that was dropped, and so the exit code was 3."""
    for name in ("a", "b"):
        Path(name).write_bytes(os.urandom(300_000))
    run("compress", "-o", "both.cz", "a", "b")

    def little_room() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))

    done = run("cat", "both.cz", "-o", "out", "--json", code=1, preexec_fn=little_room)
    assert [line["type"] for line in lines(done.stdout)] == ["error"]
    assert not Path("out").exists()

    whole = run("cat", "both.cz", "-o", "out", "--json")
    assert [(line["type"], line["name"]) for line in lines(whole.stdout)] == [
        ("written", "a"),
        ("written", "b"),
    ]


def test_a_range_of_any_size_begins_behind_the_end(run: Run, archive: Path) -> None:
    """Above 2^62 it was said to end before it begins, or to be none."""
    for begin in (1 << 62, 10**19, 10**30):
        said = run("cat", archive, "run/a", "--range", f"{begin}:", code=2).stderr
        assert b"has only 6 bytes" in said


def test_a_hard_link_without_a_file_is_damage(archive: Path) -> None:
    with archive.open("rb") as file:
        opened = SeekableArchive(file)
        find = Index.find
        gone = mock.patch.object(
            Index, "find", lambda index, name: None if name == b"run/a" else find(index, name)
        )
        with gone, pytest.raises(DamagedError, match="leads to no file"):
            opened.find_file(b"run/twin")


@contextmanager
def leaves_read() -> Iterator[list[int]]:
    """Give the offsets of the leaves that are read meanwhile."""
    offsets: list[int] = []

    def noted(meta: bytes, body: bytes, offset: int) -> object:
        offsets.append(offset)
        return unpack_leaf(meta, body, offset)

    with mock.patch("compressor.archive.index.unpack_leaf", noted):
        yield offsets


@pytest.fixture
def many(run: Run, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An archive of 300 files in many leaves."""
    for number in range(300):
        Path(f"f{number:03}").write_bytes(b"%d" % number)
    run("compress", "--solid-size", "100", "-o", "many.cz", *sorted(Path().glob("f*")))
    return Path("many.cz")


def test_a_member_is_found_without_reading_all_leaves(many: Path) -> None:
    with many.open("rb") as file:
        opened = SeekableArchive(file)
        with leaves_read() as everything:
            assert len(list(opened.entries())) == 300
        with leaves_read() as needed:
            index, entry = opened.find_file(b"f200")
            assert b"".join(opened.pieces(index, entry)) == b"200"

    assert len(everything) > 4
    assert len(needed) == 1


def test_names_are_completed_from_the_leaves_that_may_hold_them(many: Path) -> None:
    context, parameter = mock.Mock(params={"archive": many}), mock.Mock()
    complete = completion.members_of("archive")

    with leaves_read() as needed:
        assert complete(context, parameter, "f20") == [f"f20{digit}" for digit in range(10)]
        some = len(needed)
        assert complete(context, parameter, "g") == []
        assert len(needed) == some
        assert len(complete(context, parameter, "")) == 300

    assert some < len(needed) / 2
