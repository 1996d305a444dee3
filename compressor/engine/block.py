"""One block: packed, verified and made into a record; and back."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import lru_cache

from msgspec import Struct

from compressor.archive import schema
from compressor.archive.record import MAX_BLOCK, Draft, Record
from compressor.archive.schema import Block, Span, pieces_check
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


class Against(Struct, frozen=True):
    """What a block may be stored as a difference from.

    Under which chains, where it lies, how many blocks are decoded for it, and what reads it: None where
    that turns out to be impossible.
    """

    chains: list[Chain]
    spans: list[Span]
    needs: int
    read: Callable[[], Bytes | None]


class Contents(Struct, frozen=True):
    """What a block holds: bytes, whose they are, and the pieces in them as (start, size, hash)."""

    plain: bytes | bytearray
    member: int | None
    position: int
    pieces: Sequence[tuple[int, int, bytes]] = ()
    against: Against | None = None

    def steps(self) -> list[tuple[int, int]]:
        """Return of each piece the bytes between the one before and it, and its size."""
        steps, end = [], 0
        for start, size, _ in self.pieces:
            steps.append((start - end, size))
            end = start + size
        return steps


class Candidate(Struct, frozen=True):
    """A way to store a block: the chain, what it gave, and the bytes that it is a difference from."""

    chain: Chain
    encoded: chains.Encoded
    base: Bytes | None = None


Choose = Callable[[Bytes], Iterable[Chain]]
"""From a block to the chains that it is tried with: at least one."""

Others = Callable[[Bytes, int], Iterable[Chain]]
"""From a block, and its packed size under its own chain, to chains that may make it smaller."""


def no_others(_plain: Bytes, _packed_size: int) -> Iterable[Chain]:
    """Return none: most blocks have one chain."""
    return ()


class BlockPacker(Struct, frozen=True):
    """Packs blocks under a chain, or another if that makes one smaller.

    ``choose``, where there is one, says instead of ``chain`` what a block is tried with. ``verify`` tells of
    which chains the work is proven; ``warn`` hears of an encoder that was caught lying.
    """

    chain: Chain
    verify: Callable[[Chain], bool]
    warn: Callable[[str], None]
    others: Others = no_others
    choose: Choose | None = None

    def pack(self, contents: Contents) -> tuple[Draft, int]:
        """Return the BLOCK record, and how many blocks have to be decoded before it.

        It is stored where packing gains nothing or goes wrong.
        """
        from compressor.archive.writer import (
            block_draft,  # imported late: readers have no use for it
        )

        plain = contents.plain
        best = self._smallest(contents)
        if best.encoded.packed_size >= len(plain) or not self._proven(best, plain):
            best = Candidate(STORE, chains.Encoded((), (plain,)))
        against = contents.against if best.base is not None else None
        size, steps = len(plain), contents.steps()
        keys = b"".join(key for _, _, key in contents.pieces)
        block = Block(
            best.chain.wire,
            size,
            list(best.encoded.sizes),
            contents.member,
            contents.position,
            steps,
            keys,
            pieces_check(size, steps, keys),
            against.spans if against else [],
            against.needs if against else 0,
        )
        return block_draft(block, best.encoded.parts), block.needs

    def _smallest(self, contents: Contents) -> Candidate:
        """Return the best of all ways; no more than two results are held at a time."""
        candidates = self._candidates(contents)
        best = next(candidates)
        for other in candidates:
            if other.encoded.packed_size < best.encoded.packed_size:
                best = other
        return best

    def _candidates(self, contents: Contents) -> Iterator[Candidate]:
        plain, against = contents.plain, contents.against
        if self.choose is None:
            yield from self._usual(plain)
        else:
            for chain in self.choose(plain):
                yield Candidate(chain, chains.encode(chain, plain))
        base = against.read() if against else None
        if against and base is not None:
            for chain in against.chains:
                yield Candidate(chain, chains.encode(chain, plain, base), base)

    def _usual(self, plain: Bytes) -> Iterator[Candidate]:
        encoded = chains.encode(self.chain, plain)
        yield Candidate(self.chain, encoded)
        for chain in self.others(plain, encoded.packed_size):
            yield Candidate(chain, chains.encode(chain, plain))

    def _proven(self, found: Candidate, plain: bytes | bytearray) -> bool:
        if not self.verify(found.chain):
            return True
        with suppress(CompressorError):
            if chains.holds(found.chain, found.encoded, plain, found.base):
                return True
        self.warn(
            f"{found.chain} did not give back what it was given; the block is stored as it is. "
            "Please report this, with the file if you can"
        )
        return False


def opened(record: Record, head: schema.Head | None) -> tuple[Block, Bytes]:
    """Return what a BLOCK says, and its packed bytes; ``head`` is None where it was lost.

    Raises:
        DamagedError: the record is damaged (F-008, F-010, F-019, F-029, F-049, F-054).
    """
    meta, body = record.checked()
    size = head.block_size if head else MAX_BLOCK
    return schema.unpack_block(meta, body, record.header.offset, size), body


def decoded(block: Block, body: Bytes, offset: int, memory: int, base: Bytes | None) -> Bytes:
    """Return the plain bytes of the block at ``offset``, taking at most ``memory`` bytes.

    Raises:
        DamagedError: its content is damaged (F-020, F-023, F-024, F-056).
        UnsupportedError: its chain needs a stage that is missing here (F-021).
        MemoryBudgetError: it takes more memory (F-022); what the archive declares is the writer's
            reckoning, which other releases need not share.
    """
    try:
        chain = _on_wire(block.chain)
        if chain.based != (base is not None):
            raise DamagedError("a block has a base that its chain has no use for, or lacks one")
        _afford(block, body, offset, memory)
        return chains.decode(chain, body, block.sizes, block.plain_size, base)
    except DamagedError as error:
        raise DamagedError(error.what, offset=offset) from error


def decode_into(block: Block, body: Bytes, offset: int, memory: int, target: memoryview) -> None:
    """Decode a block that has no base into memory that is as large; raises as ``decoded`` does."""
    try:
        chain = _on_wire(block.chain)
        if chain.based:
            raise DamagedError("a block lacks the base that its chain needs")
        _afford(block, body, offset, memory)
        chains.decode_into(chain, body, block.sizes, target)
    except DamagedError as error:
        raise DamagedError(error.what, offset=offset) from error


def _afford(block: Block, body: Bytes, offset: int, memory: int) -> None:
    needed = len(body) + _decode_memory(block.chain, block.plain_size)
    if needed > memory:
        raise MemoryBudgetError(f"the block at byte {offset}", needed, memory)


def decode_memory(block: Block) -> int:
    """Return the bytes that decoding a block takes; 0 where its chain can't be had here."""
    try:
        return _decode_memory(block.chain, block.plain_size)
    except (DamagedError, UnsupportedError):
        return 0


def glimpse(record: Record) -> Block | None:
    """Return what a BLOCK says of itself, not yet checked; None where that breaks its schema."""
    meta = memoryview(record.payload)[: record.header.meta_size]
    with suppress(DamagedError):  # told when it is decoded
        return schema.unpack(meta, Block, record.header.offset)
    return None


@lru_cache(maxsize=1024)
def _decode_memory(text: str, plain_size: int) -> int:
    return _on_wire(text).decode_memory(plain_size)


@lru_cache(maxsize=64)
def _on_wire(text: str) -> Chain:
    """Parse a chain as archives hold it: in the one way of writing it (F-020)."""
    try:
        chain = chains.parse(text)
    except ChainError as error:
        raise DamagedError("a block's chain is none") from error
    if chain.wire != text:
        raise DamagedError("a block's chain is not written as archives do")
    return chain
