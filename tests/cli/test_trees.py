"""What is restored of a folder equals the folder, whatever is in it, whichever way it went."""

import os
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.oddtree import ROOT, differences, make, seen
from tests.cli.process import NOBODY, Run, as_nobody, lines, start
from tests.tree.replay import in_child

OPEN = ("--specials", "--unsafe-links")
SMALL_BLOCKS = ("--block-size", "128K")


@pytest.fixture
def tree(folder: Path) -> Path:
    make(folder / "tree", privileged=ROOT)
    return folder / "tree"


def pipe(folder: Path, *commands: list[str]) -> list[int]:
    """Run commands, each reading what the one before writes; return their exit codes."""
    running: list[subprocess.Popen[bytes]] = []
    for words in commands:
        stdin = running[-1].stdout if running else subprocess.DEVNULL
        running.append(start(*words, stdin=stdin, stderr=None, cwd=folder))
        if running[1:]:
            running[-2].stdout.close()  # type: ignore[union-attr]
    out, _ = running[-1].communicate()
    assert out == b""
    return [process.wait() for process in running]


def test_an_odd_tree_comes_back_from_a_file(run: Run, tree: Path) -> None:
    run("compress", "--specials", *SMALL_BLOCKS, "-o", "x.cz", "tree")
    before = seen(tree)
    run("test", "x.cz")
    run("extract", "x.cz", "-C", "out", *OPEN)

    assert differences(before, seen(Path("out/tree"))) == {}
    assert before == seen(tree)


def test_an_odd_tree_comes_back_through_a_pipe(folder: Path, tree: Path) -> None:
    codes = pipe(
        folder,
        ["compress", "-c", "--specials", *SMALL_BLOCKS, "tree"],
        ["extract", "-", "-C", "out", *OPEN],
    )

    assert codes == [0, 0]
    assert differences(seen(tree), seen(Path("out/tree"))) == {}


def test_an_odd_tree_comes_back_by_decompress(run: Run, tree: Path) -> None:
    run("compress", "--specials", "tree")
    run("decompress", "tree.cz", "-C", "out", *OPEN)

    assert differences(seen(tree), seen(Path("out/tree"))) == {}


def test_the_contents_of_here_come_back_without_a_name_of_their_own(run: Run, tree: Path) -> None:
    pipe(tree, ["compress", "--specials", "-o", "../x.cz", "."])
    run("extract", "x.cz", "-C", "out", *OPEN)

    before, after = seen(tree), seen(Path("out"))
    del before[b"."], after[b"."]
    assert differences(before, after) == {}


def by_nobody(work: Callable[[], object]) -> object:
    """Return what comes of the work, done without privileges in the folder at hand."""
    return in_child(work, NOBODY if ROOT else None)


@pytest.fixture
def theirs(folder: Path) -> Path:
    """Give a folder of nobody's, with an odd tree in it that nobody made."""
    inner = owned_by_nobody(folder)
    by_nobody(lambda: make(Path("theirs/tree"), privileged=False))
    return inner


def owned_by_nobody(folder: Path) -> Path:
    folder.chmod(0o755)
    inner = folder / "theirs"
    inner.mkdir()
    if ROOT:
        os.chown(inner, NOBODY, NOBODY)
    return inner


def what_differs() -> str:
    return repr(differences(seen(Path("theirs/tree")), seen(Path("theirs/out/tree"))))


def unprivileged(folder: Path, *words: str, **streams: int) -> None:
    code, said = as_nobody(folder, *words, **streams)
    assert (code, said) == (0, ""), said


def test_an_odd_tree_of_a_user_comes_back_from_a_file(theirs: Path) -> None:
    unprivileged(theirs, "compress", "--specials", *SMALL_BLOCKS, "-o", "x.cz", "tree")
    unprivileged(theirs, "extract", "x.cz", "-C", "out", *OPEN)

    assert by_nobody(what_differs) == "{}"


def test_an_odd_tree_of_a_user_comes_back_through_a_pipe(theirs: Path) -> None:
    with (theirs / "x.cz").open("wb") as packed:
        unprivileged(theirs, "compress", "--specials", "-c", "tree", stdout=packed.fileno())
    with subprocess.Popen(["cat", theirs / "x.cz"], stdout=subprocess.PIPE) as cat:
        assert cat.stdout is not None
        unprivileged(theirs, "extract", "-", "-C", "out", *OPEN, stdin=cat.stdout.fileno())

    assert by_nobody(what_differs) == "{}"


