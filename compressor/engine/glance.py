"""What a seekable archive is made of, by its index alone: for ``list``."""

from collections.abc import Callable
from typing import TYPE_CHECKING, BinaryIO

from msgspec import Struct, field

from compressor.archive import schema
from compressor.archive.index import Index
from compressor.archive.leaf import Entry, with_content
from compressor.archive.record import MAX_META
from compressor.archive.schema import Head, Span, Version
from compressor.archive.source import RandomSource
from compressor.engine.history import readable
from compressor.engine.limits import threads_within
from compressor.errors import DamagedError, UnfinishedError

if TYPE_CHECKING:
    from compressor.archive.forward import Leaf


class ChainUse(Struct):
    """How much of an archive is packed under one chain; sizes in bytes."""

    blocks: int = 0
    plain_size: int = 0
    packed_size: int = 0


class Survey(Struct):
    """One archive; ``head`` or ``version`` is None where it is lost."""

    head: Head | None = None
    version: Version | None = None
    members: dict[bytes, Entry] = field(default_factory=dict)
    chains: dict[str, ChainUse] = field(default_factory=dict)
    packed: dict[int, int] = field(default_factory=dict)
    """Packed bytes of each block, by its offset."""
    paged: dict[bytes, set[int]] = field(default_factory=dict)
    """Of members whose extents stand in pages, the blocks that these name."""
    unclosed: set[int] = field(default_factory=set)
    """The same of the member that is read."""
    bases: dict[int, schema.Base] = field(default_factory=dict)
    """Contents outside that are named, by the offsets of the records that do."""
    based_on: set[int] = field(default_factory=set)
    """Those that blocks are differences from."""
    damage: list[DamagedError] = field(default_factory=list)
    size: int = 0
    versions: int = 0
    taken: int = 0
    """Bytes of content that versions brought, holes left out: stored, or stored already."""
    ended: bool = False
    """Whether this is the whole archive, not a version that another one may follow."""

    def take(self, leaf: "Leaf") -> None:
        """Take a leaf: its members stand for those of the same names in earlier versions."""
        for name in leaf.removed:
            self.members.pop(name, None)
        for entry in leaf.entries:
            known = self.members.pop(entry.name, None)
            self.members[entry.name] = with_content(entry, known) if entry.kept and known else entry
            if entry.level:
                self.paged[entry.name], self.unclosed = self.unclosed, set()
            self.taken += entry.size - (holes(entry.spans) if entry.level == 0 else 0)
        self.version = leaf.version or self.version
        self.versions += leaf.version is not None

    @property
    def entries(self) -> list[Entry]:
        """The members of the last version."""
        return list(self.members.values())

    @property
    def needed(self) -> list[schema.Base]:
        """Contents outside that are named and used; what a damaged block used nobody knows: then all."""
        return [base for at, base in self.bases.items() if at in self.based_on or self.damage]

    @property
    def anything(self) -> bool:
        """Whether there is more to tell than damage."""
        return bool(self.head or self.version or self.entries or self.chains)

    @property
    def plain_size(self) -> int:
        """Bytes of all members."""
        return sum(entry.size for entry in self.members.values())

    def packed_size(self, kind: int) -> int:
        """Packed bytes of the blocks that hold content of members of a kind, each block once."""
        used: set[int] = set()
        for name, entry in self.members.items():
            if entry.kind == kind:
                used |= (
                    self.paged.get(name, set()) if entry.level else {at for at, _, _ in entry.spans}
                )
        return sum(self.packed.get(offset, 0) for offset in used)

    @property
    def stored(self) -> int:
        """Plain bytes of all blocks."""
        return sum(use.plain_size for use in self.chains.values())


def holes(spans: list[Span]) -> int:
    """Return the bytes of holes among extents."""
    return sum(length for offset, _, length in spans if not offset)


def ended(found: Survey, size: int) -> Survey:
    """Return what was found, as all of an archive of ``size`` bytes."""
    found.size, found.ended = size, True
    return found


def afford(memory: int, record_size: int) -> None:
    """Refuse a record that takes more than ``memory`` (bytes, the whole process)."""
    threads_within(1, memory, record_size, 0, "looking into this archive")


def glance(
    file: BinaryIO,
    memory: int,
    unfinished: Callable[[UnfinishedError], object],
    number: int | None = None,
) -> list[Survey]:
    """Return each archive of a seekable file, read through its index: members only, no chains.

    With ``number`` only the last archive, as it was at that version. ``unfinished`` hears of an end
    that is missing.

    Raises:
        VersionNotFoundError: there is no such version.
        DamagedError: the index can't be used; ``survey`` finds what is left.
        MemoryBudgetError: ``memory`` (bytes) is less than any process needs.
    """
    afford(memory, MAX_META)
    missing: list[UnfinishedError] = []
    archives = readable(RandomSource(file), missing.append)
    if number is not None:
        archives = [archives[-1].at(number)]
    found = [_glance(index) for index in archives]
    for error in missing:  # said once it is clear that there is something to show
        unfinished(error)
    return found


def _glance(index: Index) -> Survey:
    members = {entry.name: entry for entry in index.entries()}
    found = Survey(index.head, index.version(), members)
    return ended(found, index.end - index.start)
