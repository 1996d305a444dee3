"""``.npy`` and ``.npz``: what numpy writes is seen as numpy means it; liars are opaque."""

import io
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compressor.tensors.segments import Tensor
from tests.tensors.files import looked, npy_file, typed, zipped
from tests.tensors.samples import HEADER

NAMES = {
    "f8": "F64", "f4": "F32", "f2": "F16", "i8": "I64", "i4": "I32", "i2": "I16", "i1": "I8",
    "u8": "U64", "u4": "U32", "u2": "U16", "u1": "U8", "?": "BOOL", "c8": "C64", "c16": "C128",
    "M8[ns]": "I64", "m8[25s]": "I64",
}  # fmt: skip
CODES = st.sampled_from(sorted(NAMES))
SHAPES = st.lists(st.integers(0, 4), max_size=4).map(tuple)


def saved(array: np.ndarray, version: tuple[int, int] | None = None) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, array, version)
    return buffer.getvalue()


def restored(data: bytes, tensor: Tensor, like: np.ndarray) -> np.ndarray:
    """Return a tensor's array, read from its place by its strides."""
    flat = np.frombuffer(data[tensor.start : tensor.start + tensor.size], like.dtype)
    if tensor.strides is None:
        return flat.reshape(tensor.shape)
    steps = [stride * like.dtype.itemsize for stride in tensor.strides]
    return np.lib.stride_tricks.as_strided(flat, tensor.shape, steps)


@given(CODES, st.sampled_from("<>"), SHAPES, st.sampled_from("CF"), st.sampled_from([1, 2, 3]))
def test_what_numpy_writes_is_seen_as_numpy_means_it(
    code: str, order: str, shape: tuple[int, ...], layout: str, version: int
) -> None:
    dtype = np.dtype(code).newbyteorder(order)
    count = int(np.prod(shape))
    array = np.arange(count).astype("i8").astype(dtype).reshape(shape).astype(dtype, layout)
    data = saved(array, (version, 0))

    sniffed = looked(data)

    (tensor,) = sniffed.tensors
    big = order == ">" and dtype.itemsize > 1
    assert sniffed.format == "npy"
    assert (tensor.name, tensor.dtype) == ("", NAMES[code] + "_BE" * big)
    assert tensor.shape == shape
    assert restored(data, tensor, array).tobytes() == array.tobytes()
    assert len(typed(sniffed)) == bool(count)


def test_the_segment_of_a_fortran_array_has_the_shape_in_which_its_bytes_lie() -> None:
    sniffed = looked(saved(np.asfortranarray(np.zeros((2, 3, 4), "f4"))))

    assert typed(sniffed)[0][3] == (4, 3, 2)
    assert sniffed.tensors[0].shape == (2, 3, 4)
    assert sniffed.tensors[0].strides == (1, 2, 6)


@pytest.mark.parametrize(
    "array",
    [
        np.zeros(3, [("a", "f4"), ("b", "i8", (2, 2))]),
        np.array(["text", "more"]),
        np.array([b"bytes"]),
        np.zeros(4, "V2"),
        np.array([{}], object),
        np.zeros(4, np.longdouble),
    ],
    ids=lambda array: array.dtype.char,
)
def test_an_array_of_something_else_than_numbers_is_opaque(array: np.ndarray) -> None:
    buffer = io.BytesIO()
    np.save(buffer, array)

    sniffed = looked(buffer.getvalue())

    assert (sniffed.format, sniffed.problem, sniffed.tensors) == ("npy", "", ())
    assert [one.dtype for one in sniffed.segments] == [""]


@pytest.mark.parametrize("descr", ["<f4[ns]", "<M8", "|f4", "<u1"])
def test_a_type_that_is_not_known_makes_no_tensor(descr: str) -> None:
    sniffed = looked(npy_file(HEADER.replace("<f4", descr), bytes(8)))

    assert (sniffed.format, sniffed.tensors, typed(sniffed)) == ("npy", (), [])


def test_fields_may_come_in_any_order_and_bytes_may_follow() -> None:
    header = "{\"shape\" : (1, 2L), 'descr':'<f4','fortran_order': True}   \n"

    sniffed = looked(npy_file(header, bytes(11)))

    assert [segment.size for segment in sniffed.segments][1:] == [8, 3]


