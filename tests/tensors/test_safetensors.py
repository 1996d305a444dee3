"""safetensors: what the library writes is seen as the library reads it; liars are opaque."""

import json
import struct

import numpy as np
import pytest
import safetensors
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import save

from compressor.tensors.sniff import sniff
from tests.tensors.files import entry, looked, safetensors_file, typed

NUMPY = {"F64": "f8", "F32": "f4", "F16": "f2", "I64": "i8", "I32": "i4", "I16": "i2", "I8": "i1"}
NUMPY |= {"U64": "u8", "U32": "u4", "U16": "u2", "U8": "u1", "BOOL": "?"}
ARRAYS = st.tuples(st.sampled_from(sorted(NUMPY)), st.lists(st.integers(0, 5), max_size=4))


@given(st.dictionaries(st.text(max_size=8), ARRAYS, max_size=6), st.booleans())
def test_what_the_library_writes_is_seen_as_it_reads_it(
    arrays: dict[str, tuple[str, list[int]]], with_metadata: bool
) -> None:
    arrays.pop("__metadata__", None)
    made = {name: np.ones(shape, NUMPY[dtype]) for name, (dtype, shape) in arrays.items()}
    data = save(made, {"step": "12"} if with_metadata else None)

    sniffed = looked(data)

    assert sniffed.format == "safetensors"
    assert sniffed.metadata == ({"step": "12"} if with_metadata else {})
    found = {
        tensor.name: (tensor.dtype, tensor.shape, data[tensor.start : tensor.start + tensor.size])
        for tensor in sniffed.tensors
    }
    read = {
        name: (fields["dtype"], tuple(fields["shape"]), bytes(fields["data"]))
        for name, fields in safetensors.deserialize(data)
    }
    assert found == read
    assert sum(segment.size for segment in sniffed.segments if not segment.dtype) == (
        8 + struct.unpack_from("<Q", data)[0]
    )


def test_a_tensor_is_a_segment_in_its_place() -> None:
    header = {"b": entry("BF16", [2, 3], 4, 16), "a": entry("F32", [], 0, 4)}
    data = safetensors_file(header, bytes(16), padding=b"   ")

    sniffed = looked(data)

    base = len(data) - 16
    assert typed(sniffed) == [(base, 4, "F32", (), "a"), (base + 4, 12, "BF16", (2, 3), "b")]


def test_a_tensor_without_elements_is_in_the_table_alone() -> None:
    header = {"a": entry("F32", [1], 0, 4), "none": entry("I8", [3, 0], 4, 4)}

    sniffed = looked(safetensors_file(header, bytes(4)))

    assert [tensor.name for tensor in sniffed.tensors] == ["a", "none"]
    assert [segment[-1] for segment in typed(sniffed)] == ["a"]


@pytest.mark.parametrize(("dtype", "elements", "size"), [("F4", 6, 3), ("F6_E2M3", 8, 6)])
def test_numbers_shorter_than_a_byte_are_counted_in_bits(
    dtype: str, elements: int, size: int
) -> None:
    data = safetensors_file({"a": entry(dtype, [elements], 0, size)}, bytes(size))

    assert typed(looked(data))[0][1:3] == (size, dtype)
    assert len(safetensors.deserialize(data)) == 1


def test_bytes_behind_and_between_tensors_are_opaque() -> None:
    header = {"a": entry("U8", [2], 0, 2), "b": entry("U8", [2], 3, 5)}

    sniffed = looked(safetensors_file(header, b"aa-bbcc"))

    assert [segment.dtype for segment in sniffed.segments] == ["", "U8", "", "U8", ""]


def test_a_type_of_the_future_is_opaque_and_its_neighbour_is_not() -> None:
    header = {"a": entry("F3", [8], 0, 3), "b": entry("U8", [2], 3, 5)}

    sniffed = looked(safetensors_file(header, bytes(5)))

    assert [tensor.name for tensor in sniffed.tensors] == ["b"]
    assert [segment.dtype for segment in sniffed.segments] == ["", "U8"]


def test_an_index_of_shards_is_just_bytes() -> None:
    index = {"metadata": {"total_size": 8}, "weight_map": {"a": "model-00001-of-00002.safetensors"}}

    sniffed = looked(json.dumps(index).encode())

    assert (sniffed.format, sniffed.problem) == ("", "")


