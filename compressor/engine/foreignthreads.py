"""Another program's file decoded in threads, as far as it says where its independent parts end."""

import io
from collections import deque
from collections.abc import Generator, Iterator

from compressor.engine.pool import OrderedPool
from compressor.engine.processors import processors
from compressor.errors import CompressorError
from compressor.formats.base import MOST_PACKED, MOST_PLAIN, Format
from compressor.formats.packed import INSIDE, Packed
from compressor.formats.table import begins_next, read

TOGETHER = 1 << 20  # bytes, plain: small units share a task up to so many
TASK = 2 * MOST_PACKED + 2 * MOST_PLAIN + INSIDE  # bytes: what goes in, what comes out, a window
MORE = 2  # tasks under way besides one for each thread: one that waits, one that is given


class ForeignReading:
    """A content on its way: the same pieces and the same errors, in the same order, as ``table.read`` has.

    Where a unit can't be had, whatever the reason, all from its start on is read once more by one thread:
    that gives what is sound before the error, and finds the false starts of units, which are no error.
    """

    def __init__(self, known: Format, packed: Packed, memory: int, threads: int) -> None:
        self._format = known
        self._packed = packed
        self._memory = memory
        threads = min(threads or processors(), memory // TASK - MORE) if known.unit else 1
        self._pool = OrderedPool(max(threads, 1))
        self._under_way: deque[bytes] = deque()
        self._done: deque[list[bytes]] = deque()
        self._failed = False

    @property
    def position(self) -> int:
        """Packed bytes of what was given so far, and of all that comes together with it."""
        return self._packed.position - sum(map(len, self._under_way))

    def pieces(self) -> Generator[bytes]:
        """Yield the content; raises as ``table.read`` does."""
        if self._pool.threads == 1:
            yield from read(self._format, self._packed, self._memory)
            return
        try:
            yield from self._in_threads()
        finally:
            self._pool.close()

    def _in_threads(self) -> Iterator[bytes]:
        begun = False
        while not self._failed:
            chunk, plain_most = self._units()
            if chunk:
                self._submit(chunk, plain_most)
            else:
                self._pool.drain()
            begun = begun or bool(chunk)
            while self._done:
                self._under_way.popleft()
                yield from self._done.popleft()
            if not chunk and not self._failed:
                if not begins_next(self._format, self._packed, first=not begun):
                    return
                yield from self._format.read(self._packed, self._memory)
                begun = True
        self._packed.give_back(b"".join(self._under_way))
        self._under_way.clear()
        yield from read(self._format, self._packed, self._memory)

    def _units(self) -> tuple[bytes, int]:
        """Return the next units, and how many bytes they give at most; none where their size is not known."""
        assert self._format.unit is not None  # noqa: S101  else there is one thread
        gathered, plain_most = bytearray(), 0
        while plain_most < TOGETHER:
            size, most = self._format.unit(self._packed)
            if not size or (gathered and len(gathered) + size > MOST_PACKED):
                break
            gathered += self._packed.exactly(size)
            plain_most += most
        return bytes(gathered), plain_most

    def _submit(self, chunk: bytes, plain_most: int) -> None:
        known = self._format
        self._under_way.append(chunk)
        self._pool.submit(lambda: _decoded(known, chunk, plain_most), self._take, plain_most)

    def _take(self, pieces: list[bytes] | None) -> None:
        self._failed = self._failed or pieces is None
        if pieces is not None and not self._failed:
            self._done.append(pieces)


def _decoded(known: Format, chunk: bytes, plain_most: int) -> list[bytes] | None:
    """Return the content of units; None where it can't be had, or is more than there should be."""
    pieces, size = [], 0
    try:
        for piece in read(known, Packed(io.BytesIO(chunk).read, known.words), MOST_PLAIN + INSIDE):
            size += len(piece)
            if size > plain_most:
                return None
            pieces.append(piece)
    except CompressorError:
        return None
    return pieces
