"""Trees of many levels: what is asked of each name does not ask it of all folders above again."""

import sys
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compressor.archive.leaf import Entry
from compressor.archive.names import ByFolder, folders_above, under
from compressor.engine.select import Selection

TOP = b"/".join(b"level%03d" % level for level in range(200))
FILES = [TOP + b"/file%d" % number for number in range(2000)]


def calls(run: Callable[[], object]) -> int:
    """Return how many functions are called."""
    count = 0

    def note(_frame: object, event: str, _argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(note)
    try:
        run()
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("roots", [[b"level000"], [TOP], [b"other"], [b""]])
def test_names_below_roots_are_found_without_a_walk_up_each(roots: list[bytes]) -> None:
    found: list[bytes] = []
    assert calls(lambda: found.extend(under(FILES, roots))) < 20_000
    assert found == ([] if roots == [b"other"] else FILES)


@pytest.mark.parametrize(
    ("words", "exclude", "met"),
    [
        ([b"level000"], [], 2000),
        ([b"level*"], [], 2000),
        ([b"file*1"], [], 200),
        ([], ["file*1"], 1800),
        ([b"level000"], ["level100"], 0),
    ],
)
def test_members_are_chosen_without_a_walk_up_each(
    words: Sequence[bytes], exclude: Sequence[str], met: int
) -> None:
    selection = Selection(words, exclude)
    found: list[bytes] = []
    members = [Entry(name) for name in FILES]
    taken = calls(lambda: found.extend(one.name for one in members if selection(one)))
    assert len(found) == met
    assert taken < 40_000


def test_a_folder_is_judged_once_and_after_the_one_above_it() -> None:
    judged: list[bytes] = []

    def judge(folder: bytes, above: int) -> int:
        judged.append(folder)
        return above + 1

    folders = ByFolder(0, judge)
    assert [folders.above(name) for name in (b"a", b"a/b/c/d", b"a/b/c/e", b"a/x", b"z/y")] == [
        *(0, 3, 3, 1, 1)
    ]
    assert judged == [b"a", b"a/b", b"a/b/c", b"z"]


def test_names_of_thousands_of_levels_have_no_end_of_the_stack() -> None:
    name = b"a/" * 3999 + b"a"
    assert list(under([name], [b"a/a"])) == [name]


parts = st.lists(st.sampled_from([b"a", b"b", b"a-", b""]), min_size=1, max_size=4).map(b"/".join)


@given(st.lists(parts), st.lists(parts, max_size=3))
def test_what_is_under_is_what_a_walk_up_would_say(names: list[bytes], roots: list[bytes]) -> None:
    ways = {name: {name, *folders_above(name), b""} for name in names}
    assert list(under(names, roots)) == [name for name in names if ways[name] & set(roots)]
