"""docs/format/preset.md, section by section."""

import string
from dataclasses import dataclass
from itertools import groupby

RAW, ASCII, DNA, GIVEN = 0, 1, 2, 8
LETTERS = string.ascii_uppercase + string.ascii_lowercase + string.digits
ALPHABETS = {
    ASCII: bytes(range(128)),
    DNA: b"ACGT",
    3: b"0123456789",
    4: b"0123456789abcdef",
    5: b"0123456789ABCDEF",
    6: (LETTERS + "+/").encode(),
    7: (LETTERS + "-_").encode(),
}
LINES, CASE, EXCEPTIONS = 0x10, 0x20, 0x40
CHUNK = 1 << 16  # plain bytes at most
LINE_FEED = ord("\n")
SMALL = 0x20  # the bit that small letters have set


class RefusedError(Exception):
    """A stream fails the check ``number``: 4 for PS-004."""

    def __init__(self, number: int) -> None:
        super().__init__(f"PS-{number:03}")
        self.number = number


@dataclass(slots=True)
class Reader:
    """What is left of the packed bytes."""

    packed: bytes
    at: int = 0

    def take(self, size: int, check: int) -> bytes:
        """Return the next bytes; the check is broken where they are not there."""
        self.at += size
        if self.at > len(self.packed):
            raise RefusedError(check)
        return self.packed[self.at - size : self.at]

    def word(self, check: int) -> int:
        """Return the next two bytes as a number."""
        return int.from_bytes(self.take(2, check), "little")

    def number(self) -> int:
        """preset.md#case: "7 bits a byte, the lowest first"."""
        value = 0
        for shift in (0, 7, 14):
            byte = self.take(1, 6)[0]
            value |= (byte & 127) << shift
            if byte < 128:
                if not byte and shift:
                    raise RefusedError(6)
                return value
        raise RefusedError(6)


