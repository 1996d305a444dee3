"""Where the blocks of a file of numbers end, and under which chain they are packed."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compressor.plan.numbers import BLOCK, LEAST, Cut, coding_of, codings, cuts

MIB = 1 << 20
BF16, F32 = coding_of("BF16"), coding_of("F32")

segments = st.lists(
    st.tuples(
        st.one_of(st.integers(0, 4 * LEAST), st.integers(0, 10 * MIB)),
        st.sampled_from(["", "BF16", "F32", "F8_E4M3", "I8", "I64", "Q4_0"]),
    )
)


@given(segments, st.sampled_from([1000, LEAST, MIB, 4 * MIB]))
def test_cuts_cover_the_file_and_no_block_of_numbers_is_too_large(
    found: list[tuple[int, str]], most: int
) -> None:
    done = cuts(found, most)

    assert sum(cut.size for cut in done) == sum(size for size, _ in found)
    assert all(LEAST <= cut.size <= min(most, cut.coding.most) for cut in done if cut.coding)
    kinds = [cut.coding is None for cut in done]
    assert (True, True) not in pairwise(kinds)
    assert all(cut.size for cut in done)


@given(segments, st.sampled_from([MIB, 4 * MIB]))
def test_every_byte_keeps_the_type_of_its_segment(found: list[tuple[int, str]], most: int) -> None:
    types = [(size, coding_of(dtype)) for size, dtype in found if size]
    for cut in cuts(found, most):
        left = cut.size
        while left:
            size, coding = types.pop(0)
            assert cut.coding in {None, coding}
            if size > left:
                types.insert(0, (size - left, coding))
            left -= min(size, left)


def test_large_tensors_have_blocks_of_their_own() -> None:
    block = 2 * BLOCK

    assert cuts([(100, ""), (5 * block // 2, "BF16"), (block, "BF16")], 4 * MIB) == [
        Cut(100, None),
        Cut(block, BF16),
        Cut(block, BF16),
        Cut(block // 2, BF16),
        Cut(block, BF16),
    ]


def test_small_tensors_of_one_type_share_a_block() -> None:
    small = LEAST - 4

    assert cuts([(small, "BF16")] * 3 + [(small, "F32")] * 2, 4 * MIB) == [
        Cut(3 * small, BF16),
        Cut(2 * small, F32),
    ]
    assert cuts([(small, "BF16"), (100, ""), (small, "F32")], 4 * MIB) == [
        Cut(2 * small + 100, None)
    ]


def test_where_blocks_must_be_small_numbers_are_packed_like_any_bytes() -> None:
    assert cuts([(MIB, "F32")], 1000) == [Cut(MIB, None)]


@pytest.mark.parametrize("coding", codings(), ids=lambda coding: str(coding.chain))
def test_blocks_hold_whole_elements(coding: object) -> None:
    for dtype in ("F64", "F32", "BF16", "F16", "F8_E4M3", "I8"):
        one = coding_of(dtype)
        assert one is not None
        assert all(cut.size % one.width == 0 for cut in cuts([(9 * MIB, dtype)], MIB))
    assert coding in codings()


@pytest.mark.parametrize("dtype", ["", "I64", "BOOL", "Q4_0", "nonsense"])
def test_other_types_have_no_coding(dtype: str) -> None:
    assert coding_of(dtype) is None
