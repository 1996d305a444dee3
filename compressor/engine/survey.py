"""What an archive is made of, without unpacking it: for ``list`` and ``info``."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from compressor.archive import schema
from compressor.archive.forward import BlockRecord, Damage, End, ForwardReader, Leaf
from compressor.archive.index import RandomSource, indexes
from compressor.archive.leaf import Entry, with_content
from compressor.archive.schema import Head, Version
from compressor.archive.source import Source
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
    def plain_size(self) -> int:
        """Bytes of all members."""
        return sum(entry.size for entry in self.entries)


def survey(source: Source) -> Iterator[Survey]:
    """Yield each archive of a source, read from front to back; block bodies are checked, not decoded."""
    found, begin = Survey(), source.position
    pending = False
    for event in ForwardReader(source).events():
        pending = True
        _note(found, event)
        if isinstance(event, End):
            found.size = event.position - begin
            yield found
            found, begin, pending = Survey(), event.position, False
    if pending:
        found.size = source.position - begin
        yield found


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


def glance(file: BinaryIO) -> Iterator[Survey]:
    """Yield each archive of a sound seekable file, read through its index: members only, no chains.

    Raises:
        DamagedError: the index can't be used; ``survey`` finds what is left.
    """
    for index in indexes(RandomSource(file)):
        members = {entry.name: entry for entry in index.entries()}
        found = Survey(index.head, index.version(), members)
        found.size = index.end - index.start
        yield found
