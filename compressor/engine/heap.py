"""The C library's heap: memory that was freed stays with a process that soon takes as much again."""

import sys
from contextlib import suppress

SMALL_RUN = 16 << 20  # bytes to be packed or unpacked; less ends before this pays

# M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX of malloc.h.
_TRIM, _OWN_PAGES, _HEAPS = -1, -3, -8
_BLOCK = 9 << 20  # bytes; the blocks of most chains have 8 MiB or less, and some bytes around
_KEPT = 32 << 20  # bytes at the end of the heap; INTERPRETER in limits.py has room for them


def keep_freed(size: int | None) -> None:
    """Have freed blocks kept for the next ones: fresh pages cost a third of the time of fast chains.

    ``size`` is the bytes to be packed or unpacked, None where that is not known: for few it does nothing.
    For programs that are ours alone: it holds for the whole process. Other C libraries than glibc
    have no such settings, and none are made.
    """
    if (size is not None and size < SMALL_RUN) or not sys.platform.startswith("linux"):
        return
    import ctypes  # 2 ms: what is small does without

    with suppress(AttributeError, OSError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_HEAPS, 1)  # what one thread frees, the next takes
        mallopt(_OWN_PAGES, _BLOCK)
        mallopt(_TRIM, _KEPT)
