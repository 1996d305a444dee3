"""The codec dense: its page, the reference, golden files, hostile blocks, what it is for."""

import random
import re
import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compressor.errors import DamagedError
from compressor.kernels import dense as kernel
from compressor.reference import dense as reference
from compressor.reference.dense_shapes import TYPES
from compressor.stages.chain import decode, encode, parse
from compressor.stages.codecs.dense import LAYOUTS
from tests.vectors.make_dense import CASES, FOLDER, holed, integers, weights

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/format/dense.md").read_text()
dtypes = st.sampled_from(list(TYPES))
few = settings(max_examples=40, deadline=None)


def packed_of(plain: bytes, dtype: str, columns: int) -> bytes:
    return b"".join(
        map(bytes, encode(parse(f"dense:dtype={dtype}:columns={columns}"), plain).parts)
    )


def unpacked(packed: bytes, plain_size: int, dtype: str, columns: int) -> bytes:
    return bytes(decode(parse(f"dense:dtype={dtype}:columns={columns}"), packed, (), plain_size))


@few
@given(
    dtype=dtypes,
    columns=st.integers(1, 40) | st.just(1 << 20),
    plain=st.binary(max_size=200) | st.binary(max_size=30).map(lambda some: some * 40),
)
def test_any_bytes_come_back_and_the_reference_reads_them(
    dtype: str, columns: int, plain: bytes
) -> None:
    packed = packed_of(plain, dtype, columns)

    assert unpacked(packed, len(plain), dtype, columns) == plain
    assert reference.decode(packed, len(plain), dtype, columns) == plain


@few
@given(dtype=dtypes, columns=st.integers(1, 50), count=st.integers(0, 2500), cut=st.integers(0, 20))
def test_weights_come_back_and_the_reference_reads_them(
    dtype: str, columns: int, count: int, cut: int
) -> None:
    plain = weights(count, columns, dtype, cut=cut if dtype == "fp32" else 0)

    packed = packed_of(plain, dtype, columns)

    assert unpacked(packed, len(plain), dtype, columns) == plain
    assert reference.decode(packed, len(plain), dtype, columns) == plain


def bells(rows: int, columns: int, seed: int) -> list[float]:
    """Return bell-shaped weights whose rows and columns have scales of their own."""
    rng = random.Random(seed)
    by_row = [2 ** rng.uniform(-2, 2) for _ in range(rows)]
    by_column = [2 ** rng.uniform(-2, 2) for _ in range(columns)]
    return [rng.gauss(0, 0.02) * r * c for r in by_row for c in by_column]


def test_scales_of_rows_and_columns_make_weights_smaller() -> None:
    numbers = bells(300, 100, 1)
    plain = b"".join(struct.pack("<f", x)[2:] for x in numbers)
    usual = encode(parse("floatsplit:dtype=bf16:mantissa_bits=2(huffman,huffman)"), plain)
    right = len(packed_of(plain, "bf16", 100))

    assert right < 0.96 * usual.packed_size
    assert right < 0.98 * len(packed_of(plain, "bf16", 99))


@pytest.mark.parametrize(("spread", "scaled"), [(0, False), (0.05, False), (0.5, True)])
def test_columns_have_scales_where_these_pay(spread: float, scaled: bool) -> None:
    rng = random.Random(7)
    by_column = [2 ** rng.gauss(0, spread) for _ in range(512)]
    numbers = [rng.gauss(0, 0.02) * by_column[n % 512] for n in range(100 * 512)]

    packed = packed_of(struct.pack(f"<{len(numbers)}f", *numbers), "fp32", 512)

    assert packed[0] & 1 == scaled


def test_a_few_huge_rows_cost_no_other_its_scale() -> None:
    numbers = bells(400, 64, 3)
    plain = struct.pack(f"<{len(numbers)}f", *numbers)
    huge = struct.pack("<128f", *[random.Random(4).gauss(0, 1e36) for _ in range(128)])

    beside = len(packed_of(huge + plain[len(huge) :], "fp32", 64))

    assert beside < 1.01 * len(packed_of(plain, "fp32", 64))


