"""The codec floatdelta: its page, the reference, golden files, hostile blocks, what it is for."""

import random
import re
import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compressor.errors import DamagedError
from compressor.reference import floatdelta as reference
from compressor.reference import huffman_encoder
from compressor.stages import parts
from compressor.stages.chain import Chain, decode, encode, parse
from tests.vectors.make_floatdelta import CASES, FOLDER, crossed, pair

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/format/floatdelta.md").read_text()
CHAINS = {dtype: parse(f"floatdelta:dtype={dtype}") for dtype in reference.TYPES}
dtypes = st.sampled_from(list(CHAINS))
few = settings(max_examples=60, deadline=None)


def packed_of(plain: bytes, base: bytes, dtype: str) -> bytes:
    return bytes(encode(CHAINS[dtype], plain, base).parts[0])


def unpacked(packed: bytes, base: bytes, dtype: str) -> bytes:
    return bytes(decode(CHAINS[dtype], packed, (), len(base), base))


@few
@given(
    dtype=dtypes,
    count=st.integers(0, 30) | st.sampled_from([1023, 1024, 4095, 4096, 5000]),
    rare=st.integers(1, 60),
    tail=st.binary(max_size=7),
)
def test_numbers_that_moved_are_packed_as_the_reference_does(
    dtype: str, count: int, rare: int, tail: bytes
) -> None:
    plain, base = pair(count, dtype, rare, tail[: reference.TYPES[dtype][0] - 1])

    packed = packed_of(plain, base, dtype)

    assert packed == reference.encode(plain, base, dtype)
    assert unpacked(packed, base, dtype) == plain
    assert reference.decode(packed, len(base), base, dtype) == plain


@few
@given(dtype=dtypes, both=st.binary(max_size=600) | st.binary(max_size=40).map(lambda b: b * 40))
def test_any_bytes_come_back_beside_any_others(dtype: str, both: bytes) -> None:
    half = len(both) // 2
    plain, base = both[:half], both[half : 2 * half]

    packed = packed_of(plain, base, dtype)

    assert packed == reference.encode(plain, base, dtype)
    assert unpacked(packed, base, dtype) == plain


def test_large_blocks_are_packed_as_the_reference_does() -> None:
    for count in (32_767, 32_768):
        plain, base = pair(count, "bf16", 2)
        packed = packed_of(plain, base, "bf16")

        assert packed[0] + 1 == (4 if count < 32_768 else 10)
        assert packed == reference.encode(plain, base, "bf16")
        assert unpacked(packed, base, "bf16") == plain


@pytest.mark.parametrize(
    ("dtype", "exponent_bits"),
    [("fp64", 11), ("fp32", 8), ("bf16", 8), ("fp16", 5), ("fp8_e4m3", 4), ("fp8_e5m2", 5)],
)
def test_zeros_of_both_signs_subnormals_infinities_and_nans_come_back(
    dtype: str, exponent_bits: int
) -> None:
    plain, base = crossed(reference.TYPES[dtype][0], exponent_bits)

    for new, old in [(plain, base), (base, plain), (plain, bytes(len(plain))), (base, base)]:
        assert unpacked(packed_of(new, old, dtype), old, dtype) == new


@pytest.mark.parametrize(("dtype", "width"), [(d, w) for d, (w, _) in reference.TYPES.items()])
def test_what_did_not_change_costs_a_few_bytes(dtype: str, width: int) -> None:
    plain = random.Random(1).randbytes(70_000 * width)

    packed = packed_of(plain, plain, dtype)

    assert len(packed) == 3 + width
    assert unpacked(packed, plain, dtype) == plain


def test_what_has_nothing_in_common_grows_by_a_byte_a_part_at_most() -> None:
    rng = random.Random(2)
    for count in (0, 1, 7, 100, 1024, 40_000):
        plain, base = rng.randbytes(4 * count), rng.randbytes(4 * count)
        assert len(packed_of(plain, base, "fp32")) <= 4 * count + 3 + 4 * 10


def weights(count: int, spread: float, seed: int) -> list[float]:
    rng = random.Random(seed)
    return [rng.gauss(0, spread) for _ in range(count)]


