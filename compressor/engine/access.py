"""Members of a seekable archive, whole or in part, at the cost of the blocks that they touch."""

import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import BinaryIO

from blake3 import blake3
from msgspec.structs import replace

from compressor.archive.ending import judged
from compressor.archive.index import Index
from compressor.archive.leaf import Entry
from compressor.archive.record import Kind, Record
from compressor.archive.schema import (
    BLOCK_DEVICE,
    CHAR_DEVICE,
    FIFO,
    FILE,
    FOLDER,
    HARDLINK,
    SYMLINK,
    Span,
    shown_name,
)
from compressor.archive.source import RandomSource
from compressor.engine import block as blocks
from compressor.engine.asked import whole
from compressor.engine.bases import BlockReader, fetching
from compressor.engine.behind import held
from compressor.engine.limits import INTERPRETER, share, threads_within
from compressor.engine.pool import BATCH, OrderedPool
from compressor.engine.reading import UnpackOptions
from compressor.engine.zeros import zeros
from compressor.errors import (
    CompressorError,
    DamagedError,
    MemberNotFoundError,
    UnfinishedError,
)
from compressor.stages.base import Bytes

_OTHERS = {
    FOLDER: "folder",
    SYMLINK: "symbolic link",
    FIFO: "FIFO",
    CHAR_DEVICE: "device",
    BLOCK_DEVICE: "device",
}

Chosen = tuple[Index, Entry]
"""A member, and the archive that holds it."""

ONE_THREAD = UnpackOptions()
CACHED_BLOCKS = 4  # decoded blocks kept, so that small reads in a row decode each once


