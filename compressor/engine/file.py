"""The file object: what ``bz2.BZ2File`` is to bzip2, for archives of one content."""

import io
import operator
import os
import threading
from typing import TYPE_CHECKING, BinaryIO, NoReturn, cast

from compressor.engine.readforward import ForwardReader
from compressor.engine.readindexed import IndexedReader
from compressor.engine.writefile import BlockWriter

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer

PathOrFile = str | bytes | os.PathLike[str] | os.PathLike[bytes] | BinaryIO
"""Where an archive is: a path, or a binary file."""

Side = IndexedReader | ForwardReader | BlockWriter
"""What a file object stands on: a reader, or a writer."""


class CompressorFile(io.BufferedIOBase):
    """A binary file whose bytes are those of an archive's content; made by ``compressor.open``.

    Threads may share it. ``name`` is the name of the file below, where it has one.
    """

    def __init__(self, file: BinaryIO, side: Side, *, owned: bool) -> None:
        self._fp = file
        self._owned = owned
        self._lock = threading.Lock()
        self._closed = False
        self._starting = False
        self._writer: BlockWriter | None = None
        if isinstance(side, BlockWriter):
            self._writer = side
        else:
            self._buffer: io.BufferedReader = io.BufferedReader(side)

    @property
    def name(self) -> str | bytes | int:
        """The name of the file below, while it is open."""
        self._open()
        name: str | bytes | int = self._fp.name
        return name

    @property
    def mode(self) -> str:
        """``rb`` or ``wb``."""
        return "wb" if self._writer else "rb"

    @property
    def closed(self) -> bool:
        """Whether it is closed."""
        return self._closed

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"cannot pickle {type(self).__name__!r} object")

    def _open(self) -> None:
        if self._closed:
            raise ValueError("I/O operation on closed file")

    def _reading(self) -> io.BufferedReader:
        self._open()
        if self._writer:
            raise io.UnsupportedOperation("the file is open for writing")
        return self._buffer

    def _writing(self) -> BlockWriter:
        self._open()
        if not self._writer:
            raise io.UnsupportedOperation("the file is open for reading")
        return self._writer

    def readable(self) -> bool:
        """Return whether it is open for reading."""
        self._open()
        return self._writer is None

    def writable(self) -> bool:
        """Return whether it is open for writing."""
        self._open()
        return self._writer is not None

    def seekable(self) -> bool:
        """Return whether ``seek`` may go back."""
        return self._starting or (self.readable() and self._buffer.seekable())

    def as_text(
        self, encoding: str | None, errors: str | None, newline: str | None
    ) -> io.TextIOWrapper:
        """Return this file as one of text; it owns this one."""
        # A TextIOWrapper writes a byte order mark only to what can seek: let it believe so at first.
        self._starting = self._writer is not None
        try:
            return io.TextIOWrapper(self, io.text_encoding(encoding), errors, newline)
        finally:
            self._starting = False

    def fileno(self) -> int:
        """Return the descriptor of the file below."""
        self._open()
        return self._fp.fileno()

    # Reading

    def read(self, size: int | None = -1, /) -> bytes:
        """Return ``size`` bytes, or all up to the end; fewer only there."""
        return self._reading().read(size)

    def read1(self, size: int = -1, /) -> bytes:
        """Return what one read gives, at most ``size`` bytes; none only at the end."""
        buffer = self._reading()
        return buffer.read1(io.DEFAULT_BUFFER_SIZE if size < 0 else size)

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        """Fill ``buffer``; return the bytes read."""
        return self._reading().readinto(buffer)

    def peek(self, size: int = 0, /) -> bytes:
        """Return some of the next bytes, at least one before the end, and stay."""
        return self._reading().peek(size)

    def readline(self, size: int | None = -1, /) -> bytes:
        """Return the next line, or its first ``size`` bytes."""
        return self._reading().readline(_index(size))

    def readlines(self, hint: int = -1, /) -> list[bytes]:
        """Return lines to the end, or until they hold ``hint`` bytes."""
        return self._reading().readlines(_index(hint))

    def __next__(self) -> bytes:
        """Return the next line; quicker than the base class does."""
        line = self._reading().readline()
        if not line:
            raise StopIteration
        return line

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a position in the content, at most to its ends; return it.

        Raises:
            io.UnsupportedOperation: the file is being written; or it is a pipe, and ``offset`` lies behind.
        """
        buffer = self._reading()
        if buffer.seekable():
            return buffer.seek(offset, whence)
        with self._lock:
            return self._skip(buffer, offset, whence)

    def _skip(self, buffer: io.BufferedReader, offset: int, whence: int) -> int:
        here = buffer.tell()
        ahead = offset - (here if whence == io.SEEK_SET else 0)
        if whence == io.SEEK_END or ahead < 0:
            raise io.UnsupportedOperation("a pipe can only be read forward")
        while ahead and (data := buffer.read(min(ahead, io.DEFAULT_BUFFER_SIZE))):
            ahead -= len(data)
        return buffer.tell()

    def tell(self) -> int:
        """Return the position in the content (bytes)."""
        self._open()
        return self._writer.position if self._writer else self._buffer.tell()

    # Writing

    def write(self, data: "ReadableBuffer", /) -> int:
        """Take all of ``data``; return its size in bytes."""
        with flat(data) as view:
            writer, size = self._writing(), len(view)
            if size:
                with self._lock:
                    self._open()  # another thread may have closed it meanwhile
                    writer.write(view)
        return size

    def flush(self) -> None:
        """Have all that was written readable by others; ends a block, so it costs some density."""
        self._open()
        if self._writer:
            with self._lock:
                self._open()  # as in write
                self._writer.flush()
                self._fp.flush()

    def close(self) -> None:
        """Finish the archive, or end reading; the file below is closed if it was opened here."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            try:
                if self._writer:
                    self._writer.close()
                else:
                    self._buffer.close()
            finally:
                if self._owned:
                    self._fp.close()


def _index(size: int | None) -> int:
    """Return an integer, as the standard files of this kind demand; None is none."""
    return operator.index(size)  # type: ignore[arg-type]


def flat(data: "ReadableBuffer") -> memoryview:
    """Return the bytes that an object holds, one after the other.

    Raises:
        TypeError: it holds none, or not in this order, as a transposed array.
    """
    try:
        with memoryview(data) as view:
            if view.format == "O":
                raise TypeError("objects have no bytes of their own")
            return view.cast("B") if view.nbytes else memoryview(b"")
    except (TypeError, ValueError, BufferError) as error:
        what = f"C-contiguous bytes are needed, and this {type(data).__name__} holds none"
        raise TypeError(f"{what}: {error}") from error


def below(file: PathOrFile, mode: str) -> tuple[BinaryIO, bool]:
    """Return the file that holds packed bytes, and whether it was opened here.

    Raises:
        OSError: it can't be opened.
        TypeError: ``file`` is neither a path nor a file.
    """
    if isinstance(file, str | bytes | os.PathLike):
        return cast("BinaryIO", open(file, mode)), True  # noqa: PTH123
    if not hasattr(file, "read" if mode == "rb" else "write"):
        raise TypeError("a path is needed, or a file to read from or write to")
    return file, False
