"""Which bytes no dictionary gains on: lz78.md#encoder, which lzw.md refers to."""

from collections.abc import Iterator
from itertools import takewhile

PART = 1 << 17
LEAST = 8192
GAP = 256
WORD = 8
MOST_SQUARES = 1714


def parts(plain: bytes) -> Iterator[bytes]:
    """lz78.md#encoder: "a part takes in a rest that is below 8,192"."""
    at = 0
    while at < len(plain):
        rest = len(plain) - at
        part = plain[at : at + (rest if rest < PART + LEAST else PART)]
        yield part
        at += len(part)


def noise_size(plain: bytes) -> int:
    """Return how many bytes from the start are in parts of noise."""
    return sum(map(len, takewhile(is_noise, parts(plain))))


def noise_sum(plain: bytes) -> int:
    """Return how many bytes are in parts of noise."""
    return sum(map(len, filter(is_noise, parts(plain))))


def is_noise(part: bytes) -> bool:
    """Tell of a part whether it is noise."""
    return likely(part) and not repeats(part)


def likely(part: bytes) -> bool:
    """lz78.md#encoder: "sums the squares of the counts"."""
    if len(part) < LEAST:
        return False
    starts = [k * (len(part) // 8) for k in range(8)]
    sample = b"".join(part[start : start + 64] for start in starts)
    return sum(sample.count(value) ** 2 for value in set(sample)) <= MOST_SQUARES


def repeats(part: bytes) -> bool:
    """lz78.md#encoder: "the 8 bytes at each multiple of 256"."""
    places = (len(part) - WORD) // GAP
    words = {part[at * GAP : at * GAP + WORD] for at in range(places)}
    if len(words) < places:
        return True
    starts = (places // 2 * GAP, (places - 1) * GAP)
    near = (at for start in starts for at in range(start + 1, start + GAP))
    return any(part[at : at + WORD] in words for at in near)
