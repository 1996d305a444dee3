"""Members into an archive: read, cut, packed in threads, written in order."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import islice

from blake3 import blake3
from msgspec.structs import replace

from compressor.archive.record import MAX_BLOCK, Draft
from compressor.archive.schema import FILE, MAJOR, MAX_ENTRIES, MINOR, Entry, Head, Span
from compressor.archive.writer import ArchiveWriter, VersionLabel, Write
from compressor.engine.block import STORE, BlockPacker
from compressor.engine.limits import DEFAULT_MEMORY, threads_within
from compressor.engine.pool import OrderedPool
from compressor.engine.zeros import hash_zeros
from compressor.errors import UsageError
from compressor.stages.chain import Chain
from compressor.tree.inputs import Hole

SOLID_SIZE = 4 << 20  # bytes that small members share at most
LEAST_PIECE = 64 << 10  # bytes; files that say they are empty, such as those of /proc, need not be

Pieces = Iterable[bytearray | Hole]
"""A member's content: pieces of one block each (only the last is smaller), and holes between them."""


@dataclass(frozen=True, slots=True)
class Info:
    """What is recorded of a member besides its content."""

    name: bytes
    mtime_ns: int | None = None
    mode: int | None = None


def _ignore(*_args: object) -> None:
    return


@dataclass(frozen=True, slots=True)
class PackOptions:
    """How to pack; sizes in bytes. ``verify`` None: where a native stage takes part."""

    chain: Chain
    block_size: int | None = None
    threads: int = 0
    memory: int = DEFAULT_MEMORY
    verify: bool | None = None
    optional: tuple[str, ...] = ()
    plain_limit: int | None = None
    """Bytes that come in all, where known: memory is reckoned for no more; ``piece_size`` keeps to it."""
    label: VersionLabel = field(default_factory=VersionLabel)
    warn: Callable[[str], None] = _ignore
    progress: Callable[[int, int], None] = _ignore
    """Called with plain bytes read and packed bytes written so far."""


