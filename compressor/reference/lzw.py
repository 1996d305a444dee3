"""docs/format/lzw.md, section by section."""

from dataclasses import dataclass, field

from compressor.reference.noise import noise_sum, repeats

MIN_BITS = 9
CLEAR = 256
FIRST_PHRASE = 257
LOOK_GAP = 8192  # plain bytes between two looks at a full dictionary
LIFETIME = 8  # in plain bytes, by those that filled the dictionary
RAW = 0  # in the place of max_bits
SINGLE_BYTES = [bytes([value]) for value in range(256)]


class RefusedError(Exception):
    """A stream fails the check ``number``: 4 for L-004."""

    def __init__(self, number: int) -> None:
        super().__init__(f"L-{number:03}")
        self.number = number


def check_header(packed: bytes, plain_size: int) -> int:
    """lzw.md#header: "The first byte is `max_bits`." Return it."""
    if not packed:
        raise RefusedError(1)
    max_bits = packed[0]
    if max_bits == RAW:
        if plain_size != len(packed) - 1:
            raise RefusedError(10)
        return max_bits
    if not MIN_BITS <= max_bits <= 16:
        raise RefusedError(2)
    if plain_size > most_plain(len(packed), max_bits):
        raise RefusedError(3)
    return max_bits


def most_plain(packed_size: int, max_bits: int) -> int:
    """lzw.md#header: "the n-th code stands for n bytes at most"."""
    codes = (packed_size - 1) * 8 // MIN_BITS
    longest = (1 << max_bits) - 256
    rising = min(codes, longest)
    return rising * (rising + 1) // 2 + (codes - rising) * longest


@dataclass(slots=True)
class BitReader:
    """lzw.md#codes: "each with its lowest bit first"."""

    packed: bytes
    bit: int = 8

    def take(self, width: int) -> int:
        """Return the next code."""
        if self.bit + width > len(self.packed) * 8:
            raise RefusedError(7)
        start = self.bit >> 3
        word = int.from_bytes(self.packed[start : start + 4], "little")
        code = word >> (self.bit & 7) & ((1 << width) - 1)
        self.bit += width
        return code

    def finish(self) -> None:
        """lzw.md#end: "What is left of the last byte is zero, and no byte follows."."""
        used = self.bit & 7
        if used and self.packed[self.bit >> 3] >> used:
            raise RefusedError(8)
        if (self.bit + 7) >> 3 < len(self.packed):
            raise RefusedError(9)


@dataclass(slots=True)
class Dictionary:
    """lzw.md#dictionary: "Each later code defines the next phrase, from 257 upwards"."""

    max_bits: int
    phrases: list[bytes] = field(default_factory=list)  # the first is that of code 257
    previous: bytes = b""

    @property
    def next(self) -> int:
        """The phrase that the next code defines; CLEAR where it defines none."""
        return FIRST_PHRASE + len(self.phrases) if self.previous else CLEAR

    @property
    def width(self) -> int:
        """lzw.md#width: "A code has as many bits as the phrase that it defines needs"."""
        return min(self.next.bit_length(), self.max_bits)

    def phrase(self, code: int) -> bytes:
        """Return what ``code`` stands for, and define what it defines."""
        if not self.previous and code >= CLEAR:
            raise RefusedError(4)
        if code > self.next > CLEAR:
            raise RefusedError(5)
        if code < CLEAR:
            phrase = SINGLE_BYTES[code]
        elif code < self.next:
            phrase = self.phrases[code - FIRST_PHRASE]
        else:
            phrase = self.previous + self.previous[:1]
        if self.previous and self.next < 1 << self.max_bits:
            self.phrases.append(self.previous + phrase[:1])
        self.previous = phrase
        return phrase

    def clear(self) -> None:
        """lzw.md#dictionary: "The dictionary is empty at the start and after each CLEAR."."""
        if not self.previous:
            raise RefusedError(4)
        self.phrases.clear()
        self.previous = b""


def decode(packed: bytes, plain_size: int) -> bytes:
    """Return the plain; raise RefusedError where a check fails."""
    dictionary = Dictionary(check_header(packed, plain_size))
    if dictionary.max_bits == RAW:
        return packed[1:]
    reader = BitReader(packed)
    plain = bytearray()
    while len(plain) < plain_size:
        code = reader.take(dictionary.width)
        if code == CLEAR:
            dictionary.clear()
            continue
        phrase = dictionary.phrase(code)
        if len(plain) + len(phrase) > plain_size:
            raise RefusedError(6)
        plain += phrase
    reader.finish()
    return bytes(plain)


@dataclass(slots=True)
class BitWriter:
    """The other side of ``BitReader``; ``size`` counts the bits of codes."""

    out: bytearray
    pending: int = 0
    size: int = 0

    def put(self, code: int, width: int) -> None:
        """Append a code."""
        self.pending |= code << (self.size & 7)
        self.size += width
        while len(self.out) - 1 < self.size >> 3:
            self.out.append(self.pending & 0xFF)
            self.pending >>= 8

    def finish(self) -> bytes:
        """Return the stream, its last byte filled up with zeros."""
        return bytes(self.out) + (bytes([self.pending]) if self.size & 7 else b"")


@dataclass(slots=True)
class Service:
    """How a dictionary serves; each place is (plain bytes, packed bits) before it."""

    start: tuple[int, int] = (0, 0)
    full: tuple[int, int] = (0, 0)
    look: tuple[int, int] = (0, 0)

    def ends(self, plain: int, bits: int) -> bool:
        """lzw.md#encoder: "A CLEAR follows if one of these is true"."""
        if plain - self.look[0] < LOOK_GAP:
            return False
        window_plain, window_bits = plain - self.look[0], bits - self.look[1]
        fill_plain, fill_bits = self.full[0] - self.start[0], self.full[1] - self.start[1]
        self.look = plain, bits
        dear = window_bits * fill_plain > fill_bits * window_plain
        return dear or plain - self.start[0] > LIFETIME * fill_plain


def encode(plain: bytes, max_bits: int = 16, reset: str = "ratio") -> bytes:
    """lzw.md#encoder: "Each code stands for the longest phrase that the plain goes on with."."""
    if plain and noise_sum(plain) >= len(plain) - len(plain) // 4 and not repeats(plain):
        return bytes([RAW]) + plain
    writer = BitWriter(bytearray([max_bits]))
    children: dict[tuple[int, int], int] = {}
    width = MIN_BITS
    service = Service()
    at = 0
    while at < len(plain):
        code, at = longest_phrase(children, plain, at)
        writer.put(code, width)
        if at == len(plain):
            break
        new = FIRST_PHRASE + len(children)
        if new < 1 << max_bits:
            children[code, plain[at]] = new
            width = new.bit_length()
            service.full = service.look = at, writer.size
        full = new + 1 == 1 << max_bits
        if (full and reset == "full") or (new >= 1 << max_bits and service.ends(at, writer.size)):
            # By lzw.md#encoder: "writes one behind each code that fills the dictionary"
            writer.put(CLEAR, width)
            children.clear()
            width = MIN_BITS
            service.start = at, writer.size
    return writer.finish()


def longest_phrase(children: dict[tuple[int, int], int], plain: bytes, at: int) -> tuple[int, int]:
    """Return the code of the longest phrase at ``at``, and where it ends."""
    code = plain[at]
    at += 1
    while at < len(plain) and (code, plain[at]) in children:
        code = children[code, plain[at]]
        at += 1
    return code, at
