"""Files outside of an archive that its blocks are differences from: what ``--base`` names."""

import os
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count, islice
from pathlib import Path
from typing import Self, TypeVar

from blake3 import blake3
from msgspec import Struct
from msgspec.structs import replace

from compressor.archive.index import Index
from compressor.archive.leaf import Entry
from compressor.archive.record import MAGIC
from compressor.archive.schema import FILE, Base, shown_name
from compressor.archive.source import DescriptorSource
from compressor.engine.access import SeekableArchive
from compressor.engine.limits import UNLIMITED, Limits, shared
from compressor.engine.needs import require
from compressor.engine.reading import NONE_GIVEN, External, UnpackOptions, missing
from compressor.engine.settled import settled
from compressor.errors import (
    CompressorError,
    DamagedBaseError,
    DamagedError,
    LimitError,
    MemoryBudgetError,
    MissingBaseError,
)
from compressor.stages.base import Bytes
from compressor.tree.outputs import Identity, identity_in

MOST_DEEP = 4  # contents outside, each needed for the one before: the stack bears no more than 8
MOST_LOOKS = 64  # at others, for one look at a content: else these could double at each depth

STRIDE = 4 << 20  # bytes of a file that are hashed at a time

T = TypeVar("T")

Look = Callable[[int, int], bytes]
"""From an offset and a length to the bytes of a content."""
Need = Callable[[int, int], None]
"""From the same to nothing, or an error where these bytes need a content that is not here."""


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


def external_of(given: Paths, limits: Limits) -> External:
    """Return the contents of the files that are named, none where none is; raises as ``Externals``."""
    return Externals(paths_of(given), limits) if given else NONE_GIVEN


class Outside(Struct, frozen=True):
    """A content that blocks may be differences from: its name, size and hash, and how it is read.

    ``path`` is that of the file that is it, or that holds it.
    """

    path: Path
    base: Base
    look: Look
    need: Need


class Externals:
    """The contents of some files: of those that are archives, the contents of their members.

    To be closed. Threads may share it. Those that are archives share the memory of ``limits``.

    Raises:
        OSError: a file can't be read.
        DamagedBaseError: one is no sound archive, though it begins as one.
        MemoryBudgetError: reading one takes more than its share.
    """

    def __init__(self, paths: Sequence[Path], limits: Limits = UNLIMITED) -> None:
        self._opened: list[_Archive | _PlainFile] = []
        self.identities: frozenset[Identity] = frozenset()
        """Of the files: what no output may replace, and no input may be."""
        self._met: dict[bytes, list[Outside]] = {}
        self._others: dict[bytes, Iterator[Outside]] = {}
        self._unsearched: list[DamagedBaseError] = []
        """What could not be looked through to its end."""
        self._lock = threading.Lock()
        self._nesting = _Nesting()
        self.paths = tuple(paths)
        sources = [(path, DescriptorSource(path)) for path in paths]
        self.identities = frozenset(identity_in(source.status()) for _, source in sources)
        archives = sum(_is_archive(source) for _, source in sources)
        memory = shared(limits.memory, max(archives, 1))
        for path, source in sources:
            if _is_archive(source):
                self._open(path, source, replace(limits, memory=memory))
            else:
                self._opened.append(_PlainFile(source, path))

    def _open(self, path: Path, source: DescriptorSource, limits: Limits) -> None:
        with source.as_file() as file:  # an append may be under way
            source.size = settled(file).seek(0, os.SEEK_END)
        try:
            # Without a circle: the files are closed as soon as nobody refers to them.
            external = weakref.proxy(self)
            archive = SeekableArchive(source, UnpackOptions(limits=limits, external=external))
        except DamagedError as error:
            raise _damaged(path, error) from error
        except MemoryBudgetError as error:
            what = f"{path}, a base with its share of the memory,"
            raise MemoryBudgetError(what, error.needed, error.allowed) from error
        self._opened.append(_Archive(path, archive))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def __bool__(self) -> bool:
        return bool(self._opened)

    def close(self) -> None:
        """Let go of the files."""
        self._opened, self._met, self._others = [], {}, {}

    def read(self, base: Base, start: int, length: int) -> Bytes:
        """Return bytes of the content that a BASE names.

        Raises:
            MissingBaseError: none of the files is it, or holds it, as it was (F-057).
            DamagedBaseError: one that is it, or holds it, or seems to, is damaged.
            LimitError: it needs too many others in turn.
        """
        return self._used(base, lambda found: found.look(start, length))

    def need(self, base: Base, start: int, length: int) -> None:
        """Refuse bytes of such a content that need others which are not here; raises as ``read``."""
        self._used(base, lambda found: found.need(start, length))

    def _used(self, base: Base, use: Callable[[Outside], T]) -> T:
        """Return what is had from the content; where what should be it can't be read, from another."""
        reason: CompressorError | None = None
        for found in self._candidates(base):
            try:
                with self._nesting.counted():
                    return use(found)
            except (MissingBaseError, DamagedBaseError) as error:  # it needs others itself
                reason = reason or error
            except _ChangedError as error:  # so it is not the content that is needed
                reason = reason or missing(base)
                reason.__cause__ = reason.__cause__ or error
            except DamagedError as error:  # of that file, not of the one that is read
                reason = reason or _damaged(found.path, error)
        if reason is None and self._unsearched:
            first = self._unsearched[0]
            reason = DamagedBaseError(first.path, first.reason)  # each has a member of its own
        raise reason or missing(base)

    def _candidates(self, base: Base) -> Iterator[Outside]:
        """Yield what should be the content: what was met before, then what else there is."""
        key = base.content_hash
        for number in count():
            with self._lock:
                met = self._met.setdefault(key, [])
                if number == len(met):
                    matching = _matching(base, self._opened, self._unsearched)
                    others = self._others.setdefault(key, matching)
                    met.extend(islice(others, 1))
                if number == len(met):
                    return
                found = met[number]
            yield found

    def contents(self) -> Iterator[Outside]:
        """Yield all contents, in the order in which they were named.

        Raises:
            DamagedBaseError: the index of an archive is damaged, or another file was written to meanwhile.
        """
        for one in self._opened:
            try:
                yield from one.members()
            except DamagedError as error:
                raise _damaged(one.path, error) from error

    def check(self) -> None:
        """Refuse a file that was written to meanwhile: what was recorded of it is not true any more.

        Raises:
            CompressorError: one was.
        """
        for opened in self._opened:
            if isinstance(opened, _PlainFile):
                opened.check()


