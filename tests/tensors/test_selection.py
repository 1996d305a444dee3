"""Indices of tensors say what numpy's do, and what is read holds what they select."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compressor.tensors.segments import Tensor
from compressor.tensors.selection import WORTH, everything, layout, plain_strides, select

SHAPES = st.lists(st.integers(0, 5), max_size=4).map(tuple)


def tensor(shape: tuple[int, ...], strides: tuple[int, ...] | None = None) -> Tensor:
    return Tensor("t", "U8", shape, 0, 0, strides)


@st.composite
def indices(draw: st.DrawFn, shape: tuple[int, ...]) -> Any:
    bound = st.none() | st.integers(-7, 7)
    parts: list[Any] = []
    for length in shape[: draw(st.integers(0, len(shape)))]:
        one = st.builds(slice, bound, bound, st.none() | st.integers(1, 4))
        if length:
            one |= st.integers(-length, length - 1)
        parts.append(draw(one))
    if draw(st.booleans()):
        parts.insert(draw(st.integers(0, len(parts))), ...)
        parts = [part for part in parts if part is ... or not isinstance(part, int)]
    return parts[0] if len(parts) == 1 and draw(st.booleans()) else tuple(parts)


@given(st.data(), SHAPES, st.booleans(), st.sampled_from([1, WORTH // 8, WORTH]))
def test_a_selection_is_what_numpy_selects(
    data: st.DataObject, shape: tuple[int, ...], fortran: bool, width: int
) -> None:
    stored = np.arange(np.prod(shape, dtype=int))
    array = stored.reshape(shape, order="F" if fortran else "C")
    strides = tuple(stride // 8 for stride in array.strides)
    index = data.draw(indices(shape))

    chosen = select(everything(tensor(shape, strides)), index)
    read = layout(chosen, width)

    got = np.concatenate([stored[:0], *(stored[start : start + n] for start, n in read.ranges)])
    view = np.ndarray(chosen.shape, stored.dtype, got, 0, tuple(8 * one for one in read.strides))
    assert read.count == len(got)
    np.testing.assert_array_equal(view, array[index])


@given(SHAPES)
def test_strides_are_those_of_c(shape: tuple[int, ...]) -> None:
    if all(shape):
        assert plain_strides(shape) == tuple(n // 8 for n in np.zeros(shape).strides)


def test_leading_numbers_and_the_first_slice_narrow_what_is_read() -> None:
    whole = everything(tensor((10, 100, 1000)))

    assert layout(select(whole, (3, slice(20, 30))), 1).ranges == ((320_000, 10_000),)


def test_rows_far_apart_are_read_alone() -> None:
    whole = everything(tensor((10, WORTH)))

    assert layout(select(whole, (slice(None, None, 3), slice(5))), 2).ranges == (
        (0, 5),
        (3 * WORTH, 5),
        (6 * WORTH, 5),
        (9 * WORTH, 5),
    )
    assert len(layout(select(whole, slice(2, 4)), 2).ranges) == 1


def test_an_expanded_tensor_is_read_once() -> None:
    chosen = everything(tensor((1000, 3), (0, 1)))

    assert layout(chosen, 4).ranges == ((0, 3),)


@pytest.mark.parametrize(
    "index",
    [
        3,
        -4,
        (0, 0, 0),
        (slice(None), slice(None), slice(None)),
        slice(None, None, -1),
        slice(None, None, 0),
        slice("a"),
        (..., ...),
        None,
        True,
        1.5,
        "a",
        [0, 1],
    ],
)
def test_other_indices_are_refused(index: Any) -> None:
    with pytest.raises(IndexError):
        select(everything(tensor((3, 4))), index)
