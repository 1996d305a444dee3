"""A sound archive from a damaged one: blocks are copied as they are, the index is made anew."""

from collections.abc import Iterator
from itertools import count
from typing import BinaryIO

from blake3 import blake3
from msgspec import Struct, field
from msgspec.structs import replace

from compressor.archive import record
from compressor.archive.leaf import Entry
from compressor.archive.record import HEADER_SIZE, Kind, Record
from compressor.archive.schema import FILE, MAJOR, MAX_COUNT, MINOR, Base, Block, Head, Span
from compressor.archive.source import RandomSource, Source
from compressor.archive.writer import VersionLabel
from compressor.engine import block as blocks
from compressor.engine.bases import NONE_GIVEN, BlockReader, External
from compressor.engine.limits import DEFAULT_MEMORY, share
from compressor.engine.rewriteversions import Target, rewrite
from compressor.engine.salvage import Remains, scan
from compressor.engine.salvageversions import State, missing, versions
from compressor.errors import CompressorError, DamagedError
from compressor.stages.base import Bytes

LOST = b"lost+found/"
LOST_PART = "a part of it is damaged or lost"


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
    for remains in list(scan(Source(file))):
        outcome.damage += remains.damage
        if remains.blocks or remains.leaves:
            _Rebuild(file, remains, outcome, share(1, memory, 0), external).write(target)
    return outcome


class _Members(Struct):
    """What a leaf holds: members that are whole, and of each other one why not."""

    whole: list[Entry]
    missing: list[tuple[bytes, str]]


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
        self._guessed: dict[bytes, list[Span]] = {}  # by the hash of the content
        self._members: dict[int, _Members] = {}  # by leaf
        self._needed: set[int] = set()  # blocks of members that are whole

    def write(self, target: Target) -> None:
        """Write the archive."""
        states = versions(self._remains, RandomSource(self._file))
        left_out: dict[tuple[bytes, str], list[int]] = {}
        kept = [self._version(state, left_out) for state in states]
        self._name(left_out, len(states))
        outcome = self._outcome
        outcome.gaps += missing(self._remains, states)
        outcome.versions += [state.label.number or 0 for state in states]
        outcome.kept += sum(map(len, kept[-1].members))
        outcome.any_member = outcome.any_member or any(any(one.members) for one in kept)
        for run in list(self._lost_runs()):
            self._lost(run, kept[-1])
        rewrite(kept, target)

    def _name(self, left_out: dict[tuple[bytes, str], list[int]], count: int) -> None:
        for (name, reason), numbers in left_out.items():
            where = ", in version " + ", ".join(map(str, numbers)) if count > 1 else ""
            self._outcome.left_out.append((name, reason + where))

    def _version(
        self, state: State, left_out: dict[tuple[bytes, str], list[int]]
    ) -> "_KeptVersion":
        """Choose the members of a version: those of the last leaf that has their name."""
        latest = state.members
        if latest is None:
            latest = {
                entry.name: leaf
                for leaf in state.leaves
                for entry in self._remains.leaves[leaf].entries
            }
        members: list[list[Entry]] = []
        for leaf in state.leaves:
            found = self._of_leaf(leaf)
            members.append([entry for entry in found.whole if latest.get(entry.name) == leaf])
            for name, reason in found.missing:
                if latest.get(name) == leaf:
                    left_out.setdefault((name, reason), []).append(state.label.number or 0)
            self._need(members[-1])
        head = self._head(state.part, members)
        return _KeptVersion(self, head, state.label, members)

    def _of_leaf(self, leaf: int) -> _Members:
        """Return what a leaf holds; each is looked at once."""
        if leaf in self._members:
            return self._members[leaf]
        found = self._members[leaf] = _Members([], [])
        names: set[bytes] = set()
        for number in range(len(self._remains.leaves[leaf].entries)):
            entry, origin = self._remains.origin(leaf, number)
            spans = [] if entry.kind != FILE else self._spans(entry, origin)
            if spans is None or (entry.kept and not entry.content_hash):
                found.missing.append((entry.name, self._why_lost(entry)))
            elif entry.name in names:  # an archive that breaks F-036
                found.missing.append((entry.name, "its name is another member's, too"))
            else:
                names.add(entry.name)
                found.whole.append(replace(entry, kept=None))
        return found

    def _need(self, entries: list[Entry]) -> None:
        """Note all blocks that members need, those that they are differences from included."""
        below = [offset for entry in entries for offset, _, _ in self.spans(entry) if offset]
        while below:
            offset = below.pop()
            if offset not in self._needed and offset in self._remains.blocks:
                self._needed.add(offset)
                below += [at for at, _, _ in self._remains.blocks[offset].base]

    def spans(self, entry: Entry) -> list[Span]:
        """Return the extents of a whole member."""
        return self._guessed.get(entry.content_hash) or self._remains.spans(entry) or []

    def _head(self, part: int, members: list[list[Entry]]) -> Head:
        """Return what a version declares: what its HEAD says, or the one before, or behind."""
        parts = self._remains.parts
        nearest = [*parts[part::-1], *parts[part + 1 :]]
        head = next((one.head for one in nearest if one.head), None)
        reach = MAX_COUNT if self._refers_back(members) else 0
        if parts[part].head and head:
            return replace(head, previous=0, reach=reach)
        found = self._remains.blocks.values()
        size = max((block.plain_size for block in found), default=1)
        memory = max((blocks.decode_memory(one) + 2 * one.needs * size for one in found), default=0)
        if head is None:
            return Head(MAJOR, MINOR, [], [], memory, reach, 0, size, "recovered")
        memory = max(memory, head.decode_memory)
        return replace(head, previous=0, reach=reach, decode_memory=memory)

    def _refers_back(self, members: list[list[Entry]]) -> bool:
        """Say whether a member needs a block that others, or its own beginning, needed before it."""
        if any(block.base for block in self._remains.blocks.values()):
            return True
        seen: set[int] = set()
        for leaf in members:
            here: set[int] = set()
            for entry in leaf:
                offsets = [offset for offset, _, _ in self.spans(entry) if offset]
                needed = set(offsets)
                again = len(needed) < len(offsets) if entry.level else len(needed) > 1
                if again or not needed.isdisjoint(seen):
                    return True
                here |= needed
            seen |= here
        return False

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

    def _spans(self, entry: Entry, leaf: int) -> list[Span] | None:
        spans = self._remains.spans(entry)
        if spans is not None:
            return spans if self._remains.holds(spans) else None
        spans = self._remains.guess(entry, leaf)
        try:
            proven = spans and self._digest([offset for offset, _, _ in spans])[0]
        except CompressorError:
            return None
        if not spans or proven != entry.content_hash:
            return None
        self._guessed[entry.content_hash] = spans
        return spans

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
            if offset in self._needed:
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

    def _lost(self, run: list[int], version: "_KeptVersion") -> None:
        try:
            digest, size = self._digest(run)
        except CompressorError as error:
            self._outcome.left_out.append((LOST + b"%d" % run[0], str(error)))
            return
        name = version.free_name(LOST + b"%d" % run[0])
        spans = [(at, 0, self._remains.blocks[at].plain_size) for at in run]
        version.add_lost(Entry(name, FILE, size, digest, 1), spans)
        self._outcome.lost_found.append((name, size))

    def _digest(self, run: list[int]) -> tuple[bytes, int]:
        digest, size = blake3(), 0
        reader = BlockReader(self._fetch, self._remains.head, self._external)
        for offset in run:
            _, plain = reader.read(offset, self._memory)
            digest.update(plain)
            size += len(plain)
        return digest.digest(), size


