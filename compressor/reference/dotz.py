"""docs/format/dotz.md, section by section: whole files, header included."""

from dataclasses import dataclass, field

MAGIC = b"\x1f\x9d"
CLEARS = 0x80  # the flag that there is CLEAR
CLEAR = 256
MIN_BITS, MAX_BITS = 9, 16
GROUP = 8  # codes
LOOK_GAP = 10_000  # plain bytes between two looks at the ratio


class RefusedError(Exception):
    """A file is not as the page has it."""


def header(file: bytes) -> tuple[int, bool]:
    """dotz.md#z: "the low five bits: `max_bits`, the width of the widest code, 9 to 16"."""
    if file[:2] != MAGIC or len(file) < 3:
        raise RefusedError("no header")
    max_bits = file[2] & 0x1F
    if not MIN_BITS <= max_bits <= MAX_BITS:
        raise RefusedError("codes of an impossible width")
    return max_bits, bool(file[2] & CLEARS)


def is_wider(following: int, width: int, max_bits: int) -> bool:
    """dotz.md#codes: "before the code that is read when `2^bits` is the next to be defined."."""
    if max_bits == MIN_BITS:
        return following >= 1 << width  # dotz.md#codes: "A reader has to do the same."
    return width < max_bits and following >= 1 << width


@dataclass(slots=True)
class GroupReader:
    """dotz.md#groups: "Codes of one width come in groups of eight"."""

    file: bytes
    at: int = 3  # where the group begins
    taken: int = 0  # codes of it

    def end(self, width: int) -> None:
        """dotz.md#groups: "the rest of the group is skipped"."""
        if self.taken:
            self.at += width
        self.taken = 0

    def take(self, width: int) -> int | None:
        """Return the next code; None where the file ends."""
        if self.taken == GROUP:
            self.end(width)
        group = self.file[self.at : self.at + width]
        word = int.from_bytes(group, "little") >> self.taken * width
        if (self.taken + 1) * width > 8 * len(group):
            if word:  # dotz.md#z: "The bits behind the last whole code must be zero"
                raise RefusedError("it ends inside a code")
            return None
        self.taken += 1
        return word & ((1 << width) - 1)


@dataclass(slots=True)
class Dictionary:
    """dotz.md#codes: "When the code `2^max_bits - 1` is defined, no more are."."""

    max_bits: int
    first: int  # the code of the first phrase
    phrases: list[bytes] = field(default_factory=list)
    previous: bytes = b""

    @property
    def next(self) -> int:
        """The code that is defined next."""
        return self.first + len(self.phrases)

    def phrase(self, code: int) -> bytes:
        """Return what a code stands for, and define what it defines."""
        if code < 256:
            phrase = bytes([code])
        elif not self.previous:
            raise RefusedError("the first code is not a byte")
        elif self.first <= code < self.next:
            phrase = self.phrases[code - self.first]
        elif code == self.next < 1 << self.max_bits:
            phrase = self.previous + self.previous[:1]
        else:
            raise RefusedError("a code is not defined yet")
        if self.previous and self.next < 1 << self.max_bits:
            self.phrases.append(self.previous + phrase[:1])
        self.previous = phrase
        return phrase


def decode(file: bytes) -> bytes:
    """Return the content; raise RefusedError where it can't be had."""
    max_bits, clears = header(file)
    first = CLEAR + clears
    dictionary, reader = Dictionary(max_bits, first), GroupReader(file)
    width, plain = MIN_BITS, bytearray()
    while True:
        if is_wider(dictionary.next, width, max_bits):
            reader.end(width)
            width += 1
        code = reader.take(width)
        if code is None:
            return bytes(plain)
        if code == CLEAR and clears:
            # By dotz.md#groups: "Behind CLEAR codes have nine bits, and the dictionary is empty."
            reader.end(width)
            dictionary, width = Dictionary(max_bits, first), MIN_BITS
        else:
            plain += dictionary.phrase(code)


@dataclass(slots=True)
class GroupWriter:
    """The other side of ``GroupReader``: bits that are no whole byte yet wait in ``held``."""

    max_bits: int
    out: bytearray
    width: int = MIN_BITS
    held: int = 0
    held_bits: int = 0
    group_size: int = 0  # bytes of the group so far

    def _flush(self) -> None:
        for _ in range(self.held_bits // 8):
            self.out.append(self.held & 0xFF)
            self.held >>= 8
            self.held_bits -= 8
            self.group_size = (self.group_size + 1) % self.width

    def put(self, code: int, following: int) -> None:
        """Write a code, at the width that a reader expects where ``following`` is defined next."""
        if is_wider(following, self.width, self.max_bits):
            self.end()
            self.width += 1
        self.held |= code << self.held_bits
        self.held_bits += self.width
        self._flush()

    def end(self) -> None:
        """Fill up the group."""
        self.pad()
        while self.group_size:
            self.held_bits = 8
            self._flush()

    def pad(self) -> None:
        """Fill up the byte."""
        self.held_bits = -(-self.held_bits // 8) * 8
        self._flush()


class Service:
    """dotz.md#encoder: "it looks, each 10,000 plain bytes, at the ratio"."""

    def __init__(self, start: int, written: int) -> None:
        self._start, self._written = start, written
        self._look_at = start + LOOK_GAP
        self._best = 0

    def ends(self, at: int, written: int) -> bool:
        """Say whether the ratio has fallen; ``at`` plain bytes were read, so many bytes ``written``."""
        if at < self._look_at:
            return False
        self._look_at = at + LOOK_GAP
        ratio = ((at - self._start) << 16) // (written - self._written + 1)
        fallen = ratio < self._best
        self._best = ratio
        return fallen


def encode(plain: bytes, max_bits: int = MAX_BITS) -> bytes:
    """dotz.md#encoder: "Ours takes the longest phrase each time."."""
    writer = GroupWriter(max_bits, bytearray(MAGIC + bytes([CLEARS | max_bits])))
    service = Service(0, len(writer.out))
    children: dict[tuple[int, int], int] = {}
    codes = 0  # since the start or the last CLEAR
    phrase = -1
    for at, byte in enumerate(plain):
        if (child := children.get((phrase, byte), byte if phrase < 0 else -1)) >= 0:
            phrase = child
            continue
        writer.put(phrase, following(codes, max_bits))
        codes += 1
        if following(codes, max_bits) < 1 << max_bits:
            children[phrase, byte] = following(codes, max_bits)
        phrase = byte
        full = following(codes, max_bits) == 1 << max_bits
        if full and service.ends(at + 1, len(writer.out)):
            writer.put(CLEAR, following(codes, max_bits))
            writer.end()
            writer.width, codes = MIN_BITS, 0
            children.clear()
            service = Service(at + 1, len(writer.out))
    if phrase >= 0:
        writer.put(phrase, following(codes, max_bits))
    writer.pad()
    return bytes(writer.out)


def following(codes: int, max_bits: int) -> int:
    """Return the code that a reader of so many codes defines next: the first defines nothing."""
    return min(CLEAR + 1 + max(codes - 1, 0), 1 << max_bits)