def test_scales_of_rows_and_columns_make_integers_smaller() -> None:
    plain = bytes(max(-127, min(127, round(300 * x))) % 256 for x in bells(300, 100, 4))
    right = len(packed_of(plain, "int8", 100))

    assert right < 0.9 * encode(parse("huffman"), plain).packed_size
    assert right < 0.95 * len(packed_of(plain, "int8", 99))


@pytest.mark.parametrize("dtype", ["int8", "fp8_e4m3", "fp8_e5m2"])
def test_the_largest_of_each_row_costs_little(dtype: str) -> None:
    plain = integers(30_000, 100)
    scaled = integers(30_000, 100, scaled=True)

    assert len(packed_of(scaled, dtype, 100)) < len(packed_of(plain, dtype, 100)) + 600


def test_scales_of_rows_and_columns_make_doubles_smaller() -> None:
    numbers = bells(300, 100, 5)
    plain = struct.pack(f"<{len(numbers)}d", *numbers)
    usual = parse(f"floatsplit:dtype=fp64:mantissa_bits=2({','.join(['huffman'] * 8)})")
    right = len(packed_of(plain, "fp64", 100))

    assert right < 0.99 * encode(usual, plain).packed_size
    assert right < 0.995 * len(packed_of(plain, "fp64", 99))


@pytest.mark.parametrize(("power", "part"), [(-900, 1.01), (-240, 0.88), (240, 0.88), (900, 1.01)])
def test_doubles_that_no_scale_reaches_grow_by_little(power: int, part: float) -> None:
    plain = struct.pack("<20000d", *(x * 2.0**power for x in bells(200, 100, 6)))

    assert len(packed_of(plain, "fp64", 100)) < part * len(plain)


def test_what_was_fp32_once_has_halves_of_few_bytes() -> None:
    plain = struct.pack(
        "<20000d", *struct.unpack("<20000f", struct.pack("<20000f", *bells(200, 100, 2)))
    )

    assert len(packed_of(plain, "fp64", 100)) < 0.42 * len(plain)


def test_zeros_of_either_sign_cost_a_bit_or_two() -> None:
    plain = weights(6000, 60, "fp16")
    size = {
        minus: len(packed_of(holed(plain, 2, 3, minus=minus), "fp16", 60))
        for minus in (False, True)
    }

    assert size[True] < size[False] + 2000 // 8 + 100


def test_columns_of_zeros_take_nothing() -> None:
    live, dead = weights(40_000, 40, "bf16"), bytes(2)
    some = range(0, len(live), 40)
    plain = b"".join(live[at : at + 40] + dead * 2 for at in some)

    assert len(packed_of(plain, "bf16", 44)) < 1.01 * len(packed_of(live, "bf16", 40))


def test_what_was_fp16_once_takes_no_more_than_fp16() -> None:
    halves = struct.pack("<20000e", *bells(200, 100, 2))
    singles = struct.pack("<20000f", *struct.unpack("<20000e", halves))

    size = len(packed_of(halves, "fp16", 100))

    assert abs(len(packed_of(singles, "fp32", 100)) - size) < 0.03 * size


def test_columns_that_lean_to_a_sign_take_less() -> None:
    size = {
        leans: len(packed_of(weights(33_000, 40, "bf16", leans=leans), "bf16", 40))
        for leans in (False, True)
    }

    assert size[True] < size[False] - 33_000 // 8 // 20


@pytest.mark.parametrize("dtype", TYPES)
def test_noise_grows_by_little(dtype: str) -> None:
    plain = random.Random(3).randbytes(100_000)
    most = 1.15 if dtype == "fp8_e5m2" else 1.1  # has 32 octaves, of which a shape has 18

    assert len(packed_of(plain, dtype, 64)) < most * len(plain)


# Golden files and the page


@pytest.mark.parametrize("name", CASES)
def test_golden_files_are_read_and_written_alike(name: str) -> None:
    dtype, columns, plain = CASES[name]
    golden = (FOLDER / f"{name}.packed").read_bytes()

    assert packed_of(plain, dtype, columns) == golden
    assert unpacked(golden, len(plain), dtype, columns) == plain


