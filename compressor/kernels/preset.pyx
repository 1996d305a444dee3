# cython: language_level=3, boundscheck=False, wraparound=False
"""Binding of preset_kernel.h: sizes, memory and errors here, arithmetic in C."""

from cpython.bytes cimport PyBytes_AS_STRING as start_of, PyBytes_FromStringAndSize as new_bytes
from cpython.object cimport PyObject
from libc.stdint cimport uint8_t, uint64_t

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


cdef extern from "preset_kernel.h" nogil:
    unsigned PRESET_GIVEN
    struct preset_path:
        pass
    struct preset_table:
        pass
    struct preset_scratch:
        pass
    const preset_path *preset_path_named(const char *name)
    const char *preset_path_name(const preset_path *path)
    bint preset_table_make(
        preset_table *table, unsigned number, const uint8_t *symbols, size_t count,
    )
    size_t preset_packed_bound(size_t plain_size)
    size_t preset_raw_size(const uint8_t *plain, size_t plain_size)
    size_t preset_encode_raw(
        uint8_t *packed, const uint8_t *plain, size_t plain_size, const preset_table *given,
    )
    size_t preset_encode(
        uint8_t *packed, const uint8_t *plain, size_t plain_size, const preset_table *given,
        preset_scratch *scratch, const preset_path *path,
    )
    int preset_check_size(size_t packed_size, uint64_t plain_size)
    int preset_decode(
        uint8_t *plain, size_t plain_size, const uint8_t *packed, size_t packed_size,
        const preset_table *given, preset_scratch *scratch, const preset_path *path,
    )


SCRATCH = sizeof(preset_scratch)

# By the number of the check in docs/format/preset.md.
MESSAGES = {
    1: "is too short for its plain size",
    2: "ends in a chunk's head",
    3: "has a table that is not known here",
    4: "holds more than its plain size",
    5: "has lines that leave their chunk",
    6: "has a number that is cut or too long",
    7: "has case beyond its symbols",
    8: "has exceptions beyond their symbols",
    9: "ends in a chunk's symbols",
    10: "has non-zero bits behind a chunk's symbols",
    11: "has a code without a symbol",
    12: "has bytes behind its last chunk",
}


def _has(bytes form) -> bool:
    return preset_path_named(form) is not NULL


cdef const preset_path *_path() except NULL:
    cdef const preset_path *path = preset_path_named(wanted_form())
    if path is NULL:
        from compressor.kernels.forms import not_here  # only for that

        raise not_here(_has)
    return path


def kernel_name() -> str:
    return preset_path_name(_path()).decode()


def packed_bound(size_t plain_size) -> int:
    """Return the most bytes that ``encode`` takes for its result."""
    return preset_packed_bound(plain_size)


cdef bint _given(preset_table *table, bytes alphabet) except -1:
    # Say whether there is a table of the alphabet; none is asked for where that is empty.
    cdef const uint8_t *symbols = alphabet
    if not alphabet:
        return False
    if not preset_table_make(table, PRESET_GIVEN, symbols, len(alphabet)):
        raise ValueError("an alphabet is 2 to 128 different bytes")
    return True


cdef bytes _raw(const uint8_t *plain, size_t plain_size, const preset_table *given):
    # The packed form of noise, in no more memory than it takes; None of other bytes.
    cdef size_t room
    with nogil:
        room = preset_raw_size(plain, plain_size)
    if not room:
        return None
    cdef bytes packed = new_bytes(NULL, room)
    cdef uint8_t *out = <uint8_t *>start_of(packed)
    with nogil:
        room = preset_encode_raw(out, plain, plain_size, given)
    return packed if room else None


def encode(const uint8_t[::1] plain not None, bytes alphabet=b"") -> bytes:
    """Return the packed form; ``alphabet`` is tried before the presets."""
    cdef const preset_path *path = _path()
    cdef preset_table table
    cdef const preset_table *given = &table if _given(&table, alphabet) else NULL
    cdef size_t plain_size = plain.shape[0], packed_size
    cdef const uint8_t *data = &plain[0] if plain_size else NULL
    cdef bytes raw = _raw(data, plain_size, given)
    if raw is not None:
        return raw
    room = arena(sizeof(preset_scratch))
    cdef preset_scratch *scratch = <preset_scratch *>PyByteArray_AS_STRING(room)
    cdef PyObject *packed = NULL
    try:
        packed = PyBytes_FromStringAndSize(NULL, preset_packed_bound(plain_size))
        with nogil:
            packed_size = preset_encode(
                <uint8_t *>PyBytes_AS_STRING(packed), data, plain_size, given, scratch, path
            )
        _PyBytes_Resize(&packed, packed_size)
        return <bytes>packed
    finally:
        if packed is not NULL:
            Py_DECREF(packed)


def decode(const uint8_t[::1] packed not None, uint64_t plain_size, bytes alphabet=b"") -> bytes:
    """Return the ``plain_size`` bytes that ``packed`` stands for.

    Raises:
        DamagedError: it stands for anything else; the message names the check of preset.md.
    """
    cdef const preset_path *path = _path()
    cdef preset_table table
    cdef const preset_table *given = &table if _given(&table, alphabet) else NULL
    cdef size_t packed_size = packed.shape[0]
    cdef const uint8_t *data = &packed[0] if packed_size else NULL
    cdef int result = preset_check_size(packed_size, plain_size)
    if result:
        raise _damaged(result)
    room = arena(sizeof(preset_scratch))
    cdef preset_scratch *scratch = <preset_scratch *>PyByteArray_AS_STRING(room)
    cdef PyObject *plain = NULL
    try:
        plain = PyBytes_FromStringAndSize(NULL, plain_size)
        with nogil:
            result = preset_decode(
                <uint8_t *>PyBytes_AS_STRING(plain), plain_size, data, packed_size, given,
                scratch, path,
            )
        if result:
            raise _damaged(result)
        return <bytes>plain
    finally:
        if plain is not NULL:
            Py_DECREF(plain)


def _damaged(int check):
    return DamagedError(f"a preset stream {MESSAGES[check]} (PS-{check:03})")
