"""Files to be packed: opened once, looked at by descriptor, read in blocks, holes left out."""

import errno
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

from compressor.errors import CompressorError
from compressor.tree.outputs import Identity, identity_in

READ_MOST = 1 << 30  # bytes; one call of Linux reads about 2 GiB at most, whatever is asked for
MIN_HOLE = 64 << 10  # bytes; a smaller hole costs less as zeros than as a cut in a block


class InputError(CompressorError):
    """An input that can't be read as asked; the message names it."""


class Hole(Struct, frozen=True):
    """``length`` zero bytes that a file does not store."""

    length: int


class Input(Struct, frozen=True):
    """An open input: ``stat`` is what it was when it was opened, ``regular`` whether it is a regular file.

    ``no_cache``: the system is asked to forget what was read of it, so that whatever else runs here
    keeps its own files in memory.
    """

    descriptor: int
    stat: os.stat_result
    regular: bool
    no_cache: bool = False

    @property
    def identity(self) -> Identity:
        """Device and inode: two names of one file have one identity."""
        return identity_in(self.stat)

    def changed(self) -> bool:
        """Whether a regular file was written to since it was opened."""
        now, then = os.fstat(self.descriptor), self.stat
        unchanged = now.st_mtime_ns == then.st_mtime_ns and now.st_size == then.st_size
        return self.regular and not unchanged

    def holds(self, size: int, digest: bytes) -> bool:
        """Say whether the content has this size and BLAKE3; reading begins at its start again."""
        if self.stat.st_size != size or not self.regular:
            return False
        from blake3 import blake3  # imported late: most runs hash elsewhere, or nothing

        found = blake3()
        for piece in self._blocks(None, 1 << 20):
            found.update(piece)
        os.lseek(self.descriptor, 0, os.SEEK_SET)
        return found.digest() == digest

    def remove(self, path: Path) -> str | None:
        """Remove ``path`` if it still names this very file, unchanged; return why not, if it is kept."""
        try:
            now = path.lstat()
        except FileNotFoundError:
            return "is gone already"
        if not stat.S_ISREG(now.st_mode):
            return f"is {_KINDS.get(stat.S_IFMT(now.st_mode), 'no file')}; it is kept"
        if _state(now) != _state(self.stat):
            return "changed meanwhile; it is kept"
        try:
            path.unlink()
        except OSError as error:
            return f"can't be removed ({error.strerror}); it is kept"
        return None

    @property
    def sparse(self) -> bool:
        """Whether a regular file has holes, or may have."""
        return self.regular and self.stat.st_blocks * 512 < self.stat.st_size

    @property
    def whole_on_disk(self) -> bool:
        """Whether a regular file has no holes; one that the file system packs takes less, too."""
        if not self.sparse:
            return self.regular
        at = os.lseek(self.descriptor, 0, os.SEEK_CUR)
        try:
            return _seek(self.descriptor, 0, os.SEEK_HOLE, self.stat.st_size) == self.stat.st_size
        finally:
            os.lseek(self.descriptor, at, os.SEEK_SET)

    def whole(self, most: int) -> bytearray | None:
        """Return the content, from the start on, of a file without holes; None if it is more than ``most``.

        Then reading begins at its start again.
        """
        size = self.stat.st_size
        if size > most or self.sparse or not self.regular:
            return None
        block = bytearray(size + 1)
        filled = self._fill(block)
        if filled == len(block):  # it has grown
            os.lseek(self.descriptor, 0, os.SEEK_SET)
            return None
        del block[filled:]
        return block

    @property
    def at_start(self) -> bool:
        """Whether reading a regular file begins at its start: stdin may be handed over anywhere."""
        return os.lseek(self.descriptor, 0, os.SEEK_CUR) == 0

    def look(self, offset: int, length: int) -> bytes:
        """Return bytes from anywhere in a regular file, fewer where it ends; reading goes on as before.

        Raises:
            InputError: they can't be read.
        """
        try:
            return os.pread(self.descriptor, length, offset)
        except OSError as error:
            raise InputError(f"can't be read: {error.strerror}") from error

    def take(self, size: int) -> bytes | bytearray:
        """Return the next bytes, fewer where it ends: of a regular file by one call, into fresh memory.

        Raises:
            InputError: they can't be read.
        """
        if not self.regular or size > READ_MOST:
            block = bytearray(size)
            filled = self._fill(block)
            del block[filled:]
            return block
        try:
            data = os.read(self.descriptor, size)
            if self.no_cache:
                self._forget(at_end=len(data) < size)
        except OSError as error:
            raise InputError(f"can't be read: {error.strerror}") from error
        return data

    def pieces(self, block_size: int) -> Iterator[bytes | bytearray | Hole]:
        """Yield the content from here on in blocks; a block ends early at a hole and at the end."""
        if not self.sparse or os.lseek(self.descriptor, 0, os.SEEK_CUR):
            yield from self._blocks(None, block_size)
            return
        for begin, end, is_data in _layout(self.descriptor, self.stat.st_size):
            if is_data:
                os.lseek(self.descriptor, begin, os.SEEK_SET)
                yield from self._blocks(end - begin, block_size)
            else:
                yield Hole(end - begin)
        os.lseek(self.descriptor, self.stat.st_size, os.SEEK_SET)
        yield from self._blocks(None, block_size)  # what was added while it was read

    def _blocks(self, length: int | None, block_size: int) -> Iterator[bytes | bytearray]:
        left = length
        expected = max(self.stat.st_size, 1 << 16) + 1 if self.regular else block_size
        while left is None or left > 0:
            size = min(block_size, expected if left is None else left)
            block = self.take(size)
            if block:
                yield block
            if len(block) < size:
                return
            left = None if left is None else left - size
            expected = block_size

    def _fill(self, block: bytearray) -> int:
        try:
            filled = read_full(self.descriptor, block, short_is_end=self.regular)
            if self.no_cache and self.regular:
                self._forget(at_end=filled < len(block))
        except OSError as error:
            raise InputError(f"can't be read: {error.strerror}") from error
        return filled

    def _forget(self, *, at_end: bool) -> None:
        """Have the system drop what was read. From 0 on, since pages may be larger than a block."""
        read = 0 if at_end else os.lseek(self.descriptor, 0, os.SEEK_CUR)  # 0: all there is
        os.posix_fadvise(self.descriptor, 0, read, os.POSIX_FADV_DONTNEED)


