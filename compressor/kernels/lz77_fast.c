/* lz77_fast.c - levels 1 and 2: one table of hashes, one probe a place, two places in flight.
 *
 * The hash is of six bytes: of five, text grew by 2 %; of seven, programs by 4 %. A place that is
 * not a match costs half a probe more the longer none was found, so that noise is passed quickly.
 */
#include "lz77_efforts.h"

enum {
    HASHED = 6,
    FAR = 1 << 14, /* bytes back from where on a match must have WORTH_FAR bytes */
    WORTH_FAR = 7,
    FARTHER = 1 << 19, /* from here on WORTH_FARTHER: only level 2 looks back so far */
    WORTH_FARTHER = 8,
    CALM = 256,      /* bytes without a match after which steps grow */
    USUAL_BITS = 15, /* of hashes: of a large block at level 1; a shift by a constant is cheaper */
};

struct fast {
    const uint8_t *plain, *end, *limit;
    uint32_t *heads;
    unsigned bits;
    uint32_t window;        /* bytes that offsets stay below */
    uint32_t repeat, other; /* offsets: the last, and the one before */
    const uint8_t *anchor;  /* what is before it is in sequences */
};

/* A match found: of four bytes at least, not yet measured. */
struct found {
    const uint8_t *at;
    uint32_t offset; /* 0: none */
};

static inline uint32_t hash_at(const struct fast *fast, const uint8_t *at)
{
    return hash_bytes(at, HASHED, fast->bits);
}

static inline uint32_t position(const struct fast *fast, const uint8_t *at)
{
    return (uint32_t)(at - fast->plain);
}

static inline int same_4(const uint8_t *a, const uint8_t *b)
{
    return load_le32(a) == load_le32(b);
}

/* Look at `at`, the place behind it, then further on; the repeat offset is tried two places on. */
static inline __attribute__((always_inline)) struct found search(struct fast *fast,
                                                                 const uint8_t *at)
{
    const uint8_t *calm = at + CALM;
    size_t step = 2;
    uint32_t hash = hash_at(fast, at), head = fast->heads[hash];
    for (;;) {
        const uint8_t *next = at + 1, *ahead = at + step;
        uint32_t next_hash = hash_at(fast, next), next_head = fast->heads[next_hash];
        fast->heads[hash] = position(fast, at);
        if (same_4(at + 2, at + 2 - fast->repeat)) {
            fast->heads[next_hash] = position(fast, next);
            at += at[1] == at[1 - (ptrdiff_t)fast->repeat] ? 1 : 2;
            return (struct found){at, fast->repeat};
        }
        if (same_4(at, fast->plain + head) && position(fast, at) - head < fast->window) {
            fast->heads[next_hash] = position(fast, next);
            return (struct found){at, position(fast, at) - head};
        }
        if (UNLIKELY(ahead >= fast->limit))
            return (struct found){at, 0};
        hash = hash_at(fast, ahead);
        head = fast->heads[hash];
        fast->heads[next_hash] = position(fast, next);
        if (same_4(next, fast->plain + next_head) &&
            position(fast, next) - next_head < fast->window)
            return (struct found){next, position(fast, next) - next_head};
        at = ahead;
        if (UNLIKELY(at >= calm)) {
            step++;
            calm += CALM;
        }
    }
}

/* Write the match down, having stretched it both ways; return its end, or NULL if it is too short
 * for its offset. */
static inline __attribute__((always_inline)) const uint8_t *
take(struct lz77_parser *parser, struct fast *fast, struct found found)
{
    const uint8_t *at = found.at, *from = at - found.offset;
    size_t nbytes = 4 + count_equal(at + 4, from + 4, fast->end);
    if (found.offset != fast->repeat) {
        while (at > fast->anchor && from > fast->plain && at[-1] == from[-1])
            at--, from--, nbytes++;
        if ((nbytes < WORTH_FAR && found.offset >= FAR) ||
            (nbytes < WORTH_FARTHER && found.offset >= FARTHER))
            return NULL;
        fast->other = fast->repeat;
        fast->repeat = found.offset;
    }
    put_sequence(parser, (size_t)(at - fast->anchor), nbytes, found.offset);
    return fast->anchor = at + nbytes;
}

/* Where the plain goes on with the other offset, and with the first one again, take that. */
static inline __attribute__((always_inline)) const uint8_t *
take_repeats(struct lz77_parser *parser, struct fast *fast, const uint8_t *at)
{
    while (at < fast->limit && same_4(at, at - fast->other)) {
        uint32_t offset = fast->other;
        fast->other = fast->repeat;
        fast->repeat = offset;
        fast->heads[hash_at(fast, at)] = position(fast, at);
        at = take(parser, fast, (struct found){at, offset});
    }
    return at;
}

void lz77_index_fast(struct lz77_parser *parser, const uint8_t *at)
{
    parser->heads[hash_bytes(at, HASHED, parser->head_log)] = (uint32_t)(at - parser->plain);
}

static inline __attribute__((always_inline)) void parse(struct lz77_parser *parser,
                                                        struct lz77_span span, unsigned bits)
{
    struct fast fast = {.plain = parser->plain,
                        .end = span.end,
                        .limit = span.match_limit,
                        .heads = parser->heads,
                        .bits = bits,
                        .window = parser->effort->window,
                        .repeat = parser->repeats[0],
                        .other = parser->repeats[1],
                        .anchor = span.start};
    const uint8_t *at = span.start;
    if (at == parser->plain)
        at += START;
    else if (at < fast.limit && same_4(at, at - fast.repeat)) /* a match that the chunk's end cut */
        at = take(parser, &fast, (struct found){at, fast.repeat});
    while (at < fast.limit) {
        struct found found = search(&fast, at);
        if (!found.offset)
            break;
        const uint8_t *end = take(parser, &fast, found);
        if (UNLIKELY(!end)) {
            at = found.at + 2; /* the place behind it may be in the table already */
            continue;
        }
        at = end;
        if (at >= fast.limit)
            break;
        const uint8_t *inside = found.at + 2; /* two places of those that were passed */
        fast.heads[hash_at(&fast, inside)] = position(&fast, inside);
        fast.heads[hash_at(&fast, at - 2)] = position(&fast, at - 2);
        at = take_repeats(parser, &fast, at);
    }
}

void lz77_parse_fast(struct lz77_parser *parser, struct lz77_span span)
{
    if (LIKELY(parser->head_log == USUAL_BITS))
        parse(parser, span, USUAL_BITS);
    else
        parse(parser, span, parser->head_log);
}
