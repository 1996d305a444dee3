"""Everything about a seekable archive but its blocks' content: each record, then the index against them."""

from collections.abc import Iterator
from dataclasses import replace

from blake3 import blake3

from compressor.archive import schema
from compressor.archive.forward import BlockRecord, Damage, Event, ExtentsPage, ForwardReader, Leaf
from compressor.archive.index import Forward, Index
from compressor.archive.leaf import Entry
from compressor.archive.schema import Block, Head, Open, Owner, Span, belongs
from compressor.archive.source import Source
from compressor.errors import DamagedError, UnfinishedError


def audit(index: Index) -> list[int]:
    """Read every record of an archive, front to back, and compare the index with them.

    Return the offsets of the leaves, those of earlier versions too. Memory grows with the number of
    blocks and of members. What blocks hold is checked by decoding them.

    Raises:
        DamagedError: a record is damaged, or the index says anything else than the records.
        UnsupportedError: a record needs a feature that is missing here.
    """
    ledger = _Ledger(index)
    leaves: list[Leaf] = []
    for event in _events(index):
        if isinstance(event, Damage):
            raise _final(event.error)
        ledger.take(event)
        if isinstance(event, Leaf):
            leaves.append(replace(event, entries=[]))
    _compare(index, leaves)
    return [leaf.offset for leaf in leaves]


def _events(index: Index) -> Iterator[Event]:
    part = Forward(index.source, index.start, index.end)
    return ForwardReader(Source(part)).events()


def _final(error: DamagedError) -> DamagedError:
    """Return ``error`` as what it is where a sound FOOTER was found: nothing is unfinished then."""
    if isinstance(error, UnfinishedError):
        return DamagedError(error.what, offset=error.offset)
    return error


def _compare(index: Index, leaves: list[Leaf]) -> None:
    """Compare what the index finds with what the records say."""
    there = {leaf.offset for leaf in leaves}
    for ref in index.leaves():
        if ref.offset not in there:
            raise DamagedError("the index leads to what is no leaf", offset=ref.offset)
        index.listed(ref)
    if not leaves or index.version() != leaves[-1].version:
        raise DamagedError("the index leads to another version")


class _Ledger:
    """The blocks met so far, and which of them extents may refer to freely."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._head = index.head
        self._sizes: dict[int, int] = {}  # plain bytes of a block, by its record's offset
        self._fresh: dict[int, Block] = {}
        self._met: set[int] = set()
        self._walked = blake3()  # extents of the open member
        self._open: Open | None = None

    def take(self, event: Event) -> None:
        """Note a block; compare extents with the blocks, and with what the index finds."""
        if isinstance(event, Head):
            self._head = event
        elif isinstance(event, BlockRecord):
            self._note(event)
        elif isinstance(event, Open):
            self._open, self._walked = event, blake3()
        elif isinstance(event, ExtentsPage):
            page = event.extents
            self._spans(page.spans, event.offset, (page.member, page.position))
            self._fresh, self._met = {}, set()
        elif isinstance(event, Leaf):
            self._leaf(event)
            self._fresh, self._met = {}, set()

    def _note(self, event: BlockRecord) -> None:
        offset = event.record.header.offset
        meta, body = event.record.checked()
        block = schema.unpack_block(meta, body, offset, self._head.block_size)
        self._sizes[offset] = block.plain_size
        self._fresh[offset] = block
        waiting = sum(self._sizes[fresh] for fresh in self._fresh)
        if len(self._fresh) > schema.MAX_FRESH or waiting > self._head.block_size:  # F-031
            raise DamagedError("blocks stand where no extents refer to them", offset=offset)

    def _spans(self, spans: list[Span], at: int, place: tuple[int, int] | None) -> None:
        """Check extents of the record at ``at``; ``place``: ordinal and position, None: of an entry."""
        position = place[1] if place else 0
        for offset, start, length in spans:
            self._walked.update(schema.pack((position, (offset, start, length))))
            if offset:
                owner = (place[0], position) if place else None
                self._extent((offset, start, length), at, owner)
            position += length

    def _extent(self, span: Span, at: int, owner: Owner) -> None:
        offset, start, length = span
        block = self._fresh.get(offset)
        if start + length > self._sizes.get(offset, 0):  # F-028
            raise DamagedError("an extent exceeds its block, or has none", offset=at)
        if block is not None:
            if not belongs(block, start, owner, met=offset in self._met):  # F-029
                raise DamagedError("a block says that it belongs elsewhere", offset=at)
            self._met.add(offset)
        elif at - offset > self._head.reach:  # F-030
            raise DamagedError("an extent refers to what is out of reach", offset=at)

    def _leaf(self, leaf: Leaf) -> None:
        if self._open is None:
            for entry in leaf.entries:
                self._spans(entry.spans, leaf.offset, None)
            return
        if self._through_index(leaf.entries[0]) != self._walked.digest():
            raise DamagedError("the index leads to other extents", offset=leaf.offset)
        self._open = None

    def _through_index(self, entry: Entry) -> bytes:
        walked = blake3()
        for position, span in self._index.spans(entry):
            walked.update(schema.pack((position, span)))
        return walked.digest()
