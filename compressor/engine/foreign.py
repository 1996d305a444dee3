"""Files of other programs, read like archives of one content."""

import os
import stat
from collections.abc import Callable, Generator
from contextlib import suppress
from typing import BinaryIO, cast

from msgspec.structs import replace

from compressor.archive.leaf import Entry
from compressor.archive.record import MAGIC
from compressor.archive.source import READ_BY, foreign_format
from compressor.engine.foreignthreads import ForeignReading
from compressor.engine.limits import INTERPRETER
from compressor.engine.nodes import recordable
from compressor.engine.reading import Sink, UnpackOptions
from compressor.errors import DamagedError, TruncatedError, UsageError
from compressor.formats.base import Format
from compressor.formats.packed import Packed, skippable
from compressor.formats.table import START, format_of
from compressor.stages.base import Bytes
from compressor.tree.inputs import Input

ENDLESS = 1 << 62  # bytes: where a content ends that is wanted whole
LOOKED_AT = 512  # bytes of a file whose first ones do not tell what it is
MOST_SKIPPED = 4 << 20  # bytes of frames that hold nothing, behind which is looked for another


class ForeignFile:
    """A file of another program, from its start; ``entry`` is what its content is to get."""

    def __init__(self, found: Format, file: BinaryIO, entry: Entry) -> None:
        self.format = found
        self.entry = entry
        self._packed = Packed(file.read, "this is " + found.words)
        self._waits = _waits(file)

    def take_name(self) -> bool:
        """Have the content go by the name, and the time, that the header records; False: it has no name.

        Of a path it is the last part, as for gzip and lzop themselves.

        Raises:
            DamagedError: the header is damaged.
        """
        found = self.format.recorded(self._packed)
        name = found.name.rpartition(b"/")[2]
        if name:
            mtime_ns = recordable(found.seconds * 10**9) if found.seconds else self.entry.mtime_ns
            self.entry = replace(self.entry, name=name, mtime_ns=mtime_ns)
        return bool(name)

    def unpack(self, sink: Sink, options: UnpackOptions) -> None:
        """Give the content to ``sink``, as one member; damage is told to it.

        Raises:
            LimitError, UnsupportedError: nothing more can be had.
        """
        sink.opened(self.entry.name, None)
        given = 0
        try:
            for piece in self.pieces(options):
                given += len(piece)
                sink.data(piece)
        except DamagedError as error:
            sink.failed(self.entry.name, error)
        else:
            sink.closed(replace(self.entry, size=given))

    def copy(
        self,
        write: Callable[[Bytes], object],
        bounds: tuple[int, int] | None,
        options: UnpackOptions,
    ) -> None:
        """Write the content, or its bytes from ``bounds[0]`` up to ``bounds[1]``, as far as there are such.

        Raises:
            CompressorError: it can't be had up to there.
            UsageError: ``bounds`` begin behind its end.
        """
        begin, end = bounds or (0, ENDLESS)
        at = 0
        for piece in self.pieces(options):
            write(piece[max(begin - at, 0) : max(end - at, 0)])
            at += len(piece)
            if at >= end:
                return
        if begin > at:
            raise UsageError(f"--range begins at {begin}, the content has only {at} bytes")

    def pieces(self, options: UnpackOptions) -> Generator[bytes]:
        """Yield the content; raises as ``unpack`` does, and DamagedError."""
        memory, given = options.limits.memory - INTERPRETER, 0
        threads = 1 if self._waits else options.threads
        reading = ForeignReading(self.format, self._packed, memory, threads)
        read, done = 0, (0, 0)
        for piece in reading.pieces():
            if reading.position != read:
                read, done = reading.position, (given, read)
            given += len(piece)
            options.limits.check(given, read)
            options.progress(read, *done)
            yield piece
        options.progress(reading.position, given, reading.position)  # the end was read, too


def _waits(file: BinaryIO) -> bool:
    """Whether reading may wait for who writes: then what came is given, and not gathered for threads."""
    if isinstance(file, _Ahead):
        return True
    with suppress(OSError, AttributeError):  # what is in memory has no descriptor
        return not stat.S_ISREG(os.fstat(file.fileno()).st_mode)
    return False


class _Ahead:
    """A pipe of which the first bytes were read, and come again."""

    def __init__(self, start: bytes, file: BinaryIO) -> None:
        self._start = start
        self._file = file

    def read(self, size: int = -1, /) -> bytes:
        if not self._start:
            return self._file.read(size)
        data, self._start = self._start[:size], self._start[size:]
        return data


