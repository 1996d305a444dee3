"""Files to be written: under a temporary name until they are whole, then renamed."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import BinaryIO, cast

from msgspec import Struct

from compressor.errors import CompressorError, OutputExistsError, OutputRefusedError
from compressor.kernels.status import Status
from compressor.stages.base import Bytes
from compressor.tree.outfolders import open_folder, sync_folder
from compressor.tree.permissions import without_group

Identity = tuple[int, int]
"""Device and inode."""

NOTHING: frozenset[Identity] = frozenset()

_USUAL_LONGEST = 255  # bytes of a name; whether a longer one can be had, ``stat`` says at once


def identity_in(status: os.stat_result | Status) -> Identity:
    """Return device and inode of a file, by what the system said of it."""
    return status.st_dev, status.st_ino


def identity_of(descriptor: int) -> Identity:
    """Return device and inode of an open file."""
    return identity_in(os.fstat(descriptor))


class _ShownAs:
    """Have errors of the system name the output, not its temporary name or nothing."""

    def __init__(self, shown: str) -> None:
        self._shown = shown

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, OSError):
            error.filename, error.filename2 = self._shown, None


class Replacing(Struct, frozen=True):
    """What an output may replace; ``protected`` files never, whatever ``force`` says: the run's inputs."""

    force: bool = False
    protected: frozenset[Identity] = NOTHING

    def check(self, shown: str, status: os.stat_result) -> None:
        """Raise an error if what is there, under the name ``shown``, must stay."""
        if identity_in(status) in self.protected:
            raise OutputRefusedError(f"{shown} is an input; name another output")
        if stat.S_ISDIR(status.st_mode):
            raise OutputRefusedError(f"{shown} is a folder; name a file")
        if not (stat.S_ISREG(status.st_mode) or stat.S_ISLNK(status.st_mode)):
            raise OutputRefusedError(f"{shown} is a device or the like; it is not replaced")
        if not self.force:
            raise OutputExistsError(shown, status.st_mtime_ns)


_UNIQUE = count(int.from_bytes(os.urandom(5)))  # other machines may write to the same folder


_NAMELESS: dict[int, bool] = {}
"""Devices, and whether a file that is made without a name can get one there."""


def temporary_for(name: bytes) -> bytes:
    """Return what a file may be called until it is whole and takes its name."""
    start = name[:200].decode(errors="ignore").encode()  # some file systems want whole letters
    return b".%b.%x.%x.part" % (start, os.getpid(), next(_UNIQUE))


