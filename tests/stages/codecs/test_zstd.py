"""Zstandard frames built field by field (RFC 8878, section 3.1.1), and what the options promise."""

import random

import pytest

from compressor.errors import ChainError, DamagedError
from compressor.stages.chain import encode, parse
from compressor.stages.codecs.zstd import EMPTY_FRAME, Zstd

MAGIC = bytes.fromhex("28b52ffd")
SKIPPABLE = bytes.fromhex("502a4d18") + b"\x03\0\0\0abc"
SINGLE_SEGMENT = 0x20  # and a content size of one byte
SIZE_OF_4_BYTES = 0x80


def raw_block(content: bytes) -> bytes:
    return (len(content) << 3 | 1).to_bytes(3, "little") + content


def frame(content: bytes, declared: int | None = None) -> bytes:
    size = len(content) if declared is None else declared
    return MAGIC + bytes([SINGLE_SEGMENT, size]) + raw_block(content)


def windowed(window_log: int, content: bytes) -> bytes:
    descriptor = bytes([(window_log - 10) << 3])
    size = len(content).to_bytes(4, "little")
    return MAGIC + bytes([SIZE_OF_4_BYTES]) + descriptor + size + raw_block(content)


def test_the_frames_built_here_are_sound() -> None:
    assert Zstd().decode(frame(b"abc"), 3) == b"abc"
    assert Zstd().decode(windowed(20, b"abc"), 3) == b"abc"
    assert Zstd().decode(windowed(31, b"abc"), 3) == b"abc"


@pytest.mark.parametrize(
    ("packed", "plain_size"),
    [
        pytest.param(frame(b"abc", declared=4), 4, id="declares more than it holds"),
        pytest.param(frame(b"abc", declared=2), 2, id="declares less than it holds"),
        pytest.param(frame(b"abc"), 4, id="declares another size than the block"),
        pytest.param(MAGIC + b"\x00\x58" + raw_block(b"abc"), 3, id="declares no size"),
        pytest.param(MAGIC + b"\x28\x03" + raw_block(b"abc"), 3, id="has the reserved bit"),
        pytest.param(MAGIC + b"\x21\x42\x03" + raw_block(b"abc"), 3, id="wants a dictionary"),
        pytest.param(MAGIC + b"\x24\x03" + raw_block(b"abc") + bytes(4), 3, id="fails its check"),
        pytest.param(frame(b"abc") + frame(b""), 3, id="two frames"),
        pytest.param(frame(b"ab") + frame(b"c"), 3, id="two frames of the size together"),
        pytest.param(SKIPPABLE + frame(b"abc"), 3, id="a skippable frame first"),
        pytest.param(frame(b"abc") + SKIPPABLE, 3, id="a skippable frame last"),
        pytest.param(SKIPPABLE, 0, id="a skippable frame alone"),
        pytest.param(EMPTY_FRAME + b"\0", 0, id="bytes behind nothing"),
        pytest.param(
            MAGIC + b"\x20\x00" + raw_block(b"abc"), 0, id="declares nothing, holds three"
        ),
        pytest.param(MAGIC + b"\x20\x00", 0, id="declares nothing and ends"),
        pytest.param(b"", 0, id="nothing at all"),
    ],
)
def test_a_frame_that_lies_is_damage(packed: bytes, plain_size: int) -> None:
    with pytest.raises(DamagedError):
        Zstd().decode(packed, plain_size)


@pytest.mark.parametrize("window_log", [20, 27, 31])
def test_a_cut_frame_gets_no_window(window_log: int) -> None:
    with pytest.raises(DamagedError, match="too much memory"):
        Zstd().decode(windowed(window_log, b"abc")[:-1], 3)


@pytest.mark.parametrize("text", ["zstd:level=-7", "zstd:level=1", "zstd", "zstd:long=20"])
def test_blocks_larger_than_the_window_come_out(text: str) -> None:
    plain = (random.Random(1).randbytes(1 << 20) + bytes(1 << 20)) * 2
    chain = parse(text)

    packed = encode(chain, plain).parts[0]

    assert Zstd().decode(packed, len(plain)) == plain


def test_long_finds_repeats_that_the_level_does_not() -> None:
    phrase = random.Random(2).randbytes(1 << 20)
    plain = phrase + bytes(3 << 20) + phrase

    near = encode(parse("zstd:level=1"), plain).packed_size
    far = encode(parse("zstd:level=1:long=27"), plain).packed_size

    assert far < 0.6 * near


@pytest.mark.parametrize("value", [1, 9, 10, 19, 31])
def test_windows_that_make_no_sense_are_refused(value: int) -> None:
    with pytest.raises(ChainError, match="long is one of 0, 20, 21"):
        parse(f"zstd:long={value}")


def test_the_estimate_for_long_survives_and_counts_the_table() -> None:
    """python-zstandard's own ends the process: a division by zero."""
    without = parse("zstd:level=19").leaves()[0].encode_memory(8 << 20)
    with_long = parse("zstd:level=19:long=27").leaves()[0].encode_memory(8 << 20)

    assert with_long - without >= 32 << 20
