"""What an append replaces, keeps and refuses."""

import os
import random
import subprocess
from pathlib import Path

import pytest

from compressor.engine.recall import Recall
from tests.cli.process import COMMAND, as_nobody
from tests.engine.crashes import Tree, command, done, extracted, tree_of, versions_in

ARCHIVE = Path("a.cz")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def make(**files: str) -> None:
    """Write files; in a name, two underlines stand for a slash."""
    for name, content in files.items():
        path = Path(name.replace("__", "/"))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)


def held(*words: str) -> Tree:
    """Return what the archive extracts to, once it is known to be sound."""
    done("test", ARCHIVE)
    code, found, said = extracted(ARCHIVE, Path("out"), *words)
    assert code == 0, said
    return found


def test_a_path_replaces_what_is_at_and_below_it_and_nothing_else() -> None:
    make(run__a="1", run__sub__b="1", run__sub__c="1", other="1")
    done("compress", "run", "other", "-o", ARCHIVE)
    make(run__a="2", run__sub__b="2", other="2")
    Path("run/sub/c").unlink()
    done("append", ARCHIVE, "run/sub", "other")
    assert held() == {"run/a": b"1", "run/sub/b": b"2", "other": b"2"}


@pytest.mark.parametrize("size", [300, 30_000, 300_000])
def test_a_file_that_was_gone_for_some_versions_is_stored_once(size: int) -> None:
    noise = random.Random(size).randbytes(size)
    make(run__a="1", run__b="1")
    Path("run/back").write_bytes(noise)
    done("compress", "run", "--block-size", "64K", "-o", ARCHIVE)
    Path("run/back").unlink()
    for content in "23":
        make(run__a=content * 50)
        done("append", ARCHIVE, "run")
    before = ARCHIVE.stat().st_size
    Path("run/other").write_bytes(noise)
    done("append", ARCHIVE, "--block-size", "64K", "run")
    assert ARCHIVE.stat().st_size - before < 1500
    assert held()["run/other"] == noise


def test_an_older_version_that_is_damaged_costs_an_append_what_it_had_and_no_more() -> None:
    noise = random.Random(1).randbytes(5000)
    make(run__a="1")
    Path("run/back").write_bytes(noise)
    done("compress", "run", "-o", ARCHIVE)
    Path("run/back").unlink()
    make(run__a="2")
    done("append", ARCHIVE, "run")
    data = bytearray(ARCHIVE.read_bytes())
    at = data.index(noise[:100])  # the block; what can't be had again is stored again
    data[at] ^= 1
    ARCHIVE.write_bytes(data)
    Path("run/back").write_bytes(noise)
    done("append", ARCHIVE, "run")
    assert ARCHIVE.stat().st_size - len(data) > 5000
    assert extracted(ARCHIVE, Path("out"))[1]["run/back"] == noise


