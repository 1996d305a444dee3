"""Names are what they share with the one before, and no byte more, and a rest."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compressor.kernels.prefixes import front_coded

NAMES = st.lists(st.binary(max_size=6).map(lambda end: b"run/" * (len(end) % 3) + end), max_size=20)


def plain(a: bytes, b: bytes) -> int:
    """Return how many bytes two names begin with alike, in the plainest way."""
    return next(
        (i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b))
    )


@settings(max_examples=60)
@given(NAMES)
def test_a_name_begins_as_the_one_before_as_far_as_both_go(names: list[bytes]) -> None:
    shared, rests = front_coded(names)

    assert shared == [plain(*pair) for pair in zip([b"", *names], names, strict=False)]
    assert rests == [name[common:] for name, common in zip(names, shared, strict=True)]


def test_examples() -> None:
    assert front_coded([]) == ([], [])
    names = (b"a/b", b"a/b", b"a/bc", b"a/", b"", b"\0\xff", b"\0\xfe")
    assert front_coded(names) == (
        [0, 3, 3, 2, 0, 0, 1],
        [b"a/b", b"", b"c", b"", b"", b"\0\xff", b"\xfe"],
    )


@pytest.mark.parametrize("wrong", [None, "a", 1, bytearray(b"a")])
def test_what_is_no_name_is_refused(wrong: object) -> None:
    with pytest.raises(TypeError):
        front_coded([b"a", wrong])
