# cython: language_level=3, boundscheck=False, wraparound=False
"""Binding of dense_kernel.h: sizes and memory here, arithmetic in C."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from libc.stdint cimport uint8_t, uint16_t, uint64_t
from libc.stdlib cimport free, malloc
from libc.string cimport memset

from collections import namedtuple


cdef extern from "dense_kernel.h" nogil:
    enum:
        DENSE_SYMBOLS
        DENSE_FRACTIONS
        DENSE_CLASSES_MAX
        DENSE_SHARES
        DENSE_STRENGTHS
        DENSE_GROUPS
        DENSE_ENDINGS
        DENSE_LEVELS_MAX
        DENSE_BASE_MAX
        DENSE_COLUMNS_MAX
    struct dense_layout:
        unsigned width
        unsigned mantissa_bits
        size_t count
        size_t columns
    struct dense_side:
        int base
        unsigned classes
        const uint8_t *rows
        const uint8_t *scales
        const uint8_t *kinds
        const uint8_t *leanings
        const uint8_t *short_rows
        int signed_zeros
    struct dense_tables:
        uint16_t shapes[DENSE_CLASSES_MAX][DENSE_SYMBOLS]
        uint8_t odds[DENSE_STRENGTHS][DENSE_GROUPS]
        unsigned first_level
        unsigned levels
        uint16_t endings[DENSE_LEVELS_MAX][DENSE_ENDINGS]
    struct dense_room:
        pass
    struct dense_found:
        int base
        unsigned classes
        int leans
        int shorts
    size_t dense_rows(dense_layout layout)
    void dense_prepare(dense_room *room, const dense_tables *tables, unsigned classes)
    int dense_decode(
        uint8_t *plain, dense_layout layout, const dense_side *side, const dense_tables *tables,
        const dense_room *room, const uint8_t *packed, size_t size,
    )
    dense_found dense_survey(
        const uint8_t *plain, dense_layout layout, uint8_t *rows, uint8_t *scales, uint8_t *kinds,
        uint8_t *leanings, uint8_t *short_rows, uint64_t *sums,
    )
    void dense_model(
        uint8_t *symbols, dense_tables *tables, const uint8_t *plain, dense_layout layout,
        dense_side *side, uint8_t *kinds,
    )
    size_t dense_bound(dense_layout layout)
    size_t dense_encode(
        uint8_t *packed, const uint8_t *plain, uint8_t *symbols, dense_layout layout,
        const dense_side *side, const dense_tables *tables, const dense_room *room,
    )


cdef extern from "dense_bytes.h" nogil:
    enum:
        DENSE_BYTE_VALUES
    struct dense_byte_tables:
        uint16_t shape[DENSE_SYMBOLS]
        uint8_t odds[DENSE_STRENGTHS][DENSE_GROUPS]
        unsigned top
        uint16_t top_share
    struct dense_byte_room:
        pass
    void dense_byte_prepare(
        dense_byte_room *room, const dense_byte_tables *tables, dense_layout layout, int base,
    )
    int dense_byte_decode(
        uint8_t *plain, dense_layout layout, const dense_side *side, const dense_byte_room *room,
        const uint8_t *packed, size_t size,
    )
    void dense_byte_model(
        uint8_t *values, uint8_t *rows, dense_byte_tables *tables, const uint8_t *plain,
        dense_layout layout, dense_side *side,
    )
    size_t dense_byte_encode(
        uint8_t *packed, const uint8_t *plain, const uint8_t *values, dense_layout layout,
        const dense_side *side, const dense_byte_room *room,
    )


SYMBOLS = DENSE_SYMBOLS
CLASSES_MAX = DENSE_CLASSES_MAX
SHARES = DENSE_SHARES
STRENGTHS = DENSE_STRENGTHS
GROUPS = DENSE_GROUPS
ENDINGS = DENSE_ENDINGS
LEVELS_MAX = DENSE_LEVELS_MAX
BASE_MAX = DENSE_BASE_MAX
COLUMNS_MAX = DENSE_COLUMNS_MAX
BYTE_VALUES = DENSE_BYTE_VALUES
ROOM = sizeof(dense_room) + 2 * sizeof(dense_tables)

Side = namedtuple("Side", "base rows scales kinds leanings short_rows signed_zeros")
Tables = namedtuple("Tables", "shapes odds first_level endings")
ByteTables = namedtuple("ByteTables", "shape odds top top_share")


cdef dense_layout _layout(words, size_t plain_size, size_t columns) except *:
    cdef dense_layout layout
    if tuple(words) not in ((1, 3), (1, 2), (1, 0), (2, 7), (2, 10), (4, 23)):
        raise ValueError(f"no numbers of {words[0]} bytes and {words[1]} bits of mantissa")
    if not 1 <= columns <= DENSE_COLUMNS_MAX:
        raise ValueError(f"there are 1 to {DENSE_COLUMNS_MAX} columns, not {columns}")
    layout.width, layout.mantissa_bits = words
    layout.count = plain_size // layout.width
    layout.columns = columns
    return layout


cdef const uint8_t *_bytes(const uint8_t[::1] view, size_t size) except? NULL:
    if <size_t>view.shape[0] != size:
        raise ValueError("a side has another size than the block")
    return &view[0] if size else <const uint8_t *>b""


cdef int _below(const uint8_t *numbers, size_t size, unsigned most) noexcept nogil:
    cdef size_t i
    cdef unsigned wrong = 0
    for i in range(size):
        wrong |= numbers[i] > most
    return not wrong


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


cdef _fill(uint16_t *shares, row, unsigned size):
    cdef unsigned s
    for s in range(size):
        shares[s] = row[s]


cdef _read_tables(dense_tables *tables, given):
    shapes, odds, first_level, endings = given
    memset(tables, 0, sizeof(dense_tables))
    if not 1 <= len(shapes) <= DENSE_CLASSES_MAX or len(endings) > DENSE_LEVELS_MAX:
        raise ValueError("too many tables, or none")
    for number, shape in enumerate(shapes):
        fits = len(shape) == DENSE_SYMBOLS and sum(shape) == DENSE_SHARES
        if not fits or min(shape) < 0 or not shape[0]:
            raise ValueError(f"a shape sums up to {DENSE_SHARES}, and begins with 1 or more")
        _fill(tables.shapes[<unsigned>number], shape, DENSE_SYMBOLS)
    for number, row in enumerate(endings):
        if len(row) != DENSE_ENDINGS or sum(row) not in (0, DENSE_SHARES) or min(row) < 0:
            raise ValueError(f"endings sum up to {DENSE_SHARES}")
        _fill(tables.endings[<unsigned>number], row, DENSE_ENDINGS)
    tables.first_level, tables.levels = first_level, len(endings)
    if not 0 <= first_level <= 255:
        raise ValueError("a level is out of range")
    _read_odds(&tables.odds[0][0], odds)


cdef _read_odds(uint8_t *known, odds):
    if len(odds) > DENSE_STRENGTHS - 1 or any(len(row) != DENSE_GROUPS for row in odds):
        raise ValueError("odds do not fit")
    for number, row in enumerate(odds):
        for group, chance in enumerate(row):
            if not chance:
                raise ValueError("odds are 1 or more")
            known[(<unsigned>number + 1) * DENSE_GROUPS + <unsigned>group] = chance


cdef _read_byte_tables(dense_byte_tables *tables, given):
    shape, odds, top, top_share = given
    memset(tables, 0, sizeof(dense_byte_tables))
    fits = len(shape) == DENSE_SYMBOLS and sum(shape) + top_share == DENSE_SHARES
    if not fits or min(shape) < 0 or not shape[0] or top_share < 0:
        raise ValueError(f"a shape sums up to {DENSE_SHARES}, and begins with 1 or more")
    if not 0 <= top < DENSE_BYTE_VALUES:
        raise ValueError("the value on top is out of range")
    _fill(tables.shape, shape, DENSE_SYMBOLS)
    tables.top, tables.top_share = top, top_share
    _read_odds(&tables.odds[0][0], odds)


def decode(
    const uint8_t[::1] packed not None, size_t plain_size, words, size_t columns, side, given,
    tail=b"",
):
    cdef dense_layout layout = _layout(words, plain_size, columns)
    cdef dense_side known
    cdef dense_tables tables
    cdef size_t rows = dense_rows(layout), across = min(columns, layout.count)
    cdef int error
    base, row_scales, scales, kinds, leanings, short_rows, signed_zeros = side
    if layout.width == 1:
        raise ValueError("decode_bytes() is for elements of one byte")
    if not -DENSE_BASE_MAX <= base <= DENSE_BASE_MAX:
        raise ValueError("a base is out of range")
    memset(&known, 0, sizeof(known))
    known.base, known.classes, known.signed_zeros = base, len(given[0]), signed_zeros
    _read_tables(&tables, given)
    known.rows = _bytes(row_scales, rows)
    if scales is not None:
        known.scales = _bytes(scales, across)
    if kinds is not None:
        known.kinds = _bytes(kinds, across)
        if not _below(known.kinds, across, known.classes - 1):
            raise ValueError("a column's class has no shape")
    if leanings is not None:
        known.leanings = _bytes(leanings, across)
        if not _below(known.leanings, across, 15) or len(given[1]) != DENSE_STRENGTHS - 1:
            raise ValueError("a column's leaning is out of range, or odds are missing")
    if short_rows is not None:
        known.short_rows = _bytes(short_rows, rows)
        if not _below(known.short_rows, rows, 1) or not tables.levels or layout.width != 4:
            raise ValueError("a row's endings are out of range")
    room = _Sized(sizeof(dense_room))
    cdef dense_room *inner = <dense_room *>(<_Sized>room).data
    cdef size_t size = packed.shape[0]
    cdef const uint8_t *data = &packed[0] if size else <const uint8_t *>b""
    plain = PyBytes_FromStringAndSize(NULL, layout.count * layout.width + len(tail))
    cdef uint8_t *out = <uint8_t *>PyBytes_AS_STRING(plain)
    with nogil:
        dense_prepare(inner, &tables, known.classes)
        error = dense_decode(out, layout, &known, &tables, inner, data, size)
    if error:
        return error
    for number, byte in enumerate(tail):
        out[layout.count * layout.width + <size_t>number] = byte
    return plain


def decode_bytes(
    const uint8_t[::1] packed not None, size_t plain_size, words, size_t columns, side, given
):
    cdef dense_layout layout = _layout(words, plain_size, columns)
    cdef dense_side known
    cdef dense_byte_tables tables
    cdef size_t rows = dense_rows(layout), across = min(columns, layout.count)
    cdef int error
    base, row_scales, scales, kinds, leanings, short_rows, signed_zeros = side
    if layout.width != 1 or kinds is not None or short_rows is not None or signed_zeros:
        raise ValueError("bytes have no classes and no endings")
    if not -DENSE_BASE_MAX <= base <= DENSE_BASE_MAX:
        raise ValueError("a base is out of range")
    memset(&known, 0, sizeof(known))
    known.base, known.classes = base, 1
    _read_byte_tables(&tables, given)
    known.rows = _bytes(row_scales, rows)
    if scales is not None:
        known.scales = _bytes(scales, across)
    if leanings is not None:
        known.leanings = _bytes(leanings, across)
        if not _below(known.leanings, across, 15) or len(given[1]) != DENSE_STRENGTHS - 1:
            raise ValueError("a column's leaning is out of range, or odds are missing")
    room = _Sized(sizeof(dense_byte_room))
    cdef dense_byte_room *inner = <dense_byte_room *>(<_Sized>room).data
    cdef size_t size = packed.shape[0]
    cdef const uint8_t *data = &packed[0] if size else <const uint8_t *>b""
    plain = PyBytes_FromStringAndSize(NULL, layout.count)
    cdef uint8_t *out = <uint8_t *>PyBytes_AS_STRING(plain)
    with nogil:
        dense_byte_prepare(inner, &tables, layout, known.base)
        error = dense_byte_decode(out, layout, &known, inner, data, size)
    return error if error else plain


cdef _rows_of(uint16_t *shares, unsigned size):
    return [shares[s] for s in range(size)]


cdef _odds_of(uint8_t *odds):
    return [
        PyBytes_FromStringAndSize(<char *>odds + k * DENSE_GROUPS, DENSE_GROUPS)
        for k in range(1, DENSE_STRENGTHS)
    ]


cdef bytes _taken(_Sized room, size_t at, size_t size):
    return PyBytes_FromStringAndSize(<char *>room.data + at, size)


def encode(const uint8_t[::1] plain not None, words, size_t columns, bint scaled):
    cdef dense_layout layout = _layout(words, plain.shape[0], columns)
    cdef dense_side side
    cdef dense_tables tables
    cdef dense_found found
    cdef size_t rows = dense_rows(layout), across = min(columns, layout.count), size
    cdef const uint8_t *data = &plain[0] if plain.shape[0] else <const uint8_t *>b""
    if layout.width == 1:
        raise ValueError("encode_bytes() is for elements of one byte")
    memset(&side, 0, sizeof(side))
    memset(&tables, 0, sizeof(tables))
    by_row, by_column = _Sized(2 * rows), _Sized(3 * across)
    sums, symbols = _Sized(24 * across if scaled else 0), _Sized(layout.count)
    room, packed = _Sized(sizeof(dense_room)), _Sized(dense_bound(layout))
    cdef uint8_t *r = (<_Sized>by_row).data
    cdef uint8_t *c = (<_Sized>by_column).data
    cdef uint8_t *marks = (<_Sized>symbols).data
    cdef uint8_t *out = (<_Sized>packed).data
    cdef uint64_t *counted = <uint64_t *>(<_Sized>sums).data
    cdef dense_room *inner = <dense_room *>(<_Sized>room).data
    with nogil:
        found = dense_survey(
            data, layout, r, c if scaled else NULL, c + across, c + 2 * across, r + rows, counted
        )
        side.base, side.classes, side.rows = found.base, found.classes, r
        side.scales = c if scaled else NULL
        side.kinds = c + across if found.classes > 1 else NULL
        side.leanings = c + 2 * across if found.leans else NULL
        side.short_rows = r + rows if found.shorts else NULL
        dense_model(marks, &tables, data, layout, &side, c + across)
        dense_prepare(inner, &tables, side.classes)
        size = dense_encode(out, data, marks, layout, &side, &tables, inner)
    shapes = [_rows_of(tables.shapes[k], DENSE_SYMBOLS) for k in range(side.classes)]
    endings = [_rows_of(tables.endings[k], DENSE_ENDINGS) for k in range(tables.levels)]
    odds = _odds_of(&tables.odds[0][0])
    known = Side(
        side.base,
        _taken(by_row, 0, rows),
        _taken(by_column, 0, across) if scaled else None,
        _taken(by_column, across, across) if side.kinds != NULL else None,
        _taken(by_column, 2 * across, across) if side.leanings != NULL else None,
        _taken(by_row, rows, rows) if side.short_rows != NULL else None,
        bool(side.signed_zeros),
    )
    given = Tables(shapes, odds if side.leanings != NULL else [], tables.first_level, endings)
    return known, given, _taken(packed, 0, size)


def encode_bytes(const uint8_t[::1] plain not None, words, size_t columns, bint scaled):
    cdef dense_layout layout = _layout(words, plain.shape[0], columns)
    cdef dense_side side
    cdef dense_byte_tables tables
    cdef dense_found found
    cdef size_t rows = dense_rows(layout), across = min(columns, layout.count), size
    cdef const uint8_t *data = &plain[0] if plain.shape[0] else <const uint8_t *>b""
    if layout.width != 1:
        raise ValueError("these numbers have more than one byte")
    memset(&side, 0, sizeof(side))
    memset(&tables, 0, sizeof(tables))
    by_row, by_column = _Sized(2 * rows), _Sized(3 * across)
    sums, symbols = _Sized(24 * across if scaled else 0), _Sized(layout.count)
    room, packed = _Sized(sizeof(dense_byte_room)), _Sized(dense_bound(layout))
    cdef uint8_t *r = (<_Sized>by_row).data
    cdef uint8_t *c = (<_Sized>by_column).data
    cdef uint8_t *values = (<_Sized>symbols).data
    cdef uint8_t *out = (<_Sized>packed).data
    cdef uint64_t *counted = <uint64_t *>(<_Sized>sums).data
    cdef dense_byte_room *inner = <dense_byte_room *>(<_Sized>room).data
    with nogil:
        found = dense_survey(
            data, layout, r, c if scaled else NULL, c + across, c + 2 * across, r + rows, counted
        )
        side.base, side.classes, side.rows = found.base, found.classes, r
        side.scales = c if scaled else NULL
        side.leanings = c + 2 * across if found.leans else NULL
        dense_byte_model(values, r, &tables, data, layout, &side)
        dense_byte_prepare(inner, &tables, layout, side.base)
        size = dense_byte_encode(out, data, values, layout, &side, inner)
    known = Side(
        side.base,
        _taken(by_row, 0, rows),
        _taken(by_column, 0, across) if scaled else None,
        None,
        _taken(by_column, 2 * across, across) if side.leanings != NULL else None,
        None,
        False,
    )
    odds = _odds_of(&tables.odds[0][0]) if side.leanings != NULL else []
    given = ByteTables(_rows_of(tables.shape, DENSE_SYMBOLS), odds, tables.top, tables.top_share)
    return known, given, _taken(packed, 0, size)