def test_older_versions_are_looked_into_once_something_is_new(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked: list[int] = []
    real = Recall.older
    monkeypatch.setattr(Recall, "older", lambda *args: (looked.append(1), real(*args)))
    make(run__a="1", run__b="2")
    done("compress", "run", "-o", ARCHIVE)
    done("append", ARCHIVE, "run")
    make(run__c="2")  # the last version has that
    done("append", ARCHIVE, "run")
    assert not looked
    make(run__d="new", run__e="newer")
    done("append", ARCHIVE, "run")
    assert looked == [1]


def test_a_path_that_is_gone_is_an_error_and_its_members_stay() -> None:
    make(run__a="1", run__b="1", gone__c="1")
    done("compress", "run", "gone", "-o", ARCHIVE)
    make(run__a="2")
    Path("gone/c").unlink()
    Path("gone").rmdir()
    before = ARCHIVE.read_bytes()
    code, _, said = command("append", ARCHIVE, "gone", "nowhere")
    assert (code, said.count("No such file")) == (1, 2)
    assert ARCHIVE.read_bytes() == before
    code, _, said = command("append", ARCHIVE, "gone", "run")
    assert (code, said.count("No such file")) == (3, 1)
    assert held() == {"run/a": b"2", "run/b": b"1", "gone/c": b"1"}


def test_what_is_gone_from_a_given_folder_is_removed() -> None:
    make(run__a="1", run__sub__b="1")
    done("compress", "run", "-o", ARCHIVE)
    Path("run/sub/b").unlink()
    Path("run/sub").rmdir()
    done("append", ARCHIVE, "run")
    assert held() == {"run/a": b"1"}
    assert held("--at", "1") == {"run/a": b"1", "run/sub/b": b"1"}


def test_a_dot_replaces_everything_but_the_archive_itself() -> None:
    make(a="1", sub__b="1")
    done("compress", ".", "-o", ARCHIVE)
    make(a="2")
    Path("sub/b").unlink()
    done("append", ARCHIVE, ".")
    assert held() == {"a": b"2"}
    assert held("--at", "1") == {"a": b"1", "sub/b": b"1"}


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become nobody")
def test_what_cannot_be_read_keeps_what_it_had(folder: Path) -> None:
    make(run__a="1", run__closed__b="1", run__file="1", run__gone="1")
    done("compress", "run", "-o", ARCHIVE)
    make(run__a="2", run__closed__b="2", run__file="2 ")
    Path("run/gone").unlink()
    for path in (folder, folder.parent, folder.parent.parent, ARCHIVE):
        path.chmod(0o777)
    Path("run/closed").chmod(0)
    Path("run/file").chmod(0)
    code, said = as_nobody(folder, "append", str(ARCHIVE), "run")
    assert code == 3, said
    assert "run/closed: Permission denied" in said
    assert "run/file: Permission denied" in said
    expected = {"run/a": b"2", "run/closed/b": b"1", "run/file": b"1"}
    Path("out").mkdir()
    assert held() == expected


def test_a_link_outside_of_the_path_keeps_the_content_that_its_file_had() -> None:
    make(run__a="old" * 30_000)
    os.link("run/a", "run/b")
    os.link("run/a", "run/c")
    done("compress", "--block-size", "64K", "run", "-o", ARCHIVE)
    old = Path("run/a").read_bytes()
    size = ARCHIVE.stat().st_size
    Path("run/a").unlink()
    make(run__a="new")
    done("append", "--block-size", "64K", ARCHIVE, "run/a")
    assert held() == {"run/a": b"new", "run/b": old, "run/c": old}
    assert ARCHIVE.stat().st_size - size < 2000  # the old content is referred to, not stored again
    done("extract", ARCHIVE, "-C", "links")
    assert Path("links/run/b").samefile("links/run/c")


def test_a_link_whose_file_is_removed_has_the_content() -> None:
    make(run__sub__a="1", run__other="1")
    os.link("run/sub/a", "run/z")
    done("compress", "run", "-o", ARCHIVE)
    Path("run/sub/a").unlink()
    done("append", ARCHIVE, "run/sub")
    assert held() == {"run/other": b"1", "run/z": b"1"}


def test_members_never_come_to_lie_below_a_file() -> None:
    make(run__a="1")
    done("compress", "run", "-o", ARCHIVE)
    Path("run/a").unlink()
    make(run__a__b="2")
    before = ARCHIVE.read_bytes()
    code, _, said = command("append", ARCHIVE, "run/a/b")
    assert code == 2
    assert "run/a is no folder in the archive" in said
    assert ARCHIVE.read_bytes() == before
    done("append", ARCHIVE, "run/a")
    assert held() == {"run/a/b": b"2"}


def test_a_version_refers_to_the_archives_start_from_wherever_it_ends() -> None:
    noise = random.Random(1).randbytes
    Path("first").write_bytes(noise(100_000))
    done("compress", "--block-size", "64K", "first", "-o", ARCHIVE)
    Path("big").write_bytes(noise(400_000))
    Path("z").write_bytes(Path("big").read_bytes() + Path("first").read_bytes())
    size = ARCHIVE.stat().st_size
    done("append", "--block-size", "64K", ARCHIVE, "big", "z")
    assert ARCHIVE.stat().st_size - size < 600_000  # of 900,000
    expected = {name: Path(name).read_bytes() for name in ("first", "big", "z")}
    assert held() == expected
    done("append", ARCHIVE, "z")
    done("prune", ARCHIVE, "--keep-last", "2")
    assert held() == expected
    assert held("--at", "2") == expected


def test_an_archive_of_one_piped_stream_takes_versions_too() -> None:
    make(a="1", stream="what came through a pipe")
    with Path("stream").open("rb") as given, ARCHIVE.open("wb") as taken:
        subprocess.run(COMMAND, stdin=given, stdout=taken, check=True)
    done("append", ARCHIVE, "a")
    done("test", ARCHIVE)
    assert versions_in(ARCHIVE) == (0, [1, 2])
    done("extract", ARCHIVE, "a", "-C", "out")
    assert tree_of(Path("out")) == {"a": b"1"}


def test_a_pipe_gives_the_last_version_or_says_why_not() -> None:
    make(run__a="1", run__b="1")
    done("compress", "run", "-o", ARCHIVE)
    make(run__a="2")
    done("append", ARCHIVE, "run")
    with subprocess.Popen(["cat", ARCHIVE], stdout=subprocess.PIPE) as cat:
        ran = subprocess.run(
            [*COMMAND, "extract", "-", "-C", "out"],
            stdin=cat.stdout,
            stderr=subprocess.PIPE,
        )
    if ran.returncode == 0:
        assert tree_of(Path("out")) == {"run/a": b"2", "run/b": b"1"}
    else:
        assert ran.returncode == 4
        assert b"read it from a file that can seek" in ran.stderr


def test_several_archives_in_a_row_take_no_versions() -> None:
    make(a="1")
    done("compress", "a", "-o", ARCHIVE)
    ARCHIVE.write_bytes(ARCHIVE.read_bytes() * 2)
    before = ARCHIVE.read_bytes()
    assert command("append", ARCHIVE, "a")[0] == 2
    assert command("prune", ARCHIVE, "--keep-last", "1")[0] == 2
    assert ARCHIVE.read_bytes() == before


def test_prune_goes_through_a_link_to_the_archive() -> None:
    make(a="1")
    done("compress", "a", "-o", ARCHIVE)
    make(a="2")
    done("append", ARCHIVE, "a")
    Path("link.cz").symlink_to(ARCHIVE)
    done("prune", "link.cz", "--keep-last", "1")
    assert Path("link.cz").is_symlink()
    assert versions_in(ARCHIVE) == (0, [2])
