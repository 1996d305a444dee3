# cython: language_level=3, boundscheck=False, wraparound=False
"""Binding of dense_kernel.h: sizes and memory here, arithmetic in C."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from libc.stdint cimport uint8_t, uint16_t, uint64_t
from libc.string cimport memset

from collections import namedtuple

from compressor.kernels.buffers cimport exactly, room_of, start_of, taken, within
from compressor.kernels.dense_layout cimport (
    DENSE_COLUMNS_MAX,
    dense_layout,
    dense_rows,
    layout_of,
)


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
        int scaled
        int leans
        int shorts
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
        dense_byte_room *room, const dense_byte_tables *tables, dense_layout layout,
        const dense_side *side,
    )
    int dense_byte_decode(
        uint8_t *plain, dense_layout layout, const dense_side *side, dense_byte_room *room,
        const uint8_t *packed, size_t size, int vectors,
    )
    void dense_byte_model(
        uint8_t *rows, dense_byte_tables *tables, const uint8_t *plain, dense_layout layout,
        dense_side *side,
    )
    size_t dense_byte_encode(
        uint8_t *packed, const uint8_t *plain, uint8_t *marks, dense_layout layout,
        const dense_side *side, dense_byte_room *room,
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
ROOM = max(sizeof(dense_room), sizeof(dense_byte_room)) + 2 * sizeof(dense_tables)

_FLOATS = ((2, 7), (2, 10), (4, 23), (4, 20))
_BYTES = ((1, 3), (1, 2), (1, 0))

Side = namedtuple("Side", "base rows scales kinds leanings short_rows signed_zeros")
Tables = namedtuple("Tables", "shapes odds first_level endings")
ByteTables = namedtuple("ByteTables", "shape odds top top_share")


cdef int _below(const uint8_t *numbers, size_t size, unsigned most) noexcept nogil:
    cdef size_t i
    cdef unsigned wrong = 0
    for i in range(size):
        wrong |= numbers[i] > most
    return not wrong


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


cdef int _read_side(dense_side *known, side, dense_layout layout, given) except -1:
    cdef size_t rows = dense_rows(layout), across = min(layout.columns, layout.count)
    cdef unsigned classes = len(given.shapes) if layout.width > 1 else 1
    memset(known, 0, sizeof(dense_side))
    if not -DENSE_BASE_MAX <= side.base <= DENSE_BASE_MAX:
        raise ValueError("a base is out of range")
    known.base, known.classes, known.signed_zeros = side.base, classes, side.signed_zeros
    known.rows = exactly(side.rows, rows)
    if side.scales is not None:
        known.scales = exactly(side.scales, across)
    if side.kinds is not None:
        known.kinds = exactly(side.kinds, across)
        if not _below(known.kinds, across, classes - 1):
            raise ValueError("a column's class has no shape")
    if side.leanings is not None:
        known.leanings = exactly(side.leanings, across)
        if not _below(known.leanings, across, 15) or len(given.odds) != DENSE_STRENGTHS - 1:
            raise ValueError("a column's leaning is out of range, or odds are missing")
    if side.short_rows is not None:
        known.short_rows = exactly(side.short_rows, rows)
        if not _below(known.short_rows, rows, 1) or layout.mantissa_bits != 23 or not given.endings:
            raise ValueError("a row's endings are out of range")
    return 0


def decode(
    const uint8_t[::1] packed not None, size_t plain_size, words, size_t columns, side, given,
    tail=b"",
):
    cdef dense_layout layout = layout_of(words, _FLOATS, plain_size, columns)
    cdef dense_side known
    cdef dense_tables tables
    cdef size_t size = packed.shape[0], whole = layout.count * layout.width
    cdef const uint8_t *data = start_of(packed)
    cdef int error
    _read_tables(&tables, given)
    _read_side(&known, side, layout, given)
    room = room_of(sizeof(dense_room))
    cdef dense_room *inner = <dense_room *>within(room)
    plain = PyBytes_FromStringAndSize(NULL, whole + len(tail))
    cdef uint8_t *out = <uint8_t *>PyBytes_AS_STRING(plain)
    with nogil:
        dense_prepare(inner, &tables, known.classes)
        error = dense_decode(out, layout, &known, &tables, inner, data, size)
    if error:
        return error
    for number, byte in enumerate(tail):
        out[whole + <size_t>number] = byte
    return plain


def decode_bytes(
    const uint8_t[::1] packed not None, size_t plain_size, words, size_t columns, side, given,
    *, bint vectors=True,
):
    cdef dense_layout layout = layout_of(words, _BYTES, plain_size, columns)
    cdef dense_side known
    cdef dense_byte_tables tables
    cdef size_t size = packed.shape[0]
    cdef const uint8_t *data = start_of(packed)
    cdef int error
    if side.kinds is not None or side.short_rows is not None or side.signed_zeros:
        raise ValueError("bytes have no classes and no endings")
    _read_byte_tables(&tables, given)
    _read_side(&known, side, layout, given)
    room = room_of(sizeof(dense_byte_room))
    cdef dense_byte_room *inner = <dense_byte_room *>within(room)
    plain = PyBytes_FromStringAndSize(NULL, layout.count)
    cdef uint8_t *out = <uint8_t *>PyBytes_AS_STRING(plain)
    with nogil:
        dense_byte_prepare(inner, &tables, layout, &known)
        error = dense_byte_decode(out, layout, &known, inner, data, size, vectors)
    return error if error else plain


cdef _rows_of(uint16_t *shares, unsigned size):
    return [shares[s] for s in range(size)]


cdef _odds_of(uint8_t *odds):
    return [
        PyBytes_FromStringAndSize(<char *>odds + k * DENSE_GROUPS, DENSE_GROUPS)
        for k in range(1, DENSE_STRENGTHS)
    ]


cdef class _Survey:
    """What is found of a block's rows and columns; ``plain`` outlives it."""

    cdef dense_layout layout
    cdef dense_side side
    cdef const uint8_t *plain
    cdef bytearray by_row  # scales, and which rows' elements are short
    cdef bytearray by_column  # scales, classes, leanings

    def __cinit__(
        self, const uint8_t[::1] plain not None, words, tuple known, size_t columns, bint scaled
    ):
        cdef dense_layout layout = layout_of(words, known, plain.shape[0], columns)
        cdef size_t rows = dense_rows(layout), across = min(columns, layout.count)
        cdef dense_found found
        self.layout, self.plain = layout, start_of(plain)
        self.by_row, self.by_column = room_of(2 * rows), room_of(3 * across)
        room = room_of(24 * across if scaled else 0)
        cdef uint64_t *sums = <uint64_t *>within(room)
        cdef uint8_t *r = within(self.by_row)
        cdef uint8_t *c = within(self.by_column)
        cdef uint8_t *scales = c if scaled else NULL
        with nogil:
            found = dense_survey(
                self.plain, layout, r, scales, c + across, c + 2 * across, r + rows, sums
            )
        memset(&self.side, 0, sizeof(dense_side))
        self.side.base, self.side.classes, self.side.rows = found.base, found.classes, r
        self.side.scales = c if found.scaled else NULL
        self.side.kinds = c + across if found.classes > 1 else NULL
        self.side.leanings = c + 2 * across if found.leans else NULL
        self.side.short_rows = r + rows if found.shorts else NULL

    cdef known(self):
        cdef size_t rows = dense_rows(self.layout)
        cdef size_t across = min(self.layout.columns, self.layout.count)
        return Side(
            self.side.base,
            taken(self.by_row, 0, rows),
            taken(self.by_column, 0, across) if self.side.scales != NULL else None,
            taken(self.by_column, across, across) if self.side.kinds != NULL else None,
            taken(self.by_column, 2 * across, across) if self.side.leanings != NULL else None,
            taken(self.by_row, rows, rows) if self.side.short_rows != NULL else None,
            bool(self.side.signed_zeros),
        )


