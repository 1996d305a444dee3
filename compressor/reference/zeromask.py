"""docs/format/zeromask.md, section by section."""

from collections.abc import Sequence

from compressor.errors import DamagedError


def is_zero(element: bytes, bits: int) -> bool:
    """zeromask.md#streams: "of all where that is 0 or more than it has"."""
    mask = (1 << bits if bits else 1 << 64) - 1
    return not int.from_bytes(element, "little") & mask


def split(plain: bytes, width: int, bits: int = 0) -> list[bytes]:
    """zeromask.md#streams: "its bit is 1 where any of these bits is"."""
    count = len(plain) // width
    elements = [plain[at : at + width] for at in range(0, count * width, width)]
    mask = bytearray(-(-count // 8))
    for i, element in enumerate(elements):
        mask[i // 8] |= (not is_zero(element, bits)) << i % 8
    rest = b"".join(one for one in elements if not is_zero(one, bits)) + plain[count * width :]
    taken = b"".join(one for one in elements if is_zero(one, bits))
    return [bytes(mask), rest, taken] if bits else [bytes(mask), rest]


def merge(streams: Sequence[bytes], plain_size: int, width: int, bits: int = 0) -> bytes:
    """zeromask.md#streams: "the next element of stream 1 where its bit is 1, and zero where it is 0".

    Raises:
        DamagedError: ZM-001 to ZM-005.
    """
    count = plain_size // width
    if len(streams) != (3 if bits else 2):
        raise DamagedError("ZM-001: there are two streams, or three")
    mask, rest, *taken = streams
    if len(mask) != -(-count // 8):
        raise DamagedError("ZM-002: stream 0 has a bit for each whole element")
    ones = int.from_bytes(mask, "little")
    if ones >> count:
        raise DamagedError("ZM-003: bits behind that of the last element are zero")
    if len(rest) != ones.bit_count() * width + plain_size % width:
        raise DamagedError("ZM-004: stream 1 has the elements whose bits are 1, and the tail")
    if taken and len(taken[0]) != (count - ones.bit_count()) * width:
        raise DamagedError("ZM-005: stream 2 has the elements whose bits are 0")
    zeros = taken[0] if taken else bytes(count * width)
    plain = bytearray()
    for i in range(count):
        if ones >> i & 1:
            plain += rest[:width]
            rest = rest[width:]
        else:
            plain += zeros[:width]
            zeros = zeros[width:]
    return bytes(plain + rest)
