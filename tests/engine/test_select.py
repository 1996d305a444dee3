"""Which leaves are read for the members that are asked for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compressor.archive.leaf import Entry
from compressor.archive.names import leaf_ref, name_key
from compressor.engine.select import Selection

parts = st.sampled_from([b"a", b"b", b"a-", b"a0", b"ab", b"\xff"])
names = st.lists(parts, min_size=1, max_size=3).map(b"/".join)


@given(st.lists(names, min_size=1, unique=True), st.lists(names), st.integers(1, 4))
def test_no_leaf_is_passed_over_that_holds_what_is_meant(
    members: list[bytes], words: list[bytes], size: int
) -> None:
    entries = [Entry(name) for name in sorted(members, key=name_key)]
    for begin in range(0, len(entries), size):
        leaf = entries[begin : begin + size]
        meant = Selection(words)
        if any(map(meant, leaf)):
            assert meant.may_be_in(leaf_ref(1, leaf))


@given(st.lists(names, min_size=2, unique=True))
def test_leaves_beside_a_name_are_passed_over(members: list[bytes]) -> None:
    entries = [Entry(name) for name in sorted(members, key=name_key)]
    for entry in entries:
        meant = Selection([entry.name])
        others = [one for one in entries if not meant(one)]
        assert not any(meant.may_be_in(leaf_ref(1, [one])) for one in others)


def test_a_pattern_may_be_met_anywhere() -> None:
    assert Selection([b"a", b"*.b"]).may_be_in(leaf_ref(1, [Entry(b"z")]))
    assert Selection([], ["*.b"]).may_be_in(leaf_ref(1, [Entry(b"z")]))


@pytest.mark.parametrize(
    "word",
    ["run/x", "./run/x", "run//x", "run/x/", "run/./x", ".//run/x/.", "./run/./x//", "run/x/."],
)
def test_a_name_may_be_typed_in_many_ways(word: str) -> None:
    meant = Selection([word.encode()])
    assert meant.may_be_in(leaf_ref(1, [Entry(b"run/x/y")]))
    assert meant.named(b"run/x")
    assert meant.named(b"run/x/y")
    assert not meant.named(b"run/y")
    assert meant.unmatched == set()


@pytest.mark.parametrize("word", ["./run/*.a", "run//*.a", "run/./*.a", "./run//./*.a"])
def test_so_may_a_pattern(word: str) -> None:
    meant = Selection([word.encode()])
    assert meant.named(b"run/x.a")
    assert not meant.named(b"a/run/x.a")
    assert not meant.named(b"run/y/x.a")


def test_a_pattern_behind_a_dot_is_one_from_the_top() -> None:
    assert Selection([b"*.a"]).named(b"run/x.a")
    assert Selection([b"./*.a"]).named(b"x.a")
    assert not Selection([b"./*.a"]).named(b"run/x.a")


@pytest.mark.parametrize("word", [b".", b"./", b"./.", b".//"])
def test_a_dot_stands_for_all(word: bytes) -> None:
    meant = Selection([word])
    assert meant.may_be_in(leaf_ref(1, [Entry(b"run/x/y")]))
    assert meant.named(b"run/x")
    assert meant.unmatched == set()


@pytest.mark.parametrize("word", [b"", b"/", b"/run/x", b"../run/x", b"run/../x", b".run"])
def test_what_no_member_is_called_meets_none(word: bytes) -> None:
    meant = Selection([word])
    assert not meant.named(b"run/x")
    assert not meant.named(b"x")
    assert meant.unmatched == {word}


def test_one_name_typed_in_two_ways_is_met_in_both() -> None:
    meant = Selection([b"run/x", b"./run/x"])
    assert meant.named(b"run/x")
    assert meant.unmatched == set()
