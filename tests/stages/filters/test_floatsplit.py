"""The filter floatsplit in its chains, and from the command line."""

import math
import random
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compressor.errors import DamagedError
from compressor.reference import floatsplit as reference
from compressor.reference import huffman as reference_huffman
from compressor.stages.chain import decode, encode, parse
from compressor.stages.filters.floatsplit import LAYOUTS
from tests.stagenames import under

FORMATS = {"fp64": "d", "fp32": "f", "fp16": "e"}
dtypes = st.sampled_from(sorted(LAYOUTS))


def weights(count: int, seed: int = 1) -> bytes:
    """Return numbers as weights have them, as fp32."""
    rng = random.Random(seed)
    return b"".join(struct.pack("<f", rng.gauss(0, 0.03)) for _ in range(count))


def upper_halves(plain: bytes) -> bytes:
    return b"".join(plain[at + 2 : at + 4] for at in range(0, len(plain), 4))


def there_and_back(text: str, plain: bytes) -> bytes:
    chain = parse(text)
    encoded = encode(chain, plain)
    return bytes(decode(chain, b"".join(encoded.parts), encoded.sizes, len(plain)))


@settings(max_examples=100, deadline=None)
@given(
    dtype=st.sampled_from(sorted(FORMATS)),
    numbers=st.lists(st.floats(width=16), max_size=300),
    tail=st.binary(max_size=7),
    mantissa_bits=st.integers(0, 2),
)
def test_numbers_of_every_kind_come_back_by_their_bits(
    dtype: str, numbers: list[float], tail: bytes, mantissa_bits: int
) -> None:
    plain = struct.pack(f"<{len(numbers)}{FORMATS[dtype]}", *numbers) + tail
    text = under(f"floatsplit:dtype={dtype}:mantissa_bits={mantissa_bits}", "huffman")

    assert there_and_back(text, plain) == plain


@pytest.mark.parametrize("dtype", sorted(LAYOUTS))
def test_nans_keep_their_payloads_and_zeros_their_signs(dtype: str) -> None:
    width = LAYOUTS[dtype][0]
    ones = (1 << 8 * width) - 1
    words = [ones >> drop & keep for drop in range(8 * width) for keep in (ones, ones >> 1, ~1)]
    words += [1 << bit for bit in range(8 * width)] + [0]
    plain = b"".join((word & ones).to_bytes(width, "little") for word in words) * 3

    for mantissa_bits in range(3):
        text = under(f"floatsplit:dtype={dtype}:mantissa_bits={mantissa_bits}", "huffman")
        assert there_and_back(text, plain) == plain


@settings(max_examples=40, deadline=None)
@given(dtype=dtypes, plain=st.binary(max_size=700), mantissa_bits=st.integers(0, 2))
def test_two_references_read_what_a_chain_packs(
    dtype: str, plain: bytes, mantissa_bits: int
) -> None:
    chain = parse(under(f"floatsplit:dtype={dtype}:mantissa_bits={mantissa_bits}", "huffman"))
    encoded = encode(chain, plain)

    streams = [
        reference_huffman.decode(bytes(part), size)
        for part, size in zip(encoded.parts, encoded.sizes[::2], strict=True)
    ]
    assert reference.merge(streams, len(plain), dtype, mantissa_bits) == plain


@settings(max_examples=200, deadline=None)
@given(data=st.data(), dtype=dtypes)
def test_sizes_and_bytes_that_lie_give_damage_or_the_right_size(
    data: st.DataObject, dtype: str
) -> None:
    plain = weights(100)[: data.draw(st.integers(0, 400))]
    chain = parse(
        under(f"floatsplit:dtype={dtype}", data.draw(st.sampled_from(["store", "huffman"])))
    )
    encoded = encode(chain, plain)
    sizes, packed = list(encoded.sizes), bytearray(b"".join(encoded.parts))
    lie = st.integers(-2, 500) | st.sampled_from([1 << 31, 1 << 62])
    for place in data.draw(st.lists(st.integers(0, len(sizes) - 1), max_size=3)):
        sizes[place] = data.draw(lie)
    for place in data.draw(st.lists(st.integers(0, 10**6), max_size=2)):
        at = place % (len(packed) or 1)
        packed[at : at + 1] = data.draw(st.binary(max_size=2))
    plain_size = data.draw(st.just(len(plain)) | st.integers(0, 500))

    try:
        result = decode(chain, bytes(packed), sizes, plain_size)
    except DamagedError:
        return

    assert len(result) == plain_size