def as_fp32(numbers: list[float]) -> bytes:
    return struct.pack(f"<{len(numbers)}f", *numbers)


def test_a_step_of_training_takes_half_of_what_it_takes_alone() -> None:
    old = weights(60_000, 0.03, 1)
    new = [a + b for a, b in zip(old, weights(60_000, 2e-6, 2), strict=True)]
    alone = encode(parse("floatsplit:dtype=fp32(huffman,huffman,huffman,huffman)"), as_fp32(new))

    assert len(packed_of(as_fp32(new), as_fp32(old), "fp32")) < 0.6 * alone.packed_size


def test_large_strangers_in_the_base_cost_little() -> None:
    old = weights(60_000, 0.03, 1)
    new = [a + b for a, b in zip(old, weights(60_000, 2e-6, 2), strict=True)]
    plain, base = as_fp32(new), as_fp32(old)
    strange = bytearray(base)
    strange[:4] = struct.pack("<f", float("inf"))

    extra = len(packed_of(plain, bytes(strange), "fp32")) - len(packed_of(plain, base, "fp32"))

    assert extra < 100


# Golden files and the page


@pytest.mark.parametrize("name", CASES)
def test_golden_files_are_read_and_written_alike(name: str) -> None:
    dtype, (plain, base) = CASES[name]
    golden = (FOLDER / f"{name}.packed").read_bytes()

    assert packed_of(plain, base, dtype) == golden
    assert unpacked(golden, base, dtype) == plain


def test_every_golden_file_has_its_formula() -> None:
    assert {file.stem for file in FOLDER.iterdir()} == set(CASES)


def test_golden_files_have_every_form_and_number_of_classes() -> None:
    golden = {name: (FOLDER / f"{name}.packed").read_bytes() for name in CASES}

    assert {packed[0] + 1 for packed in golden.values()} == {1, 2, 4, 10}
    assert {golden[name][3] & 3 for name in ("nothing-new", "signs", "crossed-fp32")} >= {0, 1}
    assert {packed[3] & 3 for packed in golden.values() if len(packed) > 10} >= {0, 2, 3}


def test_the_examples_of_the_page_hold() -> None:
    section = PAGE.split("## Example", 1)[1]
    found = re.findall(
        r"`([0-9a-f ]+)`,\s+beside\s+`([0-9a-f ]+)`,\s+as (\w+).*?packed:\s+`([0-9a-f ]+)`",
        section,
        re.DOTALL,
    )
    for number, texts in enumerate(found):
        plain, base, packed = (bytes.fromhex(texts[at]) for at in (0, 1, 3))
        assert unpacked(packed, base, texts[2]) == plain
        assert reference.decode(packed, len(base), base, texts[2]) == plain
        assert number == 2 or packed_of(plain, base, texts[2]) == packed
    assert len(found) == 3


# Hostile blocks


BASE = struct.pack("<4H", 0x3F80, 0x3F00, 0x3E80, 0x0000) * 8 + b"t"  # 32 bf16, and a tail
HUFFMAN_64 = huffman_encoder.encode(b"abacabad" * 8)
ONE = b"\0\0\0"  # the head of one class
SOUND = ONE + b"\1" + b"\1" + b"T"
HOSTILE: list[tuple[str, bytes]] = [
    ("FD-001", b""),
    ("FD-001", b"\0\0"),
    ("FD-002", b"\x10\0\0\1\1T"),
    ("FD-002", b"\xff\xff\xff\1\1T"),
    ("FD-002", b"\0\0\1\1\1T"),
    ("FD-003", ONE + b"\x82\x80\x80\x80\x80\0" + b"\1T"),
    ("FD-003", ONE + b"\x82\xff\xff\xff\xff\xff"),
    ("FD-003", ONE + b"\x81\0\1T"),
    ("FD-003", ONE + b"\x83\x80\0\1T"),
    ("FD-004", ONE + b"\5\1T"),
    ("FD-004", ONE + b"\4" + bytes(32) + b"\1T"),
    ("FD-004", ONE + b"\x83\1\1\1\1T"),
    ("FD-005", ONE + b"\3\3\1\1\1\1T"),
    ("FD-005", ONE + b"\3\0\1\0\0\0\3\0" + b"\1T"),
    ("FD-006", ONE),
    ("FD-006", ONE + b"\1\1"),
    ("FD-006", ONE + b"\1"),
    ("FD-006", ONE + b"\x80"),
    ("FD-006", ONE + b"\1\0" + bytes(31)),
    ("FD-006", ONE + b"\xfe\xff\xff\xff\x7f"),
    ("FD-006", ONE + b"\x1a\1\1T"),
    ("FD-006", ONE + b"\3\0\0\0\0"),
    ("FD-007", SOUND + b"x"),
    ("FD-007", SOUND + SOUND),
    ("H-001", ONE + b"\2\1T"),
    ("H-003", ONE + b"\6\x11\1T"),
    ("H-017", ONE + bytes([len(HUFFMAN_64) << 2 & 127 | 2]) + HUFFMAN_64 + b"\1T"),
]


