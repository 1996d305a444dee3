"""An archive on disk that is to be changed: locked, its end mended where that is safe."""

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from compressor.archive.ending import ended
from compressor.archive.index import Index
from compressor.archive.record import FOOTER_SIZE, HEADER_SIZE, parse_header
from compressor.archive.source import RandomSource
from compressor.archive.writer import write_end
from compressor.errors import (
    CompressorError,
    DamagedBaseError,
    DamagedError,
    UnfinishedError,
    UsageError,
)
from compressor.stages.base import Bytes
from compressor.tree.outputs import Identity, identity_of
from compressor.tree.permissions import Access, without_group

if TYPE_CHECKING:
    from compressor.archive.tail import Whole

Note = Callable[[str], None]

PATIENCE = 0.2  # seconds: a reader that looks for an append under way (``settled``) holds less


class Storage:
    """The file below: every change of an archive goes through these three, so that tests may fail them."""

    def __init__(self, file: BinaryIO) -> None:
        self._descriptor = file.fileno()

    def write(self, data: Bytes, offset: int) -> int:
        """Write bytes at a place; return how many of them."""
        return os.pwrite(self._descriptor, data, offset)

    def cut(self, size: int) -> None:
        """Have the file end at ``size``."""
        os.ftruncate(self._descriptor, size)

    def sync(self) -> None:
        """Have on disk all that was done so far."""
        os.fsync(self._descriptor)


class ArchiveFile:
    """An archive that this process alone may change; ``note`` hears what was mended."""

    def __init__(self, file: BinaryIO, note: Note) -> None:
        self.file = file
        self._storage = Storage(file)
        self._note = note
        self._exposed = False  # its mode is not ours to change
        self._end = 0  # of the last version
        self._at = 0  # where the next byte goes; reading moves the file's own position

    @property
    def identity(self) -> Identity:
        """Device and inode."""
        return identity_of(self.file.fileno())

    def status(self) -> os.stat_result:
        """Return what the system says of the file."""
        return os.fstat(self.file.fileno())

    def restrict(self, access: Access) -> None:
        """Have the archive be read by nobody who may not read what is put into it."""
        permitted, user, group = access
        status = self.status()
        mode = status.st_mode & 0o7777
        narrow = mode & (permitted | ~0o077)
        if (user, group) != (status.st_uid, status.st_gid):
            narrow = narrow & ~0o077 | without_group(narrow) & 0o077
        if narrow == mode or self._exposed:
            return
        try:
            os.fchmod(self.file.fileno(), narrow)
        except PermissionError:  # another user's
            self._exposed = True
            self._note("others may read it who may not read all that is put into it")

    def index(self) -> Index:
        """Return the index of the last version; the file ends with it, or is made to.

        Raises:
            UsageError: the file holds several archives in a row.
            DamagedError: it is damaged: ``recover`` makes a sound one of it.
        """
        try:
            found = self._ended()
        except UnfinishedError:
            self._mend()
            found = ended(RandomSource(self.file))
        if len(found) > 1:
            raise UsageError("holds several archives in a row; only one can have versions")
        _prove_versions(found[0])
        self._end = found[0].end
        return found[0]

    def _ended(self) -> list[Index]:
        """Return the archives in the file, with every ROOT of the last version found to be sound."""
        found = ended(RandomSource(self.file))
        try:
            for _ in found[-1].leaves():
                pass
        except DamagedError as error:
            if (error.offset or 0) > found[-1].footer.last_leaf:
                raise UnfinishedError(error.what, offset=error.offset) from error
            raise
        return found

    def _mend(self) -> None:
        """Complete a version that is whole but for its end; drop one that was never finished."""
        from compressor.archive.tail import examine  # for archives that lack their end

        tail = examine(RandomSource(self.file), blocks=True)
        if tail.start:
            raise UsageError("holds several archives in a row; only one can have versions")
        if tail.whole is None:
            if not tail.end:
                raise DamagedError("holds no version that was finished", offset=0)
            self._note("an append was not finished; what there is of it is dropped")
            self._cut(tail.end)
        else:
            self._note("the end of the last version was missing; it is written anew")
            self._complete(tail.whole, tail.end)

    def _complete(self, whole: "Whole", end: int) -> None:
        begin = self._end_of(whole.last_leaf)
        self._cut(begin)
        previous = end - FOOTER_SIZE if end else 0
        write_end(self.write, begin, whole.leaves, whole.last_leaf, previous)
        self.sync()

    def _end_of(self, offset: int) -> int:
        self.file.seek(offset)
        return parse_header(self.file.read(HEADER_SIZE), offset).end

    def _cut(self, size: int) -> None:
        self._storage.cut(size)
        self._storage.sync()
        self._at = size

    def begin(self) -> None:
        """Have what is written from now on go behind the last version."""
        self._at = self._end

    def write(self, data: Bytes) -> None:
        """Write all of ``data``."""
        done = 0
        while done < len(data):
            done += self._storage.write(memoryview(data)[done:], self._at + done)
        self._at += done

    def sync(self) -> None:
        """Have all that was written on disk."""
        self._storage.sync()

    def take_back(self) -> None:
        """Drop what was written behind the last version."""
        with suppress(OSError):  # then readers and the next append do
            self._cut(self._end)


def _prove_versions(last: Index) -> None:
    """Read what leads to each version before: a new one leads to them, and would hide that one is lost.

    That is four records of each. What else only they need is left to `test`, as blocks are.

    Raises:
        DamagedError: one of these is damaged.
    """
    for index in last.versions():
        index.top()
        index.version()


@contextmanager
def locked(path: Path, note: Note) -> Iterator[ArchiveFile]:
    """Open an archive to change it; another process that does so is waited for.

    Raises:
        OSError: it can't be opened for writing.
        DamagedError: it is damaged, as whoever changes it found; the message names ``recover``.
    """
    while True:
        if path.exists() and not path.is_file():
            raise CompressorError("is no regular file; an archive that is changed has to be one")
        with path.open("r+b", buffering=0) as file:
            _lock(file, path, note)
            if _is_at(file, path):
                with _advising():
                    yield ArchiveFile(file, note)
                return


@contextmanager
def _advising() -> Iterator[None]:
    """Have damage say what can be done about it."""
    try:
        yield
    except DamagedBaseError:  # another file's
        raise
    except DamagedError as error:
        what = f"is damaged, and `compressor recover` makes a sound archive of it: {error.what}"
        raise DamagedError(what, offset=error.offset, member=error.member) from error


def _lock(file: BinaryIO, path: Path, note: Note) -> None:
    if _locked_soon(file):
        return
    note(f"{path} is being changed by another process; waiting for it")
    fcntl.flock(file, fcntl.LOCK_EX)


def _locked_soon(file: BinaryIO) -> bool:
    """Take the lock, if it can be had within ``PATIENCE``; say whether it could."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > end:
                return False
            time.sleep(PATIENCE / 20)
        else:
            return True


def _is_at(file: BinaryIO, path: Path) -> bool:
    """Say whether the path still names the file that was locked: a prune puts another one there."""
    return os.path.samestat(path.stat(), os.fstat(file.fileno()))
