"""One block: packed, verified and made into a record; and back."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import lru_cache

from msgspec import Struct

from compressor.archive import schema
from compressor.archive.record import CHECK_SIZE, MAX_BLOCK, Draft, Record
from compressor.archive.schema import Block, pieces_check
from compressor.archive.writer import block_draft
from compressor.errors import (
    ChainError,
    CompressorError,
    DamagedError,
    MemoryBudgetError,
    UnsupportedError,
)
from compressor.stages import chain as chains
from compressor.stages.base import Bytes
from compressor.stages.chain import Chain

STORE = chains.parse("store")


class Contents(Struct, frozen=True):
    """What a block holds: bytes, whose they are, and the pieces in them as (start, size, hash)."""

    plain: bytes | bytearray
    member: int | None
    position: int
    pieces: Sequence[tuple[int, int, bytes]] = ()

    def steps(self) -> list[tuple[int, int]]:
        """Return of each piece the bytes between the one before and it, and its size."""
        steps, end = [], 0
        for start, size, _ in self.pieces:
            steps.append((start - end, size))
            end = start + size
        return steps


class BlockPacker(Struct, frozen=True):
    """Packs blocks under one chain; ``warn`` hears of an encoder that was caught lying."""

    chain: Chain
    verify: bool
    warn: Callable[[str], None]

    def pack(self, contents: Contents) -> Draft:
        """Return the BLOCK record; the block is stored where packing gains nothing or goes wrong."""
        plain = contents.plain
        encoded = chains.encode(self.chain, plain)
        chain = self.chain
        if encoded.packed_size >= len(plain) or not self._proven(encoded, plain):
            chain, encoded = STORE, chains.Encoded((), (plain,))
        size, steps = len(plain), contents.steps()
        keys = b"".join(key for _, _, key in contents.pieces)
        block = Block(
            chain.wire,
            size,
            list(encoded.sizes),
            contents.member,
            contents.position,
            steps,
            keys,
            pieces_check(size, steps, keys),
        )
        return block_draft(block, encoded.parts)

    def _proven(self, encoded: chains.Encoded, plain: bytes | bytearray) -> bool:
        if not self.verify:
            return True
        with suppress(CompressorError):
            if chains.holds(self.chain, encoded, plain):
                return True
        self.warn(
            f"{self.chain} did not give back what it was given; the block is stored as it is. "
            "Please report this, with the file if you can"
        )
        return False


@lru_cache(maxsize=64)
def _parsed(text: str) -> Chain:
    return chains.parse(text)


def unpack(record: Record, head: schema.Head | None, memory: int) -> tuple[Block, Bytes]:
    """Return what a BLOCK says, and its plain bytes, taking at most ``memory`` bytes.

    ``head`` is None where it was lost.

    Raises:
        DamagedError: the record or its content is damaged (F-008, F-010, F-019, F-020, F-023,
            F-024, F-029).
        UnsupportedError: its chain needs a stage that is missing here (F-021).
        MemoryBudgetError: it takes more memory (F-022); what the archive declares is the writer's
            reckoning, which other releases need not share.
    """
    offset = record.header.offset
    meta, body = record.checked()
    block = schema.unpack_block(meta, body, offset, head.block_size if head else MAX_BLOCK)
    try:
        chain = _on_wire(block.chain)
        needed = len(body) + chain.decode_memory(block.plain_size)
        if needed > memory:
            raise MemoryBudgetError(f"the block at byte {offset}", needed, memory)
        return block, chains.decode(chain, body, block.sizes, block.plain_size)
    except DamagedError as error:
        raise DamagedError(error.what, offset=offset) from error


def decode_memory(block: Block) -> int:
    """Return the bytes that decoding a block takes; 0 where its chain can't be had here."""
    try:
        return _on_wire(block.chain).decode_memory(block.plain_size)
    except (DamagedError, UnsupportedError):
        return 0


def work_size(record: Record) -> int:
    """Return the plain bytes by which to reckon the work and the memory of ``unpack``.

    They are not checked yet; where they turn out to be damaged, nothing is decoded.
    """
    header = record.header
    view = memoryview(record.payload)[: header.rest - CHECK_SIZE]
    meta, body = view[: header.meta_size], view[header.meta_size :]
    try:
        return schema.unpack_block(meta, body, header.offset).plain_size
    except DamagedError:  # told when it is decoded
        return header.body_size


def _on_wire(text: str) -> Chain:
    """Parse a chain as archives hold it: in the one way of writing it (F-020)."""
    try:
        chain = _parsed(text)
    except ChainError as error:
        raise DamagedError("a block's chain is none") from error
    if chain.wire != text:
        raise DamagedError("a block's chain is not written as archives do")
    return chain
