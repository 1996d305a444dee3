/* densedelta_kernel.h - differences between floats as rANS under the scale of their row and column.
 *
 * Page: docs/format/densedelta.md. Reference: compressor/reference/densedelta.py.
 *
 * Nothing here allocates, keeps state or touches a byte outside the buffers it is given. Buffers
 * must not overlap, but for one case: densedelta_decode() may be given its base as plain, the same
 * bytes and not others of them, for it reads each element before it writes it. Every function may
 * be called from several threads at once. Elements are little-endian; a count is a number of
 * elements. Everything is integers: no machine differs.
 */
#ifndef COMPRESSOR_DENSEDELTA_KERNEL_H
#define COMPRESSOR_DENSEDELTA_KERNEL_H

#include "dense_layout.h"

#include <stdint.h>

#define DENSEDELTA_CONTEXTS_MAX 48u
#define DENSEDELTA_SYMBOLS_MAX 124u /* of elements of 4 bytes; 60 of 2 */
#define DENSEDELTA_LEVEL_MAX 63u
#define DENSEDELTA_SHARES 4096u /* what the codes of a context sum up to */
#define DENSEDELTA_FACTORS_MAX 32u
#define DENSEDELTA_STEPS_MAX (DENSEDELTA_CONTEXTS_MAX * DENSEDELTA_SYMBOLS_MAX)
#define DENSEDELTA_CODES (2u * DENSEDELTA_SYMBOLS_MAX) /* a symbol under each sign */

/* What is known of rows and columns; columns beyond count have no bytes. */
struct densedelta_side {
    int lowest;            /* added to each row's scale: -32768 to 32767 */
    const uint8_t *rows;   /* scale of each row */
    const uint8_t *scales; /* of each column, plus 128; NULL: all are 128 */
};

/* What is expected of differences: the sum over factors of a row's number times a column's. */
struct densedelta_factors {
    int origin;           /* added to each row's scale: -32768 to 32767 */
    unsigned count;       /* 0 to DENSEDELTA_FACTORS_MAX */
    const uint8_t *left;  /* count times the number of rows, plus 128 each */
    const uint8_t *right; /* count times the number of columns, plus 128 each */
};

/* What the tables of codes are made of: steps from one context to the next, as a block has them. */
struct densedelta_tables {
    unsigned contexts;                      /* 1 to DENSEDELTA_CONTEXTS_MAX */
    unsigned symbols;                       /* 1 to densedelta_symbols_max() */
    int signs;                              /* they are coded */
    uint8_t levels[DENSEDELTA_STEPS_MAX];   /* contexts times symbols */
    uint8_t leanings[DENSEDELTA_STEPS_MAX]; /* contexts times symbols - 1, with signs */
};

/* Room for decoding or encoding: made by the caller, filled here. */
struct densedelta_room {
    uint16_t starts[DENSEDELTA_CONTEXTS_MAX][DENSEDELTA_CODES + 1];
    uint8_t slots[DENSEDELTA_CONTEXTS_MAX][DENSEDELTA_SHARES]; /* the code of each share */
};

/* Room for finding what suits a block. */
struct densedelta_counts {
    uint32_t of[DENSEDELTA_CONTEXTS_MAX][DENSEDELTA_CODES];
    uint32_t reciprocals[DENSEDELTA_CONTEXTS_MAX][DENSEDELTA_CODES];
};

enum densedelta_error {
    DENSEDELTA_FINE = 0,
    DENSEDELTA_LEVEL = 4,   /* a level is out of range */
    DENSEDELTA_EMPTY = 5,   /* a context has no symbol */
    DENSEDELTA_LEANING = 6, /* a leaning is out of range */
    DENSEDELTA_CUT = 11,    /* words or bits run out */
    DENSEDELTA_STATES_WRONG = 12,
    DENSEDELTA_LEFT = 13 /* words or bits are left over, or bits beyond the last are not zero */
};

/* Return how many symbols elements of this width have at most. */
unsigned densedelta_symbols_max(unsigned width);

/* Make the tables of codes. Returns an enum densedelta_error; other than 0, they are not made. */
int densedelta_prepare(struct densedelta_room *room, const struct densedelta_tables *tables);

/* Move a base to what is expected. */
void densedelta_move(uint8_t *moved, const uint8_t *base, struct dense_layout layout,
                     const struct densedelta_side *side, const struct densedelta_factors *factors);

/* Decode size bytes at packed: four of the number of words, the states, words and bits. Returns an
 * enum densedelta_error; other than 0, plain holds anything, and base, too, if it is the same. */
int densedelta_decode(uint8_t *plain, const uint8_t *base, struct dense_layout layout,
                      const struct densedelta_side *side, const struct densedelta_tables *tables,
                      const struct densedelta_room *room, const uint8_t *packed, size_t size);

/* Find the scales of rows, and of columns where scales is not NULL: then sums is room for a number
 * a column. There is room for two bytes a row. Returns the factors' origin. */
int densedelta_survey(const uint8_t *plain, const uint8_t *base, struct dense_layout layout,
                      uint8_t *rows, uint8_t *scales, uint64_t *sums);

/* Return lowest for a base, moved or not. */
int densedelta_lowest(const uint8_t *base, struct dense_layout layout,
                      const struct densedelta_side *side, int origin);

/* Find factors, and return how many; left and right have room for all. There are scales of columns.
 * In parts is room for a number an element, in sums for one a row and a column, in room for one and
 * a half a column. */
unsigned densedelta_factor(uint8_t *left, uint8_t *right, int16_t *parts, int64_t *sums,
                           int32_t *room, const uint8_t *plain, const uint8_t *base,
                           struct dense_layout layout, const struct densedelta_side *side,
                           int origin);

/* Write the symbols of all elements, twice each and one more where it leads to zero; count them by
 * context, and find the tables that suit them. */
void densedelta_model(uint8_t *symbols, struct densedelta_tables *tables,
                      struct densedelta_counts *counts, const uint8_t *plain, const uint8_t *base,
                      struct dense_layout layout, const struct densedelta_side *side);

/* Return the most bytes that densedelta_encode writes. */
size_t densedelta_bound(struct dense_layout layout);

/* Encode to packed, which has densedelta_bound() bytes; return how many it took. Symbols and tables
 * are those of densedelta_model(); in counts the reciprocals are written. */
size_t densedelta_encode(uint8_t *packed, const uint8_t *plain, const uint8_t *base,
                         const uint8_t *symbols, struct dense_layout layout,
                         const struct densedelta_side *side, const struct densedelta_tables *tables,
                         const struct densedelta_room *room, struct densedelta_counts *counts);

#endif
