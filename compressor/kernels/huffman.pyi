from typing_extensions import Buffer

MESSAGES: dict[int, str]

def encode(plain: Buffer) -> bytes: ...
def decode(packed: Buffer, plain_size: int) -> bytes: ...
def encode_memory(plain_size: int) -> int: ...
def decode_memory(plain_size: int) -> int: ...
def kernel_name() -> str:
    """Return the name of the path that encodes and decodes here.

    Raises:
        UsageError: the environment's COMPRESSOR_KERNEL can't be had.
    """

def kernel_names() -> list[str]:
    """Return the names of the paths that run on this processor, from plain C to the best."""

CALLS: object
"""A capsule of `struct huffman_calls`, for kernels that are linked apart."""
