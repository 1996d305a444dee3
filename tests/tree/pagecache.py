"""What the system has of files in memory."""

import ctypes
import mmap
from pathlib import Path


def cached_bytes(path: str, length: int) -> int:
    """Return how much of a file's first bytes the system has in memory, to the page."""
    pages = -(-length // mmap.PAGESIZE)
    with Path(path).open("rb") as file:
        mapped = mmap.mmap(file.fileno(), length, access=mmap.ACCESS_COPY)
    here = (ctypes.c_char * length).from_buffer(mapped)
    flags = (ctypes.c_ubyte * pages)()
    result = ctypes.CDLL(None, use_errno=True).mincore(ctypes.byref(here), len(mapped), flags)
    del here
    mapped.close()
    assert not result
    return sum(flag & 1 for flag in flags) * mmap.PAGESIZE
