"""docs/format/floatsplit.md, section by section."""

from collections.abc import Sequence

from compressor.errors import DamagedError

TYPES = {
    "fp64": (8, 4, 896 << 52),
    "fp32": (4, 1, 0),
    "bf16": (2, 1, 0),
    "fp16": (2, 1, 0),
    "fp8_e4m3": (1, 1, 0),
    "fp8_e5m2": (1, 1, 0),
}
"""Type -> bytes of an element, its rotation without mantissa bits, its offset."""


def rotate(word: int, bits: int, width: int) -> int:
    """floatsplit.md#words: "rotated to the left by the type's rotation plus `mantissa_bits`"."""
    return (word << bits | word >> (8 * width - bits)) % (1 << 8 * width)


def stream_size(plain_size: int, width: int, number: int) -> int:
    """floatsplit.md#streams: "One of each element, and of the tail one more for the first streams"."""
    return plain_size // width + (number < plain_size % width)


def split(plain: bytes, dtype: str, mantissa_bits: int = 0) -> list[bytes]:
    """floatsplit.md#streams: "Stream 0 has the highest byte of each rotated word"."""
    width, bits, offset = TYPES[dtype]
    streams = [bytearray() for _ in range(width)]
    tail = len(plain) - len(plain) % width
    for at in range(0, tail, width):
        word = int.from_bytes(plain[at : at + width], "little")
        word = (word - offset) % (1 << 8 * width)
        rotated = rotate(word, bits + mantissa_bits, width).to_bytes(width, "big")
        for stream, byte in zip(streams, rotated, strict=True):
            stream.append(byte)
    for stream, byte in zip(streams, plain[tail:], strict=False):
        stream.append(byte)
    return list(map(bytes, streams))


def merge(streams: Sequence[bytes], plain_size: int, dtype: str, mantissa_bits: int = 0) -> bytes:
    """floatsplit.md#streams: "the offset is added"."""
    width, bits, offset = TYPES[dtype]
    if len(streams) != width:
        raise DamagedError("FS-001: there are as many streams as an element has bytes")
    if any(len(s) != stream_size(plain_size, width, k) for k, s in enumerate(streams)):
        raise DamagedError("FS-002: each stream has its size")
    plain = bytearray()
    for rotated in zip(*streams, strict=False):  # the last stream has no byte of a tail
        word = int.from_bytes(bytes(rotated), "big")
        back = rotate(word, 8 * width - bits - mantissa_bits, width)
        back = (back + offset) % (1 << 8 * width)
        plain += back.to_bytes(width, "little")
    plain += bytes(stream[-1] for stream in streams[: plain_size % width])
    return bytes(plain)