class SeekableArchive:
    """The members of all archives in a seekable file. Threads may share it."""

    def __init__(
        self,
        file: BinaryIO | RandomSource,
        reading: UnpackOptions = ONE_THREAD,
        *,
        salvage: bool = False,
    ) -> None:
        self.external = reading.external
        self.source = file if isinstance(file, RandomSource) else RandomSource(file)
        self.indexes, self.unfinished = judged(self.source)
        if self.unfinished is not None and not salvage:
            raise self.unfinished
        self._limits = reading.limits
        self.threads = min(self._allowed(index, reading.threads) for index in self.indexes)
        left = min(map(self._left, self.indexes))
        written = max(held(index.head.block_size) for index in self.indexes)
        self.apart = reading.behind and self.threads > 1 and left >= written
        together = min(BATCH, *(index.head.block_size for index in self.indexes))
        for_both = written + self._batches(together)
        self.together = together if self.apart and left >= for_both else 0
        self._share = min(self._granted(index) for index in self.indexes)
        self._cache: OrderedDict[tuple[int, int], Bytes] = OrderedDict()
        self._lock = threading.Lock()

    def _allowed(self, index: Index, threads: int) -> int:
        """Return how many threads the archive's declarations permit (F-022)."""
        per_task = index.head.block_size + index.head.decode_memory
        what = "reading this archive"
        return threads_within(threads, self._limits.memory, per_task, _fixed(index), what)

    def _left(self, index: Index) -> int:
        """Return the bytes that are left for a thread that gives bytes to a sink, and for batches."""
        per_task = index.head.block_size + index.head.decode_memory
        return self._limits.memory - INTERPRETER - _fixed(index) - self.threads * per_task

    def _batches(self, together: int) -> int:
        """Return the bytes that tasks of so many bytes hold beyond one block each."""
        return (self.threads + 1) * together

    def _granted(self, index: Index) -> int:
        """Return the bytes that decoding a block may take."""
        fixed = _fixed(index) + self._batches(self.together)
        fixed += held(index.head.block_size) if self.apart else 0
        return share(self.threads, self._limits.memory, fixed)

    def go_to(self, number: int) -> None:
        """Have the archive, the last one of several, be what it was at a version.

        Raises:
            VersionNotFoundError: it has none of this number.
            TypeError: that is no whole number.
        """
        self.indexes = [self.indexes[-1].at(whole("at", number))]

    def entries(self) -> Iterator[tuple[Index, Entry]]:
        """Yield every member with the index of its archive, in order."""
        for index in self.indexes:
            for entry in index.entries():
                yield index, entry

    def find(self, name: bytes) -> tuple[Index, Entry]:
        """Return the member of this name; of several archives in a row, the last one's.

        Raises:
            MemberNotFoundError: there is none.
        """
        for index in reversed(self.indexes):
            entry = index.find(name)
            if entry is not None:
                return index, entry
        raise MemberNotFoundError(f"the archive has no member named {shown_name(name)!r}")

    def find_file(self, name: bytes) -> tuple[Index, Entry]:
        """Return the file of this name, with its content where it is another's by a hard link.

        Raises:
            MemberNotFoundError: there is none.
            DamagedError: a hard link leads to no file.
            CompressorError: it is a folder, a link or the like.
        """
        index, entry = self.find(name)
        if entry.kind == FILE:
            return index, entry
        if entry.kind != HARDLINK:
            what = _OTHERS[entry.kind]
            raise CompressorError(f"{entry.shown_name!r} is a {what}: only files have content")
        found = index.find(entry.target or b"")
        if found is None or found.kind != FILE:
            raise DamagedError("a hard link leads to no file", member=entry.shown_name)
        return index, replace(found, name=entry.name)

    def read(self, index: Index, entry: Entry, begin: int, end: int) -> bytes:
        """Return bytes ``begin`` to ``end`` of a member."""
        with named(entry):
            parts = [
                self._piece(index, span, begin - at, end - at)
                for at, span in index.spans(entry, begin, end)
            ]
        data = b"".join(parts)
        if len(data) != max(0, min(end, entry.size) - begin):
            raise DamagedError("its extents do not cover its content", member=entry.shown_name)
        return data

    def _piece(self, index: Index, span: Span, begin: int, end: int) -> Bytes:
        offset, _, length = span
        low, high = max(begin, 0), min(end, length)
        if not offset:
            return bytes(high - low)
        plain = self.block(index, offset)
        return cut(plain, span)[low:high]

    def block(self, index: Index, offset: int) -> Bytes:
        """Return the plain bytes of the block at ``offset``; the last few are kept."""
        plain = self.kept(index, offset)
        if plain is None:
            plain, _ = self.decode(index, offset)
            self.keep(index, offset, plain)
        return plain

    def kept(self, index: Index, offset: int) -> Bytes | None:
        """Return the plain bytes of the block at ``offset`` if they were kept."""
        key = (index.start, offset)
        with self._lock:
            if key in self._cache:
                self._cache.move_to_end(key)
            return self._cache.get(key)

    def keep(self, index: Index, offset: int, plain: Bytes) -> None:
        """Keep a block, because it will be read again; the one that was not used for longest goes."""
        with self._lock:
            self._cache[index.start, offset] = plain
            while len(self._cache) > CACHED_BLOCKS:
                self._cache.popitem(last=False)

    def decode(self, index: Index, offset: int) -> tuple[Bytes, int]:
        """Return the plain bytes of the block at ``offset``, which are not kept, and those of its record."""
        record = index.record(offset, Kind.BLOCK)
        plain = self._reader(index).unpack(record, self._share)[1]
        return plain, record.header.end - offset

    def decode_into(
        self, index: Index, record: Record, part: tuple[int, int], target: memoryview
    ) -> Bytes | None:
        """Decode a BLOCK into ``target`` if that takes all of it, ``part`` of it.

        Else return its plain bytes. After an error ``target`` holds anything.
        """
        block, body = blocks.opened(record, index.head)
        offset = record.header.offset
        if part != (0, block.plain_size) or block.base:
            return self._reader(index).plain(block, body, offset, self._share)
        blocks.decode_into(block, body, offset, self._share, target)
        return None

    def _reader(self, index: Index) -> BlockReader:
        fetch = fetching(self.source, index.start, index.head)
        return BlockReader(fetch, index.head, self.external)

    def copy(
        self,
        index: Index,
        entry: Entry,
        write: Callable[[Bytes], object],
        part: tuple[int, int] | None = None,
    ) -> None:
        """Give a member's bytes, or part of them, to ``write`` in order; raises as ``pieces`` does.

        Raises:
            LimitError: this is more than the caller allows (F-047).
        """
        begin, end = part or (0, entry.size)
        self._limits.check(end - begin, index.end - index.start)
        for piece in self.pieces(index, entry, begin, end):
            write(piece)

    def pieces(
        self, index: Index, entry: Entry, begin: int = 0, end: int | None = None
    ) -> Iterator[Bytes]:
        """Yield bytes ``begin`` to ``end`` of a member in order, at most a block at a time.

        Blocks are decoded ahead in threads. A whole member is compared with its hash.

        Raises:
            DamagedError: a block or the whole is damaged; what was given before is sound.
        """
        end = entry.size if end is None else min(end, entry.size)
        proof = _Proof(entry, begin, end)
        pool = OrderedPool(self.threads)
        ready: deque[Bytes | int] = deque()
        try:
            with named(entry):
                for at, span in index.spans(entry, begin, end):
                    self._submit(pool, index, span, (begin - at, end - at), ready.append)
                    yield from proof.of(ready)
                pool.drain()
                yield from proof.of(ready)
        finally:
            pool.close()
        proof.end()

    def _submit(
        self,
        pool: OrderedPool,
        index: Index,
        span: Span,
        part: tuple[int, int],
        give: Callable[[Bytes | int], None],
    ) -> None:
        low, high = max(part[0], 0), min(part[1], span[2])
        if span[0]:
            pool.submit(
                lambda: cut(self.block(index, span[0]), span)[low:high],
                give,
                index.head.block_size,
            )
        else:
            pool.then(lambda: give(high - low))