@pytest.mark.parametrize("name", CASES)
def test_the_reference_reads_golden_files(name: str) -> None:
    dtype, columns, plain = CASES[name]
    golden = (FOLDER / f"{name}.packed").read_bytes()

    assert reference.decode(golden, len(plain), dtype, columns) == plain


def test_every_golden_file_has_its_formula() -> None:
    assert {file.stem for file in FOLDER.iterdir()} == set(CASES)


def test_golden_files_have_every_flag_and_several_classes() -> None:
    heads = [(FOLDER / f"{name}.packed").read_bytes()[:2] for name in CASES]

    assert {flags for flags, _ in heads} == {0, 1, 3, 5, 7, 8, 9}
    assert {classes for _, classes in heads} == {0, 1, 3, 4}


def test_the_example_of_the_page_holds() -> None:
    section = PAGE.split("## Example", 1)[1]
    plain = bytes.fromhex(re.findall(r"bytes, `([0-9a-f ]+)`", section)[0])
    packed = bytes.fromhex("".join(re.findall(r"^\| ([0-9a-f ]+) \|", section, re.MULTILINE)))

    assert packed_of(plain, "bf16", 3) == packed
    assert reference.decode(packed, len(plain), "bf16", 3) == plain


# Hostile blocks

SIZE = 9  # bytes: four numbers of bf16 in two rows, and a tail
SHAPE = b"\x81\x00" + b"\0" * 11 + b"\x8f\x00" + b"\0" * 39  # 256 to the escape, 3840 to symbol 12
PARTS = b"\1"  # rows: zeros
CODED = struct.pack("<I8I", 0, *[65536] * 8)


def block(
    head: bytes = b"\0\0\0\0",
    sides: bytes = PARTS,
    shapes: bytes = SHAPE,
    *,
    odds: bytes = b"",
    coded: bytes = CODED,
) -> bytes:
    return head + b"T" + sides + shapes + odds + coded


def sound() -> bytes:
    return packed_of(b"\x80\x3f\x00\x3f\x40\x3f\x80\xbe" + b"T", "bf16", 2)


FULL = b"\x90\x00" + b"\0" * 51  # all to the escape
ESCAPES = struct.pack("<I8I", 0, *[65536] * 8) + bytes(8)
HOSTILE: list[tuple[str, bytes]] = [
    ("DN-001", b"\0\0\0"),
    ("DN-001", b""),
    ("DN-002", block(b"\x10\0\0\0")),
    ("DN-002", block(b"\1\x08\0\0")),
    ("DN-002", block(b"\0\1\0\0")),
    ("DN-002", block(b"\2\0\0\0")),
    ("DN-003", block(b"\0\0\1\x40")),
    ("DN-003", block(b"\0\0\xff\xbf")),
    ("DN-004", block(b"\4\0\0\0")),
    ("DN-005", block(b"\1\1\0\0", b"\1\1\0\0\2", SHAPE + SHAPE)),
    ("DN-005", block(b"\3\0\0\0", b"\1\1\0\0\x10")),
    ("DN-006", block(shapes=b"\x80\x7f" + SHAPE)),
    ("DN-006", block(shapes=b"\x90\x01" + SHAPE)),
    ("DN-007", block(shapes=b"\x7f" + SHAPE[2:])),
    ("DN-007", block(shapes=b"\0\x90\0" + b"\0" * 50)),
    ("DN-008", block(b"\3\0\0\0", b"\1\1\1", odds=b"\1" * 69 + b"\0")),
    ("DN-011", block(coded=CODED[:-1])),
    ("DN-011", block(coded=b"\1" + CODED[1:])),
    ("DN-011", block(shapes=FULL, coded=ESCAPES[:-1])),
    ("DN-011", block(shapes=SHAPE, coded=b"\0" * 36 + bytes(8))),
    ("DN-012", block(shapes=FULL, coded=ESCAPES[:4] + b"\1" + ESCAPES[5:])),
    ("DN-013", block(shapes=FULL, coded=ESCAPES + b"\0")),
    ("DN-013", block(shapes=FULL, coded=b"\1" + ESCAPES[1:36] + b"\0\0" + ESCAPES[36:])),
    ("FD-006", b"\0\0\0\0"),
    ("FD-006", block()[:6]),
    ("FD-006", block()[:40]),
    ("FD-005", block(sides=b"\3\3")),
]


