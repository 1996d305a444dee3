"""`list`: one line a member, as `ls -l` has them, or as a tree; of any version."""

import os
import re
import time
from pathlib import Path

import pytest

from compressor.archive.index import indexes
from compressor.archive.leaf import Entry
from compressor.archive.record import HEADER_SIZE
from compressor.archive.source import RandomSource
from compressor.cli.listing import tree
from tests.cli.archives import FOOTER, flipped, hostile
from tests.cli.process import Run, lines


@pytest.fixture
def archive(run: Run) -> Path:
    """Two versions of a folder with one thing of each kind that anybody may make."""
    Path("run/state").mkdir(parents=True)
    Path("run/a").write_bytes(b"12345")
    Path("run/state/b").write_bytes(b"x" * 1234)
    Path("run/a.txt").touch()
    Path("run/now").symlink_to("state/b")
    Path("run/twin").hardlink_to("run/a")
    os.mkfifo("run/pipe")
    Path("run/a").chmod(0o640)
    os.utime("run/a", ns=(10**18, 10**18))
    run("compress", "--specials", "-o", "run.cz", "run")
    Path("run/pipe").unlink()
    Path("run/a").write_bytes(b"1234567")
    run("append", "run.cz", "run", "--label", "second")
    return Path("run.cz")


def names(run: Run, *words: str | Path) -> list[str]:
    return [line["name"] for line in lines(run("list", "--json", *words).stdout)[:-1]]


NAMES = ["run", "run/a", "run/a.txt", "run/now", "run/state", "run/state/b", "run/twin"]


def test_members_are_sorted_by_name_with_contents_behind_their_folder(
    run: Run, archive: Path
) -> None:
    Path("archive").write_bytes(hostile([b"b", b"a.x", b"a/z", b"a", b"a/b/c"]))

    assert names(run, archive) == NAMES
    assert names(run, "archive") == ["a", "a/b/c", "a/z", "a.x", "b"]


def test_a_line_is_size_time_and_name(run: Run, archive: Path) -> None:
    os.utime("run/a", ns=(10**18, 10**18))
    run("append", archive, "run/a")
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(10**9))

    listed = run("list", archive).stdout.decode().splitlines()

    assert listed[1] == f"{7:>15}  {when}  run/a"
    assert listed[-1].startswith("          1,241  7 members in ")
    assert len(listed) == 8


def test_times_are_local_in_list_and_in_versions(run: Run) -> None:
    Path("a").touch()
    os.utime("a", (3600, 3600))
    run("compress", "a")

    for verb in ("list", "versions"):
        assert b" 1970-01-01 06:30 " in run(verb, "a.cz", env={"TZ": "IST-5:30"}).stdout
    line = lines(run("versions", "--json", "a.cz", env={"TZ": "IST-5:30"}).stdout)[0]
    assert line["time_ns"] == 3600 * 10**9


def test_an_earlier_version_is_listed_by_its_number(run: Run, archive: Path) -> None:
    first = lines(run("list", "--json", "--at", "1", archive).stdout)

    assert [line["name"] for line in first[:-1]] == sorted([*NAMES, "run/pipe"])
    assert {line["version"] for line in first[:-1]} == {1}
    assert first[1]["size"] == 5
    assert b"no version 3; `versions` lists them" in run("list", "--at=3", archive, code=1).stderr


def test_the_long_form_says_what_ls_says(run: Run, archive: Path) -> None:
    listed = run("list", "-l", "--at", "1", archive).stdout.decode().splitlines()
    owner = f"{Path('run').owner()} +{Path('run').group()}"
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(10**9))

    def row(start: str, size: str, end: str) -> str:
        found = [line for line in listed if line.endswith(end)]
        assert re.fullmatch(rf"{start} +{owner} +{size} \d{{4}}-.*", found[0]), found
        return found[0]

    row("-rw-r----- 2", "5", f"{when} run/a")
    row("hrw-r----- 2", "0", f"{when} run/twin (hard link to run/a)")
    row("d[rwx-]{9} 1", "0", " run")
    row("lrwxrwxrwx 1", "0", " run/now -> state/b")
    row("p[rwx-]{9} 1", "0", " run/pipe")
    assert len({line.index(" run") for line in listed[:-1]}) == 1


def test_the_long_form_bears_what_was_not_recorded(run: Run) -> None:
    Path("x.cz").write_bytes(hostile([b"a", b"\x1b[2J"], mode=None))

    listed = run("list", "-l", "x.cz").stdout.decode().splitlines()

    assert listed[0].startswith("-????????? 1 - - 4 ")
    assert listed[0].endswith(" \\x1b[2J")


