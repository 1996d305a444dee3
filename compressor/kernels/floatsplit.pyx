# cython: language_level=3, boundscheck=False, wraparound=False
"""Binding of floatsplit_kernel.h: sizes, memory and errors here, arithmetic in C."""

from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from cpython.pycapsule cimport PyCapsule_New
from libc.stdint cimport uint8_t, uint64_t

from compressor.errors import DamagedError
from compressor.kernels.wanted cimport wanted_form


cdef extern from "floatsplit_kernel.h" nogil:
    enum:
        FLOATSPLIT_WIDTH_MAX
    struct floatsplit_path:
        pass
    struct floatsplit_layout:
        unsigned width
        unsigned rotation
        uint64_t offset
    struct floatsplit_calls_t "floatsplit_calls":
        pass
    const floatsplit_calls_t calls "floatsplit_calls"
    const floatsplit_path *floatsplit_path_named(const char *name)
    const char *floatsplit_path_name(const floatsplit_path *path)
    size_t floatsplit_stream_size(size_t plain_size, unsigned width, unsigned stream)
    void floatsplit_split(
        uint8_t **streams, const uint8_t *plain, size_t plain_size, floatsplit_layout layout,
        const floatsplit_path *path,
    )
    void floatsplit_merge(
        uint8_t *plain, size_t plain_size, const uint8_t **streams, floatsplit_layout layout,
        const floatsplit_path *path,
    )


# By the number of the check in docs/format/floatsplit.md.
MESSAGES = {
    1: "there is a stream too many or too few",
    2: "a stream has the wrong size",
}


def _has(bytes form) -> bool:
    return floatsplit_path_named(form) is not NULL


cdef const floatsplit_path *_path() except NULL:
    cdef const floatsplit_path *path = floatsplit_path_named(wanted_form())
    if path is NULL:
        from compressor.kernels.forms import not_here  # only for that

        raise not_here(_has)
    return path


# For other kernels, by PyCapsule_Import().
CALLS = PyCapsule_New(<void *>&calls, "compressor.kernels.floatsplit.CALLS", NULL)


def kernel_name() -> str:
    return floatsplit_path_name(_path()).decode()


cdef floatsplit_layout _layout(words) except *:
    cdef floatsplit_layout layout
    layout.width, layout.rotation, layout.offset = words
    if layout.width not in (1, 2, 4, 8) or not 0 < layout.rotation < 8 * layout.width:
        raise ValueError(
            f"no words have {layout.width} bytes and are rotated by {layout.rotation} bits"
        )
    return layout


def split(const uint8_t[::1] plain not None, words) -> list:
    cdef const floatsplit_path *path = _path()
    cdef floatsplit_layout layout = _layout(words)
    cdef size_t plain_size = plain.shape[0]
    cdef const uint8_t *data = &plain[0] if plain_size else NULL
    cdef uint8_t *outputs[FLOATSPLIT_WIDTH_MAX]
    cdef unsigned number
    streams = []
    for number in range(layout.width):
        stream = PyBytes_FromStringAndSize(
            NULL, floatsplit_stream_size(plain_size, layout.width, number)
        )
        outputs[number] = <uint8_t *>PyBytes_AS_STRING(stream)
        streams.append(stream)
    with nogil:
        floatsplit_split(outputs, data, plain_size, layout, path)
    return streams


def merge(streams, size_t plain_size, words) -> bytes:
    cdef const floatsplit_path *path = _path()
    cdef floatsplit_layout layout = _layout(words)
    cdef Py_buffer views[FLOATSPLIT_WIDTH_MAX]
    cdef const uint8_t *inputs[FLOATSPLIT_WIDTH_MAX]
    cdef unsigned held = 0, number
    cdef size_t stream_size
    cdef uint8_t *data
    cdef tuple inner = tuple(streams)  # its length stays what it is
    if len(inner) != layout.width:
        raise _damaged(1)
    try:
        for stream in inner:
            PyObject_GetBuffer(stream, &views[held], PyBUF_SIMPLE)
            inputs[held] = <const uint8_t *>views[held].buf
            stream_size = floatsplit_stream_size(plain_size, layout.width, held)
            held += 1
            if <size_t>views[held - 1].len != stream_size:
                raise _damaged(2)
        plain = PyBytes_FromStringAndSize(NULL, plain_size)
        data = <uint8_t *>PyBytes_AS_STRING(plain)
        with nogil:
            floatsplit_merge(data, plain_size, inputs, layout, path)
        return plain
    finally:
        for number in range(held):
            PyBuffer_Release(&views[number])


def _damaged(int check):
    return DamagedError(f"split floats are damaged: {MESSAGES[check]} (FS-{check:03})")
