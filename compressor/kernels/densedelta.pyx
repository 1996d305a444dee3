# cython: language_level=3, boundscheck=False, wraparound=False
"""Binding of densedelta_kernel.h: sizes and memory here, arithmetic in C."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from libc.stdint cimport int16_t, int32_t, int64_t, uint8_t, uint64_t
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy, memset

from collections import namedtuple


cdef extern from "densedelta_kernel.h" nogil:
    enum:
        DENSEDELTA_CONTEXTS_MAX
        DENSEDELTA_FACTORS_MAX
        DENSEDELTA_COLUMNS_MAX
        DENSEDELTA_STEPS_MAX
    struct densedelta_layout:
        unsigned width
        unsigned mantissa_bits
        size_t count
        size_t columns
    struct densedelta_side:
        int lowest
        const uint8_t *rows
        const uint8_t *scales
    struct densedelta_factors:
        int origin
        unsigned count
        const uint8_t *left
        const uint8_t *right
    struct densedelta_tables:
        unsigned contexts
        unsigned symbols
        int signs
        uint8_t levels[DENSEDELTA_STEPS_MAX]
        uint8_t leanings[DENSEDELTA_STEPS_MAX]
    struct densedelta_room:
        pass
    struct densedelta_counts:
        pass
    size_t densedelta_rows(densedelta_layout layout)
    unsigned densedelta_symbols_max(unsigned width)
    int densedelta_prepare(densedelta_room *room, const densedelta_tables *tables)
    void densedelta_move(
        uint8_t *moved, const uint8_t *base, densedelta_layout layout,
        const densedelta_side *side, const densedelta_factors *factors,
    )
    int densedelta_decode(
        uint8_t *plain, const uint8_t *base, densedelta_layout layout,
        const densedelta_side *side, const densedelta_tables *tables,
        const densedelta_room *room, const uint8_t *packed, size_t size,
    )
    int densedelta_survey(
        const uint8_t *plain, const uint8_t *base, densedelta_layout layout, uint8_t *rows,
        uint8_t *scales, uint64_t *sums,
    )
    int densedelta_lowest(
        const uint8_t *base, densedelta_layout layout, const densedelta_side *side, int origin,
    )
    unsigned densedelta_factor(
        uint8_t *left, uint8_t *right, int16_t *parts, int64_t *sums, int32_t *room,
        const uint8_t *plain, const uint8_t *base, densedelta_layout layout,
        const densedelta_side *side, int origin,
    )
    void densedelta_model(
        uint8_t *symbols, densedelta_tables *tables, densedelta_counts *counts,
        const uint8_t *plain, const uint8_t *base, densedelta_layout layout,
        const densedelta_side *side,
    )
    size_t densedelta_bound(densedelta_layout layout)
    size_t densedelta_encode(
        uint8_t *packed, const uint8_t *plain, const uint8_t *base, const uint8_t *symbols,
        densedelta_layout layout, const densedelta_side *side, const densedelta_tables *tables,
        const densedelta_room *room, densedelta_counts *counts,
    )


CONTEXTS_MAX = DENSEDELTA_CONTEXTS_MAX
FACTORS_MAX = DENSEDELTA_FACTORS_MAX
COLUMNS_MAX = DENSEDELTA_COLUMNS_MAX
ROOM = sizeof(densedelta_room) + sizeof(densedelta_tables)
COUNTS = sizeof(densedelta_counts)

Side = namedtuple("Side", "lowest rows scales")
Factors = namedtuple("Factors", "origin total left right")
Tables = namedtuple("Tables", "contexts symbols levels leanings")


def symbols_max(unsigned width):
    return densedelta_symbols_max(width)


cdef densedelta_layout _layout(words, size_t plain_size, size_t columns) except *:
    cdef densedelta_layout layout
    if tuple(words) not in ((2, 7), (2, 10), (4, 23)):
        raise ValueError(f"no floats of {words[0]} bytes and {words[1]} bits of mantissa")
    if not 1 <= columns <= DENSEDELTA_COLUMNS_MAX:
        raise ValueError(f"there are 1 to {DENSEDELTA_COLUMNS_MAX} columns, not {columns}")
    layout.width, layout.mantissa_bits = words
    layout.count = plain_size // layout.width
    layout.columns = columns
    return layout


cdef const uint8_t *_bytes(const uint8_t[::1] view, size_t size) except? NULL:
    if <size_t>view.shape[0] != size:
        raise ValueError(f"{view.shape[0]} bytes are given where {size} are needed")
    return &view[0] if size else <const uint8_t *>b""


cdef class _Sized:
    """Memory from malloc, freed with the object."""

    cdef uint8_t *data

    def __cinit__(self, size_t size):
        self.data = <uint8_t *>malloc(size + 1)
        if self.data == NULL:
            raise MemoryError
        memset(self.data, 0, 1)

    def __dealloc__(self):
        free(self.data)


cdef _read_tables(densedelta_tables *tables, given, unsigned width):
    contexts, symbols, levels, leanings = given
    if not 1 <= contexts <= DENSEDELTA_CONTEXTS_MAX:
        raise ValueError("too many contexts, or none")
    if not 1 <= symbols <= densedelta_symbols_max(width):
        raise ValueError("too many symbols, or none")
    tables.contexts, tables.symbols, tables.signs = contexts, symbols, leanings is not None
    memcpy(tables.levels, _bytes(levels, contexts * symbols), contexts * symbols)
    if leanings is not None:
        memcpy(
            tables.leanings, _bytes(leanings, contexts * (symbols - 1)), contexts * (symbols - 1)
        )


cdef _check_offset(number):
    if not -32768 <= number <= 32767:
        raise ValueError(f"{number} is no scale")


def decode(
    const uint8_t[::1] packed not None, const uint8_t[::1] base not None, words, size_t columns,
    side, expected, given, tail=b"",
):
    cdef densedelta_layout layout = _layout(words, base.shape[0], columns)
    cdef densedelta_side known
    cdef densedelta_factors factors
    cdef size_t size = packed.shape[0], plain_size = layout.count * layout.width, number
    cdef size_t rows = densedelta_rows(layout), across = min(columns, layout.count)
    cdef int error
    lowest, by_row, scales = side
    origin, count, left, right = expected
    _check_offset(lowest)
    _check_offset(origin)
    if not 0 <= count <= DENSEDELTA_FACTORS_MAX:
        raise ValueError("too many factors")
    known.lowest, factors.origin, factors.count = lowest, origin, count
    known.rows = _bytes(by_row, rows)
    known.scales = NULL
    if scales is not None:
        known.scales = _bytes(scales, across)
    factors.left, factors.right = _bytes(left, count * rows), _bytes(right, count * across)
    made, read = _Sized(sizeof(densedelta_tables)), _Sized(sizeof(densedelta_room))
    cdef densedelta_tables *tables = <densedelta_tables *>(<_Sized>made).data
    cdef densedelta_room *room = <densedelta_room *>(<_Sized>read).data
    _read_tables(tables, given, layout.width)
    cdef const uint8_t *data = &packed[0] if size else <const uint8_t *>b""
    cdef const uint8_t *old = &base[0] if base.shape[0] else <const uint8_t *>b""
    plain = PyBytes_FromStringAndSize(NULL, plain_size + len(tail))
    cdef uint8_t *out = <uint8_t *>PyBytes_AS_STRING(plain)
    with nogil:
        error = densedelta_prepare(room, tables)
        if factors.count and not error:
            densedelta_move(out, old, layout, &known, &factors)
            old = out
        if not error:
            error = densedelta_decode(out, old, layout, &known, tables, room, data, size)
    if error:
        return error
    for number, byte in enumerate(tail):
        out[plain_size + number] = byte
    return plain


cdef bytes _taken(_Sized room, size_t size):
    return PyBytes_FromStringAndSize(<char *>room.data, size)


def encode(
    const uint8_t[::1] plain not None, const uint8_t[::1] base not None, words, size_t columns,
    bint scaled,
):
    cdef densedelta_layout layout = _layout(words, plain.shape[0], columns)
    cdef densedelta_side side
    cdef densedelta_factors factors
    cdef size_t rows = densedelta_rows(layout), across = min(columns, layout.count), size
    cdef size_t searched = DENSEDELTA_FACTORS_MAX if scaled else 0
    cdef const uint8_t *data = &plain[0] if plain.shape[0] else <const uint8_t *>b""
    cdef const uint8_t *old = _bytes(base, plain.shape[0])
    by_row, by_column, symbols = _Sized(2 * rows), _Sized(across), _Sized(layout.count)
    sums, chunks = _Sized(8 * (rows + across) if scaled else 0), _Sized(6 * across if scaled else 0)
    left, right = _Sized(searched * rows), _Sized(searched * across)
    work = _Sized(layout.count * max(2, layout.width) if scaled else 0)
    made, read = _Sized(sizeof(densedelta_tables)), _Sized(sizeof(densedelta_room))
    counted, packed = _Sized(sizeof(densedelta_counts)), _Sized(densedelta_bound(layout))
    cdef uint8_t *r = (<_Sized>by_row).data
    cdef uint8_t *c = (<_Sized>by_column).data if scaled else NULL
    cdef uint8_t *wide = (<_Sized>sums).data
    cdef uint8_t *narrow = (<_Sized>chunks).data
    cdef uint8_t *marks = (<_Sized>symbols).data
    cdef uint8_t *out = (<_Sized>packed).data
    cdef uint8_t *moved = (<_Sized>work).data
    cdef uint8_t *u = (<_Sized>left).data
    cdef uint8_t *v = (<_Sized>right).data
    cdef densedelta_tables *tables = <densedelta_tables *>(<_Sized>made).data
    cdef densedelta_room *room = <densedelta_room *>(<_Sized>read).data
    cdef densedelta_counts *counts = <densedelta_counts *>(<_Sized>counted).data
    with nogil:
        factors.origin = densedelta_survey(data, old, layout, r, c, <uint64_t *>wide)
        side.rows, side.scales = r, c
        factors.count, factors.left, factors.right = 0, u, v
        if scaled:
            factors.count = densedelta_factor(
                u, v, <int16_t *>moved, <int64_t *>wide, <int32_t *>narrow, data, old, layout,
                &side, factors.origin,
            )
        if factors.count:
            densedelta_move(moved, old, layout, &side, &factors)
            old = moved
        side.lowest = densedelta_lowest(old, layout, &side, factors.origin)
        densedelta_model(marks, tables, counts, data, old, layout, &side)
        densedelta_prepare(room, tables)
        size = densedelta_encode(out, data, old, marks, layout, &side, tables, room, counts)
    steps = tables.contexts * tables.symbols
    leanings = None
    if tables.signs:
        leanings = PyBytes_FromStringAndSize(<char *>tables.leanings, steps - tables.contexts)
    levels = PyBytes_FromStringAndSize(<char *>tables.levels, steps)
    n = factors.count
    return (
        Side(side.lowest, _taken(by_row, rows), _taken(by_column, across) if scaled else None),
        Factors(factors.origin, n, _taken(left, n * rows), _taken(right, n * across)),
        Tables(tables.contexts, tables.symbols, levels, leanings),
        _taken(packed, size),
    )
