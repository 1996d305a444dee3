"""Codes of .Z files: by pieces of any size, at any width, cleared and not; hostile ones."""

import random
from pathlib import Path

import pytest

from compressor.errors import DamagedError
from compressor.kernels.dotz import Decoder, Encoder
from tests.formats.samples import NOISE, PACK, TEXT, Peer, piped

CONTENT = TEXT + NOISE * 3 + TEXT  # wears out a dictionary of any size


def decoded(packed: bytes, bits: int, *, step: int, most: int, clears: bool = True) -> bytes:
    decoder, out = Decoder(bits, clears), bytearray()
    for at in range(0, max(len(packed), 1), step):
        data, last = packed[at : at + step], at + step >= len(packed)
        while True:
            plain, taken = decoder.decode(data, most, last)
            out += plain
            data = data[taken:]
            if len(plain) < most:
                assert not data
                break
    return bytes(out)


@pytest.mark.parametrize("bits", range(10, 17))
def test_each_width_comes_back(bits: int) -> None:
    encoder = Encoder(bits)
    packed = encoder.encode(CONTENT, False) + encoder.encode(b"", True)

    assert decoded(packed, bits, step=len(packed), most=1 << 20) == CONTENT


@pytest.mark.parametrize("step", [1, 2, 7, 999])
@pytest.mark.parametrize("most", [1, 100, 1 << 16])
def test_pieces_of_any_size_are_the_same(step: int, most: int) -> None:
    """A group of codes that ends early may do so in any piece."""
    content = TEXT[:2000] + NOISE[:3000] + TEXT[:20000]
    whole, encoder = Encoder(10), Encoder(10)
    packed = whole.encode(content, True)
    parts = [encoder.encode(content[at : at + 777], False) for at in range(0, len(content), 777)]

    assert b"".join(parts) + encoder.encode(b"", True) == packed
    assert decoded(packed, 10, step=step, most=most) == content


def test_codes_of_nine_bits_go_on_to_ten(peer: Peer) -> None:
    """As all readers have it. Few phrases, for compress 4.2 itself loses its way behind them."""
    packed = piped(peer, ("compress", "-c", "-b", "9"), TEXT[:300])

    assert decoded(packed[3:], 9, step=5, most=1000) == TEXT[:300]


def test_without_clear_256_is_a_phrase() -> None:
    packed = codes_of(97, 98, 256, 258, 257)  # a b ab aba(b) ba; 258 is met as it is defined

    assert decoded(packed, 16, step=6, most=100, clears=False) == b"ababababa"


def codes_of(*codes: int) -> bytes:
    word = sum(code << 9 * at for at, code in enumerate(codes))
    return word.to_bytes(-(-9 * len(codes) // 8), "little")


@pytest.mark.parametrize(
    ("packed", "words"),
    [
        (codes_of(300), "not a byte"),
        (codes_of(97, 258), "not defined yet"),
        (codes_of(97, 256) + bytes(6) + codes_of(258), "not a byte"),
        (b"a\x80", "ends inside"),
    ],
)
def test_what_no_encoder_writes_is_refused(packed: bytes, words: str) -> None:
    with pytest.raises(DamagedError, match=words):
        decoded(packed, 16, step=100, most=100)


def test_noise_does_no_harm() -> None:
    chosen = random.Random(3)
    for _ in range(300):
        bits, clears = chosen.randrange(9, 17), bool(chosen.randrange(2))
        data = bytes([chosen.randrange(256), 0]) + chosen.randbytes(chosen.randrange(400))
        try:
            decoded(data, bits, step=chosen.randrange(1, 99), most=64, clears=clears)
        except DamagedError:
            continue


def test_a_dictionary_that_wears_out_is_cleared(peer: Peer) -> None:
    content = TEXT * 2 + NOISE * 4 + TEXT * 2
    encoder = Encoder(16)

    packed = encoder.encode(content, True)

    assert len(packed) < 1.05 * len(piped(peer, PACK["Z"], content))


def test_a_width_out_of_range_is_refused() -> None:
    for bits in (8, 17):
        with pytest.raises(ValueError, match="max_bits"):
            Decoder(bits, True)
    with pytest.raises(ValueError, match="max_bits"):
        Encoder(9)


def test_the_example_of_the_page_is_true(peer: Peer) -> None:
    packed = bytes.fromhex("1f 9d 90 61 c4 04 1c 28 10")

    assert piped(peer, PACK["Z"], b"ababababa") == packed
    assert packed[:3] + Encoder(16).encode(b"ababababa", True) == packed
    assert "61 c4 04 1c 28 10" in Path("docs/format/dotz.md").read_text()
