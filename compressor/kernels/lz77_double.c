/* lz77_double.c - level 3: two tables of hashes, of eight bytes for long matches, of five for
 * others. */
#include "lz77_parser.h"

enum {
    LONG_HASHED = 8,
    SHORT_HASHED = 6,
    STRIDE_LOG = 8,
    FAR = 1 << 14,
    WORTH_FAR = 7, /* from so far back on a match must have so many bytes */
    FARTHER = 1 << 19,
    WORTH_FARTHER = 9
};

struct doubled {
    const uint8_t *plain, *end, *limit, *anchor;
    uint32_t *longs, *shorts;
    unsigned long_log, short_log;
    uint32_t repeat, other; /* offsets: the last, and the one before */
};

struct found {
    const uint8_t *at;
    uint32_t offset; /* 0: none */
};

static inline uint32_t position(const struct doubled *doubled, const uint8_t *at)
{
    return (uint32_t)(at - doubled->plain);
}

static inline int same_4(const uint8_t *a, const uint8_t *b)
{
    return load_le32(a) == load_le32(b);
}

static inline uint32_t *long_head(const struct doubled *doubled, const uint8_t *at)
{
    return &doubled->longs[hash_bytes(at, LONG_HASHED, doubled->long_log)];
}

static inline uint32_t *short_head(const struct doubled *doubled, const uint8_t *at)
{
    return &doubled->shorts[hash_bytes(at, SHORT_HASHED, doubled->short_log)];
}

/* Put this place into a table, and return the place that was there. */
static inline uint32_t exchange(const struct doubled *doubled, uint32_t *head, const uint8_t *at)
{
    uint32_t before = *head;
    *head = position(doubled, at);
    return before;
}

static inline int is_long(const struct doubled *doubled, const uint8_t *at, uint32_t before)
{
    return load_le64(at) == load_le64(doubled->plain + before) && before != position(doubled, at);
}

/* Find a match at this place or the next: the last offset, then eight bytes, then four. */
static inline struct found find(struct doubled *doubled, const uint8_t *at)
{
    uint32_t here = position(doubled, at);
    uint32_t before_long = exchange(doubled, long_head(doubled, at), at);
    uint32_t before_short = exchange(doubled, short_head(doubled, at), at);
    if (same_4(at + 1, at + 1 - doubled->repeat))
        return (struct found){at + 1, doubled->repeat};
    if (is_long(doubled, at, before_long))
        return (struct found){at, here - before_long};
    if (!same_4(at, doubled->plain + before_short) || before_short == here)
        return (struct found){at, 0};
    uint32_t before_next = exchange(doubled, long_head(doubled, at + 1), at + 1);
    if (is_long(doubled, at + 1, before_next))
        return (struct found){at + 1, here + 1 - before_next};
    return (struct found){at, here - before_short};
}

/* Write the match down, having stretched it both ways; return its end, or NULL if it is too short
 * for its offset. */
static inline const uint8_t *take(struct lz77_parser *parser, struct doubled *doubled,
                                  struct found found)
{
    const uint8_t *at = found.at, *from = at - found.offset;
    size_t nbytes = 4 + count_equal(at + 4, from + 4, doubled->end);
    if (found.offset != doubled->repeat) {
        while (at > doubled->anchor && from > doubled->plain && at[-1] == from[-1])
            at--, from--, nbytes++;
        if ((nbytes < WORTH_FAR && found.offset >= FAR) ||
            (nbytes < WORTH_FARTHER && found.offset >= FARTHER))
            return NULL;
        doubled->other = doubled->repeat;
        doubled->repeat = found.offset;
    }
    put_sequence(parser, (size_t)(at - doubled->anchor), nbytes, found.offset);
    return doubled->anchor = at + nbytes;
}

/* Keep some of the places that a match passed; then take the other offset while it fits. */
static inline const uint8_t *go_on(struct lz77_parser *parser, struct doubled *doubled,
                                   const uint8_t *start, const uint8_t *at)
{
    if (at >= doubled->limit)
        return at;
    *long_head(doubled, start + 2) = *short_head(doubled, start + 2) = position(doubled, start + 2);
    *long_head(doubled, at - 2) = position(doubled, at - 2);
    *short_head(doubled, at - 1) = position(doubled, at - 1);
    while (at < doubled->limit && same_4(at, at - doubled->other)) {
        uint32_t offset = doubled->other;
        doubled->other = doubled->repeat;
        doubled->repeat = offset;
        *long_head(doubled, at) = *short_head(doubled, at) = position(doubled, at);
        at = take(parser, doubled, (struct found){at, offset});
    }
    return at;
}

void lz77_parse_double(struct lz77_parser *parser, struct lz77_span span)
{
    struct doubled doubled = {.plain = parser->plain,
                              .end = span.end,
                              .limit = span.match_limit,
                              .anchor = span.start,
                              .longs = parser->heads,
                              .shorts = parser->shorts,
                              .long_log = parser->head_log,
                              .short_log = parser->short_log,
                              .repeat = parser->repeats[0],
                              .other = parser->repeats[1]};
    const uint8_t *at = span.start;
    if (at == parser->plain)
        at += START;
    else if (same_4(at, at - doubled.repeat)) /* a match that the chunk's end cut */
        at = take(parser, &doubled, (struct found){at, doubled.repeat});
    while (at < doubled.limit) {
        struct found found = find(&doubled, at);
        if (!found.offset) {
            at += ((size_t)(at - doubled.anchor) >> STRIDE_LOG) + 1;
            continue;
        }
        const uint8_t *end = take(parser, &doubled, found);
        at = end ? go_on(parser, &doubled, at, end) : found.at + 1;
    }
}

void lz77_index_double(struct lz77_parser *parser, const uint8_t *at)
{
    uint32_t position = (uint32_t)(at - parser->plain);
    parser->heads[hash_bytes(at, LONG_HASHED, parser->head_log)] = position;
    parser->shorts[hash_bytes(at, SHORT_HASHED, parser->short_log)] = position;
}
