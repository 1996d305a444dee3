/* lz77_parser.h - what turns a chunk into sequences, and what all parsers share.
 *
 * A parser sees the whole block up to the end of its chunk, and gives sequences: so many literals,
 * then a match of so many bytes, so far back. What follows the last match is literals. Any such
 * list is valid: levels differ in how long they look for a short one.
 *
 * Positions are counted from the start of the block. A table that holds none holds 0, which is
 * a place like others: what stands there is compared before it is believed. So nothing is looked up
 * for the first START bytes of a block; behind them the repeat offsets of the start are valid, too.
 */
#ifndef COMPRESSOR_LZ77_PARSER_H
#define COMPRESSOR_LZ77_PARSER_H

#include "lz77_format.h"

enum {
    START = 8,      /* bytes of a block without matches: as far as the first repeat offsets reach */
    LOOKAHEAD = 32, /* bytes of the block that may be read from where a match begins */
    MATCH_ROOM =
        8, /* bytes of a chunk from where a match begins: parsers look for 4 two places on */
    CHUNK_LEAST = 64 /* bytes; a chunk of fewer gets no matches */
};

struct lz77_sequence {
    uint32_t literal_nbytes, match_nbytes, offset;
};

/* The part of the block that is parsed: matches begin below match_limit and end at end. */
struct lz77_span {
    const uint8_t *start, *end, *match_limit;
};

enum { ROW = 16 /* places */, ROW_NBYTES = 64 /* a cache line */ };

/* See lz77_rows.h. */
struct lz77_rows {
    uint8_t *lines;
    unsigned log;  /* of the number of rows */
    uint32_t next; /* all places before it are in, or are passed */
    int portable, bmi2;
};

struct lz77_effort;
struct lz77_prices;
struct lz77_node;

struct lz77_parser {
    const struct lz77_effort *effort;
    const uint8_t *plain, *plain_end; /* the block */
    uint32_t repeats[3];              /* as the decoder has them before the chunk */
    struct lz77_sequence *sequences;
    size_t sequence_count;
    uint32_t *heads;  /* the newest position of a hash */
    uint32_t *shorts; /* the same for another hash */
    unsigned head_log, short_log;
    unsigned literal_tenths; /* of a bit, that a literal of the chunk before took */
    struct lz77_rows rows;
    uint32_t *sons; /* of each place, in the tree: the smaller and the greater one; 0: none */
    uint32_t next;  /* the first place that is not in the tree, or the rows, of optimal parsing */
    struct lz77_prices *prices;
    struct lz77_node *nodes;
};

static inline void put_sequence(struct lz77_parser *parser, size_t literal_nbytes,
                                size_t match_nbytes, uint32_t offset)
{
    parser->sequences[parser->sequence_count++] =
        (struct lz77_sequence){(uint32_t)literal_nbytes, (uint32_t)match_nbytes, offset};
}

/* Return how many bytes are equal from a and from b on, a being the later one; a ends at end. */
static inline size_t count_equal(const uint8_t *a, const uint8_t *b, const uint8_t *end)
{
    const uint8_t *start = a;
    for (; end - a >= 8; a += 8, b += 8) {
        uint64_t difference = load_le64(a) ^ load_le64(b);
        if (difference)
            return (size_t)(a - start) + ((unsigned)__builtin_ctzll(difference) >> 3);
    }
    while (a < end && *a == *b)
        a++, b++;
    return (size_t)(a - start);
}

/* Hashes of the n bytes at a place, of which 8 are read, to so many bits. */
#define HASH_FACTOR UINT64_C(0x9E3779B97F4A7C15)

static inline uint32_t hash_bytes(const uint8_t *at, unsigned n, unsigned bits)
{
    return (uint32_t)(((load_le64(at) << (64 - 8 * n)) * HASH_FACTOR) >> (64 - bits));
}

/* Parsers, and how they learn of a single place. */
void lz77_parse_fast(struct lz77_parser *parser, struct lz77_span span);
void lz77_parse_double(struct lz77_parser *parser, struct lz77_span span);
void lz77_parse_lazy(struct lz77_parser *parser, struct lz77_span span);
void lz77_parse_optimal(struct lz77_parser *parser, struct lz77_span span);
void lz77_index_fast(struct lz77_parser *parser, const uint8_t *at);
void lz77_index_double(struct lz77_parser *parser, const uint8_t *at);
void lz77_index_rows(struct lz77_parser *parser, const uint8_t *at);
void lz77_index_optimal(struct lz77_parser *parser, const uint8_t *at);

#endif
