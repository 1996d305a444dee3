"""A raw stream that gives the content of archives by their indexes: it seeks at the cost of a block."""

import io
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate, islice
from typing import BinaryIO, cast

from compressor.archive.index import Index
from compressor.archive.leaf import Entry
from compressor.archive.record import FOOTER_SIZE, MAGIC
from compressor.archive.source import FileFrom
from compressor.engine.access import SeekableArchive
from compressor.engine.limits import Limits
from compressor.engine.readforward import NOTHING, ForwardReader, Reader
from compressor.engine.reading import UnpackOptions
from compressor.errors import CompressorError, SeveralMembersError
from compressor.stages.base import Bytes

Content = Sequence[tuple[Index, Entry]]
"""Members that are read as one, each with the index of its archive."""


class IndexedReader(Reader):
    """Members in a row as one content, at the cost of the blocks that are touched."""

    def __init__(self, archive: SeekableArchive, content: Content, limits: Limits) -> None:
        super().__init__()
        self._archive = archive
        self._content = content
        self._limits = limits
        self._starts = list(accumulate((entry.size for _, entry in content), initial=0))
        self._pieces: Iterator[Bytes] | None = None
        self._piece = NOTHING
        self._piece_start = 0

    def seekable(self) -> bool:
        """Return True."""
        return True

    def size(self) -> int:
        """Return the bytes of the whole content."""
        return self._starts[-1]

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Go to a position, at most to the ends; nothing is read yet."""
        self.position = min(self._target(offset, whence), self.size())
        return self.position

    def readall(self) -> bytes:
        """Return all from here; the limits are checked before memory is taken."""
        self._limits.check(self.size(), self._archive.source.size)
        return super().readall()

    def take(self, size: int) -> memoryview:
        """Return up to ``size`` bytes of one piece."""
        at = self.position - self._piece_start
        if not 0 <= at < len(self._piece):
            if self.position >= self.size():
                return NOTHING
            self._step()
            at = 0
        data = self._piece[at : at + size]
        self._limits.check(self.position + len(data), self._archive.source.size)
        self.position += len(data)
        return data

    def _step(self) -> None:
        """Have the piece that begins at the position."""
        if self._pieces is None or self.position != self._piece_start + len(self._piece):
            self._drop()
            self._pieces = _pieces(self._archive, self._content, self._starts, self.position)
        try:
            self._piece = memoryview(next(self._pieces))
        except BaseException:
            self._drop()  # a generator that has raised is at its end
            raise
        self._piece_start = self.position

    def _drop(self) -> None:
        self._pieces, self._piece = None, NOTHING

    def close(self) -> None:
        """Give up the threads."""
        self._drop()
        super().close()


def _pieces(
    archive: SeekableArchive, content: Content, starts: Sequence[int], position: int
) -> Iterator[Bytes]:
    """Yield the content from ``position`` on; no method, so that it keeps no file alive."""
    for number in range(bisect_right(starts, position) - 1, len(content)):
        index, entry = content[number]
        yield from archive.pieces(index, entry, max(0, position - starts[number]))


def seek_last_archive(file: BinaryIO) -> None:
    """Go to where the last of the archives in a file seems to begin; its index tells whether it does."""
    size = file.seek(0, io.SEEK_END)
    file.seek(max(0, size - FOOTER_SIZE))
    footer = file.read(FOOTER_SIZE)
    start = size - FOOTER_SIZE - int.from_bytes(footer[16:24], "little")
    file.seek(max(0, start))
    if file.read(len(MAGIC)) != MAGIC:
        start = 0
    file.seek(max(0, start))


def _begins_as_archive(file: BinaryIO) -> bool:
    start = file.read(len(MAGIC))
    file.seek(-len(start), io.SEEK_CUR)
    return start == MAGIC


def reader_of(
    file: BinaryIO, options: UnpackOptions, *, salvage: bool
) -> IndexedReader | ForwardReader:
    """Return a reader of the one content of a file; what is wrong with it, its first read says.

    Raises:
        SeveralMembersError: an archive in a seekable file has more than one member.
    """
    found = None
    if file.seekable() and _begins_as_archive(file):
        found = _indexed(file, options, salvage=salvage)
    if found is None:
        return ForwardReader(file, options, salvage=salvage)
    archive, content = found
    if len({index.start for index, _ in content}) < len(content):
        raise SeveralMembersError
    return IndexedReader(archive, content, options.limits)


def _indexed(
    file: BinaryIO, options: UnpackOptions, *, salvage: bool
) -> tuple[SeekableArchive, Content] | None:
    """Return None where there is no sound index: reading forward gives what is there, then says why."""
    view = FileFrom(file)
    try:
        archive = SeekableArchive(cast("BinaryIO", view), options, salvage=salvage)
        # Two of each archive are enough to know that there are several.
        content = [
            (index, entry) for index in archive.indexes for entry in islice(index.entries(), 2)
        ]
    except CompressorError:
        return None
    finally:
        file.seek(view.base)
    return archive, content
