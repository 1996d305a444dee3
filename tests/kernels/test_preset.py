"""The C kernel against the reference and the page, byte for byte, on every path."""

import random
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compressor.errors import DamagedError, UsageError
from compressor.kernels import preset as kernel
from compressor.reference import preset as reference
from compressor.stages import stage_by_name
from compressor.stages.chain import encode, parse
from tests.vectors.make_preset import FOLDER, PLAIN, drawn, fasta, lines

PAGE = (Path(__file__).parents[2] / "docs/format/preset.md").read_text()
PATHS = ("portable", "ssse3", "avx2")
ALPHABETS = [*reference.ALPHABETS.values(), b"01", b"abcdefghi", b"\n\x00\xff", b"ACGTN", b"AQ"]

alphabets = st.one_of(
    st.sampled_from(ALPHABETS),
    st.sets(st.integers(0, 255), min_size=2, max_size=128).map(bytes),
)


@st.composite
def plains(draw: st.DrawFn) -> tuple[bytes, bytes]:
    """Return an alphabet and mostly its symbols, with strangers, small letters and lines among them."""
    alphabet = draw(alphabets)
    plain = bytearray(drawn(alphabet, draw(st.integers(0, 1500)), draw(st.integers(1, 1 << 20))))
    for at, byte, length in draw(
        st.lists(
            st.tuples(st.integers(0, 1500), st.integers(0, 255), st.integers(1, 40)), max_size=4
        )
    ):
        plain[at : at + length] = bytes([byte]) * len(plain[at : at + length])
    start, end = sorted(draw(st.tuples(st.integers(0, 1500), st.integers(0, 1500))))
    if draw(st.booleans()):
        plain[start:end] = plain[start:end].lower()
    length = draw(st.integers(1, 200))
    return alphabet, lines(bytes(plain), length) if draw(st.booleans()) else bytes(plain)


