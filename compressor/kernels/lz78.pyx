# cython: language_level=3, boundscheck=False, wraparound=False
"""Binding of lz78_kernel.h: sizes, memory and errors here, arithmetic in C."""

from cpython.object cimport PyObject
from cpython.pycapsule cimport PyCapsule_Import
from libc.stdint cimport uint8_t, uint64_t

import threading

from compressor.errors import DamagedError
from compressor.kernels import huffman as _huffman_kernel
from compressor.kernels.arena import arena
from compressor.kernels.objects cimport (
    PyByteArray_AS_STRING,
    PyBytes_AS_STRING,
    PyBytes_FromStringAndSize,
    _PyBytes_Resize,
    Py_DECREF,
)
from compressor.kernels.noise cimport packed_noise
from compressor.kernels.pages cimport kept_tables, whole_pages


cdef extern from "lz78_kernel.h" nogil:
    struct huffman_path:
        pass
    struct huffman_calls:
        const huffman_path *(*path_named)(const char *name)
    struct lz78_encode_tables:
        pass
    struct lz78_decode_tables:
        pass
    struct lz78_huffman:
        const huffman_calls *calls
        const huffman_path *path
        uint8_t *scratch
    size_t lz78_encode_scratch(const huffman_calls *calls)
    size_t lz78_decode_scratch(const huffman_calls *calls)
    size_t lz78_packed_bound(size_t plain_size)
    size_t lz78_raw_size(const uint8_t *plain, size_t plain_size)
    size_t lz78_encode_raw(uint8_t *packed, const uint8_t *plain, size_t plain_size)
    size_t lz78_encode(
        uint8_t *packed, const uint8_t *plain, size_t plain_size, lz78_encode_tables *tables,
        const lz78_huffman *huffman,
    )
    int lz78_check_size(size_t packed_size, uint64_t plain_size)
    int lz78_decode(
        uint8_t *plain, size_t plain_size, const uint8_t *packed, size_t packed_size,
        lz78_decode_tables *tables, const lz78_huffman *huffman,
    )


cdef const huffman_calls *_calls = <const huffman_calls *>PyCapsule_Import(
    "compressor.kernels.huffman.CALLS", 0
)

ENCODE_MEMORY = whole_pages(sizeof(lz78_encode_tables)) + lz78_encode_scratch(_calls)
DECODE_MEMORY = whole_pages(sizeof(lz78_decode_tables)) + lz78_decode_scratch(_calls)

# By the number of the check in docs/format/lz78.md.
MESSAGES = {
    1: "is too short for its plain size",
    2: "ends in a round's head",
    3: "has raw bytes that are cut, or more of them than its plain size",
    4: "has a damaged Huffman chunk",
    5: "has a class without phrases",
    6: "ends within its remainders",
    7: "holds more than its plain size",
    8: "has non-zero bits behind a round's last remainder",
    9: "has bytes behind its last round",
}

_of_thread = threading.local()


cdef lz78_huffman _huffman(room) except *:
    # The name raises where the environment asks for what can't be had.
    cdef bytes name = _huffman_kernel.kernel_name().encode()
    cdef lz78_huffman huffman
    huffman.calls = _calls
    huffman.path = _calls.path_named(name)
    huffman.scratch = <uint8_t *>PyByteArray_AS_STRING(room)
    return huffman


def packed_bound(size_t plain_size) -> int:
    """Return the most bytes that ``encode`` takes for its result."""
    return lz78_packed_bound(plain_size)


def encode(const uint8_t[::1] plain not None) -> bytes:
    """Return the packed form."""
    cdef size_t plain_size = plain.shape[0], packed_size
    cdef const uint8_t *data = &plain[0] if plain_size else NULL
    cdef bytes raw = packed_noise(lz78_raw_size, lz78_encode_raw, data, plain_size)
    if raw is not None:
        return raw
    cdef void *tables = kept_tables(_of_thread, "encode", sizeof(lz78_encode_tables))
    room = arena(lz78_encode_scratch(_calls))
    cdef lz78_huffman huffman = _huffman(room)
    cdef PyObject *packed = NULL
    try:
        packed = PyBytes_FromStringAndSize(NULL, lz78_packed_bound(plain_size))
        with nogil:
            packed_size = lz78_encode(
                <uint8_t *>PyBytes_AS_STRING(packed), data, plain_size,
                <lz78_encode_tables *>tables, &huffman,
            )
        _PyBytes_Resize(&packed, packed_size)
        return <bytes>packed
    finally:
        if packed is not NULL:
            Py_DECREF(packed)


def decode(const uint8_t[::1] packed not None, uint64_t plain_size) -> bytes:
    """Return the ``plain_size`` bytes that ``packed`` stands for.

    Raises:
        DamagedError: it stands for anything else; the message names the check of lz78.md.
    """
    cdef size_t packed_size = packed.shape[0]
    cdef const uint8_t *data = &packed[0] if packed_size else NULL
    cdef int result = lz78_check_size(packed_size, plain_size)
    if result:
        raise _damaged(result)
    cdef void *tables = kept_tables(_of_thread, "decode", sizeof(lz78_decode_tables))
    room = arena(lz78_decode_scratch(_calls))
    cdef lz78_huffman huffman = _huffman(room)
    cdef PyObject *plain = NULL
    try:
        plain = PyBytes_FromStringAndSize(NULL, plain_size)
        with nogil:
            result = lz78_decode(
                <uint8_t *>PyBytes_AS_STRING(plain), plain_size, data, packed_size,
                <lz78_decode_tables *>tables, &huffman,
            )
        if result:
            raise _damaged(result)
        return <bytes>plain
    finally:
        if plain is not NULL:
            Py_DECREF(plain)


def _damaged(int check):
    return DamagedError(f"an lz78 stream {MESSAGES[check]} (LE-{check:03})")
