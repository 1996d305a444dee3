"""docs/format/lz77.md, section by section."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from compressor.errors import DamagedError
from compressor.reference import huffman, huffman_encoder

CHUNK = 131_072  # plain bytes
RAW, CODED = range(2)


class RefusedError(Exception):
    """A block fails the check ``number``: 4 for LZ-004."""

    def __init__(self, number: int) -> None:
        super().__init__(f"LZ-{number:03}")
        self.number = number


def check(truth: bool, number: int) -> None:  # noqa: FBT001 (the check's own statement)
    """Refuse a block that fails the check of this number."""
    if not truth:
        raise RefusedError(number)


class Reader:
    """Packed bytes, taken from the front."""

    def __init__(self, packed: bytes) -> None:
        self.left = packed

    def take(self, size: int, number: int) -> bytes:
        """Return the next bytes; that they are there is the check of this number."""
        check(len(self.left) >= size, number)
        taken, self.left = self.left[:size], self.left[size:]
        return taken

    def number(self, size: int) -> int:
        """Return the next count."""
        return int.from_bytes(self.take(size, 5), "little")


class Sequence(NamedTuple):
    """Some literals, and then a match."""

    literals: int
    match: int
    offset: int


# ---- Block ----


def decode(packed: bytes, plain_size: int) -> bytes:
    """lz77.md#block: "A block is its chunks, one after another."."""
    reader, plain, repeats = Reader(packed), bytearray(), Repeats()
    check(len(packed) >= plain_size // CHUNK * 20 + 2 * (plain_size % CHUNK > 0), 1)
    while len(plain) < plain_size:
        read_chunk(reader, plain, min(CHUNK, plain_size - len(plain)), repeats)
    check(not reader.left, 17)
    return bytes(plain)


def sequences_of(packed: bytes, plain_size: int) -> list[list[Sequence]]:
    """Return the sequences of each chunk of a sound block; a raw one has none."""
    reader, plain, repeats, found = Reader(packed), bytearray(), Repeats(), []
    while len(plain) < plain_size:
        found.append(read_chunk(reader, plain, min(CHUNK, plain_size - len(plain)), repeats))
    return found


# ---- Chunk ----


def read_chunk(reader: Reader, plain: bytearray, n: int, repeats: "Repeats") -> list[Sequence]:
    """lz77.md#chunk: "In a raw chunk the plain bytes follow."."""
    mode = reader.take(1, 2)[0]
    check(mode in (RAW, CODED), 3)
    if mode == RAW:
        plain += reader.take(n, 4)
        return []
    check(len(reader.left) >= 7, 5)
    command_count, length_count, literal_count = (reader.number(size) for size in (2, 2, 3))
    check(3 * command_count + literal_count <= n and length_count <= 6 * command_count, 6)
    commands = read_stream(reader, command_count)
    lengths = Reader(read_stream(reader, length_count))
    classes = read_stream(reader, sum(command & 12 == 0 for command in commands))
    literals = Reader(read_stream(reader, literal_count))
    offsets = iter(read_offsets(reader, classes))
    return run(plain, n, Streams(commands, lengths, offsets, literals), repeats)


def read_stream(reader: Reader, count: int) -> bytes:
    """lz77.md#chunk: "A Huffman chunk is what"."""
    inner = huffman.Reader(reader.left)
    try:
        plain = huffman.read_chunk(inner, count)
    except DamagedError as error:
        raise RefusedError(7) from error
    reader.left = inner.left
    return plain


# ---- Offsets ----


def read_offsets(reader: Reader, classes: bytes) -> list[int]:
    """lz77.md#offsets: "Extra bits follow each other from the lowest bit of each byte up"."""
    check(max(classes, default=0) <= 119, 8)
    bits = sum(cls // 4 for cls in classes)
    extras = int.from_bytes(reader.take((bits + 7) // 8, 9), "little")
    offsets = []
    for cls in classes:
        low = cls // 4
        offsets.append((4 + cls % 4) * 2**low + extras % 2**low - 3)
        extras >>= low
    check(extras == 0, 10)
    return offsets


# ---- Sequences ----


@dataclass(slots=True)
class Repeats:
    """lz77.md#sequences: "The repeats are the last three offsets that differed"."""

    offsets: list[int] = field(default_factory=lambda: [1, 4, 8])

    def use(self, kind: int, new: Iterator[int]) -> int:
        """Return the offset of this kind, moved to the front."""
        offset = next(new) if kind == 0 else self.offsets[kind - 1]
        del self.offsets[kind - 1]  # -1: a new offset pushes the last one out
        self.offsets.insert(0, offset)
        return offset

    def kind_of(self, offset: int) -> int:
        """lz77.md#encoder: "the kind is the lowest that names the offset, and else 0"."""
        return self.offsets.index(offset) + 1 if offset in self.offsets else 0


class Streams(NamedTuple):
    """The streams of a chunk; of the classes, the offsets."""

    commands: bytes
    lengths: Reader
    offsets: Iterator[int]
    literals: Reader


def read_length(lengths: Reader) -> int:
    """lz77.md#sequences: "A length is a byte b below 224, or three"."""
    byte = lengths.take(1, 11)[0]
    if byte < 224:
        return byte
    return 224 + (byte - 224) * 65536 + int.from_bytes(lengths.take(2, 11), "little")


def run(plain: bytearray, n: int, streams: Streams, repeats: Repeats) -> list[Sequence]:
    """lz77.md#sequences: "To decode, take for each command so many literals, then so many"."""
    end, sequences = len(plain) + n, []
    for command in streams.commands:
        literals, kind, match = command & 3, command >> 2 & 3, (command >> 4) + 3
        literals += read_length(streams.lengths) if literals == 3 else 0
        match += read_length(streams.lengths) if match == 18 else 0
        offset = repeats.use(kind, streams.offsets)
        check(len(streams.literals.left) >= literals, 12)
        check(len(plain) + literals + match <= end, 13)
        check(offset <= len(plain) + literals, 14)
        plain += streams.literals.take(literals, 12)
        for _ in range(match):
            plain.append(plain[-offset])
        sequences.append(Sequence(literals, match, offset))
    check(not streams.lengths.left, 15)
    check(len(streams.literals.left) == end - len(plain), 16)
    plain += streams.literals.left
    return sequences


# ---- Encoder ----


def encode(plain: bytes) -> bytes:
    """lz77.md#encoder: "Which sequences an encoder chooses is free". Each is the nearest repeat."""
    starts = range(0, len(plain), CHUNK)
    newest: dict[bytes, int] = {}
    return write(plain, [parse(plain, at, newest) for at in starts])


def parse(plain: bytes, start: int, newest: dict[bytes, int]) -> list[Sequence]:
    """Return matches of 4 bytes or more, each the newest of those that begin with the same 4."""
    end, at, anchor, sequences = min(start + CHUNK, len(plain)), start, start, list[Sequence]()
    while at + 4 <= end:
        before = newest.get(plain[at : at + 4])
        newest[plain[at : at + 4]] = at
        if before is None:
            at += 1
            continue
        match = 4
        while at + match < end and plain[before + match] == plain[at + match]:
            match += 1
        sequences.append(Sequence(at - anchor, match, at - before))
        at = anchor = at + match
    return sequences


def write(plain: bytes, parsed: list[list[Sequence]]) -> bytes:
    """lz77.md#encoder: "Given the list, the bytes are settled"; no sequences: what is smaller."""
    packed, offsets = b"", Repeats().offsets
    for number, sequences in enumerate(parsed):
        part, repeats = plain[number * CHUNK : (number + 1) * CHUNK], Repeats(list(offsets))
        coded = write_coded(part, sequences, repeats)
        if len(coded) > len(part):
            packed += bytes([RAW]) + part
        else:
            packed, offsets = packed + coded, repeats.offsets
    return packed


def write_coded(part: bytes, sequences: list[Sequence], repeats: Repeats) -> bytes:
    """lz77.md#chunk: what stands in a coded chunk, in its order."""
    commands, lengths, classes, literals = bytearray(), b"", bytearray(), b""
    at = extras = bits = 0
    for sequence in sequences:
        literals += part[at : at + sequence.literals]
        at += sequence.literals + sequence.match
        few, kind = min(sequence.literals, 3), repeats.kind_of(sequence.offset)
        rest = min(sequence.match - 3, 15)
        lengths += write_length(sequence.literals - 3) if few == 3 else b""
        lengths += write_length(sequence.match - 18) if rest == 15 else b""
        if kind == 0:
            low = (sequence.offset + 3).bit_length() - 3
            classes.append(low * 4 + (sequence.offset + 3 >> low) % 4)
            extras |= (sequence.offset + 3) % 2**low << bits
            bits += low
        repeats.use(kind, iter([sequence.offset]))
        commands.append(few | kind << 2 | rest << 4)
    literals += part[at:]
    counts = zip((len(commands), len(lengths), len(literals)), (2, 2, 3), strict=True)
    head = bytes([CODED]) + b"".join(count.to_bytes(size, "little") for count, size in counts)
    streams = map(huffman_encoder.write_chunk, map(bytes, (commands, lengths, classes, literals)))
    return head + b"".join(streams) + extras.to_bytes((bits + 7) // 8, "little")


def write_length(length: int) -> bytes:
    """lz77.md#encoder: "each length takes as few bytes as it can"."""
    if length < 224:
        return bytes([length])
    over = length - 224
    return bytes([224 + (over >> 16)]) + (over & 0xFFFF).to_bytes(2, "little")
