"""What an archive is made of, without unpacking it: for ``list`` and ``info``."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from compressor.archive import schema
from compressor.archive.forward import BlockRecord, Damage, End, ForwardReader, Leaf
from compressor.archive.index import RandomSource, indexes
from compressor.archive.leaf import Entry, with_content
from compressor.archive.record import MAX_META
from compressor.archive.schema import Head, Version
from compressor.archive.source import Source
from compressor.engine.limits import threads_within
from compressor.errors import DamagedError


@dataclass(slots=True)
class ChainUse:
    """How much of an archive is packed under one chain; sizes in bytes."""

    blocks: int = 0
    plain_size: int = 0
    packed_size: int = 0


@dataclass(slots=True)
class Survey:
    """One archive; ``head`` or ``version`` is None where it is lost."""

    head: Head | None = None
    version: Version | None = None
    members: dict[bytes, Entry] = field(default_factory=dict)
    chains: dict[str, ChainUse] = field(default_factory=dict)
    damage: list[DamagedError] = field(default_factory=list)
    size: int = 0

    def take(self, leaf: Leaf) -> None:
        """Take a leaf: its members stand for those of the same names in earlier versions."""
        for name in leaf.removed:
            self.members.pop(name, None)
        for entry in leaf.entries:
            known = self.members.pop(entry.name, None)
            self.members[entry.name] = with_content(entry, known) if entry.kept and known else entry
        self.version = leaf.version or self.version

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
        return sum(entry.size for entry in self.entries)


def survey(source: Source, memory: int) -> Iterator[Survey]:
    """Yield each archive of a source, read from front to back; block bodies are checked, not decoded.

    Raises:
        NotAnArchiveError, UnsupportedError: it can't be read at all.
        MemoryBudgetError: a block may be larger than ``memory`` (bytes, the whole process) permits.
    """
    found, begin = Survey(), source.position
    pending = False
    for event in ForwardReader(source).events():
        pending = True
        if isinstance(event, Head):
            _afford(memory, event.block_size)
        _note(found, event)
        if isinstance(event, End):
            found.size = event.position - begin
            yield found
            found, begin, pending = Survey(), event.position, False
    if pending:
        found.size = source.position - begin
        yield found


def _afford(memory: int, record_size: int) -> None:
    threads_within(1, memory, record_size, 0, "looking into this archive")


def _note(found: Survey, event: object) -> None:
    match event:
        case Head():
            found.head = event
        case BlockRecord():
            _note_block(found, event)
        case Leaf():
            found.take(event)
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


def glance(file: BinaryIO, memory: int) -> Iterator[Survey]:
    """Yield each archive of a sound seekable file, read through its index: members only, no chains.

    Raises:
        DamagedError: the index can't be used; ``survey`` finds what is left.
        MemoryBudgetError: ``memory`` (bytes) is less than any process needs.
    """
    _afford(memory, MAX_META)
    for index in indexes(RandomSource(file)):
        members = {entry.name: entry for entry in index.entries()}
        found = Survey(index.head, index.version(), members)
        found.size = index.end - index.start
        yield found
