# cython: language_level=3, boundscheck=False, wraparound=False
"""What bindings share: bytes as pointers, and memory for a call."""

from cpython.bytearray cimport PyByteArray_AS_STRING, PyByteArray_FromStringAndSize
from cpython.bytes cimport PyBytes_FromStringAndSize
from libc.stdint cimport uint8_t


cdef inline const uint8_t *start_of(const uint8_t[::1] view) noexcept:
    # Never NULL, which memcpy() must not be given, even for no bytes.
    return &view[0] if view.shape[0] else <const uint8_t *><const char *>b""


cdef inline const uint8_t *exactly(const uint8_t[::1] view, size_t size) except? NULL:
    # As start_of(), of so many bytes: kernels trust it.
    if <size_t>view.shape[0] != size:
        raise ValueError(f"{view.shape[0]} bytes are given where {size} are needed")
    return start_of(view)


cdef inline bytearray room_of(size_t size):
    # Holds anything. Freed with the object, so that no path forgets to.
    return PyByteArray_FromStringAndSize(NULL, size)


cdef inline uint8_t *within(bytearray room) noexcept:
    return <uint8_t *>PyByteArray_AS_STRING(room)


cdef inline bytes taken(bytearray room, size_t at, size_t size):
    return PyBytes_FromStringAndSize(PyByteArray_AS_STRING(room) + at, size)
