# cython: language_level=3, boundscheck=False, wraparound=False
"""Binding of smallfile_kernel.h: memory here, calls of the system in C, while other threads run."""

from cpython.bytearray cimport (
    PyByteArray_AS_STRING, PyByteArray_FromStringAndSize, PyByteArray_Resize,
)
from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t, uint64_t


cdef extern from "smallfile_kernel.h" nogil:
    ctypedef struct smallfile_identity:
        uint64_t device
        uint64_t inode
    ctypedef struct smallfile_attributes:
        uint32_t user
        uint32_t group
        uint32_t mode
        int has_time
        int64_t seconds
        int32_t nanoseconds
    int smallfile_read(
        int folder, const char *name, smallfile_identity identity, uint8_t *buffer, size_t size,
    )
    int smallfile_make(
        int folder, const char *temporary, const char *name, const uint8_t *content, size_t size,
        const smallfile_attributes *attributes, smallfile_identity *identity,
    )


KEEP = (1 << 32) - 1


def read(int folder, bytes name not None, tuple identity not None, Py_ssize_t size):
    cdef smallfile_identity wanted
    wanted.device, wanted.inode = identity
    if size < 0 or b"\0" in name:
        raise ValueError("no file has such a name, or so many bytes")
    content = PyByteArray_FromStringAndSize(NULL, size + 1)
    cdef uint8_t *buffer = <uint8_t *>PyByteArray_AS_STRING(content)
    cdef const char *path = name
    cdef int failed
    with nogil:
        failed = smallfile_read(folder, path, wanted, buffer, size)
    if failed:
        return None
    PyByteArray_Resize(content, size)
    return content


def make(int folder, tuple names not None, content not None, tuple owner not None, int mode, time):
    cdef bytes temporary, name
    temporary, name = names
    if b"\0" in temporary or b"\0" in name:
        raise ValueError("no file has such a name")
    cdef const char *first = temporary
    cdef const char *last = name
    cdef const uint8_t[::1] view = content
    cdef size_t size = view.shape[0]
    cdef const uint8_t *plain = &view[0] if size else NULL
    cdef smallfile_attributes attributes
    attributes.user, attributes.group = owner
    attributes.mode = mode
    attributes.has_time = time is not None
    if time is not None:
        attributes.seconds, attributes.nanoseconds = divmod(time, 1_000_000_000)
    cdef smallfile_identity identity
    cdef int failed
    with nogil:
        failed = smallfile_make(folder, first, last, plain, size, &attributes, &identity)
    return None if failed else (identity.device, identity.inode)
