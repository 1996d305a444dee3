"""Checkpoints upon checkpoints: what a block of numbers is stored as a difference from, if from anything."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from compressor.archive.record import Record
from compressor.archive.schema import MAX_BASE, MAX_BASES, Base, Head, Span
from compressor.engine.bases import BlockReader, fetching
from compressor.engine.block import Against
from compressor.engine.dedup import BASE, Blocks, joined
from compressor.engine.externals import Outside
from compressor.engine.numbers import Coded, Key, Part
from compressor.engine.packoptions import Sources
from compressor.engine.reading import NONE_GIVEN
from compressor.engine.states import NO_TENSORS, State, Table, Written, base_name
from compressor.errors import CompressorError, DamagedBaseError, MissingBaseError
from compressor.plan.alternatives import differences
from compressor.plan.numbers import MOST_NEEDS
from compressor.stages.base import Bytes


class Deltas:
    """Finds bases for the blocks of new members, and notes where these come to lie.

    ``within`` is None where what was written can't be read again. ``drain`` has all blocks written that
    were submitted, ``write_base`` has a BASE written and returns its offset.
    """

    def __init__(
        self,
        blocks: Blocks,
        sources: Sources,
        head: Head,
        drain: Callable[[], object],
        write_base: Callable[[Base], int],
    ) -> None:
        self._blocks = blocks
        self._within = sources.within
        self._externals = sources.externals
        self._head = head
        self._drain = drain
        self._write_base = write_base
        self._named: dict[int, Base] = {}
        self._written = Written()
        self._outside: list[_OutsideState] | None = None
        self._states: list[State] | None = []  # of the member that is packed, best first
        self._member = b"", 0
        self._met: dict[Key, Part] = {}  # of each tensor that was packed, a part
        self._unread = ""  # why a content outside was of no use
        self._earlier = sources.earlier(blocks) if sources.earlier and self._within else None

    def begin(self, name: bytes, size: int) -> None:
        """Begin a member of about ``size`` bytes."""
        self._member = name, size
        self._states = None  # looked for once it turns out to hold numbers

    def _states_for(self, name: bytes, size: int) -> Iterator[State]:
        earlier = self._earlier
        same = earlier.same(name) if earlier else None
        if same is not None:
            yield same
        yield self._written
        yield from sorted(self._outsiders(), key=lambda state: state.distance(name))
        if earlier:
            yield from (_Named(state) for state in earlier.others(name, size))

    def _outsiders(self) -> "list[_OutsideState]":
        if self._outside is None:
            contents = list(self._externals.contents()) if self._externals else []
            newest_first = enumerate(reversed(contents))
            self._outside = [
                _OutsideState(outside, order, self._number_of) for order, outside in newest_first
            ]
        return self._outside

    def _number_of(self, base: Base) -> int | None:
        """Return the number of a content outside, named by a BASE now or already; None: too many are."""
        if self._earlier and not self._named:
            self._named = self._earlier.bases()
        same = base.size, base.content_hash
        known = [at for at, one in self._named.items() if (one.size, one.content_hash) == same]
        if not known and len(self._named) >= MAX_BASES:
            return None
        offset = known[0] if known else self._write_base(base)
        self._named[offset] = base
        return self._blocks.known(offset, BASE)

    def against(self, coded: Coded, number: int, reach: int | None) -> Against | None:
        """Return what block ``number`` may be a difference from, all of it at most ``reach`` bytes back."""
        chains = differences(coded.coding, coded.columns)
        spans = self._spans(coded.parts, reach) if chains and coded.parts else None
        if spans is None or len(spans) > MAX_BASE:
            return None
        known = {span[0] for span in spans}
        for base in known:
            if not self._blocks.is_base(base):
                self._blocks.refer(number, base)
        if not all(map(self._blocks.is_placed, known)):
            self._drain()
        needs = sum(self._blocks.needs(base) for base, _, _ in spans)
        if needs > MOST_NEEDS:
            return None
        placed = self._blocks.placed(spans)
        # What is new of a block may be a difference from parts of much larger ones.
        memory = coded.coding.base_memory(min(coded.coding.most, self._head.block_size))
        return Against(chains, placed, needs, lambda: self._read(placed, needs, memory))

    def _far(self, base: int, reach: int | None) -> bool:
        if reach is None or self._blocks.is_base(base):
            return False
        return self._blocks.distance(base) > reach

    def _spans(self, parts: Sequence[Part], reach: int | None) -> list[Span] | None:
        if self._states is None:
            self._states = list(self._states_for(*self._member))
        ways = [self._way(part, reach) for part in parts]
        known = [span for way in ways for span in way or ()]
        longest = max(known, key=lambda span: span[2], default=(0, 0, 0))
        found: list[Span] = []
        for part, way in zip(parts, ways, strict=True):
            if way is None and (not part.between or part.size > longest[2]):
                return None
            # What lies between numbers is a difference from any bytes: it is short.
            for span in way or [(*longest[:2], part.size)]:
                joined(found, span)
        return found

    def _way(self, part: Part, reach: int | None) -> list[Span] | None:
        """Return where an earlier state of a part lies."""
        if not part.between:
            self._met.setdefault(part.key, part)
        ways = (state.spans(part) for state in self._states or ())
        near = (way for way in ways if way and not any(self._far(one[0], reach) for one in way))
        return next(near, None)

    def _read(self, spans: list[Span], needs: int, memory: int) -> Bytes | None:
        """Return the bytes of a base; called in the thread that needs them.

        One that can't be read, because it is damaged or needs a file that is not here, is none.
        """
        reader = BlockReader(self._fetch, self._head, self._externals or NONE_GIVEN)
        try:
            return reader.base_of(spans, needs, memory)
        except CompressorError as error:
            outside = next((self._named[at] for at, _, _ in spans if at in self._named), None)
            if outside:
                self._unread = self._unread or self._why_unread(outside, error)
            return None

    def _why_unread(self, base: Base, error: CompressorError) -> str:
        """Return what is to be said of a content outside that could not be read."""
        if isinstance(error, DamagedBaseError):
            return str(error)
        paths = (state.path for state in self._outsiders() if state.is_of(base))
        why = str(error)
        if isinstance(error, MissingBaseError):
            needed = f"{error.name!r} (BLAKE3 {error.content_hash})"
            why = f"it needs {needed}, name that with --base, too"
        return f"the base {next(paths)} can't be read: {why}"

    def _fetch(self, offset: int) -> Record | Base:
        if offset in self._named:
            return self._named[offset]
        assert self._within is not None  # noqa: S101  else no span leads to a block
        return fetching(self._within, 0, self._head)(offset)

    def note(self, coded: Coded, spans: Sequence[Span]) -> None:
        """Note where a block's numbers were put."""
        if self._within is not None and coded.parts:
            self._written.note(coded.parts, spans)

    def end(self) -> None:
        """End the member that ``begin`` began."""
        self._written.end()
        self._states = []

    def useless(self) -> Iterator[str]:
        """Yield what is to be said of files outside that were of no use, and why."""
        if self._unread:
            yield f"{self._unread}; what was to be a difference from it is packed in full"
        for path in dict.fromkeys(self._externals.paths) if self._externals else ():
            why = self._why_useless(path)
            if why:
                yield f"the base {path} is of no use: {why}"

    def _why_useless(self, path: Path) -> str:
        """Return why none of the contents of a file is like anything that was packed; "": one is."""
        if not self._met:
            return "nothing was packed that could be a difference from it"
        states = (state for state in self._outsiders() if state.path == path)
        problems = [state.problem(self._met.values()) for state in states]
        if not all(problems):
            return ""
        return next((one for one in problems if one != NO_TENSORS), NO_TENSORS)