ONE = entry("U8", [4], 0, 4)
LIARS = {
    "overlap": ({"a": ONE, "b": entry("U8", [4], 3, 7)}, "overlap"),
    "same bytes": ({"a": ONE, "b": ONE}, "overlap"),
    "beyond the end": ({"a": entry("U8", [9], 0, 9)}, "beyond the end"),
    "ends before it begins": ({"a": entry("U8", [0], 4, 3)}, "before it begins"),
    "negative offset": ({"a": entry("U8", [4], -1, 3)}, "schema"),
    "negative dimension": ({"a": entry("U8", [-4], 0, 4)}, "schema"),
    "wrong size": ({"a": entry("U16", [4], 0, 4)}, "not that of its type and shape"),
    "enormous": ({"a": entry("U8", [2**62, 2**62], 0, 4)}, "larger than a file"),
    "an offset of 2**64": ({"a": entry("U8", [4], 0, 2**64)}, "schema"),
    "half a byte": ({"a": entry("F4", [7], 0, 4)}, "ends inside a block"),
    "too many dimensions": ({"a": entry("U8", [1] * 65, 0, 1)}, "schema"),
    "three offsets": ({"a": {**ONE, "data_offsets": [0, 4, 4]}}, "schema"),
    "a field too much": ({"a": {**ONE, "strides": [1]}}, "schema"),
    "a field too few": ({"a": {"dtype": "U8", "shape": [4]}}, "schema"),
    "a shape of text": ({"a": {**ONE, "shape": ["4"]}}, "schema"),
    "metadata of numbers": ({"__metadata__": {"step": 1}, "a": ONE}, "schema"),
    "a list": (b"{[]}", "schema"),
    "no text": (b'{"\xff":' + json.dumps(ONE).encode() + b"}", "schema"),
    "something behind": (json.dumps({"a": ONE}).encode() + b"\0\0", "schema"),
    "deep": (b'{"a":' + b"[" * 5000 + b"]" * 5000 + b"}", "schema"),
    "one tensor twice": (
        b'{"a":%s,"a":%s}' % ((json.dumps(ONE).encode(),) * 2),
        "comes twice",
    ),
    "one tensor twice, one escaped": (
        b'{"a":%s,"\\u0061" \n:%s}' % ((json.dumps(ONE).encode(),) * 2),
        "comes twice",
    ),
    "one field twice": (
        b'{"a":{"dtype":"I8","dtype":"U8","shape":[4],"data_offsets":[0,4]}}',
        "comes twice",
    ),
    "metadata twice": (b'{"__metadata__":{"x":"1"},"__metadata__":{"y":"2"}}', "comes twice"),
    "metadata's key twice": (b'{"__metadata__":{"x":"1","x":"2"}}', "comes twice"),
}


@pytest.mark.parametrize("name", LIARS)
def test_a_header_that_lies_makes_all_opaque(name: str) -> None:
    header, rule = LIARS[name]

    sniffed = looked(safetensors_file(header, bytes(8)))

    assert sniffed.format == ""
    assert rule in sniffed.problem


@given(st.text(max_size=20), st.text(max_size=20))
def test_names_that_look_like_keys_are_no_keys(name: str, value: str) -> None:
    header = {"__metadata__": {name: value, '":': '","dtype":'}, '","a":{"': ONE}

    sniffed = looked(safetensors_file(header, bytes(4)))

    assert sniffed.format == "safetensors"
    assert sniffed.metadata[name] == value


@pytest.mark.parametrize("length", [0, 1, 10**6, 2**63, 2**64 - 1])
def test_a_length_that_can_not_be_is_just_bytes(length: int) -> None:
    sniffed = looked(struct.pack("<Q", length) + b'{"a":1}')

    assert (sniffed.format, sniffed.problem) == ("", "")


def test_a_header_that_is_too_large_is_not_read() -> None:
    asked = []

    def read(start: int, length: int) -> bytes:
        asked.append(length)
        return (struct.pack("<Q", 17 << 20) + b"{}      ")[start : start + length]

    sniffed = sniff(read, 1 << 40)

    assert "16 MiB" in sniffed.problem
    assert sum(asked) < 100
