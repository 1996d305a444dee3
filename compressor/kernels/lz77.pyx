# cython: language_level=3, boundscheck=False, wraparound=False
"""Binding of lz77_kernel.h: sizes, memory and messages here, arithmetic in C."""

import threading

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from cpython.pycapsule cimport PyCapsule_Import
from cpython.ref cimport PyObject, Py_DECREF
from libc.stdint cimport uint8_t, uint64_t
from libc.stdlib cimport free

from compressor.errors import DamagedError
from compressor.kernels import huffman
from compressor.kernels.noise cimport packed_noise


cdef extern from "lz77_kernel.h" nogil:
    size_t LZ77_PLAIN_MAX
    struct huffman_path:
        pass
    struct huffman_calls:
        const huffman_path *(*path_named)(const char *name)
    struct lz77_coder:
        const huffman_calls *huffman
        const huffman_path *path
        int portable, bmi2
    size_t lz77_encode_bound(size_t plain_nbytes)
    size_t lz77_encode_scratch(size_t plain_nbytes, int level, const lz77_coder *coder)
    size_t lz77_raw_size(const uint8_t *plain, size_t plain_nbytes)
    size_t lz77_encode_raw(uint8_t *out, const uint8_t *plain, size_t plain_nbytes)
    size_t lz77_encode(
        uint8_t *out, const uint8_t *plain, size_t plain_nbytes, int level, uint8_t *scratch,
        const lz77_coder *coder,
    )
    int lz77_check_size(size_t packed_nbytes, uint64_t plain_nbytes)
    size_t lz77_decode_scratch(size_t plain_nbytes, const lz77_coder *coder)
    int lz77_decode(
        uint8_t *out, size_t out_nbytes, const uint8_t *packed, size_t packed_nbytes,
        uint8_t *scratch, const lz77_coder *coder,
    )


cdef extern from * nogil:
    """
    #include <stdlib.h>
    #include <sys/mman.h>

    #define LARGE ((size_t)2 << 20) /* a huge page: tables are met at random */

    static size_t whole_pages(size_t nbytes)
    {
        size_t page = nbytes < LARGE ? 4096 : LARGE;
        return (nbytes + page - 1) / page * page;
    }

    static void *scratch_new(size_t nbytes)
    {
        void *scratch = NULL;
        nbytes = whole_pages(nbytes);
        if (posix_memalign(&scratch, nbytes < LARGE ? 4096 : LARGE, nbytes))
            return NULL;
    #ifdef MADV_HUGEPAGE
        if (nbytes >= LARGE)
            madvise(scratch, nbytes, MADV_HUGEPAGE); /* a hint: that it is refused harms nothing */
    #endif
        return scratch;
    }
    """
    size_t whole_pages(size_t nbytes)
    void *scratch_new(size_t nbytes)


cdef extern from "Python.h":
    # Declared with the bare pointers that resizing in place needs.
    PyObject *new_bytes "PyBytes_FromStringAndSize"(const char *text, Py_ssize_t n) except NULL
    int resize_bytes "_PyBytes_Resize"(PyObject **text, Py_ssize_t n) except -1


_CHECKS = (
    "",
    "is too short for its plain size",
    "ends before a chunk",
    "has a chunk of unknown mode",
    "ends within a raw chunk",
    "ends within a chunk's counts",
    "has a chunk of impossible counts",
    "has a stream that is no Huffman code",
    "has an offset of unknown class",
    "ends within the extra bits of offsets",
    "has non-zero bits behind those of its offsets",
    "lacks a length",
    "lacks literals",
    "has a match beyond its chunk",
    "has a match from before its start",
    "has lengths that nothing asks for",
    "has another number of literals than its chunk needs",
    "has bytes behind its last chunk",
)

_KEPT = 16 << 20  # bytes: a thread keeps scratch up to this, as fresh pages cost as much as work
_of_thread = threading.local()

cdef const huffman_calls *_huffman = <const huffman_calls *>PyCapsule_Import(
    "compressor.kernels.huffman.CALLS", 0
)


