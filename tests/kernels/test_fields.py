"""The fields kernel: round trips, the reference, its page, golden files, wrong sizes."""

import random
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compressor.errors import DamagedError
from compressor.kernels import fields as kernel
from compressor.reference import fields as reference
from tests.vectors.make_fields import CASES, FOLDER

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/format/fields.md").read_text()
NOISE = random.Random(3).randbytes(10_000)
records = st.lists(
    st.sampled_from([1, 2, 4, 8, 16, 32]) | st.integers(1, 70), min_size=1, max_size=6
)


@settings(max_examples=300, deadline=None)
@given(sizes=records, plain_size=st.integers(0, 300) | st.integers(0, len(NOISE)))
def test_the_kernel_agrees_with_the_reference_both_ways(sizes: list[int], plain_size: int) -> None:
    plain = NOISE[:plain_size]
    streams = kernel.split(plain, sizes)

    assert streams == reference.split(plain, sizes)
    assert [len(stream) for stream in streams] == reference.stream_sizes(plain_size, sizes)
    assert kernel.merge(streams, plain_size, sizes) == plain
    assert reference.merge(streams, plain_size, sizes) == plain


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_any_buffer_of_bytes_will_do(kind: type) -> None:
    streams = kernel.split(kind(b"abc" * 30 + b"a"), [1, 2])

    assert streams == [b"a" * 31, b"bc" * 30]
    assert kernel.merge([kind(stream) for stream in streams], 91, (1, 2)) == b"abc" * 30 + b"a"


A, B = kernel.split(NOISE[:23], [2, 3])
HOSTILE: list[tuple[int, list[bytes], int]] = [
    (1, [], 23),
    (1, [A], 23),
    (1, [A, B, b""], 23),
    (2, [A[:-1], B], 23),
    (2, [A, B + b"x"], 23),
    (2, [A + B[:1], B[1:]], 23),
    (2, [A, B], 24),
    (2, [A, B], 22),
    (2, [A, B], 0),
    (2, [A, B], (1 << 64) - 1),
    (2, [b"", b"x"], 1),
]


@pytest.mark.parametrize(("number", "streams", "plain_size"), HOSTILE)
def test_each_check_refuses_what_it_is_for(
    number: int, streams: list[bytes], plain_size: int
) -> None:
    with pytest.raises(DamagedError, match=f"FI-{number:03}"):
        kernel.merge(streams, plain_size, [2, 3])
    with pytest.raises(DamagedError, match=f"FI-{number:03}"):
        reference.merge(streams, plain_size, [2, 3])


@settings(max_examples=300, deadline=None)
@given(
    sizes=records,
    streams=st.lists(st.binary(max_size=20), max_size=6),
    plain_size=st.integers(0, 120),
)
def test_any_streams_are_judged_as_the_reference_does(
    sizes: list[int], streams: list[bytes], plain_size: int
) -> None:
    def outcome(module: object) -> bytes | str:
        try:
            return module.merge(streams, plain_size, sizes)  # type: ignore[attr-defined]
        except DamagedError as error:
            return re.findall(r"FI-\d+", str(error))[0]

    assert outcome(kernel) == outcome(reference)


def test_every_numbered_check_has_a_message_and_an_input_that_trips_it() -> None:
    numbers = {int(number) for number in re.findall(r"^- FI-(\d+):", PAGE, re.MULTILINE)}

    assert numbers == {number for number, _, _ in HOSTILE} == set(kernel.MESSAGES)


@pytest.mark.parametrize("sizes", [[], [0], [2, 0], [4097], [-1], [1] * 7])
def test_records_that_do_not_exist_are_refused(sizes: list[int]) -> None:
    with pytest.raises(ValueError, match=r"no (records|fields) have"):
        kernel.split(b"", sizes)
    with pytest.raises(ValueError, match=r"no (records|fields) have"):
        kernel.merge([b""] * len(sizes), 0, sizes)


def test_the_example_of_the_page_holds() -> None:
    section = PAGE.split("## Example", 1)[1]
    plain = bytes.fromhex(re.search(r"plain bytes, `([0-9a-f ]+)`", section)[1])
    rows = re.findall(r"^\| \d \| ([0-9a-f ]+) \|", section, re.MULTILINE)
    streams = [bytes.fromhex(row) for row in rows]

    assert kernel.split(plain, [1, 3]) == streams
    assert kernel.merge(streams, len(plain), [1, 3]) == plain


@pytest.mark.parametrize("name", CASES)
def test_golden_files_are_read_and_written_alike(name: str) -> None:
    sizes, plain = CASES[name]
    golden = (FOLDER / f"{name}.streams").read_bytes()
    streams, at = [], 0
    for size in reference.stream_sizes(len(plain), sizes):
        streams.append(golden[at : at + size])
        at += size

    assert at == len(golden)
    assert kernel.split(plain, sizes) == streams
    assert kernel.merge(streams, len(plain), sizes) == plain


def test_every_golden_file_has_its_formula() -> None:
    assert {file.stem for file in FOLDER.iterdir()} == set(CASES)
