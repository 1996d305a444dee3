"""An archive as its readers have it: without what an append that is under way has written so far.

An append holds the lock of the file (``archivefile.locked``) for as long as its version lacks its end. So
an end that is missing while the lock is held is no damage: the version before is what there is to read.
Where nobody holds it, the end stays missing, for the reader to tell.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, cast

from compressor.archive.ending import last_end
from compressor.archive.index import is_ended
from compressor.archive.source import FileFrom, RandomSource


def settled(file: BinaryIO) -> BinaryIO:
    """Return a regular file from its position on, as it is now; what is appended later is not seen.

    Most often that costs a look at the last 64 bytes; while an append is under way, one at each header.
    """
    view = FileFrom(file)
    source = _source_of(view)
    size = source.size
    if not is_ended(source):
        with _probed(file) as free:
            source = _source_of(view)  # the append may have ended meanwhile
            size = source.size
        if not free:
            size = last_end(source) or size
    view.seek(0)
    return cast("BinaryIO", FileFrom(file, size))


def _source_of(view: FileFrom) -> RandomSource:
    return RandomSource(cast("BinaryIO", view))


@contextmanager
def _probed(file: BinaryIO) -> Iterator[bool]:
    """Say whether nobody changes the file; then nobody does as long as this lasts.

    It is opened once more, for a lock of the caller's own on ``file`` would be given up with this one.
    """
    try:
        descriptor = os.open(f"/proc/self/fd/{file.fileno()}", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:  # a file that may be read by this descriptor only; or no /proc
        yield True
        return
    try:
        yield _locked(descriptor)
    finally:
        os.close(descriptor)


def _locked(descriptor: int) -> bool:
    """Take the lock that readers may share, if it can be had at once; say whether it could."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        return True
    return True
