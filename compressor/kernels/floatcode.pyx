# cython: language_level=3, boundscheck=False, wraparound=False
"""Binding of floatcode_kernel.h: sizes, memory and errors here, arithmetic in C."""

from cpython.buffer cimport (
    PyBUF_SIMPLE,
    PyBUF_WRITABLE,
    PyBuffer_Release,
    PyObject_GetBuffer,
)
from cpython.object cimport PyObject
from cpython.pycapsule cimport PyCapsule_Import
from libc.stdint cimport uint8_t, uint64_t

from compressor.errors import DamagedError
from compressor.kernels import floatsplit, huffman
from compressor.kernels.arena import arena
from compressor.kernels.objects cimport (
    PyByteArray_AS_STRING,
    PyBytes_AS_STRING,
    PyBytes_FromStringAndSize,
    _PyBytes_Resize,
    Py_XDECREF,
)


cdef extern from "floatcode_kernel.h" nogil:
    enum:
        FLOATSPLIT_WIDTH_MAX
        FLOATCODE_UNLIKE
        FLOATCODE_DIFFERENT
    struct huffman_path:
        pass
    struct floatsplit_path:
        pass
    struct huffman_calls:
        const huffman_path *(*path_named)(const char *name)
        size_t (*packed_bound)(size_t plain_size)
    struct floatsplit_calls:
        const floatsplit_path *(*path_named)(const char *name)
        size_t (*stream_size)(size_t plain_size, unsigned width, unsigned stream)
    struct floatsplit_layout:
        unsigned width
        unsigned rotation
        uint64_t offset
    struct floatcode:
        const huffman_calls *huffman
        const huffman_path *huffman_path
        const floatsplit_calls *split
        const floatsplit_path *split_path
        floatsplit_layout layout
    struct floatcode_blocks:
        const uint8_t **packed
        size_t *packed_sizes
        size_t plain_size
        size_t chunk_size
    size_t floatcode_encode_scratch(const floatcode *code, size_t plain_size)
    void floatcode_encode(
        uint8_t **packed, size_t *packed_sizes, const uint8_t *plain, size_t plain_size,
        uint8_t *scratch, const floatcode *code,
    )
    int floatcode_check(floatcode_blocks *blocks, const floatcode *code)
    size_t floatcode_decode_scratch(const floatcode_blocks *blocks, const floatcode *code)
    int floatcode_decode(
        uint8_t *plain, const floatcode_blocks *blocks, uint8_t *scratch, const floatcode *code,
    )
    int floatcode_compare(
        const uint8_t *plain, const floatcode_blocks *blocks, uint8_t *scratch,
        const floatcode *code,
    )


cdef const huffman_calls *_huffman = <const huffman_calls *>PyCapsule_Import(
    "compressor.kernels.huffman.CALLS", 0
)
cdef const floatsplit_calls *_split = <const floatsplit_calls *>PyCapsule_Import(
    "compressor.kernels.floatsplit.CALLS", 0
)


cdef floatcode _code(words) except *:
    # The names raise where the environment asks for what can't be had.
    cdef bytes huffman_name = huffman.kernel_name().encode()
    cdef bytes split_name = floatsplit.kernel_name().encode()
    cdef floatcode code
    code.huffman, code.split = _huffman, _split
    code.huffman_path = _huffman.path_named(huffman_name)
    code.split_path = _split.path_named(split_name)
    code.layout.width, code.layout.rotation, code.layout.offset = words
    cdef unsigned width = code.layout.width
    if width not in (1, 2, 4, 8) or not 0 < code.layout.rotation < 8 * width:
        raise ValueError("no such words")
    return code


def stream_sizes(size_t plain_size, unsigned width) -> list[int]:
    return [_split.stream_size(plain_size, width, number) for number in range(width)]


