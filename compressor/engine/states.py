"""Earlier states of tensors: where what a new one is stored as a difference from can be read."""

from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol

from compressor.archive.index import Index
from compressor.archive.leaf import Entry
from compressor.archive.schema import FILE, Base, Span
from compressor.engine.access import SeekableArchive
from compressor.engine.bases import named_in
from compressor.engine.dedup import Blocks, joined
from compressor.engine.numbers import Key, Part, key_of_tensor
from compressor.errors import CompressorError
from compressor.plan.numbers import LEAST

MOST_TABLES = 4  # earlier members of which the tensors are looked up for one new member
NO_TENSORS = "it holds no tensors"

Members = Mapping[bytes, Entry]


class State(Protocol):
    """The tensors of one file, as they were."""

    def spans(self, part: Part) -> list[Span] | None:
        """Return where a part of a tensor lies, by numbers of blocks; None where it is not here."""
        ...


class Written:
    """The last state of each tensor of the members that this run has packed."""

    def __init__(self) -> None:
        self._tensors: dict[Key, _Track] = {}
        self._new: dict[Key, _Track] = {}

    def note(self, parts: Sequence[Part], spans: Sequence[Span]) -> None:
        """Note where the parts of a block were put: the spans are theirs in a row."""
        rest = list(spans)
        for part in parts:
            track = self._new.setdefault(part.key, _Track())
            left = part.end - part.begin
            while left:
                number, start, length = rest[0]
                taken = min(left, length)
                track.add(number, start, taken)
                left -= taken
                rest[:1] = [(number, start + taken, length - taken)] if taken < length else []

    def end(self) -> None:
        """Have the tensors that were noted go for the last state: their file has ended."""
        self._tensors.update(self._new)
        self._new = {}

    def spans(self, part: Part) -> list[Span] | None:
        """Return where a part of a tensor lies in the last file that had it, if it has a name."""
        track = self._tensors.get(part.key) if part.key[0] else None
        return None if track is None else track.between(part.begin, part.end)


class _Track:
    """Where a tensor lies: 24 bytes a block."""

    def __init__(self) -> None:
        self._ends = array("Q")
        self._numbers = array("Q")
        self._starts = array("Q")

    def add(self, number: int, start: int, length: int) -> None:
        """Add what lies behind the rest."""
        self._ends.append((self._ends[-1] if self._ends else 0) + length)
        self._numbers.append(number)
        self._starts.append(start)

    def between(self, begin: int, end: int) -> list[Span] | None:
        """Return where the bytes ``begin`` to ``end`` lie; None: not all of them are known."""
        if not self._ends or end > self._ends[-1]:
            return None
        found: list[Span] = []
        at = bisect_right(self._ends, begin)
        while begin < end:
            first = self._ends[at - 1] if at else 0
            length = min(end, self._ends[at]) - begin
            joined(found, (self._numbers[at], self._starts[at] + begin - first, length))
            begin += length
            at += 1
        return found


class Stored:
    """The tensors of a member that an archive has; ``number`` gives the number of a block there."""

    def __init__(
        self, archive: SeekableArchive, index: Index, entry: Entry, number: Callable[[int], int]
    ) -> None:
        self._index, self._entry, self._number = index, entry, number
        self._table = Table(lambda at, size: archive.read(index, entry, at, at + size), entry.size)

    def spans(self, part: Part) -> list[Span] | None:
        """Return where a part of a tensor lies, if the member has it, and no hole is in it."""
        place = self._table.place(part)
        if place is None:
            return None
        begin, end = place
        found: list[Span] = []
        for at, (offset, first, length) in self._index.spans(self._entry, begin, end):
            if not offset:
                return None
            low, high = max(begin - at, 0), min(end - at, length)
            joined(found, (self._number(offset), first + low, high - low))
        return found


class Table:
    """Where the tensors of a file of ``size`` bytes begin; ``look`` reads it."""

    def __init__(self, look: Callable[[int, int], bytes], size: int) -> None:
        from compressor.tensors.sniff import sniff  # most runs meet no file that needs it

        self._size = size
        self._starts: dict[Key, int] = {}
        self._raw = False
        self.problem = NO_TENSORS
        """Why nothing is found, where nothing is."""
        try:
            sniffed = sniff(look, size)
        except CompressorError as error:  # it is damaged: what is new is stored in full
            self.problem = f"it can't be read: {error}"
            return
        self._raw = not sniffed.tensors  # numbers without a header, perhaps: as others like them
        for segment in sniffed.segments:
            if segment.dtype:
                self._starts.setdefault(key_of_tensor(segment), segment.start)
        if self._starts:
            self.problem = ""

    def place(self, part: Part) -> tuple[int, int] | None:
        """Return begin and end of a part of a tensor in the file."""
        start = 0 if self._raw and part.key[2] is None else self._starts.get(part.key)
        if start is None or start + part.end > self._size:
            return None
        return start + part.begin, start + part.end


class EarlierStates:
    """The states that the version before has: of the file of the same name, and of some like it."""

    def __init__(
        self, archive: SeekableArchive, index: Index, members: Members, blocks: Blocks
    ) -> None:
        self._archive, self._index, self._members = archive, index, members
        self._blocks = blocks
        self._numbers: dict[int, int] = {}
        self._tables: dict[bytes, Stored] = {}

    def bases(self) -> dict[int, Base]:
        """Return what the archive names already, by the offsets of the BASE records."""
        return dict(named_in(self._index))

    def _number(self, offset: int) -> int:
        number = self._numbers.get(offset)
        if number is None:
            needs = self._index.block(offset).needs
            number = self._numbers[offset] = self._blocks.known(offset, needs)
        return number

    def _table(self, entry: Entry) -> Stored:
        table = self._tables.get(entry.name)
        if table is None:
            table = Stored(self._archive, self._index, entry, self._number)
            self._tables[entry.name] = table
        return table

    def same(self, name: bytes) -> State | None:
        """Return the state of the file of this name."""
        entry = self._members.get(name)
        if entry is None or entry.kind != FILE or entry.size < LEAST:
            return None
        return self._table(entry)

    def others(self, name: bytes, size: int) -> Iterator[State]:
        """Yield states of files of the same kind and about this size: most likely first."""
        base, suffix = base_name(name), _suffix(name)

        def order(entry: Entry) -> tuple[bool, int, bytes]:
            return base_name(entry.name) != base, -(entry.mtime_ns or 0), entry.name

        like = [
            entry
            for entry in self._members.values()
            if entry.kind == FILE
            and entry.name != name
            and _suffix(entry.name) == suffix
            and max(LEAST, size // 2) <= entry.size <= 2 * size
        ]
        for entry in sorted(like, key=order)[:MOST_TABLES]:
            yield self._table(entry)


def base_name(name: bytes) -> bytes:
    """Return the last component of a name."""
    return name.rpartition(b"/")[2]


def _suffix(name: bytes) -> bytes:
    return base_name(name).rpartition(b".")[2]
