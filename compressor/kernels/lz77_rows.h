/* lz77_rows.h - places by the hash of five bytes, sixteen to a row, compared by their tags at once.
 *
 * A row is the 16 newest places of a hash: of each, 8 more bits of the hash, the tag, and where it
 * is. One vector compare finds those whose tags are alike; the others are never touched. Rows are
 * asked for some places ahead, as they come from beyond the second cache. */
#ifndef COMPRESSOR_LZ77_ROWS_H
#define COMPRESSOR_LZ77_ROWS_H

#include "lz77_parser.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

enum {
    ROW_HASHED = 5, /* bytes */
    ROW_AHEAD = 12, /* places */
    ROW_GAP = 384,  /* places not yet in rows; of more, only those at both ends go in */
    ROW_GAP_HEAD = 96,
    ROW_GAP_TAIL = 32,
};

_Static_assert(ROW_AHEAD + 8 <= LOOKAHEAD, "places ahead are read");

static inline uint64_t row_hash(const uint8_t *at)
{
    return (load_le64(at) << (64 - 8 * ROW_HASHED)) * HASH_FACTOR;
}

static inline size_t row_of(const struct lz77_rows *rows, uint64_t hash)
{
    return (size_t)(hash >> (64 - rows->log)) * ROW;
}

static inline uint8_t row_tag(const struct lz77_rows *rows, uint64_t hash)
{
    return (uint8_t)(hash >> (56 - rows->log));
}

static inline void rows_prefetch(const struct lz77_rows *rows, const uint8_t *at)
{
    size_t row = row_of(rows, row_hash(at));
    __builtin_prefetch(rows->tags + row);
    __builtin_prefetch(rows->positions + row);
}

static inline void rows_insert(const struct lz77_rows *rows, const uint8_t *plain,
                               uint32_t position)
{
    uint64_t hash = row_hash(plain + position);
    size_t row = row_of(rows, hash);
    uint8_t slot = (uint8_t)((rows->newest[row / ROW] - 1) & (ROW - 1));
    rows->newest[row / ROW] = slot;
    rows->tags[row + slot] = row_tag(rows, hash);
    rows->positions[row + slot] = position;
}

/* Put all places before this one in, unless these are too many, and return the next one. rows is
 * the caller's own copy: what is written to tags could change any other. */
static inline uint32_t rows_catch_up(struct lz77_rows rows, const uint8_t *plain, uint32_t position)
{
    uint32_t next = rows.next;
    if (UNLIKELY(position > next && position - next > ROW_GAP)) {
        for (uint32_t end = next + ROW_GAP_HEAD; next < end; next++)
            rows_insert(&rows, plain, next);
        next = position - ROW_GAP_TAIL;
    }
    for (; next < position; next++) {
        rows_prefetch(&rows, plain + next + ROW_AHEAD);
        rows_insert(&rows, plain, next);
    }
    return next;
}

/* Bits of the bytes of 8 that equal tag, exactly: bit i for byte i. */
static inline uint32_t equal_in_8(uint64_t tags, uint8_t tag)
{
    const uint64_t low = UINT64_C(0x7F7F7F7F7F7F7F7F);
    uint64_t zero_where = tags ^ tag * UINT64_C(0x0101010101010101);
    uint64_t zeros = ~(((zero_where & low) + low) | zero_where | low); /* 80 where a byte is 0 */
    return (uint32_t)((zeros >> 7) * UINT64_C(0x0102040810204080) >> 56);
}

static inline uint32_t equal_in_16(const uint8_t *tags, uint8_t tag, int portable)
{
#if defined(__SSE2__)
    if (LIKELY(!portable)) {
        __m128i row;
        memcpy(&row, tags, sizeof row);
        return (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(row, _mm_set1_epi8((char)tag)));
    }
#endif
    (void)portable;
    return equal_in_8(load_le64(tags), tag) | equal_in_8(load_le64(tags + 8), tag) << 8;
}

/* The places of a row that a tag is like, from the newest on, in the lowest 16 bits. */
struct row_found {
    const uint32_t *positions;
    uint32_t newest, bits;
};

static inline struct row_found rows_find(const struct lz77_rows *rows, const uint8_t *at)
{
    uint64_t hash = row_hash(at);
    size_t row = row_of(rows, hash);
    uint32_t newest = rows->newest[row / ROW];
    uint32_t bits = equal_in_16(rows->tags + row, row_tag(rows, hash), rows->portable);
    bits = (bits | bits << ROW) >> newest & ((1u << ROW) - 1);
    return (struct row_found){rows->positions + row, newest, bits};
}

/* Take the newest place out of what was found, and return it. */
static inline uint32_t row_next(struct row_found *found)
{
    uint32_t slot = (found->newest + (unsigned)__builtin_ctz(found->bits)) & (ROW - 1);
    found->bits &= found->bits - 1;
    return found->positions[slot];
}

#endif