def test_streams_that_do_not_fit_the_block_are_named() -> None:
    chain = parse("floatsplit:dtype=bf16(store,store)")

    with pytest.raises(DamagedError, match="FS-002"):
        decode(chain, b"abcde", (3, 3, 2, 2), 6)


# What it is for


def size(text: str, plain: bytes) -> int:
    return encode(parse(text), plain).packed_size


@pytest.mark.parametrize(("dtype", "least", "most"), [("fp32", 0.80, 0.85), ("bf16", 0.62, 0.69)])
def test_weights_shrink_as_the_page_says(dtype: str, least: float, most: float) -> None:
    plain = weights(100_000)
    plain = plain if dtype == "fp32" else upper_halves(plain)

    sizes = [
        size(under(f"floatsplit:dtype={dtype}:mantissa_bits={bits}", "huffman"), plain)
        for bits in range(3)
    ]

    assert least * len(plain) < min(sizes)
    assert max(sizes) < most * len(plain)
    assert sizes[0] < size("zstd:level=19", plain)


def test_numbers_kept_wider_than_they_are_cost_no_more() -> None:
    narrow = upper_halves(weights(100_000))
    wide = b"".join(b"\0\0" + narrow[at : at + 2] for at in range(0, len(narrow), 2))

    # the sign has moved from one stream to another, and a stream never changes
    extra = size(under("floatsplit:dtype=fp32", "huffman"), wide) - size(
        under("floatsplit:dtype=bf16", "huffman"), narrow
    )
    assert extra < 0.005 * len(narrow)


def test_floats_kept_as_doubles_cost_no_more() -> None:
    narrow = weights(100_000)
    wide = struct.pack("<100000d", *struct.unpack("<100000f", narrow))

    extra = size(under("floatsplit:dtype=fp64", "huffman"), wide) - size(
        under("floatsplit:dtype=fp32", "huffman"), narrow
    )
    assert abs(extra) < 0.005 * len(narrow)


def test_mantissas_cut_to_ten_bits_cost_ten_bits() -> None:
    whole = struct.unpack("<100000I", weights(100_000))
    short = struct.pack("<100000I", *(word & ~0x1FFF for word in whole))
    text = under("floatsplit:dtype=fp32", "huffman")

    saved = size(text, weights(100_000)) - size(text, short)
    assert saved > 100_000 * (12.9 / 8)


def test_doubles_of_short_numbers_shrink_in_their_lowest_streams() -> None:
    plain = b"".join(
        struct.pack("<d", (math.floor(1000 * math.sin(n)) + 0.5) / 8) for n in range(50_000)
    )
    chain = parse(under("floatsplit:dtype=fp64", "huffman"))

    parts = encode(chain, plain).parts

    assert all(len(part) < 20 for part in parts[4:7])  # bytes that never change
    assert len(parts[7]) < 50_000 / 8 + 50  # and where nothing but the sign does


# The command line


@pytest.mark.parametrize("dtype", sorted(LAYOUTS))
def test_a_file_goes_through_the_command_line_and_back(dtype: str, tmp_path: Path) -> None:
    plain = weights(40_000) + b"end"
    (tmp_path / "x.bin").write_bytes(plain)
    run = [sys.executable, "-m", "compressor"]
    text = under(f"floatsplit:dtype={dtype}", "huffman")

    subprocess.run([*run, "compress", "--codec", text, "x.bin"], cwd=tmp_path, check=True)
    (tmp_path / "x.bin").unlink()
    subprocess.run([*run, "decompress", "x.bin.cz"], cwd=tmp_path, check=True)

    assert (tmp_path / "x.bin").read_bytes() == plain


def test_a_type_that_no_one_knows_is_marked() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "compressor", "compress", "--codec", "floatsplit:dtype=fp33(store)"],
        input=b"",
        capture_output=True,
        check=False,
    )

    assert run.returncode == 2
    assert b"dtype is one of fp64, fp32, bf16, fp16, fp8_e4m3, fp8_e5m2" in run.stderr
