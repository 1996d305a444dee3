"""The floatsplit kernel: round trips, the reference, its page, golden files, wrong sizes."""

import ctypes
import mmap
import random
import re
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compressor.errors import DamagedError, UsageError
from compressor.kernels import floatsplit as kernel
from compressor.reference import floatsplit as reference
from compressor.stages.filters.floatsplit import LAYOUTS
from tests.vectors.make_floatsplit import CASES, FOLDER

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/format/floatsplit.md").read_text()
TURN = 32  # words that the widest path takes at once


def has(name: str) -> bool:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COMPRESSOR_KERNEL", name)
        try:
            return kernel.kernel_name() == name
        except UsageError:
            return False


PATHS = [name for name in ("portable", "ssse3", "avx2") if has(name)]


@pytest.fixture(params=PATHS)
def path(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("COMPRESSOR_KERNEL", request.param)
    return str(request.param)


def by_each_path(work: Callable[[], object]) -> list[object]:
    """Call ``work`` with each path; the fixtures of pytest and hypothesis do not mix."""
    results = []
    for name in PATHS:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("COMPRESSOR_KERNEL", name)
            results.append(work())
    return results


def words_of(dtype: str, mantissa_bits: int) -> tuple[int, int, int]:
    width, rotation, offset = LAYOUTS[dtype]
    return width, rotation + mantissa_bits, offset


dtypes = st.sampled_from(sorted(LAYOUTS))
sizes = st.integers(0, 20) | st.integers(0, 2_500)


# The reference


@settings(max_examples=300, deadline=None)
@given(dtype=dtypes, mantissa_bits=st.integers(0, 2), size=sizes, seed=st.integers(0, 99))
def test_every_path_agrees_with_the_reference_both_ways(
    dtype: str, mantissa_bits: int, size: int, seed: int
) -> None:
    plain = random.Random(seed).randbytes(size)
    expected = reference.split(plain, dtype, mantissa_bits)
    words = words_of(dtype, mantissa_bits)

    assert by_each_path(lambda: kernel.split(plain, words)) == [expected] * len(PATHS)
    assert by_each_path(lambda: kernel.merge(expected, size, words)) == [plain] * len(PATHS)
    assert reference.merge(expected, size, dtype, mantissa_bits) == plain


def rotated(word: int, bits: int, width: int) -> int:
    """Rotate bit by bit, from the page's words alone."""
    for _ in range(bits):
        word = word * 2 % (1 << 8 * width) + word // (1 << 8 * width - 1)
    return word


@pytest.mark.parametrize("width", [1, 2, 4, 8])
def test_every_rotation_of_every_width_does_what_it_says(width: int, path: str) -> None:
    count = 2 * TURN + 1
    plain = random.Random(width).randbytes(count * width)
    words = [int.from_bytes(plain[at : at + width], "little") for at in range(0, len(plain), width)]
    for bits in range(1, 8 * width):
        streams = kernel.split(plain, (width, bits, 3 << 60 | 5))

        assert [int.from_bytes(bytes(b), "big") for b in zip(*streams, strict=True)] == [
            rotated((word - (3 << 60) - 5) % (1 << 8 * width), bits, width) for word in words
        ]
        assert kernel.merge(streams, len(plain), (width, bits, 3 << 60 | 5)) == plain


@pytest.mark.parametrize("width", [1, 2, 4, 8])
def test_sizes_around_every_turn_come_back(width: int, path: str) -> None:
    plain = random.Random(3).randbytes(3 * TURN * width)
    for size in range(len(plain) + 1):
        streams = kernel.split(plain[:size], (width, 1, 0))

        assert [len(s) for s in streams] == [
            reference.stream_size(size, width, k) for k in range(width)
        ]
        assert sum(map(len, streams)) == size
        assert kernel.merge(streams, size, (width, 1, 0)) == plain[:size]


@pytest.mark.parametrize("dtype", ["bf16", "fp16"])
@pytest.mark.parametrize("mantissa_bits", range(3))
def test_every_number_of_16_bits_comes_back(dtype: str, mantissa_bits: int, path: str) -> None:
    plain = b"".join(word.to_bytes(2, "little") for word in range(1 << 16))
    words = words_of(dtype, mantissa_bits)

    assert kernel.merge(kernel.split(plain, words), len(plain), words) == plain


@pytest.mark.parametrize("dtype", ["fp8_e4m3", "fp8_e5m2"])
@pytest.mark.parametrize("mantissa_bits", range(3))
def test_every_number_of_8_bits_comes_back(dtype: str, mantissa_bits: int, path: str) -> None:
    plain = bytes(range(256))
    words = words_of(dtype, mantissa_bits)

    assert kernel.merge(kernel.split(plain, words), len(plain), words) == plain


def test_an_exponent_of_8_bits_has_a_stream_of_its_own(path: str) -> None:
    numbers = [sign << 31 | 77 << 23 | m for sign in (0, 1) for m in (0, 1, 0x7FFFFF)]
    plain = b"".join(number.to_bytes(4, "little") for number in numbers)

    assert set(kernel.split(plain, words_of("fp32", 0))[0]) == {77}


# Buffers


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_any_buffer_of_bytes_will_do(kind: type) -> None:
    streams = kernel.split(kind(b"abcdefg" * 40), (4, 1, 0))

    assert kernel.merge([kind(stream) for stream in streams], 280, (4, 1, 0)) == b"abcdefg" * 40


def guarded(size: int) -> tuple[memoryview, mmap.mmap]:
    """Return ``size`` bytes behind which no byte may be touched."""
    page = mmap.PAGESIZE
    room = -(-size // page) * page
    area = mmap.mmap(-1, room + page)
    start = ctypes.addressof(ctypes.c_char.from_buffer(area))
    protect = ctypes.CDLL(None, use_errno=True).mprotect
    assert protect(ctypes.c_void_p(start + room), ctypes.c_size_t(page), 0) == 0
    return memoryview(area)[room - size : room], area


@pytest.mark.skipif(sys.platform != "linux", reason="needs mprotect")
@pytest.mark.parametrize("width", [1, 2, 4, 8])
@pytest.mark.parametrize("count", [0, 1, 15, 16, 17, 31, 32, 33, 63, 64, 65])
def test_no_byte_behind_the_inputs_is_read(width: int, count: int, path: str) -> None:
    content = random.Random(count).randbytes(count * width + width - 1)
    plain, area = guarded(len(content))
    plain[:] = content
    streams = kernel.split(plain, (width, 1, 0))
    held = [guarded(len(stream)) for stream in streams]
    for (view, _), stream in zip(held, streams, strict=True):
        view[:] = stream

    assert kernel.merge([view for view, _ in held], len(content), (width, 1, 0)) == content
    del area


def test_threads_split_and_merge_at_once() -> None:
    inputs = [random.Random(n).randbytes(100_000 + n) for n in range(8)]

    def there_and_back(plain: bytes) -> bytes:
        return kernel.merge(kernel.split(plain, (4, 1, 0)), len(plain), (4, 1, 0))

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(there_and_back, inputs)) == inputs


# What is wrong


GOOD = kernel.split(bytes(range(31)), (4, 1, 0))  # sizes 8, 8, 8, 7
HOSTILE: list[tuple[int, list[bytes], int]] = [
    (1, [], 31),
    (1, GOOD[:3], 31),
    (1, [*GOOD, b""], 31),
    (2, [GOOD[0][:-1], *GOOD[1:]], 31),
    (2, [GOOD[0] + b"x", *GOOD[1:]], 31),
    (2, [*GOOD[:3], GOOD[3] + b"x"], 31),
    (2, [*GOOD[:3], GOOD[3][:-1]], 31),
    (2, [*GOOD[:3], b""], 31),
    (2, [GOOD[3], *GOOD[1:3], GOOD[0]], 31),
    (2, GOOD, 30),
    (2, GOOD, 32),
    (2, GOOD, 0),
    (2, GOOD, 1 << 62),
    (2, [b""] * 4, 1),
    (2, [b"x", b"", b"", b""], 0),
]


@pytest.mark.parametrize(("number", "streams", "plain_size"), HOSTILE)
def test_each_check_refuses_what_it_is_for(
    number: int, streams: list[bytes], plain_size: int, path: str
) -> None:
    with pytest.raises(DamagedError, match=f"FS-{number:03}"):
        kernel.merge(streams, plain_size, (4, 1, 0))
    with pytest.raises(DamagedError, match=f"FS-{number:03}"):
        reference.merge(streams, plain_size, "fp32")


@settings(max_examples=300, deadline=None)
@given(
    dtype=dtypes,
    streams=st.lists(st.binary(max_size=70), max_size=9),
    plain_size=st.integers(0, 300) | st.just(1 << 62),
)
def test_any_streams_are_judged_as_the_reference_does(
    dtype: str, streams: list[bytes], plain_size: int
) -> None:
    def outcome(work: Callable[[], bytes]) -> bytes | str:
        try:
            return work()
        except DamagedError as error:
            return re.findall(r"FS-\d+", str(error))[0]

    expected = outcome(lambda: reference.merge(streams, plain_size, dtype))
    found = by_each_path(
        lambda: outcome(lambda: kernel.merge(streams, plain_size, words_of(dtype, 0)))
    )
    assert found == [expected] * len(PATHS)


def test_every_numbered_check_has_a_message_and_an_input_that_trips_it() -> None:
    numbers = {int(number) for number in re.findall(r"^- FS-(\d+):", PAGE, re.MULTILINE)}

    assert numbers == {number for number, _, _ in HOSTILE} == set(kernel.MESSAGES)


@pytest.mark.parametrize(("width", "bits"), [(0, 1), (3, 1), (16, 1), (1, 8), (2, 16), (4, 0)])
def test_words_that_do_not_exist_are_refused(width: int, bits: int) -> None:
    with pytest.raises(ValueError, match="no words"):
        kernel.split(b"", (width, bits, 0))
    with pytest.raises(ValueError, match="no words"):
        kernel.merge([b""] * width, 0, (width, bits, 0))


@pytest.mark.parametrize("work", [kernel.kernel_name, lambda: kernel.split(b"", (2, 1, 0))])
def test_an_unknown_kernel_is_refused(
    work: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMPRESSOR_KERNEL", "quantum")
    with pytest.raises(UsageError, match="COMPRESSOR_KERNEL=quantum"):
        work()


def test_the_chosen_kernel_is_named(path: str) -> None:
    assert kernel.kernel_name() == path


def test_without_a_request_the_best_kernel_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COMPRESSOR_KERNEL", raising=False)
    assert kernel.kernel_name() == PATHS[-1]


# The page, and the golden files


def cells(heading: str) -> list[list[str]]:
    """Return the rows of the tables in a section of the page, without their heads."""
    section = PAGE.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    rows = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip().strip("`") for cell in row] for row in rows]


