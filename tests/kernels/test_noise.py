"""What all native codecs do with noise: kernels/noise.h, docs/format/lz78.md#noise."""

import random
import tracemalloc
from collections.abc import Callable

import pytest

from compressor.kernels import huffman, lz77, lz78, lzw, preset
from compressor.reference import lz78 as lz78_reference
from compressor.reference import lzw as lzw_reference
from compressor.reference import noise as reference

PART = 131_072
ENCODERS: dict[str, Callable[[bytes], bytes]] = {
    "lzw": lzw.encode,
    "lz77": lambda plain: lz77.encode(plain, 1),
    "lz78": lz78.encode,
    "preset": preset.encode,
    "huffman": huffman.encode,
}
every_encoder = pytest.mark.parametrize("name", ENCODERS)


def noise(size: int, seed: int = 7) -> bytes:
    return random.Random(seed).randbytes(size)


def repeated(size: int, length: int, share: float, seed: int) -> bytes:
    """Return noise of which so much was there before, in pieces of so many bytes, anywhere."""
    rng = random.Random(seed)
    plain = bytearray(rng.randbytes(size))
    cells = range(length, size - length + 1, length)
    for at in sorted(rng.sample(cells, int(share * size / length))):
        start = rng.randrange(at - length + 1)
        plain[at : at + length] = plain[start : start + length]
    return bytes(plain)


@every_encoder
def test_noise_takes_no_more_memory_than_its_packed_form(name: str) -> None:
    encode, plain = ENCODERS[name], noise(1 << 20)
    encode(plain)  # scratch stays with the thread

    tracemalloc.start()
    packed = encode(plain)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert len(plain) < len(packed) < len(plain) + 100
    assert peak < len(packed) + 5000


@every_encoder
def test_a_head_in_front_does_not_hide_noise(name: str) -> None:
    plain = b"!<arch>\ndebian-binary   1410122664" * 2 + noise(PART - 68)

    assert len(ENCODERS[name](plain)) <= len(plain) + 10


@pytest.mark.parametrize("length", [64, 256, 1024, 4096, 32_768])
@pytest.mark.parametrize("size", [2 * PART, 1 << 20, 4 << 20])
def test_noise_of_which_a_quarter_repeats_is_searched(size: int, length: int) -> None:
    plain = repeated(size, length, 0.25, size + length)

    packed = lz77.encode(plain, 3)

    assert len(packed) < 0.9 * size
    assert lz77.decode(packed, size) == plain


def test_most_blocks_of_which_a_twentieth_repeats_are_searched() -> None:
    plains = [repeated(4 << 20, 1024, 0.05, seed) for seed in range(10)]

    found = sum(len(lz77.encode(plain, 1)) < len(plain) for plain in plains)

    assert found >= 8


@pytest.mark.parametrize("size", [8192, 9000, PART - 1, PART + 8191, PART + 8192, 3 * PART + 5])
@pytest.mark.parametrize("share", [0.0, 0.03, 0.3])
def test_kernels_and_the_reference_judge_alike(size: int, share: float) -> None:
    plain = repeated(size, 64, share, size)
    kept = lz77.encode(plain, 1)
    expected = not reference.repeats(plain) and reference.noise_sum(plain) == size

    assert (len(kept) == size + -(-size // PART)) or not expected
    assert (lzw.encode(plain)[0] == 0) == expected
    if size < 2 * PART:
        assert lzw.encode(plain) == lzw_reference.encode(plain)
        assert lz78.encode(plain) == lz78_reference.encode(plain)


def test_every_codec_gives_back_noise_of_any_size() -> None:
    for size in (8192, 65_536, 65_537, PART, PART + 1, PART + 8191, 2 * PART + 8192):
        plain = noise(size)
        for name, module in (("lzw", lzw), ("lz77", lz77), ("lz78", lz78), ("preset", preset)):
            packed = ENCODERS[name](plain)
            assert len(packed) <= size + 16
            assert module.decode(packed, size) == plain
