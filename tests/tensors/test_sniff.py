"""Whatever the bytes, a look gives segments that tile them, and takes no more than its share."""

import struct
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compressor.errors import DamagedError
from compressor.tensors.dtypes import size_of
from compressor.tensors.sniff import sniff
from compressor.tensors.view import MAX_READ, View
from tests.tensors.checkpoints import START, checkpoint, mapping, storage, string, tensor
from tests.tensors.files import (
    check,
    entry,
    gguf_file,
    info,
    looked,
    npy_file,
    pair,
    safetensors_file,
    zipped,
)
from tests.tensors.samples import SIX, SOUND

EDITS = st.lists(
    st.tuples(st.integers(0, 4000), st.binary(max_size=4), st.integers(0, 4)), max_size=4
)


@pytest.mark.parametrize("name", SOUND)
def test_a_format_is_known_by_its_content(name: str) -> None:
    assert looked(SOUND[name]).format == name


@given(st.binary(max_size=300))
def test_any_bytes_are_tiled(data: bytes) -> None:
    looked(data)


@given(
    st.sampled_from([b"\x93NUMPY\x01\x00", b"GGUF\x03\x00\x00\x00", b"PK\x03\x04"]),
    st.binary(max_size=99),
)
def test_any_bytes_behind_a_magic_are_tiled(magic: bytes, data: bytes) -> None:
    looked(magic + data)


@settings(max_examples=400)
@given(st.sampled_from(sorted(SOUND)), EDITS, st.integers(0, 300))
def test_any_damage_leaves_segments_that_tile(
    name: str, edits: list[tuple[int, bytes, int]], cut: int
) -> None:
    data = bytearray(SOUND[name])
    for place, new, dropped in edits:
        at = place % len(data)
        data[at : at + dropped] = new
    looked(bytes(data[: len(data) - cut if cut < 9 else len(data)]))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["dtype", "shape", "data_offsets", "__metadata__", "a"]), inner
        )
    ),
    max_leaves=12,
)
ENTRY = st.builds(
    entry,
    st.sampled_from(["F32", "U8", "F4", "X"]),
    st.lists(st.integers(-1, 5), max_size=3),
    st.integers(-1, 20),
    st.integers(-1, 20),
)


@given(st.dictionaries(st.text(max_size=3), ENTRY | JSON, max_size=4), st.binary(max_size=20))
def test_any_header_of_safetensors_is_tiled(header: dict[str, object], data: bytes) -> None:
    looked(safetensors_file(header, data))


SMALL = st.integers(0, 5) | st.sampled_from([2**31, 2**63, 2**64 - 1])
SHAPES = st.lists(SMALL, max_size=5)
INFOS = st.builds(info, st.text(max_size=3), SHAPES, st.integers(0, 50), SMALL)
PAIRS = st.builds(pair, st.text(max_size=3), st.integers(0, 14), st.binary(max_size=12))


@given(st.lists(INFOS, max_size=3), st.lists(PAIRS, max_size=3), st.binary(max_size=99))
def test_any_head_of_gguf_is_tiled(infos: list[bytes], pairs: list[bytes], data: bytes) -> None:
    looked(gguf_file(pairs, infos, data))


NUMBERS = st.lists(st.integers(-1, 7) | st.just(2**62), max_size=3)


@given(
    NUMBERS, NUMBERS, st.integers(0, 9), st.integers(0, 9), st.sampled_from(["Float", "Half", "X"])
)
def test_any_tensor_of_a_checkpoint_is_tiled(
    shape: list[int], strides: list[int], offset: int, count: int, kind: str
) -> None:
    of = storage("0", count, f"torch.{kind}Storage")
    made = tensor(of, shape, offset=offset, strides=strides)

    looked(
        checkpoint(
            mapping({"a": made, "b": tensor(storage("1", 3), [3])}), {"0": SIX, "1": SIX[:12]}
        )
    )


@pytest.mark.parametrize("name", SOUND)
def test_a_file_that_shrinks_while_it_is_looked_at_is_opaque(name: str) -> None:
    data = SOUND[name]
    for length in range(len(data)):

        def read(start: int, size: int, end: int = length) -> bytes:
            return data[start : min(start + size, end)]

        sniffed = sniff(read, len(data))

        check(sniffed, len(data))
        if length < 8:
            assert "shorter than it was" in sniffed.problem


def test_reads_are_bounded_together() -> None:
    view = View(lambda start, length: bytes(length), 1 << 40)
    view.bytes(0, MAX_READ)

    with pytest.raises(DamagedError, match="too much to look at"):
        view.bytes(0, 1)


def test_a_size_is_not_counted_over_too_many_dimensions() -> None:
    with pytest.raises(DamagedError, match="too many dimensions"):
        size_of("F32", (1,) * 65)


def test_what_fails_to_read_is_told() -> None:
    def read(start: int, length: int) -> bytes:
        raise OSError(5, "a broken disk")

    with pytest.raises(OSError, match="a broken disk"):
        sniff(read, 100)


def test_of_a_large_file_little_is_read(tmp_path: Path) -> None:
    header = {"a": entry("F32", [1 << 38], 0, 1 << 40)}
    start = safetensors_file(header)
    asked = 0

    def read(at: int, length: int) -> bytes:
        nonlocal asked
        asked += length
        return start[at : at + length]

    sniffed = sniff(read, len(start) + (1 << 40))

    assert [segment.size for segment in sniffed.segments] == [len(start), 1 << 40]
    assert asked == 16 + len(start)


WORST = {
    "keys without tensors": safetensors_file(b"{" + b'"":{},' * (1 << 20) + b'"a":{}}'),
    "strings without end": safetensors_file(b"{" + b'"\\' * (1 << 22) + b"}"),
    "blanks": safetensors_file(b'{"a"' + b" " * (8 << 20) + b":1}"),
    "blanks behind strings": safetensors_file(b'{"__metadata__":{"a":"b"' + b' ' * (8 << 20) + b"}}"),
    "an array's header of blanks": npy_file("{'descr'" + " " * 60000 + "}"),
    "an array's header of quotes": npy_file("{" + "'" * 60000 + "}"),
    "an array's header of brackets": npy_file("{'descr':" + "[" * 60000 + "}"),
    "texts of a vocabulary": gguf_file([pair("a", 9, struct.pack("<IQ", 8, 1 << 40))], [], bytes(8 << 20)),
    "opcodes": zipped({"a/data.pkl": START + b"N" * (1 << 21) + b"."}),
    "ends of a zip": b"PK\x03\x04" + b"PK\x05\x06" * 20000,
    "long names": zipped({"a/data.pkl": START + b"}(" + string("k" * 1000) + b"](" + b")" * 10**6 + b"eu."}),
}  # fmt: skip


@pytest.mark.parametrize("name", WORST)
def test_the_worst_takes_seconds(name: str) -> None:
    began = time.process_time()

    sniffed = looked(WORST[name])

    assert time.process_time() - began < 20
    assert not any(segment.dtype for segment in sniffed.segments)