class Packer:
    """One archive being written: members one after the other, then ``finish``."""

    def __init__(self, write: Write, options: PackOptions) -> None:
        given = options.block_size
        self.block_size = options.chain.block_size if given is None else given
        if not 0 < self.block_size <= MAX_BLOCK:
            raise UsageError(f"a block has from 1 to {MAX_BLOCK} bytes")
        known = self.block_size if options.plain_limit is None else options.plain_limit
        self.piece_size = min(self.block_size, max(known, LEAST_PIECE))
        """The bytes to add at once: a block, or less where all that comes is less."""
        verify = options.chain.native if options.verify is None else options.verify
        self._options = options
        self._pool = OrderedPool(self._threads(verify=verify))
        self._blocks = BlockPacker(options.chain, verify, options.warn)
        self._writer = ArchiveWriter(write, self._head())
        self._solid = bytearray()
        self._solid_entries: list[Entry] = []
        self._members = 0  # whose blocks were submitted
        self._plain = 0  # bytes taken in
        self._current = _Current(Info(b""), 0)

    def _head(self) -> Head:
        size, plan = self.block_size, self._options.chain
        memory = max(plan.decode_memory(size), STORE.decode_memory(size))
        optional = list(self._options.optional)
        return Head(MAJOR, MINOR, [], optional, memory, 0, 0, size, str(plan))

    def _threads(self, *, verify: bool) -> int:
        size, plan = self.piece_size, self._options.chain
        again = plan.decode_memory(size) if verify else 0
        # A task holds its block, what packing takes, and the copy that verification makes.
        per_task = size + plan.encode_memory(size) + again
        fixed = 2 * size + min(SOLID_SIZE, size)  # being read, being written, being gathered
        what = f"packing with {plan} in blocks of {size} bytes"
        return threads_within(self._options.threads, self._options.memory, per_task, fixed, what)

    @property
    def plain_size(self) -> int:
        """Bytes taken in so far."""
        return self._plain

    @property
    def packed_size(self) -> int:
        """Bytes written so far."""
        return self._writer.offset

    @property
    def threads(self) -> int:
        """Worker threads in use."""
        return self._pool.threads

    def add(self, info: Info, pieces: Pieces) -> Entry:
        """Add a member; return its entry, without its place in the archive.

        Raises:
            UsageError: another member has its name.
        """
        iterator = iter(pieces)
        ahead = list(islice(iterator, 2))
        if not ahead:
            return self.add_small(info, bytearray())
        if len(ahead) == 1 and not isinstance(ahead[0], Hole):
            return self.add_small(info, ahead[0])
        self.begin(info)
        while ahead:  # let go of each: a block kept here would be one that nobody has counted
            self.feed(ahead.pop(0))
        for piece in iterator:
            self.feed(piece)
        return self.end()

    def add_small(self, info: Info, content: bytearray) -> Entry:
        """Add a member of at most one block, which the packer keeps; small ones share blocks."""
        self._writer.claim(info.name)
        # Never above what the head has declared, and the memory was reckoned for.
        most = min(SOLID_SIZE, self.piece_size)
        full = len(self._solid) + len(content) > most
        if self._solid_entries and (full or len(self._solid_entries) == MAX_ENTRIES):
            self._flush_solid()
        spans = [(0, len(self._solid), len(content))] if content else []
        entry = _entry(info, len(content), blake3(content).digest(), spans)
        if self._solid:
            self._solid += content
        else:
            self._solid = content  # no copy of what may be a whole block
        self._solid_entries.append(entry)
        self._plain += len(content)
        if len(self._solid) > most:  # nothing can join it: it need not wait in memory
            self._flush_solid()
        return entry

    def _flush_solid(self) -> None:
        solid, self._solid = self._solid, bytearray()
        entries, self._solid_entries = self._solid_entries, []
        self._members += len(entries)
        if solid:
            self._submit(solid, None, 0, lambda at: self._writer.members(_placed(entries, at)))
        elif entries:
            self._pool.then(lambda: self._writer.members(entries))

    def _submit(
        self, plain: bytearray, member: int | None, position: int, then: Callable[[int], None]
    ) -> None:
        def write(item: Draft) -> None:
            then(self._writer.block(item))
            self._options.progress(self._plain, self._writer.offset)

        blocks = self._blocks
        self._pool.submit(lambda: blocks.pack(plain, member, position), write, len(plain))

    def begin(self, info: Info) -> None:
        """Begin a member larger than a block, or one whose end is not known yet."""
        self._writer.claim(info.name)
        self._flush_solid()
        self._pool.then(lambda: self._writer.open_member(info.name, FILE))
        self._current = _Current(info, self._members)
        self._members += 1

    def feed(self, piece: bytearray | Hole) -> None:
        """Add the next piece of the member that ``begin`` began; the packer keeps it."""
        current, position = self._current, self._current.position
        current.position += piece.length if isinstance(piece, Hole) else len(piece)
        if isinstance(piece, Hole):
            hole = (0, 0, piece.length)
            self._plain += piece.length
            hash_zeros(current.digest, piece.length)
            self._pool.then(lambda: self._writer.extents([hole]))
            return
        length = len(piece)
        current.digest.update(piece)
        self._plain += length
        self._submit(
            piece, current.ordinal, position, lambda at: self._writer.extents([(at, 0, length)])
        )

    def end(self) -> Entry:
        """End the member that ``begin`` began."""
        current = self._current
        entry = _entry(current.info, current.position, current.digest.digest(), [])
        self._pool.then(lambda: self._writer.close_member(entry))
        return entry

    def drain(self) -> None:
        """Have everything written that was fed: for a reader at the other end of a live stream."""
        self._pool.drain()

    def finish(self) -> None:
        """Write the end of the archive."""
        self._flush_solid()
        self._pool.drain()
        self._writer.finish(self._options.label)
        self._options.progress(self._plain, self._writer.offset)
        self.close()

    def close(self) -> None:
        """Give up the threads; what was not finished stays unfinished."""
        self._pool.close()


@dataclass(slots=True)
class _Current:
    """The member that is being fed."""

    info: Info
    ordinal: int
    position: int = 0
    digest: blake3 = field(default_factory=blake3)


def _entry(info: Info, size: int, digest: bytes, spans: list[Span]) -> Entry:
    return Entry(info.name, FILE, size, digest, 0, spans, info.mtime_ns, info.mode)


def _placed(entries: list[Entry], at: int) -> list[Entry]:
    """Return the entries with the offset of the solid block that they share filled in."""
    return [
        replace(entry, spans=[(at, start, length) for _, start, length in entry.spans])
        for entry in entries
    ]
