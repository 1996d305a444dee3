# cython: language_level=3, boundscheck=False, wraparound=False
"""Binding of pieces_kernel.h and pieces_table.h: memory and errors here, arithmetic in C."""

from cpython.mem cimport PyMem_RawCalloc, PyMem_RawFree
from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.stdlib cimport free, malloc
from libc.string cimport memset

from compressor.kernels.wanted cimport wanted_form


cdef extern from "pieces_kernel.h" nogil:
    enum:
        PIECES_MIN
        PIECES_MAX
    struct pieces_path:
        pass
    const pieces_path *pieces_path_named(const char *name)
    const char *pieces_path_name(const pieces_path *path)
    size_t pieces_count_max(size_t nbytes)
    size_t pieces_cut(
        uint32_t *sizes, const uint8_t *data, size_t nbytes, bint final, const pieces_path *path,
    )


cdef extern from "pieces_table.h" nogil:
    enum:
        PIECES_HASH_NBYTES
    uint64_t PIECES_LOCATION_MAX
    uint64_t PIECES_NOWHERE
    struct pieces_slot:
        pass
    struct pieces_generation:
        pieces_slot *slots
        size_t slot_count
        size_t count
    uint64_t pieces_find(const pieces_generation *generation, const uint8_t *hash)
    uint64_t pieces_take(pieces_generation *generation, const uint8_t *hash)
    void pieces_put(pieces_generation *generation, const uint8_t *hash, uint64_t location)
    void pieces_put_all(pieces_generation *to, const pieces_generation *from_)


MIN_SIZE = PIECES_MIN
MAX_SIZE = PIECES_MAX
SLOT = sizeof(pieces_slot)

cdef size_t SHORT = 1 << 16  # bytes; cutting fewer takes less than handing over the interpreter
cdef size_t SLOTS_FIRST = 1024  # a table begins with so many, or with all that it may have
cdef size_t SLOTS_FEWEST = 64  # of each generation; fewer would forget at almost every call
cdef size_t SLOTS_MOST = 0xffffffff  # what the first 32 bits of a hash can tell apart


def _has(bytes form) -> bool:
    return pieces_path_named(form) is not NULL


cdef const pieces_path *_path() except NULL:
    cdef const pieces_path *path = pieces_path_named(wanted_form())
    if path is NULL:
        from compressor.kernels.forms import not_here  # only for that

        raise not_here(_has)
    return path


def kernel_name() -> str:
    return pieces_path_name(_path()).decode()


def cut(const uint8_t[::1] data not None, *, bint final) -> list:
    cdef const pieces_path *path = _path()
    cdef size_t nbytes = data.shape[0], count
    cdef const uint8_t *at = &data[0] if nbytes else NULL
    cdef uint32_t *sizes = <uint32_t *>malloc(pieces_count_max(nbytes) * sizeof(uint32_t))
    if sizes is NULL:
        raise MemoryError
    try:
        if nbytes < SHORT:
            count = pieces_cut(sizes, at, nbytes, final, path)
        else:
            with nogil:
                count = pieces_cut(sizes, at, nbytes, final, path)
        return [sizes[i] for i in range(count)]
    finally:
        free(sizes)


cdef class PieceTable:
    cdef pieces_generation _current, _previous
    cdef size_t _slots_max  # of each generation

    def __cinit__(self, size_t memory):
        self._slots_max = min(memory // (2 * sizeof(pieces_slot)), SLOTS_MOST)
        if self._slots_max < SLOTS_FEWEST:
            needed = 2 * SLOTS_FEWEST * sizeof(pieces_slot)
            raise ValueError(f"a table of pieces needs {needed} bytes or more, not {memory}")

    def __dealloc__(self):
        PyMem_RawFree(self._current.slots)
        PyMem_RawFree(self._previous.slots)

    def __len__(self) -> int:
        return self._current.count + self._previous.count

    @property
    def memory(self) -> int:
        return (self._current.slot_count + self._previous.slot_count) * sizeof(pieces_slot)

    def find(self, bytes hash16 not None):
        return _known(self._find(_hash(hash16)))

    def find_all(self, const uint8_t[::1] hashes not None) -> list:
        cdef size_t nbytes = hashes.shape[0], at
        if nbytes % PIECES_HASH_NBYTES:
            raise ValueError(f"{nbytes} bytes are no hashes of 16 bytes each")
        return [_known(self._find(&hashes[at])) for at in range(0, nbytes, PIECES_HASH_NBYTES)]

    def put(self, bytes hash16 not None, uint64_t location) -> None:
        cdef const uint8_t *hash = _hash(hash16)
        if location > PIECES_LOCATION_MAX:
            raise ValueError(f"location {location} is above 2**63 - 1")
        self._make_room()
        pieces_take(&self._previous, hash)
        pieces_put(&self._current, hash, location)

    cdef uint64_t _find(self, const uint8_t *hash) except? -1:  # -1 is PIECES_NOWHERE
        cdef uint64_t location = pieces_find(&self._current, hash)
        if location == PIECES_NOWHERE:
            location = pieces_take(&self._previous, hash)
            if location != PIECES_NOWHERE:
                self._make_room()
                pieces_put(&self._current, hash, location)
        return location

    cdef int _make_room(self) except -1:
        # Made before it is known whether a hash is new: that saves a probe.
        cdef pieces_generation old = self._current
        if old.count < old.slot_count // 4 * 3:
            return 0
        if old.slot_count < self._slots_max:
            self._current = _generation(min(max(2 * old.slot_count, SLOTS_FIRST), self._slots_max))
            pieces_put_all(&self._current, &old)
            PyMem_RawFree(old.slots)
        elif self._previous.slots is NULL:
            self._current = _generation(self._slots_max)
            self._previous = old
        else:
            self._current = self._previous
            memset(self._current.slots, 0, self._current.slot_count * sizeof(pieces_slot))
            self._current.count = 0
            self._previous = old
        return 0


cdef pieces_generation _generation(size_t slot_count) except *:
    cdef pieces_generation generation
    generation.slots = <pieces_slot *>PyMem_RawCalloc(slot_count, sizeof(pieces_slot))
    if generation.slots is NULL:
        raise MemoryError
    generation.slot_count = slot_count
    generation.count = 0
    return generation


cdef const uint8_t *_hash(bytes hash16) except NULL:
    if len(hash16) != PIECES_HASH_NBYTES:
        raise ValueError(f"a piece's hash has 16 bytes, not {len(hash16)}")
    return hash16


cdef object _known(uint64_t location):
    return None if location == PIECES_NOWHERE else location
