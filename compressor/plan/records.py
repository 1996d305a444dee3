"""The blocks of GGUF's types as records: their fields, and the chain that takes them apart."""

from functools import cache

from compressor.plan.trees import tree
from compressor.stages.chain import Chain, parse

RECORDS = {
    "Q4_0": "fp16 16",
    "Q4_1": "fp16 fp16 16",
    "Q5_0": "fp16 4 16",
    "Q5_1": "fp16 fp16 4 16",
    "Q8_0": "fp16:mantissa_bits=2 32",
    "Q2_K": "16 64 fp16 fp16",
    "Q3_K": "32 64 12 fp16",
    "Q4_K": "fp16 fp16 12 128",
    "Q5_K": "fp16 fp16 12 32 128",
    "Q6_K": "128 64 16 fp16",
    "Q8_K": "fp32 256 32",
    "IQ1_S": "fp16 32 16",
    "IQ1_M": "32 16 8",
    "IQ2_XXS": "fp16 64",
    "IQ2_XS": "fp16 64 8",
    "IQ2_S": "fp16 32 32 8 8",
    "IQ3_XXS": "fp16 64 32",
    "IQ3_S": "fp16 64 8 32 4",
    "IQ4_NL": "fp16 16",
    "IQ4_XS": "fp16 2 4 128",
    "TQ1_0": "48 4 fp16",
    "TQ2_0": "64 fp16",
    "MXFP4": "1 16",
    "NVFP4": "4 32",
    "Q1_0": "fp16 16",
}
"""Type -> its fields in order: a scale by its type, with floatsplit's option where it gains, others in bytes.

A scale of Q8_0 is positive, so that two bits of its mantissa go with the exponent (.04 % of the file);
for those of Q4_0 that costs .2 %. Nibbles stay in pairs: alone they would cost .2 % more. Q8_1 is not
here: no file has it. Source: ggml-common.h of ggml.
"""

_WIDTHS = {"fp16": 2, "fp32": 4}


def record_size(dtype: str) -> int:
    """Return the bytes of a block."""
    return sum(map(_size, RECORDS[dtype].split()))


def record_chain(dtype: str) -> Chain:
    """Return the chain for blocks of a type: scales as floats, all else by bytes."""
    fields = RECORDS[dtype].split()
    sizes = dict(zip("abcdef", map(_size, fields), strict=False))
    return tree("fields", *map(_coder, fields), **sizes)


def _size(field: str) -> int:
    return int(field) if field.isdecimal() else _WIDTHS[field.partition(":")[0]]


@cache
def _coder(field: str) -> Chain:
    if field.isdecimal():
        return parse("huffman")
    return parse(f"floatsplit:dtype={field}({','.join(['huffman'] * _size(field))})")
