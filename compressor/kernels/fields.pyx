# cython: language_level=3, boundscheck=False, wraparound=False
"""Binding of fields_kernel.h: sizes, memory and errors here, arithmetic in C."""

from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from libc.stdint cimport uint8_t

from compressor.errors import DamagedError


cdef extern from "fields_kernel.h" nogil:
    enum:
        FIELDS_MAX
        FIELDS_SIZE_MAX
    size_t fields_stream_size(
        size_t plain_size, const size_t *sizes, unsigned count, unsigned stream,
    )
    void fields_split(
        uint8_t **streams, const uint8_t *plain, size_t plain_size,
        const size_t *sizes, unsigned count,
    )
    void fields_merge(
        uint8_t *plain, size_t plain_size, const uint8_t **streams,
        const size_t *sizes, unsigned count,
    )


# By the number of the check in docs/format/fields.md.
MESSAGES = {
    1: "there is a stream too many or too few",
    2: "a stream has the wrong size",
}


cdef unsigned _sizes(given, size_t *sizes) except 0:
    cdef tuple inner = tuple(given)  # its length stays what it is
    if not 0 < len(inner) <= FIELDS_MAX:
        raise ValueError(f"no records have {len(inner)} fields")
    for number, size in enumerate(inner):
        if not 0 < size <= FIELDS_SIZE_MAX:
            raise ValueError(f"no fields have {size} bytes")
        sizes[number] = size
    return len(inner)


def split(const uint8_t[::1] plain not None, sizes) -> list:
    cdef size_t found[FIELDS_MAX]
    cdef unsigned count = _sizes(sizes, found), number
    cdef size_t plain_size = plain.shape[0]
    cdef const uint8_t *data = &plain[0] if plain_size else <const uint8_t *><const char *>b""
    cdef uint8_t *outputs[FIELDS_MAX]
    streams = []
    for number in range(count):
        stream = PyBytes_FromStringAndSize(
            NULL, fields_stream_size(plain_size, found, count, number)
        )
        outputs[number] = <uint8_t *>PyBytes_AS_STRING(stream)
        streams.append(stream)
    with nogil:
        fields_split(outputs, data, plain_size, found, count)
    return streams


def merge(streams, size_t plain_size, sizes) -> bytes:
    cdef size_t found[FIELDS_MAX]
    cdef unsigned count = _sizes(sizes, found), held = 0, number
    cdef Py_buffer views[FIELDS_MAX]
    cdef const uint8_t *inputs[FIELDS_MAX]
    cdef uint8_t *data
    cdef tuple inner = tuple(streams)
    if <unsigned>len(inner) != count:
        raise _damaged(1)
    try:
        for stream in inner:
            PyObject_GetBuffer(stream, &views[held], PyBUF_SIMPLE)
            inputs[held] = <const uint8_t *>views[held].buf
            held += 1
            if <size_t>views[held - 1].len != fields_stream_size(
                plain_size, found, count, held - 1
            ):
                raise _damaged(2)
        plain = PyBytes_FromStringAndSize(NULL, plain_size)
        data = <uint8_t *>PyBytes_AS_STRING(plain)
        with nogil:
            fields_merge(data, plain_size, inputs, found, count)
        return plain
    finally:
        for number in range(held):
            PyBuffer_Release(&views[number])


def _damaged(int check):
    return DamagedError(f"fields are damaged: {MESSAGES[check]} (FI-{check:03})")