def judged(packed: bytes, plain_size: int, dtype: str, columns: int) -> tuple[str, str]:
    """Return what the stage and the reference say: the check, or the plain bytes."""
    found = []
    for read in (unpacked, reference.decode):
        try:
            found.append(read(packed, plain_size, dtype, columns).hex())
        except DamagedError as error:
            found.append(re.findall(r"[A-Z]+-\d+", str(error))[0])
    return found[0], found[1]


@pytest.mark.parametrize(("check", "packed"), HOSTILE)
def test_each_check_refuses_what_it_is_for(check: str, packed: bytes) -> None:
    assert judged(packed, SIZE, "bf16", 2) == (check, check)


LEVELS = b"\x90\x00" + b"\0" * 20
FP32: list[tuple[str, bytes]] = [
    ("DN-005", b"\4\0\0\0" + b"\1" + b"\0\2" + FULL),
    ("DN-009", b"\4\0\0\0" + b"\1" + b"\1" + FULL + b"\0\x20"),
    ("DN-010", b"\4\0\0\0" + b"\1" + b"\1" + FULL + b"\0\0" + b"\1" * 21),
]


BYTE_ESCAPES = struct.pack("<I8I", 0, *[131072] * 3, *[65536] * 5) + bytes(3)  # three with a plus
BYTES: list[tuple[str, bytes]] = [
    ("DN-002", b"\0\1\0\0"),
    ("DN-004", b"\4\0\0\0"),
    ("DN-015", b"\1\1\0\0"),
    ("DN-015", b"\x08\0\0\0"),
    ("DN-007", b"\0\0\0\0" + b"\1" + FULL + b"\0\1"),
    ("DN-007", b"\0\0\0\0" + b"\1" + b"\0" * 52 + b"\0\x90\0"),
    ("DN-016", b"\0\0\0\0" + b"\1" + FULL + b"\x81\0"),
    ("DN-008", b"\3\0\0\0" + b"\1" * 3 + FULL + b"\0\0" + b"\1" * 69 + b"\0"),
    ("DN-011", b"\0\0\0\0" + b"\1" + FULL + b"\0\0" + BYTE_ESCAPES[:-1]),
    ("DN-012", b"\0\0\0\0" + b"\1" + FULL + b"\0\0" + BYTE_ESCAPES[:4] + b"\1" + BYTE_ESCAPES[5:]),
    ("DN-013", b"\0\0\0\0" + b"\1" + FULL + b"\0\0" + BYTE_ESCAPES + b"\0"),
]


@pytest.mark.parametrize("dtype", ["int8", "fp8_e4m3", "fp8_e5m2"])
@pytest.mark.parametrize(("check", "packed"), BYTES)
def test_blocks_of_bytes_are_checked(check: str, packed: bytes, dtype: str) -> None:
    assert judged(packed, 3, dtype, 3) == (check, check)


DOUBLES: list[tuple[str, bytes]] = [
    ("DN-004", b"\4\0\0\0"),
    ("FD-006", b"\0\0\0\0" + b"\1" + b"\1\1\1"),
    ("FD-006", b"\0\0\0\0" + b"\1" + b"\1\1\1\0L"),
    ("DN-007", b"\0\0\0\0" + b"\1" + b"\1\1\1\0LL" + b"\1" * 52),
    ("DN-011", b"\0\0\0\0" + b"\1" + b"\1\1\1\1" + FULL + ESCAPES[:-1]),
    ("DN-013", b"\0\0\0\0" + b"\1" + b"\1\1\1\1" + FULL + ESCAPES + b"\0"),
]


@pytest.mark.parametrize(("check", "packed"), DOUBLES)
def test_blocks_of_doubles_are_checked(check: str, packed: bytes) -> None:
    assert judged(packed, 16, "fp64", 2) == (check, check)


