"""The types of numbers: their names, and what a block of them takes.

Names are those of safetensors; ``C128`` and the types of GGUF's blocks are added. A number whose
most significant byte comes first has ``_BE`` behind its name: ``F32_BE``.
"""

from math import prod

from compressor.errors import DamagedError

MAX_RANK = 64  # dimensions; numpy and torch have no more, and a product of them is soon done
MAX_SIZE = (1 << 63) - 1  # bytes of a file, and of anything in it

_SCALARS = {
    "BOOL": 1,
    "U8": 1,
    "I8": 1,
    "F8_E4M3": 1,
    "F8_E5M2": 1,
    "F8_E8M0": 1,
    "F8_E4M3FNUZ": 1,
    "F8_E5M2FNUZ": 1,
    "U16": 2,
    "I16": 2,
    "F16": 2,
    "BF16": 2,
    "U32": 4,
    "I32": 4,
    "F32": 4,
    "U64": 8,
    "I64": 8,
    "F64": 8,
    "C64": 8,
    "C128": 16,
}

_PACKED = {"F4": (2, 1), "F6_E2M3": (4, 3), "F6_E3M2": (4, 3)}

# Two scales of 16 bits lie beside 4 bits a value in Q4_1; the others are built alike. Source: ggml.
_QUANTISED = {
    "Q4_0": (32, 18),
    "Q4_1": (32, 20),
    "Q5_0": (32, 22),
    "Q5_1": (32, 24),
    "Q8_0": (32, 34),
    "Q8_1": (32, 40),
    "Q2_K": (256, 84),
    "Q3_K": (256, 110),
    "Q4_K": (256, 144),
    "Q5_K": (256, 176),
    "Q6_K": (256, 210),
    "Q8_K": (256, 292),
    "IQ2_XXS": (256, 66),
    "IQ2_XS": (256, 74),
    "IQ3_XXS": (256, 98),
    "IQ1_S": (256, 50),
    "IQ4_NL": (32, 18),
    "IQ3_S": (256, 110),
    "IQ2_S": (256, 82),
    "IQ4_XS": (256, 136),
    "IQ1_M": (256, 56),
    "TQ1_0": (256, 54),
    "TQ2_0": (256, 66),
    "MXFP4": (32, 17),
    "NVFP4": (64, 36),
    "Q1_0": (128, 18),
}

BLOCKS: dict[str, tuple[int, int]] = {
    **{name: (1, size) for name, size in _SCALARS.items()},
    **{f"{name}_BE": (1, size) for name, size in _SCALARS.items() if size > 1},
    **_PACKED,
    **_QUANTISED,
}
"""Of each type: how many elements a block has, and how many bytes it takes."""


def size_of(dtype: str, shape: tuple[int, ...]) -> int:
    """Return the bytes that a tensor takes.

    Raises:
        DamagedError: it ends inside a block, has more than `MAX_RANK` dimensions, or can't be that large.
    """
    if len(shape) > MAX_RANK:
        raise DamagedError("a tensor has too many dimensions")
    elements, block_size = BLOCKS[dtype]
    blocks, rest = divmod(prod(shape), elements)
    if rest:
        raise DamagedError("a tensor ends inside a block of its type")
    if blocks * block_size > MAX_SIZE:
        raise DamagedError("a tensor is larger than a file can be")
    return blocks * block_size
