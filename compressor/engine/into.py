"""Members decoded into memory of the caller: each block once, in threads, each part to its place."""

from collections import deque
from collections.abc import Iterable, Iterator
from itertools import pairwise

from msgspec import Struct

from compressor.archive.index import Index
from compressor.archive.leaf import Entry
from compressor.archive.record import Kind
from compressor.archive.source import AHEAD
from compressor.engine.access import SeekableArchive, named
from compressor.engine.pool import spread
from compressor.errors import DamagedError
from compressor.kernels.memory import clear, copy_into

WORKING = 4 << 20  # bytes; more than decoding a block of numbers takes at once


class Target(Struct, frozen=True):
    """Where a member's bytes from ``start`` on go; ``tensor`` names them in errors."""

    start: int
    buffer: memoryview
    tensor: str

    @property
    def end(self) -> int:
        """The position behind its last byte, in the member."""
        return self.start + len(self.buffer)


class _Part(Struct, frozen=True):
    """Bytes ``begin`` to ``end`` of a block, and where they go."""

    begin: int
    end: int
    buffer: memoryview
    tensor: str


_Job = tuple[int, list[_Part], int]
"""The offset of a block (0: a hole), what of it is wanted, and how many bytes its record has, as far as
that can be told before it is read: those up to the next one, and no more than those that are wanted."""


def read_into(
    archive: SeekableArchive, index: Index, entry: Entry, targets: Iterable[Target]
) -> None:
    """Fill the targets, which do not overlap, with a member's bytes; all lie inside it.

    Every block is checked before it is decoded; the member's own hash is not compared.

    Raises:
        DamagedError: a block is damaged; ``member`` and ``tensor`` say whose. No target may be used.
    """

    def work(job: _Job) -> None:
        try:
            _fill(archive, index, job)
        except DamagedError as error:
            error.member, error.tensor = entry.shown_name, job[1][0].tensor
            raise

    with named(entry):
        jobs = list(_jobs(index, entry, targets))
    # glibc gives each freed block of 128 KiB back to the system, and gets it anew for the next, until
    # it has seen a larger one freed: without this, decoding takes 1.6 times as long.
    bytes(WORKING)
    spread(archive.threads, jobs, work)


def _jobs(index: Index, entry: Entry, targets: Iterable[Target]) -> Iterator[_Job]:
    """Yield the blocks in the order of their first use, each with all that is wanted of it."""
    left = deque(sorted((one for one in targets if len(one.buffer)), key=lambda one: one.start))
    jobs: dict[int, list[_Part]] = {}
    spans = index.spans(entry, left[0].start, left[-1].end) if left else iter(())
    for at, (offset, start, length) in spans:
        end = at + length
        while left and left[0].start < end:
            target = left[0]
            low, high = max(target.start, at), min(target.end, end)
            buffer = target.buffer[low - target.start : high - target.start]
            part = _Part(start + low - at, start + high - at, buffer, target.tensor)
            jobs.setdefault(offset, []).append(part)
            if target.end > end:
                break
            left.popleft()
    if left:
        raise DamagedError("its extents do not cover its content", member=entry.shown_name)
    for offset, behind in pairwise([*jobs, 0]):
        end = max(part.end for part in jobs[offset])
        most = AHEAD + min(end, index.head.block_size)  # an extent may claim anything
        yield offset, jobs[offset], min(behind - offset, most) if behind > offset else most


def _fill(archive: SeekableArchive, index: Index, job: _Job) -> None:
    offset, parts, size = job
    if not offset:
        for part in parts:
            clear(part.buffer)
        return
    plain = archive.kept(index, offset)
    if plain is None:
        first = parts[0]
        record = index.record(offset, Kind.BLOCK, size)
        plain = archive.decode_into(index, record, (first.begin, first.end), first.buffer)
        if plain is None:  # the first has all of it
            plain, parts = first.buffer, parts[1:]
        elif sum(part.end - part.begin for part in parts) < len(plain):
            archive.keep(index, offset, plain)  # for the next tensor that lies in it
    view = memoryview(plain)
    for part in parts:
        if part.end > len(plain):  # F-028
            raise DamagedError("an extent exceeds its block", offset=offset)
        copy_into(part.buffer, view[part.begin : part.end])
