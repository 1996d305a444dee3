"""Files outside of an archive that its blocks are differences from: what ``--base`` names."""

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

from blake3 import blake3
from msgspec import Struct

from compressor.archive.index import Index
from compressor.archive.leaf import Entry
from compressor.archive.record import MAGIC
from compressor.archive.schema import FILE, Base, shown_name
from compressor.archive.source import DescriptorSource
from compressor.engine.access import SeekableArchive
from compressor.engine.limits import UNLIMITED, Limits
from compressor.engine.reading import missing
from compressor.engine.settled import settled
from compressor.errors import CompressorError, DamagedError, LimitError, MissingBaseError
from compressor.stages.base import Bytes
from compressor.tree.outputs import Identity, identity_in

MOST_DEEP = (
    4  # contents outside, each needed for the one before: Python's stack bears no more than 8
)
MOST_LOOKS = (
    64  # at others, for one look at a content outside: else these could double at each depth
)

STRIDE = 4 << 20  # bytes of a file that are hashed at a time

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
        self._opened: list[SeekableArchive | _PlainFile] = []
        self.identities: frozenset[Identity] = frozenset()
        """Of the files: what no output may replace, and no input may be."""
        self._found: dict[bytes, Outside | None] = {}
        self._lock = threading.Lock()
        self._nesting = _Nesting()
        for path in paths:
            self._open(path, limits)

    def _open(self, path: Path, limits: Limits) -> None:
        source = DescriptorSource(path)
        self.identities |= {identity_in(source.status())}
        if source.read(0, min(len(MAGIC), source.size)) != MAGIC:
            self._opened.append(_PlainFile(source, path))
            return
        with source.as_file() as file:  # an append may be under way
            source.size = settled(file).seek(0, os.SEEK_END)
        try:
            self._opened.append(SeekableArchive(source, limits=limits, external=self.read))
        except DamagedError as error:
            error.what = f"{path}: {error.what}"
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def __bool__(self) -> bool:
        return bool(self._opened)

    def close(self) -> None:
        """Let go of the files."""
        self._opened, self._found = [], {}

    def read(self, base: Base, start: int, length: int) -> Bytes:
        """Return bytes of the content that a BASE names.

        Raises:
            MissingBaseError: none of the files is it, or holds it, as it was (F-057).
            LimitError: it needs too many others in turn.
        """
        key = base.content_hash
        with self._lock:
            if key not in self._found:
                self._found[key] = next(self._matching(base), None)
            found = self._found[key]
        if found is None:
            return missing(base, start, length)
        try:
            with self._nesting.counted():
                return found.look(start, length)
        except DamagedError as error:  # of that file, not of the one that is read
            raise MissingBaseError(shown_name(base.name), key.hex()) from error

    def _matching(self, base: Base) -> Iterator[Outside]:
        wanted = base.size, base.content_hash
        for opened in self._opened:
            if isinstance(opened, _PlainFile):
                if opened.size == base.size and opened.outside().base.content_hash == wanted[1]:
                    yield opened.outside()
                continue
            with suppress(DamagedError):  # another one may have it
                for outside in _all_members(opened):
                    if (outside.base.size, outside.base.content_hash) == wanted:
                        yield outside

    def contents(self) -> Iterator[Outside]:
        """Yield all contents, in the order in which they were named."""
        for opened in self._opened:
            if isinstance(opened, _PlainFile):
                yield opened.outside()
            else:
                for index in opened.indexes:
                    yield from _members(opened, index)

    def check(self) -> None:
        """Refuse a file that was written to meanwhile: what was recorded of it is not true any more.

        Raises:
            CompressorError: one was.
        """
        for opened in self._opened:
            if isinstance(opened, _PlainFile):
                opened.check()


def _all_members(archive: SeekableArchive) -> Iterator[Outside]:
    """Yield the members of all versions, the last ones first."""
    for last in archive.indexes:
        index: Index | None = last
        while index is not None:
            yield from _members(archive, index)
            index = index.before()


def _members(archive: SeekableArchive, index: Index) -> Iterator[Outside]:
    for entry in index.entries():
        if entry.kind == FILE:
            base = Base(entry.name, entry.size, entry.content_hash)

            def look(at: int, size: int, entry: Entry = entry) -> bytes:
                return archive.read(index, entry, at, at + size)

            yield Outside(base, look)


class _Nesting(threading.local):
    """How a thread that reads a content outside came to it, from others that are differences from it."""

    depth = 0
    looks = 0

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Count a look; refuse what could go on for long, or in a circle."""
        self.looks = self.looks + 1 if self.depth else 0
        if self.depth == MOST_DEEP or self.looks > MOST_LOOKS:
            raise LimitError("the base of this needs too many other files, each for the one before")
        self.depth += 1
        try:
            yield
        finally:
            self.depth -= 1


class _PlainFile:
    """A file that is no archive."""

    def __init__(self, source: DescriptorSource, path: Path) -> None:
        self._source, self._path = source, path
        self._status = source.status()
        self._outside: Outside | None = None
        self.size = source.size

    def outside(self) -> Outside:
        """Return the content; it is hashed once."""
        if self._outside is None:
            digest = (
                blake3()
            )  # by one thread: a forked process has none of those that it would keep
            for at in range(0, self.size, STRIDE):
                digest.update(self._source.read(at, min(STRIDE, self.size - at)))
            base = Base(os.fsencode(self._path.name), self.size, digest.digest())
            self._outside = Outside(base, self._read)
        return self._outside

    def _read(self, at: int, size: int) -> bytes:
        data = self._source.read(at, size)
        if not self._is_as_it_was():
            name = shown_name(os.fsencode(self._path.name))
            raise DamagedError(f"{name} was written to while it was the base of others")
        return data

    def _is_as_it_was(self) -> bool:
        now, then = self._source.status(), self._status
        return (now.st_size, now.st_mtime_ns, now.st_ctime_ns) == (
            then.st_size,
            then.st_mtime_ns,
            then.st_ctime_ns,
        )

    def check(self) -> None:
        """Refuse it where it was written to."""
        if not self._is_as_it_was():
            raise CompressorError(f"{self._path} was written to while it was the base of others")