cdef class _Scratch:
    cdef uint8_t *at
    cdef size_t nbytes

    def __cinit__(self, size_t nbytes):
        self.at = <uint8_t *>scratch_new(nbytes)
        self.nbytes = nbytes
        if self.at == NULL:
            raise MemoryError

    def __dealloc__(self):
        free(self.at)


cdef _Scratch _scratch(size_t nbytes):
    if nbytes > _KEPT:
        return _Scratch(nbytes)
    cdef _Scratch kept = getattr(_of_thread, "scratch", None)
    if kept is None or kept.nbytes < nbytes:
        kept = _of_thread.scratch = _Scratch(nbytes)
    return kept


cdef lz77_coder _coder() except *:
    # The name raises where the environment asks for what can't be had.
    cdef str name = huffman.kernel_name()
    cdef bytes encoded = name.encode()
    cdef lz77_coder coder
    coder.huffman = _huffman
    coder.path = _huffman.path_named(encoded)
    coder.portable = name == "portable"
    coder.bmi2 = name in ("avx2", "avx512")  # a processor with these has it, as good as always
    return coder


cdef int _check_level(int level) except -1:
    if not 1 <= level <= 9:
        raise ValueError(f"the level is {level}, not 1 to 9")
    return 0


def kernel_name() -> str:
    return huffman.kernel_name()


def encode_memory(size_t plain_size, int level) -> int:
    """Return the bytes that ``encode`` takes, the result counted."""
    _check_level(level)
    cdef lz77_coder coder = _coder()
    scratch = lz77_encode_scratch(plain_size, level, &coder)
    return whole_pages(scratch) + lz77_encode_bound(plain_size)


def decode_memory(size_t plain_size) -> int:
    """Return the bytes that ``decode`` takes, the result counted."""
    cdef lz77_coder coder = _coder()
    return whole_pages(lz77_decode_scratch(plain_size, &coder)) + plain_size


def encode(const uint8_t[::1] plain not None, int level=5) -> bytes:
    """Return the packed form of at most 1 GiB; levels are 1 to 9."""
    _check_level(level)
    cdef size_t plain_size = plain.shape[0], packed_size
    if plain_size > LZ77_PLAIN_MAX:
        raise ValueError(f"a block has {plain_size} bytes, not at most {LZ77_PLAIN_MAX}")
    cdef uint8_t nothing = 0
    cdef const uint8_t *source = &plain[0] if plain_size else &nothing
    cdef lz77_coder coder = _coder()
    cdef bytes raw = packed_noise(lz77_raw_size, lz77_encode_raw, source, plain_size)
    if raw is not None:
        return raw
    cdef _Scratch scratch = _scratch(lz77_encode_scratch(plain_size, level, &coder))
    cdef PyObject *packed = new_bytes(NULL, lz77_encode_bound(plain_size))
    cdef uint8_t *out = <uint8_t *>PyBytes_AS_STRING(<object>packed)
    with nogil:
        packed_size = lz77_encode(out, source, plain_size, level, scratch.at, &coder)
    resize_bytes(&packed, packed_size)
    result = <bytes>packed
    Py_DECREF(result)  # the reference that new_bytes() gave; ``result`` holds its own
    return result


def decode(const uint8_t[::1] packed not None, uint64_t plain_size) -> bytes:
    """Return the ``plain_size`` bytes that ``packed`` stands for.

    Raises:
        DamagedError: it stands for anything else; the message names the check of lz77.md.
    """
    cdef size_t packed_size = packed.shape[0]
    cdef uint8_t nothing = 0
    cdef const uint8_t *source = &packed[0] if packed_size else &nothing
    cdef int status = lz77_check_size(packed_size, plain_size)
    if status:
        raise _damage(status)
    cdef lz77_coder coder = _coder()
    cdef _Scratch scratch = _scratch(lz77_decode_scratch(plain_size, &coder))
    cdef bytes plain = PyBytes_FromStringAndSize(NULL, plain_size)
    cdef uint8_t *out = <uint8_t *>PyBytes_AS_STRING(plain)
    with nogil:
        status = lz77_decode(out, plain_size, source, packed_size, scratch.at, &coder)
    if status:
        raise _damage(status)
    return plain


cdef object _damage(int check):
    return DamagedError(f"an lz77 block {_CHECKS[check]} (LZ-{check:03})")
