# cython: language_level=3, boundscheck=False, wraparound=False
"""Names by what they share with the one before: bytes are compared here, not numbers of Python."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE


def front_coded(names not None) -> tuple:
    cdef list shared = [], rests = []
    cdef bytes before = b"", name
    cdef const char *old
    cdef const char *new
    cdef Py_ssize_t size, most, common
    for name in names:
        if name is None:
            raise TypeError("a name is bytes, not None")
        old, new = PyBytes_AS_STRING(before), PyBytes_AS_STRING(name)
        size = PyBytes_GET_SIZE(name)
        most = min(size, PyBytes_GET_SIZE(before))
        common = 0
        while common < most and old[common] == new[common]:
            common += 1
        shared.append(common)
        rests.append(PyBytes_FromStringAndSize(new + common, size - common))
        before = name
    return shared, rests
