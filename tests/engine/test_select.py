"""Which leaves are read for the members that are asked for."""

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
