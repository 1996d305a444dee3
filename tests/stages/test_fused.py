"""Floats whose streams all go to huffman run as one: the bytes, sizes and errors of the stages one by one."""

from collections.abc import Callable

import pytest

from compressor.errors import DamagedError, UsageError
from compressor.kernels import huffman
from compressor.stages import chain as chains
from compressor.stages import fused
from compressor.stages.chain import Encoded, decode, decode_into, encode, holds, parse
from tests.kernels.test_floatcode import weights

ALONE = parse("floatsplit:dtype=bf16(huffman,huffman)")
DENSE = parse("floatsplit:dtype=fp32:mantissa_bits=2(huffman,huffman,huffman,huffman)")
WITHIN = parse("zeromask:width=2(huffman,floatsplit:dtype=bf16(huffman,huffman))")
APART = parse("floatsplit:dtype=bf16(huffman,store)")
CHAINS = [ALONE, DENSE, WITHIN, APART, parse("huffman"), parse("zstd")]
SIZES = [0, 1, 3, 1000, 300_001]


def one_by_one(
    monkeypatch: pytest.MonkeyPatch, work: Callable[[], Encoded | bytes]
) -> Encoded | bytes:
    with monkeypatch.context() as patch:
        patch.setattr(fused, "applies", lambda _: False)
        return work()


def has(path: str) -> bool:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COMPRESSOR_KERNEL", path)
        try:
            huffman.kernel_name()
        except UsageError:
            return False
    return True


@pytest.mark.parametrize("path", ["portable", "ssse3", "avx2"])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("chain", [ALONE, DENSE, WITHIN], ids=str)
def test_stages_that_run_as_one_give_the_same(
    path: str, size: int, chain: chains.Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not has(path):
        pytest.skip("this processor lacks it")
    monkeypatch.setenv("COMPRESSOR_KERNEL", path)
    plain = weights(2, size)

    encoded = encode(chain, plain)
    packed = b"".join(encoded.parts)

    assert encoded == one_by_one(monkeypatch, lambda: encode(chain, plain))
    assert decode(chain, packed, encoded.sizes, size) == plain
    assert one_by_one(monkeypatch, lambda: decode(chain, packed, encoded.sizes, size)) == plain


def test_only_huffman_below_floatsplit_runs_as_one() -> None:
    within = [node for node in WITHIN.walk() if fused.applies(node)]

    assert [str(node) for node in within] == [str(ALONE)]
    assert not any(fused.applies(node) for node in APART.walk())


@pytest.mark.parametrize("chain", CHAINS, ids=str)
@pytest.mark.parametrize("size", SIZES)
def test_memory_that_is_there_is_filled(chain: chains.Chain, size: int) -> None:
    plain = weights(2, size)
    encoded, room = encode(chain, plain), bytearray(size + 2)

    decode_into(chain, b"".join(encoded.parts), encoded.sizes, memoryview(room)[1:-1])

    assert room == b"\0" + plain + b"\0"


@pytest.mark.parametrize("chain", CHAINS, ids=str)
def test_what_was_encoded_is_proven_by_decoding_it(chain: chains.Chain) -> None:
    plain = weights(2, 300_001)
    encoded, other = encode(chain, plain), bytearray(plain)
    other[200_000] ^= 1

    assert holds(chain, encoded, plain)
    assert not holds(chain, encoded, other)


def test_a_proof_meets_damage() -> None:
    plain = weights(2, 300_001)
    encoded = encode(ALONE, plain)
    cut = Encoded(
        (*encoded.sizes[:3], encoded.sizes[3] - 1), (encoded.parts[0], encoded.parts[1][:-1])
    )

    with pytest.raises(DamagedError, match="H-0"):
        holds(ALONE, cut, plain)


def test_chunks_of_unlike_size_take_the_stages_one_by_one() -> None:
    plain = weights(2, 2000)
    encoded = encode(ALONE, plain)
    parts = (encoded.parts[0], b"\x0a" + encoded.parts[1][1:])  # one chunk of 1 KiB
    packed, room = b"".join(parts), bytearray(2000)

    decode_into(ALONE, packed, encoded.sizes, room)

    assert decode(ALONE, packed, encoded.sizes, 2000) == plain == room
    assert holds(ALONE, Encoded(encoded.sizes, parts), plain)


@pytest.mark.parametrize("sizes", [(150_000, 150_001), (150_001, 150_001), (0, 300_001)])
def test_streams_of_other_sizes_are_damage(sizes: tuple[int, int]) -> None:
    plain = weights(2, 300_001)
    _, first, _, second = (encoded := encode(ALONE, plain)).sizes
    lies = (sizes[0], first, sizes[1], second)
    packed = b"".join(encoded.parts)

    with pytest.raises(DamagedError, match="FS-002"):
        decode(ALONE, packed, lies, len(plain))
    with pytest.raises(DamagedError, match="FS-002"):
        decode_into(ALONE, packed, lies, bytearray(len(plain)))
