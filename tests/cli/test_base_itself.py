"""What is its own base, or is like it byte for byte: it can be had later, whatever is named then."""

import os
from pathlib import Path

import pytest

from tests.cli.process import Run
from tests.cli.test_base import chains, write
from tests.tensors.states import state


@pytest.mark.parametrize("link", [os.link, os.symlink])
def test_a_base_under_another_name_is_packed_in_full(run: Run, link: object) -> None:
    write("old0")
    assert callable(link)
    link("old0", "other")

    run("compress", "-f", "--base", "other", "old0")
    run("compress", "-f", "--base", "old0", "other")

    for name in ("old0", "other"):
        assert run("cat", f"{name}.cz").stdout == state(0)


def test_a_copy_of_a_base_takes_next_to_nothing_and_any_copy_serves(run: Run) -> None:
    write("old0", "copy0", "third0")

    run("compress", "--base", "old0", "copy0")

    assert Path("copy0.cz").stat().st_size < 4000
    for base in ("old0", "copy0", "third0"):
        assert run("cat", "--base", base, "copy0.cz").stdout == state(0)


@pytest.mark.parametrize(
    "names", [("a_copy0", "old0"), ("old0", "z_copy0"), ("a_copy0", "old0", "z0")]
)
def test_a_base_that_is_packed_with_its_copies_needs_no_base(
    run: Run, names: tuple[str, ...]
) -> None:
    """Once the copy that came first was a difference from it, and it was stored as the copy was."""
    write(*names)

    run("compress", "--base", "old0", *names, "-o", "all.cz")

    assert run("cat", "all.cz", "old0").stdout == state(0)
    assert Path("all.cz").stat().st_size < 1.2 * len(state(0))
    Path("old0").rename("moved")
    run("test", "--base", "moved", "all.cz")


def test_what_is_appended_without_a_base_needs_none(run: Run) -> None:
    """Once the base itself was stored as its copy was: as a difference from itself."""
    write("old0", "copy0", "b1")
    run("compress", "--base", "old0", "b1", "copy0", "-o", "run.cz")

    run("append", "run.cz", "old0")

    assert run("cat", "run.cz", "old0").stdout == state(0)
    assert run("cat", "--base", "old0", "run.cz", "copy0").stdout == state(0)


def test_what_is_appended_with_the_base_is_stored_once(run: Run) -> None:
    write("old0", "b2", "new1", "again1")
    run("compress", "--base", "old0", "b2", "new1", "-o", "run.cz")
    size = Path("run.cz").stat().st_size

    run("append", "--base", "old0", "run.cz", "again1")

    assert Path("run.cz").stat().st_size - size < 4000
    assert chains(run, "run.cz")["floatdelta"] == 4
    assert run("cat", "--base", "old0", "run.cz", "again1").stdout == state(1)


@pytest.mark.parametrize(
    "words", ["compress a", "append a.cz a", "test a.cz", "cat a.cz", "-d a.cz"]
)
def test_a_base_from_stdin_is_wrong_usage_that_says_why(run: Run, words: str) -> None:
    Path("a").write_text("a")

    said = run(*words.split(), "--base", "-", code=2).stderr

    assert b"a base is read here and there, so that it can't come from stdin: name a file" in said


def test_a_base_may_be_named_as_stdin_is(run: Run) -> None:
    Path("a").write_text("a")
    Path("-").write_text("b")

    run("compress", "a", "--base", "./-")
