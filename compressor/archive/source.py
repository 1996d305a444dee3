"""Where archives are read from: exact reads from files and pipes, and what a stranger's file looks like."""

import fcntl
import io
import os
import stat
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import BinaryIO, Protocol, cast

from compressor.errors import TruncatedError, UsageError
from compressor.stages.base import Bytes

AHEAD = 4 << 10  # bytes that are read on with others: a system call takes longer than their copy


class Readable(Protocol):
    """What a source needs of a file object: raw, buffered, or anything like them."""

    def read(self, size: int, /) -> Bytes | None:
        """Return up to ``size`` bytes; none at the end."""
        ...


class Source:
    """Reads forward in exact pieces; ``position`` counts bytes from where the reading began."""

    def __init__(self, file: Readable) -> None:
        self._read = file.read
        self._ahead = b""  # read, and given back
        self.position = 0

    def take(self, size: int) -> Bytes:
        """Return the next ``size`` bytes, or as many as there are before the end."""
        data: Bytes = self._ahead[:size]
        self._ahead = self._ahead[size:]
        if len(data) < size:
            data = self._gather(data, size)
        self.position += len(data)
        return data

    def _gather(self, data: Bytes, size: int) -> Bytes:
        more = self._read(size - len(data)) or b""
        if not data and len(more) == size:
            return more  # the usual case of a file: no copy
        gathered = bytearray(data)
        while more:
            gathered += more
            more = (self._read(size - len(gathered)) or b"") if len(gathered) < size else b""
        return gathered

    def give_back(self, data: Bytes) -> None:
        """Have these bytes, the last ones taken, be the next again."""
        self._ahead = bytes(data) + self._ahead
        self.position -= len(data)


class FileFrom:
    """A seekable file from its position at the time on, as a file of its own.

    It ends where ``file`` does, or after ``size`` bytes.
    """

    def __init__(self, file: BinaryIO, size: int | None = None) -> None:
        self._file = file
        self._size = size
        self.base = file.tell()

    def seekable(self) -> bool:
        """Return True."""
        return True

    def tell(self) -> int:
        """Return the position."""
        return self._file.tell() - self.base

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a position; return it."""
        if whence == io.SEEK_END and self._size is not None:
            whence, offset = io.SEEK_SET, self._size + offset
        start = self.base if whence == io.SEEK_SET else 0
        return self._file.seek(start + offset, whence) - self.base

    def read(self, size: int, /) -> bytes:
        """Return up to ``size`` bytes."""
        if self._size is not None:
            size = max(0, min(size, self._size - self.tell()))
        return self._file.read(size)

    def by_position(self) -> "ReadSome | None":
        """Return what reads it from any place, and leaves its position; None where nothing can."""
        read = by_position(self._file)
        if read is None:
            return None
        base, size = self.base, self._size

        def read_within(offset: int, length: int) -> bytes:
            if size is not None:
                length = max(0, min(length, size - offset))
            return read(base + offset, length)

        return read_within


ReadSome = Callable[[int, int], bytes]
"""From an offset and a size to as many bytes, or fewer; none at the end."""


def by_position(file: object) -> ReadSome | None:
    """Return what reads a file that has a descriptor and no bytes yet to be written; None for others."""
    if isinstance(file, FileFrom):
        return file.by_position()
    raw = file.raw if type(file) is io.BufferedReader else file
    if type(raw) is not io.FileIO:  # one that is derived from it may give other bytes
        return None
    descriptor = raw.fileno  # asked each time: a closed file has none
    return lambda offset, size: os.pread(descriptor(), size, offset)


READ_BY = ", which `compressor decompress`, `cat`, `list` and `test` read"
PACKED_BY = "; `compressor convert` makes an archive of it"

FOREIGN = (
    (b"\x1f\x8b", "a gzip file" + READ_BY),
    (b"\x1f\x9d", "a .Z file" + READ_BY),
    (b"BZh", "a bzip2 file" + READ_BY),
    (b"\xfd7zXZ\x00", "an xz file" + READ_BY),
    (b"]\x00\x00", "an lzma file" + READ_BY),
    (b"\x28\xb5\x2f\xfd", "a zstd file" + READ_BY),
    (b"\x04\x22\x4d\x18", "an lz4 file" + READ_BY),
    (b"\x89LZO", "an lzop file" + READ_BY),
    (b"PK\x03\x04", "a zip file" + PACKED_BY),
    (b"7z\xbc\xaf\x27\x1c", "a 7z file; `7z x` unpacks it"),
    (b"Rar!", "a rar file; `unrar x` unpacks it"),
    (b"LZIP", "an lzip file; `lzip -d` unpacks it"),
    (b"GGUF", "a GGUF model, not compressed"),
    (b"\x93NUMPY", "a numpy array, not compressed"),
)


def foreign_format(start: Bytes) -> str | None:
    """Return what a file that begins with these bytes is, in words, or None."""
    head = bytes(start[:512])
    if head[257:262] == b"ustar":
        return "a tar file" + PACKED_BY
    return next((words for magic, words in FOREIGN if head.startswith(magic)), None)


def widen_pipe(descriptor: int) -> None:
    """Ask for a pipe of 1 MiB: fewer turns between the processes at its ends. Not vital."""
    with suppress(AttributeError, OSError):
        fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, 1 << 20)


class ReadsAt(Protocol):
    """What gives bytes from any place; threads may share it."""

    def read(self, offset: int, size: int, /) -> bytes:
        """Return ``size`` bytes from ``offset``.

        Raises:
            TruncatedError: there are not so many.
        """
        ...


def _pread_full(descriptor: int, offset: int, size: int) -> bytes:
    data = os.pread(descriptor, size, offset)
    if len(data) == size:
        return data
    gathered = bytearray(size)
    _pread_into(descriptor, offset, memoryview(gathered))
    return bytes(gathered)


def _pread_into(descriptor: int, offset: int, buffer: memoryview) -> None:
    done = 0
    while done < len(buffer):
        count = os.preadv(descriptor, [buffer[done:]], offset + done)
        if not count:
            raise TruncatedError("the file ends too early", offset=offset + done)
        done += count


class GrowingSource:
    """Bytes at any place of an open file that may grow meanwhile; its own position stays."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def read(self, offset: int, size: int, /) -> bytes:
        """Return ``size`` bytes from ``offset``.

        Raises:
            TruncatedError: the file ends before.
        """
        return _pread_full(self._descriptor, offset, size)