def decode(packed: bytes, plain_size: int, alphabet: bytes = b"") -> bytes:
    """preset.md#block: "A block is chunks, one behind another, until the plain is complete."."""
    if plain_size > CHUNK * (len(packed) // 3):
        raise RefusedError(1)
    alphabets = ALPHABETS | ({GIVEN: alphabet} if alphabet else {})
    reader = Reader(packed)
    plain = b""
    while len(plain) < plain_size:
        plain += decode_chunk(reader, plain_size - len(plain), alphabets)
    if reader.at != len(packed):
        raise RefusedError(12)
    return plain


def decode_chunk(reader: Reader, left: int, alphabets: dict[int, bytes]) -> bytes:
    """preset.md#chunk: "the first three bytes are there"."""
    head = reader.take(3, 2)
    flags, size = head[0], int.from_bytes(head[1:], "little") + 1
    if size > left:
        raise RefusedError(4)
    table = flags & 15
    if flags == RAW:
        return reader.take(size, 9)
    if flags > 127 or table not in alphabets or (flags & CASE and table != DNA):
        raise RefusedError(3)
    feeds = decode_lines(reader, size) if flags & LINES else range(0)
    symbols = decode_symbols(reader, alphabets[table], size - len(feeds))
    if flags & CASE:
        decode_case(reader, symbols)
    if flags & EXCEPTIONS:
        decode_exceptions(reader, symbols)
    return with_lines(symbols, feeds)


def decode_lines(reader: Reader, size: int) -> range:
    """preset.md#lines: "`stride` and `count` are not zero". Return the line feeds' places."""
    first, stride, count = reader.word(5), reader.word(5), reader.word(5)
    if not stride or not count or first + (count - 1) * stride >= size:
        raise RefusedError(5)
    return range(first, first + count * stride, stride)


def with_lines(symbols: bytearray, feeds: range) -> bytes:
    """preset.md#lines: "All other bytes of the chunk, in order, are its symbols."."""
    rest = iter(symbols)
    size = len(symbols) + len(feeds)
    return bytes(LINE_FEED if at in feeds else next(rest) for at in range(size))


def layout_of(alphabet: bytes) -> tuple[int, int]:
    """preset.md#symbols: "1 to 7". Return the codes that go together, and their bits."""
    if len(alphabet) in (9, 10):
        return 3, 10
    return 1, (len(alphabet) - 1).bit_length()


def decode_symbols(reader: Reader, alphabet: bytes, count: int) -> bytearray:
    """preset.md#symbols: "The first code has the lowest bits of the first byte."."""
    together, bits = layout_of(alphabet)
    numbers = -(-count // together)
    word = int.from_bytes(reader.take((numbers * bits + 7) // 8, 9), "little")
    if word >> numbers * bits:
        raise RefusedError(10)
    codes = [word >> at * bits & ((1 << bits) - 1) for at in range(numbers)]
    if together == 3:
        codes = [
            number // ten % 10 if ten < 100 else number // ten
            for number in codes
            for ten in (100, 10, 1)
        ]
    if any(codes[count:]) or any(code >= len(alphabet) for code in codes):
        raise RefusedError(11)
    return bytearray(alphabet[code] for code in codes[:count])


def decode_case(reader: Reader, symbols: bytearray) -> None:
    """preset.md#case: "In a small letter bit 5 is set."."""
    at, small = 0, 0
    for _ in range(reader.word(6)):
        end = at + reader.number()
        if end >= len(symbols):
            raise RefusedError(7)
        symbols[at:end] = bytes(symbol | small for symbol in symbols[at:end])
        at, small = end, small ^ SMALL
    symbols[at:] = bytes(symbol | small for symbol in symbols[at:])


def decode_exceptions(reader: Reader, symbols: bytearray) -> None:
    """preset.md#exceptions: "All symbols of the run are that byte"."""
    at = 0
    for _ in range(reader.word(6)):
        gap, length, byte = reader.number(), reader.number(), reader.take(1, 6)
        if not length or at + gap + length > len(symbols):
            raise RefusedError(8)
        symbols[at + gap : at + gap + length] = byte * length
        at += gap + length


def encode(plain: bytes, alphabet: bytes = b"") -> bytes:
    """preset.md#encoder: "Ours takes 65,536 plain bytes for a chunk"."""
    packed = b""
    at = 0
    while at < len(plain):
        size, chunk = encode_chunk(plain[at : at + CHUNK], alphabet)
        packed += chunk
        at += size
    return packed


def encode_chunk(plain: bytes, alphabet: bytes) -> tuple[int, bytes]:
    """preset.md#encoder: "The smallest chunk is written". Return the plain bytes it has, and it."""
    best = (bytes([RAW]) + (len(plain) - 1).to_bytes(2, "little")) + plain
    for table in (GIVEN, DNA, 3, 4, 5, 6, 7, ASCII):
        members = alphabet if table == GIVEN else ALPHABETS[table]
        if not promising(plain, table, members) or 3 + codes_size(members, len(plain)) >= len(best):
            continue
        if table == DNA and (end := record_in(plain)):
            return encode_chunk(plain[:end], alphabet)
        best = min(best, encode_by(plain, table, members), key=len)
    return len(plain), best


def promising(plain: bytes, table: int, alphabet: bytes) -> bool:
    """preset.md#encoder: "unless seven of eight bytes of a sample are in its alphabet"."""
    starts = [len(plain) // 8 * i for i in (1, 3, 5, 7)]
    sample = b"".join(plain[at : at + 32] for at in starts) if len(plain) >= 256 else plain
    known = set(alphabet) | {LINE_FEED} | (set(b"acgtNn") if table == DNA else set())
    return bool(alphabet) and sum(byte not in known for byte in sample) * 8 <= len(sample)


def codes_size(alphabet: bytes, count: int) -> int:
    """Return the bytes that so many codes take."""
    together, bits = layout_of(alphabet)
    return (-(-count // together) * bits + 7) // 8


def lines_of(plain: bytes) -> range:
    """preset.md#encoder: "`first` is a line feed in the first 1,024 bytes"."""
    first = plain.find(b"\n", 0, 1024)
    second = plain.find(b"\n", first + 1)
    if first < 0 or second < 0:
        return range(0)
    stride = second - first
    end = first
    while end < len(plain) and plain[end] == LINE_FEED:
        end += stride
    return range(first, end, stride)


def without_lines(plain: bytes, feeds: range) -> bytes:
    """Return the symbols."""
    return bytes(byte for at, byte in enumerate(plain) if at not in feeds) if feeds else plain


def record_in(plain: bytes) -> int:
    """preset.md#encoder: "the chunk ends before the first such `>`". Return its place, or 0."""
    symbols = without_lines(plain, lines_of(plain))
    if not symbols.translate(None, b"ACGTacgt"):
        return 0
    return plain.find(b"\n>", 4095) + 1


def encode_by(plain: bytes, table: int, alphabet: bytes) -> bytes:
    """Return the chunk that a table makes."""
    feeds = range(0) if LINE_FEED in alphabet else lines_of(plain)
    symbols = without_lines(plain, feeds)
    flags, sides = table | (LINES if feeds else 0), b""
    if table == DNA and any(symbol & SMALL for symbol in symbols):
        flags, sides = flags | CASE, encode_case(symbols)
    folded = bytes(symbol & ~SMALL for symbol in symbols) if table == DNA else symbols
    missing = [symbol not in alphabet for symbol in folded]
    if any(missing):
        flags, sides = flags | EXCEPTIONS, sides + encode_exceptions(symbols, missing)
    head = bytes([flags]) + (len(plain) - 1).to_bytes(2, "little")
    if feeds:
        places = (feeds.start, feeds.step, len(feeds))
        head += b"".join(place.to_bytes(2, "little") for place in places)
    codes = [max(0, alphabet.find(symbol)) for symbol in folded]
    return head + encode_codes(codes, alphabet) + sides


def encode_codes(codes: list[int], alphabet: bytes) -> bytes:
    """preset.md#symbols: "The last byte is filled up with zeros."."""
    together, bits = layout_of(alphabet)
    size = codes_size(alphabet, len(codes))
    if together == 3:
        codes = [*codes, 0, 0]
        codes = [
            100 * codes[i] + 10 * codes[i + 1] + codes[i + 2] for i in range(0, len(codes) - 2, 3)
        ]
    digits = "".join(f"{code:0{bits}b}" for code in reversed(codes))
    return int(digits or "0", 2).to_bytes(size, "little")


def number(value: int) -> bytes:
    """preset.md#case: "bit 7 of a byte says that another one follows"."""
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def encode_case(symbols: bytes) -> bytes:
    """preset.md#case: "how many symbols are capitals, how many behind them small letters"."""
    runs = [(small, len(list(run))) for small, run in groupby(s & SMALL for s in symbols)]
    if runs[0][0]:
        runs.insert(0, (0, 0))
    numbers = [number(size) for _, size in runs[:-1]]
    return len(numbers).to_bytes(2, "little") + b"".join(numbers)


def encode_exceptions(symbols: bytes, missing: list[bool]) -> bytes:
    """preset.md#encoder: "those next to each other of the same byte as one run"."""
    runs, at, behind = [], 0, 0
    for (lacks, byte), group in groupby(zip(missing, symbols, strict=True)):
        size = len(list(group))
        if lacks:
            runs.append(number(at - behind) + number(size) + bytes([byte]))
            behind = at + size
        at += size
    return len(runs).to_bytes(2, "little") + b"".join(runs)
