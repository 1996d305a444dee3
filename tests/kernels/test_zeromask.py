"""The zeromask kernel: round trips, the reference, its page, golden files, hostile streams."""

import random
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compressor.errors import DamagedError
from compressor.kernels import zeromask as kernel
from compressor.reference import zeromask as reference
from tests.vectors.make_zeromask import CASES, FOLDER

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/format/zeromask.md").read_text()
widths = st.sampled_from([1, 2, 4, 8])


def sparse(size: int, share: float, width: int, seed: int) -> bytes:
    """Return bytes of which that share of elements is zero, the others by chance in some bytes."""
    rng = random.Random(seed)
    parts = [
        bytes(width) if rng.random() < share else bytes(rng.choices([0, 1, 128], k=width))
        for _ in range(size // width + 1)
    ]
    return b"".join(parts)[:size]


@settings(max_examples=300, deadline=None)
@given(
    width=widths,
    bits=st.just(0) | st.integers(0, 64),
    size=st.integers(0, 70) | st.integers(0, 3_000),
    share=st.sampled_from([0, 0.1, 0.5, 0.9, 1]),
    seed=st.integers(0, 99),
)
def test_the_kernel_agrees_with_the_reference_both_ways(
    width: int, bits: int, size: int, share: float, seed: int
) -> None:
    plain = sparse(size, share, width, seed)
    streams = kernel.split(plain, width, bits)

    assert streams == reference.split(plain, width, bits)
    assert len(streams) == (3 if bits else 2)
    assert kernel.merge(streams, size, width, bits) == plain
    assert reference.merge(streams, size, width, bits) == plain


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_any_buffer_of_bytes_will_do(kind: type) -> None:
    plain = b"\0\0ab" * 30
    streams = kernel.split(kind(plain), 2)

    assert [len(stream) for stream in streams] == [8, 60]
    assert kernel.merge([kind(stream) for stream in streams], 120, 2) == plain


MASK, REST = kernel.split(b"ab\0\0cd\0\0\0\0e", 2)  # 5 elements, 2 of them kept, a tail
HOSTILE: list[tuple[int, list[bytes], int]] = [
    (1, [], 11),
    (1, [MASK], 11),
    (1, [MASK, REST, b""], 11),
    (2, [b"", REST], 11),
    (2, [MASK + b"\0", REST], 11),
    (2, [MASK, REST], 0),
    (2, [MASK, REST], 31),
    (2, [MASK, REST], 1 << 62),
    (3, [b"\x25", REST], 11),
    (3, [b"\x80", REST], 11),
    (4, [MASK, REST[:-1]], 11),
    (4, [MASK, REST + b"x"], 11),
    (4, [MASK, b""], 11),
    (4, [MASK, REST], 10),
    (4, [b"\x01", REST], 11),
    (4, [b"\x1f", REST], 11),
    (4, [b"", b"x"], 0),
]
CASTS = kernel.split(b"ab\0\0c\x80\0\1\0\0e", 2, 9)  # 5 elements, 2 of them kept, a tail
HOSTILE_CASTS: list[tuple[int, list[bytes], int]] = [
    (1, CASTS[:2], 11),
    (1, [*CASTS, b""], 11),
    (2, [b"", *CASTS[1:]], 11),
    (3, [b"\x25", *CASTS[1:]], 11),
    (4, [CASTS[0], CASTS[1] + b"x", CASTS[2]], 11),
    (4, [CASTS[0], CASTS[2], CASTS[1]], 11),
    (5, [*CASTS[:2], CASTS[2][:-1]], 11),
    (5, [*CASTS[:2], CASTS[2] + b"\0\0"], 11),
    (5, [*CASTS[:2], b""], 11),
    (5, [b"", b"", b"x"], 0),
    (5, CASTS, 13),
]


@pytest.mark.parametrize(("number", "streams", "plain_size"), HOSTILE)
def test_each_check_refuses_what_it_is_for(
    number: int, streams: list[bytes], plain_size: int
) -> None:
    with pytest.raises(DamagedError, match=f"ZM-{number:03}"):
        kernel.merge(streams, plain_size, 2)
    with pytest.raises(DamagedError, match=f"ZM-{number:03}"):
        reference.merge(streams, plain_size, 2)


@pytest.mark.parametrize(("number", "streams", "plain_size"), HOSTILE_CASTS)
def test_each_check_refuses_it_where_there_are_three_streams(
    number: int, streams: list[bytes], plain_size: int
) -> None:
    with pytest.raises(DamagedError, match=f"ZM-{number:03}"):
        kernel.merge(streams, plain_size, 2, 9)
    with pytest.raises(DamagedError, match=f"ZM-{number:03}"):
        reference.merge(streams, plain_size, 2, 9)


def test_zeros_that_were_kept_are_read_all_the_same() -> None:
    assert kernel.merge([b"\x03", bytes(4)], 4, 2) == reference.merge([b"\x03", bytes(4)], 4, 2)


@settings(max_examples=400, deadline=None)
@given(
    width=widths,
    bits=st.integers(0, 2),
    mask=st.binary(max_size=12),
    others=st.lists(st.binary(max_size=100), min_size=1, max_size=2),
    plain_size=st.integers(0, 200),
)
def test_any_streams_are_judged_as_the_reference_does(
    width: int, bits: int, mask: bytes, others: list[bytes], plain_size: int
) -> None:
    def outcome(module: object) -> bytes | str:
        try:
            return module.merge([mask, *others], plain_size, width, bits)  # type: ignore[attr-defined]
        except DamagedError as error:
            return re.findall(r"ZM-\d+", str(error))[0]

    assert outcome(kernel) == outcome(reference)


def test_every_numbered_check_has_a_message_and_an_input_that_trips_it() -> None:
    numbers = {int(number) for number in re.findall(r"^- ZM-(\d+):", PAGE, re.MULTILINE)}

    tripped = {number for number, _, _ in HOSTILE + HOSTILE_CASTS}
    assert numbers == tripped == set(kernel.MESSAGES)


@pytest.mark.parametrize("width", [0, 3, 16])
def test_widths_that_do_not_exist_are_refused(width: int) -> None:
    with pytest.raises(ValueError, match="no elements"):
        kernel.split(b"", width)
    with pytest.raises(ValueError, match="no elements"):
        kernel.merge([b"", b""], 0, width)
    with pytest.raises(ValueError, match="low bits"):
        kernel.split(b"", 8, 65)


@pytest.mark.parametrize(("bits", "part"), [(0, 1), (7, 2)])
def test_the_examples_of_the_page_hold(bits: int, part: int) -> None:
    section = PAGE.split("## Example", 1)[1]
    plain = bytes.fromhex(re.search(r"plain bytes, `([0-9a-f ]+)`", section)[1])
    table = section.split("| stream | bytes |")[part]
    rows = re.findall(r"^\| \d \| ([0-9a-f ]+) \|", table, re.MULTILINE)
    streams = [bytes.fromhex(row) for row in rows]

    assert kernel.split(plain, 2, bits) == streams
    assert kernel.merge(streams, len(plain), 2, bits) == plain


@pytest.mark.parametrize("name", CASES)
def test_golden_files_are_read_and_written_alike(name: str) -> None:
    width, bits, plain = CASES[name]
    golden = (FOLDER / f"{name}.streams").read_bytes()
    mask_size = -(-(len(plain) // width) // 8)
    streams = [golden[:mask_size], golden[mask_size:]]
    if bits:
        rest_size = int.from_bytes(streams[0], "little").bit_count() * width + len(plain) % width
        streams[1:] = [streams[1][:rest_size], streams[1][rest_size:]]

    assert kernel.split(plain, width, bits) == streams
    assert kernel.merge(streams, len(plain), width, bits) == plain


def test_every_golden_file_has_its_formula() -> None:
    assert {file.stem for file in FOLDER.iterdir()} == set(CASES)
