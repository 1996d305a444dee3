"""The blocks that a forward reader keeps: those not yet referred to, and those within reach."""

from collections import OrderedDict
from contextlib import suppress

from msgspec.structs import replace

from compressor.archive.record import MAX_BLOCK, Record
from compressor.archive.schema import MAX_FRESH, Base, Block, Head, Owner, Span, belongs
from compressor.engine.bases import BlockReader, Fetch
from compressor.engine.reading import NONE_GIVEN, External
from compressor.errors import CompressorError, DamagedError, LimitError
from compressor.stages.base import Bytes

RECORD_OVERHEAD = 512  # bytes of objects around a record
AGAIN = 2  # old blocks that are kept decoded

Decoded = tuple[Block, Bytes]
"""What a block says of itself, and its plain bytes."""


def _weight(record: Record) -> int:
    """Return the bytes that a kept record takes, with what Python adds."""
    return len(record.payload) + RECORD_OVERHEAD


def too_far() -> LimitError:
    """Return the error of what refers back to bytes that have passed."""
    return LimitError(
        "this archive refers back further than memory goes for a pipe; "
        "read it from a file that can seek, or raise memory",
        "memory",
    )


class Window:
    """``fetch`` reads an old block's record where the source can seek: then none is kept.

    ``external`` reads what differences are from outside of the archive. ``settle`` ends the time in
    which new blocks may be referred to without any reach.
    """

    def __init__(self, fetch: Fetch | None = None, external: External = NONE_GIVEN) -> None:
        self._external = external
        self._reader = BlockReader(fetch or self._kept_record, None, external)
        self._reach = 0
        self._block_size = MAX_BLOCK
        self._memory = 0  # bytes that decoding a block again may take
        self._fetch = fetch
        self._dropped = False  # an old block was: a later version may ask for it
        self._fresh: dict[int, Decoded | CompressorError] = {}
        self._fresh_size = 0
        self._fresh_records: dict[int, Record] = {}
        self._bases: dict[int, Base] = {}
        self._met: set[int] = set()  # new blocks that an extent has referred to
        self._refused = False  # an extent was, because of a new block
        self._old: dict[int, Record] = {}  # packed, in the order of their offsets
        self._kept = 0  # bytes of these
        self._most = 0
        self._again: OrderedDict[int, tuple[Bytes, int]] = OrderedDict()  # old blocks decoded last

    def begin(self, head: Head, memory: int, most: int) -> None:
        """Begin an archive, or a version that is appended to what was read.

        At most ``most`` bytes of old blocks are kept.

        Raises:
            LimitError: the version refers to what was not kept.
        """
        if not head.previous:
            self._old, self._kept, self._dropped = {}, 0, False
            self._bases = {}
            self._again.clear()
        elif self._dropped and head.reach and self._fetch is None:
            raise too_far()
        self._memory, self._reach, self._most = memory, head.reach, most
        self._block_size = head.block_size
        self._reader = BlockReader(self._fetch or self._kept_record, head, self._external)

    def base(self, base: Base, offset: int) -> None:
        """Keep what a BASE says."""
        self._bases[offset] = base

    def need(self, record: Record, block: Block) -> None:
        """Refuse a block that is a difference from what is not outside; ``block`` is what it seems to say.

        Raises:
            MissingBaseError: it is sound, and is one.
        """
        with suppress(DamagedError):  # said by who decodes it
            record.checked()
            for at, start, length in block.base:
                if at in self._bases:
                    self._external.need(self._bases[at], start, length)

    def unpack(self, record: Record, memory: int) -> Decoded:
        """Return a block that has come, decoded; raises as `BlockReader.unpack` does.

        Where the source can seek, any thread may call it.
        """
        lowest = max(0, record.header.offset - self._reach)
        return self._reader.unpack(record, memory, lowest)

    def add(self, record: Record, decoded: Decoded | CompressorError) -> None:
        """Keep a block, or the reason why it can't be had.

        Raises:
            DamagedError: more is kept than the archive declares (F-031).
        """
        offset = record.header.offset
        if len(self._fresh) == MAX_FRESH:
            self.settle()
            raise DamagedError("too many blocks wait for their extents", offset=offset)
        self._fresh[offset] = decoded
        if isinstance(decoded, CompressorError):
            return
        self._fresh_size += len(decoded[1])
        if self._fetch is None:
            self._fresh_records[offset] = record
        if self._fresh_size > self._block_size:
            self.settle()
            raise DamagedError("blocks stand where no extents refer to them", offset=offset)

    def settle(self) -> list[DamagedError]:
        """Let go of the new blocks, but for what the declared reach covers.

        Return the damage in them that no extent has met: nothing refers to those blocks.
        """
        unmet = [block for block in self._fresh.values() if isinstance(block, DamagedError)]
        if self._refused:
            unmet = []
        self._refused = False
        self._fresh = {}
        self._met = set()
        self._fresh_size = 0
        for record in self._fresh_records.values():
            # Where a HEAD was lost, offsets return.
            before = self._old.pop(record.header.offset, None)
            self._kept += _weight(record) - (_weight(before) if before else 0)
            self._old[record.header.offset] = record
        self._fresh_records = {}
        while self._kept > self._most:
            self._drop()
        return unmet

    def _drop(self) -> None:
        """Drop the oldest block."""
        self._kept -= _weight(self._old.pop(next(iter(self._old))))
        self._dropped = True

    def piece(self, span: Span, at: int, owner: Owner) -> Bytes:
        """Return the bytes of an extent that the record at ``at`` refers to.

        Raises:
            DamagedError: the block is lost, damaged, too short (F-028) or out of reach (F-030), or
                new and another's by its own word (F-029).
            UnsupportedError: the block needs a stage that is missing here (F-021).
        """
        offset, start, length = span
        plain = self._new(offset, start, at, owner)
        if plain is None:
            plain = self._reached(offset, at)
        if start + length > len(plain):
            raise DamagedError("an extent exceeds its block", offset=at)
        return memoryview(plain)[start : start + length]

    def _new(self, offset: int, start: int, at: int, owner: Owner) -> Bytes | None:
        decoded = self._fresh.get(offset)
        if decoded is None:
            return None
        if isinstance(decoded, CompressorError):
            self._refused = True
            raise decoded
        block, plain = decoded
        if not belongs(block, start, owner, met=offset in self._met):
            raise DamagedError("a block says that it belongs elsewhere", offset=at)
        self._met.add(offset)
        return plain

    def _reached(self, offset: int, at: int) -> Bytes:
        if not 0 < offset < at or offset < at - self._reach:
            raise DamagedError(f"the block at byte {offset} is out of reach", offset=at)
        if offset in self._again:
            self._again.move_to_end(offset)
        else:
            while len(self._again) >= AGAIN:  # before it is decoded: these are what was counted
                self._again.popitem(last=False)
            self._again[offset] = self._decoded_again(offset)
        plain, lowest = self._again[offset]
        if lowest < at - self._reach:
            raise DamagedError(f"the block at byte {lowest} is out of reach", offset=at)
        return plain

    def _decoded_again(self, offset: int) -> tuple[Bytes, int]:
        """Return the plain bytes of an old block, and where the first stands of all that it needs."""
        lowest = offset

        def fetch(needed: int) -> Record | Base:
            nonlocal lowest
            record = self._reader.fetch(needed)
            if isinstance(record, Record):
                lowest = min(lowest, needed)
            return record

        return replace(self._reader, fetch=fetch).read(offset, self._memory)[1], lowest

    def _kept_record(self, offset: int) -> Record | Base:
        """Return what was kept of a source that can't seek."""
        found = self._old.get(offset) or self._fresh_records.get(offset) or self._bases.get(offset)
        if found is None and self._dropped:
            raise too_far()
        if found is None:
            raise DamagedError(f"the block at byte {offset} is lost", offset=offset)
        return found
