# cython: language_level=3, boundscheck=False, wraparound=False
"""Memory of the caller filled while other threads run: first writes to fresh memory take long."""

from libc.stdint cimport uint8_t
from libc.string cimport memcpy, memset


def copy_into(uint8_t[::1] target not None, const uint8_t[::1] source not None) -> None:
    cdef size_t size = target.shape[0]
    if <size_t>source.shape[0] != size:
        raise ValueError(f"{source.shape[0]} bytes do not go into {size}")
    if size:
        with nogil:
            memcpy(&target[0], &source[0], size)


def clear(uint8_t[::1] target not None) -> None:
    cdef size_t size = target.shape[0]
    if size:
        with nogil:
            memset(&target[0], 0, size)
