"""docs/format/floatdelta.md, section by section."""

from collections.abc import Iterator

from compressor.errors import DamagedError
from compressor.reference import huffman, huffman_encoder, zeromask

TYPES = {
    "fp64": (8, 52),
    "fp32": (4, 23),
    "bf16": (2, 7),
    "fp16": (2, 10),
    "fp8_e4m3": (1, 3),
    "fp8_e5m2": (1, 2),
}
"""Type -> bytes of an element, bits of its mantissa."""
RAW, ZEROS, HUFFMAN, MASKED = range(4)


def elements(content: bytes, width: int) -> list[int]:
    """floatdelta.md#types: "lie one behind another from the first byte on"."""
    whole = len(content) - len(content) % width
    return [int.from_bytes(content[at : at + width], "little") for at in range(0, whole, width)]


def exponent_of(element: int, dtype: str) -> int:
    """floatdelta.md#types: "they are a sign, an exponent and a mantissa"."""
    width, mantissa_bits = TYPES[dtype]
    return element % (1 << 8 * width - 1) >> mantissa_bits


# Block


def decode(packed: bytes, plain_size: int, base: bytes, dtype: str) -> bytes:
    """floatdelta.md#block: "for each class that has elements"."""
    width, _ = TYPES[dtype]
    if len(packed) < 3:
        raise DamagedError("FD-001: the first 3 bytes are there")
    last, top = packed[0], int.from_bytes(packed[1:3], "little")
    if last > 15 or top > exponent_of(-1, dtype):
        raise DamagedError("FD-002: classes is at most 15, and top fits")
    reader = Reader(packed[3:])
    bases = elements(base, width)
    classes = [class_of(exponent_of(b, dtype), top, last) for b in bases]
    numbers = [read_numbers(reader, classes.count(c), width) for c in range(last + 1)]
    tail = reader.take(plain_size % width)
    if reader.left:
        raise DamagedError("FD-007: nothing follows the tail")
    plain = b"".join(
        add(b, next(numbers[c]), width).to_bytes(width, "little")
        for b, c in zip(bases, classes, strict=True)
    )
    return plain + tail


def read_numbers(reader: "Reader", size: int, width: int) -> Iterator[int]:
    """floatdelta.md#differences: "Part p of a class has byte p of each such number"."""
    planes = [reader.part(size) for _ in range(width)] if size else []
    rows = list(zip(*planes, strict=True))
    return (int.from_bytes(bytes(row), "little") for row in rows)


# Classes


def class_of(exponent: int, top: int, last: int) -> int:
    """floatdelta.md#classes: "but of class 0 where e is above top, and of the last one"."""
    return min(max(top - exponent, 0), last)


# Differences


def ordered(element: int, width: int) -> int:
    """floatdelta.md#differences: "where its sign is 0, that bit is turned"."""
    sign = 1 << 8 * width - 1
    return element ^ (2 * sign - 1) if element & sign else element ^ sign


def unordered(number: int, width: int) -> int:
    """Undo ``ordered``."""
    sign = 1 << 8 * width - 1
    return number ^ sign if number & sign else number ^ (2 * sign - 1)


def subtract(plain: int, base: int, width: int) -> int:
    """floatdelta.md#differences: "2d where d is below half of that, and else 2 (-d) - 1"."""
    modulus = 1 << 8 * width
    d = (ordered(plain, width) - ordered(base, width)) % modulus
    return 2 * d if 2 * d < modulus else 2 * (-d % modulus) - 1


def add(base: int, number: int, width: int) -> int:
    """Undo ``subtract``: return the element."""
    d = -(number + 1) // 2 if number % 2 else number // 2
    return unordered((ordered(base, width) + d) % (1 << 8 * width), width)


# Parts


