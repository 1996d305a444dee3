"""Parts of tensors, as an index such as ``[2:9:3, ..., 0]`` names them, and the bytes they lie in."""

import operator
from collections.abc import Sequence
from itertools import starmap
from math import prod
from types import EllipsisType
from typing import SupportsIndex

from msgspec import Struct

from compressor.tensors.segments import Tensor

WORTH = 64 << 10  # bytes; what lies between two rows is read with them if it is less

One = SupportsIndex | slice | EllipsisType
Indices = One | tuple[One, ...]
"""What may stand in the brackets: whole numbers, slices that go forward, one ellipsis."""


class Selection(Struct, frozen=True):
    """Elements of a tensor at even distances: ``start`` and ``strides`` count those that are stored."""

    start: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    @property
    def count(self) -> int:
        """How many elements are selected."""
        return prod(self.shape)

    @property
    def span(self) -> int:
        """How many stored elements there are from the first to the last."""
        if not self.count:
            return 0
        return 1 + sum(starmap(_reach, zip(self.shape, self.strides, strict=True)))


class Layout(Struct, frozen=True):
    """How a selection is read: ``ranges`` (start, count) in a row, and its strides in what they give."""

    ranges: tuple[tuple[int, int], ...]
    strides: tuple[int, ...]

    @property
    def count(self) -> int:
        """How many elements are read."""
        return sum(count for _, count in self.ranges)


def everything(tensor: Tensor) -> Selection:
    """Return all elements of a tensor."""
    return Selection(0, tensor.shape, tensor.strides or plain_strides(tensor.shape))


def plain_strides(shape: Sequence[int]) -> tuple[int, ...]:
    """Return the strides by which C lays elements out."""
    strides, step = [], 1
    for length in reversed(shape):
        strides.append(step)
        step *= length
    return tuple(reversed(strides))


def select(whole: Selection, index: Indices) -> Selection:
    """Return what ``index`` leaves of a selection, as numpy's basic indexing does.

    Raises:
        IndexError: it does not fit, goes backward, or is of another kind.
    """
    start = whole.start
    kept: list[tuple[int, int]] = []
    wanted = _expanded(index, len(whole.shape))
    for one, length, stride in zip(wanted, whole.shape, whole.strides, strict=True):
        if isinstance(one, slice):
            places = range(*_forward(one, length))
            start += places.start * stride if places else 0
            kept.append((len(places), stride * places.step))
        else:
            start += _position(one, length) * stride
    return Selection(start, tuple(n for n, _ in kept), tuple(stride for _, stride in kept))


def layout(selection: Selection, width: int) -> Layout:
    """Return what is read of elements of ``width`` bytes: row by row where much lies between rows."""
    if not selection.count:
        return Layout((), selection.strides)
    strides = list(selection.strides)
    outer = max(range(len(strides)), key=lambda axis: _step(selection, axis), default=None)
    if outer is not None:
        step, rows = strides[outer], selection.shape[outer]
        inner = selection.span - _reach(rows, step)
        if rows > 1 and (step - inner) * width >= WORTH:
            strides[outer] = inner
            starts = range(selection.start, selection.start + rows * step, step)
            return Layout(tuple((start, inner) for start in starts), tuple(strides))
    return Layout(((selection.start, selection.span),), selection.strides)


def _step(selection: Selection, axis: int) -> int:
    return selection.strides[axis] if selection.shape[axis] > 1 else 0


def _reach(length: int, stride: int) -> int:
    return (length - 1) * stride


def _expanded(index: Indices, rank: int) -> list[SupportsIndex | slice]:
    """Return one index for each dimension."""
    given = list(index) if isinstance(index, tuple) else [index]
    holes = [at for at, one in enumerate(given) if one is Ellipsis]
    missing = rank - len(given) + len(holes)
    if len(holes) > 1 or missing < 0:
        what = "an ellipsis comes twice" if len(holes) > 1 else "there are more indices"
        raise IndexError(f"{what}: the tensor has {rank} dimensions")
    at = holes[0] if holes else len(given)
    given[at : at + len(holes)] = [slice(None)] * missing
    return [one for one in given if not isinstance(one, EllipsisType)]


def _forward(one: slice, length: int) -> tuple[int, int, int]:
    try:
        bounds = one.indices(length)
    except (TypeError, ValueError) as error:
        raise IndexError(f"no such slice: {error}") from error
    if bounds[2] < 1:
        raise IndexError("a slice of a tensor goes forward: its step is 1 or more")
    return bounds


def _position(one: SupportsIndex, length: int) -> int:
    if isinstance(one, bool) or not hasattr(one, "__index__"):
        raise IndexError(f"whole numbers, slices and ... are indices here, {one!r} is not")
    position = operator.index(one)
    if not -length <= position < length:
        raise IndexError(f"index {position} is out of range: the dimension has {length}")
    return position % length
