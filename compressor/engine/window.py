"""The blocks that a forward reader keeps: those not yet referred to, and those within reach."""

from collections import deque

from compressor.archive.record import Record
from compressor.archive.schema import MAX_FRESH, Block, Head, Span
from compressor.engine import block as blocks
from compressor.errors import CompressorError, DamagedError
from compressor.stages.base import Bytes

Decoded = tuple[Block, Bytes]
"""What a block says of itself, and its plain bytes."""

Owner = tuple[int, int] | None
"""The ordinal of the open member and the position in it of a block's first byte; None: a solid block."""


class Window:
    """``settle`` ends the time in which new blocks may be referred to without any reach."""

    def __init__(self, head: Head | None, memory: int) -> None:
        self._head = head
        self._reach = head.reach if head else 0
        self._memory = memory  # bytes that decoding a block again may take
        self._fresh: dict[int, Decoded | CompressorError] = {}
        self._fresh_size = 0
        self._fresh_records: list[Record] = []
        self._refused = False  # an extent was, because of a new block
        self._old: deque[Record] = deque()  # packed, in the order of their offsets
        self._again: tuple[int, Bytes] = (0, b"")  # the old block decoded last

    def add(self, record: Record, decoded: Decoded | CompressorError) -> None:
        """Keep a block, or the reason why it can't be had.

        Raises:
            DamagedError: more is kept than the archive declares (F-031).
        """
        offset = record.header.offset
        self._forget(offset)
        if len(self._fresh) == MAX_FRESH:
            self.settle()
            raise DamagedError("too many blocks wait for their extents", offset=offset)
        self._fresh[offset] = decoded
        if isinstance(decoded, CompressorError):
            return
        self._fresh_size += len(decoded[1])
        if self._reach:
            self._fresh_records.append(record)
        if self._head and self._fresh_size > self._head.block_size:
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
        self._fresh_size = 0
        self._old.extend(self._fresh_records)
        self._fresh_records = []
        return unmet

    def _forget(self, at: int) -> None:
        """Drop the old blocks that the record at ``at`` can't refer to any more, nor any behind it."""
        while self._old and self._old[0].header.offset < at - self._reach:
            self._old.popleft()

    def piece(self, span: Span, at: int, owner: Owner) -> Bytes:
        """Return the bytes of an extent that the record at ``at`` refers to.

        Raises:
            DamagedError: the block is lost, damaged, too short (F-028) or out of reach (F-030), or
                new and another's by its own word (F-029).
            UnsupportedError: the block needs a stage that is missing here (F-021).
        """
        offset, start, length = span
        plain = self._new(offset, at, owner)
        if plain is None:
            plain = self._reached(offset, at)
        if start + length > len(plain):
            raise DamagedError("an extent exceeds its block", offset=at)
        return memoryview(plain)[start : start + length]

    def _new(self, offset: int, at: int, owner: Owner) -> Bytes | None:
        decoded = self._fresh.get(offset)
        if decoded is None:
            return None
        if isinstance(decoded, CompressorError):
            self._refused = True
            raise decoded
        block, plain = decoded
        if (None if block.member is None else (block.member, block.position)) != owner:
            raise DamagedError("a block says that it belongs elsewhere", offset=at)
        return plain

    def _reached(self, offset: int, at: int) -> Bytes:
        self._forget(at)
        if self._again[0] == offset and offset >= at - self._reach:
            return self._again[1]
        record = next((item for item in self._old if item.header.offset == offset), None)
        if record is None:
            raise DamagedError(f"the block at byte {offset} is lost or out of reach", offset=at)
        self._again = (offset, blocks.unpack(record, self._head, self._memory)[1])
        return self._again[1]