def encode(const uint8_t[::1] plain not None, words, size_t columns, bint scaled):
    cdef _Survey found = _Survey(plain, words, _FLOATS, columns, scaled)
    cdef dense_layout layout = found.layout
    cdef dense_side *side = &found.side
    cdef dense_tables tables
    cdef size_t size, across = min(columns, layout.count)
    memset(&tables, 0, sizeof(tables))
    symbols, packed = room_of(layout.count), room_of(dense_bound(layout))
    room = room_of(sizeof(dense_room))
    cdef uint8_t *kinds = within(found.by_column) + across
    cdef uint8_t *marks = within(symbols)
    cdef uint8_t *out = within(packed)
    cdef dense_room *inner = <dense_room *>within(room)
    with nogil:
        dense_model(marks, &tables, found.plain, layout, side, kinds)
        dense_prepare(inner, &tables, side.classes)
        size = dense_encode(out, found.plain, marks, layout, side, &tables, inner)
    shapes = [_rows_of(tables.shapes[k], DENSE_SYMBOLS) for k in range(side.classes)]
    endings = [_rows_of(tables.endings[k], DENSE_ENDINGS) for k in range(tables.levels)]
    odds = _odds_of(&tables.odds[0][0]) if side.leanings != NULL else []
    given = Tables(shapes, odds, tables.first_level, endings)
    return found.known(), given, taken(packed, 0, size)


def encode_bytes(const uint8_t[::1] plain not None, words, size_t columns, bint scaled):
    cdef _Survey found = _Survey(plain, words, _BYTES, columns, scaled)
    cdef dense_layout layout = found.layout
    cdef dense_side *side = &found.side
    cdef dense_byte_tables tables
    cdef size_t size
    memset(&tables, 0, sizeof(tables))
    bits_open, packed = room_of(layout.count), room_of(dense_bound(layout))
    room = room_of(sizeof(dense_byte_room))
    cdef uint8_t *rows = within(found.by_row)
    cdef uint8_t *marks = within(bits_open)
    cdef uint8_t *out = within(packed)
    cdef dense_byte_room *inner = <dense_byte_room *>within(room)
    with nogil:
        dense_byte_model(rows, &tables, found.plain, layout, side)
        dense_byte_prepare(inner, &tables, layout, side)
        size = dense_byte_encode(out, found.plain, marks, layout, side, inner)
    odds = _odds_of(&tables.odds[0][0]) if side.leanings != NULL else []
    given = ByteTables(_rows_of(tables.shape, DENSE_SYMBOLS), odds, tables.top, tables.top_share)
    return found.known(), given, taken(packed, 0, size)