@contextmanager
def named(entry: Entry) -> Iterator[None]:
    """Have damage say which member it costs; a block does not know whose it is."""
    try:
        yield
    except DamagedError as error:
        error.member = error.member or entry.shown_name or None
        raise


class _Proof:
    """Follows the pieces of a member: they must cover what is asked for, and a whole has its hash."""

    def __init__(self, entry: Entry, begin: int, end: int) -> None:
        self._entry = entry
        self._position = begin
        self._end = max(begin, end)
        self._digest = blake3() if (begin, end) == (0, entry.size) else None

    def of(self, ready: deque[Bytes | int]) -> Iterator[Bytes]:
        """Yield what is ready; an int is the length of a hole, given in steps that memory can bear."""
        while ready:
            item = ready.popleft()
            for piece in zeros(item) if isinstance(item, int) else (item,):
                self._take(piece)
                yield piece

    def _take(self, piece: Bytes) -> None:
        self._position += len(piece)
        if self._digest is not None:
            self._digest.update(piece)
            if self._position == self._end:  # compared before the last piece is given
                self._compare(self._digest)

    def _compare(self, digest: blake3) -> None:
        if digest.digest() != self._entry.content_hash:
            raise DamagedError("its content does not match its hash", member=self._entry.shown_name)

    def end(self) -> None:
        """Refuse a member whose extents end before it does."""
        if self._position < self._end:
            raise DamagedError(
                "its extents do not cover its content", member=self._entry.shown_name
            )
        if self._digest is not None and not self._end:
            self._compare(self._digest)


def opened_index(
    file: BinaryIO,
    reading: UnpackOptions,
    unfinished: Callable[[UnfinishedError], object],
    version: int | None = None,
) -> SeekableArchive:
    """Open an archive by its index, at a version if one is named; ``unfinished`` as for ``restore``.

    Raises:
        DamagedError: it has no sound index.
        VersionNotFoundError: it has no such version.
    """
    archive = SeekableArchive(file, reading, salvage=True)
    if archive.unfinished is not None:
        unfinished(archive.unfinished)
    if version is not None:
        archive.go_to(version)
    return archive


def cut(plain: Bytes, span: Span) -> memoryview:
    """Return the part of a block that an extent names (F-028)."""
    _, start, length = span
    if start + length > len(plain):  # F-028
        raise DamagedError("an extent exceeds its block", offset=span[0])
    return memoryview(plain)[start : start + length]


def _fixed(index: Index) -> int:
    return (CACHED_BLOCKS + 2) * index.head.block_size
