"""Where archives are read from: exact reads from files and pipes, and what a stranger's file looks like."""

import io
import os
import threading
from typing import BinaryIO, Protocol

from compressor.errors import TruncatedError
from compressor.stages.base import Bytes


class Readable(Protocol):
    """What a source needs of a file object: raw, buffered, or anything like them."""

    def read(self, size: int, /) -> bytes | None:
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
    """A seekable file from its position at the time on, as a file of its own."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.base = file.tell()

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a position; return it."""
        start = self.base if whence == io.SEEK_SET else 0
        return self._file.seek(start + offset, whence) - self.base

    def read(self, size: int, /) -> bytes:
        """Return up to ``size`` bytes."""
        return self._file.read(size)


FOREIGN = (
    (b"\x1f\x8b", "a gzip file"),
    (b"\x1f\x9d", "a .Z file (compress)"),
    (b"BZh", "a bzip2 file"),
    (b"\xfd7zXZ\x00", "an xz file"),
    (b"]\x00\x00", "an lzma file"),
    (b"\x28\xb5\x2f\xfd", "a zstd file"),
    (b"\x04\x22\x4d\x18", "an lz4 file"),
    (b"\x89LZO", "an lzop file"),
    (b"PK\x03\x04", "a zip file"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z file"),
    (b"Rar!", "a rar file"),
    (b"LZIP", "an lzip file"),
    (b"GGUF", "a GGUF model, not compressed"),
    (b"\x93NUMPY", "a numpy array, not compressed"),
)


def foreign_format(start: Bytes) -> str | None:
    """Return what a file that begins with these bytes is, in words, or None."""
    head = bytes(start[:512])
    if head[257:262] == b"ustar":
        return "a tar file"
    return next((words for magic, words in FOREIGN if head.startswith(magic)), None)


def widen_pipe(descriptor: int) -> None:
    """Ask for a pipe of 1 MiB: fewer turns between the processes at its ends. Not vital."""
    try:
        import fcntl

        fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, 1 << 20)
    except (ImportError, AttributeError, OSError):
        return


class ReadsAt(Protocol):
    """What gives bytes from any place; threads may share it."""

    def read(self, offset: int, size: int, /) -> bytes:
        """Return ``size`` bytes from ``offset``.

        Raises:
            TruncatedError: there are not so many.
        """
        ...


class DescriptorSource:
    """Bytes at any place of an open file that may grow meanwhile; its own position stays."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def read(self, offset: int, size: int, /) -> bytes:
        """Return ``size`` bytes from ``offset``.

        Raises:
            TruncatedError: the file ends before.
        """
        data = os.pread(self._descriptor, size, offset)
        while len(data) < size:
            more = os.pread(self._descriptor, size - len(data), offset + len(data))
            if not more:
                raise TruncatedError("the file ends too early", offset=offset + len(data))
            data += more
        return data


class RandomSource:
    """Bytes at any place of a seekable file; threads may share it."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._lock = threading.Lock()
        self.size = file.seek(0, 2)

    def read(self, offset: int, size: int, /) -> bytes:
        """Return ``size`` bytes from ``offset``.

        Raises:
            TruncatedError: the file ends before.
        """
        with self._lock:
            self._file.seek(offset)
            data = self._file.read(size)
            while len(data) < size and (more := self._file.read(size - len(data))):
                data += more
        if len(data) < size:
            raise TruncatedError("the archive ends too early", offset=offset + len(data))
        return data


class Forward:
    """Reads a random source from front to back, all or a part; others may read it at the same time."""

    def __init__(self, source: RandomSource, begin: int = 0, end: int | None = None) -> None:
        self._source = source
        self._at = begin
        self._end = source.size if end is None else end

    def read(self, size: int, /) -> bytes:
        """Return up to ``size`` bytes; none at the end."""
        data = self._source.read(self._at, min(size, self._end - self._at))
        self._at += len(data)
        return data