def recognised(source: Input, file: BinaryIO) -> "BinaryIO | ForeignFile":
    """Return an input's file, or what it holds if it is another program's; raises as ``foreign_in``."""
    entry = Entry(b"")
    if source.regular:
        status = source.stat
        mtime_ns = recordable(status.st_mtime_ns)
        entry = Entry(b"", mode=status.st_mode & 0o777, mtime_ns=mtime_ns)
    return foreign_in(file, seekable=source.regular, entry=entry)


def foreign_in(
    file: BinaryIO, *, seekable: bool, entry: Entry | None = None
) -> "BinaryIO | ForeignFile":
    """Return the file, or what it holds if it is another program's; a pipe's first bytes are looked at.

    Either begins where ``file`` did, which is not to be used any more.

    Raises:
        DamagedError: it is empty, or begins nearly like another program's file.
    """
    start = _start_of(file)
    if seekable:
        file.seek(-len(start), os.SEEK_CUR)
    else:
        file = cast("BinaryIO", _Ahead(start, file))  # all that a reader of pipes asks for
    found = None if start.startswith(MAGIC) else format_of(start)
    if found is None:
        _refuse_nearly(start)
        return file
    return ForeignFile(found, file, entry or Entry(b""))


def _refuse_nearly(start: bytes) -> None:
    """Refuse what is no archive, and has a magic of another program's files but not what goes with it."""
    if not start:
        raise TruncatedError("the input is empty")
    words = foreign_format(start) or ""
    if words.endswith(READ_BY):
        from compressor.formats import tar  # the first name in an old tar file may be anything

        if not tar.begins(start):
            raise DamagedError(
                f"this is {words.removesuffix(READ_BY)} that is damaged or too short"
            )


def _start_of(file: BinaryIO) -> bytes:
    """Read no more of a pipe than is needed: what comes next may not be written yet."""
    start = _more(file, b"", len(MAGIC))
    if start == MAGIC:
        return start
    start = _more(file, start, START)
    if skippable(start):
        return _to_first_frame(file, start)
    unclear = foreign_format(start) and format_of(start) is None
    return _more(file, start, LOOKED_AT) if unclear else start


def _to_first_frame(file: BinaryIO, start: bytes) -> bytes:
    """Read up to the first frame that is not skipped: only that one says whether this is zstd's or lz4's."""
    gathered, at = bytearray(start), 0
    while skippable(gathered[at : at + 4]) and at < MOST_SKIPPED:
        _fill(file, gathered, at + 8)
        at += 8 + int.from_bytes(gathered[at + 4 : at + 8], "little")
        _fill(file, gathered, min(at + 4, MOST_SKIPPED))
    return bytes(gathered)


def _more(file: BinaryIO, start: bytes, size: int) -> bytes:
    """Return the first ``size`` bytes, fewer only at the end, of which ``start`` was read."""
    gathered = bytearray(start)
    _fill(file, gathered, size)
    return bytes(gathered)


def _fill(file: BinaryIO, gathered: bytearray, size: int) -> None:
    """Read on until there are so many bytes, or the end comes."""
    while len(gathered) < size and (data := file.read(size - len(gathered))):
        gathered += data


class ForeignSteps:
    """The content of another program's file, given to a sink piece by piece, as an unpacker does."""

    def __init__(self, file: ForeignFile, sink: Sink, options: UnpackOptions) -> None:
        self._pieces = file.pieces(options)
        self._sink = sink

    def step(self) -> bool:
        """Give the next piece; False once there is none. Raises as ``ForeignFile.pieces``."""
        piece = next(self._pieces, None)
        if piece is not None:
            self._sink.data(piece)
        return piece is not None

    def close(self) -> None:
        """Give up the threads."""
        self._pieces.close()


def unpack_any(
    file: "BinaryIO | ForeignFile", sink: Sink, options: UnpackOptions, *, seekable: bool
) -> None:
    """Give the members of an archive, or the content of another program's file, to ``sink``.

    Raises:
        NotAnArchiveError, UnsupportedError, LimitError: nothing more can be had.
    """
    if isinstance(file, ForeignFile):
        file.unpack(sink, options)
    else:
        from compressor.engine.unpack import unpack  # listing has no use for it

        unpack(file, sink, options, seekable=seekable)
