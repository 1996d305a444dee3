"""Members into an archive: read, cut, packed in threads, written in order; nothing is stored twice."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, partial
from itertools import islice
from typing import TYPE_CHECKING

from blake3 import blake3
from msgspec.structs import replace

from compressor.archive.leaf import LEAF_SIZE, Entry, weight
from compressor.archive.record import MAX_BLOCK, Draft
from compressor.archive.schema import MAX_ENTRIES, MAX_PAGE, Base, Head, Span
from compressor.archive.writer import NOTHING_KEPT, ArchiveWriter, Kept, VersionLabel, Write
from compressor.engine.behind import Behind
from compressor.engine.block import BlockPacker, Contents
from compressor.engine.dedup import (
    HOLE,
    LEAST_CUT,
    PIECE_BOUND,
    RECORD_BOUND,
    Dedup,
    Piece,
    block_bound,
    gathered,
    hashes_of,
    joined,
    key_of,
    pieces,
    pieces_of,
)
from compressor.engine.numbers import Coded, Content, content_in, content_of
from compressor.engine.packoptions import NOWHERE, PIPED_REACH, PackOptions, reach_of
from compressor.engine.pending import Current, Extents, Solid
from compressor.engine.pool import OrderedPool
from compressor.engine.zeros import hash_zeros
from compressor.errors import UsageError
from compressor.plan.alternatives import alternatives
from compressor.plan.numbers import LEAST
from compressor.tree.inputs import Hole, Input

if TYPE_CHECKING:
    from compressor.engine.deltas import Deltas
    from compressor.engine.previous import Earlier

LEAST_PIECE = 64 << 10  # bytes; files that say they are empty, such as those of /proc, need not be


class Packer:
    """One version of an archive being written: members one after the other, then ``finish``."""

    def __init__(self, write: Write, options: PackOptions, earlier: Earlier | None = None) -> None:
        given = options.block_size
        self.block_size = options.chain.block_size if given is None else given
        if not 0 < self.block_size <= MAX_BLOCK:
            raise UsageError(f"a block has from 1 to {MAX_BLOCK} bytes")
        known = self.block_size if options.plain_limit is None else options.plain_limit
        self.piece_size = min(self.block_size, max(known, LEAST_PIECE))
        # Of bytes to add at once, and of a solid block: never above what HEAD declares.
        self._most = min(options.solid_size, self.piece_size)
        self.small_size = min(LEAST - 1, self.piece_size) if options.codings else self.piece_size
        """Bytes of a file that is packed as it is, without a look at what it holds, at most."""
        if not options.compares:
            options = replace(options, sources=NOWHERE)
        self._options = options
        fixed = 2 * self.piece_size + self._most + options.table
        threads, apart = options.workers(self.piece_size, fixed)
        self._pool = OrderedPool(threads, self.piece_size)
        self._behind = Behind(write, apart=apart)
        choose = options.trials.choose if options.trials else None
        self._blocks = BlockPacker(options.chain, options.verifies, options.warn, choose=choose)
        self._dedup = earlier.dedup if earlier else Dedup(options.table, options.reach)
        self._before = earlier.before if earlier else None
        self._head = options.head(self.block_size, earlier.head if earlier else None)
        self._deltas = self._differences(self._head) if options.sources else None
        self._solid = Solid()
        self._members = 0  # whose blocks were submitted
        self._plain, self._done = 0, (0, 0)  # bytes taken in; bytes written of them, as what
        self._current = Current(Entry(b""), 0)
        self._extents = Extents(self._write_extents, self.block_size)
        _ = options.alone or self._writer

    @cached_property
    def _writer(self) -> ArchiveWriter:
        """Made with the only member, if there is one: what this holds may change what the HEAD declares."""
        return ArchiveWriter(self._behind.write, self._head, self._before)

    def _reach_back(self) -> None:
        """Have the tensors of the only member stored once, as far back as a reader of a pipe may keep."""
        self._dedup.reach = reach_of(None, self._options.plain_limit, PIPED_REACH)
        self._head = replace(self._head, reach=self._dedup.reach)

    def _differences(self, head: Head) -> Deltas:
        from compressor.engine import deltas  # most runs have no use for it

        numbers, sources = self._dedup.blocks, self._options.sources
        return deltas.Deltas(numbers, sources, head, self.drain, self._write_base)

    def _packer_of(self, coded: Coded) -> BlockPacker:
        coding, options = coded.coding, self._options
        others = partial(alternatives, coding, options.chain, columns=coded.columns)
        return BlockPacker(coding.chain, options.verifies, options.warn, others)

    def content_of(self, source: Input) -> Content:
        """Return a file's content as it is to be added: as numbers, where it holds any.

        What others are differences from, outside of the archive, is none itself, nor stored as these are.
        """
        externals = self._options.sources.externals
        self._dedup.blind = externals is not None and source.identity in externals.identities
        return content_of(source, self._options, self.piece_size, self._reach_back)

    def content_in(self, data: memoryview) -> Content:
        """Return bytes in memory as they are to be added, in the same way."""
        return content_in(data, self._options, self.piece_size, self._reach_back)

    @property
    def plain_size(self) -> int:
        """Bytes taken in so far."""
        return self._plain

    @property
    def packed_size(self) -> int:
        """Bytes written so far."""
        return self._writer.offset - (self._before.offset if self._before else 0)

    @property
    def threads(self) -> int:
        """Worker threads in use."""
        return self._pool.threads

    def add(self, entry: Entry, content: Content) -> Entry:
        """Add a file: its name and metadata, and its content; return its entry, without its place.

        Raises:
            UsageError: another member has its name.
        """
        iterator = iter(content)
        ahead = list(islice(iterator, 2))
        if not ahead:
            return self.add_small(entry, bytearray())
        if len(ahead) == 1 and isinstance(ahead[0], (bytes, bytearray)):
            return self.add_small(entry, bytearray(ahead[0]))
        self.begin(entry)
        while ahead:  # let go of each: a block kept here would be one that nobody has counted
            self.feed(ahead.pop(0))
        for piece in iterator:
            self.feed(piece)
        return self.end()

    def add_plain(self, entry: Entry) -> None:
        """Add a member that has no content of its own: a folder, a link, one that keeps what it had."""
        self._writer.claim(entry.name)
        self._join(entry)

    def add_small(self, entry: Entry, content: bytearray) -> Entry:
        """Add a file of at most one block, which the packer keeps; small ones share blocks."""
        self._writer.claim(entry.name)
        self._dedup.prepare()
        digest = blake3(content).digest()
        spans = self._small_spans(content, key_of(digest)) if content else []
        self._plain += len(content)
        found = replace(entry, size=len(content), content_hash=digest, spans=spans)
        self._join(found)
        if self._solid.size > self._most:  # nothing can join it: it need not wait in memory
            self._flush_solid()
        return found

    def _join(self, entry: Entry) -> None:
        solid = self._solid
        solid.entries.append(entry)
        solid.weight += weight(entry)
        if len(solid.entries) >= MAX_ENTRIES or solid.weight > LEAF_SIZE:
            self._flush_solid()

    def _small_spans(self, content: bytearray, key: bytes) -> list[Span]:
        known = self._dedup.find(key, self._solid.number, self._most + 2 * LEAF_SIZE)
        if known is not None:
            return [(*known, len(content))]
        if self._solid.size + len(content) > self._most:
            self._flush_solid()
        solid = self._solid
        number = solid.number = solid.number or self._dedup.blocks.add()
        start = solid.size
        if len(content) < LEAST_CUT or self._options.reach == 0:
            spans = [(number, start, len(content))]
            solid.take(content)
        else:
            spans = self._cut_small(content, number)
        if spans == [(number, start, len(content))]:
            self._dedup.put(key, number, start)
        return spans

    def _cut_small(self, content: bytearray, number: int) -> list[Span]:
        """Put the pieces that no earlier version has into the solid block.

        Those that this version has elsewhere are stored again: so a small file opens by decoding one
        block, in the version that added it.
        """
        solid, dedup, spans = self._solid, self._dedup, list[Span]()
        parts = list(pieces(content))
        if len(parts) == 1:  # known as a whole
            solid.take(content)
            return [(number, solid.size - len(content), len(content))]
        new, at = list[Piece](), solid.size
        for piece in parts:
            known = dedup.find(piece.key)
            # An entry lists no more extents; pieces alternate in no content but a made-up one.
            if known is not None and dedup.is_old(known[0]) and len(spans) < MAX_PAGE - 1:
                joined(spans, (*known, piece.size))
                continue
            joined(spans, (number, at, piece.size))
            solid.pieces.append((at, piece.size, piece.key))
            dedup.put(piece.key, number, at)
            new.append(piece)
            at += piece.size
        if new:
            solid.take(gathered(content, new))
        return spans

    def _flush_solid(self) -> None:
        solid, self._solid = self._solid, Solid()
        entries = solid.entries
        if not entries:
            return
        self._members += len(entries)
        self._dedup.blocks.grow(solid.weight + RECORD_BOUND)
        placed = self._dedup.blocks.placed
        if solid.size:
            self._dedup.blocks.grow(block_bound(solid.size, solid.pieces))
            self._submit(lambda: self._blocks.pack(solid.contents()), solid.number, solid.size)
        self._pool.then(
            lambda: self._writer.members(
                [replace(e, spans=placed(e.spans)) if e.spans else e for e in entries],
                solid.weight,
            )
        )

    def _submit(self, work: Callable[[], tuple[Draft, int]], number: int, size: int) -> None:
        """Have a block of so many plain bytes packed, and written when its turn comes."""
        known, plain = self._dedup.blocks, self._plain - self._solid.size

        def write(packed: tuple[Draft, int]) -> None:
            item, needs = packed
            known.place(number, self._dedup.packed_alike(item) or self._writer.block(item), needs)
            self._tell(plain)

        self._options.progress(self._plain, *self._done)
        self._pool.submit(work, write, size)

    def _tell(self, plain: int) -> None:
        """Say that so many plain bytes were written."""
        self._done = plain, self.packed_size
        self._options.progress(self._plain, *self._done)

    def _write_base(self, base: Base) -> int:
        self._pool.drain()
        self._dedup.blocks.grow(RECORD_BOUND + len(base.name))
        return self._writer.base(base)

    def begin(self, entry: Entry) -> None:
        """Begin a file larger than a block, or one whose end is not known yet; its size is a guess."""
        self._writer.claim(entry.name)
        self._dedup.prepare()
        if self._dedup.reach is not None:
            self._flush_solid()  # what it refers to could come to lie out of reach
        self._pool.then(lambda: self._writer.open_member(entry.name))
        self._current = Current(entry, self._members)
        self._members += 1
        self._dedup.blocks.grow(RECORD_BOUND + len(entry.name))
        if self._deltas and not self._dedup.blind:
            self._deltas.begin(entry.name, entry.size)

    def feed(self, piece: bytes | bytearray | Hole | Coded) -> None:
        """Add the next piece of the member that ``begin`` began; the packer keeps it."""
        current = self._current
        if isinstance(piece, Hole):
            current.position += piece.length
            self._plain += piece.length
            hash_zeros(current.digest, piece.length)
            self._extents.add([(HOLE, 0, piece.length)])
            return
        plain, parts = self._compared(piece)
        current.digest.update(plain)
        spans, new = self._large_spans(plain, parts)
        self._plain += len(plain)
        if new:
            self._pack_new(piece, plain, new)
        if isinstance(piece, Coded) and self._deltas:
            self._deltas.note(piece, spans)
        self._extents.add(spans)
        if self._dedup.reach and any(number != current.number for number, _, _ in spans):
            self._extents.flush()  # what they refer to could come to lie out of reach
        current.position += len(plain)

    def _compared(self, piece: bytes | bytearray | Coded) -> tuple[bytes | bytearray, list[Piece]]:
        """Return bytes, and the pieces that they are compared by, now or by a version to come; or none."""
        if isinstance(piece, Coded):
            sizes = piece.sizes() if self._dedup.reach != 0 else ()
            return piece.plain, list(pieces_of(piece.plain, sizes))
        listed = self._options.reach != 0 or len(piece) < self.block_size  # between tensors
        return piece, list(pieces(piece)) if listed else []

    def _pack_new(
        self, piece: bytes | bytearray | Coded, plain: bytes | bytearray, new: list[Piece]
    ) -> None:
        """Have what is new of a part of a large member packed."""
        current, hashes = self._current, hashes_of(new)
        fresh, blocks, against = gathered(plain, new), self._blocks, None
        if isinstance(piece, Coded):
            rest = piece.only(fresh, {part.start for part in new})
            blocks = self._packer_of(rest)
            if self._deltas:
                against = self._deltas.against(rest, current.number, self._options.reach)
        start = current.position + new[0].start
        contents = Contents(fresh, current.ordinal, start, hashes, against)
        self._extents.wait(len(fresh))
        self._dedup.blocks.grow(block_bound(len(fresh), hashes))
        self._submit(lambda: blocks.pack(contents), current.number, len(fresh))

    def _large_spans(
        self, plain: bytes | bytearray, parts: list[Piece]
    ) -> tuple[list[Span], list[Piece]]:
        """Return the extents of a part of a large member, and its new pieces: without ``parts`` all of it."""
        number = self._current.number = self._dedup.blocks.add()
        if not parts:
            return [(number, 0, len(plain))], [Piece(0, len(plain), b"")]
        spans, new, fresh = list[Span](), list[Piece](), 0
        # What is new goes before the extents, which may take a record for each MAX_PAGE of them.
        slack = len(plain) + 3 * RECORD_BOUND + 3 * PIECE_BOUND * (len(parts) + len(self._extents))
        for part in parts:
            known = self._dedup.find(part.key, number, slack - part.size)
            if known is not None and known[0] != self._solid.number:
                joined(spans, (*known, part.size))
                continue
            new.append(part)
            joined(spans, (number, fresh, part.size))
            self._dedup.put(part.key, number, fresh)
            fresh += part.size
        return spans, new

    def _write_extents(self, spans: list[Span]) -> None:
        blocks = self._dedup.blocks
        blocks.grow(RECORD_BOUND + PIECE_BOUND * len(spans))
        self._pool.then(lambda: self._writer.extents(blocks.placed(spans)))

    def end(self) -> Entry:
        """End the member that ``begin`` began."""
        self._extents.flush()
        current = self._current
        entry = replace(
            current.entry, size=current.position, content_hash=current.digest.digest(), spans=[]
        )
        self._dedup.blocks.grow(RECORD_BOUND + weight(entry))
        self._pool.then(lambda: self._writer.close_member(entry))
        if self._deltas:
            self._deltas.end()
        return entry

    def remove(self, names: list[bytes]) -> None:
        """Note names that the version before had and this one has not."""
        self._flush_solid()
        self._pool.then(lambda: self._writer.removed(names))

    def drain(self) -> None:
        """Have everything written that was fed: for a reader at the other end of a live stream."""
        self._extents.flush()
        self._pool.drain()
        self._behind.flush()

    def finish(
        self,
        label: VersionLabel | None = None,
        kept: Kept = NOTHING_KEPT,
        sync: Callable[[], object] = lambda: None,
    ) -> None:
        """Write the end of the version; ``kept`` is what stays of the one before.

        ``sync`` has all that was written go to disk; the order of the calls makes an append safe.

        Raises:
            CompressorError: a file that others are differences from was written to meanwhile.
        """
        self._flush_solid()
        self._pool.drain()
        externals = self._options.sources.externals
        if externals:
            externals.check()
        for text in self._deltas.useless() if self._deltas and self._plain else ():
            self._options.warn(text)
        self._writer.finish(label or VersionLabel(), kept, lambda: self._behind.then(sync))
        self._tell(self._plain)
        self.close()

    def close(self) -> None:
        """Give up the threads; what was not finished stays unfinished."""
        self._pool.close()
        self._behind.close()
