# cython: language_level=3, boundscheck=False, wraparound=False
"""Binding of counts_kernel.h: memory here, arithmetic in C."""

from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.string cimport memset


cdef extern from "counts_kernel.h" nogil:
    enum: COUNTS_PAIRS
    enum: COUNTS_SEEN
    struct counts_found:
        size_t places
        size_t again
    void counts_add_pairs(uint64_t *pairs, const uint8_t *plain, size_t plain_size)
    counts_found counts_repeats(uint32_t *seen, const uint8_t *plain, size_t plain_size)


def pairs(const uint8_t[::1] plain not None) -> memoryview:
    counts = memoryview(bytearray(COUNTS_PAIRS * sizeof(uint64_t))).cast("Q")
    cdef uint64_t[::1] view = counts
    cdef size_t size = plain.shape[0]
    if size:
        with nogil:
            counts_add_pairs(&view[0], &plain[0], size)
    return counts


def repeats(const uint8_t[::1] plain not None) -> tuple[int, int]:
    cdef uint32_t[COUNTS_SEEN] seen
    cdef counts_found found = counts_found(0, 0)
    cdef size_t size = plain.shape[0]
    memset(seen, 0, sizeof(seen))
    if size:
        with nogil:
            found = counts_repeats(seen, &plain[0], size)
    return found.places, found.again
