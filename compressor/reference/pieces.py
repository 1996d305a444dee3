"""docs/format/pieces.md, section by section."""

import hashlib
import struct
from dataclasses import dataclass, field

MIN_SIZE = 4096
NORMAL_SIZE = 13_312  # from here on the easy mask holds
MAX_SIZE = 65_536
HARD = 0xFC00FFC0
EASY = 0xC000FFC0
WINDOW = 32  # bytes that a hash depends on

NUMBERS: tuple[int, ...] = struct.unpack(
    "<32I", hashlib.shake_256(b"compressor pieces 0").digest(128)
)


def gear(byte: int) -> int:
    """pieces.md#gears: "that of its low four bits, xor that of its high four"."""
    return NUMBERS[byte & 15] ^ NUMBERS[16 + (byte >> 4)]


GEARS = [gear(byte) for byte in range(256)]


def roll(value: int, byte: int) -> int:
    """pieces.md#hash: "shifted left by one bit, plus the byte's gear, modulo 2^32"."""
    return (value << 1) + GEARS[byte] & 0xFFFFFFFF


def first_piece(content: bytes, start: int = 0) -> int | None:
    """pieces.md#ends: "A piece ends at the first size at which one of these is true".

    Return that size, or None where the content ends before.
    """
    value = 0
    for byte in content[start + MIN_SIZE - WINDOW : start + MIN_SIZE - 1]:
        value = roll(value, byte)
    for size in range(MIN_SIZE, min(len(content) - start, MAX_SIZE) + 1):
        value = roll(value, content[start + size - 1])
        mask = HARD if size < NORMAL_SIZE else EASY
        if value & mask == 0 or size == MAX_SIZE:
            return size
    return None


def cut(content: bytes, *, final: bool = True) -> list[int]:
    """pieces.md#ends: "The last piece ends with the content, at any size."."""
    sizes: list[int] = []
    start = 0
    while start < len(content):
        size = first_piece(content, start)
        if size is None:
            return [*sizes, len(content) - start] if final else sizes
        sizes.append(size)
        start += size
    return sizes


SLOT_SIZE = 24
PROBES_MAX = 128
SLOTS_FIRST = 1024
REMOVED = -1  # in place of a location


@dataclass(slots=True)
class Generation:
    """pieces.md#table: "two generations of slots, the current and the previous one"."""

    slots: list[tuple[bytes, int] | None] = field(default_factory=list)
    count: int = 0

    def home(self, hash16: bytes) -> int:
        """pieces.md#table: "its first 32 bits, little-endian, times the number of slots"."""
        return int.from_bytes(hash16[:4], "little") * len(self.slots) >> 32

    def probe(self, hash16: bytes) -> int | None:
        """pieces.md#table: "until one holds the hash or is free, 128 at most"."""
        for step in range(min(PROBES_MAX, len(self.slots))):
            at = (self.home(hash16) + step) % len(self.slots)
            slot = self.slots[at]
            if slot is None or slot[0] == hash16:
                return at
        return None

    def find(self, hash16: bytes, *, remove: bool = False) -> int | None:
        """pieces.md#table: "the entry is marked as removed, and its slot is not free"."""
        at = self.probe(hash16)
        slot = None if at is None else self.slots[at]
        if at is None or slot is None or slot[1] == REMOVED:
            return None
        if remove:
            self.slots[at] = hash16, REMOVED
            self.count -= 1
        return slot[1]

    def put(self, hash16: bytes, location: int) -> None:
        """pieces.md#table: "else to the free one, else to its home, whose entry is lost"."""
        at = self.probe(hash16)
        if at is None:
            at = self.home(hash16)
        self.count += self.slots[at] is None
        self.slots[at] = hash16, location


@dataclass(slots=True)
class PieceTable:
    """pieces.md#table: "as many as half of the table's memory holds"."""

    memory: int
    current: Generation = field(default_factory=Generation)
    previous: Generation = field(default_factory=Generation)

    def __len__(self) -> int:
        return self.current.count + self.previous.count

    def find(self, hash16: bytes) -> int | None:
        """pieces.md#table: "in the current generation, else in the previous one"."""
        location = self.current.find(hash16)
        if location is not None:
            return location
        location = self.previous.find(hash16, remove=True)
        if location is not None:
            self.make_room()
            self.current.put(hash16, location)
        return location

    def put(self, hash16: bytes, location: int) -> None:
        """pieces.md#table: "the hash is removed from the previous one"."""
        self.make_room()
        self.previous.find(hash16, remove=True)
        self.current.put(hash16, location)

    def make_room(self) -> None:
        """pieces.md#table: "Else it becomes the previous generation"."""
        old, slots_max = self.current, self.memory // 2 // SLOT_SIZE
        if old.count < len(old.slots) // 4 * 3:
            return
        if len(old.slots) == slots_max:
            self.previous, self.current = old, Generation([None] * slots_max)
            return
        size = min(max(2 * len(old.slots), SLOTS_FIRST), slots_max)
        self.current = Generation([None] * size)
        for slot in old.slots:
            if slot is not None:
                self.current.put(*slot)