@pytest.mark.parametrize(("check", "packed"), HOSTILE)
def test_each_check_refuses_what_it_is_for(check: str, packed: bytes) -> None:
    for broken in (
        lambda: unpacked(packed, BASE, "bf16"),
        lambda: reference.decode(packed, len(BASE), BASE, "bf16"),
    ):
        with pytest.raises(DamagedError, match=check):
            broken()


def test_unused_bits_of_a_bitmap_are_refused() -> None:
    packed = b"\0\0\0\3\0\x04\0a\1"  # 2 elements: bit 2 is that of a third

    with pytest.raises(DamagedError, match="ZM-003"):
        unpacked(packed, bytes(4), "bf16")
    with pytest.raises(DamagedError, match="ZM-003"):
        reference.decode(packed, 4, bytes(4), "bf16")


def test_every_numbered_check_has_an_input_that_trips_it() -> None:
    numbers = set(re.findall(r"^- (FD-\d+):", PAGE, re.MULTILINE))

    assert numbers == {check for check, _ in HOSTILE if check.startswith("FD")}
    assert unpacked(SOUND, BASE, "bf16") == BASE[:-1] + b"T"


def outcome(chain: Chain, packed: bytes, base: bytes) -> bytes | str:
    try:
        return bytes(decode(chain, packed, (), len(base), base))
    except DamagedError as error:
        return re.findall(r"[A-Z]+-\d+", str(error))[0]


def expected(dtype: str, packed: bytes, base: bytes) -> bytes | str:
    try:
        return reference.decode(packed, len(base), base, dtype)
    except DamagedError as error:
        return re.findall(r"[A-Z]+-\d+", str(error))[0]


@settings(max_examples=300, deadline=None)
@given(dtype=dtypes, packed=st.binary(max_size=80), base=st.binary(max_size=60))
def test_any_bytes_are_judged_as_the_reference_does(dtype: str, packed: bytes, base: bytes) -> None:
    packed = bytes([packed[0] & 15, packed[1] & 127, 0]) + packed[2:] if packed[1:] else packed

    assert outcome(CHAINS[dtype], packed, base) == expected(dtype, packed, base)


@settings(max_examples=150, deadline=None)
@given(name=st.sampled_from([n for n in CASES if "ten" not in n]), data=st.data())
def test_changed_blocks_are_judged_as_the_reference_does(name: str, data: st.DataObject) -> None:
    dtype, (_, base) = CASES[name]
    packed = bytearray((FOLDER / f"{name}.packed").read_bytes())
    at = data.draw(st.integers(0, min(len(packed), 40) - 1) | st.integers(0, len(packed) - 1))
    packed[at] = data.draw(st.integers(0, 255))

    assert outcome(CHAINS[dtype], bytes(packed), base) == expected(dtype, bytes(packed), base)


@given(plain=st.binary(max_size=30).map(lambda some: some * 20))
def test_a_part_is_a_byte_longer_at_most_and_comes_back(plain: bytes) -> None:
    packed = parts.pack_part(plain)
    reader = parts.PartReader(packed)

    assert len(packed) <= len(plain) + 1
    assert packed == reference.write_part(plain)
    assert bytes(reader.part(len(plain))) == plain
    reader.end()