@pytest.mark.skipif(not ROOT, reason="only root makes the tree")
def test_a_user_gets_of_roots_tree_what_a_user_can_have(run: Run, folder: Path) -> None:
    make(folder / "tree", privileged=True)
    run("compress", "--specials", "-o", "x.cz", "tree")
    Path("x.cz").chmod(0o644)

    code, said = as_nobody(owned_by_nobody(folder), "extract", "../x.cz", *OPEN)

    assert code == 3, said
    for line in (
        "tree/setuid: its set-id bits are not restored: its owner was not given to it",
        "extended attributes 'security': only root restores it (not told again",
        "extended attributes 'system': only root restores it (not told again",
        "'tree/chr' is a device; only root makes one",
    ):
        assert line in said
    of = {name[5:]: look for name, look in seen(folder / "theirs").items()}
    before = seen(folder / "tree")
    assert before.keys() - of.keys() == {b"chr", b"blk", b"."}
    wanted = {name: look.get("content") for name, look in before.items()}
    assert {name: look.get("content") for name, look in of.items() if name in wanted} == {
        name: content for name, content in wanted.items() if name in of
    }
    assert {look["owner"] for look in of.values()} == {(NOBODY, NOBODY)}
    assert of[b"setuid"]["mode"] == oct(0o100755)
    assert of[b"marked"]["mode"] == oct(0o100700)  # its group got nothing but by the ACL


def test_sockets_are_passed_over_and_said_to_be(run: Run, folder: Path) -> None:
    (folder / "tree").mkdir()
    (folder / "tree/a").touch()
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(os.path.relpath(folder / "tree/s"))
        said = run("compress", "tree", code=3).stderr

    assert b"tree/s" in said
    assert b"socket" in said
    assert [line["name"] for line in listed(run, "tree.cz")] == ["tree", "tree/a"]


def listed(run: Run, archive: str) -> list[dict[str, object]]:
    found = lines(run("list", "--json", archive).stdout)
    return [line for line in found if line["type"] == "member"]


def test_the_same_bytes_come_whatever_the_threads(run: Run, tree: Path) -> None:
    packed = {
        run("compress", "--specials", "-T", threads, *SMALL_BLOCKS, "-c", "tree").stdout
        for threads in ("1", "1", "2", "7")
    }

    assert len(packed) == 1


def test_a_file_and_a_pipe_get_the_same_bytes_with_the_same_reach(run: Run, tree: Path) -> None:
    words = ("--specials", *SMALL_BLOCKS, "--reach", "1M", "tree")
    run("compress", "-o", "x.cz", *words)

    assert run("compress", "-c", *words).stdout == Path("x.cz").read_bytes()


def test_a_file_larger_than_a_block_is_cut_in_a_folder_too(run: Run) -> None:
    Path("d").mkdir()
    Path("d/f").write_bytes(bytes(range(250)) * 80)

    run("compress", "--block-size", "4K", "d")

    run("test", "d.cz")
    assert run("cat", "d.cz", "d/f").stdout == Path("d/f").read_bytes()


def test_an_archive_in_its_own_folder_does_not_take_in_the_one_that_it_replaces(run: Run) -> None:
    Path("d").mkdir()
    Path("d/f").write_bytes(b"x" * 1000)

    for _ in range(2):
        run("compress", "-f", "d", "-o", "d/a.cz")

    assert [line["name"] for line in lines(run("list", "--json", "d/a.cz").stdout)[:-1]] == [
        "d",
        "d/f",
    ]


def test_a_pruned_archive_goes_through_a_pipe(run: Run) -> None:
    Path("run").mkdir()
    for number in range(3):
        Path("run", str(number)).write_bytes(os.urandom(50_000))
    run("compress", "run")
    for name in "ab":  # what is new, and what refers to an earlier version
        Path("run", name).write_bytes(Path("run/1").read_bytes() + name.encode())
        run("append", "run.cz", "run")
    run("prune", "run.cz", "--keep-last", "2")

    run("extract", "-", "-C", "out", input=Path("run.cz").read_bytes())

    assert not differences(seen(Path("run")), seen(Path("out/run")))
