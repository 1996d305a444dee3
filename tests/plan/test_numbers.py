"""Where the blocks of a file of numbers end, and under which chain they are packed."""

from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compressor.plan.numbers import (
    BLOCK,
    DENSE_LEVEL,
    LEAST,
    MANTISSA_LEVEL,
    NONE,
    SHARE,
    SHORT,
    Codings,
    Cut,
    Run,
    codings_for,
    cuts,
)

MIB = 1 << 20
CODINGS = codings_for(3)
BF16, F32 = CODINGS["BF16"], CODINGS["F32"]

segments = st.lists(
    st.tuples(
        st.one_of(st.integers(0, 4 * LEAST), st.integers(0, 10 * MIB)),
        st.sampled_from(["", "BF16", "F32", "F8_E4M3", "I8", "I64", "Q4_0", "Q6_K"]),
    )
)


def cut_up(found: Iterable[tuple[int, str]], codings: Codings, most: int) -> list[Cut]:
    return list(cuts((Run(*one) for one in found), codings, most))


@given(segments, st.sampled_from([1000, LEAST, MIB, 4 * MIB]))
def test_cuts_cover_the_file_and_no_block_of_numbers_is_too_large(
    found: list[tuple[int, str]], most: int
) -> None:
    done = cut_up(found, CODINGS, most)

    assert sum(cut.size for cut in done) == sum(size for size, _ in found)
    assert all(SHORT <= cut.size <= min(most, cut.coding.most) for cut in done if cut.coding)
    short = [cut.coding is None or cut.size < LEAST // 2 for cut in done]
    assert (True, True) not in pairwise(short)
    assert all(cut.size for cut in done)


@given(segments, st.sampled_from([MIB, 4 * MIB]))
def test_every_byte_keeps_the_type_of_its_segment(found: list[tuple[int, str]], most: int) -> None:
    types = [(size, CODINGS.get(dtype)) for size, dtype in found if size]
    for cut in cut_up(found, CODINGS, most):
        left = cut.size
        while left:
            size, coding = types.pop(0)
            assert cut.coding in {None, coding} or (coding is None and size < SHORT)
            if size > left:
                types.insert(0, (size - left, coding))
            left -= min(size, left)


def test_large_tensors_have_blocks_of_their_own() -> None:
    block = 2 * BLOCK

    assert cut_up([(100, ""), (5 * block // 2, "BF16"), (block, "BF16")], CODINGS, 4 * MIB) == [
        Cut(100, None),
        Cut(block, BF16),
        Cut(block, BF16),
        Cut(block // 2, BF16),
        Cut(block, BF16),
    ]


def test_small_tensors_of_one_type_share_a_block() -> None:
    small = LEAST - 4

    assert cut_up([(small, "BF16")] * 3 + [(small, "F32")] * 2, CODINGS, 4 * MIB) == [
        Cut(3 * small, BF16),
        Cut(2 * small, F32),
    ]
    assert cut_up([(small, "BF16"), (100, ""), (small, "F32")], CODINGS, 4 * MIB) == [
        Cut(2 * small + 100, None)
    ]


def test_what_little_lies_between_short_tensors_shares_their_block() -> None:
    small = 4096
    zipped = [(100, ""), (small, "F32")] * 20 + [(100, "")]

    assert cut_up(zipped, CODINGS, 4 * MIB) == [
        Cut(100, None),
        Cut(20 * small + 19 * 100, F32),
        Cut(100, None),
    ]
    assert cut_up([(small, "F32"), (100, ""), (8, "I64"), (100, "")] * 20, CODINGS, 4 * MIB) == [
        Cut(20 * small + 19 * 208, F32),
        Cut(208, None),
    ]


@pytest.mark.parametrize("gap", [102, 4096 // SHARE + 4])
def test_what_lies_between_and_moves_elements_or_is_much_parts_them(gap: int) -> None:
    found = cut_up([(4096, "F32"), (gap, "")] * 20, CODINGS, 4 * MIB)

    assert found == [Cut(20 * (4096 + gap), None)]


def test_many_gaps_are_little_together() -> None:
    tiny = [(100, ""), (64, "F32")] * 2000

    found = cut_up([(LEAST - 4, "F32")] * 20 + tiny, CODINGS, 4 * MIB)
    apart = cut_up([(LEAST - 4, "F32")] * 20 + [(SHORT, ""), (LEAST - 4, "F32")], CODINGS, 4 * MIB)

    assert Cut(LEAST - 4 + SHORT, None) in apart or Cut(SHORT, None) in apart

    numbers = sum(cut.size for cut in found if cut.coding)
    assert numbers < 20 * LEAST * (1 + 3 / SHARE)


def test_a_short_run_between_large_tensors_stays_numbers() -> None:
    large = (LEAST, "BF16")

    assert cut_up([large, (4096, "F32"), large], CODINGS, 4 * MIB)[1] == Cut(4096, F32)
    assert cut_up([large, (SHORT - 4, "F32"), large], CODINGS, 4 * MIB)[1] == Cut(SHORT - 4, None)
    assert cut_up([large, (4096, "F32"), (4096, "F16"), large], CODINGS, 4 * MIB)[1] == Cut(
        8192, None
    )


def test_small_tensors_never_make_a_block_larger_than_is_declared() -> None:
    for dtype, coding in CODINGS.items():
        found = cut_up([(LEAST - 8, dtype)] * 200, CODINGS, 8 * MIB)
        assert max(cut.size for cut in found) <= coding.most


def test_where_blocks_must_be_small_numbers_are_packed_like_any_bytes() -> None:
    assert cut_up([(MIB, "F32")], CODINGS, 1000) == [Cut(MIB, None)]


@pytest.mark.parametrize("level", [0, MANTISSA_LEVEL])
def test_blocks_hold_whole_elements(level: int) -> None:
    codings = codings_for(level)
    for dtype, coding in codings.items():
        size = 9 * MIB // coding.width * coding.width
        assert all(cut.size % coding.width == 0 for cut in cut_up([(size, dtype)], codings, MIB))


def test_what_has_no_coding_is_packed_like_any_bytes() -> None:
    assert cut_up([(MIB, "I64"), (MIB, "Q8_1"), (MIB, "")], CODINGS, MIB) == [Cut(3 * MIB, None)]
    assert cut_up([(MIB, "F32")], NONE, MIB) == [Cut(MIB, None)]


def test_from_a_level_on_mantissa_bits_go_with_the_exponents() -> None:
    assert [
        str(codings_for(level)["BF16"].chain) for level in (MANTISSA_LEVEL - 1, MANTISSA_LEVEL)
    ] == [
        "floatsplit:dtype=bf16(huffman,huffman)",
        "floatsplit:dtype=bf16:mantissa_bits=2(huffman,huffman)",
    ]


@given(st.integers(LEAST, 3 * MIB), st.integers(1, 2000), st.integers(1 << 18, 4 * MIB))
def test_whole_rows_make_no_more_blocks(size: int, columns: int, most: int) -> None:
    counts = [
        len(list(cuts([Run(size, "I8", columns)], codings_for(level), most)))
        for level in (DENSE_LEVEL - 1, DENSE_LEVEL)
    ]

    assert counts[1] <= counts[0] + size // (BLOCK * 2)


def test_where_dense_is_tried_blocks_end_with_a_row() -> None:
    for level, rest in ((DENSE_LEVEL - 1, 2 * BLOCK % 300), (DENSE_LEVEL, 0)):
        found = list(cuts([Run(3 * MIB // 300 * 300, "BF16", 150)], codings_for(level), 4 * MIB))
        assert {cut.size % 300 for cut in found[:-1]} == {rest}


@pytest.mark.parametrize(
    ("columns", "rows"), [(64, BLOCK // 64), (1024, 256), (4096, 256), (14336, 73)]
)
def test_blocks_of_wide_tensors_are_larger_where_dense_is_tried(columns: int, rows: int) -> None:
    run = Run(400 * 2 * max(columns, 4096), "BF16", columns)
    largest = {
        level: max(cut.size for cut in cuts([run], codings_for(level), 16 * MIB))
        for level in (DENSE_LEVEL - 1, DENSE_LEVEL)
    }

    assert largest[DENSE_LEVEL - 1] <= 3 * BLOCK
    assert rows <= largest[DENSE_LEVEL] // (2 * columns) < 1.6 * rows


def test_blocks_of_doubles_are_no_larger_where_dense_is_tried() -> None:
    run = Run(400 * 8 * 4096, "F64", 4096)
    largest = [
        max(cut.size for cut in cuts([run], codings_for(level), 16 * MIB))
        for level in (DENSE_LEVEL - 1, DENSE_LEVEL)
    ]

    assert largest[1] <= largest[0]
