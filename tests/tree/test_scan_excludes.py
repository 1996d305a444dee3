"""What a scan leaves out because it was told to."""

import os
import random
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from compressor.errors import UsageError
from compressor.tree.excludes import CACHE_SIGNATURE, excluder, lines_of
from compressor.tree.scan import scan
from compressor.tree.walk import ScanOptions
from tests.tree.trees import folder, make, names, told

__all__ = ["folder"]

SEED = 9
TREE = ("a", "b", "ab", "a.b", "x", "[", " ", "!a", "#b", "a-", "a ", "\\")
TOKENS = (
    *("a", "b", "x", "*", "?", "/", "/", ".", "-", " ", "\\ ", "!", "#", "\\*", "\\[", "\\a"),
    *("/**/", "/**", "[ab]", "[!a]", "[^b-z]", "[a-]", "[]a]", "[[:alpha:]]", "[z-a]", "[\\]a]"),
)


@pytest.mark.parametrize(
    ("patterns", "left"),
    [
        (["*.o"], ["b/keep.c", "b/o", "k"]),
        (["b/"], ["a.o", "k"]),
        (["/o"], ["a.o", "b/a.o", "b/keep.c", "b/o", "k"]),
        (["/b/o"], ["a.o", "b/a.o", "b/keep.c", "k"]),
        (["b/*", "!b/o"], ["a.o", "b/o", "k"]),
        (["b", "!b/o"], ["a.o", "k"]),  # nothing comes back from a folder that is left out
        (["*", "!*/", "!*.c"], ["b/keep.c"]),
        (["b/**", "!b/keep.c"], ["a.o", "b/keep.c", "k"]),
        (["**/o", "# k", "", "k/"], ["a.o", "b/a.o", "b/keep.c", "k"]),
    ],
)
def test_patterns_leave_out_what_git_would(patterns: list[str], left: list[str]) -> None:
    make("d/a.o", "d/b/a.o", "d/b/keep.c", "d/b/o", "d/k")
    os.chdir("d")

    seen = [os.fsdecode(name) for name in names(".", exclude=tuple(patterns))]

    assert [name for name in seen if name != "b"] == left


def test_patterns_mean_members_names_whatever_path_was_typed(folder: Path) -> None:
    make("d/b/x", "d/c")

    assert names("d", exclude=("/d/b",)) == [b"d", b"d/c"]
    assert names(f"{folder}/d", exclude=("/d/b",)) == [b"d", b"d/c"]
    assert names("d/b/x", "d/c", exclude=("b/",)) == [b"d/c"]


def test_names_that_are_no_text_or_of_several_lines_are_matched_whole() -> None:
    make("d/x\n", "d/x")
    Path(os.fsdecode(b"d/\xffx")).touch()
    make("e/a\nb/x")

    assert names("d", exclude=("x",)) == [b"d", b"d/x\n", b"d/\xffx"]
    assert names("d", exclude=("?x", "x?")) == [b"d", b"d/x"]
    assert names("d", exclude=(os.fsdecode(b"\xff*"), "x*")) == [b"d"]
    assert names("e", exclude=("e/**/x",)) == [b"e", b"e/a\nb"]


def test_a_folder_that_is_left_out_is_not_looked_into(monkeypatch: pytest.MonkeyPatch) -> None:
    make("d/no/x", "d/yes/x")
    looked = []
    listdir = os.listdir

    def spy(descriptor: int) -> list[str]:
        looked.append(Path(f"/proc/self/fd/{descriptor}").readlink().name)
        return listdir(descriptor)

    monkeypatch.setattr(os, "listdir", spy)

    names("d", exclude=("no",))

    assert looked == ["d", "yes"]


@pytest.mark.parametrize("pattern", ["a[b", "[", "a\\", "[[:letters:]]", "[]"])
def test_a_pattern_that_can_match_nothing_is_refused_at_once(pattern: str) -> None:
    with pytest.raises(UsageError, match="the pattern"):
        scan([Path()], ScanOptions(exclude=("x", pattern)), told([]))


@pytest.mark.parametrize("turn", range(4))
def test_random_patterns_are_understood_as_git_does(peer: Callable[[str], str], turn: int) -> None:
    git = peer("git")
    make(*(f"{a}/{b}" for a in ("a", "ab", "x") for b in TREE if b != "x"))
    make(*(f"{a}/x/{b}" for a in ("a", "ab", "x") for b in TREE))
    make(*(name for name in TREE if name not in ("a", "ab", "x")))
    subprocess.run([git, "init", "-q", "."], check=True)
    dice = random.Random(SEED + turn)

    for _ in range(60):
        lines = [_random_pattern(dice) for _ in range(dice.randint(1, 4))]
        try:
            excluder(lines)
        except UsageError:
            continue
        Path(".git/info/exclude").write_text("\n".join(lines) + "\n")
        words = [git, "ls-files", "-z", "--others", "--exclude-standard"]
        expected = subprocess.run(words, check=True, capture_output=True).stdout.split(b"\0")[:-1]

        seen = names(".", exclude=(*lines, "/.git"))

        assert sorted(n for n in seen if not Path(os.fsdecode(n)).is_dir()) == expected, lines


