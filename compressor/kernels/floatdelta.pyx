# cython: language_level=3, boundscheck=False, wraparound=False
"""Binding of floatdelta_kernel.h: sizes and memory here, arithmetic in C."""

from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from libc.stdint cimport uint8_t
from libc.string cimport memcmp, memcpy


cdef extern from "floatdelta_kernel.h" nogil:
    enum:
        FLOATDELTA_CLASSES_MAX
        FLOATDELTA_WIDTH_MAX
    struct floatdelta_layout:
        unsigned width
        unsigned mantissa_bits
        unsigned classes
        unsigned top
    unsigned floatdelta_top(const uint8_t *base, size_t count, floatdelta_layout layout)
    void floatdelta_count(
        size_t *sizes, const uint8_t *base, size_t count, floatdelta_layout layout,
    )
    void floatdelta_split(
        uint8_t **planes, const uint8_t *plain, const uint8_t *base, size_t count,
        floatdelta_layout layout,
    )
    void floatdelta_join(
        uint8_t *plain, const uint8_t **planes, const uint8_t *base, size_t count,
        floatdelta_layout layout,
    )
    size_t floatdelta_zeros(const uint8_t *bytes, size_t size)


cdef floatdelta_layout _layout(words, unsigned classes, unsigned top) except *:
    cdef floatdelta_layout layout
    layout.width, layout.mantissa_bits = words
    layout.classes, layout.top = classes, top
    if layout.width not in (1, 2, 4, 8) or not 0 < layout.mantissa_bits < 8 * layout.width - 1:
        raise ValueError(
            f"no floats have {layout.width} bytes and {layout.mantissa_bits} bits of mantissa"
        )
    if not 1 <= classes <= FLOATDELTA_CLASSES_MAX:
        raise ValueError(f"there are 1 to {FLOATDELTA_CLASSES_MAX} classes, not {classes}")
    if top >> (8 * layout.width - 1 - layout.mantissa_bits):
        raise ValueError(f"{top} is no exponent")
    return layout


def top_of(const uint8_t[::1] base not None, words) -> int:
    cdef floatdelta_layout layout = _layout(words, 1, 0)
    cdef size_t count = base.shape[0] // layout.width
    cdef const uint8_t *data = &base[0] if count else NULL
    cdef unsigned top
    with nogil:
        top = floatdelta_top(data, count, layout)
    return top


def zeros_in(const uint8_t[::1] plane not None) -> int:
    cdef size_t size = plane.shape[0], zeros
    cdef const uint8_t *data = &plane[0] if size else NULL
    with nogil:
        zeros = floatdelta_zeros(data, size)
    return zeros


def equal(const uint8_t[::1] left not None, const uint8_t[::1] right not None) -> bool:
    cdef size_t size = left.shape[0]
    if <size_t>right.shape[0] != size:
        return False
    if size == 0:
        return True
    cdef int order
    with nogil:
        order = memcmp(&left[0], &right[0], size)
    return order == 0


cdef class Partition:
    cdef floatdelta_layout _layout
    cdef size_t _sizes[FLOATDELTA_CLASSES_MAX]
    cdef const uint8_t[::1] _base
    cdef const uint8_t *_data
    cdef size_t _count

    def __cinit__(self, const uint8_t[::1] base not None, words, unsigned classes, unsigned top):
        self._layout = _layout(words, classes, top)
        self._base = base
        self._count = base.shape[0] // self._layout.width
        self._data = &base[0] if self._count else NULL
        with nogil:
            floatdelta_count(self._sizes, self._data, self._count, self._layout)

    @property
    def sizes(self) -> list[int]:
        return [self._sizes[number] for number in range(self._layout.classes)]

    def split(self, const uint8_t[::1] plain not None) -> list:
        if plain.shape[0] != self._base.shape[0]:
            raise ValueError("the base has another size")
        cdef uint8_t *outputs[FLOATDELTA_CLASSES_MAX * FLOATDELTA_WIDTH_MAX]
        cdef const uint8_t *data = &plain[0] if self._count else NULL
        cdef unsigned number
        planes = []
        for number in range(self._layout.classes * self._layout.width):
            plane = PyBytes_FromStringAndSize(NULL, self._sizes[number // self._layout.width])
            outputs[number] = <uint8_t *>PyBytes_AS_STRING(plane)
            planes.append(plane)
        with nogil:
            floatdelta_split(outputs, data, self._data, self._count, self._layout)
        return planes

    def join(self, planes, const uint8_t[::1] tail not None=b"") -> bytes:
        cdef Py_buffer views[FLOATDELTA_CLASSES_MAX * FLOATDELTA_WIDTH_MAX]
        cdef const uint8_t *inputs[FLOATDELTA_CLASSES_MAX * FLOATDELTA_WIDTH_MAX]
        cdef unsigned held = 0, number
        cdef tuple inner = tuple(planes)  # its length stays what it is
        cdef uint8_t *data
        cdef size_t size = self._count * self._layout.width, rest = tail.shape[0]
        if len(inner) != self._layout.classes * self._layout.width:
            raise ValueError("there is a plane too many or too few")
        try:
            for plane in inner:
                PyObject_GetBuffer(plane, &views[held], PyBUF_SIMPLE)
                inputs[held] = <const uint8_t *>views[held].buf
                held += 1
                if <size_t>views[held - 1].len != self._sizes[(held - 1) // self._layout.width]:
                    raise ValueError("a plane has another size than its class")
            plain = PyBytes_FromStringAndSize(NULL, size + rest)
            data = <uint8_t *>PyBytes_AS_STRING(plain)
            with nogil:
                floatdelta_join(data, inputs, self._data, self._count, self._layout)
            if rest:
                memcpy(data + size, &tail[0], rest)
            return plain
        finally:
            for number in range(held):
                PyBuffer_Release(&views[number])