def _state(status: os.stat_result) -> tuple[int, ...]:
    return (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def read_full(descriptor: int, block: bytearray, *, short_is_end: bool = False) -> int:
    """Fill ``block`` from the descriptor; return how many bytes there were before the end.

    ``short_is_end``: what gives less than asked for has ended, as regular files do.
    """
    filled = os.readv(descriptor, [block])
    if filled in (0, len(block)) or (short_is_end and filled < READ_MOST):
        return filled
    with memoryview(block) as view:
        while filled < len(block) and (count := os.readv(descriptor, [view[filled:]])):
            filled += count
    return filled


def _layout(descriptor: int, size: int) -> Iterator[tuple[int, int, bool]]:
    """Yield (begin, end, is data) over a sparse file; small holes count as data."""
    begin = at = 0
    while at < size:
        hole = _seek(descriptor, at, os.SEEK_HOLE, size)
        data = _seek(descriptor, hole, os.SEEK_DATA, size)
        if data - hole >= MIN_HOLE:
            if hole > begin:
                yield begin, hole, True
            yield hole, data, False
            begin = data
        at = data
    if begin < size:
        yield begin, size, True


def _seek(descriptor: int, at: int, whence: int, size: int) -> int:
    try:
        return min(os.lseek(descriptor, at, whence), size)
    except OSError as error:
        if error.errno == errno.ENXIO:  # nothing of that kind follows
            return size
        raise


def open_input(path: Path, *, follow: bool) -> Input:
    """Open a file to be packed.

    ``follow`` permits what is refused otherwise: links, FIFOs and devices.

    Raises:
        InputError: it is a folder, or one of these.
        OSError: it can't be opened.
    """
    status = path.lstat()
    if stat.S_ISDIR(status.st_mode):
        raise InputError("is a folder, not a file")
    if not follow and not stat.S_ISREG(status.st_mode):
        raise InputError(f"is {_KINDS.get(stat.S_IFMT(status.st_mode), 'no file')}; -f reads it")
    flags = os.O_RDONLY | os.O_CLOEXEC | (0 if follow else os.O_NOFOLLOW | os.O_NONBLOCK)
    descriptor = os.open(path, flags)
    status = os.fstat(descriptor)
    if stat.S_ISDIR(status.st_mode) or not (follow or stat.S_ISREG(status.st_mode)):
        os.close(descriptor)
        if follow:
            raise InputError("leads to a folder; name that, or take links with --follow-links")
        raise InputError("became something else while it was opened")
    return Input(descriptor, status, stat.S_ISREG(status.st_mode))


_KINDS = {
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def file_identities(paths: Iterable[Path]) -> frozenset[Identity]:
    """Return device and inode of all regular files that are at the paths: no output may replace them."""
    found = set()
    for path in paths:
        with suppress(OSError):
            status = path.stat()
            if stat.S_ISREG(status.st_mode):
                found.add(identity_in(status))
    return frozenset(found)


def descriptor_input(descriptor: int) -> Input:
    """Return an open descriptor, such as stdin, as an input."""
    status = os.fstat(descriptor)
    return Input(descriptor, status, stat.S_ISREG(status.st_mode))
