"""Output that the system need not keep in memory: written, then forgotten."""

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from compressor.stages.base import Bytes

STEP = 16 << 20  # bytes between two requests, each of which has the disk begin with what is dirty

Write = Callable[[Bytes], object]


@contextmanager
def written(descriptor: int, write: Write, *, no_cache: bool) -> Iterator[Write]:
    """Give what writes to a file; with ``no_cache`` the system keeps nothing of a regular one in memory.

    Then all is on disk in the end, for the system keeps what is not.
    """
    if not (no_cache and stat.S_ISREG(os.fstat(descriptor).st_mode)):
        yield write
        return
    yield _forgetting(descriptor, write)
    os.fdatasync(descriptor)
    _forget(descriptor)


def _forgetting(descriptor: int, write: Write) -> Write:
    since = 0

    def forgetting(data: Bytes) -> None:
        nonlocal since
        write(data)
        since += len(data)
        if since >= STEP:
            # What is dirty now only begins to be written; the next request drops it.
            _forget(descriptor)
            since = 0

    return forgetting


def _forget(descriptor: int) -> None:
    os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
