"""Files to be written: under a temporary name until they are whole, then renamed."""

import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from compressor.errors import CompressorError
from compressor.stages.base import Bytes

Identity = tuple[int, int]
"""Device and inode."""

NOTHING: frozenset[Identity] = frozenset()


class OutputExistsError(CompressorError):
    """The output exists (since ``mtime_ns``), and ``force`` was not given."""

    def __init__(self, path: Path | str, mtime_ns: int = 0) -> None:
        super().__init__(f"{path} exists; -f overwrites it")
        self.mtime_ns = mtime_ns


def umask() -> int:
    """Return the umask of this process."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def without_group(mode: int) -> int:
    """Return a mode that gives the group and everybody else only what both had."""
    common = mode & (mode >> 3) & 0o7
    return mode & 0o700 | common << 3 | common


def shared_permissions(
    inputs: Sequence[os.stat_result],
) -> tuple[int, tuple[int, int] | None]:
    """Return mode and owner of an archive of these inputs: what all of them permit, under the umask.

    Where they have different owners, it stays ours (None).
    """
    mode = 0o666 & ~umask()
    for status in inputs:
        mode &= status.st_mode
    owners = {(status.st_uid, status.st_gid) for status in inputs}
    if len(owners) > 1:
        return without_group(mode), None
    return mode, owners.pop() if owners else None


@contextmanager
def _shown_as(name: str) -> Iterator[None]:
    """Have errors of the system name the output, not its temporary name or nothing."""
    try:
        yield
    except OSError as error:
        error.filename, error.filename2 = name, None
        raise


class Output:
    """A file that appears under its name when ``commit`` is called, and leaves nothing otherwise.

    ``protected`` files are never replaced, whatever ``force`` says: the inputs of the run.
    """

    is_file = True

    def __init__(
        self,
        name: str,
        folder: int,
        shown: str,
        *,
        force: bool,
        protected: frozenset[Identity] = NOTHING,
    ) -> None:
        self._name = name
        self._folder = folder
        self._shown = shown
        self._force = force
        self._protected = protected
        start = os.fsdecode(os.fsencode(name)[:200])
        self._temporary = f".{start}.{os.urandom(6).hex()}.part"
        self.descriptor = -1
        self._hole_at_end = False

    def open(self) -> None:
        """Create the file under its temporary name, readable by nobody else.

        Raises:
            CompressorError: its name is taken by something that must not be replaced.
        """
        with _shown_as(self._shown):
            self._refuse_existing()
            flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
            self.descriptor = os.open(self._temporary, flags, 0o600, dir_fd=self._folder)

    def _refuse_existing(self) -> None:
        try:
            status = os.stat(self._name, dir_fd=self._folder, follow_symlinks=False)
        except FileNotFoundError:
            return
        if (status.st_dev, status.st_ino) in self._protected:
            raise CompressorError(f"{self._shown} is an input; name another output")
        if stat.S_ISDIR(status.st_mode):
            raise CompressorError(f"{self._shown} is a folder; name a file")
        if not (stat.S_ISREG(status.st_mode) or stat.S_ISLNK(status.st_mode)):
            raise CompressorError(f"{self._shown} is a device or the like; it is not replaced")
        if not self._force:
            raise OutputExistsError(self._shown, status.st_mtime_ns)

    def write(self, data: Bytes) -> None:
        """Write all of ``data``."""
        with _shown_as(self._shown):
            write_full(self.descriptor, data)
        self._hole_at_end = False

    def hole(self, length: int) -> None:
        """Leave a hole of ``length`` bytes."""
        os.lseek(self.descriptor, length, os.SEEK_CUR)
        self._hole_at_end = True

    def commit(
        self, *, mode: int, mtime_ns: int | None, sync: bool, owner: tuple[int, int] | None = None
    ) -> None:
        """Give the file its owner, mode and time, and then its name.

        ``owner`` is user and group; where the group can't be given, its members get no more than
        everybody, and the other way round.

        Raises:
            OutputExistsError: the name was taken meanwhile.
            OSError: the disk is full, or the like.
        """
        with _shown_as(self._shown):
            if self._hole_at_end:
                os.ftruncate(self.descriptor, os.lseek(self.descriptor, 0, os.SEEK_CUR))
            if owner is not None and not self._give_to(*owner):
                mode = without_group(mode)
            os.fchmod(self.descriptor, mode)
            if mtime_ns is not None:
                os.utime(self.descriptor, ns=(mtime_ns, mtime_ns))
            if sync:
                os.fsync(self.descriptor)
            self._rename()
            if sync:
                os.fsync(self._folder)
            self._close()

    def _give_to(self, user: int, group: int) -> bool:
        """Give the file to its owner; say whether its group could be given."""
        now = os.fstat(self.descriptor)
        given = now.st_gid == group
        if not given:
            with suppress(PermissionError):
                os.fchown(self.descriptor, -1, group)
                given = True
        if now.st_uid != user:
            with suppress(PermissionError):
                os.fchown(self.descriptor, user, -1)
        return given

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

    def _close(self) -> None:
        descriptor, self.descriptor = self.descriptor, -1
        os.close(descriptor)

    def abort(self) -> None:
        """Leave nothing; after ``commit`` this finds nothing to do."""
        if self.descriptor >= 0:
            self._close()
        with suppress(FileNotFoundError):
            os.unlink(self._temporary, dir_fd=self._folder)


class DeviceOutput:
    """A device or a FIFO as output: written to as it is, never replaced, its metadata left alone.

    It can hold no holes.
    """

    is_file = False

    def __init__(self, path: Path) -> None:
        self._shown = str(path)
        self.descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)

    def write(self, data: Bytes) -> None:
        """Write all of ``data``."""
        with _shown_as(self._shown):
            write_full(self.descriptor, data)

    def commit(self, **_metadata: object) -> None:
        """Nothing is left to do."""


def write_full(descriptor: int, data: Bytes) -> None:
    """Write all of ``data`` to a descriptor."""
    done = os.write(descriptor, data)
    while done < len(data):
        done += os.write(descriptor, memoryview(data)[done:])


@contextmanager
def opened_output(
    path: Path, *, force: bool, protected: frozenset[Identity] = NOTHING
) -> Iterator[Output | DeviceOutput]:
    """Give an output for ``path``; what is not committed by the end is gone."""
    if _is_device(path):
        device = DeviceOutput(path)
        try:
            yield device
        finally:
            os.close(device.descriptor)
        return
    try:
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except FileNotFoundError:
        raise CompressorError(f"{path}: its folder is not there; make it first") from None
    try:
        output = Output(path.name or ".", folder, str(path), force=force, protected=protected)
        with made(output):
            yield output
    finally:
        os.close(folder)


def _is_device(path: Path) -> bool:
    """Whether it is a character device or a FIFO, by itself or through a link such as /dev/stdout."""
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return False
    return stat.S_ISCHR(mode) or stat.S_ISFIFO(mode)


@contextmanager
def made(output: Output) -> Iterator[None]:
    """Have the file made, and gone by the end if it was not committed."""
    try:  # A signal may come at any point from here on, so that creating the file is inside.
        output.open()
        yield
    finally:
        output.abort()
