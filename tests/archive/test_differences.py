"""Blocks that are differences: what bounds them, and what they are from, seen by both readers."""

import pytest

from compressor.archive.schema import MAX_BASES, MAX_NEEDS
from compressor.errors import DamagedError, MissingBaseError
from tests.archive import reading
from tests.archive.forge import Forge, digest, entry
from tests.archive.sound import S0, S1, SOUND, STATES, state


def named(count: int) -> bytes:
    """An archive with so many BASE records, and a difference from the content of the last one."""
    forge = Forge()
    forge.head(**STATES)
    for _ in range(count):
        at = forge.base(S0)
    new = forge.difference(S1, S0, [[at, 0, 128]], needs=0)
    return forge.finish([entry(b"a", S1, [[new, 0, 128]])])


def test_an_archive_names_at_most_so_many_contents_outside() -> None:
    """F-053."""
    most, too_many = named(MAX_BASES), named(MAX_BASES + 1)

    assert reading.forward(most, bases=[S0]) == ([(b"a", S1)], [])
    _, errors = reading.forward(too_many, bases=[S0])
    assert "too many other files" in str(errors[0])


def chain(length: int) -> bytes:
    """A block of state 0, and so many differences, each from the one before."""
    forge = Forge()
    forge.head(**STATES)
    at = forge.block(S0)
    forge.leaf([entry(b"000", S0, [[at, 0, 128]])])
    for number in range(1, length + 1):
        old, now = state(number - 1), state(number)
        at = forge.difference(now, old, [[at, 0, 128]], needs=number)
        forge.leaf([entry(b"%03d" % number, now, [[at, 0, 128]])])
    return forge.finish([])


def test_a_block_needs_at_most_so_many_others() -> None:
    expected = [(b"%03d" % number, state(number)) for number in range(MAX_NEEDS + 1)]

    assert reading.forward(chain(MAX_NEEDS)) == (expected, [])
    assert reading.forward(chain(MAX_NEEDS), seeks=True) == (expected, [])
    assert reading.seekable(chain(MAX_NEEDS)) == expected
    _, errors = reading.forward(chain(MAX_NEEDS + 1))
    assert isinstance(errors[0], DamagedError)
    assert reading.refusal(chain(MAX_NEEDS + 1)) == "damaged"


def test_a_content_outside_is_not_one_of_the_blocks_that_are_needed() -> None:
    forge = Forge()
    forge.head(**STATES)
    old, outside = forge.block(S0), forge.base(S0)
    new = forge.difference(S1, S0, [[old, 0, 64], [outside, 64, 64]], needs=2)
    data = forge.finish([entry(b"b", S1, [[new, 0, 128]])])

    _, errors = reading.forward(data, bases=[S0])

    assert "needs fewer blocks than it says" in str(errors[0])
    with pytest.raises(DamagedError, match="needs fewer blocks than it says"):
        reading.seekable(data, [S0])


def test_what_is_missing_is_named_with_its_hash_and_costs_only_who_needs_it() -> None:
    sound = SOUND["good-difference-outside"]
    changed = sound.bases[0][:-1] + b"?"

    for bases in ([], [changed]):
        contents, errors = reading.forward(sound.make(), bases=bases)

        assert contents == []
        assert all(isinstance(error, MissingBaseError) for error in errors)
        assert "'models/base'" in str(errors[0])
        assert digest(sound.bases[0]).hex() in str(errors[0])


def test_members_that_need_no_content_outside_are_read_without_it() -> None:
    forge = Forge()
    forge.head(**STATES)
    outside = forge.base(S0)
    new = forge.difference(S1, S0, [[outside, 0, 128]], needs=0)
    forge.leaf([entry(b"a", S1, [[new, 0, 128]])])
    data = forge.finish([entry(b"b", S0, [[forge.block(S0), 0, 128]])])

    contents, errors = reading.forward(data)

    assert contents == [(b"b", S0)]
    assert [reading.class_of(error) for error in errors] == ["unsupported"]


def spread(count: int) -> bytes:
    """A difference from one block by so many spans."""
    forge = Forge()
    forge.head(**STATES)
    old = forge.block(S0)
    forge.leaf([entry(b"a", S0, [[old, 0, 128]])])
    spans = [[old, number, 1] for number in range(count - 1)] + [[old, count - 1, 129 - count]]
    new = forge.difference(S1, S0, spans, needs=min(count, MAX_NEEDS))
    return forge.finish([entry(b"b", S1, [[new, 0, 128]])])


def test_a_block_that_is_needed_twice_counts_twice() -> None:
    assert reading.forward(spread(MAX_NEEDS)) == ([(b"a", S0), (b"b", S1)], [])
    _, errors = reading.forward(spread(MAX_NEEDS + 1))
    assert "needs more blocks than is said of it" in str(errors[0])