class Reader:
    """What is left of the packed bytes."""

    def __init__(self, left: bytes) -> None:
        self.left = left

    def take(self, size: int) -> bytes:
        """floatdelta.md#parts: "the bytes of heads, bodies and tail are there"."""
        if size > len(self.left):
            raise DamagedError("FD-006: the bytes of heads, bodies and tail are there")
        taken, self.left = self.left[:size], self.left[size:]
        return taken

    def head(self) -> tuple[int, int]:
        """floatdelta.md#parts: "Bits 0-1: form; the others: size"."""
        digits = [self.take(1)[0]]
        while digits[-1] > 127:
            if len(digits) == 5:
                raise DamagedError("FD-003: a head has at most 5 bytes")
            digits += self.take(1)
        if len(digits) > 1 and not digits[-1]:
            raise DamagedError("FD-003: its last byte is not zero unless it is the only one")
        number = sum((digit & 127) << 7 * place for place, digit in enumerate(digits))
        if number % 4 != HUFFMAN and number // 4:
            raise DamagedError("FD-004: size is 0 but for huffman")
        return number % 4, number // 4

    def part(self, n: int, *, inner: bool = False) -> bytes:
        """floatdelta.md#parts: "A part stands for as many bytes as its class has elements"."""
        form, size = self.head()
        if form == ZEROS:
            return bytes(n)
        if form == RAW:
            return self.take(n)
        if form == HUFFMAN:
            return huffman.decode(self.take(size), n)
        if inner:
            raise DamagedError("FD-005: neither part of a masked one is masked")
        mask = self.part(-(-n // 8), inner=True)
        ones = sum(byte.bit_count() for byte in mask)
        return zeromask.merge([mask, self.part(ones, inner=True)], n, 1)


# Encoding


def encode(plain: bytes, base: bytes, dtype: str) -> bytes:
    """floatdelta.md#encoding: "The encoder of this release chooses as follows"."""
    width, _ = TYPES[dtype]
    bases, ours = elements(base, width), elements(plain, width)
    last = choose_classes(plain, base, width) - 1
    top = choose_top([exponent_of(b, dtype) for b in bases]) if last else 0
    packed = bytes([last]) + top.to_bytes(2, "little")
    numbers: list[list[int]] = [[] for _ in range(last + 1)]
    for b, p in zip(bases, ours, strict=True):
        numbers[class_of(exponent_of(b, dtype), top, last)].append(subtract(p, b, width))
    for row in filter(None, numbers):
        for p in range(width):
            packed += write_part(bytes(number >> 8 * p & 255 for number in row))
    return packed + plain[len(ours) * width :]


def choose_classes(plain: bytes, base: bytes, width: int) -> int:
    """floatdelta.md#encoding: "There is one class where the plain bytes equal the base"."""
    if plain == base:
        return 1
    count = len(plain) // width
    return 10 if count >= 32768 else 4 if count >= 4096 else 2 if count >= 1024 else 1


def choose_top(exponents: list[int]) -> int:
    """floatdelta.md#encoding: "the largest exponent that one of 64 noted ones reaches, or more do"."""
    noted = exponents
    if len(exponents) >= 16384:
        rows = [1024 * k + 64 * (5 * k % 16) for k in range(len(exponents) // 1024)]
        noted = [e for row in rows for e in exponents[row : row + 64]]
    top = max(noted)
    while 64 * sum(e >= top for e in noted) < len(noted):
        top -= 1
    return top


def write_part(plain: bytes) -> bytes:
    """floatdelta.md#encoding: "where more than half of its bytes are zero, masked"."""
    if not len(plain) < 2 * plain.count(0) < 2 * len(plain):
        return write_flat(plain)
    mask, rest = zeromask.split(plain, 1)
    packed = write_head(MASKED) + write_flat(mask) + write_flat(rest)
    return packed if len(packed) <= len(plain) else write_head(RAW) + plain


def write_flat(plain: bytes) -> bytes:
    """floatdelta.md#encoding: "huffman where that takes no more bytes than there are"."""
    if not any(plain):
        return write_head(ZEROS)
    body = huffman_encoder.encode(plain)
    packed = write_head(HUFFMAN, len(body)) + body
    return packed if len(packed) <= len(plain) else write_head(RAW) + plain


def write_head(form: int, size: int = 0) -> bytes:
    """floatdelta.md#parts: "7 bits a byte, the lowest first"."""
    number, head = form + 4 * size, b""
    while number > 127:
        head += bytes([number % 128 + 128])
        number //= 128
    return head + bytes([number])