class _Named:
    """A state of which only tensors with names count: those without are alike by chance."""

    def __init__(self, state: State) -> None:
        self._state = state

    def spans(self, part: Part) -> list[Span] | None:
        """Return where a part of a tensor lies."""
        return self._state.spans(part) if part.key[0] else None


class _OutsideState:
    """The tensors of a content outside of the archive."""

    def __init__(
        self, outside: Outside, order: int, number_of: Callable[[Base], int | None]
    ) -> None:
        self._outside, self._order, self._number_of = outside, order, number_of
        self._table: Table | None = None
        self._number: int | None = None

    def distance(self, name: bytes) -> tuple[bool, bool, int]:
        """Return what to sort by, for a member of this name: the least is the most likely."""
        own = self._outside.base.name
        return own != name, base_name(own) != base_name(name), self._order

    @property
    def path(self) -> Path:
        """The file that it is of."""
        return self._outside.path

    def is_of(self, base: Base) -> bool:
        """Whether it is of the content that a BASE names."""
        own = self._outside.base
        return (own.size, own.content_hash) == (base.size, base.content_hash)

    def problem(self, parts: Iterable[Part]) -> str:
        """Return why none of these parts is of a tensor that it has, too; "" where one is."""
        if self._number is not None:
            return ""
        table = self._known()
        if any(table.place(part) for part in parts):
            return ""
        return (
            table.problem or "it has no tensor of the name, type and shape of one that was packed"
        )

    def _known(self) -> Table:
        if self._table is None:
            self._table = Table(self._outside.look, self._outside.base.size)
        return self._table

    def spans(self, part: Part) -> list[Span] | None:
        """Return where a part of a tensor lies."""
        place = self._known().place(part)
        if place is None:
            return None
        if self._number is None:
            self._number = self._number_of(self._outside.base)
        if self._number is None:
            return None
        return [(self._number, place[0], place[1] - place[0])]
