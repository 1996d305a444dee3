# cython: language_level=3, boundscheck=False, wraparound=False
"""Binding of zeromask_kernel.h: sizes, memory and errors here, arithmetic in C."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from cpython.object cimport PyObject
from libc.stdint cimport uint8_t

from compressor.errors import DamagedError


cdef extern from "Python.h":
    # As in cpython.bytes, but on pointers: the size of the rest is known only after the work.
    PyObject *new_bytes "PyBytes_FromStringAndSize"(const char *text, Py_ssize_t size) except NULL
    char *bytes_data "PyBytes_AS_STRING"(PyObject *text) nogil
    int _PyBytes_Resize(PyObject **text, Py_ssize_t size) except -1
    void Py_DECREF(PyObject *o)


cdef extern from "zeromask_kernel.h" nogil:
    size_t zeromask_mask_size(size_t plain_size, unsigned width)
    size_t zeromask_split(
        uint8_t *mask, uint8_t *rest, const uint8_t *plain, size_t plain_size, unsigned width,
    )
    size_t zeromask_part(
        uint8_t *mask, uint8_t *rest, uint8_t *taken, const uint8_t *plain, size_t plain_size,
        unsigned width, unsigned bits,
    )
    void zeromask_join(
        uint8_t *plain, size_t plain_size, const uint8_t *mask, const uint8_t *rest,
        const uint8_t *taken, unsigned width,
    )
    int zeromask_check(
        const uint8_t *mask, size_t mask_size, size_t rest_size, size_t plain_size, unsigned width,
    )
    void zeromask_merge(
        uint8_t *plain, size_t plain_size, const uint8_t *mask, const uint8_t *rest, unsigned width,
    )


# By the number of the check in docs/format/zeromask.md.
MESSAGES = {
    1: "there is a stream too many or too few",
    2: "the bitmap has the wrong size",
    3: "unused bits of the bitmap are not zero",
    4: "the rest has the wrong size",
    5: "what was taken out has the wrong size",
}


cdef int _check(unsigned width, unsigned bits) except -1:
    if width not in (1, 2, 4, 8) or bits > 64:
        raise ValueError(f"no elements have {width} bytes, or {bits} low bits")
    return 0


def split(const uint8_t[::1] plain not None, unsigned width, unsigned bits=0) -> list:
    _check(width, bits)
    cdef size_t plain_size = plain.shape[0], rest_size
    cdef const uint8_t *data = &plain[0] if plain_size else <const uint8_t *><const char *>b""
    mask = PyBytes_FromStringAndSize(NULL, zeromask_mask_size(plain_size, width))
    cdef uint8_t *mask_data = <uint8_t *>PyBytes_AS_STRING(mask)
    cdef PyObject *rest = NULL
    cdef PyObject *taken = NULL
    try:
        rest = new_bytes(NULL, plain_size)
        taken = new_bytes(NULL, plain_size if bits else 0)
        with nogil:
            if bits:
                rest_size = zeromask_part(
                    mask_data, <uint8_t *>bytes_data(rest), <uint8_t *>bytes_data(taken), data,
                    plain_size, width, bits,
                )
            else:
                rest_size = zeromask_split(
                    mask_data, <uint8_t *>bytes_data(rest), data, plain_size, width
                )
        _PyBytes_Resize(&rest, rest_size)
        if not bits:
            return [mask, <bytes>rest]
        _PyBytes_Resize(&taken, plain_size - rest_size)
        return [mask, <bytes>rest, <bytes>taken]
    finally:
        if rest is not NULL:
            Py_DECREF(rest)
        if taken is not NULL:
            Py_DECREF(taken)


def merge(streams, size_t plain_size, unsigned width, unsigned bits=0) -> bytes:
    _check(width, bits)
    cdef tuple all_ = tuple(streams)
    if len(all_) != (3 if bits else 2):
        raise _damaged(1)
    cdef const uint8_t[::1] mask = all_[0], rest = all_[1], taken = all_[2] if bits else b""
    cdef size_t mask_size = mask.shape[0], rest_size = rest.shape[0], taken_size = taken.shape[0]
    cdef const uint8_t *none = <const uint8_t *><const char *>b""
    cdef const uint8_t *mask_data = &mask[0] if mask_size else NULL
    cdef const uint8_t *rest_data = &rest[0] if rest_size else none
    cdef const uint8_t *taken_data = &taken[0] if taken_size else none
    cdef int result
    with nogil:
        result = zeromask_check(mask_data, mask_size, rest_size, plain_size, width)
    if result:
        raise _damaged(result)
    if bits and taken_size != plain_size - rest_size:
        raise _damaged(5)
    plain = PyBytes_FromStringAndSize(NULL, plain_size)
    cdef uint8_t *data = <uint8_t *>PyBytes_AS_STRING(plain)
    with nogil:
        if bits:
            zeromask_join(data, plain_size, mask_data, rest_data, taken_data, width)
        else:
            zeromask_merge(data, plain_size, mask_data, rest_data, width)
    return plain


def _damaged(int check):
    return DamagedError(f"masked zeros are damaged: {MESSAGES[check]} (ZM-{check:03})")
