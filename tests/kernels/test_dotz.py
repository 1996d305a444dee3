"""Codes of .Z files: by pieces of any size, at any width, cleared and not; hostile ones."""

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compressor.errors import DamagedError
from compressor.kernels.dotz import Decoder, Encoder
from compressor.reference import dotz as reference
from tests.formats.samples import NOISE, PACK, TEXT, UNPACK, Peer, piped

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


# The reference


def by_kernel(file: bytes) -> bytes | None:
    """Return the content; None where it is refused."""
    try:
        return decoded(file[3:], file[2] & 31, step=1 << 20, most=1 << 20, clears=file[2] >> 7 == 1)
    except DamagedError:
        return None


def by_reference(file: bytes) -> bytes | None:
    try:
        return reference.decode(file)
    except reference.RefusedError:
        return None


@pytest.mark.parametrize("bits", [10, 11, 13, 16])
def test_the_kernel_packs_as_the_reference_does(bits: int) -> None:
    content = TEXT[:30_000] + NOISE[:30_000] + TEXT[:20_000] if bits < 16 else TEXT[:9000] + NOISE

    packed = reference.encode(content, bits)

    assert packed == reference.MAGIC + bytes([0x80 | bits]) + Encoder(bits).encode(content, True)
    assert reference.decode(packed) == content


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 1 << 32))
def test_the_kernel_reads_as_the_reference_does(seed: int) -> None:
    """Damaged files, with the flag for CLEAR and without, of all widths."""
    chosen = random.Random(seed)
    bits = chosen.randrange(9, 17)
    content = TEXT[: chosen.randrange(3000)] + NOISE[: chosen.randrange(900)]
    file = bytearray(reference.encode(content, max(bits, 10)))
    file[2] = bits | chosen.choice((0, 0x80))
    for _ in range(chosen.randrange(3)):
        file[chosen.randrange(3, len(file) + 1) - 1] ^= 1 << chosen.randrange(8)
    file[:2], flags = reference.MAGIC, file[2]
    file[2] = flags if 9 <= flags & 31 <= 16 else 0x90
    del file[chosen.choice((len(file), chosen.randrange(3, len(file) + 1))) :]

    assert by_kernel(bytes(file)) == by_reference(bytes(file))


@pytest.mark.parametrize("bits", ["9", "10", "12", "16"])
def test_the_reference_reads_what_compress_writes(bits: str, peer: Peer) -> None:
    content = TEXT[:300] if bits == "9" else TEXT[:40_000] + NOISE[:30_000]

    assert reference.decode(piped(peer, ("compress", "-c", "-b", bits), content)) == content


@pytest.mark.parametrize("bits", [10, 12, 16])
def test_uncompress_reads_what_the_reference_writes(bits: int, peer: Peer) -> None:
    content = TEXT[:40_000] + NOISE[:30_000] + TEXT[:9000]

    assert piped(peer, UNPACK["Z"], reference.encode(content, bits)) == content
    assert piped(peer, UNPACK["Z"], reference.encode(b"x", bits)) == b"x"


def test_a_header_that_is_none_is_refused() -> None:
    for wrong in (b"", b"\x1f\x9d", b"\x1f\x9e\x90", b"\x1f\x9d\x88", b"\x1f\x9d\x91"):
        with pytest.raises(reference.RefusedError):
            reference.decode(wrong)


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
    assert reference.encode(b"ababababa") == packed
    assert "61 c4 04 1c 28 10" in Path("docs/format/dotz.md").read_text()
