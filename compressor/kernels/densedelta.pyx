# cython: language_level=3, boundscheck=False, wraparound=False
"""Binding of densedelta_kernel.h: sizes and memory here, arithmetic in C."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from libc.stdint cimport int16_t, int32_t, int64_t, uint8_t, uint64_t
from libc.string cimport memcpy

from collections import namedtuple

from compressor.kernels.buffers cimport exactly, room_of, start_of, taken, within
from compressor.kernels.dense_layout cimport (
    DENSE_COLUMNS_MAX,
    dense_layout,
    dense_rows,
    layout_of,
)


cdef extern from "densedelta_kernel.h" nogil:
    enum:
        DENSEDELTA_CONTEXTS_MAX
        DENSEDELTA_FACTORS_MAX
        DENSEDELTA_STEPS_MAX
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
    unsigned densedelta_symbols_max(unsigned width)
    int densedelta_prepare(densedelta_room *room, const densedelta_tables *tables)
    void densedelta_move(
        uint8_t *moved, const uint8_t *base, dense_layout layout,
        const densedelta_side *side, const densedelta_factors *factors,
    )
    int densedelta_decode(
        uint8_t *plain, const uint8_t *base, dense_layout layout,
        const densedelta_side *side, const densedelta_tables *tables,
        const densedelta_room *room, const uint8_t *packed, size_t size,
    )
    int densedelta_survey(
        const uint8_t *plain, const uint8_t *base, dense_layout layout, uint8_t *rows,
        uint8_t *scales, uint64_t *sums,
    )
    int densedelta_lowest(
        const uint8_t *base, dense_layout layout, const densedelta_side *side, int origin,
    )
    unsigned densedelta_factor(
        uint8_t *left, uint8_t *right, int16_t *parts, int64_t *sums, int32_t *room,
        const uint8_t *plain, const uint8_t *base, dense_layout layout,
        const densedelta_side *side, int origin,
    )
    void densedelta_model(
        uint8_t *symbols, densedelta_tables *tables, densedelta_counts *counts,
        const uint8_t *plain, const uint8_t *base, dense_layout layout,
        const densedelta_side *side,
    )
    size_t densedelta_bound(dense_layout layout)
    size_t densedelta_encode(
        uint8_t *packed, const uint8_t *plain, const uint8_t *base, const uint8_t *symbols,
        dense_layout layout, const densedelta_side *side, const densedelta_tables *tables,
        const densedelta_room *room, densedelta_counts *counts,
    )


CONTEXTS_MAX = DENSEDELTA_CONTEXTS_MAX
FACTORS_MAX = DENSEDELTA_FACTORS_MAX
COLUMNS_MAX = DENSE_COLUMNS_MAX
ROOM = sizeof(densedelta_room) + sizeof(densedelta_tables)
COUNTS = sizeof(densedelta_counts)

_TYPES = ((1, 3), (1, 2), (1, 0), (2, 7), (2, 10), (4, 23))

Side = namedtuple("Side", "lowest rows scales")
Factors = namedtuple("Factors", "origin total left right")
Tables = namedtuple("Tables", "contexts symbols levels leanings")


def symbols_max(unsigned width):
    return densedelta_symbols_max(width)


cdef _read_tables(densedelta_tables *tables, given, unsigned width):
    contexts, symbols, levels, leanings = given
    if not 1 <= contexts <= DENSEDELTA_CONTEXTS_MAX:
        raise ValueError("too many contexts, or none")
    if not 1 <= symbols <= densedelta_symbols_max(width):
        raise ValueError("too many symbols, or none")
    tables.contexts, tables.symbols, tables.signs = contexts, symbols, leanings is not None
    memcpy(tables.levels, exactly(levels, contexts * symbols), contexts * symbols)
    if leanings is not None:
        memcpy(
            tables.leanings, exactly(leanings, contexts * (symbols - 1)), contexts * (symbols - 1)
        )


cdef _check_offset(number):
    if not -32768 <= number <= 32767:
        raise ValueError(f"{number} is no scale")


def decode(
    const uint8_t[::1] packed not None, const uint8_t[::1] base not None, words, size_t columns,
    side, expected, given, tail=b"",
):
    cdef dense_layout layout = layout_of(words, _TYPES, base.shape[0], columns)
    cdef densedelta_side known
    cdef densedelta_factors factors
    cdef size_t size = packed.shape[0], plain_size = layout.count * layout.width, number
    cdef size_t rows = dense_rows(layout), across = min(columns, layout.count)
    cdef int error
    lowest, by_row, scales = side
    origin, count, left, right = expected
    _check_offset(lowest)
    _check_offset(origin)
    if not 0 <= count <= DENSEDELTA_FACTORS_MAX:
        raise ValueError("too many factors")
    known.lowest, factors.origin, factors.count = lowest, origin, count
    known.rows = exactly(by_row, rows)
    known.scales = NULL
    if scales is not None:
        known.scales = exactly(scales, across)
    factors.left, factors.right = exactly(left, count * rows), exactly(right, count * across)
    made, read = room_of(sizeof(densedelta_tables)), room_of(sizeof(densedelta_room))
    cdef densedelta_tables *tables = <densedelta_tables *>within(made)
    cdef densedelta_room *room = <densedelta_room *>within(read)
    _read_tables(tables, given, layout.width)
    cdef const uint8_t *data = start_of(packed)
    cdef const uint8_t *old = start_of(base)
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


def encode(
    const uint8_t[::1] plain not None, const uint8_t[::1] base not None, words, size_t columns,
    bint scaled,
):
    cdef dense_layout layout = layout_of(words, _TYPES, plain.shape[0], columns)
    cdef densedelta_side side
    cdef densedelta_factors factors
    cdef size_t rows = dense_rows(layout), across = min(columns, layout.count), size
    cdef size_t searched = DENSEDELTA_FACTORS_MAX if scaled else 0
    cdef const uint8_t *data = start_of(plain)
    cdef const uint8_t *old = exactly(base, plain.shape[0])
    by_row, by_column, symbols = room_of(2 * rows), room_of(across), room_of(layout.count)
    sums = room_of(8 * (rows + across) if scaled else 0)
    chunks = room_of(6 * across if scaled else 0)
    left, right = room_of(searched * rows), room_of(searched * across)
    work = room_of(layout.count * max(2, layout.width) if scaled else 0)
    made, read = room_of(sizeof(densedelta_tables)), room_of(sizeof(densedelta_room))
    counted, packed = room_of(sizeof(densedelta_counts)), room_of(densedelta_bound(layout))
    cdef uint8_t *r = within(by_row)
    cdef uint8_t *c = within(by_column) if scaled else NULL
    cdef uint8_t *wide = within(sums)
    cdef uint8_t *narrow = within(chunks)
    cdef uint8_t *marks = within(symbols)
    cdef uint8_t *out = within(packed)
    cdef uint8_t *moved = within(work)
    cdef uint8_t *u = within(left)
    cdef uint8_t *v = within(right)
    cdef densedelta_tables *tables = <densedelta_tables *>within(made)
    cdef densedelta_room *room = <densedelta_room *>within(read)
    cdef densedelta_counts *counts = <densedelta_counts *>within(counted)
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
        Side(side.lowest, taken(by_row, 0, rows), taken(by_column, 0, across) if scaled else None),
        Factors(factors.origin, n, taken(left, 0, n * rows), taken(right, 0, n * across)),
        Tables(tables.contexts, tables.symbols, levels, leanings),
        taken(packed, 0, size),
    )
