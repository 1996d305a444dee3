"""Files to be written: under a temporary name until they are whole, then renamed."""

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from compressor.errors import CompressorError
from compressor.stages.base import Bytes


class OutputExistsError(CompressorError):
    """The output exists, and ``force`` was not given."""

    def __init__(self, path: Path | str) -> None:
        super().__init__(f"{path} exists; -f overwrites it")


class UnsafeNameError(CompressorError):
    """A recorded name would leave the target folder, or passes through a link."""


def umask() -> int:
    """Return the umask of this process."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


class Output:
    """A file that appears under its name when ``commit`` is called, and leaves nothing otherwise."""

    def __init__(self, name: str, folder: int, shown: str, *, force: bool) -> None:
        self._name = name
        self._folder = folder
        self._shown = shown
        self._force = force
        self._refuse_existing()
        self._temporary = f".{name[:200]}.{secrets.token_hex(6)}.part"
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
        self.descriptor = os.open(self._temporary, flags, 0o600, dir_fd=folder)
        self._hole_at_end = False

    def _refuse_existing(self) -> None:
        with suppress(FileNotFoundError):
            status = os.stat(self._name, dir_fd=self._folder, follow_symlinks=False)
            if stat.S_ISDIR(status.st_mode):
                raise CompressorError(f"{self._shown} is a folder")
            if not self._force:
                raise OutputExistsError(self._shown)

    def write(self, data: Bytes) -> None:
        """Write all of ``data``."""
        write_full(self.descriptor, data)
        self._hole_at_end = False

    def hole(self, length: int) -> None:
        """Leave a hole of ``length`` bytes."""
        os.lseek(self.descriptor, length, os.SEEK_CUR)
        self._hole_at_end = True

    def commit(self, *, mode: int, mtime_ns: int | None, sync: bool) -> None:
        """Give the file its mode and time, and then its name.

        Raises:
            OutputExistsError: the name was taken meanwhile.
            OSError: the disk is full, or the like.
        """
        if self._hole_at_end:
            os.ftruncate(self.descriptor, os.lseek(self.descriptor, 0, os.SEEK_CUR))
        os.fchmod(self.descriptor, mode)
        if mtime_ns is not None:
            os.utime(self.descriptor, ns=(mtime_ns, mtime_ns))
        if sync:
            os.fsync(self.descriptor)
        self._rename()
        if sync:
            os.fsync(self._folder)
        os.close(self.descriptor)
        self.descriptor = -1

    def _rename(self) -> None:
        folder, old, new = self._folder, self._temporary, self._name
        if self._force:
            os.replace(old, new, src_dir_fd=folder, dst_dir_fd=folder)
            return
        try:  # A link, unlike a rename, never overwrites what came meanwhile.
            os.link(old, new, src_dir_fd=folder, dst_dir_fd=folder)
        except FileExistsError:
            raise OutputExistsError(self._shown) from None
        except OSError:  # a file system without hard links
            self._refuse_existing()
            os.replace(old, new, src_dir_fd=folder, dst_dir_fd=folder)
            return
        os.unlink(old, dir_fd=folder)

    def abort(self) -> None:
        """Leave nothing; after ``commit`` this does nothing."""
        if self.descriptor < 0:
            return
        os.close(self.descriptor)
        self.descriptor = -1
        with suppress(FileNotFoundError):
            os.unlink(self._temporary, dir_fd=self._folder)


def write_full(descriptor: int, data: Bytes) -> None:
    """Write all of ``data`` to a descriptor."""
    done = os.write(descriptor, data)
    while done < len(data):
        done += os.write(descriptor, memoryview(data)[done:])


@contextmanager
def opened_output(path: Path, *, force: bool) -> Iterator[Output]:
    """Give an output for ``path``; what is not committed by the end is gone."""
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        output = Output(path.name, folder, str(path), force=force)
        try:
            yield output
        finally:
            output.abort()
    finally:
        os.close(folder)


@contextmanager
def opened_below(root: int, name: bytes, *, force: bool) -> Iterator[Output]:
    """Give an output for a recorded ``name`` below the folder ``root``; folders on the way are made.

    No step follows a link, so that nothing outside ``root`` can be reached.

    Raises:
        UnsafeNameError: the name is absolute, empty, has ``.`` or ``..``, or meets a link.
    """
    shown = name.decode(errors="backslashreplace")
    parts = os.fsdecode(name).split("/")
    if any(part in ("", ".", "..") or "\0" in part for part in parts):
        raise UnsafeNameError(f"the recorded name {shown!r} would leave the folder; it is refused")
    folder = os.dup(root)
    try:
        for part in parts[:-1]:
            folder = _enter(folder, part, shown)
        output = Output(parts[-1], folder, shown, force=force)
        try:
            yield output
        finally:
            output.abort()
    finally:
        os.close(folder)


def _enter(folder: int, part: str, shown: str) -> int:
    """Step into a folder, made if need be; the descriptor given is closed."""
    try:
        with suppress(FileExistsError):
            os.mkdir(part, dir_fd=folder)
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
        inner = os.open(part, flags, dir_fd=folder)
    except (NotADirectoryError, OSError) as error:
        if isinstance(error, NotADirectoryError) or error.errno in _LINK_ERRORS:
            raise UnsafeNameError(
                f"{part!r} on the way to {shown!r} is a link or a file; it is refused"
            ) from error
        raise
    os.close(folder)
    return inner


_LINK_ERRORS = (errno.ELOOP, errno.EMLINK)
