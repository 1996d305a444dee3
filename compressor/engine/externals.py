"""Files outside of an archive that its blocks are differences from: what ``--base`` names."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from threading import Lock
from typing import BinaryIO, Self

from blake3 import blake3
from msgspec import Struct

from compressor.archive.leaf import Entry
from compressor.archive.record import MAGIC
from compressor.archive.schema import FILE, Base
from compressor.archive.source import DescriptorSource
from compressor.engine.access import SeekableArchive
from compressor.engine.bases import missing
from compressor.engine.limits import UNLIMITED, Limits
from compressor.errors import CompressorError
from compressor.stages.base import Bytes

Look = Callable[[int, int], bytes]
"""From an offset and a length to the bytes of a content."""


Paths = (
    str
    | bytes
    | os.PathLike[str]
    | os.PathLike[bytes]
    | Iterable["str | bytes | os.PathLike[str] | os.PathLike[bytes]"]
)
"""A path, or several."""


def paths_of(given: Paths) -> list[Path]:
    """Return the paths."""
    several = [given] if isinstance(given, str | bytes | os.PathLike) else given
    return [Path(os.fsdecode(path)) for path in several]


class Outside(Struct, frozen=True):
    """A content that blocks may be differences from: its name, size and hash, and how it is read."""

    base: Base
    look: Look


class Externals:
    """The contents of some files: of those that are archives, the contents of their members.

    To be closed. Threads may share it.

    Raises:
        OSError: a file can't be read.
        CompressorError: one is no sound archive, though it begins as one.
    """

    def __init__(self, paths: Sequence[Path], limits: Limits = UNLIMITED) -> None:
        self._stack = ExitStack()
        self._files: list[_PlainFile] = []
        self._archives: list[SeekableArchive] = []
        self._found: dict[bytes, Outside | None] = {}
        self._lock = Lock()
        try:
            for path in paths:
                self._open(path, limits)
        except BaseException:
            self.close()
            raise

    def _open(self, path: Path, limits: Limits) -> None:
        file = self._stack.enter_context(path.open("rb", buffering=0))
        if file.read(len(MAGIC)) == MAGIC:
            archive = SeekableArchive(file, limits=limits, external=self.read)
            self._archives.append(archive)
        else:
            self._files.append(_PlainFile(file, path))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def __bool__(self) -> bool:
        return bool(self._files or self._archives)

    def close(self) -> None:
        """Close the files."""
        self._stack.close()

    def read(self, base: Base, start: int, length: int) -> Bytes:
        """Return bytes of the content that a BASE names.

        Raises:
            MissingBaseError: none of the files is it, or holds it, as it was (F-057).
        """
        key = base.content_hash
        with self._lock:
            if key not in self._found:
                self._found[key] = next(self._matching(base), None)
            found = self._found[key]
        if found is None:
            return missing(base, start, length)
        return found.look(start, length)

    def _matching(self, base: Base) -> Iterator[Outside]:
        wanted = base.size, base.content_hash
        for archive in self._archives:
            for outside in _members(archive):
                if (outside.base.size, outside.base.content_hash) == wanted:
                    yield outside
        for file in self._files:
            if file.size == base.size and file.outside().base.content_hash == base.content_hash:
                yield file.outside()

    def contents(self) -> Iterator[Outside]:
        """Yield all contents, in the order in which they were named."""
        for file in self._files:
            yield file.outside()
        for archive in self._archives:
            yield from _members(archive)

    def check(self) -> None:
        """Refuse a file that was written to meanwhile: what was recorded of it is not true any more.

        Raises:
            CompressorError: one was.
        """
        for file in self._files:
            file.check()


def _members(archive: SeekableArchive) -> Iterator[Outside]:
    for index, entry in archive.entries():
        if entry.kind == FILE:
            base = Base(entry.name, entry.size, entry.content_hash)

            def look(at: int, size: int, index=index, entry: Entry = entry) -> bytes:  # type: ignore[no-untyped-def]
                return archive.read(index, entry, at, at + size)

            yield Outside(base, look)


class _PlainFile:
    """A file that is no archive."""

    def __init__(self, file: BinaryIO, path: Path) -> None:
        self._file, self._path = file, path
        self._status = os.fstat(file.fileno())
        self._outside: Outside | None = None
        self.size = self._status.st_size

    def outside(self) -> Outside:
        """Return the content; it is hashed once."""
        if self._outside is None:
            self._file.seek(0)
            digest = blake3(max_threads=blake3.AUTO)
            while block := self._file.read(4 << 20):
                digest.update(block)
            base = Base(os.fsencode(self._path.name), self.size, digest.digest())
            self._outside = Outside(base, DescriptorSource(self._file.fileno()).read)
        return self._outside

    def check(self) -> None:
        """Refuse it where it was written to."""
        now, then = os.fstat(self._file.fileno()), self._status
        if (now.st_size, now.st_mtime_ns) != (then.st_size, then.st_mtime_ns):
            raise CompressorError(f"{self._path} was written to while it was the base of others")