def encode(const uint8_t[::1] plain not None, words) -> list[bytes]:
    cdef floatcode code = _code(words)
    cdef size_t plain_size = plain.shape[0], bound
    cdef const uint8_t *data = &plain[0] if plain_size else NULL
    cdef PyObject *parts[FLOATSPLIT_WIDTH_MAX]
    cdef uint8_t *packed[FLOATSPLIT_WIDTH_MAX]
    cdef size_t packed_sizes[FLOATSPLIT_WIDTH_MAX]
    cdef unsigned number, made = 0
    room = arena(floatcode_encode_scratch(&code, plain_size))
    cdef uint8_t *scratch = <uint8_t *>PyByteArray_AS_STRING(room)
    try:
        for number in range(code.layout.width):
            bound = _huffman.packed_bound(_split.stream_size(plain_size, code.layout.width, number))
            parts[number] = PyBytes_FromStringAndSize(NULL, bound)
            packed[number] = <uint8_t *>PyBytes_AS_STRING(parts[number])
            made += 1
        with nogil:
            floatcode_encode(packed, packed_sizes, data, plain_size, scratch, &code)
        for number in range(made):
            _PyBytes_Resize(&parts[number], packed_sizes[number])
        return [<object>parts[number] for number in range(made)]
    finally:
        for number in range(made):
            Py_XDECREF(parts[number])


cdef class _Blocks:
    """The packed blocks of all streams, held while they are used; ``fused``: chunks are alike."""

    cdef floatcode code
    cdef floatcode_blocks blocks
    cdef Py_buffer views[FLOATSPLIT_WIDTH_MAX]
    cdef unsigned held
    cdef readonly bint fused
    cdef object room
    cdef uint8_t *scratch

    def __cinit__(self, parts, size_t plain_size, words):
        cdef tuple inner = tuple(parts)
        cdef int result
        self.code = _code(words)
        if len(inner) != self.code.layout.width:
            raise ValueError("as many parts as a word has bytes")
        for part in inner:
            PyObject_GetBuffer(part, &self.views[self.held], PyBUF_SIMPLE)
            self.blocks.packed[self.held] = <const uint8_t *>self.views[self.held].buf
            self.blocks.packed_sizes[self.held] = self.views[self.held].len
            self.held += 1
        self.blocks.plain_size = plain_size
        result = floatcode_check(&self.blocks, &self.code)
        self.fused = result != FLOATCODE_UNLIKE
        if self.fused:
            _raise_for(result)
            self.room = arena(floatcode_decode_scratch(&self.blocks, &self.code))
            self.scratch = <uint8_t *>PyByteArray_AS_STRING(self.room)

    def __dealloc__(self):
        cdef unsigned number
        for number in range(self.held):
            PyBuffer_Release(&self.views[number])


cdef int _raise_for(int result) except -1:
    if result > 0:
        raise DamagedError(
            f"a huffman block is damaged: {huffman.MESSAGES[result]} (H-{result:03})"
        )
    return 0


def decode(parts, size_t plain_size, words):
    cdef _Blocks streams = _Blocks(parts, plain_size, words)
    cdef PyObject *plain = NULL
    cdef uint8_t *data
    cdef int result
    if not streams.fused:
        return None
    try:
        plain = PyBytes_FromStringAndSize(NULL, plain_size)
        data = <uint8_t *>PyBytes_AS_STRING(plain)
        with nogil:
            result = floatcode_decode(data, &streams.blocks, streams.scratch, &streams.code)
        _raise_for(result)
        return <object>plain
    finally:
        Py_XDECREF(plain)


def decode_into(target, parts, words) -> bool:
    cdef Py_buffer view
    cdef _Blocks streams
    cdef uint8_t *data
    cdef int result
    PyObject_GetBuffer(target, &view, PyBUF_WRITABLE)
    try:
        streams = _Blocks(parts, view.len, words)
        if not streams.fused:
            return False
        data = <uint8_t *>view.buf
        with nogil:
            result = floatcode_decode(data, &streams.blocks, streams.scratch, &streams.code)
        _raise_for(result)
        return True
    finally:
        PyBuffer_Release(&view)


def holds(const uint8_t[::1] plain not None, parts, words):
    cdef size_t plain_size = plain.shape[0]
    cdef const uint8_t *data = &plain[0] if plain_size else NULL
    cdef _Blocks streams = _Blocks(parts, plain_size, words)
    cdef int result
    if not streams.fused:
        return None
    with nogil:
        result = floatcode_compare(data, &streams.blocks, streams.scratch, &streams.code)
    _raise_for(result)
    return result == 0
