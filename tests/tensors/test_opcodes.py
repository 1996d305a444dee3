"""A pickle is walked, not run: every opcode moves what it should, and no pickle takes more than its share."""

import io
import pickletools
import struct
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compressor.errors import DamagedError
from compressor.tensors import opcodes
from compressor.tensors.naming import named
from compressor.tensors.objects import UNKNOWN, Global, Node
from compressor.tensors.opcodes import walk
from tests.tensors.checkpoints import number, storage, string, tensor

VALUES = st.recursive(
    st.none() | st.integers(-(2**100), 2**100) | st.text(max_size=30),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=5).map(tuple)
        | st.dictionaries(st.text(max_size=5) | st.integers(), inner, max_size=4)
    ),
    max_leaves=20,
)


def plain(value: object, like: object) -> object:
    """Return what a walk gave, with nodes as the lists or dicts that they stand for."""
    if isinstance(like, tuple) and isinstance(value, tuple):
        return tuple(plain(item, other) for item, other in zip(value, like, strict=True))
    if isinstance(like, list) and isinstance(value, Node):
        return [plain(item, other) for (_, item), other in zip(value.items, like, strict=True)]
    if isinstance(like, dict) and isinstance(value, Node):
        return {key: plain(item, like[key]) for key, item in value.items}
    return value


@given(VALUES, st.sampled_from([2, 3, 4, 5]))
def test_plain_values_are_read_as_they_were_written(value: object, protocol: int) -> None:
    from pickle import dumps  # noqa: TID251  (written only, never read)

    assert plain(walk(dumps(value, protocol)), value) == value


@given(st.binary(max_size=60))
def test_any_bytes_end_in_a_value_or_our_error(data: bytes) -> None:
    with suppress(DamagedError):
        named(walk(data))


OPCODES = st.sampled_from([bytes([opcode]) for opcode in sorted(opcodes._STEPS)])
PARTS = OPCODES | st.sampled_from(
    [string("a"), number(1), storage("0", 1), tensor(storage("0", 1), [1])]
)


@given(st.lists(PARTS | st.binary(max_size=3), max_size=40))
def test_any_opcodes_end_in_a_value_or_our_error(parts: list[bytes]) -> None:
    with suppress(DamagedError):
        named(walk(b"\x80\x02" + b"".join(parts) + b"."))


def test_every_binary_opcode_is_known_or_left_out_on_purpose() -> None:
    known = {chr(opcode) for opcode in opcodes._STEPS} | {"."}
    unknown = {op.name for op in pickletools.opcodes if op.code not in known}

    assert unknown == {
        *("INT", "LONG", "FLOAT", "STRING", "UNICODE", "PERSID", "GET", "PUT"),  # text
        *("INST", "OBJ"),  # classes of Python 2
        *("EXT1", "EXT2", "EXT4"),  # a registry of the process
        *("NEXT_BUFFER", "READONLY_BUFFER"),  # bytes outside the pickle
    }


KNOWN = [op.name for op in pickletools.opcodes if ord(op.code) in opcodes._STEPS]


@pytest.mark.parametrize("name", KNOWN)
def test_an_opcode_takes_the_bytes_that_the_standard_library_says(name: str) -> None:
    op = next(op for op in pickletools.opcodes if op.name == name)
    argument = b"\x02\x00\x00\x00\x00\x00\x00\x00" + b"a\n" * 8
    before = b"\x80\x02N" + b"q\x02" + b"(NN(]NNN))"
    before += b"\x8c\x01a\x8c\x01b" if name == "STACK_GLOBAL" else b""

    machine = opcodes._Machine(before + op.code.encode("latin-1") + argument)
    while machine.at < len(before):
        opcodes._STEPS[machine.byte()](machine)
    assert machine.byte() == ord(op.code)
    opcodes._STEPS[ord(op.code)](machine)

    expected = io.BytesIO(argument)
    if op.arg is not None:
        op.arg.reader(expected)
    assert machine.at == len(before) + 1 + expected.tell()


BOMBS = {
    "a dict built onto itself": b"}q\x00" + b"h\x00b" * 100_000,
    "one long tuple as arguments of many calls": b"("
    + b"N" * 50_000
    + b"tq\x00"
    + b"h\x00h\x00R0" * 50_000,
    "a tuple of itself twice, 60,000 deep": b")q\x00" + b"h\x00h\x00\x86q\x00" * 60_000,
    "lists in lists": b"]" * 200_000 + b"a" * 199_999,
    "tuples in tuples": b")" + b"\x85" * 200_000,
}


@pytest.mark.parametrize("name", BOMBS)
@pytest.mark.timeout(60)
def test_what_grows_in_a_real_machine_does_not_grow_here(name: str) -> None:
    assert named(walk(b"\x80\x02" + BOMBS[name] + b".")) == []


LIARS = {
    "too many opcodes": (b"N0" * (1 << 20), "too many opcodes"),
    "too many objects": (b"]0" * ((1 << 18) + 1), "too many objects"),
    "too much remembered": (b"N" + b"\x94" * ((1 << 20) + 1), "remembers too much"),
    "nothing": (b"", "ends too early"),
    "an empty stack": (b".", "more than there is"),
    "taken across a mark": (b"N(0", "more than there is"),
    "no mark": (b"t", "more than there is"),
    "never remembered": (b"h\x05", "never had"),
    "a key without a value": (b"}(Nu", "without a value"),
    "a text beyond the end": (b"X\xff\xff\xff\xff", "ends too early"),
    "a name beyond the end": (b"cos", "no end"),
    "a name that is none": (b"NN\x93", "without a name"),
    "an opcode that is not known": (b"I1\n", "not known"),
}


@pytest.mark.parametrize("name", LIARS)
def test_a_pickle_that_breaks_a_rule_is_refused(name: str) -> None:
    data, rule = LIARS[name]

    with pytest.raises(DamagedError, match=rule):
        walk(data)


def test_too_many_tensors_are_refused() -> None:
    once = tensor(storage("0", 1), [1]) + b"q\x01"

    with pytest.raises(DamagedError, match="too many tensors"):
        named(walk(b"](" + once + b"h\x01" * (1 << 18) + b"e."))


def test_names_that_are_too_long_together_are_refused() -> None:
    once = tensor(storage("0", 1), [1]) + b"q\x01"

    with pytest.raises(DamagedError, match="names are too long"):
        named(walk(b"}(" + string("a" * 1000) + b"](" + once + b"h\x01" * 20_000 + b"eu."))


def test_what_is_long_or_not_whole_is_unknown() -> None:
    assert walk(b"G" + struct.pack(">d", 1.5) + b".") is UNKNOWN
    assert walk(string("a" * 2000) + b".") is UNKNOWN
    assert walk(b"\x8c\x02os\x8c\x06system\x93.") == Global("os.system")