FILES = {
    "spaces at the end": b"a  \nb\\ \nc\\  \nd\\\\ \n e\n",
    "ends of lines of another system": b"a\r\nb \r\nc\\ \r\n\r\nd",
    "a mark of its encoding": b"\xef\xbb\xbfa\nb\n",
    "what other programs take for ends of lines": b"a\x0c\nb\x0bc\nd\xc2\x85\ne\x1c\nf\rg\n",
    "tabs at the end": b"a\t\nb \t\n",
    "no end of its last line": b"a\nb ",
    "bytes that are no text": b"\xff\n\xc3\xa4 \n",
}
ODD = [
    "a",
    "a ",
    "a\t",
    "a\r",
    "b",
    "b ",
    "b \t",
    "b\x0bc",
    "c",
    "c ",
    "c  ",
    "d",
    "d\\",
    "d\x85",
    "e",
    " e",
]
ODD += [
    "e\x1c",
    "f\rg",
    "g",
    "a\x0c",
    "\N{LATIN SMALL LETTER A WITH DIAERESIS}",
    "\udcff",
    "\ufeffa",
    "c\\",
]


@pytest.mark.parametrize("what", FILES)
def test_a_file_of_patterns_is_read_as_git_does(peer: Callable[[str], str], what: str) -> None:
    git = peer("git")
    for name in ODD:
        Path(name).touch()
    subprocess.run([git, "init", "-q", "."], check=True)
    Path(".git/info/exclude").write_bytes(FILES[what])
    words = [git, "ls-files", "-z", "--others", "--exclude-standard"]
    expected = subprocess.run(words, check=True, capture_output=True).stdout.split(b"\0")[:-1]

    seen = names(".", exclude=(*lines_of(FILES[what]), "/.git"))

    assert sorted(seen) == expected
    assert len(seen) < len(ODD)


def _random_pattern(dice: random.Random) -> str:
    text = "".join(dice.choice(TOKENS) for _ in range(dice.randint(1, 5)))
    text = text.replace("***", "*")  # more than two in a row: git itself is not of one mind
    return ("!" if dice.random() < 0.3 else "") + text + ("/" if dice.random() < 0.2 else "")


# Caches


def test_of_a_tagged_cache_only_the_tag_is_kept() -> None:
    make("d/cache/x", "d/cache/s/y", "d/z")
    Path("d/cache/CACHEDIR.TAG").write_bytes(CACHE_SIGNATURE + b"\n# by a program")

    assert names("d", exclude_caches=True) == [b"d", b"d/cache", b"d/cache/CACHEDIR.TAG", b"d/z"]
    assert len(names("d")) == 7


@pytest.mark.parametrize("tag", ["wrong", "link", "fifo", "folder", "unsigned"])
def test_a_tag_that_is_none_excludes_nothing(tag: str) -> None:
    make("d/x")
    Path("real").write_bytes(CACHE_SIGNATURE)
    {
        "wrong": lambda path: path.write_bytes(CACHE_SIGNATURE[:-1] + b"6"),
        "link": lambda path: path.symlink_to("../real"),
        "fifo": os.mkfifo,
        "folder": Path.mkdir,
        "unsigned": Path.touch,
    }[tag](Path("d/CACHEDIR.TAG"))

    assert b"d/x" in names("d", exclude_caches=True, specials=True)


# File systems


@pytest.fixture
def mount(folder: Path) -> Path:
    """Return a folder ``d/m`` that something is mounted at."""
    make("d/m/hidden", "d/x")
    mounted = subprocess.run(["mount", "-t", "tmpfs", "none", "d/m"], capture_output=True)
    if mounted.returncode:
        pytest.skip("only root mounts")
    return folder / "d/m"


def test_a_mount_point_is_an_empty_folder_on_one_file_system(mount: Path) -> None:
    try:
        make("d/m/inside/y")

        assert names("d", one_file_system=True) == [b"d", b"d/m", b"d/x"]
        assert len(names("d")) == 5
        assert names("d/m", one_file_system=True) == [b"d/m", b"d/m/inside", b"d/m/inside/y"]
        assert len(names("d", "d/m", one_file_system=True)) == 5
        os.chdir("d")
        assert names(".", one_file_system=True) == [b"m", b"x"]
        assert len(names(".", f"{mount}", one_file_system=True)) == 4
    finally:
        subprocess.run(["umount", mount], check=True)
