"""The C kernel against the reference and the page, byte for byte."""

import ctypes
import mmap
import random
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compressor.errors import DamagedError
from compressor.kernels import lzw as kernel
from compressor.reference import lzw as reference
from compressor.stages import stage_by_name
from tests.vectors.make_lzw import FOLDER, PLAIN, noise, words

PAGE = (Path(__file__).parents[2] / "docs/format/lzw.md").read_text()
CLEAR = reference.CLEAR
WIDTHS = range(9, 17)

max_bits_values = st.integers(9, 16)
plains = st.one_of(
    st.binary(max_size=2000),
    st.lists(st.sampled_from([b"a", b"ab", b"aba", bytes(9), b"xyz"]), max_size=300).map(b"".join),
    st.tuples(st.binary(min_size=1, max_size=9), st.integers(1, 4000)).map(lambda t: t[0] * t[1]),
    st.builds(noise, st.integers(0, 5000), st.sampled_from([2, 3, 16, 256]), st.integers(1, 99)),
)


def pack(max_bits: int, *codes: int) -> bytes:
    """Write any codes at the widths that the page gives them, whatever they stand for."""
    writer = reference.BitWriter(bytearray([max_bits]))
    following = CLEAR
    for code in codes:
        writer.put(code, min(following.bit_length(), max_bits))
        following = CLEAR if code == CLEAR else min(following + 1, 1 << max_bits)
    return writer.finish()


def outcome_of_kernel(packed: bytes, plain_size: int) -> bytes | int:
    """Return the plain, or the number of the check that failed."""
    try:
        return kernel.decode(packed, plain_size)
    except DamagedError as error:
        return int(re.search(r"\(L-(\d{3})\)$", str(error))[1])


def outcome_of_reference(packed: bytes, plain_size: int) -> bytes | int:
    try:
        return reference.decode(packed, plain_size)
    except reference.RefusedError as error:
        return error.number


# Round trips, and parity with the reference


@given(plain=plains, max_bits=max_bits_values)
def test_what_is_encoded_decodes_to_itself(plain: bytes, max_bits: int) -> None:
    assert kernel.decode(kernel.encode(plain, max_bits), len(plain)) == plain


@given(plain=plains, max_bits=max_bits_values)
def test_encode_agrees_with_the_reference(plain: bytes, max_bits: int) -> None:
    assert kernel.encode(plain, max_bits) == reference.encode(plain, max_bits)


@settings(max_examples=30, deadline=None)
@given(plain=plains, max_bits=st.integers(9, 11))
def test_a_dictionary_that_is_cleared_when_full_agrees_too(plain: bytes, max_bits: int) -> None:
    packed = kernel.encode(plain, max_bits, "full")

    assert packed == reference.encode(plain, max_bits, "full")
    assert kernel.decode(packed, len(plain)) == plain


@pytest.mark.parametrize("max_bits", [9, 10, 12])
def test_each_dictionary_is_cleared_as_soon_as_it_is_full(max_bits: int) -> None:
    phrases = (1 << max_bits) - 257
    plain = words(4 * phrases + 9000)

    codes = codes_of(kernel.encode(plain, max_bits, "full"), len(plain))

    assert len(codes) > 2 * phrases
    assert [at for at, code in enumerate(codes) if code == CLEAR] == [
        *range(phrases, len(codes), phrases + 1)
    ]


@pytest.mark.parametrize("size", range(253, 260))
def test_no_clear_ends_a_stream(size: int) -> None:
    plain = bytes(range(256)) + bytes(range(0, 256, 3))  # each byte is a code of its own
    packed = kernel.encode(plain[:size], 9, "full")

    assert packed == reference.encode(plain[:size], 9, "full")
    assert kernel.decode(packed, size) == plain[:size]
    assert (CLEAR in codes_of(packed, size)) == (size > 255)


@given(packed=st.binary(max_size=60), max_bits=max_bits_values, size=st.integers(0, 300))
def test_decode_agrees_with_the_reference_on_any_bytes(
    packed: bytes, max_bits: int, size: int
) -> None:
    packed = bytes([max_bits]) + packed

    assert outcome_of_kernel(packed, size) == outcome_of_reference(packed, size)