def test_an_archive_of_nothing_is_listed(run: Run) -> None:
    Path("empty").mkdir()
    run("compress", "-o", "x.cz", "empty")
    run("append", "x.cz", "empty")

    for form in ("-l", "--tree"):
        assert b"empty\n" in run("list", form, "x.cz").stdout


TREE = """\
run.cz
└── run
    ├── a
    ├── a.txt
    ├── now -> state/b
    ├── state
    │   └── b
    └── twin (hard link to run/a)
"""


def test_a_tree_shows_folders_and_what_is_in_them(run: Run, archive: Path) -> None:
    utf8 = run("list", "--tree", archive, env={"PYTHONIOENCODING": "utf-8"}).stdout.decode()
    ascii_only = run("list", "--tree", archive, env={"PYTHONIOENCODING": "ascii"}).stdout.decode()

    assert utf8.startswith(TREE)
    plain = TREE.replace("├──", "|--").replace("└──", "`--").replace("│", "|")
    assert ascii_only.startswith(plain)


def test_a_tree_has_the_folders_that_are_no_members() -> None:
    names = [b"a/b/c", b"a/b/d", b"a/e", b"f"]

    found = list(tree([Entry(name) for name in names]))

    assert [line.lstrip("├└│─|`- ") for line in found] == ["a", "b", "c", "d", "e", "f"]
    assert [len(line) - 5 for line in found] == [0, 4, 8, 8, 4, 0]


def test_a_tree_bears_names_that_are_none() -> None:
    found = list(tree([Entry(name) for name in (b"", b"/etc/x", b"../y", b"a\nb")]))

    assert [line.split(" ")[-1] for line in found] == ["-", "etc", "x", "..", "y", "a\\nb"]


def test_long_and_tree_exclude_each_other(run: Run, archive: Path) -> None:
    said = run("list", "-l", "--tree", archive, code=2).stderr

    assert said == b"compressor: -l, --tree and --tensors exclude each other\n"


def test_a_pipe_gives_each_version_under_its_number(run: Run, archive: Path) -> None:
    data = archive.read_bytes()

    listed = run("list", input=data).stdout.decode().splitlines()
    members = lines(run("list", "--json", input=data).stdout)[:-1]

    headings = [at for at, line in enumerate(listed) if line.startswith("version ")]
    assert [listed[at] for at in headings] == ["version 1", "version 2, second"]
    assert headings == [0, 9]
    assert listed[10:-1] == run("list", archive).stdout.decode().splitlines()[:-1]
    assert listed[-1].split()[:3] == ["1,241", "7", "members"]
    assert [line["version"] for line in members] == [1] * 8 + [2] * 7
    assert b"--at needs a file" in run("list", "--at", "1", input=data, code=2).stderr


@pytest.mark.parametrize(("cut", "version"), [(FOOTER // 2, 2), (FOOTER + 10, 2), (600, 1)])
def test_an_unfinished_append_is_listed_as_far_as_it_is_whole(
    run: Run, archive: Path, cut: int, version: int
) -> None:
    data = archive.read_bytes()[:-cut]
    Path("cut.cz").write_bytes(data)

    from_file = run("list", "--json", "cut.cz", code=3).stdout
    from_pipe = run("list", input=data, code=3)

    error, *members, total = lines(from_file)
    assert error["type"] == "error"
    expected = run("list", "--json", "--at", str(version), archive).stdout
    assert [line["name"] for line in members] == [line["name"] for line in lines(expected)[:-1]]
    assert total["members"] == len(members)
    assert f"version {version}".encode() in from_pipe.stdout
    assert f"{len(members)} members in".encode() in from_pipe.stdout
    assert from_pipe.stderr.count(b"\n") == 1


def test_damage_in_a_version_is_told_and_what_is_sound_is_listed(run: Run, archive: Path) -> None:
    with archive.open("rb") as file:
        [index] = indexes(RandomSource(file))
    data = archive.read_bytes()
    Path("bad.cz").write_bytes(flipped(data, index.footer.last_leaf + HEADER_SIZE))

    assert b"run/a\n" in run("list", "bad.cz", code=4).stdout
    assert b"8 members" in run("list", "--at", "1", "bad.cz").stdout  # that one is whole
    assert b"version 1\n" in run("list", input=Path("bad.cz").read_bytes(), code=4).stdout


def test_archives_in_a_row_have_a_total_each(run: Run, archive: Path) -> None:
    Path("two.cz").write_bytes(archive.read_bytes() + hostile([b"z"]))

    listed = run("list", "two.cz").stdout.decode().splitlines()

    assert [at for at, line in enumerate(listed) if " in " in line] == [7, 9]
    assert names(run, "--at", "1", "two.cz") == ["z"]
