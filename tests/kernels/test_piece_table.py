"""The table of pieces: the kernel against the reference, and what it promises of memory."""

import hashlib
import random
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compressor.kernels.pieces import SLOT, PieceTable
from compressor.reference import pieces as reference

FEWEST = 64 * 2 * SLOT  # bytes; the smallest table there is


def hash_of(number: int) -> bytes:
    return hashlib.blake2b(number.to_bytes(8, "little"), digest_size=16).digest()


def neighbour(number: int) -> bytes:
    """Return a hash whose home is that of all its like."""
    return b"\x77" * 4 + number.to_bytes(12, "little")


steps = st.lists(
    st.tuples(st.sampled_from(["put", "find"]), st.integers(0, 400), st.integers(0, (1 << 63) - 1)),
    max_size=600,
)


@settings(max_examples=60, deadline=None)
@given(steps=steps, memory=st.integers(FEWEST, 6 * FEWEST), seed=st.integers(0, 999))
def test_the_kernel_does_what_the_reference_does(
    steps: list[tuple[str, int, int]], memory: int, seed: int
) -> None:
    name = hash_of if seed % 3 else neighbour
    ours, theirs = PieceTable(memory), reference.PieceTable(memory)
    for number in range(seed):
        for table in (ours, theirs):
            table.put(name(number), number)
    for verb, number, location in steps:
        if verb == "put":
            for table in (ours, theirs):
                table.put(name(number), location)
        else:
            assert ours.find(name(number)) == theirs.find(name(number))
        assert len(ours) == len(theirs)


@pytest.mark.parametrize("slots_max", [1023, 1024, 1025, 3000, 10_000])
def test_the_kernel_grows_and_forgets_as_the_reference_does(slots_max: int) -> None:
    memory, rng = slots_max * 2 * SLOT, random.Random(slots_max)
    ours, theirs = PieceTable(memory), reference.PieceTable(memory)
    for number in range(3 * slots_max):
        old = hash_of(rng.randrange(number + 1))
        assert ours.find(old) == theirs.find(old)
        for table in (ours, theirs):
            table.put(hash_of(number), number)
        slots = len(theirs.current.slots) + len(theirs.previous.slots)
        assert (ours.memory, len(ours)) == (slots * SLOT, len(theirs))

    everything = [hash_of(number) for number in range(3 * slots_max)]
    assert ours.find_all(b"".join(everything)) == [theirs.find(hash16) for hash16 in everything]


@given(numbers=st.lists(st.integers(0, 2000), max_size=500))
def test_while_there_is_room_it_is_a_dictionary(numbers: list[int]) -> None:
    table, model = PieceTable(1 << 20), {}
    for location, number in enumerate(numbers):
        assert table.find(hash_of(number)) == model.get(number)
        table.put(hash_of(number), location)
        model[number] = location

    assert len(table) == len(model)
    assert table.find_all(b"".join(map(hash_of, model))) == list(model.values())


def test_what_was_put_last_is_known_and_the_oldest_is_not() -> None:
    table = PieceTable(1000 * 2 * SLOT)
    for number in range(100_000):
        table.put(hash_of(number), number)
        old = max(0, number - 370)  # as many were put since, and as many found: below 750
        assert table.find(hash_of(old)) == old

    assert table.find(hash_of(90_000)) is None
    assert len(table) <= 1500


def test_what_is_found_now_and_then_is_not_forgotten() -> None:
    table = PieceTable(FEWEST)
    table.put(hash_of(0), 77)
    for number in range(1, 10_000):
        table.put(hash_of(number), number)
        if number % 40 == 0:
            assert table.find(hash_of(0)) == 77


def test_what_is_put_again_is_known_once() -> None:
    table = PieceTable(FEWEST)
    for number in range(60):  # 48 fill a generation: some are in the previous one
        table.put(hash_of(number), number)
    for location in (100, 200):
        for number in range(60):
            table.put(hash_of(number), location + number)
        assert len(table) == 60
    assert table.find(hash_of(59)) == 259


@pytest.mark.parametrize("slots_max", [64, 1024, 1500, 5000])
def test_memory_stays_below_what_is_given_also_while_growing(slots_max: int) -> None:
    memory = slots_max * 2 * SLOT + 17
    hashes = [hash_of(number) for number in range(4 * slots_max)]
    tracemalloc.start()
    try:
        table = PieceTable(memory)
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        for hash16 in hashes:
            table.put(hash16, 1)
            assert table.memory <= memory
        now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert abs(now - before - table.memory) < 2000  # the slots are what is counted
    assert table.memory == slots_max * 2 * SLOT
    assert peak - before < memory + 2000  # what Python took for the loop


def test_hashes_that_meet_in_one_place_cost_entries_and_no_time() -> None:
    table = PieceTable(1 << 20)
    for number in range(20_000):
        table.put(neighbour(number), number)
        assert table.find(neighbour(number)) == number

    assert len(table) == 128
    assert table.memory < 1 << 16  # they do not make it grow


def test_a_table_begins_small() -> None:
    table = PieceTable(1 << 40)
    assert table.memory == 0
    table.put(hash_of(0), 0)

    assert table.memory == 1024 * SLOT


def test_zeros_are_a_hash_like_any_other() -> None:
    table = PieceTable(FEWEST)
    assert table.find(bytes(16)) is None
    table.put(bytes(16), 0)

    assert table.find(bytes(16)) == 0
    assert table.find(b"\xff" * 16) is None


def test_find_all_takes_none_and_many() -> None:
    table = PieceTable(FEWEST)
    table.put(hash_of(1), (1 << 63) - 1)

    assert table.find_all(b"") == []
    assert table.find_all(hash_of(0) + hash_of(1)) == [None, (1 << 63) - 1]


@pytest.mark.parametrize("size", [0, 15, 17, 32])
def test_a_hash_of_another_size_is_refused(size: int) -> None:
    table = PieceTable(FEWEST)
    with pytest.raises(ValueError, match=f"16 bytes, not {size}"):
        table.find(bytes(size))
    with pytest.raises(ValueError, match=f"16 bytes, not {size}"):
        table.put(bytes(size), 1)


def test_hashes_that_do_not_come_out_even_are_refused() -> None:
    with pytest.raises(ValueError, match="17 bytes"):
        PieceTable(FEWEST).find_all(bytes(17))


@pytest.mark.parametrize("location", [-1, 1 << 63, 1 << 64])
def test_a_location_out_of_range_is_refused(location: int) -> None:
    with pytest.raises((ValueError, OverflowError)):
        PieceTable(FEWEST).put(bytes(16), location)


def test_too_little_memory_is_refused() -> None:
    with pytest.raises(ValueError, match=f"needs {FEWEST} bytes or more, not {FEWEST - 1}"):
        PieceTable(FEWEST - 1)
