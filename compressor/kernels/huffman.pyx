# cython: language_level=3, boundscheck=False, wraparound=False
"""Binding of huffman_kernel.h: sizes, memory and errors here, arithmetic in C."""

from cpython.object cimport PyObject
from cpython.pycapsule cimport PyCapsule_New
from libc.stdint cimport uint8_t

from compressor.errors import DamagedError
from compressor.kernels.arena import arena
from compressor.kernels.objects cimport (
    PyByteArray_AS_STRING,
    PyBytes_AS_STRING,
    PyBytes_FromStringAndSize,
    _PyBytes_Resize,
    Py_DECREF,
)
from compressor.kernels.wanted cimport wanted_form


cdef extern from "huffman_kernel.h" nogil:
    unsigned HUFFMAN_CHUNK_LOG_DEFAULT
    struct huffman_path:
        pass
    struct huffman_calls_t "huffman_calls":
        pass
    const huffman_calls_t calls "huffman_calls"
    const huffman_path *huffman_path_at(size_t index)
    const huffman_path *huffman_path_named(const char *name)
    const char *huffman_path_name(const huffman_path *path)
    size_t huffman_packed_bound(size_t plain_size)
    size_t huffman_encode_scratch(size_t chunk_size)
    size_t huffman_decode_scratch(size_t chunk_size)
    size_t huffman_encode_block(
        uint8_t *packed, const uint8_t *plain, size_t plain_size, uint8_t *scratch,
        const huffman_path *path,
    )
    int huffman_check_block(
        size_t *chunk_size, const uint8_t *packed, size_t packed_size, size_t plain_size,
    )
    int huffman_decode_block(
        uint8_t *plain, size_t plain_size, const uint8_t *packed, size_t packed_size,
        uint8_t *scratch, const huffman_path *path,
    )


# By the number of the check in docs/format/huffman.md.
MESSAGES = {
    1: "the block is empty",
    2: "the chunk size is out of range",
    3: "the block is too short for its chunks",
    4: "a chunk's head is cut",
    5: "a chunk's head has unknown bits",
    6: "a chunk's body is larger than its plain bytes",
    7: "a chunk's body is cut",
    8: "bytes follow the last chunk",
    9: "a raw chunk has the wrong size",
    10: "a constant chunk has the wrong size",
    11: "the code lengths are cut",
    12: "a code length is beyond the last symbol",
    13: "the code lengths are over-subscribed",
    14: "the half byte behind the code lengths is not zero",
    15: "the payload is cut",
    16: "unused bits are not zero",
    17: "bytes follow the payload",
    18: "the head of runs is cut",
    19: "there are more gaps than plain bytes",
    20: "runs lie within runs",
    21: "runs are longer than their chunk",
    22: "bytes follow the exceptions",
}


def _has(bytes form) -> bool:
    return huffman_path_named(form) is not NULL


cdef const huffman_path *_path() except NULL:
    cdef const huffman_path *path = huffman_path_named(wanted_form())
    if path is NULL:
        from compressor.kernels.forms import not_here  # only for that

        raise not_here(_has)
    return path


# For other kernels, by PyCapsule_Import().
CALLS = PyCapsule_New(<void *>&calls, "compressor.kernels.huffman.CALLS", NULL)


def kernel_names() -> list[str]:
    cdef list names = []
    cdef const huffman_path *path = huffman_path_at(0)
    while path is not NULL:
        names.append(huffman_path_name(path).decode())
        path = huffman_path_at(len(names))
    return names


def kernel_name() -> str:
    return huffman_path_name(_path()).decode()


def encode_memory(size_t plain_size) -> int:
    """Return the bytes that ``encode`` takes, the result counted."""
    cdef size_t chunk_size = (<size_t>1) << HUFFMAN_CHUNK_LOG_DEFAULT
    return huffman_packed_bound(plain_size) + huffman_encode_scratch(min(plain_size, chunk_size))


def decode_memory(size_t plain_size) -> int:
    """Return the bytes that ``decode`` takes at most, the result counted."""
    return plain_size + huffman_decode_scratch(min(plain_size, <size_t>1 << 18))


def encode(const uint8_t[::1] plain not None) -> bytes:
    """Return the packed block of ``plain``."""
    cdef const huffman_path *path = _path()
    cdef size_t plain_size = plain.shape[0], packed_size
    cdef size_t chunk_size = (<size_t>1) << HUFFMAN_CHUNK_LOG_DEFAULT
    cdef const uint8_t *data = &plain[0] if plain_size else NULL
    room = arena(huffman_encode_scratch(min(plain_size, chunk_size)))
    cdef uint8_t *scratch = <uint8_t *>PyByteArray_AS_STRING(room)
    cdef PyObject *packed = NULL
    try:
        packed = PyBytes_FromStringAndSize(NULL, huffman_packed_bound(plain_size))
        with nogil:
            packed_size = huffman_encode_block(
                <uint8_t *>PyBytes_AS_STRING(packed), data, plain_size, scratch, path
            )
        _PyBytes_Resize(&packed, packed_size)
        return <bytes>packed
    finally:
        if packed is not NULL:
            Py_DECREF(packed)


def decode(const uint8_t[::1] packed not None, size_t plain_size) -> bytes:
    """Return the ``plain_size`` bytes that a packed block stands for.

    Raises:
        DamagedError: it stands for anything else.
    """
    cdef const huffman_path *path = _path()
    cdef size_t packed_size = packed.shape[0], chunk_size = 0
    cdef const uint8_t *data = &packed[0] if packed_size else NULL
    cdef int result = huffman_check_block(&chunk_size, data, packed_size, plain_size)
    if result:
        raise _damaged(result)
    room = arena(huffman_decode_scratch(min(plain_size, chunk_size)))
    cdef uint8_t *scratch = <uint8_t *>PyByteArray_AS_STRING(room)
    cdef PyObject *plain = NULL
    try:
        plain = PyBytes_FromStringAndSize(NULL, plain_size)
        with nogil:
            result = huffman_decode_block(
                <uint8_t *>PyBytes_AS_STRING(plain), plain_size, data, packed_size, scratch, path
            )
        if result:
            raise _damaged(result)
        return <bytes>plain
    finally:
        if plain is not NULL:
            Py_DECREF(plain)


def _damaged(int check):
    return DamagedError(f"a huffman block is damaged: {MESSAGES[check]} (H-{check:03})")
