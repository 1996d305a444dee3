"""The codec densedelta: its page, the reference, golden files, hostile blocks, what it is for."""

import random
import re
import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compressor.errors import DamagedError
from compressor.reference import dense_shapes
from compressor.reference import densedelta as reference
from compressor.stages.chain import decode, encode, parse
from tests.vectors.make_densedelta import CASES, FOLDER, trained, trained_bytes
from tests.vectors.make_floatdelta import pair

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/format/densedelta.md").read_text()
TYPES = {name: words for name, words in dense_shapes.TYPES.items() if name != "fp64"}
BYTES = [name for name, (width, _, _) in TYPES.items() if width == 1]
dtypes = st.sampled_from(list(TYPES))
few = settings(max_examples=40, deadline=None)


def packed_of(plain: bytes, base: bytes, dtype: str, columns: int) -> bytes:
    chain = parse(f"densedelta:dtype={dtype}:columns={columns}")
    return b"".join(map(bytes, encode(chain, plain, base).parts))


def unpacked(packed: bytes, base: bytes, dtype: str, columns: int) -> bytes:
    chain = parse(f"densedelta:dtype={dtype}:columns={columns}")
    return bytes(decode(chain, packed, (), len(base), base))


def by_reference(packed: bytes, base: bytes, dtype: str, columns: int) -> bytes:
    return reference.decode(packed, len(base), base, dtype, columns)


def moved(count: int, columns: int, dtype: str) -> tuple[bytes, bytes]:
    return (trained_bytes if dtype in BYTES else trained)(count, columns, dtype)


@few
@given(
    dtype=dtypes,
    columns=st.integers(1, 40) | st.just(1 << 20),
    both=st.binary(max_size=400) | st.binary(max_size=40).map(lambda some: some * 50),
)
def test_any_bytes_come_back_beside_any_others(dtype: str, columns: int, both: bytes) -> None:
    half = len(both) // 2
    plain, base = both[:half], both[half : 2 * half]

    packed = packed_of(plain, base, dtype, columns)

    assert unpacked(packed, base, dtype, columns) == plain
    assert by_reference(packed, base, dtype, columns) == plain


@few
@given(
    dtype=dtypes,
    columns=st.integers(1, 50),
    count=st.integers(0, 2500),
    rare=st.integers(1, 40),
    outer=st.booleans(),
)
def test_numbers_that_moved_come_back_and_the_reference_reads_them(
    dtype: str, columns: int, count: int, rare: int, *, outer: bool
) -> None:
    if outer:
        plain, base = moved(count, columns, dtype)
    else:
        plain, base = pair(count, "fp8_e4m3" if dtype == "int8" else dtype, rare)

    packed = packed_of(plain, base, dtype, columns)

    assert unpacked(packed, base, dtype, columns) == plain
    assert by_reference(packed, base, dtype, columns) == plain


