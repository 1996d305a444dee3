"""The blocks of GGUF's types: their fields, and what taking them apart gains."""

import random
import struct

import pytest

from compressor.plan.numbers import RECORDS_BLOCK, codings_for
from compressor.plan.records import RECORDS, record_chain, record_size
from compressor.stages.chain import decode, encode, parse
from compressor.tensors.dtypes import BLOCKS


@pytest.mark.parametrize("dtype", RECORDS)
def test_fields_fill_the_block_of_their_type(dtype: str) -> None:
    assert record_size(dtype) == BLOCKS[dtype][1]


def test_every_type_of_block_that_files_have_is_known() -> None:
    quantised = {name for name in BLOCKS if name.startswith(("Q", "IQ", "TQ", "MX", "NV"))}

    assert quantised - {"Q8_1"} == set(RECORDS)


@pytest.mark.parametrize("dtype", RECORDS)
@pytest.mark.parametrize("size", [0, 1, 500, 5000])
def test_blocks_of_every_type_come_back(dtype: str, size: int) -> None:
    plain = random.Random(size).randbytes(size)
    chain = record_chain(dtype)
    encoded = encode(chain, plain)

    assert parse(chain.wire).wire == chain.wire
    assert bytes(decode(chain, b"".join(encoded.parts), encoded.sizes, size)) == plain


@pytest.mark.parametrize("dtype", RECORDS)
def test_a_large_tensor_has_blocks_of_nearly_a_mebibyte(dtype: str) -> None:
    coding = codings_for(3)[dtype]

    assert RECORDS_BLOCK // 2 < coding.block_size < 1.2 * RECORDS_BLOCK
    assert coding.block_size % record_size(dtype) == 0


def q8_0(count: int) -> bytes:
    """Return blocks as ggml makes them of weights: a scale in fp16, 32 quants from -127 to 127."""
    rng = random.Random(1)
    blocks = []
    for _ in range(count):
        weights = [rng.gauss(0, 0.03) for _ in range(32)]
        scale = max(map(abs, weights)) / 127
        blocks.append(struct.pack("<e32b", scale, *(round(weight / scale) for weight in weights)))
    return b"".join(blocks)


def test_scales_and_quants_apart_are_smaller_than_together() -> None:
    plain = q8_0(5000)

    apart = encode(record_chain("Q8_0"), plain).packed_size

    assert apart < 0.965 * len(plain)
    assert apart < 0.985 * encode(parse("zstd:level=19"), plain).packed_size
    assert apart < 0.985 * encode(parse("huffman"), plain).packed_size
