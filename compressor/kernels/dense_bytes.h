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
#define DENSE_BYTE_SHARES DENSE_SHARES /* what each table sums up to */

/* What the tables of codes are made of. */
struct dense_byte_tables {
    uint16_t shape[DENSE_SYMBOLS];               /* sums up to DENSE_SHARES with top_share */
    uint8_t odds[DENSE_STRENGTHS][DENSE_GROUPS]; /* as in struct dense_tables */
    unsigned top;                                /* a value, and what it has beyond the shape's */
    uint16_t top_share;
};

/* A symbol of one scale. */
struct dense_byte_symbol {
    uint16_t start, end; /* of its codes */
    uint8_t first;       /* value */
    uint8_t open;        /* bits */
    uint8_t group;       /* for the odds of its sign, or one of dense_byte_tile.h */
};

/* How a byte is coded under one scale. */
struct dense_byte_way {
    uint64_t reciprocal; /* of its share */
    uint32_t limit;      /* the largest state that takes it without a word written before */
    uint16_t start, gap; /* gap: DENSE_BYTE_SHARES less its share */
};

/* Room for decoding or encoding: made by the caller, filled here. Only the tables of scales that
 * elements have are. */
struct dense_byte_room {
    uint8_t used[DENSE_BYTE_TABLES];
    uint8_t counts[DENSE_BYTE_TABLES]; /* of symbols */
    struct dense_byte_symbol symbols[DENSE_BYTE_TABLES][DENSE_BYTE_SYMBOLS];
    uint8_t groups[DENSE_BYTE_TABLES][256]; /* for the odds of signs */
    uint16_t odds[DENSE_STRENGTHS][16];
    union {
        uint32_t entries[DENSE_BYTE_TABLES][DENSE_BYTE_SHARES]; /* see dense_byte_decode.c */
        struct {
            struct dense_byte_way ways[DENSE_BYTE_TABLES][256];
            uint8_t open[DENSE_BYTE_TABLES][256]; /* bits */
        } encoding;
    } of;
};

/* Make the symbols. The shape begins with 1 or more, and top is a value. */
void dense_byte_prepare(struct dense_byte_room *room, const struct dense_byte_tables *tables,
                        struct dense_layout layout, const struct dense_side *side);

/* As dense_decode(). vectors: where the processor has some that help, they are used. */
int dense_byte_decode(uint8_t *plain, struct dense_layout layout, const struct dense_side *side,
                      struct dense_byte_room *room, const uint8_t *packed, size_t size,
                      int vectors);

/* Find what suits all elements: base and rows, which are those of side, change so that the scales
 * of most elements have tables. */
void dense_byte_model(uint8_t *rows, struct dense_byte_tables *tables, const uint8_t *plain,
                      struct dense_layout layout, struct dense_side *side);

/* As dense_encode(); marks is room for a byte of each element. */
size_t dense_byte_encode(uint8_t *packed, const uint8_t *plain, uint8_t *marks,
                         struct dense_layout layout, const struct dense_side *side,
                         struct dense_byte_room *room);

#endif
