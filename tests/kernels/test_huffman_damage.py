"""Packed bytes that break the format of docs/format/huffman.md, built field by field."""

import os
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compressor.errors import DamagedError
from compressor.kernels import huffman as kernel
from compressor.reference import huffman as reference
from tests.kernels.test_huffman import PATHS, each_path
from tests.vectors.make_huffman import CASES

SPECIFICATION = (Path(__file__).parents[2] / "docs/format/huffman.md").read_text()
RAW, CONSTANT, RUNS, HUFFMAN = range(4)

ABCD = bytes.fromhex("61 2133")  # lengths 1, 2, 3, 3 of a, b, c, d
EVEN4 = bytes.fromhex("00 2222")
EVEN8 = bytes.fromhex("00 33333333")
EVEN16 = bytes.fromhex("00") + b"\x44" * 8
QUAD = bytes.fromhex("00 2223 03")  # lengths 2, 2, 2, 3, 3


def chunk(mode: int, body: bytes) -> bytes:
    return (mode | len(body) << 2).to_bytes(3, "little") + body


def block(*chunks: bytes, chunk_log: int = 10) -> bytes:
    return bytes([chunk_log]) + b"".join(chunks)


def huffman(body: str | bytes) -> bytes:
    return block(chunk(HUFFMAN, bytes.fromhex(body) if isinstance(body, str) else body))


def runs(gap_count: int, gaps: bytes, exceptions: bytes, rest: bytes = b"") -> bytes:
    return block(chunk(RUNS, b"\0" + gap_count.to_bytes(3, "little") + gaps + exceptions + rest))


DAMAGED: list[tuple[int, bytes, int]] = [
    (1, b"", 0),
    (2, block(chunk_log=9), 0),
    (2, block(chunk_log=19), 0),
    (3, block(chunk(CONSTANT, b"x")), 1025),
    (3, block(), 1 << 60),
    (4, block(chunk(RAW, bytes(1024)), b"\0\0"), 1025),
    (4, block(chunk(RUNS, bytes(4) + b"\0\0")), 9),
    (5, block(b"\x04\0\x20x"), 1),
    (6, block(chunk(RAW, b"xy")), 1),
    (6, runs(0, chunk(CONSTANT, b"x"), chunk(RAW, b"")), 64),
    (7, block(b"\x14\0\0xxxx"), 9),
    (7, runs(9, b"\x24\0\0\1\1", b""), 64),
    (8, block(chunk(RAW, b"x"), b"y"), 1),
    (8, block(b"y"), 0),
    (9, block(chunk(RAW, b"xy")), 3),
    (10, block(chunk(CONSTANT, b""), b"pad"), 3),
    (10, block(chunk(CONSTANT, b"xy")), 3),
    (11, block(chunk(HUFFMAN, b""), b"pad"), 64),
    (11, huffman("61"), 64),
    (11, huffman("61 21"), 64),
    (11, huffman("61 02"), 64),
    (12, huffman("ff 11"), 64),
    (12, huffman("ff 00"), 64),
    (12, huffman("f0 f0 11"), 64),
    (13, huffman("61 22 12"), 64),
    (14, huffman("61 21 f2"), 64),
    (15, huffman(ABCD), 64),
    (15, huffman(ABCD + b"\xff" * 8), 64),
    (15, huffman(EVEN4 + bytes(15)), 64),
    (15, huffman(EVEN8 + bytes(23)), 64),
    (15, huffman(EVEN16 + bytes(31)), 64),
    (15, huffman(QUAD + bytes(15)), 64),
    (16, huffman("00 11" + "00" * 8 + "02"), 65),
    (16, huffman(EVEN4 + bytes(16) + b"\x04"), 65),
    (16, huffman(EVEN8 + bytes(16) + b"\x04" + bytes(9)), 65),
    (16, huffman(EVEN8 + bytes(25) + b"\x02"), 65),
    (16, huffman(EVEN16 + bytes(32) + b"\x10"), 65),
    (16, huffman(QUAD + bytes(8) + b"\x02" + bytes(9)), 65),
    (16, huffman(QUAD + bytes(17) + b"\x02"), 65),
    (17, huffman("00 11" + "00" * 9), 64),
    (17, huffman(QUAD + bytes(17)), 64),
    (18, block(chunk(RUNS, b"\0\1\0")), 64),
    (19, runs(65, chunk(RAW, bytes(50)), b""), 64),
    (20, runs(9, chunk(RUNS, bytes(8)), b""), 64),
    (20, runs(1, chunk(RAW, b"\0"), chunk(RUNS, b"")), 64),
    (21, runs(1, chunk(RAW, b"\x40"), chunk(RAW, b"\1")), 64),
    (21, runs(1, chunk(RAW, b"\xff"), chunk(RAW, b"")), 64),
    (21, runs(2, chunk(RAW, b"\x3f\x00"), chunk(RAW, b"\1\1")), 64),
    (22, runs(1, chunk(RAW, b"\0"), chunk(RAW, b"\1"), b"\0"), 64),
]


