"""docs/format/zeromask.md, section by section."""

from collections.abc import Sequence

from compressor.errors import DamagedError


def split(plain: bytes, width: int) -> list[bytes]:
    """zeromask.md#streams: "its bit is 1 where any of its bits is"."""
    count = len(plain) // width
    elements = [plain[at : at + width] for at in range(0, count * width, width)]
    mask = bytearray(-(-count // 8))
    for i, element in enumerate(elements):
        mask[i // 8] |= any(element) << i % 8
    rest = b"".join(element for element in elements if any(element)) + plain[count * width :]
    return [bytes(mask), rest]


def merge(streams: Sequence[bytes], plain_size: int, width: int) -> bytes:
    """zeromask.md#streams: "the next element of stream 1 where its bit is 1, and zero where it is 0"."""
    count = plain_size // width
    if len(streams) != 2:
        raise DamagedError("ZM-001: there are two streams")
    mask, rest = streams
    if len(mask) != -(-count // 8):
        raise DamagedError("ZM-002: stream 0 has a bit for each whole element")
    bits = int.from_bytes(mask, "little")
    if bits >> count:
        raise DamagedError("ZM-003: bits behind that of the last element are zero")
    if len(rest) != bits.bit_count() * width + plain_size % width:
        raise DamagedError("ZM-004: stream 1 has the elements whose bits are 1, and the tail")
    plain = bytearray()
    for i in range(count):
        if bits >> i & 1:
            plain += rest[:width]
            rest = rest[width:]
        else:
            plain += bytes(width)
    return bytes(plain + rest)