def _is_archive(source: DescriptorSource) -> bool:
    return source.read(0, min(len(MAGIC), source.size)) == MAGIC


def _damaged(path: Path, error: DamagedError) -> DamagedBaseError:
    """Return the error of a file that is, or is to be, a base: not of the archive that is read or made."""
    found = DamagedBaseError(str(path), error)
    found.__cause__ = error
    return found


class _Archive(Struct, frozen=True):
    """A file that is an archive."""

    path: Path
    archive: SeekableArchive

    def members(self) -> Iterator[Outside]:
        """Yield the members, as they are in the last version."""
        for index in self.archive.indexes:
            yield from self._members(index)

    def holding(self, base: Base) -> Iterator[Outside]:
        """Yield the members with this content, of all versions, the last ones first."""
        for last in self.archive.indexes:
            for index in last.versions():
                yield from (one for one in self._members(index) if _same(one.base, base))

    def _members(self, index: Index) -> Iterator[Outside]:
        archive = self.archive
        for entry in index.entries():
            if entry.kind != FILE:
                continue
            base = Base(entry.name, entry.size, entry.content_hash)

            def look(at: int, size: int, entry: Entry = entry) -> bytes:
                return archive.read(index, entry, at, at + size)

            def need(at: int, size: int, entry: Entry = entry) -> None:
                require(archive, [(index, entry, at, at + size)])

            yield Outside(self.path, base, look, need)


def _matching(
    base: Base, opened: "Iterable[_Archive | _PlainFile]", unsearched: list[DamagedBaseError]
) -> Iterator[Outside]:
    """Yield what has the size and hash of a content; ``unsearched`` gets what can't be looked through."""
    for one in opened:
        try:
            yield from one.holding(base)
        except DamagedError as error:  # another one may have it
            unsearched.append(_damaged(one.path, error))


def _same(one: Base, other: Base) -> bool:
    return (one.size, one.content_hash) == (other.size, other.content_hash)


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


class _ChangedError(DamagedError):
    """A file that is no archive was written to since it was hashed."""


class _PlainFile:
    """A file that is no archive."""

    def __init__(self, source: DescriptorSource, path: Path) -> None:
        self.path = path
        self._source = source
        self._status = source.status()
        self._outside: Outside | None = None

    def members(self) -> Iterator[Outside]:
        """Yield the content; it is hashed once."""
        if self._outside is None:
            # By one thread: a forked process has none of those that it would keep.
            digest, size = blake3(), self._source.size
            for at in range(0, size, STRIDE):
                digest.update(self._source.read(at, min(STRIDE, size - at)))
            base = Base(os.fsencode(self.path.name), size, digest.digest())
            self._outside = Outside(self.path, base, self._read, lambda _at, _size: None)
        yield self._outside

    def holding(self, base: Base) -> Iterator[Outside]:
        """Yield the content, if it is this one."""
        if self._source.size == base.size:
            yield from (one for one in self.members() if _same(one.base, base))

    def _read(self, at: int, size: int) -> bytes:
        data = self._source.read(at, size)
        if not self._is_as_it_was():
            name = shown_name(os.fsencode(self.path.name))
            raise _ChangedError(f"{name} was written to while it was the base of others")
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
            raise CompressorError(f"{self.path} was written to while it was the base of others")
