"""What an archive is made of, without unpacking it: for ``list`` and ``info``."""

from collections.abc import Callable, Iterator
from typing import BinaryIO

from msgspec import Struct, field

from compressor.archive import schema
from compressor.archive.forward import (
    BaseRecord,
    BlockRecord,
    Damage,
    End,
    ExtentsPage,
    ForwardReader,
    Leaf,
)
from compressor.archive.index import Index
from compressor.archive.leaf import Entry, with_content
from compressor.archive.record import MAX_META
from compressor.archive.schema import Head, Span, Version
from compressor.archive.source import RandomSource, Source
from compressor.engine.history import readable
from compressor.engine.limits import threads_within
from compressor.errors import DamagedError, TruncatedError, UnfinishedError


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
    bases: list[schema.Base] = field(default_factory=list)
    damage: list[DamagedError] = field(default_factory=list)
    size: int = 0
    versions: int = 0
    taken: int = 0
    """Bytes of content that versions brought, holes left out: stored, or stored already."""
    ended: bool = False
    """Whether this is the whole archive, not a version that another one may follow."""

    def take(self, leaf: Leaf) -> None:
        """Take a leaf: its members stand for those of the same names in earlier versions."""
        for name in leaf.removed:
            self.members.pop(name, None)
        for entry in leaf.entries:
            known = self.members.pop(entry.name, None)
            self.members[entry.name] = with_content(entry, known) if entry.kept and known else entry
            self.taken += entry.size - (_holes(entry.spans) if entry.level == 0 else 0)
        self.version = leaf.version or self.version
        self.versions += leaf.version is not None

    @property
    def entries(self) -> list[Entry]:
        """The members of the last version."""
        return list(self.members.values())

    @property
    def anything(self) -> bool:
        """Whether there is more to tell than damage."""
        return bool(self.head or self.version or self.entries or self.chains)

    @property
    def plain_size(self) -> int:
        """Bytes of all members."""
        return sum(entry.size for entry in self.members.values())

    @property
    def stored(self) -> int:
        """Plain bytes of all blocks."""
        return sum(use.plain_size for use in self.chains.values())


def _holes(spans: list[Span]) -> int:
    return sum(length for offset, _, length in spans if not offset)


def survey(source: Source, memory: int) -> Iterator[Survey]:
    """Yield each archive of a source, read from front to back; raises as ``by_version`` does."""
    return (found for found in by_version(source, memory) if found.ended)


def by_version(source: Source, memory: int) -> Iterator[Survey]:
    """Yield each archive of a source, read from front to back, once a version, and at its end.

    Block bodies are checked, not decoded. What is yielded grows afterwards.

    Raises:
        NotAnArchiveError, UnsupportedError: it can't be read at all.
        MemoryBudgetError: a block may be larger than ``memory`` (bytes, the whole process) permits.
    """
    found, begin = Survey(), source.position
    pending, sound = False, 0
    for event in ForwardReader(source).events():
        pending = True
        if isinstance(event, Head):
            _afford(memory, event.block_size)
        _note(found, event)
        if isinstance(event, Leaf) and event.version:
            sound = len(found.damage)
            yield found
        if isinstance(event, End):
            yield _end(found, event.position - begin)
            found, begin, pending, sound = Survey(), event.position, False, 0
    if pending:
        if found.version:
            found.damage[sound:] = _unfinished(found.damage[sound:])
        yield _end(found, source.position - begin)


def _unfinished(damage: list[DamagedError]) -> list[DamagedError]:
    """Return what is damaged behind a whole version: nothing, if only its successor was cut short."""
    if len(damage) != 1 or not isinstance(damage[0], TruncatedError):
        return damage
    what = f"the last version was not finished: {damage[0].what}"
    return [UnfinishedError(what, offset=damage[0].offset)]


def _end(found: Survey, size: int) -> Survey:
    found.size, found.ended = size, True
    return found


def _afford(memory: int, record_size: int) -> None:
    threads_within(1, memory, record_size, 0, "looking into this archive")


def _note(found: Survey, event: object) -> None:
    match event:
        case Head():
            found.head = event
        case BlockRecord():
            _note_block(found, event)
        case BaseRecord():
            found.bases.append(event.base)
        case Leaf():
            found.take(event)
        case ExtentsPage():
            found.taken -= _holes(event.extents.spans)
        case Damage():
            found.damage.append(event.error)
        case _:
            pass


def _note_block(found: Survey, event: BlockRecord) -> None:
    offset = event.record.header.offset
    try:
        meta, body = event.record.checked()
        block = schema.unpack_block(meta, body, offset)
    except DamagedError as error:
        found.damage.append(error)
        return
    use = found.chains.setdefault(block.chain, ChainUse())
    use.blocks += 1
    use.plain_size += block.plain_size
    use.packed_size += len(body)


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
    _afford(memory, MAX_META)
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
    return _end(found, index.end - index.start)