def test_the_types_of_the_page_are_those_of_the_stage_and_the_reference() -> None:
    rows = [row for row in cells("Types") if row[1].isdecimal()]

    assert (
        {row[0]: (int(row[1]), int(row[4]), int(row[5]) << 52) for row in rows}
        == LAYOUTS
        == reference.TYPES
    )
    assert all(8 * int(row[1]) == 1 + int(row[2]) + int(row[3]) for row in rows)


EXAMPLES = re.findall(
    r"plain bytes, `([0-9a-f ]+)`, as (\w+).*?\n\n(\|.*?)\n(?:\n|$)", PAGE, re.DOTALL
)


def test_the_page_has_examples() -> None:
    assert [dtype for _, dtype, _ in EXAMPLES] == ["bf16", "fp32", "fp64"]


@pytest.mark.parametrize(("plain_hex", "dtype", "table"), EXAMPLES)
def test_the_examples_of_the_page_hold(plain_hex: str, dtype: str, table: str, path: str) -> None:
    plain = bytes.fromhex(plain_hex)
    for row in table.splitlines()[2:]:
        bits, rotated, *hex_streams = (cell.strip() for cell in row.strip("|").split("|"))
        streams = [bytes.fromhex(stream) for stream in hex_streams]
        words = words_of(dtype, int(bits))

        assert kernel.split(plain, words) == streams
        assert kernel.merge(streams, len(plain), words) == plain
        assert b"".join(map(bytes, zip(*streams, strict=False))) == bytes.fromhex(rotated)


@pytest.mark.parametrize("name", CASES)
def test_golden_files_are_read_and_written_alike(name: str, path: str) -> None:
    dtype, mantissa_bits, plain = CASES[name]
    golden = (FOLDER / f"{name}.streams").read_bytes()
    words = words_of(dtype, mantissa_bits)

    streams, rest = [], golden
    for number in range(words[0]):
        size = reference.stream_size(len(plain), words[0], number)
        streams.append(rest[:size])
        rest = rest[size:]

    assert kernel.split(plain, words) == streams
    assert kernel.merge(streams, len(plain), words) == plain


def test_every_golden_file_has_its_formula() -> None:
    assert {file.stem for file in FOLDER.iterdir()} == set(CASES)