def test_one_dimension_lies_in_either_order_alike() -> None:
    sniffed = looked(npy_file(HEADER.replace("False", "True"), bytes(8)))

    assert sniffed.tensors[0].strides is None


LIARS = {
    "too large": (HEADER.replace("2,", "3,"), "beyond the end"),
    "enormous": (HEADER.replace("2,", "9" * 19 + ","), "shape"),
    "more digits than a number may have": (HEADER.replace("2,", "9" * 5000 + ","), "shape"),
    "enormous product": (HEADER.replace("2,", "999999999999, 999999999999"), "larger than a file"),
    "negative": (HEADER.replace("2,", "-2,"), "lacks a field"),
    "no number": (HEADER.replace("2,", "2,,"), "shape"),
    "many dimensions": (HEADER.replace("2,", "1," * 65), "shape"),
    "a call": (HEADER.replace("(2,)", "f(2)"), "lacks a field"),
    "a field twice": (HEADER.replace("'shape'", "'descr': '<f4', 'shape'"), "twice"),
    "a field too few": ("{'descr': '<f4', 'shape': (2,)}", "lacks a field"),
    "another field": (HEADER.replace("}", "'x': True}"), "unknown"),
    "another kind of value": (HEADER.replace("False", "'no'"), "unknown"),
    "no dict": ("['descr']", "not a dict"),
    "no end": (HEADER.replace("}", "x"), "not a dict"),
    "something behind": (HEADER.replace("}", "+ {}}"), "lacks a field"),
    "nothing": ("", "not a dict"),
}


@pytest.mark.parametrize("name", LIARS)
def test_a_header_that_lies_makes_all_opaque(name: str) -> None:
    header, rule = LIARS[name]

    sniffed = looked(npy_file(header, bytes(8)))

    assert sniffed.format == ""
    assert rule in sniffed.problem


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (npy_file(HEADER, bytes(8), version=4), "version"),
        (npy_file(HEADER, bytes(8))[:40], "too long"),
        (npy_file(HEADER, bytes(8))[:9], "magic"),
        (npy_file(HEADER + " " * 70000, bytes(8), version=2), "too long"),
    ],
)
def test_a_frame_that_lies_makes_all_opaque(data: bytes, rule: str) -> None:
    sniffed = looked(data)

    assert sniffed.format == ""
    assert rule in sniffed.problem


@given(
    st.dictionaries(st.from_regex(r"[a-z]{1,6}", fullmatch=True), SHAPES, min_size=1, max_size=4)
)
def test_the_arrays_of_a_stored_npz_are_segments(shapes: dict[str, tuple[int, ...]]) -> None:
    arrays = {name: np.full(shape, 7, "f4") for name, shape in shapes.items()}
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)

    sniffed = looked(buffer.getvalue())

    assert sniffed.format == "npz"
    assert {tensor.name: tensor.shape for tensor in sniffed.tensors} == shapes
    for start, size, dtype, _, name in typed(sniffed):
        assert dtype == "F32"
        assert buffer.getvalue()[start : start + size] == arrays[name].tobytes()


def test_a_packed_npz_is_opaque() -> None:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, a=np.zeros(9))

    sniffed = looked(buffer.getvalue())

    assert (sniffed.format, sniffed.problem) == ("", "")


def test_of_stored_and_packed_members_the_stored_are_seen() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, method in (("a.npy", zipfile.ZIP_DEFLATED), ("b.npy", zipfile.ZIP_STORED)):
            archive.writestr(zipfile.ZipInfo(name), npy_file(HEADER, bytes(8)), method)

    assert [tensor.name for tensor in looked(buffer.getvalue()).tensors] == ["b"]


@pytest.mark.parametrize(
    ("member", "rule"),
    [(b"no array at all", "magic"), (npy_file(HEADER, bytes(7)), "beyond the end")],
)
def test_a_member_that_lies_makes_all_opaque(member: bytes, rule: str) -> None:
    sniffed = looked(zipped({"a.npy": npy_file(HEADER, bytes(8)), "b.npy": member}))

    assert sniffed.format == ""
    assert rule in sniffed.problem


def test_an_npz_of_words_alone_is_opaque() -> None:
    buffer = io.BytesIO()
    np.savez(buffer, words=np.array(["a", "b"]))

    assert "stores no array" in looked(buffer.getvalue()).problem
