# cython: language_level=3, boundscheck=False, wraparound=False
"""Binding of lzw_kernel.h: sizes, memory and messages here, arithmetic in C."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from cpython.ref cimport PyObject, Py_DECREF
from libc.stdint cimport uint8_t, uint64_t

import threading

from compressor.errors import DamagedError
from compressor.kernels.noise cimport packed_noise
from compressor.kernels.pages cimport kept_tables, whole_pages


cdef extern from "lzw_kernel.h" nogil:
    ctypedef enum lzw_status "enum lzw_status":
        LZW_OK
    ctypedef enum lzw_reset "enum lzw_reset":
        LZW_RESET_RATIO
        LZW_RESET_FULL
    ctypedef struct lzw_way "struct lzw_way":
        unsigned max_bits
        lzw_reset reset
    cdef struct lzw_encode_tables:
        pass
    cdef struct lzw_decode_tables:
        pass
    size_t lzw_encode_bound(size_t plain_nbytes, unsigned max_bits)
    size_t lzw_raw_size(const uint8_t *plain, size_t plain_nbytes)
    size_t lzw_encode_raw(uint8_t *out, const uint8_t *plain, size_t plain_nbytes)
    size_t lzw_encode(uint8_t *out, const uint8_t *plain, size_t plain_nbytes, lzw_way way,
                      lzw_encode_tables *tables)
    lzw_status lzw_check_size(const uint8_t *packed, size_t packed_nbytes, uint64_t plain_nbytes)
    lzw_status lzw_decode(uint8_t *out, size_t out_nbytes, const uint8_t *packed,
                          size_t packed_nbytes, lzw_decode_tables *tables)


cdef extern from "Python.h":
    # Declared with the bare pointers that resizing in place needs.
    PyObject *new_bytes "PyBytes_FromStringAndSize"(const char *text, Py_ssize_t n) except NULL
    int resize_bytes "_PyBytes_Resize"(PyObject **text, Py_ssize_t n) except -1


ENCODE_TABLES = whole_pages(sizeof(lzw_encode_tables))
DECODE_TABLES = whole_pages(sizeof(lzw_decode_tables))

_CHECKS = (
    "",
    "has no header",
    "has a dictionary of no known size",
    "is too short for its plain size",
    "has a first code that is not a byte",
    "has a code that is not defined yet",
    "holds more than its plain size",
    "ends too early",
    "has non-zero bits behind its last code",
    "has bytes behind its last code",
    "has fewer or more raw bytes than its plain size",
)

_of_thread = threading.local()


def encode_bound(size_t plain_size, unsigned max_bits=16) -> int:
    """Return the most bytes that ``encode`` takes for its result."""
    return lzw_encode_bound(plain_size, max_bits)


def encode(const uint8_t[::1] plain not None, unsigned max_bits=16, reset="ratio") -> bytes:
    """Return the packed form; codes have 9 to ``max_bits`` bits (9..16).

    ``reset`` says when a full dictionary makes way: once it serves ill (``ratio``), or at once
    (``full``).
    """
    if not 9 <= max_bits <= 16:
        raise ValueError(f"max_bits is {max_bits}, not 9 to 16")
    if reset not in ("ratio", "full"):
        raise ValueError(f"reset is {reset!r}, not ratio or full")
    cdef lzw_way way = lzw_way(max_bits, LZW_RESET_FULL if reset == "full" else LZW_RESET_RATIO)
    cdef size_t plain_size = plain.shape[0]
    cdef const uint8_t *source = &plain[0] if plain_size else NULL
    cdef bytes raw = packed_noise(lzw_raw_size, lzw_encode_raw, source, plain_size)
    if raw is not None:
        return raw
    cdef size_t packed_size
    cdef void *tables = kept_tables(_of_thread, "encode", sizeof(lzw_encode_tables))
    cdef PyObject *packed = new_bytes(NULL, lzw_encode_bound(plain_size, max_bits))
    cdef uint8_t *out = <uint8_t *>PyBytes_AS_STRING(<object>packed)
    with nogil:
        packed_size = lzw_encode(out, source, plain_size, way, <lzw_encode_tables *>tables)
    resize_bytes(&packed, packed_size)
    result = <bytes>packed
    Py_DECREF(result)  # the reference that new_bytes() gave; ``result`` holds its own
    return result


def decode(const uint8_t[::1] packed not None, uint64_t plain_size) -> bytes:
    """Return the ``plain_size`` bytes that ``packed`` stands for.

    Raises:
        DamagedError: it stands for anything else; the message names the check of lzw.md.
    """
    cdef size_t packed_size = packed.shape[0]
    cdef const uint8_t *source = &packed[0] if packed_size else NULL
    cdef lzw_status status = lzw_check_size(source, packed_size, plain_size)
    if status != LZW_OK:
        raise _damage(status)
    cdef bytes plain = PyBytes_FromStringAndSize(NULL, plain_size)
    cdef uint8_t *out = <uint8_t *>PyBytes_AS_STRING(plain)
    cdef void *tables = kept_tables(_of_thread, "decode", sizeof(lzw_decode_tables))
    with nogil:
        status = lzw_decode(out, plain_size, source, packed_size,
                            <lzw_decode_tables *>tables)
    if status != LZW_OK:
        raise _damage(status)
    return plain


cdef object _damage(int check):
    return DamagedError(f"an lzw stream {_CHECKS[check]} (L-{check:03})")
