"""The filter zeromask in its chains."""

import random
import struct

import pytest

from compressor.stages.chain import decode, encode, parse

PLANES = "floatsplit:dtype=fp32(huffman,huffman,huffman,huffman)"
MASKED = f"zeromask:width=4(huffman,{PLANES})"


def pruned(share: float) -> bytes:
    """Return weights in fp32 of which a share is zero."""
    rng = random.Random(7)
    numbers = (0.0 if rng.random() < share else rng.gauss(0, 0.03) for _ in range(60_000))
    return b"".join(struct.pack("<f", number) for number in numbers)


@pytest.mark.parametrize(("share", "gain"), [(0.5, 0.06), (0.9, 0.03)])
def test_pruned_weights_are_smaller_by_what_zeros_cost_in_every_stream(
    share: float, gain: float
) -> None:
    plain = pruned(share) + b"end"
    chain = parse(MASKED)

    encoded = encode(chain, plain)

    assert bytes(decode(chain, b"".join(encoded.parts), encoded.sizes, len(plain))) == plain
    assert encoded.packed_size < encode(parse(PLANES), plain).packed_size - gain * len(plain)
