"""A raw stream that gives a content read from front to back: of pipes, other programs' files, lost indexes.

It holds at most a few blocks; ``io.BufferedReader`` above it does the rest.
"""

import io
import sys
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, BinaryIO

from msgspec.structs import replace

from compressor.archive.leaf import Entry
from compressor.archive.schema import Head
from compressor.archive.source import Source
from compressor.engine.foreign import ForeignFile, ForeignSteps, foreign_in
from compressor.engine.live import is_idle
from compressor.engine.reading import UnpackOptions
from compressor.engine.unpack import Unpacker
from compressor.engine.zeros import ZEROS
from compressor.errors import CompressorError, DamagedError, SeveralMembersError, UnfinishedError
from compressor.stages.base import Bytes

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

NOTHING = memoryview(b"")


class Reader(io.RawIOBase):
    """A raw stream over ``take``; ``position`` counts bytes of content."""

    def __init__(self) -> None:
        self.position = 0

    def readable(self) -> bool:
        """Return True."""
        return True

    def tell(self) -> int:
        """Return the position."""
        return self.position

    def take(self, size: int) -> memoryview:
        """Return up to ``size`` bytes from here; none at the end."""
        raise NotImplementedError

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        """Fill ``buffer`` as far as one piece goes; 0 only at the end."""
        with memoryview(buffer) as view, view.cast("B") as flat:
            data = self.take(len(flat))
            flat[: len(data)] = data
        return len(data)

    def readall(self) -> bytes:
        """Return all from here."""
        return b"".join(iter(lambda: self.take(sys.maxsize), NOTHING))

    def _target(self, offset: int, whence: int) -> int:
        """Return the position meant; like ``bz2`` and ``gzip``, the first byte for any before it."""
        if whence not in (io.SEEK_SET, io.SEEK_CUR, io.SEEK_END):
            raise ValueError(f"invalid whence: {whence}")
        base = 0 if whence == io.SEEK_SET else self.position
        return max(0, (self.size() if whence == io.SEEK_END else base) + offset)

    def size(self) -> int:
        """Return the bytes of the whole content."""
        raise NotImplementedError


class _Queue:
    """The sink of a forward reader: pieces (an int is a hole) up to the first error."""

    def __init__(self, *, salvage: bool) -> None:
        self.pieces: deque[memoryview | int] = deque()
        self.error: CompressorError | None = None
        self._salvage = salvage
        self._members = 0  # in the present archive

    def begun(self, head: Head) -> None:
        """Count from the start; a version that goes over what was given is too much."""
        self._members = 0
        if head.previous:
            self._fail(SeveralMembersError())

    def opened(self, _name: bytes, _entry: Entry | None) -> None:
        """Refuse a second member."""
        self._members += 1
        if self._members > 1:
            self._fail(SeveralMembersError())

    def plain(self, entry: Entry) -> None:
        """Refuse what has no content."""
        del entry
        self._fail(SeveralMembersError())

    def removed(self, name: bytes) -> None:
        """Only later versions take something back."""

    def data(self, piece: Bytes) -> None:
        """Keep the bytes."""
        if self.error is None:
            self.pieces.append(memoryview(piece))

    def hole(self, length: int) -> None:
        """Keep the length."""
        if self.error is None:
            self.pieces.append(length)

    def closed(self, entry: Entry) -> None:
        """Nothing to do."""

    def failed(self, _name: bytes, error: CompressorError) -> None:
        """Note the failure."""
        self._fail(error)

    def damaged(self, error: DamagedError) -> None:
        """Note the damage, but for an end that need not be there."""
        if not (self._salvage and isinstance(error, UnfinishedError)):
            self._fail(error)

    def _fail(self, error: CompressorError) -> None:
        if self.error is None:
            self.error = error

    def take(self, size: int) -> memoryview:
        """Return up to ``size`` bytes of the first piece."""
        piece = self.pieces.popleft()
        if isinstance(piece, int):
            data = memoryview(ZEROS)[: min(size, piece)]
            rest: memoryview | int = piece - len(data)
        else:
            data, rest = piece[:size], piece[size:]
        if rest if isinstance(rest, int) else len(rest):
            self.pieces.appendleft(rest)
        return data


class ForwardReader(Reader):
    """A content read from front to back; where the file can seek, going back begins anew."""

    def __init__(self, file: BinaryIO, options: UnpackOptions, *, salvage: bool) -> None:
        super().__init__()
        self._file = file
        self._options = options
        self._salvage = salvage
        self._base = file.tell() if file.seekable() else None
        if self._base is None:
            self._options = replace(options, idle=_idle(file))
        self._begin()

    def _begin(self) -> None:
        self.position = 0
        self._failure: BaseException | None = None
        self._queue = _Queue(salvage=self._salvage)
        self._unpacker: Unpacker | ForeignSteps | None = None

    def _begun(self) -> Unpacker | ForeignSteps:
        """Return what gives the content; a pipe is not looked at before something is asked of it."""
        if self._unpacker is None:
            found = foreign_in(self._file, seekable=self._base is not None)
            if isinstance(found, ForeignFile):
                self._unpacker = ForeignSteps(found, self._queue, self._options)
            else:
                self._unpacker = Unpacker(Source(found), self._queue, self._options)
        return self._unpacker

    def _end(self) -> None:
        if self._unpacker is not None:
            self._unpacker.close()

    def seekable(self) -> bool:
        """Return whether the file below can begin anew."""
        return self._base is not None

    def take(self, size: int) -> memoryview:
        """Return up to ``size`` bytes; an error comes behind all that was sound before it."""
        while not self._queue.pieces:
            if self._failure:
                raise self._failure
            if self._queue.error:
                raise self._queue.error
            if not self._step():
                return NOTHING
        data = self._queue.take(size)
        self.position += len(data)
        return data

    def _step(self) -> bool:
        try:
            more = self._begun().step()
        except BaseException as error:  # stepping on would look like a sound end
            self._failure = error
            raise
        return more or bool(self._queue.pieces) or self._queue.error is not None

    def size(self) -> int:
        """Read to the end, and return the bytes passed."""
        self._skip(sys.maxsize)
        return self.position

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Go to a position by reading up to it."""
        target = self._target(offset, whence)
        if target < self.position:
            if self._base is None:
                raise io.UnsupportedOperation("what comes from a pipe can't go back")
            self._end()
            self._file.seek(self._base)
            self._begin()
        self._skip(target - self.position)
        return self.position

    def _skip(self, length: int) -> None:
        while length and (data := self.take(min(length, io.DEFAULT_BUFFER_SIZE))):
            length -= len(data)

    def close(self) -> None:
        """Give up the threads."""
        self._end()
        super().close()


def _idle(file: BinaryIO) -> Callable[[], bool]:
    """Return what says whether a pipe has nothing to read; of other files nobody knows."""
    try:
        return partial(is_idle, file.fileno())
    except (AttributeError, OSError):
        return lambda: False