@pytest.mark.parametrize(("number", "packed", "plain_size"), DAMAGED)
def test_each_check_refuses_what_it_is_for(number: int, packed: bytes, plain_size: int) -> None:
    for name in PATHS:
        os.environ["COMPRESSOR_KERNEL"] = name
        try:
            with pytest.raises(DamagedError, match=f"H-{number:03}"):
                kernel.decode(packed, plain_size)
        finally:
            del os.environ["COMPRESSOR_KERNEL"]
    with pytest.raises(DamagedError, match=f"H-{number:03}"):
        reference.decode(packed, min(plain_size, 1 << 20))


def test_every_numbered_check_has_a_message_and_an_input_that_trips_it() -> None:
    numbers = {int(number) for number in re.findall(r"^- H-(\d+):", SPECIFICATION, re.MULTILINE)}

    assert numbers == {number for number, _, _ in DAMAGED} == set(kernel.MESSAGES)


ACCEPTED = [
    (block(), b""),
    (block(chunk(RAW, b"xyz"), chunk_log=18), b"xyz"),
    (block(chunk(CONSTANT, b"x")), b"x" * 1024),
    (huffman("00 11" + "00" * 8 + "01"), bytes(64) + b"\1"),
    (huffman(EVEN4 + b"\xe4" * 16), bytes(range(4)) * 16),
    (runs(0, chunk(RAW, b""), chunk(RAW, b"")), bytes(64)),
    (runs(1, chunk(RAW, b"\x3f"), chunk(RAW, b"\1")), bytes(63) + b"\1"),
    (runs(1, chunk(RAW, b"\xf0"), chunk(RAW, b"")), bytes(240)),
]


@pytest.mark.parametrize(("packed", "plain"), ACCEPTED)
def test_what_no_encoder_writes_is_read_all_the_same(packed: bytes, plain: bytes) -> None:
    assert each_path(lambda: kernel.decode(packed, len(plain))) == [plain] * len(PATHS)
    assert reference.decode(packed, len(plain)) == plain


def outcome(decode: object, packed: bytes, plain_size: int) -> bytes | str:
    """Return the plain bytes, or the number of the check that failed."""
    try:
        return decode(packed, plain_size)  # type: ignore[operator, no-any-return]
    except DamagedError as error:
        return re.findall(r"H-\d+", str(error))[0]  # type: ignore[no-any-return]


SOURCES = {
    name: (kernel.encode(plain()[:2_000]), min(len(plain()), 2_000))
    for name, plain in CASES.items()
}


@settings(max_examples=400, deadline=None)
@given(
    name=st.sampled_from(sorted(SOURCES)),
    flips=st.lists(st.tuples(st.integers(0), st.integers(0, 7)), max_size=3),
    cut=st.just(0) | st.integers(0, 100),
    lie=st.just(0) | st.integers(-70, 70),
)
def test_changed_bytes_fail_the_same_check_or_give_the_same_bytes_everywhere(
    name: str, flips: list[tuple[int, int]], cut: int, lie: int
) -> None:
    packed, plain_size = bytearray(SOURCES[name][0]), max(SOURCES[name][1] + lie, 0)
    for place, bit in flips:
        packed[place % len(packed)] ^= 1 << bit
    damaged = bytes(packed[: max(len(packed) - cut, 0)])

    expected = outcome(reference.decode, damaged, plain_size)
    results = each_path(lambda: outcome(kernel.decode, damaged, plain_size))
    assert results == [expected] * len(PATHS)


@settings(max_examples=300, deadline=None)
@given(packed=st.binary(max_size=60), plain_size=st.integers(0, 3_000))
def test_random_bytes_behind_a_head_are_judged_alike(packed: bytes, plain_size: int) -> None:
    damaged = block(chunk(HUFFMAN, packed), chunk_log=12)
    expected = outcome(reference.decode, damaged, plain_size)

    assert each_path(lambda: outcome(kernel.decode, damaged, plain_size)) == [expected] * len(PATHS)


def test_a_lie_about_the_size_takes_no_memory() -> None:
    with pytest.raises(DamagedError, match="H-003"):
        kernel.decode(block(chunk(CONSTANT, b"x"), chunk_log=18), 1 << 62)
