"""A sound archive from a damaged one: blocks are copied as they are, the index is made anew."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import BinaryIO

from blake3 import blake3
from msgspec import Struct, field
from msgspec.structs import replace

from compressor.archive import record
from compressor.archive.leaf import Entry
from compressor.archive.record import HEADER_SIZE, Kind, Record
from compressor.archive.schema import FILE, MAJOR, MAX_COUNT, MINOR, Base, Block, Head, Span
from compressor.archive.source import Source
from compressor.archive.writer import ArchiveWriter, VersionLabel
from compressor.engine import block as blocks
from compressor.engine.bases import BlockReader
from compressor.engine.limits import DEFAULT_MEMORY, share
from compressor.engine.reading import NONE_GIVEN, External
from compressor.engine.rewrite import Placed, Rewriter
from compressor.engine.salvage import Remains, scan
from compressor.errors import CompressorError, DamagedError, UsageError
from compressor.stages.base import Bytes

LOST = b"lost+found/"
LOST_PART = "a part of it is damaged or lost"


class Recovered(Struct):
    """What came of it: members kept, members left out with the reason, bytes put under lost+found."""

    kept: int = 0
    left_out: list[tuple[bytes, str]] = field(default_factory=list)
    lost_found: list[tuple[bytes, int]] = field(default_factory=list)
    damage: list[DamagedError] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        """Whether nothing is missing."""
        return not self.left_out and not self.lost_found


def recover(
    file: BinaryIO,
    write: Callable[[Bytes], object],
    memory: int = DEFAULT_MEMORY,
    external: External = NONE_GIVEN,
) -> Recovered:
    """Write all that is whole in the archives of ``file`` (seekable) through ``write``.

    ``memory`` is bytes for the whole process; a block that takes more is left out. ``external`` is what
    blocks are differences from outside: what has no entry any more has to be decoded to get one.

    Raises:
        NotAnArchiveError, UnsupportedError: it can't be read at all.
    """
    outcome = Recovered()
    for remains in list(scan(Source(file))):
        outcome.damage += remains.damage
        if remains.blocks or remains.leaves:
            _Rebuild(file, remains, outcome, share(1, memory, 0), external).write(write)
    return outcome


class _Rebuild:
    """One archive, written anew."""

    def __init__(
        self,
        file: BinaryIO,
        remains: Remains,
        outcome: Recovered,
        memory: int,
        external: External,
    ) -> None:
        self._file = file
        self._external = external
        self._memory = memory  # bytes that decoding a block may take
        self._remains = remains
        self._outcome = outcome
        self._placed: Placed = {}

    def write(self, write: Callable[[Bytes], object]) -> None:
        """Write the archive."""
        self._writer = ArchiveWriter(write, self._head())
        self._rewriter = Rewriter(self._writer, self, self._placed)
        for leaf in self._remains.members():
            self._leaf(leaf)
        for run in list(self._lost_runs()):
            self._lost(run)
        version = self._remains.version
        self._writer.finish(
            VersionLabel(version.label, version.time_ns) if version else VersionLabel()
        )

    def _head(self) -> Head:
        head = self._remains.head
        reach = MAX_COUNT if _refers_back(self._remains) else 0
        if head is not None:
            return replace(head, previous=0, reach=reach)
        found = self._remains.blocks.values()
        size = max((block.plain_size for block in found), default=1)
        memory = max((blocks.decode_memory(one) + 2 * one.needs * size for one in found), default=0)
        return Head(MAJOR, MINOR, [], [], memory, reach, 0, size, "recovered")

    def _leaf(self, leaf: list[Entry]) -> None:
        small: list[Entry] = []
        for entry in leaf:
            spans = [] if entry.kind != FILE else self._spans(entry)
            if spans is None or (entry.kept and not entry.content_hash):
                self._outcome.left_out.append((entry.name, self._why_lost(entry)))
                continue
            try:
                self._writer.claim(entry.name)
            except UsageError as error:  # an archive that breaks F-036
                self._outcome.left_out.append((entry.name, str(error)))
                continue
            self._outcome.kept += 1
            whole = replace(entry, kept=None)
            if entry.level:
                self._rewriter.large(whole, partial(iter, spans))
            else:
                small.append(replace(whole, spans=spans))
        self._rewriter.small(small)

    def _why_lost(self, entry: Entry) -> str:
        spans = self._remains.spans(entry) or []
        mine = {offset for offset, _, _ in spans if offset}
        if spans and mine <= self._remains.blocks.keys():
            return next(filter(None, map(self._why_not, sorted(mine))), LOST_PART)
        return LOST_PART

    def _why_not(self, offset: int) -> str:
        """Return why the block at an offset can't be decoded, as far as its bases go; "": it can."""
        if not self._remains.has_base(offset):
            return "what it is a difference from is damaged or lost"
        for at, start, length in self._remains.blocks[offset].base:
            base = self._remains.bases.get(at)
            if base is None:
                if why := self._why_not(at):
                    return why
                continue
            try:
                self._external.need(base, start, length)
            except CompressorError as error:
                return str(error)
        return ""

    def _spans(self, entry: Entry) -> list[Span] | None:
        spans = self._remains.spans(entry)
        if spans is not None:
            return spans if self._remains.holds(spans) else None
        spans = self._remains.guess(entry)
        try:
            proven = spans and self._digest([offset for offset, _, _ in spans])[0]
        except CompressorError:
            return None
        return spans if proven == entry.content_hash else None

    def says(self, offset: int) -> Block | Base:
        """Return what the BLOCK, or the BASE, at an offset says."""
        return self._remains.bases.get(offset) or self._remains.blocks[offset]

    def read(self, offset: int) -> tuple[Block, Bytes]:
        """Return what the BLOCK at an offset says, and its packed bytes."""
        _, body = self._record(offset).checked()
        return self._remains.blocks[offset], body

    def _record(self, offset: int) -> Record:
        self._file.seek(self._remains.start + offset)
        header = record.parse_header(_read(self._file, HEADER_SIZE), offset)
        if header.kind != Kind.BLOCK:
            raise DamagedError("the archive changed while it was recovered", offset=offset)
        return Record(header, _read(self._file, header.rest))

    def _fetch(self, offset: int) -> Record | Base:
        if offset in self._remains.bases:
            return self._remains.bases[offset]
        if offset not in self._remains.blocks:
            raise DamagedError("what a block is a difference from is lost", offset=offset)
        return self._record(offset)

    def _lost_runs(self) -> Iterator[list[int]]:
        """Yield the blocks that no member needs, those that follow each other in one member together.

        What can't be had for lack of a base is apart from what can.
        """
        run: list[int] = []
        reason = ""
        for offset, block in sorted(self._remains.blocks.items()):
            if offset in self._placed:
                continue
            before, reason = reason, self._why_not(offset)
            if run and not (before == reason and self._follows(run[-1], block)):
                yield run
                run = []
            run.append(offset)
        if run:
            yield run

    def _follows(self, offset: int, block: Block) -> bool:
        before = self._remains.blocks[offset]
        same = block.member is not None and block.member == before.member
        return same and block.position == before.position + before.plain_size

    def _lost(self, run: list[int]) -> None:
        try:
            digest, size = self._digest(run)
        except CompressorError as error:
            self._outcome.left_out.append((LOST + b"%d" % run[0], str(error)))
            return
        name = self._claim_lost(run[0])
        entry = Entry(name, FILE, size, digest, 1)
        spans = [(at, 0, self._remains.blocks[at].plain_size) for at in run]
        self._rewriter.large(entry, partial(iter, spans))
        self._outcome.lost_found.append((name, size))

    def _claim_lost(self, offset: int) -> bytes:
        """Take a name for what begins at ``offset``: not one that an earlier recovery gave."""
        plain = name = LOST + b"%d" % offset
        number = 1
        while True:
            with suppress(UsageError):
                self._writer.claim(name)
                return name
            number += 1
            name = b"%s-%d" % (plain, number)

    def _digest(self, run: list[int]) -> tuple[bytes, int]:
        digest, size = blake3(), 0
        reader = BlockReader(self._fetch, self._remains.head, self._external)
        for offset in run:
            _, plain = reader.read(offset, self._memory)
            digest.update(plain)
            size += len(plain)
        return digest.digest(), size


def _refers_back(remains: Remains) -> bool:
    """Say whether a member needs a block that others, or its own beginning, needed before it."""
    if any(block.base for block in remains.blocks.values()):
        return True
    seen: set[int] = set()
    for leaf in remains.members():
        here: set[int] = set()
        for entry in leaf:
            offsets = [offset for offset, _, _ in remains.spans(entry) or () if offset]
            needed = set(offsets)
            again = len(needed) < len(offsets) if entry.level else len(needed) > 1
            if again or not needed.isdisjoint(seen):
                return True
            here |= needed
        seen |= here
    return False


def _read(file: BinaryIO, size: int) -> bytes:
    data = b""
    while len(data) < size and (more := file.read(size - len(data))):
        data += more
    return data
