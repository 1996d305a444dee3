"""docs/format/fields.md, section by section."""

from collections.abc import Sequence
from itertools import accumulate

from compressor.errors import DamagedError


def stream_sizes(plain_size: int, sizes: Sequence[int]) -> list[int]:
    """fields.md#streams: "but not less than 0 or more than n"."""
    records, tail = divmod(plain_size, sum(sizes))
    starts = [0, *accumulate(sizes)]
    return [
        records * size + min(max(tail - start, 0), size)
        for size, start in zip(sizes, starts, strict=False)
    ]


def split(plain: bytes, sizes: Sequence[int]) -> list[bytes]:
    """fields.md#streams: "each has its field of each record"."""
    streams = [b""] * len(sizes)
    at = 0
    while at < len(plain):
        for number, size in enumerate(sizes):
            streams[number] += plain[at : at + size]
            at += size
    return streams


def merge(streams: Sequence[bytes], plain_size: int, sizes: Sequence[int]) -> bytes:
    """fields.md#streams: "take for each record its fields from the streams".

    Raises:
        DamagedError: FD-001, FD-002.
    """
    if len(streams) != len(sizes):
        raise DamagedError("there is a stream too many or too few (FD-001)")
    if [len(stream) for stream in streams] != stream_sizes(plain_size, sizes):
        raise DamagedError("a stream has the wrong size (FD-002)")
    plain, taken = b"", 0
    while len(plain) < plain_size:
        for stream, size in zip(streams, sizes, strict=True):
            plain += stream[taken * size : (taken + 1) * size]
        taken += 1
    return plain
