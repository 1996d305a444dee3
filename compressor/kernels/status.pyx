# cython: language_level=3, boundscheck=False, wraparound=False
"""Binding of status_kernel.h: errors here, calls of the system in C, while other threads run."""

from cpython.exc cimport PyErr_SetFromErrnoWithFilenameObject
from libc cimport errno
from libc.stdint cimport int64_t
from libc.string cimport strlen


cdef extern from "status_kernel.h" nogil:
    ctypedef struct status_found:
        unsigned long long device, inode, links, special
        unsigned int mode, user, group
        int nanoseconds
        int64_t seconds, size, blocks
        int bare
    int status_look(int folder, const char *name, bint follow, status_found *found)


cdef int64_t SECOND = 1_000_000_000  # nanoseconds
cdef int64_t SECONDS_MOST = 9_000_000_000  # of which the nanoseconds are a number of 64 bits


cdef class Status:
    cdef status_found _found

    @property
    def st_mode(self):
        return self._found.mode

    @property
    def st_ino(self):
        return self._found.inode

    @property
    def st_dev(self):
        return self._found.device

    @property
    def st_nlink(self):
        return self._found.links

    @property
    def st_uid(self):
        return self._found.user

    @property
    def st_gid(self):
        return self._found.group

    @property
    def st_size(self):
        return self._found.size

    @property
    def st_blocks(self):
        return self._found.blocks

    @property
    def st_rdev(self):
        return self._found.special

    @property
    def st_mtime_ns(self):
        if -SECONDS_MOST < self._found.seconds < SECONDS_MOST:
            return self._found.seconds * SECOND + self._found.nanoseconds
        return <object>self._found.seconds * 1_000_000_000 + self._found.nanoseconds

    @property
    def bare(self):
        return self._found.bare != 0


def look(int folder, bytes name not None, *, bint follow=False):
    cdef Status status = Status.__new__(Status)
    cdef const char *path = name
    if strlen(path) != <size_t>len(name):
        raise ValueError("no file has such a name")
    cdef int failed
    with nogil:
        failed = status_look(folder, path, follow, &status._found)
    if failed:
        errno.errno = failed
        PyErr_SetFromErrnoWithFilenameObject(OSError, name)
    return status
