"""Raw LZMA2: the dictionary that neither side writes down."""

import lzma
import random
import struct

import pytest

from compressor.errors import DamagedError
from compressor.stages.codecs.lzma import DICT_MAX, PRESET_DICTS, Lzma


@pytest.mark.parametrize("level", range(10))
def test_the_dictionaries_are_the_presets_own(level: int) -> None:
    """An encoder told no size takes the preset's: a stream of .xz says which."""
    compressor = lzma.LZMACompressor(preset=level)
    head = (compressor.compress(b"a") + compressor.flush())[12:24]

    assert head[2:4] == b"\x21\x01"  # filter LZMA2, one byte of properties
    bits = head[4]
    assert (2 | bits & 1) << (bits // 2 + 11) == 1 << PRESET_DICTS[level]


def test_the_dictionary_is_no_larger_than_the_block() -> None:
    assert Lzma(9)._dict_size(10_000) == 10_000
    assert Lzma(9)._dict_size(10) == 4096
    assert Lzma(0)._dict_size(1 << 30) == 1 << 18


def test_a_decoder_needs_no_level() -> None:
    plain = b"level nine, read by level zero " * 999

    packed = Lzma(9, extreme=1).encode(plain)

    assert Lzma(0).decode(packed, len(plain)) == plain


def test_a_match_from_beyond_the_block_is_damage() -> None:
    """An encoder given a dictionary of other bytes, which a decoder of this block lacks."""
    first = b"\x01\x00\x03abcd"  # reset the dictionary, four bytes as they are
    later = b"\x02\x00\x03abcd"  # the same without a reset

    assert Lzma().decode(first + b"\0", 4) == b"abcd"
    with pytest.raises(DamagedError):
        Lzma().decode(later + b"\0", 4)


def test_a_size_beyond_any_dictionary_is_damage_not_an_overflow() -> None:
    packed = Lzma().encode(b"abc")

    with pytest.raises(DamagedError):
        Lzma().decode(packed, DICT_MAX + 10)


@pytest.mark.parametrize("tune", ["any", "text", "numbers"])
@pytest.mark.parametrize("nice", [0, 32, 273])
def test_a_decoder_needs_no_settings(tune: str, nice: int) -> None:
    plain = bytes(n * n % 251 for n in range(20_000))

    packed = Lzma(9, nice=nice, tune=tune).encode(plain)

    assert Lzma().decode(packed, len(plain)) == plain


def test_tunes_differ() -> None:
    rng = random.Random(2)
    floats = struct.pack("<20000f", *(rng.gauss(0, 1) for _ in range(20_000)))
    text = "".join(rng.choices(["abacus", "cedilla", "zebra", " of", ", "], k=9000)).encode()

    def size(tune: str, plain: bytes) -> int:
        return len(Lzma(tune=tune).encode(plain))

    assert size("numbers", floats) < 0.99 * size("any", floats)
    assert size("text", text) < size("any", text) < size("numbers", text)
