"""GGUF: types, alignment and keys as they are written; liars are opaque."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compressor.tensors import gguf
from compressor.tensors.dtypes import BLOCKS
from tests.tensors.files import gguf_file, info, looked, pair, text, typed

F32, Q8_0 = 0, 8
WORDS = pair("tokens", 9, struct.pack("<IQ", 8, 3) + text("a") + text("") + text("c" * 300_000))
PAIRS = [
    pair("general.name", 8, text("a model")),
    WORDS,
    pair("scores", 9, struct.pack("<IQf", 6, 1, 0.5)),
    pair("layers", 4, struct.pack("<I", 12)),
    pair("shift", 11, struct.pack("<q", -3)),
    pair("long", 8, text("x" * 70_000)),
]


@pytest.mark.parametrize("version", [2, 3])
def test_tensors_are_segments_and_single_values_metadata(version: int) -> None:
    infos = [info("norm", [3], F32, 0), info("weight", [64, 2], Q8_0, 32)]
    data = gguf_file(PAIRS, infos, bytes(32 + 4 * 34), version=version)

    sniffed = looked(data)

    base = len(data) - 32 - 4 * 34
    assert base % 32 == 0
    assert sniffed.format == "gguf"
    assert sniffed.metadata == {"general.name": "a model", "layers": "12", "shift": "-3"}
    assert typed(sniffed) == [
        (base, 12, "F32", (3,), "norm"),
        (base + 32, 136, "Q8_0", (2, 64), "weight"),
    ]


# Number: name, elements of a block, bytes of its fields; as ggml's own package for Python counts them.
# It gives Q8_1 two scales of four bytes; programs have two of two bytes, and write no such tensors.
GGML = {
    0: ("F32", 1, 4), 1: ("F16", 1, 2), 2: ("Q4_0", 32, 2 + 16), 3: ("Q4_1", 32, 2 + 2 + 16),
    6: ("Q5_0", 32, 2 + 4 + 16), 7: ("Q5_1", 32, 2 + 2 + 4 + 16), 8: ("Q8_0", 32, 2 + 32),
    9: ("Q8_1", 32, 4 + 4 + 32), 10: ("Q2_K", 256, 2 + 2 + 16 + 64),
    11: ("Q3_K", 256, 2 + 64 + 32 + 12), 12: ("Q4_K", 256, 2 + 2 + 128 + 12),
    13: ("Q5_K", 256, 2 + 2 + 128 + 32 + 12), 14: ("Q6_K", 256, 2 + 128 + 64 + 16),
    15: ("Q8_K", 256, 4 + 256 + 32), 16: ("IQ2_XXS", 256, 2 + 64), 17: ("IQ2_XS", 256, 2 + 64 + 8),
    18: ("IQ3_XXS", 256, 2 + 64 + 32), 19: ("IQ1_S", 256, 2 + 32 + 16), 20: ("IQ4_NL", 32, 2 + 16),
    21: ("IQ3_S", 256, 2 + 64 + 32 + 8 + 4), 22: ("IQ2_S", 256, 2 + 64 + 16),
    23: ("IQ4_XS", 256, 2 + 2 + 128 + 4), 24: ("I8", 1, 1), 25: ("I16", 1, 2), 26: ("I32", 1, 4),
    27: ("I64", 1, 8), 28: ("F64", 1, 8), 29: ("IQ1_M", 256, 32 + 16 + 8), 30: ("BF16", 1, 2),
    34: ("TQ1_0", 256, 2 + 4 * 13), 35: ("TQ2_0", 256, 2 + 64), 39: ("MXFP4", 32, 1 + 16),
    40: ("NVFP4", 64, 4 + 32), 41: ("Q1_0", 128, 2 + 16),
}  # fmt: skip


def test_types_are_those_of_ggml() -> None:
    ours = {number: (dtype, *BLOCKS[dtype]) for number, dtype in gguf._TYPES.items()}

    assert ours == GGML


@pytest.mark.parametrize("number", GGML)
def test_every_type_takes_its_block(number: int) -> None:
    dtype, elements, size = GGML[number]
    data = gguf_file([], [info("a", [2 * elements], number, 0)], bytes(2 * size))

    assert typed(looked(data))[0][1:3] == (2 * size, dtype)


@given(st.sampled_from([8, 16, 32, 64, 4096]), st.integers(0, 50))
def test_tensors_begin_at_the_alignment_that_is_told(alignment: int, name_size: int) -> None:
    pairs = [pair("general.alignment", 4, struct.pack("<I", alignment))]
    infos = [info("a" * name_size, [1], F32, 0), info("b", [0], F32, alignment)]
    data = gguf_file(pairs, infos, bytes(alignment), align=alignment)

    sniffed = looked(data)

    assert [tensor.start for tensor in sniffed.tensors] == [len(data) - alignment, len(data)]


def test_a_type_of_the_future_is_opaque_and_its_neighbour_is_not() -> None:
    infos = [info("a", [8], 99, 0), info("b", [8], F32, 32)]

    assert [segment[-1] for segment in typed(looked(gguf_file([], infos, bytes(64))))] == ["b"]


def test_a_tensor_without_elements_is_in_the_table_alone() -> None:
    sniffed = looked(gguf_file([], [info("a", [0, 7], F32, 0)], b""))

    assert [tensor.shape for tensor in sniffed.tensors] == [(7, 0)]
    assert typed(sniffed) == []


def alignment(value: int) -> list[bytes]:
    return [pair("general.alignment", 4, struct.pack("<I", value))]


def array(kind: int, count: int, data: bytes = b"") -> list[bytes]:
    return [pair("a", 9, struct.pack("<IQ", kind, count) + data)]


A, B = info("a", [1], F32, 0), info("b", [8], F32, 32)
LIARS = {
    "overlap": (gguf_file([], [info("a", [16], F32, 0), B], bytes(64)), "overlap"),
    "beyond the end": (gguf_file([], [info("a", [9], F32, 0)], bytes(32)), "beyond the end"),
    "nothing, far beyond": (gguf_file([], [info("a", [0], F32, 2**63)], b""), "beyond the end"),
    "far beyond": (gguf_file([], [info("a", [1], F32, 2**63)], bytes(32)), "beyond the end"),
    "not aligned": (gguf_file([], [info("a", [1], F32, 8)], bytes(32)), "aligned"),
    "enormous": (gguf_file([], [info("a", [2**63, 2**63], F32, 0)], b""), "larger than a file"),
    "half a block": (gguf_file([], [info("a", [16, 2], Q8_0, 0)], bytes(34)), "row ends inside"),
    "nine dimensions": (gguf_file([], [info("a", [1] * 9, F32, 0)], bytes(4)), "dimensions"),
    "one name twice": (gguf_file([], [A, A], bytes(64)), "one name"),
    "one key twice": (gguf_file([PAIRS[0], PAIRS[0]], [], b""), "key comes twice"),
    "a name that is no text": (
        gguf_file([], [info("a", [1], F32, 0).replace(b"a", b"\xff")], bytes(4)), "no text",
    ),
    "a name that is too long": (gguf_file([], [info("a" * 5000, [1], F32, 0)], bytes(4)), "too long"),
    "alignment 0": (gguf_file(alignment(0), [], b""), "alignment"),
    "alignment 12": (gguf_file(alignment(12), [], b""), "alignment"),
    "alignment of text": (gguf_file([pair("general.alignment", 8, text("-8"))], [], b""), "alignment"),
    "a value of type 13": (gguf_file([pair("a", 13, b"")], [], b""), "unknown type"),
    "an array of arrays": (gguf_file(array(9, 1), [], b""), "array is of arrays"),
    "an array beyond the end": (gguf_file(array(10, 2**61), [], b""), "beyond the end"),
    "texts beyond the end": (gguf_file(array(8, 2**61), [], b""), "beyond the end"),
    "a text beyond the end": (gguf_file([pair("a", 8, b"\xff" * 8)], [], b""), "beyond the end"),
    "version 1": (gguf_file([], [], b"", version=1), "version"),
    "most significant byte first": (gguf_file([], [], b"", version=3 << 24), "byte order"),
    "many tensors": (b"GGUF" + struct.pack("<IQQ", 3, 1 << 60, 0), "too many"),
    "many keys": (b"GGUF" + struct.pack("<IQQ", 3, 0, 1 << 60), "too many"),
    "cut": (gguf_file(PAIRS, [], b"")[:100], "beyond the end"),
}  # fmt: skip


@pytest.mark.parametrize("name", LIARS)
def test_a_head_that_lies_makes_all_opaque(name: str) -> None:
    data, rule = LIARS[name]

    sniffed = looked(data)

    assert sniffed.format == ""
    assert rule in sniffed.problem


def test_a_vocabulary_without_end_is_not_read_to_its_end() -> None:
    data = gguf_file(array(8, 1 << 60, bytes(40 << 20)), [], b"")

    assert "beyond the end" in looked(data).problem  # of the 32 MiB that are looked at