@few
@given(dtype=dtypes, base=st.binary(max_size=48), head=st.binary(min_size=4, max_size=4))
def test_any_base_is_moved_as_the_reference_does(dtype: str, base: bytes, head: bytes) -> None:
    """One factor, and a symbol that says: just as expected."""
    head = bytes([0, 0, 0, 1]) + head
    base = base[: len(base) // 4 * 4]
    count = len(base) // TYPES[dtype][0]
    sides = b"\0\x50" + b"\0\xff" + b"\0" + bytes(37 * i % 256 for i in range(min(count, 64)))
    packed = head + (sides if count else b"\1\1\1") + b"\0\x31" + CODED

    assert unpacked(packed, base, dtype, 64) == by_reference(packed, base, dtype, 64)


def bf16(numbers: list[float]) -> bytes:
    return b"".join(struct.pack("<f", x)[2:] for x in numbers)


def sizes(new: list[float], old: list[float], columns: int) -> tuple[int, int]:
    """Return what bf16 takes under densedelta, and under floatdelta."""
    plain, base = bf16(new), bf16(old)
    usual = encode(parse("floatdelta:dtype=bf16"), plain, base)
    return len(packed_of(plain, base, "bf16", columns)), usual.packed_size


def test_scales_of_rows_and_columns_make_steps_smaller() -> None:
    rng = random.Random(1)
    old = [rng.gauss(0, 0.02) for _ in range(40_000)]
    by_row = [2 ** rng.uniform(-2, 2) for _ in range(400)]
    by_column = [2 ** rng.uniform(-2, 2) for _ in range(100)]
    scales = (r * c for r in by_row for c in by_column)
    new = [x + rng.gauss(0, 2e-4) * scale for x, scale in zip(old, scales, strict=True)]

    ours, usual = sizes(new, old, 100)

    assert ours < 0.93 * usual
    assert ours < 0.97 * sizes(new, old, 99)[0]


def test_a_row_that_moved_far_costs_no_other_its_scale() -> None:
    rng = random.Random(5)
    old = [rng.gauss(0, 1e-6) for _ in range(20_000)]
    new = [x + rng.gauss(0, 1e-8) for x in old]
    far = [rng.gauss(0, 1e36) for _ in range(100)]
    base, plain, beside = (
        struct.pack("<20000f", *some) for some in (old, new, far + new[len(far) :])
    )

    packed = len(packed_of(beside, base, "fp32", 100))

    assert packed < 1.02 * len(packed_of(plain, base, "fp32", 100))


def test_what_rows_and_columns_foretell_costs_next_to_nothing() -> None:
    rng = random.Random(2)
    old = [rng.gauss(0, 0.02) for _ in range(40_000)]
    outer = [[rng.gauss(0, 1) for _ in range(size)] for size in (400, 100, 400, 100)]
    ways = [
        outer[0][i] * outer[1][j] + outer[2][i] * outer[3][j]
        for i in range(400)
        for j in range(100)
    ]
    new = [x + 1e-3 * way for x, way in zip(old, ways, strict=True)]

    ours, usual = sizes(new, old, 100)

    assert ours < 0.6 * usual


@pytest.mark.parametrize("dtype", BYTES)
def test_steps_of_8_bits_are_smaller_by_rows_and_columns(dtype: str) -> None:
    plain, base = trained_bytes(60_000, 100, dtype)
    near = "fp8_e4m3" if dtype == "int8" else dtype
    usual = encode(parse(f"floatdelta:dtype={near}"), plain, base).packed_size

    assert len(packed_of(plain, base, dtype, 100)) < 0.9 * usual
    assert len(packed_of(plain, base, dtype, 100)) < 0.9 * len(packed_of(plain, base, dtype, 99))


@pytest.mark.parametrize("dtype", TYPES)
def test_noise_grows_by_little(dtype: str) -> None:
    rng = random.Random(3)
    plain, base = rng.randbytes(60_000), rng.randbytes(60_000)

    assert len(packed_of(plain, base, dtype, 64)) < 1.1 * len(plain)


# Golden files and the page


@pytest.mark.parametrize("name", CASES)
def test_golden_files_are_read_and_written_alike(name: str) -> None:
    dtype, columns, (plain, base) = CASES[name]
    golden = (FOLDER / f"{name}.packed").read_bytes()

    assert packed_of(plain, base, dtype, columns) == golden
    assert unpacked(golden, base, dtype, columns) == plain


@pytest.mark.parametrize("name", CASES)
def test_the_reference_reads_golden_files(name: str) -> None:
    dtype, columns, (plain, base) = CASES[name]
    golden = (FOLDER / f"{name}.packed").read_bytes()

    assert by_reference(golden, base, dtype, columns) == plain


def test_every_golden_file_has_its_formula() -> None:
    assert {file.stem for file in FOLDER.iterdir()} == set(CASES)


def test_golden_files_have_every_flag_and_several_factors() -> None:
    heads = [(FOLDER / f"{name}.packed").read_bytes()[:4] for name in CASES]

    assert {head[0] for head in heads} == {0, 1, 2, 3}
    assert max(head[3] for head in heads) > 1


def test_the_examples_of_the_page_hold() -> None:
    section = PAGE.split("## Example", 1)[1]
    texts = re.findall(r"bytes, `([0-9a-f ]+)`, beside `([0-9a-f ]+)`", section)
    rows = [
        bytes.fromhex("".join(re.findall(r"^\| ([0-9a-f ]+) \|", table, re.MULTILINE)))
        for table in section.split("| packed | meaning |")[1:]
    ]
    for (plain, base), packed in zip(texts, rows, strict=True):
        assert unpacked(packed, bytes.fromhex(base), "bf16", 3) == bytes.fromhex(plain)
        assert by_reference(packed, bytes.fromhex(base), "bf16", 3) == bytes.fromhex(plain)
    plain, base = map(bytes.fromhex, texts[0])

    assert len(rows) == 2
    assert packed_of(plain, base, "bf16", 3) == rows[0]


# Hostile blocks

BASE = struct.pack("<4H", 0x3F80, 0x3F00, 0xBE80, 0x0000) + b"t"  # in two rows of two
CODED = struct.pack("<I8I", 0, *[65536] * 8)
ONE = b"\0\x31"  # the levels of one symbol in one context
TWO = b"\0\x31\x31"
SIGNED = b"\2\0\1\0\0\0\0\0"


def block(
    head: bytes = bytes(8), levels: bytes = ONE, *, sides: bytes = b"\1", coded: bytes = CODED
) -> bytes:
    return head + b"T" + sides + levels + coded


ONE_BIT = struct.pack("<I8I", 0, *[16 * 4096 + 4095] * 4, *[65536] * 4)
HOSTILE: list[tuple[str, bytes]] = [
    ("DD-001", b""),
    ("DD-001", bytes(7)),
    ("DD-002", block(b"\4" + bytes(7))),
    ("DD-002", block(b"\x80" + bytes(7))),
    ("DD-003", block(b"\0\x30" + bytes(6))),
    ("DD-003", block(b"\0\0\x3c" + bytes(5))),
    ("DD-003", block(b"\0\0\0\x21" + bytes(4))),
    ("DD-004", block(levels=b"\0\x40")),
    ("DD-004", block(b"\0\1" + bytes(6), b"\0\x3f\1")),
    ("DD-005", block(levels=b"\1")),
    ("DD-005", block(b"\0\1" + bytes(6), b"\0\x31\xcf")),
    ("DD-006", block(SIGNED, TWO + b"\0\x08")),
    ("DD-006", block(SIGNED, TWO + b"\0\xf8")),
    ("DN-011", block(coded=CODED[:-1])),
    ("DN-011", block(coded=b"\1" + CODED[1:])),
    ("DN-011", block(coded=b"\0" * 36)),
    ("DN-011", block(b"\0\0\1" + bytes(5), TWO, coded=ONE_BIT)),
    ("DN-012", block(coded=CODED[:-1] + b"\1")),
    ("DN-013", block(coded=CODED + b"\0")),
    ("DN-013", block(coded=b"\1" + CODED[1:] + b"\0\0")),
    ("FD-006", bytes(8)),
    ("FD-006", block()[:10]),
    ("FD-006", block(b"\0\0\0\1" + bytes(4), b"", coded=b"")),
    ("FD-005", block(sides=b"\3\3")),
]


def judged(packed: bytes, base: bytes, dtype: str, columns: int) -> tuple[str, str]:
    """Return what the stage and the reference say: the check, or the plain bytes."""
    found = []
    for read in (unpacked, by_reference):
        try:
            found.append(read(packed, base, dtype, columns).hex())
        except DamagedError as error:
            found.append(re.findall(r"[A-Z]+-\d+", str(error))[0])
    return found[0], found[1]


@pytest.mark.parametrize(("check", "packed"), HOSTILE)
def test_each_check_refuses_what_it_is_for(check: str, packed: bytes) -> None:
    assert judged(packed, BASE, "bf16", 2) == (check, check)


def test_every_numbered_check_has_an_input_that_trips_it() -> None:
    numbers = set(re.findall(r"^- (DD-\d+):", PAGE, re.MULTILINE))

    assert numbers == {check for check, _ in HOSTILE if check.startswith("DD")}
    assert judged(block(), BASE, "bf16", 2) == ((BASE[:-1] + b"T").hex(),) * 2


def test_fp32_has_more_symbols() -> None:
    levels = b"\0" + b"\x31" + bytes(123)

    assert judged(bytes([0, 0, 123]) + bytes(5) + b"\1" + levels + CODED, bytes(4), "fp32", 2) == (
        "00000000",
        "00000000",
    )
    packed = bytes([0, 0, 124]) + bytes(5) + b"\1" + levels + b"\0" + CODED
    assert judged(packed, bytes(4), "fp32", 2) == ("DD-003", "DD-003")


@settings(max_examples=80, deadline=None)
@given(dtype=dtypes, packed=st.binary(max_size=150), base=st.binary(max_size=60))
def test_any_bytes_are_judged_as_the_reference_does(dtype: str, packed: bytes, base: bytes) -> None:
    packed = bytes([packed[0] & 3, packed[1] & 1]) + packed[2:] if packed[1:] else packed

    ours, reference_s = judged(packed, base, dtype, 5)

    assert ours == reference_s


SMALL = ["rows-alone", "columns", "halves", "frozen", "factors-fp32", "falling-bf16"]


@settings(max_examples=60, deadline=None)
@given(name=st.sampled_from(SMALL), data=st.data())
def test_changed_blocks_are_judged_as_the_reference_does(name: str, data: st.DataObject) -> None:
    dtype, columns, (_, base) = CASES[name]
    packed = bytearray((FOLDER / f"{name}.packed").read_bytes())
    at = data.draw(st.integers(0, 150) | st.integers(0, len(packed) - 1))
    packed[at] = data.draw(st.integers(0, 255))
    if data.draw(st.booleans()):
        del packed[data.draw(st.integers(4, len(packed))) :]

    ours, reference_s = judged(bytes(packed), base, dtype, columns)

    assert ours == reference_s or {ours, reference_s} <= {f"DN-0{n}" for n in (11, 12, 13)}
