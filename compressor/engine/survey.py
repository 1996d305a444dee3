"""What an archive is made of, read from front to back without unpacking it: for ``list`` and ``info``."""

from collections.abc import Iterator

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
from compressor.archive.schema import Head
from compressor.archive.source import Source
from compressor.engine.glance import ChainUse, Survey, afford, ended, holes
from compressor.errors import DamagedError


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
    pending = False
    for event in ForwardReader(source).events():
        pending = True
        if isinstance(event, Head):
            afford(memory, event.block_size)
        _note(found, event)
        if isinstance(event, Leaf) and event.version:
            yield found
        if isinstance(event, End):
            yield ended(found, event.position - begin)
            found, begin, pending = Survey(), event.position, False
    if pending:
        yield ended(found, source.position - begin)


def _note(found: Survey, event: object) -> None:
    match event:
        case Head():
            found.head = event
        case BlockRecord():
            _note_block(found, event)
        case BaseRecord():
            found.bases[event.offset] = event.base
        case Leaf():
            found.take(event)
        case ExtentsPage():
            found.taken -= holes(event.extents.spans)
            found.unclosed.update(offset for offset, _, _ in event.extents.spans)
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
    found.based_on.update(at for at, _, _ in block.base if at in found.bases)
    use = found.chains.setdefault(block.chain, ChainUse())
    use.blocks += 1
    use.plain_size += block.plain_size
    use.packed_size += len(body)
    found.packed[offset] = len(body)