class _KeptVersion:
    """A version, as it is written; the last one has what is under lost+found, too."""

    def __init__(
        self, rebuild: _Rebuild, head: Head, label: VersionLabel, members: list[list[Entry]]
    ) -> None:
        self._rebuild = rebuild
        self.head = head
        self.label = label
        self.members = members
        self.says = rebuild.says
        self.read = rebuild.read
        self._lost: dict[bytes, list[Span]] = {}
        self._lost_entries: list[Entry] = []
        self._taken: set[bytes] = set()  # names, once one is looked for

    def free_name(self, plain: bytes) -> bytes:
        """Return a name that no member has: an earlier recovery may have given ``plain`` to one."""
        if not self._taken:
            self._taken.update(entry.name for leaf in self.members for entry in leaf)
        names = (plain if number == 1 else b"%s-%d" % (plain, number) for number in count(1))
        return next(name for name in names if name not in self._taken)

    def add_lost(self, entry: Entry, spans: list[Span]) -> None:
        """Add what belongs to no member."""
        self._lost[entry.name] = spans
        self._lost_entries.append(entry)
        self._taken.add(entry.name)

    def leaves(self) -> Iterator[list[Entry]]:
        """Yield the members."""
        yield from self.members
        yield self._lost_entries

    def spans(self, entry: Entry) -> list[Span]:
        """Return the extents of a member."""
        return self._lost.get(entry.name) or self._rebuild.spans(entry)


def _read(file: BinaryIO, size: int) -> bytes:
    data = b""
    while len(data) < size and (more := file.read(size - len(data))):
        data += more
    return data
