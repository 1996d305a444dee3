"""The C kernel against the reference and the page, byte for byte."""

import random
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compressor.errors import DamagedError
from compressor.kernels import lz78 as kernel
from compressor.reference import lz78 as reference
from compressor.reference.huffman_encoder import write_chunk
from tests.vectors.make_lz78 import FOLDER, PLAIN
from tests.vectors.make_lzw import noise, words

PAGE = (Path(__file__).parents[2] / "docs/format/lz78.md").read_text()

plains = st.one_of(
    st.binary(max_size=600),
    st.lists(st.sampled_from([b"a", b"ab", b"aba", bytes(9), b"xyz"]), max_size=300).map(b"".join),
    st.tuples(st.binary(min_size=1, max_size=9), st.integers(1, 900)).map(lambda t: t[0] * t[1]),
    st.builds(noise, st.integers(0, 2500), st.sampled_from([2, 3, 16]), st.integers(1, 99)),
)


def pack(*tokens: tuple[int, int], ends: bytes = b"") -> bytes:
    """Write a round of any (class, remainder), whatever they stand for; a remainder has the bits it takes."""
    bits = width = 0
    for number, (class_, remainder) in enumerate(tokens):
        if reference.start(class_ + 1, number + 1) > reference.start(class_, number + 1):
            more, size = reference.encode_remainder(remainder, class_, number + 1)
            bits, width = bits | more << width, width + size
    chunks = write_chunk(bytes(class_ for class_, _ in tokens))
    chunks += write_chunk(ends or bytes(97 + i % 26 for i in range(len(tokens))))
    return len(tokens).to_bytes(2, "little") + chunks + bits.to_bytes((width + 7) // 8, "little")


def outcome_of_kernel(packed: bytes, plain_size: int) -> bytes | int:
    """Return the plain, or the number of the check that failed."""
    try:
        return kernel.decode(packed, plain_size)
    except DamagedError as error:
        return int(re.search(r"\(LE-(\d{3})\)$", str(error))[1])


def outcome_of_reference(packed: bytes, plain_size: int) -> bytes | int:
    try:
        return reference.decode(packed, plain_size)
    except reference.RefusedError as error:
        return error.number


# Round trips, and parity with the reference


@settings(max_examples=60)
@given(plain=plains)
def test_encode_agrees_with_the_reference_and_comes_back(plain: bytes) -> None:
    packed = kernel.encode(plain)

    assert packed == reference.encode(plain)
    assert kernel.decode(packed, len(plain)) == plain
    assert reference.decode(packed, len(plain)) == plain


@settings(max_examples=80)
@given(plain=plains, seed=st.integers(0, 1 << 32))
def test_a_changed_or_cut_stream_is_refused_by_the_same_check(plain: bytes, seed: int) -> None:
    rng = random.Random(seed)
    coded = reference.encode_round(plain)[1] if plain else b"\0"
    packed = bytearray(rng.choice([coded, kernel.encode(plain) or b"\0"]))
    for _ in range(rng.randrange(1, 4)):
        packed[rng.randrange(len(packed))] ^= 1 << rng.randrange(8)
    cut = bytes(packed[: rng.choice([len(packed), rng.randrange(len(packed) + 1)])])
    size = max(0, len(plain) + rng.choice([0, 0, 0, -1, 1, 900]))

    result = outcome_of_kernel(cut, size)

    assert result == outcome_of_reference(cut, size)
    assert isinstance(result, int) or len(result) == size


@settings(max_examples=60)
@given(
    classes=st.lists(st.integers(0, 127), min_size=1, max_size=600),
    seed=st.integers(0, 1 << 32),
    surplus=st.integers(-1, 1),
)
def test_decode_agrees_with_the_reference_on_any_tokens(
    classes: list[int], seed: int, surplus: int
) -> None:
    rng = random.Random(seed)
    tokens, sizes = [], [0]
    for number, class_ in enumerate(classes):
        first, last = (reference.start(c, number + 1) for c in (class_, class_ + 1))
        if last == first:
            class_ = rng.randrange(number + 1) * 128 // (number + 1)
            first, last = (reference.start(c, number + 1) for c in (class_, class_ + 1))
        tokens.append((class_, rng.randrange(last - first)))
        sizes.append(sizes[first + tokens[-1][1]] + 1)
    packed = pack(*tokens)

    for size in (max(0, sum(sizes) + surplus), len(tokens)):
        assert outcome_of_kernel(packed, size) == outcome_of_reference(packed, size)


def test_a_full_dictionary_ends_a_round() -> None:
    plain = noise(400_000, 20) + words(300_000)

    packed = kernel.encode(plain)

    assert packed[:2] == b"\xff\xff"
    assert kernel.decode(packed, len(plain)) == plain
    size, first = reference.encode_round(plain[:300_000])
    assert size < 300_000
    assert packed.startswith(first)


@pytest.mark.parametrize("size", [*range(40), 255, 256, 257, 1000])
def test_runs_come_back_at_every_short_length(size: int) -> None:
    for period in (b"a", b"ab", b"abc"):
        plain = (period * size)[:size]
        packed = kernel.encode(plain)
        assert packed == reference.encode(plain)
        coded = reference.encode_round(plain)[1] if plain else b""
        assert kernel.decode(packed, size) == kernel.decode(coded, size) == plain


@pytest.mark.parametrize("text", [0, 9000])
def test_noise_is_a_raw_round_and_what_follows_is_not(text: int) -> None:
    noise_bytes = random.Random(5).randbytes(131_072)
    plain = noise_bytes + words(text)

    packed = kernel.encode(plain)

    assert packed[:5] == bytes(2) + (131_071).to_bytes(3, "little")
    assert packed[5:131_077] == noise_bytes
    assert len(packed) <= 131_077 + text * 2 // 3
    assert packed == reference.encode(plain)
    assert kernel.decode(packed, len(plain)) == plain


def test_noise_that_repeats_is_coded() -> None:
    plain = random.Random(5).randbytes(3000) * 20

    assert len(kernel.encode(plain)) < len(plain) * 2 // 3
    assert kernel.encode(plain) == reference.encode(plain)


def test_noise_costs_five_bytes_a_round() -> None:
    assert len(kernel.encode(noise(60_000))) <= 60_000 + 5


# The page


def examples() -> list[tuple[bytes, bytes]]:
    rows = re.findall(
        r"\| plain \| ([0-9a-f ]+) \|\n\|---\|---\|\n\| packed \| ([0-9a-f ]+) \|", PAGE
    )
    return [(bytes.fromhex(plain), bytes.fromhex(packed)) for plain, packed in rows]


def test_the_example_of_the_page_decodes_and_is_what_its_tokens_say() -> None:
    [(plain, packed)] = examples()
    tokens = [(0, 0), (0, 0), (42, 0), (96, 0), (51, 0), (106, 0)]

    assert kernel.decode(packed, len(plain)) == plain
    assert reference.decode(packed, len(plain)) == plain
    assert reference.encode_round(plain)[1] == packed
    assert pack(*tokens, ends=b"abbaab") == packed


abc = pack((0, 0), (0, 0), (42, 0))  # a, b, ac
many = pack(*[(0, 0)] * 256, (0, 2))  # 256 bytes, and phrase 2 with one more: the first with a bit
HOSTILE: dict[str, list[tuple[bytes, int]]] = {
    "LE-001": [(b"", 1), (abc, len(abc) << 19), (abc, 1 << 60), (abc, (1 << 64) - 1)],
    "LE-002": [(b"\3", 4), (abc, 5), (b"\0\0\1\0", 2)],
    "LE-003": [(b"\0\0\1\0\0ab", 1), (b"\0\0\1\0\0a", 2)],
    "LE-004": [(b"\3\0", 4), (abc[:4], 4), (abc[:-1], 4), (b"\3\0\xff" + abc[3:], 4)],
    "LE-005": [(pack((0, 0), (1, 0)), 2), (pack((200, 0)), 1), (pack((255, 0), (0, 0)), 2)],
    "LE-006": [(many[:-1], 258)],
    "LE-007": [(abc, 3), (abc, 1), (many, 257)],
    "LE-008": [(many[:-1] + bytes([many[-1] | bit]), 258) for bit in (0x08, 0x80)],
    "LE-009": [(abc + b"\0", 4), (b"\0", 0), (b"\0\0\0\0\0a", 0)],
}


@pytest.mark.parametrize("check", HOSTILE)
def test_a_stream_that_breaks_a_check_is_refused_by_it(check: str) -> None:
    for packed, plain_size in HOSTILE[check]:
        assert outcome_of_kernel(packed, plain_size) == int(check[3:]), packed.hex()
        assert outcome_of_reference(packed, plain_size) == int(check[3:])


def test_every_check_of_the_page_has_a_stream_that_breaks_it() -> None:
    assert set(re.findall(r"\*\*(LE-\d{3})\*\*", PAGE)) == set(HOSTILE)
    assert {int(check[3:]) for check in HOSTILE} == set(kernel.MESSAGES)


# Golden files


@pytest.mark.parametrize("name", PLAIN)
def test_a_golden_file_decodes_and_is_encoded_again(name: str) -> None:
    plain = PLAIN[name]()
    packed = (FOLDER / f"{name}.packed").read_bytes()

    assert kernel.decode(packed, len(plain)) == plain
    assert kernel.encode(plain) == packed
    assert reference.decode(packed, len(plain)) == plain


def test_every_golden_file_has_a_formula() -> None:
    assert {path.stem for path in FOLDER.iterdir()} == set(PLAIN)


# The binding


def test_threads_do_not_share_their_tables() -> None:
    plains = [words(30_000, seed) for seed in range(1, 7)]
    with ThreadPoolExecutor(3) as pool:
        packed = list(pool.map(kernel.encode, plains))
        decoded = list(pool.map(kernel.decode, packed, map(len, plains)))

    assert packed == [kernel.encode(plain) for plain in plains]
    assert decoded == plains