class RandomSource:
    """Bytes at any place of a seekable file; threads may share it."""

    _ends = "the archive ends too early"

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._by_position = by_position(file)
        self.size = file.seek(0, 2)

    def read(self, offset: int, size: int, /) -> bytes:
        """Return ``size`` bytes from ``offset``.

        Raises:
            TruncatedError: the file ends before.
        """
        return self.read_on(offset, size, 0)

    def read_on(self, offset: int, size: int, more: int, /) -> bytes:
        """Return ``size`` bytes from ``offset``, and of the ``more`` behind them what comes with these.

        Raises:
            TruncatedError: the file ends before ``size``.
        """
        data = self._some(offset, size + more)
        while len(data) < size:
            rest = self._some(offset + len(data), size - len(data))
            if not rest:
                raise TruncatedError(self._ends, offset=offset + len(data))
            data += rest
        return data

    def _some(self, offset: int, size: int) -> bytes:
        if self._by_position:
            return self._by_position(offset, size)
        with self._lock:
            self._file.seek(offset)
            return self._file.read(size)


class DescriptorSource(RandomSource):
    """A file of its own, read by position alone: without a lock, and forked processes may share it.

    It is closed when nothing refers to it, so that no read can meet another file.
    """

    _ends = "the file ends too early"
    _descriptor = -1

    def __init__(self, path: str | bytes | os.PathLike[str] | os.PathLike[bytes]) -> None:
        # Without O_NONBLOCK a pipe that nobody writes to would not even open.
        self._descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        status = os.fstat(self._descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise UsageError(f"{os.fsdecode(path)!r} is no file: one is needed to look into")
        self.size = status.st_size

    def __del__(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)

    def _some(self, offset: int, size: int) -> bytes:
        return os.pread(self._descriptor, size, offset)

    def status(self) -> os.stat_result:
        """Return what the system says of the file now."""
        return os.fstat(self._descriptor)

    def as_file(self) -> BinaryIO:
        """Return a file on the same descriptor, which outlives it."""
        return cast("BinaryIO", os.fdopen(self._descriptor, "rb", buffering=0, closefd=False))

    def read_into(self, offset: int, buffer: memoryview) -> None:
        """Fill ``buffer`` from ``offset`` on.

        Raises:
            TruncatedError: the file ends before.
        """
        _pread_into(self._descriptor, offset, buffer)


class Forward:
    """Reads a random source from front to back, all or a part; others may read it at the same time.

    A few bytes more than asked for are read with them: the small records that follow a block.
    """

    def __init__(self, source: RandomSource, begin: int = 0, end: int | None = None) -> None:
        self._source = source
        self._at = begin
        self._end = source.size if end is None else end
        self._ahead = b""  # read already, from ``_at`` on

    def read(self, size: int, /) -> Bytes:
        """Return up to ``size`` bytes; none at the end."""
        size = min(size, self._end - self._at)
        if size <= len(self._ahead):
            data: Bytes = self._ahead[:size]
            self._ahead = self._ahead[size:]
        else:  # some of it a second time: that costs less than to join two parts
            more = min(AHEAD, self._end - self._at - size)
            found = self._source.read_on(self._at, size, more)
            data, self._ahead = memoryview(found)[:size], found[size:]
        self._at += len(data)
        return data
