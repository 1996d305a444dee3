"""Which bytes are noise, which codecs copy: lz78.md#noise, which others refer to."""

from collections.abc import Iterator
from itertools import takewhile

PART = 1 << 17
LEAST = 8192
MOST_SQUARES = 1759
ROW = 64
WORDS_AGAIN = 2


def parts(plain: bytes) -> Iterator[bytes]:
    """lz78.md#noise: "a part takes in a rest that is below 8,192"."""
    at = 0
    while at < len(plain):
        rest = len(plain) - at
        part = plain[at : at + (rest if rest < PART + LEAST else PART)]
        yield part
        at += len(part)


def noise_size(plain: bytes) -> int:
    """Return how many bytes from the start are in parts that look like noise."""
    return sum(map(len, takewhile(likely, parts(plain))))


def noise_sum(plain: bytes) -> int:
    """Return how many bytes are in parts that look like noise."""
    return sum(map(len, filter(likely, parts(plain))))


def likely(part: bytes) -> bool:
    """lz78.md#noise: "sums the squares of the counts"."""
    if len(part) < LEAST:
        return False
    starts = [k * (len(part) // 32) + len(part) // 64 for k in range(32)]
    sample = b"".join(part[start : start + 16] for start in starts)
    return sum(sample.count(value) ** 2 for value in set(sample)) <= MOST_SQUARES


def repeats(plain: bytes) -> bool:
    """lz78.md#noise: "two words that were met before"."""
    newest: dict[int, int] = {}
    met = 0
    for word in words(plain):
        number = int.from_bytes(word, "little") * 0x9E3779B97F4A7C15 % 2**64
        place, tag = number >> 52, number >> 16 & 0xFFFFFFFF | 1
        met += newest.get(place) == tag
        newest[place] = tag
    return met >= WORDS_AGAIN


def words(plain: bytes) -> Iterator[bytes]:
    """lz78.md#noise: "The word of a row"."""
    for row in rows(plain):
        first = next((i for i in range(ROW) if row[i] % 32 == 22), ROW - 1)
        yield row[first : first + 8]


def rows(plain: bytes) -> Iterator[bytes]:
    """lz78.md#noise: "Rows are taken"; each with the 8 bytes behind it."""
    number = 0
    for part in filter(likely, parts(plain)):
        count = min(80 + 512 // max(1, len(plain) // PART), len(part) // 128)
        cell = len(part) // count
        for start in range(0, count * cell, cell):
            place = number * number * 0x9E3779B1 % 2**32 * (cell - ROW - 8) >> 32
            yield part[start + place : start + place + ROW + 8]
            number += 1
