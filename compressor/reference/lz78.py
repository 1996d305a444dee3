"""docs/format/lz78.md, section by section."""

from compressor.errors import DamagedError
from compressor.reference.huffman import Reader, read_chunk
from compressor.reference.huffman_encoder import write_chunk
from compressor.reference.noise import noise_size, repeats

CLASSES = 128
TOKENS = 65_535  # of a round, at most
RAW_MOST = 1 << 24  # plain bytes of a raw round
GROWTH = 1 << 19  # plain bytes of a packed byte are less


class RefusedError(Exception):
    """A stream fails the check ``number``: 4 for LE-004."""

    def __init__(self, number: int) -> None:
        super().__init__(f"LE-{number:03}")
        self.number = number


def take(reader: Reader, size: int, number: int) -> bytes:
    """Return the next bytes; that they are there is the check of this number."""
    if len(reader.left) < size:
        raise RefusedError(number)
    return reader.take(size, 0)


def decode(packed: bytes, plain_size: int) -> bytes:
    """lz78.md#block: "A block is rounds, one behind another, until the plain is complete."."""
    if plain_size and plain_size >= GROWTH * len(packed):
        raise RefusedError(1)
    reader = Reader(packed)
    plain = b""
    while len(plain) < plain_size:
        plain += decode_round(reader, plain_size - len(plain))
    if reader.left:
        raise RefusedError(9)
    return plain


def decode_round(reader: Reader, lacking: int) -> bytes:
    """lz78.md#round: "how many tokens; 0: the round is raw"."""
    tokens = int.from_bytes(take(reader, 2, 2), "little")
    if not tokens:
        size = int.from_bytes(take(reader, 3, 2), "little") + 1
        if size > lacking:
            raise RefusedError(3)
        return take(reader, size, 3)
    try:
        classes, ends = read_chunk(reader, tokens), read_chunk(reader, tokens)
    except DamagedError as error:
        raise RefusedError(4) from error
    return decode_tokens(reader, classes, ends, lacking)


def decode_tokens(reader: Reader, classes: bytes, ends: bytes, lacking: int) -> bytes:
    """lz78.md#tokens: "A token is a phrase and a byte."."""
    bits, at = int.from_bytes(reader.left, "little"), 0
    phrases, plain = [b""], b""
    for class_, end in zip(classes, ends, strict=True):
        phrase, width = decode_phrase(class_, len(phrases), bits >> at)
        at += width
        if at > 8 * len(reader.left):
            raise RefusedError(6)
        if len(plain) + len(phrases[phrase]) >= lacking:
            raise RefusedError(7)
        phrases.append(phrases[phrase] + bytes([end]))
        plain += phrases[-1]
    last = reader.take((at + 7) // 8, 0)
    if at % 8 and last[-1] >> at % 8:
        raise RefusedError(8)
    return plain


def start(class_: int, n: int) -> int:
    """lz78.md#tokens: "start(c) is c * n / 128, rounded up"."""
    return -(-class_ * n // CLASSES)


def decode_phrase(class_: int, n: int, bits: int) -> tuple[int, int]:
    """lz78.md#tokens: "then its upper w bits follow". Return the phrase, and how many bits told it."""
    first, count = start(class_, n), start(class_ + 1, n) - start(class_, n)
    if class_ >= CLASSES or not count:
        raise RefusedError(5)
    width = count.bit_length() - 1
    short = (2 << width) - count
    remainder = bits & ((1 << width) - 1)
    if remainder < short:
        return first + remainder, width
    return first + (remainder << 1 | bits >> width & 1) - short, width + 1


def encode(plain: bytes) -> bytes:
    """lz78.md#encoder: "A round ends with 65,535 tokens, or with the plain."."""
    packed, at, repeated = b"", 0, repeats(plain)
    while at < len(plain):
        noise = 0 if repeated else noise_size(plain[at : at + RAW_MOST])
        size, coded = (noise, b"") if noise else encode_round(plain[at:])
        body = plain[at : at + size]
        if noise or len(coded) - 2 >= 3 + size:
            coded = bytes(2) + (size - 1).to_bytes(3, "little") + body
        packed += coded
        at += size
    return packed


def encode_round(plain: bytes) -> tuple[int, bytes]:
    """lz78.md#encoder: "the longest phrase that the plain goes on with"."""
    phrases = {b"": 0}
    classes, ends = bytearray(), bytearray()
    bits, width, at = 0, 0, 0
    while at < len(plain) and len(ends) < TOKENS:
        end = at
        while end + 1 < len(plain) and plain[at : end + 1] in phrases:
            end += 1
        phrase, n = phrases[plain[at:end]], len(phrases)
        classes.append(phrase * CLASSES // n)
        more, size = encode_remainder(phrase - start(classes[-1], n), classes[-1], n)
        bits |= more << width
        width += size
        ends.append(plain[end])
        phrases.setdefault(plain[at : end + 1], n)
        at = end + 1
    head = len(ends).to_bytes(2, "little")
    chunks = write_chunk(bytes(classes)) + write_chunk(bytes(ends))
    return at, head + chunks + bits.to_bytes((width + 7) // 8, "little")


def encode_remainder(remainder: int, class_: int, n: int) -> tuple[int, int]:
    """lz78.md#tokens: "A remainder below s is written in w bits." Return them, and how many."""
    count = start(class_ + 1, n) - start(class_, n)
    width = count.bit_length() - 1
    short = (2 << width) - count
    if remainder < short:
        return remainder, width
    remainder += short
    return remainder >> 1 | (remainder & 1) << width, width + 1