@pytest.fixture(params=PATHS)
def path(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("COMPRESSOR_KERNEL", request.param)
    try:
        kernel.kernel_name()
    except UsageError as error:
        pytest.skip(str(error))
    return request.param


def on_each_path(work: object, *values: object) -> object:
    """Return what a function of the kernel gives, which is the same on every path."""
    results = []
    with pytest.MonkeyPatch.context() as patch:
        for name in PATHS:
            patch.setenv("COMPRESSOR_KERNEL", name)
            try:
                results.append(work(*values))
            except UsageError:
                continue
    assert all(result == results[0] for result in results)
    return results[0]


def outcome_of_kernel(packed: bytes, plain_size: int, alphabet: bytes = b"") -> bytes | int:
    """Return the plain, or the number of the check that failed."""
    try:
        return kernel.decode(packed, plain_size, alphabet)
    except DamagedError as error:
        return int(re.search(r"\(PS-(\d{3})\)$", str(error))[1])


def outcome_of_reference(packed: bytes, plain_size: int, alphabet: bytes = b"") -> bytes | int:
    try:
        return reference.decode(packed, plain_size, alphabet)
    except reference.RefusedError as error:
        return error.number


# Round trips, and parity with the reference


@settings(max_examples=120)
@given(case=plains(), named=st.booleans())
def test_encode_agrees_with_the_reference_and_comes_back(
    case: tuple[bytes, bytes], named: bool
) -> None:
    alphabet, plain = case
    own = alphabet if named else b""

    packed = on_each_path(kernel.encode, plain, own)

    assert packed == reference.encode(plain, own)
    assert on_each_path(kernel.decode, packed, len(plain), own) == plain
    assert reference.decode(packed, len(plain), own) == plain


@settings(max_examples=150)
@given(case=plains(), seed=st.integers(0, 1 << 32))
def test_a_changed_or_cut_stream_is_refused_by_the_same_check(
    case: tuple[bytes, bytes], seed: int
) -> None:
    alphabet, plain = case
    rng = random.Random(seed)
    packed = bytearray(kernel.encode(plain, alphabet)) or bytearray(1)
    for _ in range(rng.randrange(1, 4)):
        place = rng.choice([rng.randrange(len(packed)), rng.randrange(min(12, len(packed)))])
        packed[place] ^= 1 << rng.randrange(8)
    cut = bytes(packed[: rng.choice([len(packed), rng.randrange(len(packed) + 1)])])
    size = max(0, len(plain) + rng.choice([0, 0, 0, -1, 1, 70_000]))

    result = on_each_path(outcome_of_kernel, cut, size, alphabet)

    assert result == outcome_of_reference(cut, size, alphabet)
    assert isinstance(result, int) or len(result) == size


@pytest.mark.parametrize("table", reference.ALPHABETS)
def test_every_size_around_a_turn_comes_back(table: int) -> None:
    for size in [*range(20), *range(40, 52), *range(90, 140), 255, 256, 257, 1000]:
        plain = drawn(reference.ALPHABETS[table], size, size + 7)

        packed = on_each_path(kernel.encode, plain, b"")

        assert packed == reference.encode(plain)
        assert on_each_path(kernel.decode, packed, size, b"") == plain


def test_a_block_of_several_chunks_comes_back(path: str) -> None:
    plain = drawn(b"ACGT", 70_000) + fasta(30_000, 4) + drawn(bytes(range(256)), 70_000) + b"1" * 99

    packed = kernel.encode(plain)

    assert kernel.decode(packed, len(plain)) == plain
    assert len(packed) < 0.7 * len(plain)  # the noise, and what shares its first chunk, is raw


def test_alone_it_takes_the_smallest_code_that_fits() -> None:
    sizes = {
        "dna": (b"ACGT", 2 / 8),
        "decimal": (b"0123456789", 10 / 24),
        "hex": (b"0123456789abcdef", 4 / 8),
        "base64": (reference.ALPHABETS[6], 6 / 8),
        "ascii": (bytes(range(128)), 7 / 8),
    }
    for name, (alphabet, share) in sizes.items():
        assert len(kernel.encode(drawn(alphabet, 60_000))) == pytest.approx(
            60_000 * share, abs=8
        ), name


def test_a_genome_takes_little_more_than_two_bits_a_base() -> None:
    plain = fasta(100_000, 3)

    assert len(kernel.encode(plain)) < 300_000 * (2 / 8) * 1.03


# The page


def examples() -> list[tuple[bytes, bytes]]:
    rows = re.findall(
        r"\| plain \| ([0-9a-f ]+) \|\n\|---\|---\|\n\| packed \| ([0-9a-f ]+) \|", PAGE
    )
    return [(bytes.fromhex(plain), bytes.fromhex(packed)) for plain, packed in rows]


def test_the_examples_of_the_page_decode() -> None:
    assert len(examples()) == 2
    for plain, packed in examples():
        assert on_each_path(kernel.decode, packed, len(plain)) == plain
        assert reference.decode(packed, len(plain)) == plain


def test_the_second_example_of_the_page_is_what_we_encode() -> None:
    plain, packed = examples()[1]

    assert on_each_path(kernel.encode, plain) == packed


FIRST = examples()[0][1]
DIGITS = b"\x03\x03\x00"  # four of them


def changed(at: int, value: int) -> bytes:
    """Return the first example with one byte of its own."""
    return FIRST[:at] + bytes([value]) + FIRST[at + 1 :]


HOSTILE: dict[str, list[tuple[bytes, int]]] = {
    "PS-001": [(b"", 1), (FIRST, 7 * 65536 + 1), (FIRST, 1 << 50), (FIRST, (1 << 64) - 1)],
    "PS-002": [(FIRST + b"\0\0", 13)],
    "PS-003": [
        (changed(0, flags), 12) for flags in (0xF2, 0x70, 0x71, 0x73, 0x78, 0x7F, 0x09, 0x10, 0x40)
    ],
    "PS-004": [(changed(1, 12), 12), (FIRST, 11)],
    "PS-005": [(changed(5, 0), 12), (changed(7, 0), 12), (changed(3, 7), 12), (FIRST[:8], 12)],
    "PS-006": [
        (FIRST[:13], 12),
        (FIRST[:-1], 12),
        (FIRST[:14] + b"\x85\x00\x01" + FIRST[15:], 12),
        (FIRST[:14] + b"\x85\x80\x80\x01" + FIRST[15:], 12),
    ],
    "PS-007": [(changed(13, 10), 12), (changed(14, 9), 12)],
    "PS-008": [(changed(18, 10), 12), (changed(19, 0), 12), (changed(19, 7), 12)],
    "PS-009": [(FIRST[:11], 12), (b"\0\x0b\0" + bytes(11), 12)],
    "PS-010": [(changed(11, 0x1F), 12), (DIGITS + b"\0\0\x10", 4)],
    "PS-011": [(DIGITS + b"\xe8\x03\0", 4), (DIGITS + b"\0\x04\0", 4), (DIGITS + b"\0\x28\0", 4)],
    "PS-012": [(FIRST + b"\0", 12), (b"\0", 0), (b"\0\0\0a", 0)],
}


@pytest.mark.parametrize("check", HOSTILE)
def test_a_stream_that_breaks_a_check_is_refused_by_it(check: str) -> None:
    for packed, plain_size in HOSTILE[check]:
        assert on_each_path(outcome_of_kernel, packed, plain_size) == int(check[3:]), packed.hex()
        assert outcome_of_reference(packed, plain_size) == int(check[3:])


def test_every_check_of_the_page_has_a_stream_that_breaks_it() -> None:
    assert set(re.findall(r"\*\*(PS-\d{3})\*\*", PAGE)) == set(HOSTILE)
    assert {int(check[3:]) for check in HOSTILE} == set(kernel.MESSAGES)


def test_a_code_beyond_the_chains_alphabet_is_refused() -> None:
    packed = b"\x08\x3f\x00" + b"\x55" * 15 + b"\xd5"  # the last of 64 codes is 3

    assert on_each_path(outcome_of_kernel, packed, 64, b"xyz") == 11
    assert outcome_of_reference(packed, 64, b"xyz") == 11
    assert kernel.decode(packed, 64, b"wxyz") == b"x" * 63 + b"z"


# Golden files


@pytest.mark.parametrize("name", PLAIN)
def test_a_golden_file_decodes_and_is_encoded_again(name: str) -> None:
    alphabet, formula = PLAIN[name]
    plain = formula()
    packed = (FOLDER / f"{name}.packed").read_bytes()

    assert on_each_path(kernel.decode, packed, len(plain), alphabet) == plain
    assert on_each_path(kernel.encode, plain, alphabet) == packed
    assert reference.decode(packed, len(plain), alphabet) == plain


def test_every_golden_file_has_a_formula() -> None:
    assert {path.stem for path in FOLDER.iterdir()} == set(PLAIN)


# The binding and the stage


def test_a_kernel_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMPRESSOR_KERNEL", "abacus")

    with pytest.raises(UsageError, match="COMPRESSOR_KERNEL=abacus"):
        kernel.encode(b"plain")


@pytest.mark.parametrize("alphabet", [b"a", b"aba", bytes(range(129))])
def test_what_is_no_alphabet_is_refused(alphabet: bytes) -> None:
    with pytest.raises(ValueError, match="2 to 128 different bytes"):
        kernel.encode(b"plain", alphabet)
    with pytest.raises(ValueError, match="2 to 128 different bytes"):
        kernel.decode(b"", 0, alphabet)


@pytest.mark.parametrize(
    ("text", "symbols"),
    [("ACGTN", b"ACGTN"), ("0123456789", b"0123456789"), ("01%0A", b"01\n"), ("-5", b"-5"),
     ("%00%FF%25%3A", b"\x00\xff%:"), ("+-./_", b"+-./_")],
)  # fmt: skip
def test_an_alphabet_goes_through_the_chain(text: str, symbols: bytes) -> None:
    chain = parse(f"preset:alphabet={text}")
    plain = drawn(symbols, 300)

    packed = encode(chain, plain).parts[0]

    assert chain.wire == str(chain) == f"preset:alphabet={text}"
    assert packed == kernel.encode(plain, symbols)
    assert parse(chain.wire).stage.decode(packed, 300) == plain


@pytest.mark.parametrize("text", ["aa", "a", "%41B", "a%0a", "a%", "a%4", "nooo", "%61%61", "a%G0"])
def test_what_is_no_alphabet_is_no_value(text: str) -> None:
    option = stage_by_name("preset").options[0]

    assert not option.allows(text)
    assert not option.allows(12)
    assert option.allows("none")