@pytest.mark.parametrize("dtype", ["int8", "fp8_e4m3", "fp8_e5m2"])
def test_escapes_are_bytes_as_they_are(dtype: str) -> None:
    packed = b"\0\0\0\0" + b"\1" + FULL + b"\0\0" + BYTE_ESCAPES[:-3]

    minus = packed[:-36] + struct.pack("<I8I", 0, *[131072 + 2048] * 3, *[65536] * 5)

    for head, sign in ((packed, 0), (minus, 128)):
        some = head + (1 | 127 << 7 | 5 << 14).to_bytes(3, "little")
        assert judged(some, 3, dtype, 3) == (bytes([sign + 1, sign + 127, sign + 5]).hex(),) * 2


@pytest.mark.parametrize("name", [name for name in CASES if LAYOUTS[CASES[name][0]][0] == 1])
def test_the_loops_for_any_processor_read_the_same(name: str) -> None:
    dtype, columns, plain = CASES[name]
    side, tables, coded = kernel.encode_bytes(plain, LAYOUTS[dtype], columns, True)

    for vectors in (False, True):
        given = len(plain), LAYOUTS[dtype], columns, side, tables
        assert kernel.decode_bytes(coded, *given, vectors=vectors) == plain


@pytest.mark.parametrize(("check", "packed"), FP32)
def test_endings_are_checked(check: str, packed: bytes) -> None:
    assert judged(packed, 8, "fp32", 2) == (check, check)


def test_a_magnitude_out_of_range_is_refused() -> None:
    packed = packed_of(b"\x80\x3f" * 64, "bf16", 64)

    for base in (-4000, 4000):
        changed = packed[:2] + struct.pack("<h", base) + packed[4:]
        assert judged(changed, 128, "bf16", 64) == ("DN-014", "DN-014")


def test_bits_behind_the_last_are_refused() -> None:
    dtype, columns, plain = CASES["the-page-s"]
    packed = packed_of(plain, dtype, columns)

    for bit in (2, 128):
        changed = packed[:-1] + bytes([packed[-1] | bit])
        assert judged(changed, len(plain), dtype, columns) == ("DN-013", "DN-013")


def test_every_numbered_check_has_an_input_that_trips_it() -> None:
    numbers = set(re.findall(r"^- (DN-\d+):", PAGE, re.MULTILINE))

    assert numbers == {check for check, _ in HOSTILE + FP32 + BYTES if check[0] == "D"} | {"DN-014"}


@settings(max_examples=80, deadline=None)
@given(dtype=dtypes, packed=st.binary(max_size=150), size=st.integers(0, 60))
def test_any_bytes_are_judged_as_the_reference_does(dtype: str, packed: bytes, size: int) -> None:
    packed = bytes([packed[0] & 15, packed[1] & 1]) + packed[2:] if packed[1:] else packed

    ours, reference_s = judged(packed, size, dtype, 5)

    assert ours == reference_s


SMALL = ["columns", "rows-alone", "short-singles", "halves", "mixed-fp32", "zeros-with-signs"]
SMALL += ["doubles", "mixed-fp64", "integers-scaled", "e4m3-with-holes", "e5m2", "mixed-int8"]


@settings(max_examples=100, deadline=None)
@given(name=st.sampled_from(SMALL), data=st.data())
def test_changed_blocks_are_judged_as_the_reference_does(name: str, data: st.DataObject) -> None:
    dtype, columns, plain = CASES[name]
    packed = bytearray((FOLDER / f"{name}.packed").read_bytes())
    at = data.draw(st.integers(0, 150) | st.integers(0, len(packed) - 1))
    packed[at] = data.draw(st.integers(0, 255))
    if data.draw(st.booleans()):
        del packed[data.draw(st.integers(4, len(packed))) :]

    ours, reference_s = judged(bytes(packed), len(plain), dtype, columns)

    assert ours == reference_s or {ours, reference_s} <= {f"DN-0{n}" for n in (11, 12, 13, 14)}
