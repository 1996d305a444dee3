/* lz77_rows.h - places by the hash of five bytes, sixteen to a row, compared by their tags at once.
 *
 * A row is the 16 newest places of a hash, the newest first, in one cache line: of each, 8 more
 * bits of the hash, the tag, then where each is, in three bytes. One vector compare finds those
 * whose tags are alike; the others are never touched. Rows are asked for some places ahead, as they
 * come from beyond the first cache.
 *
 * Three bytes reach 16 MiB back, which is as large as a block of the codec. In a larger one what is
 * further back is taken for a nearer place, which is compared like others before it is believed. */
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

#define ROW_REACH (UINT32_C(1) << 24) /* bytes: 3 bytes of a place are kept */

_Static_assert(ROW * (1 + 3) == ROW_NBYTES, "a row is a cache line");
_Static_assert(ROW_AHEAD + 8 <= LOOKAHEAD, "places ahead are read");

static inline uint64_t row_hash(const uint8_t *at)
{
    return (load_le64(at) << (64 - 8 * ROW_HASHED)) * HASH_FACTOR;
}

static inline uint8_t *row_of(const struct lz77_rows *rows, uint64_t hash)
{
    return rows->lines + (size_t)(hash >> (64 - rows->log)) * ROW_NBYTES;
}

static inline uint8_t row_tag(const struct lz77_rows *rows, uint64_t hash)
{
    return (uint8_t)(hash >> (56 - rows->log));
}

static inline void rows_prefetch(const struct lz77_rows *rows, const uint8_t *at)
{
    __builtin_prefetch(row_of(rows, row_hash(at)));
}

/* Shift all of a row by one place, the oldest out of it. All is read before any is written, and
 * what is written too far is written again behind. */
static inline void row_insert(uint8_t *row, uint8_t tag, uint32_t position)
{
    uint8_t tags[16], first[16], second[16], third[16];
    memcpy(tags, row, 16);
    memcpy(first, row + 16, 16);
    memcpy(second, row + 32, 16);
    memcpy(third, row + 45, 16);
    memcpy(row + 1, tags, 16);
    row[0] = tag;
    memcpy(row + 48, third, 16);
    memcpy(row + 35, second, 16);
    memcpy(row + 19, first, 16);
    store_le24(row + 16, position);
}

static inline void rows_insert(const struct lz77_rows *rows, const uint8_t *plain,
                               uint32_t position)
{
    uint64_t hash = row_hash(plain + position);
    row_insert(row_of(rows, hash), row_tag(rows, hash), position);
}

/* Put all places before this one in, unless these are too many. rows is the caller's own copy: what
 * is written to lines could change any other. */
static inline void rows_catch_up(struct lz77_rows rows, const uint8_t *plain, uint32_t position)
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

/* The places of a row that a tag is like, from the newest on: bit i for place i. */
struct row_found {
    const uint8_t *row;
    uint32_t bits;
};

static inline struct row_found row_find(const uint8_t *row, uint8_t tag, int portable)
{
    return (struct row_found){row, equal_in_16(row, tag, portable)};
}

static inline struct row_found rows_find(const struct lz77_rows *rows, const uint8_t *at)
{
    uint64_t hash = row_hash(at);
    return row_find(row_of(rows, hash), row_tag(rows, hash), rows->portable);
}

/* Take the newest place out of what was found, and return it: before position, which is not in rows
 * yet. If none is left, that is the oldest of the row, whatever stands there. */
static inline uint32_t row_next(struct row_found *found, uint32_t position)
{
    uint32_t slot = (uint32_t)__builtin_ctz(found->bits | 1u << (ROW - 1));
    found->bits &= found->bits - 1;
    uint32_t place = load_le32(found->row + ROW - 1 + 3 * slot) >> 8; /* a byte before it, too */
    return position - 1 - ((position - 1 - place) & (ROW_REACH - 1));
}

#endif
