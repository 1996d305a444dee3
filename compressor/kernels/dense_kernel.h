/* dense_kernel.h - floats as rANS under the scales of their row and column.
 *
 * Page: docs/format/dense.md. Reference: compressor/reference/dense.py.
 *
 * Nothing here allocates, keeps state or touches a byte outside the buffers it is given. Buffers
 * must not overlap. Every function may be called from several threads at once. Elements are
 * little-endian; a count is a number of elements. Everything is integers: no machine differs.
 */
#ifndef COMPRESSOR_DENSE_KERNEL_H
#define COMPRESSOR_DENSE_KERNEL_H

#include "dense_layout.h"

#include <stdint.h>

#define DENSE_SYMBOLS 52u    /* 0: any bits, 1: zero, others: a range of magnitudes */
#define DENSE_FRACTIONS 8u   /* scales are in 1/8 of an octave */
#define DENSE_CLASSES_MAX 8u /* of columns, each with a shape of its own */
#define DENSE_SHARES 4096u   /* sum of a shape, and of each table */
#define DENSE_STRENGTHS 8u   /* of a column's leaning to a sign; 0: none */
#define DENSE_GROUPS 10u     /* of symbols, for signs */
#define DENSE_ENDINGS 21u    /* 0 to 20 zero bits at the end of an element */
#define DENSE_LEVELS_MAX 32u /* of exponents, for endings */
#define DENSE_BASE_MAX 16384 /* of row scales, either way */

/* What is known of rows and columns; columns beyond count have no bytes. NULL: as said. */
struct dense_side {
    int base;                /* added to each row's scale */
    unsigned classes;        /* of columns */
    const uint8_t *rows;     /* scale of each row, above base */
    const uint8_t *scales;   /* of each column, plus 128; NULL: all are 128 */
    const uint8_t *kinds;    /* class of each column, below classes; NULL: all are 0 */
    const uint8_t *leanings; /* of each column: strength, plus 8 where to minus; NULL: raw signs */
    const uint8_t *short_rows; /* 1: the endings of this row's elements are coded; NULL: none are */
    int signed_zeros;          /* symbol 1 has a sign; else a zero with one is an escape */
};

/* What the tables of codes are made of. */
struct dense_tables {
    uint16_t shapes[DENSE_CLASSES_MAX][DENSE_SYMBOLS]; /* each sums up to DENSE_SHARES */
    uint8_t odds[DENSE_STRENGTHS][DENSE_GROUPS]; /* 1 to 255: of 256, for the likelier sign; row 0
                                                    is not used */
    unsigned first_level, levels; /* exponents of the first level; number of levels */
    uint16_t endings[DENSE_LEVELS_MAX][DENSE_ENDINGS]; /* each sums up to DENSE_SHARES, or to 0 */
};

/* Room for decoding or encoding: made by the caller, filled here. */
struct dense_room {
    uint16_t starts[DENSE_CLASSES_MAX * DENSE_FRACTIONS][DENSE_SYMBOLS + 1];
    uint8_t slots[DENSE_CLASSES_MAX * DENSE_FRACTIONS][DENSE_SHARES];
    uint16_t ending_starts[DENSE_LEVELS_MAX][DENSE_ENDINGS + 1];
    uint8_t ending_slots[DENSE_LEVELS_MAX][DENSE_SHARES];
    uint16_t odds[DENSE_STRENGTHS][DENSE_SYMBOLS];
};

enum dense_error {
    DENSE_FINE = 0,
    DENSE_CUT = 11,          /* words or bits run out */
    DENSE_STATES_WRONG = 12, /* the states do not end as they began */
    DENSE_LEFT = 13,         /* words or bits are left over, or bits beyond the last are not zero */
    DENSE_RANGE = 14         /* a magnitude is beyond the elements' */
};

/* What survey() finds besides the bytes it fills. */
struct dense_found {
    int base;
    unsigned classes;
    int scaled; /* columns are worth scales; if not, they have nothing else either */
    int leans;  /* signs are worth coding */
    int shorts; /* some rows' endings are worth coding */
};

/* Make the tables of codes from what a block says of them. Each class below classes has a shape
 * that sums up to DENSE_SHARES and begins with 1 or more; the same goes for levels. */
void dense_prepare(struct dense_room *room, const struct dense_tables *tables, unsigned classes);

/* Decode size bytes at packed: four of the number of words, the states, words and bits. What side
 * says is within its ranges. Returns an enum dense_error; then plain holds anything. */
int dense_decode(uint8_t *plain, struct dense_layout layout, const struct dense_side *side,
                 const struct dense_tables *tables, const struct dense_room *room,
                 const uint8_t *packed, size_t size);

/* Find the scales of rows, and of columns where scales is not NULL: then kinds and leanings, as
 * long, are filled, too, and sums is room for three numbers a column. */
struct dense_found dense_survey(const uint8_t *plain, struct dense_layout layout, uint8_t *rows,
                                uint8_t *scales, uint8_t *kinds, uint8_t *leanings,
                                uint8_t *short_rows, uint64_t *sums);

/* Write the symbols of all elements, and find the tables that suit them. side->classes may become
 * fewer where they do not pay: 1, then side->kinds is not used any more, or 2, then kinds, which it
 * points to, changes. Says whether zeros have signs. */
void dense_model(uint8_t *symbols, struct dense_tables *tables, const uint8_t *plain,
                 struct dense_layout layout, struct dense_side *side, uint8_t *kinds);

/* Return the most bytes that dense_encode writes. */
size_t dense_bound(struct dense_layout layout);

/* Encode to packed, which has dense_bound() bytes; return how many it took. Symbols without a share
 * in their table become 0. */
size_t dense_encode(uint8_t *packed, const uint8_t *plain, uint8_t *symbols,
                    struct dense_layout layout, const struct dense_side *side,
                    const struct dense_tables *tables, const struct dense_room *room);

#endif
