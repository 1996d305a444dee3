"""Other chains for blocks of numbers: offered where they may gain, and nowhere else."""

import random
import struct

import pytest

from compressor.kernels import counts
from compressor.plan.alternatives import SAMPLED, alternatives, differences
from compressor.plan.numbers import DENSE_LEVEL, codings_for
from compressor.plan.records import RECORDS
from compressor.stages.chain import encode, parse

CODINGS = codings_for(3)
USUAL = parse("zstd:level=3")
TEXT = b"".join(b"%d lines of a log that repeats itself\n" % (n * n % 9973) for n in range(9000))
FORMATS = {"F64": "d", "F32": "f", "F16": "e", "I8": "b"}


def weights(dtype: str, share: float, count: int = 40_000) -> bytes:
    """Return numbers of which a share is zero; rows of 400 are pruned at the same columns."""
    rng = random.Random(3)
    kept = [rng.random() >= share for _ in range(400)]
    scale = 40 if dtype == "I8" else 0.03
    values = (rng.gauss(0, scale) if kept[n % 400] else 0 for n in range(count))
    numbers = [max(-128, min(127, round(x))) if dtype == "I8" else x for x in values]
    return struct.pack(f"<{count}{FORMATS[dtype]}", *numbers)


def offered(dtype: str, plain: bytes) -> list[str]:
    coding = CODINGS[dtype]
    packed_size = encode(coding.chain, plain).packed_size
    return [chain.info.name for chain in alternatives(coding, USUAL, plain, packed_size)]


@pytest.mark.parametrize("dtype", FORMATS)
def test_dense_numbers_are_packed_once(dtype: str) -> None:
    assert offered(dtype, weights(dtype, 0)) == []


@pytest.mark.parametrize("dtype", FORMATS)
@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_where_columns_are_zero_a_mask_is_offered(dtype: str, share: float) -> None:
    assert "zeromask" in offered(dtype, weights(dtype, share))


@pytest.mark.parametrize("dtype", [*FORMATS, "BF16", "Q8_0"])
def test_text_that_was_called_numbers_is_offered_the_usual_chain(dtype: str) -> None:
    assert offered(dtype, TEXT) == ["zstd"]


@pytest.mark.parametrize(
    ("dtype", "period"), [*((each, 10_000) for each in FORMATS), ("I8", 10_001)]
)
def test_rows_that_come_again_are_offered_the_usual_chain(dtype: str, period: int) -> None:
    """Also where a period is no multiple of four bytes: then each fourth time counts."""
    once = weights(dtype, 0)[:period]

    assert "zstd" not in offered(dtype, once)
    assert "zstd" in offered(dtype, once * 20)


def test_what_comes_again_is_seen_wherever_it_stands() -> None:
    noise = random.Random(6).randbytes(600_000)
    rest = noise[100_000:]

    assert counts.repeats(noise)[1] == 0
    assert counts.repeats(bytes(1 << 20)) == (0, 0)
    for behind in (0, 4, 64, 999_996):
        places, again = counts.repeats(rest + bytes(behind) + rest)
        assert 0.45 * places < again < 0.55 * places
    assert counts.repeats(b"") == counts.repeats(noise[:200]) == (0, 0)


@pytest.mark.parametrize("dtype", CODINGS)
@pytest.mark.parametrize("size", [0, 1, 7, SAMPLED - 1, SAMPLED + 1])
def test_blocks_of_any_size_are_looked_at(dtype: str, size: int) -> None:
    for plain in (bytes(size), TEXT[:size], bytearray(TEXT[:size])):
        coding = CODINGS[dtype]
        assert set(alternatives(coding, USUAL, plain, size)) <= {USUAL, *coding.chains[1:]}


def test_records_have_no_mask() -> None:
    assert not any(CODINGS[dtype].masks for dtype in RECORDS)


@pytest.mark.parametrize(("dtype", "short"), [("F32", "e"), ("F64", "f")])
@pytest.mark.parametrize(("share", "parted"), [(0, False), (0.1, True), (0.6, True), (1, False)])
def test_rows_that_were_shorter_once_are_offered_a_mask(
    dtype: str, short: str, share: float, parted: bool
) -> None:
    rng = random.Random(5)
    rows = []
    for number in range(100):
        values = [rng.gauss(0, 0.03) for _ in range(400)]
        if number < 100 * share:
            values = list(struct.unpack(f"<400{short}", struct.pack(f"<400{short}", *values)))
        rows.append(struct.pack(f"<400{FORMATS[dtype]}", *values))
    rng.shuffle(rows)
    plain = b"".join(rows)
    coding = CODINGS[dtype]

    assert offered(dtype, plain) == ["zeromask"] * parted
    if parted:
        mask = coding.masks[1].chain
        gained = encode(coding.chain, plain).packed_size - encode(mask, plain).packed_size
        assert gained > 0.01 * len(plain)


@pytest.mark.parametrize("dtype", CODINGS)
def test_numbers_are_tried_densely_at_high_levels(dtype: str) -> None:
    coding = codings_for(DENSE_LEVEL)[dtype]
    plain = bytes(range(256)) * 400

    last = [*alternatives(coding, USUAL, plain, len(plain), 300)][-1:]

    names = {"F32": "fp32", "BF16": "bf16", "F16": "fp16", "I8": "int8"}
    names |= {"F64": "fp64", "F8_E4M3": "fp8_e4m3", "F8_E5M2": "fp8_e5m2"}
    wires = [chain.wire for chain in last if chain.info.name == "dense"]
    assert wires == [f"dense:dtype={names[name]}:columns=300" for name in names if name == dtype]
    assert CODINGS[dtype].dense is None


def test_differences_are_tried_densely_at_high_levels() -> None:
    names = {"F32": "fp32", "BF16": "bf16", "F16": "fp16", "I8": "int8"}
    names |= {"F8_E4M3": "fp8_e4m3", "F8_E5M2": "fp8_e5m2"}
    for dtype, name in names.items():
        found = [chain.wire for chain in differences(codings_for(DENSE_LEVEL)[dtype], 300)]

        usual = f"floatdelta:dtype={'fp8_e4m3' if dtype == 'I8' else name}"
        assert found == [usual, f"densedelta:dtype={name}:columns=300"]
        assert [chain.wire for chain in differences(CODINGS[dtype], 300)] == [usual]
    assert len(differences(codings_for(DENSE_LEVEL)["F64"])) == 1
