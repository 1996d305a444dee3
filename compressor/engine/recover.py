"""A sound archive from a damaged one: blocks are copied as they are, the index is made anew."""

from bisect import bisect
from collections.abc import Iterator
from itertools import count
from typing import BinaryIO

from msgspec import Struct, field

from compressor.archive.leaf import Entry
from compressor.archive.schema import FILE, Head, Span
from compressor.archive.source import RandomSource, Source
from compressor.engine.limits import DEFAULT_MEMORY, share
from compressor.engine.reading import NONE_GIVEN, External
from compressor.engine.rewriteversions import Target, rewrite
from compressor.engine.salvage import Remains, scan
from compressor.engine.salvageheads import Heads
from compressor.engine.salvagemembers import Contents
from compressor.engine.salvageversions import State, missing, versions
from compressor.errors import CompressorError, DamagedError

LOST = b"lost+found/"


class Recovered(Struct):
    """What came of it: the versions' numbers, and how many whole members the last one has.

    ``left_out`` are members and why, ``lost_found`` what is under lost+found and how many bytes, ``gaps`` say
    what else is missing, or not certain. ``any_member``: some version has one.
    """

    kept: int = 0
    any_member: bool = False
    versions: list[int] = field(default_factory=list)
    left_out: list[tuple[bytes, str]] = field(default_factory=list)
    lost_found: list[tuple[bytes, int]] = field(default_factory=list)
    gaps: list[str] = field(default_factory=list)
    damage: list[DamagedError] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        """Whether nothing is missing."""
        return not (self.left_out or self.lost_found or self.gaps)


def recover(
    file: BinaryIO,
    target: Target,
    memory: int = DEFAULT_MEMORY,
    external: External = NONE_GIVEN,
) -> Recovered:
    """Write all that is whole in the archives of ``file`` (seekable) to ``target``.

    ``memory`` is bytes for the whole process; a block that takes more is left out. ``external`` is what
    blocks are differences from outside: what has no entry any more has to be decoded to get one.

    Raises:
        NotAnArchiveError, UnsupportedError: it can't be read at all.
    """
    outcome = Recovered()
    found = list(scan(Source(file)))
    source = RandomSource(file)
    for remains in found:
        outcome.damage += remains.damage
        if remains.blocks or remains.leaves:
            contents = Contents(source, remains, share(1, memory, 0), external)
            states = versions(remains, source)
            _Rebuild(remains, contents, states, outcome).write(target)
    return outcome


class _Rebuild:
    """One archive, written anew."""

    def __init__(
        self, remains: Remains, contents: Contents, states: list[State], outcome: Recovered
    ) -> None:
        self._remains = remains
        self._contents = contents
        self._states = states
        self._outcome = outcome
        self._needed: set[int] = set()  # blocks of members that are whole
        self._leaves = sorted(remains.leaves)

    def write(self, target: Target) -> None:
        """Write the archive."""
        self._tell()
        heads = Heads(self._remains, self._contents)
        kept = [
            _Version(heads.of(state, first=not number), state, self._contents)
            for number, state in enumerate(self._states)
        ]
        for run in list(self._lost_runs()):
            kept[-1].head = heads.with_lost(kept[-1].head)
            self._lost(run, kept[-1])
        rewrite(kept, target)

    def _tell(self) -> None:
        """Note what there is and what is not: of members left out, in which versions."""
        outcome = self._outcome
        left_out: dict[tuple[bytes, str], list[int]] = {}
        here = 0
        for state in self._states:
            number = state.label.number or 0
            here = 0
            for found in self._contents.members(state):
                here += len(found.whole)
                self._need(found.whole)
                for missing_one in found.missing:
                    left_out.setdefault(missing_one, []).append(number)
            outcome.any_member = outcome.any_member or here > 0
            outcome.versions.append(number)
        outcome.kept += here
        outcome.gaps += missing(self._remains, self._states)
        for (name, reason), numbers in left_out.items():
            several = len(self._states) > 1
            where = f", in version {', '.join(map(str, numbers))}" if several else ""
            outcome.left_out.append((name, reason + where))

    def _need(self, entries: list[Entry]) -> None:
        """Note all blocks that members need, those that they are differences from included."""
        spans = (span for entry in entries for span in self._contents.spans(entry))
        below = [offset for offset, _, _ in spans if offset]
        while below:
            offset = below.pop()
            if offset not in self._needed and offset in self._remains.blocks:
                self._needed.add(offset)
                below += [at for at, _, _ in self._remains.blocks[offset].base]

    def _lost_runs(self) -> Iterator[list[int]]:
        """Yield the blocks that no member needs, those that follow each other in one member together.

        What can't be had for lack of a base is apart from what can.
        """
        run: list[int] = []
        reason = ""
        for offset in sorted(self._remains.blocks):
            if offset in self._needed:
                continue
            before, reason = reason, self._contents.why_not(offset)
            if run and not (before == reason and self._follows(run[-1], offset)):
                yield run
                run = []
            run.append(offset)
        if run:
            yield run

    def _follows(self, offset: int, here: int) -> bool:
        """Say whether a block goes on where one before it ends, in the same member: no leaf is between."""
        before, block = self._remains.blocks[offset], self._remains.blocks[here]
        same = bisect(self._leaves, offset) == bisect(self._leaves, here)
        same = same and block.member is not None and block.member == before.member
        return same and block.position == before.position + before.plain_size

    def _lost(self, run: list[int], version: "_Version") -> None:
        try:
            digest, size = self._contents.digest(run)
        except CompressorError as error:
            self._outcome.left_out.append((LOST + b"%d" % run[0], error.at_shell()))
            return
        name = version.free_name(LOST + b"%d" % run[0])
        spans = [(at, 0, self._remains.blocks[at].plain_size) for at in run]
        version.add_lost(Entry(name, FILE, size, digest, 1), spans)
        self._outcome.lost_found.append((name, size))


class _Version:
    """A version, as it is written; the last one has what is under lost+found, too."""

    def __init__(self, head: Head, state: State, contents: Contents) -> None:
        self.head = head
        self.label = state.label
        self.says = contents.says
        self.read = contents.read
        self._state = state
        self._contents = contents
        self._lost: dict[bytes, list[Span]] = {}
        self._lost_entries: list[Entry] = []
        self._taken: set[bytes] = set()  # names, once one is looked for

    def free_name(self, plain: bytes) -> bytes:
        """Return a name that no member has: an earlier recovery may have given ``plain`` to one."""
        if not self._taken:
            self._taken.update(entry.name for leaf in self.leaves() for entry in leaf)
        names = (plain if number == 1 else b"%s-%d" % (plain, number) for number in count(1))
        return next(name for name in names if name not in self._taken)

    def add_lost(self, entry: Entry, spans: list[Span]) -> None:
        """Add what belongs to no member."""
        self._lost[entry.name] = spans
        self._lost_entries.append(entry)
        self._taken.add(entry.name)

    def leaves(self) -> Iterator[list[Entry]]:
        """Yield the members."""
        for found in self._contents.members(self._state):
            yield found.whole
        yield self._lost_entries

    def spans(self, entry: Entry) -> list[Span]:
        """Return the extents of a member."""
        return self._lost.get(entry.name) or self._contents.spans(entry)
