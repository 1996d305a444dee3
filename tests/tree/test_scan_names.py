"""What inputs of a scan are called, and which of them are one."""

import os
from pathlib import Path

import pytest

from compressor.errors import UsageError
from compressor.tree.node import NodeKind
from compressor.tree.roots import member_name, plan
from compressor.tree.scan import scan
from compressor.tree.walk import ScanOptions
from tests.tree.trees import folder, found, make, names, told

__all__ = ["folder"]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("a", b"a"),
        ("./a//b/.", b"a/b"),
        (".", b""),
        ("./", b""),
        ("/x/y", b"y"),
        ("../y", b"y"),
        ("a/../b", b"b"),
        (os.fsdecode(b"a/\xff\n"), b"a/\xff\n"),
    ],
)
def test_a_path_is_recorded_as_typed_or_from_its_last_component(path: str, name: bytes) -> None:
    assert member_name(Path(path)) == name


def test_an_input_that_appears_meanwhile_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = iter([False, True])
    monkeypatch.setattr("os.path.lexists", lambda _path: next(looks))

    assert [root.name for root in plan([Path("a")], follow=False)] == [b"a"]


@pytest.mark.parametrize("path", ["/", "..", "a/..", "/x/..", "../.."])
def test_a_path_without_a_name_is_refused_before_anything_is_yielded(path: str) -> None:
    make("a/x")

    with pytest.raises(UsageError, match="has no name of its own"):
        scan([Path("a"), Path(path)], ScanOptions(), told([]))


def test_the_current_folder_gives_its_contents_without_a_prefix(folder: Path) -> None:
    make("a/b", "c")

    assert names(".") == [b"a", b"a/b", b"c"]
    assert [item.shown for item in found(".")] == ["a", "a/b", "c"]
    assert names(str(folder)) == [
        os.fsencode(folder.name + rest) for rest in ("", "/a", "/a/b", "/c")
    ]


def test_what_is_shown_is_below_the_path_as_typed(folder: Path) -> None:
    make("a/b/c")

    assert [item.shown for item in found(f"{folder}/a/b")] == [f"{folder}/a/b", f"{folder}/a/b/c"]
    assert [item.node.name for item in found("a/../a/b")] == [b"b", b"b/c"]


@pytest.mark.parametrize(
    "paths",
    [
        ["a", "a/b"],
        ["a/b", "a"],
        ["a", "./a", "a/../a"],
        ["a", "a/b/c", "a/../a/b"],
        ["a", "{here}/a/b"],
        ["a", "link/b"],
        ["a", "{here}/link/b/c"],
    ],
)
def test_a_path_that_is_reached_twice_counts_once(folder: Path, paths: list[str]) -> None:
    make("a/b/c", "a/d")
    Path("link").symlink_to("a")

    seen = names(*(path.format(here=folder) for path in paths))

    assert seen == [b"a", b"a/b", b"a/b/c", b"a/d"]


def test_all_paths_below_the_current_folder_are_in_it(folder: Path) -> None:
    make("a/b", "c")

    assert names("a", ".", str(folder), f"{folder}/c", "a/b") == [b"a", b"a/b", b"c"]


def test_two_files_of_one_name_are_refused_before_anything_is_yielded() -> None:
    make("a/x", "b/x", "c")

    with pytest.raises(UsageError, match=r"\.\./.*/a/x and .*/b/x would both be named x"):
        scan(
            [Path("c"), Path(f"../{Path.cwd().name}/a/x"), Path.cwd() / "b/x"],
            ScanOptions(),
            told([]),
        )


@pytest.mark.parametrize(
    "paths",
    [
        [".", "../other/a"],  # ./a is there
        ["../other/a", "a/b"],  # other/a/b is there
        ["../other/a", "a/file/x"],  # other/a/file is there, and a file
        ["link", "link/b"],  # a link, and what it leads to
        [".", "out/b"],
    ],
)
def test_names_that_would_meet_in_a_folder_are_refused(paths: list[str]) -> None:
    make("in/a/b", "in/a/file/x", "other/a/b", "other/a/file")
    os.chdir("in")
    Path("link").symlink_to("a")
    Path("out").symlink_to("../other/a")

    with pytest.raises(UsageError, match="would both be named"):
        scan([Path(path) for path in paths], ScanOptions(), told([]))


def test_inputs_from_elsewhere_are_sorted_into_a_folder_whose_name_they_continue() -> None:
    make("in/a", "in/c/x", "out/b/y", "out/d")
    os.chdir("in")

    assert names(".", "../out/b", "../out/d") == [b"a", b"b", b"b/y", b"c", b"c/x", b"d"]


def test_an_input_from_elsewhere_is_sorted_in_below_the_first_level_too(folder: Path) -> None:
    make("a/m/new/x", "other/a/m/old", "other/a/z")

    assert names(f"{folder}/other/a", "a/m/new") == [
        *(b"a", b"a/m", b"a/m/new", b"a/m/new/x", b"a/m/old", b"a/z"),
    ]


def test_a_name_that_appears_behind_the_plan_is_not_given_twice() -> None:
    make("in/a", "out/b")
    os.chdir("in")
    seen = scan([Path(), Path("../out/b")], ScanOptions(), told([]))

    make("b")

    assert [(item.node.name, item.shown) for item in seen] == [(b"a", "a"), (b"b", "../out/b")]


def test_what_is_missing_is_told_and_the_rest_is_found() -> None:
    make("a/b", "f")
    problems: list[str] = []

    assert names("a", "a/missing", "gone/x", "f/x", "f", problems=problems) == [b"a", b"a/b", b"f"]
    assert sorted(problems) == [
        "a/missing: [Errno 2] No such file or directory: b'missing'",
        "f/x: [Errno 20] Not a directory: b'f'",
        "gone/x: [Errno 2] No such file or directory: b'gone'",
    ]


def test_a_followed_link_and_what_is_below_it_count_once() -> None:
    make("a/b")
    Path("link").symlink_to("a")

    assert names("link", "link/b", follow_links=True) == [b"link", b"link/b"]
    assert found("link", follow_links=True)[0].node.kind is NodeKind.FOLDER
