"""What of a folder goes in, and what of an archive comes out, is what was asked for."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from compressor.archive.leaf import Owner
from compressor.engine.access import SeekableArchive
from compressor.engine.foldersink import FolderSink
from compressor.engine.reading import UnpackOptions
from compressor.engine.unpack import unpack
from compressor.tree.restoreoptions import RestoreOptions
from tests.cli.oddtree import ROOT, differences, seen
from tests.cli.process import Run, left, lines
from tests.tree.trees import make

TAG = "Signature: 8a477f597d28d172789f06886806bc55\n"


def members(run: Run, archive: str | Path = "x.cz") -> list[str]:
    found = lines(run("list", "--json", archive).stdout)
    return [line["name"] for line in found if line["type"] == "member"]


def packed(run: Run, *words: str) -> list[str]:
    run("compress", "-f", "-o", "x.cz", *words)
    return members(run)


def files(folder: str) -> list[str]:
    """Return the files in a folder, sorted."""
    inside = Path(folder)
    return sorted(str(path.relative_to(inside)) for path in inside.rglob("*") if not path.is_dir())


# What goes in


def test_patterns_leave_out_members_and_what_is_below_them(run: Run) -> None:
    make("run/a.o", "run/a.c", "run/b/c.o", "run/b/keep.o", "run/tmp/x", "run/b/tmp")
    Path("patterns").write_text("# objects\n*.o\n!keep.o\n\n")

    assert packed(run, "--exclude", "*.o", "--exclude", "tmp/", "run") == [
        *("run", "run/a.c", "run/b", "run/b/tmp")
    ]
    assert packed(run, "--exclude-from", "patterns", "--exclude", "/run/tmp", "run") == [
        *("run", "run/a.c", "run/b", "run/b/keep.o", "run/b/tmp")
    ]
    assert b"no/such" in run("compress", "--exclude-from", "no/such", "run", code=2).stderr


def test_patterns_from_a_pipe_hold_for_all_inputs(run: Run) -> None:
    make("a/x.o", "a/y", "b/x.o", "b/y")

    run("compress", "--exclude-from", "/dev/stdin", "a", "b", input=b"*.o\n")

    assert [members(run, name) for name in ("a.cz", "b.cz")] == [["a", "a/y"], ["b", "b/y"]]


def test_a_file_of_patterns_has_lines_and_spaces_as_gits_have(run: Run) -> None:
    make("run/a", "run/b ", "run/c", "run/d\x0ce")
    Path("patterns").write_bytes(b"\xef\xbb\xbfa\r\nb\\ \nc \nd\x0ce\n")

    assert packed(run, "--exclude-from", "patterns", "run") == ["run"]


def test_a_member_may_be_named_as_paths_are(run: Run) -> None:
    make("run/a", "run/b/c", "other")
    run("compress", "-o", "x.cz", "run", "other")

    for words in (("./run/b",), ("run//b",), ("run/b/",), ("./run/b/*",)):
        run("extract", "x.cz", *words, "-C", "out")
        assert files("out") == ["run/b/c"]
        shutil.rmtree("out")
    run("extract", "x.cz", ".", "-C", "out")
    assert files("out") == ["other", "run/a", "run/b/c"]
    assert run("cat", "x.cz", "./run//a").stdout == b"run/a"


def test_of_a_folder_tagged_as_a_cache_the_tag_stays(run: Run) -> None:
    make("run/cache/big", "run/not/big", "run/a")
    Path("run/cache/CACHEDIR.TAG").write_text(TAG)
    Path("run/not/CACHEDIR.TAG").write_text("no signature")

    assert packed(run, "--exclude-caches", "run") == [
        *("run", "run/a", "run/cache", "run/cache/CACHEDIR.TAG"),
        *("run/not", "run/not/CACHEDIR.TAG", "run/not/big"),
    ]
    assert "run/cache/big" in packed(run, "run")


def test_one_file_system_keeps_the_folder_of_what_is_mounted(run: Run, folder: Path) -> None:
    make("run/here/a", "run/there/")
    mount = ["mount", "-t", "tmpfs", "tests", folder / "run/there"]
    if not ROOT or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("nothing can be mounted here")
    try:
        Path("run/there/b").write_text("b")

        one = packed(run, "--one-file-system", "run")
        all_ = packed(run, "run")
    finally:
        subprocess.run(["umount", folder / "run/there"], check=True)

    assert one == ["run", "run/here", "run/here/a", "run/there"]
    assert all_ == [*one, "run/there/b"]


def test_links_are_followed_where_that_is_asked_for(run: Run) -> None:
    make("run/a", "other/b/c")
    Path("run/link").symlink_to("../other")
    Path("run/up").symlink_to(".")
    Path("run/file").symlink_to("a")

    said = run("compress", "--follow-links", "-o", "x.cz", "run", code=3).stderr
    run("extract", "x.cz", "-C", "out")

    assert b"run/up" in said
    assert files("out/run") == ["a", "file", "link/b/c"]
    assert [path.name for path in Path("out").rglob("*") if path.is_symlink()] == ["up"]
    assert Path("out/run/link/b/c").read_text() == "other/b/c"
    assert packed(run, "run") == ["run", "run/a", "run/file", "run/link", "run/up"]


def test_names_of_owners_are_recorded_unless_numbers_alone_are_asked_for(run: Run) -> None:
    make("run/a")

    for words, named in ((("--numeric-owner",), False), ((), True)):
        packed(run, *words, "run")
        with Path("x.cz").open("rb") as file:
            owners = {entry.owner for _, entry in SeekableArchive(file).entries()}
        status = Path("run/a").stat()
        names = (Path("run/a").owner(), Path("run/a").group()) if named else (None, None)
        assert owners == {Owner(status.st_uid, status.st_gid, *names)}


@pytest.mark.skipif(not ROOT, reason="only root gives files away")
def test_owners_come_back_by_name_or_by_number(run: Run) -> None:
    make("run/a", "run/b")
    os.chown("run/a", 12345, 54321)
    os.chown("run/b", 65534, 65534)

    run("compress", "run")
    run("extract", "run.cz", "-C", "named")
    run("extract", "run.cz", "-C", "numbers", "--numeric-owner")

    for out in ("named", "numbers"):
        assert [(s.st_uid, s.st_gid) for s in map(os.stat, (f"{out}/run/a", f"{out}/run/b"))] == [
            *((12345, 54321), (65534, 65534))
        ]


def test_a_link_to_a_folder_is_taken_as_one_only_where_links_are_followed(run: Run) -> None:
    make("real/a")
    Path("link").symlink_to("real")

    assert packed(run, "--follow-links", "link") == ["link", "link/a"]
    assert b"is a symbolic link" in run("compress", "link", code=1).stderr
    assert b"leads to a folder; name that" in run("compress", "-f", "link", code=1).stderr
    run("compress", "--follow-links", "link")
    assert members(run, "link.cz") == ["link", "link/a"]


def test_a_named_link_is_refused_by_append_as_by_compress(run: Run) -> None:
    Path("run").mkdir()
    Path("run/a").write_bytes(b"a")
    Path("run/link").symlink_to("a")
    Path("link").symlink_to("run/a")
    Path("folder").symlink_to("run")
    run("compress", "run", "-o", "x.cz")
    for name in ("link", "run/link", "folder"):
        said = run("compress", "-o", "y.cz", "run", name, code=3).stderr
        assert said.startswith(f"compressor: {name}: is a symbolic link; ".encode())
        Path("y.cz").unlink()
        said = run("append", "x.cz", name, "run/a", code=3).stderr
        assert said == f"compressor: {name}: is a symbolic link; --follow-links reads it\n".encode()
        run("append", "x.cz", name, code=1)
    assert members(run, "x.cz") == ["run", "run/a", "run/link"]
    run("append", "x.cz", "--follow-links", "link", "folder")
    assert run("cat", "x.cz", "link").stdout == b"a"
    assert run("cat", "x.cz", "folder/a").stdout == b"a"


def test_folders_and_files_go_into_one_archive(run: Run) -> None:
    make("b/c", "a", "d")

    assert packed(run, "d", "b", "a") == ["a", "b", "b/c", "d"]
    run("decompress", "x.cz", "-C", "out")
    assert files("out") == ["a", "b/c", "d"]


# What comes out


@pytest.fixture
def archive(run: Run) -> str:
    """Make an archive of a small tree, among it two names of one file."""
    make("run/config.json", "run/state/a.bin", "run/state/b.bin", "run/state/deep/c.json", "run/z")
    os.link("run/config.json", "run/state/same.json")
    os.link("run/state/a.bin", "run/state/b.link")
    Path("run/to").symlink_to("config.json")
    run("compress", "-o", "x.cz", "run")
    return "x.cz"


WANTED = [
    (["run/config.json"], ["run/config.json"]),
    (["run/state/deep"], ["run/state/deep/c.json"]),
    (["run/state/deep/"], ["run/state/deep/c.json"]),
    (["*.json"], ["run/config.json", "run/state/deep/c.json", "run/state/same.json"]),
    (["run/state/*.bin"], ["run/state/a.bin", "run/state/b.bin"]),
    (["run/[sz]*", "--exclude", "deep/"], None),
    (["run/to", "run/z"], ["run/to", "run/z"]),
    (["--exclude", "*.json", "--exclude", "state"], ["run/to", "run/z"]),
]


@pytest.mark.parametrize("way", ["a file", "a pipe"])
@pytest.mark.parametrize(("words", "wanted"), WANTED)
def test_members_are_chosen_by_name_by_folder_and_by_pattern(
    run: Run, archive: str, way: str, words: list[str], wanted: list[str] | None
) -> None:
    if wanted is None:
        inside = ("a.bin", "b.bin", "b.link", "same.json")
        wanted = [*(f"run/state/{name}" for name in inside), "run/z"]
    if way == "a file":
        run("extract", archive, "-C", "out", *words)
    elif "run/state/same.json" in wanted and "run/config.json" not in wanted:
        pytest.skip("from a pipe a hard link's content has gone by: see below")
    else:
        run("extract", "-", "-C", "out", *words, input=Path(archive).read_bytes())

    assert files("out") == sorted(wanted)
    for name in wanted:
        if not Path(name).is_symlink():
            assert (Path("out") / name).read_text() == Path(name).read_text()


def test_a_hard_link_whose_file_is_not_chosen_comes_with_its_content(
    run: Run, archive: str
) -> None:
    run("extract", archive, "-C", "out", "run/state")

    same = Path("out/run/state/same.json")
    assert same.read_text() == "run/config.json"
    assert same.stat().st_nlink == 1
    assert Path("out/run/state/b.link").samefile("out/run/state/a.bin")


def test_from_a_pipe_a_hard_link_whose_file_is_not_chosen_is_said_to_fail(
    run: Run, archive: str
) -> None:
    data = Path(archive).read_bytes()

    said = run("extract", "-", "-C", "out", "run/state", input=data, code=3).stderr

    assert b"run/state/same.json" in said
    assert files("out") == [
        f"run/state/{name}" for name in ("a.bin", "b.bin", "b.link", "deep/c.json")
    ]


@pytest.mark.parametrize("way", ["a file", "a pipe"])
def test_what_matches_nothing_is_said_and_the_rest_comes(run: Run, archive: str, way: str) -> None:
    source: dict[str, object] = {"input": Path(archive).read_bytes()} if way == "a pipe" else {}
    name = "-" if way == "a pipe" else archive

    some = run("extract", name, "-C", "some", "run/z", "no/such", "*.none", code=3, **source).stderr
    none = run("extract", name, "-C", "none", "no/such", code=1, **source).stderr

    assert b"no member matches 'no/such'" in some
    assert b"no member matches '*.none'" in some
    assert b"no member matches 'no/such'" in none
    assert files("some") == ["run/z"]
    assert files("none") == []


def test_the_first_folders_of_names_are_left_out(run: Run, archive: str) -> None:
    run("extract", archive, "-C", "one", "--strip-components", "1")
    run("extract", archive, "-C", "two", "--strip-components", "2", "run/state")

    assert files("one") == files("run")
    assert Path("one/state/same.json").samefile("one/config.json")
    assert files("two") == ["a.bin", "b.bin", "b.link", "deep/c.json", "same.json"]


def test_a_folder_goes_beside_itself_and_comes_back_where_it_is_told(run: Run) -> None:
    make("run/a")
    run("compress", "run/")
    assert left(Path()) == {"run", "run.cz"}

    run("decompress", "run.cz", "-C", "out")
    assert files("out") == ["run/a"]
    said = run("decompress", "run.cz", code=3).stderr
    assert b"run/a exists; -f overwrites it" in said
    assert b"use -C" in run("decompress", "run.cz", "-o", "one", code=2).stderr


def test_archives_in_a_row_give_all_their_members_and_of_a_name_the_last(run: Run) -> None:
    make("one/a", "one/both", "two/b", "two/both")
    Path("one/both").write_text("first")
    for name in ("one", "two"):
        run("compress", "-C", name, "-o", f"{name}.cz", ".")
    Path("x.cz").write_bytes(Path("one.cz").read_bytes() + Path("two.cz").read_bytes())

    run("extract", "x.cz", "-C", "file")
    run("extract", "-", "-C", "pipe", input=Path("x.cz").read_bytes())
    run("decompress", "x.cz", "-C", "all")

    for out in ("file", "pipe", "all"):
        assert files(out) == ["a", "b", "both"]
        assert Path(out, "both").read_text() == "two/both"
    assert run("test", "x.cz").returncode == 0


# Versions, read from front to back: each goes over what the one before gave


def appended(run: Run) -> None:
    """Append to x.cz, and see what reading all its records, and reading its index, gives."""
    run("append", "--specials", "x.cz", "run")
    Path("out").mkdir()
    root = os.open("out", os.O_RDONLY)
    with (
        Path("x.cz").open("rb") as file,
        FolderSink(root, RestoreOptions(0o644, specials=True)) as sink,
    ):
        unpack(file, sink, UnpackOptions(), seekable=True)
    os.close(root)
    assert sink.outcome.failures == []

    before, after = seen(Path("run")), seen(Path("out/run"))
    assert differences(before, after) == {}
    run("extract", "x.cz", "-C", "file", "--specials")
    assert differences(before, seen(Path("file/run"))) == {}


def test_links_and_files_take_each_others_names_in_a_later_version(run: Run) -> None:
    make("run/a", "run/g", "run/d/x", "run/shared")
    Path("run/l").symlink_to("a")
    Path("run/f").symlink_to("a")
    os.link("run/a", "run/h")
    os.link("run/shared", "run/again")
    run("compress", "-o", "x.cz", "run")

    for name in ("l", "f", "g", "h", "d/x", "shared"):
        Path("run", name).unlink()
    Path("run/d").rmdir()
    Path("run/l").symlink_to("b")
    Path("run/g").symlink_to("a")
    make("run/f", "run/h", "run/d")  # a link, a hard link and a folder become files

    appended(run)


def test_folders_links_and_fifos_take_each_others_names_in_a_later_version(run: Run) -> None:
    make("run/a/x", "run/a/i/j/x", "run/s", "run/t/u")
    os.link("run/a/x", "run/a/i/h")
    Path("run/a/i/l").symlink_to("x")
    Path("run/b").symlink_to("a")
    os.mkfifo("run/p")
    run("compress", "--specials", "-o", "x.cz", "run")

    shutil.rmtree("run/a")
    shutil.rmtree("run/t")
    for name in ("b", "s", "p"):
        Path("run", name).unlink()
    Path("run/a").symlink_to("b")
    make("run/b/y", "run/s/z/", "run/p/q")
    os.mkfifo("run/t")

    appended(run)


def test_patterns_hold_for_files_alone(run: Run) -> None:
    make("a.txt", "b.o")

    assert packed(run, "--exclude", "*.o", "a.txt", "b.o") == ["a.txt"]
