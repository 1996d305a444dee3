"""Members of a damaged archive: which are whole, and why the others are not."""

from collections.abc import Iterator

from blake3 import blake3
from msgspec import Struct
from msgspec.structs import replace

from compressor.archive.leaf import Entry
from compressor.archive.record import Record
from compressor.archive.schema import FILE, Base, Block, Span
from compressor.archive.source import RandomSource
from compressor.engine.bases import BlockReader, fetching
from compressor.engine.reading import External
from compressor.engine.salvage import Remains
from compressor.engine.salvageversions import State
from compressor.errors import CompressorError, DamagedError
from compressor.stages.base import Bytes

LOST_PART = "a part of it is damaged or lost"


class LeafMembers(Struct):
    """What a leaf holds: members that are whole, and of each other one why not."""

    whole: list[Entry]
    missing: list[tuple[bytes, str]]


class Contents:
    """What is left of an archive in ``source``; decoding a block may take ``memory`` bytes."""

    def __init__(
        self, source: RandomSource, remains: Remains, memory: int, external: External
    ) -> None:
        self._source = source
        self._remains = remains
        self._memory = memory
        self._external = external
        self._guessed: dict[tuple[bytes, int], list[Span]] = {}
        """Extents of members whose pages are lost, by the content's hash and the first page's offset."""
        self._leaves: dict[int, LeafMembers] = {}

    def members(self, state: State) -> Iterator[LeafMembers]:
        """Yield the members of a version, leaf by leaf: of each name that which its last leaf has."""
        latest = state.members
        if latest is None:
            latest = {
                entry.name: leaf
                for leaf in state.leaves
                for entry in self._remains.leaves[leaf].entries
            }
        for leaf in state.leaves:
            found = self._of_leaf(leaf)
            yield LeafMembers(
                [entry for entry in found.whole if latest.get(entry.name) == leaf],
                [one for one in found.missing if latest.get(one[0]) == leaf],
            )

    def _of_leaf(self, leaf: int) -> LeafMembers:
        """Return what a leaf holds; each is looked at once."""
        if leaf in self._leaves:
            return self._leaves[leaf]
        found = self._leaves[leaf] = LeafMembers([], [])
        names: set[bytes] = set()
        for number in range(len(self._remains.leaves[leaf].entries)):
            entry, origin = self._remains.origin(leaf, number)
            spans = [] if entry.kind != FILE else self._proven_spans(entry, origin)
            if spans is None or (entry.kept and not entry.content_hash):
                found.missing.append((entry.name, self._why_lost(entry)))
            elif entry.name in names:  # an archive that breaks F-036
                found.missing.append((entry.name, "its name is another member's, too"))
            else:
                names.add(entry.name)
                found.whole.append(replace(entry, kept=None))
        return found

    def spans(self, entry: Entry) -> list[Span]:
        """Return the extents of a whole member."""
        guessed = self._guessed.get(_lost_page(entry)) if entry.level else None
        return guessed or self._remains.spans(entry) or []

    def _why_lost(self, entry: Entry) -> str:
        spans = self._remains.spans(entry) or []
        mine = {offset for offset, _, _ in spans if offset}
        if spans and mine <= self._remains.blocks.keys():
            return next(filter(None, map(self.why_not, sorted(mine))), LOST_PART)
        return LOST_PART

    def why_not(self, offset: int) -> str:
        """Return why the block at an offset can't be decoded, as far as its bases go; "": it can."""
        if not self._remains.has_base(offset):
            return "what it is a difference from is damaged or lost"
        for at, start, length in self._remains.blocks[offset].base:
            base = self._remains.bases.get(at)
            if base is None:
                if why := self.why_not(at):
                    return why
                continue
            try:
                self._external.need(base, start, length)
            except CompressorError as error:
                return error.at_shell()
        return ""

    def _proven_spans(self, entry: Entry, leaf: int) -> list[Span] | None:
        spans = self._remains.spans(entry)
        if spans is not None:
            return spans if self._remains.holds(spans) else None
        spans = self._remains.guess(entry, leaf)
        try:
            proven = spans and self.digest([offset for offset, _, _ in spans])[0]
        except CompressorError:
            return None
        if not spans or proven != entry.content_hash:
            return None
        self._guessed[_lost_page(entry)] = spans
        return spans

    def says(self, offset: int) -> Block | Base:
        """Return what the BLOCK, or the BASE, at an offset says."""
        return self._remains.bases.get(offset) or self._remains.blocks[offset]

    def read(self, offset: int) -> tuple[Block, Bytes]:
        """Return what the BLOCK at an offset says, and its packed bytes."""
        _, body = self._record(offset).checked()
        return self._remains.blocks[offset], body

    def _record(self, offset: int) -> Record:
        found = fetching(self._source, self._remains.start, None)(offset)
        if isinstance(found, Base):
            raise DamagedError("the archive changed while it was recovered", offset=offset)
        return found

    def _fetch(self, offset: int) -> Record | Base:
        if offset in self._remains.bases:
            return self._remains.bases[offset]
        if offset not in self._remains.blocks:
            raise DamagedError("what a block is a difference from is lost", offset=offset)
        return self._record(offset)

    def digest(self, run: list[int]) -> tuple[bytes, int]:
        """Return the BLAKE3 of what these blocks hold, in a row, and how many bytes that is.

        Raises:
            CompressorError: one can't be decoded, here or with this memory.
        """
        digest, size = blake3(), 0
        # Without a head: the scan knew the blocks' own.
        reader = BlockReader(self._fetch, None, self._external)
        for offset in run:
            _, plain = reader.read(offset, self._memory)
            digest.update(plain)
            size += len(plain)
        return digest.digest(), size


def _lost_page(entry: Entry) -> tuple[bytes, int]:
    return entry.content_hash, entry.spans[0][0] if entry.spans else 0