class Place:
    """A name in an open folder, for something new that is made under ``temporary`` and then takes it.

    Neither step follows a link. ``shown`` is the name for people.
    """

    def __init__(self, name: bytes, folder: int, shown: str, replacing: Replacing) -> None:
        self.name = name
        self.folder = folder
        self.shown = shown
        self._replacing = replacing
        self.temporary = temporary_for(name)

    def existing(self) -> os.stat_result | None:
        """Return the status of what has the name now."""
        if len(self.name) <= _USUAL_LONGEST and not os.access(
            self.name, os.F_OK, dir_fd=self.folder, follow_symlinks=False
        ):
            return None  # most often; found without the cost of an exception
        with suppress(FileNotFoundError):
            return os.stat(self.name, dir_fd=self.folder, follow_symlinks=False)
        return None

    def check(self) -> None:
        """Raise an error if the name is taken by something that must not be replaced."""
        status = self.existing()
        if status is not None:
            self._replacing.check(self.shown, status)

    def take(self) -> None:
        """Give what was made its name.

        Raises:
            OutputExistsError: the name was taken meanwhile.
        """
        folder, old, new = self.folder, self.temporary, self.name
        if self._replacing.force:
            os.replace(old, new, src_dir_fd=folder, dst_dir_fd=folder)
            return
        try:  # A link, unlike a rename, never overwrites what came meanwhile.
            os.link(old, new, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
        except FileExistsError:
            raise OutputExistsError(self.shown) from None
        except OSError:  # a file system without hard links
            self.check()
            os.replace(old, new, src_dir_fd=folder, dst_dir_fd=folder)
            return
        os.unlink(old, dir_fd=folder)

    def open_named(self) -> int:
        """Create a file under the temporary name."""
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
        return os.open(self.temporary, flags, 0o600, dir_fd=self.folder)

    def open_nameless(self) -> int:
        """Create a file that has no name yet; not every file system has such."""
        return os.open(b".", os.O_RDWR | os.O_TMPFILE | os.O_CLOEXEC, 0o600, dir_fd=self.folder)

    def takes_nameless(self) -> bool:
        """Say whether such a file can get a name afterwards: tried once for each device."""
        device = os.fstat(self.folder).st_dev
        if device not in _NAMELESS:
            _NAMELESS[device] = False
            with suppress(OSError):
                descriptor = self.open_nameless()
                try:
                    self._link(descriptor, self.temporary)
                finally:
                    os.close(descriptor)
                os.unlink(self.temporary, dir_fd=self.folder)
                _NAMELESS[device] = True
        return _NAMELESS[device]

    def _link(self, descriptor: int, name: bytes) -> None:
        way = b"/proc/self/fd/%d" % descriptor
        os.link(way, name, dst_dir_fd=self.folder, follow_symlinks=True)

    def take_nameless(self, descriptor: int) -> None:
        """Give a file that has no name the one that is for it; it has another only while it replaces a file.

        Raises:
            OutputExistsError: the name was taken meanwhile.
        """
        try:
            self._link(descriptor, self.name)
        except FileExistsError:
            if not self._replacing.force:
                raise OutputExistsError(self.shown) from None
            self._link(descriptor, self.temporary)
            self.take()

    def clear(self) -> None:
        """Leave nothing under the temporary name; where nothing can be removed, nothing was made."""
        with suppress(OSError):
            os.unlink(self.temporary, dir_fd=self.folder)


@contextmanager
def cleared(place: Place) -> Iterator[None]:
    """Leave nothing under a place's temporary name in the end."""
    try:
        yield
    finally:
        place.clear()


class Output:
    """A file that appears in its place when ``commit`` is called, and leaves nothing otherwise."""

    is_file = True

    def __init__(self, place: Place) -> None:
        self._place = place
        self._shown_as = _ShownAs(place.shown)
        self._appeared = False
        self._nameless = False
        self.descriptor = -1

    def open(self, *, nameless: bool = False) -> None:
        """Create the file, readable by nobody else, under its temporary name.

        ``nameless``: without any, where that can be had; then even a process that is killed leaves nothing.
        """
        with self._shown_as:
            place = self._place
            self._nameless = nameless and place.takes_nameless()
            self.descriptor = place.open_nameless() if self._nameless else place.open_named()

    def itself(self) -> frozenset[Identity]:
        """Return the file that is written, and what has its name until then."""
        there = self._place.existing()
        return frozenset({identity_of(self.descriptor), *([identity_in(there)] if there else [])})

    def write(self, data: Bytes) -> None:
        """Write all of ``data``."""
        with self._shown_as:
            write_full(self.descriptor, data)

    @contextmanager
    def reading(self) -> Iterator[BinaryIO]:
        """Give what was written so far as a file of its own."""
        with os.fdopen(os.open(f"/proc/self/fd/{self.descriptor}", os.O_RDONLY), "rb", 0) as file:
            yield cast("BinaryIO", file)

    def hole(self, length: int) -> None:
        """Leave a hole of ``length`` bytes."""
        with self._shown_as:
            os.ftruncate(self.descriptor, os.lseek(self.descriptor, length, os.SEEK_CUR))

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
        with self._shown_as:
            if owner is not None and not self._give_to(*owner):
                mode = without_group(mode)
            os.fchmod(self.descriptor, mode)
            if mtime_ns is not None:
                os.utime(self.descriptor, ns=(mtime_ns, mtime_ns))
        self.appear(sync=sync)

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

    def appear(self, *, sync: bool) -> None:
        """Give the file its name, as it is.

        Raises:
            OutputExistsError: the name was taken meanwhile.
            OSError: the disk is full, or the like.
        """
        with self._shown_as:
            if sync:
                os.fsync(self.descriptor)
            if self._nameless:
                self._place.take_nameless(self.descriptor)
            else:
                self._place.take()
            self._appeared = True
            if sync:
                sync_folder(self._place.folder)
            self._close()

    def _close(self) -> None:
        descriptor, self.descriptor = self.descriptor, -1
        os.close(descriptor)

    def abort(self) -> None:
        """Leave nothing; after the file has appeared this finds nothing to do."""
        if self.descriptor >= 0:
            self._close()
        if not self._appeared:
            self._place.clear()


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
        with _ShownAs(self._shown):
            write_full(self.descriptor, data)

    def commit(self, **_metadata: object) -> None:
        """Nothing is left to do."""


def make_folder(path: Path) -> None:
    """Make a folder that outputs go to, and those above it, where they are not there.

    Raises:
        CompressorError: it is something else.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise CompressorError(f"{path} is not a folder; name one") from None


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
    folder = open_folder(path)
    try:
        place = Place(os.fsencode(path.name or "."), folder, str(path), Replacing(force, protected))
        with _ShownAs(str(path)):
            place.check()
        output = Output(place)
        try:  # A signal may come at any point from here on, so that creating the file is inside.
            output.open(nameless=True)
            yield output
        finally:
            output.abort()
    finally:
        os.close(folder)


def _is_device(path: Path) -> bool:
    """Whether it is a character device or a FIFO, by itself or through a link such as /dev/stdout."""
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return False
    return stat.S_ISCHR(mode) or stat.S_ISFIFO(mode)
