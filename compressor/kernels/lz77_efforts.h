/* lz77_efforts.h - what each level does, and its tables. */
#ifndef COMPRESSOR_LZ77_EFFORTS_H
#define COMPRESSOR_LZ77_EFFORTS_H

#include "lz77_finders.h"
#include "lz77_parser.h"

struct lz77_effort {
    void (*parse)(struct lz77_parser *parser, struct lz77_span span);
    void (*index)(struct lz77_parser *parser, const uint8_t *at); /* one place, for later matches */
    unsigned head_log, short_log, row_log; /* bits of hashes, fewer for small blocks; 0: none */
    uint32_t window;                       /* bytes that offsets of levels 1 and 2 stay below */
    unsigned depth; /* places of a row, or of a way through the tree, that are looked at */
    int lazy;       /* places behind a match where a better one is looked for */
    /* Of optimal parsing: */
    size_t (*find)(struct lz77_parser *parser, uint32_t position, const uint8_t *end,
                   struct lz77_candidate *candidates);
    unsigned nice; /* bytes; a match of as many is taken in any case */
    int tree;
};

/* Choose what the level does, and give the parser its tables. */
void lz77_place_tables(struct lz77_parser *parser, struct room *room, size_t plain_nbytes,
                       int level);

/* Empty them. */
void lz77_clear_tables(struct lz77_parser *parser);

/* Have each RAW_GAP-th place of a chunk that is stored as it is kept for later matches. */
void lz77_index_raw(struct lz77_parser *parser, struct lz77_span span);

#endif