@given(
    steps=st.lists(st.one_of(st.integers(-1, 8), st.integers(0, 700)), max_size=700),
    max_bits=st.integers(9, 11),
    surplus=st.integers(-2, 1),
)
def test_decode_agrees_with_the_reference_on_any_codes(
    steps: list[int], max_bits: int, surplus: int
) -> None:
    codes, following, size, sizes = [], CLEAR, 0, {}
    for step in steps:  # how far below the newest phrase; -1 is a CLEAR
        code = CLEAR if step < 0 or (following > CLEAR > following - step) else following - step
        if following == CLEAR:
            code = step & 255
        codes.append(code)
        previous = size
        size += sizes.get(code, 1)
        sizes[following] = size - previous + 1
        following = CLEAR if code == CLEAR else min(following + 1, (1 << max_bits) - 1)
    packed = pack(max_bits, *codes)

    for plain_size in (max(0, size + surplus), len(steps)):
        assert outcome_of_kernel(packed, plain_size) == outcome_of_reference(packed, plain_size)


@pytest.mark.parametrize("max_bits", WIDTHS)
def test_every_width_fills_its_dictionary_and_clears_it(max_bits: int) -> None:
    part = max(12_000, 5 << (max_bits - 2))
    plain = words(part // 2) + noise(part) + words(9000, seed=5)

    packed = kernel.encode(plain, max_bits)

    assert packed == reference.encode(plain, max_bits)
    assert kernel.decode(packed, len(plain)) == plain
    assert CLEAR in codes_of(packed, len(plain))


@pytest.mark.parametrize("edge", [512, 1024, 2048, 4096])
@pytest.mark.parametrize("max_bits", [9, 11, 12, 16])
def test_streams_may_end_on_both_sides_of_a_change_of_width(edge: int, max_bits: int) -> None:
    plain = noise(edge)  # almost every byte of it is a code of its own
    codes = edge - CLEAR
    for size in range(codes - 3, codes + 12):
        packed = kernel.encode(plain[:size], max_bits)
        assert packed == reference.encode(plain[:size], max_bits)
        assert kernel.decode(packed, size) == plain[:size]


@pytest.mark.parametrize("size", [*range(70), 4095, 4096, 4097, 100_000])
def test_runs_round_trip_at_every_short_length(size: int) -> None:
    for period in (b"a", b"ab", b"abc", b"abcdefg"):
        plain = (period * size)[:size]
        packed = kernel.encode(plain)
        assert packed == reference.encode(plain)
        assert kernel.decode(packed, size) == plain


@pytest.mark.parametrize("max_bits", [9, 13])
def test_the_longest_phrase_of_a_dictionary_fits(max_bits: int) -> None:
    longest = (1 << max_bits) - 256
    plain_size = sum(range(1, longest + 1))  # each code stands for one byte more: a run
    packed = pack(max_bits, 0, *range(257, 1 << max_bits))

    assert kernel.decode(packed, plain_size) == bytes(plain_size)
    assert outcome_of_kernel(packed, plain_size + 1) == outcome_of_reference(packed, plain_size + 1)
    assert outcome_of_kernel(packed, plain_size - 1) == 6


@settings(max_examples=30)
@given(seed=st.integers(0, 1 << 32), max_bits=st.integers(9, 12))
def test_a_changed_or_cut_stream_gives_its_size_or_an_error(seed: int, max_bits: int) -> None:
    rng = random.Random(seed)
    plain = words(3000, seed=seed & 7) + noise(3000, rng.choice([2, 256]))
    packed = bytearray(kernel.encode(plain, max_bits))
    for _ in range(rng.randrange(1, 4)):
        packed[rng.randrange(1, len(packed))] ^= 1 << rng.randrange(8)
    cut = bytes(packed[: rng.choice([len(packed), rng.randrange(len(packed))])])

    result = outcome_of_kernel(cut, len(plain))

    assert result == outcome_of_reference(cut, len(plain))
    assert isinstance(result, int) or len(result) == len(plain)


# Noise

NOISE = random.Random(5).randbytes(150_000)


@pytest.mark.parametrize("size", [8191, 8192, 9000, 131_072, 139_263, 139_264, 150_000])
def test_noise_is_raw_from_the_size_on_that_can_be_judged(size: int) -> None:
    packed = kernel.encode(NOISE[:size])

    assert packed == reference.encode(NOISE[:size])
    assert (packed == b"\0" + NOISE[:size]) == (size >= 8192)
    assert kernel.decode(packed, size) == reference.decode(packed, size) == NOISE[:size]


def test_noise_with_little_text_is_raw() -> None:
    plain = NOISE[:131_072] + words(40_000)

    assert kernel.encode(plain) == reference.encode(plain) == b"\0" + plain


@pytest.mark.parametrize(
    "plain",
    [
        NOISE[:3000] * 20,
        NOISE[:40_000] * 2,
        NOISE[:39_990] * 2,
        NOISE[:60_000] + NOISE[:2000],
        NOISE[:131_072] + words(50_000),
    ],
)
def test_noise_that_repeats_or_is_less_than_three_quarters_is_coded(plain: bytes) -> None:
    packed = kernel.encode(plain)

    assert packed[0] == 16
    assert packed == reference.encode(plain)
    assert kernel.decode(packed, len(plain)) == plain


# The page


def examples() -> list[tuple[bytes, bytes]]:
    rows = re.findall(
        r"\| plain \| ([0-9a-f ]+) \|\n\|---\|---\|\n\| packed \| ([0-9a-f ]+) \|", PAGE
    )
    return [(bytes.fromhex(plain), bytes.fromhex(packed)) for plain, packed in rows]


def test_the_examples_of_the_page_decode() -> None:
    assert len(examples()) == 2
    for plain, packed in examples():
        assert kernel.decode(packed, len(plain)) == plain
        assert reference.decode(packed, len(plain)) == plain


def test_the_first_example_of_the_page_is_what_we_encode() -> None:
    plain, packed = examples()[0]

    assert kernel.encode(plain, packed[0]) == packed


abc = pack(9, 97, 98, 99)  # 27 of 32 bits
HOSTILE: dict[str, list[tuple[bytes, int]]] = {
    "L-001": [(b"", 0), (b"", 5)],
    "L-002": [(b"\x08", 0), (b"\x11", 0), (b"\x01" + abc[1:], 3), (b"\x90" + abc[1:], 3)],
    "L-003": [(abc, 7), (abc, 1 << 46), (abc, (1 << 64) - 1), (b"\x10", 1)],
    "L-004": [(pack(9, CLEAR, 97), 1), (pack(9, 257, 97), 2), (pack(9, 97, CLEAR, CLEAR, 97), 2)],
    "L-005": [(pack(9, 97, 258, 97), 4), (pack(12, 97, 98, 511, 97), 4)],
    "L-006": [(pack(9, 97, 257), 2), (pack(9, 97, 98, 257), 3)],
    "L-007": [(abc, 4), (abc[:-1], 3)],
    "L-008": [(abc[:-1] + bytes([abc[-1] | bit]), 3) for bit in (0x08, 0x80)],
    "L-009": [(abc + b"\0", 3), (b"\x10\0", 0), (pack(9, 97, 98, 99, CLEAR), 3)],
    "L-010": [(b"\0", 1), (b"\0ab", 1), (b"\0ab", 3), (b"\0", (1 << 64) - 1)],
}


@pytest.mark.parametrize("check", HOSTILE)
def test_a_stream_that_breaks_a_check_is_refused_by_it(check: str) -> None:
    for packed, plain_size in HOSTILE[check]:
        assert outcome_of_kernel(packed, plain_size) == int(check[2:])
        if plain_size < 1 << 63:
            assert outcome_of_reference(packed, plain_size) == int(check[2:])


def test_every_check_of_the_page_has_a_stream_that_breaks_it() -> None:
    assert set(re.findall(r"\*\*(L-\d{3})\*\*", PAGE)) == set(HOSTILE)


# Golden files


@pytest.mark.parametrize("name", PLAIN)
def test_a_golden_file_decodes_and_is_encoded_again(name: str) -> None:
    max_bits, formula = PLAIN[name]
    plain = formula()
    reset = "full" if name.endswith("-full") else "ratio"
    packed = (FOLDER / f"{name}.packed").read_bytes()

    assert kernel.decode(packed, len(plain)) == plain
    assert kernel.encode(plain, max_bits, reset) == packed
    assert reference.decode(packed, len(plain)) == plain


def test_every_golden_file_has_a_formula() -> None:
    assert {path.stem for path in FOLDER.iterdir()} == set(PLAIN)


def codes_of(packed: bytes, plain_size: int) -> list[int]:
    dictionary, reader = reference.Dictionary(packed[0]), reference.BitReader(packed)
    codes, size = [], 0
    while size < plain_size:
        codes.append(reader.take(dictionary.width))
        if codes[-1] == CLEAR:
            dictionary.clear()
        else:
            size += len(dictionary.phrase(codes[-1]))
    return codes


def test_a_golden_file_holds_a_clear() -> None:
    packed = (FOLDER / "words-then-noise-9.packed").read_bytes()

    assert CLEAR in codes_of(packed, 70_000)


# The binding


def test_any_buffer_of_bytes_is_taken() -> None:
    plain = words(500)
    packed = kernel.encode(plain)
    for kind in (bytearray, memoryview, lambda b: memoryview(bytearray(b)).toreadonly()):
        assert kernel.encode(kind(plain)) == packed
        assert kernel.decode(kind(packed), 500) == plain
    assert kernel.decode(kernel.encode(b""), 0) == b""


def test_threads_do_not_share_their_tables() -> None:
    plains = [words(50_000, seed) for seed in range(1, 9)]
    with ThreadPoolExecutor(4) as pool:
        packed = list(pool.map(kernel.encode, plains))
        decoded = list(pool.map(kernel.decode, packed, map(len, plains)))

    assert packed == [kernel.encode(plain) for plain in plains]
    assert decoded == plains


@pytest.mark.parametrize("max_bits", [0, 8, 17, 1000])
def test_a_width_beyond_the_format_is_refused(max_bits: int) -> None:
    with pytest.raises(ValueError, match="9 to 16"):
        kernel.encode(b"plain", max_bits)


def test_the_option_of_the_codec_says_when_to_clear() -> None:
    plain = words(60_000)
    stage = stage_by_name("lzw")

    packed = [stage.make(max_bits=9, reset=reset).encode(plain) for reset in ("ratio", "full")]

    assert packed == [kernel.encode(plain, 9), kernel.encode(plain, 9, "full")]
    assert packed[0] != packed[1]
    assert {stage.make().decode(one, len(plain)) for one in packed} == {plain}
    with pytest.raises(ValueError, match="ratio or full"):
        kernel.encode(b"", 9, "never")


@pytest.fixture
def guarded() -> Iterator[memoryview]:
    """Give two pages with one behind them that cannot be touched."""
    pages = mmap.mmap(-1, 3 * mmap.PAGESIZE)
    first = ctypes.c_char.from_buffer(pages)
    behind = ctypes.c_void_p(ctypes.addressof(first) + 2 * mmap.PAGESIZE)
    protect = ctypes.CDLL(None).mprotect
    assert protect(behind, ctypes.c_size_t(mmap.PAGESIZE), 0) == 0
    with memoryview(pages) as view, view[: 2 * mmap.PAGESIZE] as room:
        yield room
    assert protect(behind, ctypes.c_size_t(mmap.PAGESIZE), 3) == 0
    del first
    pages.close()


def test_neither_side_reads_beyond_its_input(guarded: memoryview) -> None:
    for size in [*range(40), 1000]:
        plain = words(2000)[:size]
        packed = kernel.encode(plain)
        guarded[len(guarded) - size :] = plain
        assert kernel.encode(guarded[len(guarded) - size :]) == packed
        guarded[len(guarded) - len(packed) :] = packed
        assert kernel.decode(guarded[len(guarded) - len(packed) :], size) == plain


def test_the_codec_asks_for_the_memory_it_takes() -> None:
    codec = stage_by_name("lzw").make(max_bits=9)
    packed = codec.encode(noise(5000))

    assert packed[0] == 9
    assert bytes(codec.decode(packed, 5000)) == noise(5000)
    assert codec.encode_memory(5000) >= (1 << 20) + len(packed)
    assert codec.decode_memory(5000) >= (1 << 19) + 5000
