/* dense_bytes.h - numbers of one byte as rANS under the scales of their row and column.
 *
 * Page: docs/format/dense.md, "Bytes". What dense_kernel.h says of buffers, threads and integers
 * holds here, too. Layouts have width 1 and 3 bits of mantissa (fp8 e4m3), 2 (fp8 e5m2) or 0
 * (int8).
 */
#ifndef COMPRESSOR_DENSE_BYTES_H
#define COMPRESSOR_DENSE_BYTES_H

#include "dense_kernel.h"

#define DENSE_BYTE_TABLES 64u   /* one for each scale, from base on */
#define DENSE_BYTE_VALUES 129u  /* magnitudes; of fp8, the last is a zero without a sign */
#define DENSE_BYTE_SYMBOLS 130u /* at most: each is some values, the last one is the escape */

/* What the tables of codes are made of. */
struct dense_byte_tables {
    uint16_t shape[DENSE_SYMBOLS];               /* sums up to DENSE_SHARES with top_share */
    uint8_t odds[DENSE_STRENGTHS][DENSE_GROUPS]; /* as in struct dense_tables */
    unsigned top;                                /* a value, and what it has beyond the shape's */
    uint16_t top_share;
};

/* What is known of a symbol under one scale. */
struct dense_byte_code {
    uint16_t start, share;
    uint32_t meaning; /* see dense_byte_tile.h */
};

/* The codes of one scale. */
struct dense_byte_table {
    struct dense_byte_code codes[DENSE_BYTE_SYMBOLS];
    uint8_t symbols[DENSE_BYTE_VALUES]; /* of each value */
    uint8_t slots[DENSE_SHARES];
};

/* Room for decoding or encoding: made by the caller, filled here. */
struct dense_byte_room {
    struct dense_byte_table tables[DENSE_BYTE_TABLES];
    uint16_t odds[DENSE_STRENGTHS][16];
};

/* Make the tables of codes. The shape begins with 1 or more, and top is a value. */
void dense_byte_prepare(struct dense_byte_room *room, const struct dense_byte_tables *tables,
                        struct dense_layout layout, int base);

/* As dense_decode(). */
int dense_byte_decode(uint8_t *plain, struct dense_layout layout, const struct dense_side *side,
                      const struct dense_byte_room *room, const uint8_t *packed, size_t size);

/* Return the group of a value under a scale, for the odds of its sign. */
unsigned dense_byte_group(struct dense_layout layout, unsigned value, int scale);

/* Write the values of all elements, and find what suits them: base and rows, which are those of
 * side, change so that the scales of most elements have tables. */
void dense_byte_model(uint8_t *values, uint8_t *rows, struct dense_byte_tables *tables,
                      const uint8_t *plain, struct dense_layout layout, struct dense_side *side);

/* As dense_encode(), of values. */
size_t dense_byte_encode(uint8_t *packed, const uint8_t *plain, const uint8_t *values,
                         struct dense_layout layout, const struct dense_side *side,
                         const struct dense_byte_room *room);

#endif
