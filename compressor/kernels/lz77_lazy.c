/* lz77_lazy.c - levels 4 to 6: the best of a row's places; but is there a better match just behind?
 *
 * A match is worth 4 for each byte, less the bits of its offset: 4 bits is what a literal that it
 * replaces may cost. A match a place further on must be worth more, for the literal before it. */
#include "lz77_efforts.h"
#include "lz77_rows.h"

struct match {
    const uint8_t *at;
    size_t nbytes; /* 0: none */
    uint32_t offset;
};

enum {
    MATCH_LEAST = 4,
    STRIDE_LOG = 8, /* each so many bytes without a match, steps grow by one */
    AHEAD_COST = 4, /* of a match one place on; a place more costs AHEAD_MORE */
    AHEAD_MORE = 3,
};

struct lazy {
    struct lz77_parser *parser;
    const uint8_t *end, *limit, *anchor;
    uint32_t repeat, other;
};

static inline int same_4(const uint8_t *a, const uint8_t *b)
{
    return load_le32(a) == load_le32(b);
}

static inline int worth(struct match match, uint32_t repeat)
{
    int bits = match.offset == repeat ? 0 : 31 - __builtin_clz(match.offset);
    return (int)match.nbytes * 4 - bits;
}

/* The longest match of the row's places, the nearest of as long ones. */
static inline struct match best_of_row(struct lazy *lazy, const uint8_t *at)
{
    const uint8_t *plain = lazy->parser->plain, *end = lazy->end;
    const struct lz77_rows rows = lazy->parser->rows;
    uint32_t position = (uint32_t)(at - plain), places[ROW];
    unsigned count = 0, depth = lazy->parser->effort->depth;
    struct match best = {at, MATCH_LEAST - 1, 0};
    uint32_t next = rows_catch_up(rows, plain, position);
    rows_prefetch(&rows, at + ROW_AHEAD);
    struct row_found found = rows_find(&rows, at);
    while (found.bits && count < depth) {
        places[count] = row_next(&found);
        __builtin_prefetch(plain + places[count]);
        count++;
    }
    for (unsigned i = 0; i < count; i++) {
        const uint8_t *before = plain + places[i];
        if (places[i] >= position || (size_t)(end - at) <= best.nbytes ||
            !same_4(before + best.nbytes - 3, at + best.nbytes - 3))
            continue;
        size_t nbytes = count_equal(at, before, end);
        if (nbytes > best.nbytes)
            best = (struct match){at, nbytes, position - places[i]};
    }
    if (next == position) {
        rows_insert(&rows, plain, position);
        next++;
    }
    lazy->parser->rows.next = next;
    best.nbytes = best.offset ? best.nbytes : 0;
    return best;
}

/* A match with the last offset. */
static inline struct match repeat_at(const struct lazy *lazy, const uint8_t *at)
{
    struct match match = {at, 0, lazy->repeat};
    if (same_4(at, at - lazy->repeat))
        match.nbytes = 4 + count_equal(at + 4, at + 4 - lazy->repeat, lazy->end);
    return match;
}

/* A match at this place, or with the last offset at the next. */
static inline struct match match_at(struct lazy *lazy, const uint8_t *at)
{
    struct match repeat = repeat_at(lazy, at + 1), best = best_of_row(lazy, at);
    return best.nbytes && worth(best, 0) > (int)repeat.nbytes * 4 ? best : repeat;
}

/* Look at the places behind for a match that is worth more, as often as one was found. */
static inline struct match look_ahead(struct lazy *lazy, const uint8_t *at, struct match match)
{
    int tries = 0;
    while (tries < lazy->parser->effort->lazy && ++at < lazy->limit) {
        int weight = tries ? 4 : 3; /* of a byte with the last offset */
        struct match repeat = repeat_at(lazy, at);
        int own = (int)match.nbytes * weight + worth(match, lazy->repeat) - (int)match.nbytes * 4;
        if (repeat.nbytes && (int)repeat.nbytes * weight > own + 1)
            match = repeat;
        struct match next = best_of_row(lazy, at);
        int cost = tries ? AHEAD_COST + AHEAD_MORE : AHEAD_COST;
        tries++;
        if (next.nbytes && worth(next, 0) > worth(match, lazy->repeat) + cost) {
            match = next;
            tries = 0;
        }
    }
    return match;
}

static inline const uint8_t *take(struct lazy *lazy, struct match match)
{
    const uint8_t *at = match.at, *plain = lazy->parser->plain;
    if (match.offset != lazy->repeat) {
        while (at > lazy->anchor && at - match.offset > plain &&
               at[-1] == at[-1 - (ptrdiff_t)match.offset])
            at--, match.nbytes++;
        lazy->other = lazy->repeat;
        lazy->repeat = match.offset;
    }
    put_sequence(lazy->parser, (size_t)(at - lazy->anchor), match.nbytes, match.offset);
    return lazy->anchor = at + match.nbytes;
}

static inline const uint8_t *take_repeats(struct lazy *lazy, const uint8_t *at)
{
    while (at < lazy->limit && same_4(at, at - lazy->other)) {
        uint32_t offset = lazy->other;
        lazy->other = lazy->repeat;
        lazy->repeat = offset;
        at = take(lazy, repeat_at(lazy, at));
    }
    return at;
}

void lz77_parse_lazy(struct lz77_parser *parser, struct lz77_span span)
{
    struct lazy lazy = {parser,     span.end,           span.match_limit,
                        span.start, parser->repeats[0], parser->repeats[1]};
    const uint8_t *at = span.start;
    if (at == parser->plain)
        at += START;
    else if (same_4(at, at - lazy.repeat)) /* a match that the chunk's end cut */
        at = take(&lazy, repeat_at(&lazy, at));
    while (at < lazy.limit) {
        struct match match = match_at(&lazy, at);
        if (!match.nbytes) {
            at += ((size_t)(at - lazy.anchor) >> STRIDE_LOG) + 1;
            continue;
        }
        at = take_repeats(&lazy, take(&lazy, look_ahead(&lazy, at, match)));
    }
}

void lz77_index_rows(struct lz77_parser *parser, const uint8_t *at)
{
    uint32_t position = (uint32_t)(at - parser->plain);
    rows_insert(&parser->rows, parser->plain, position);
    parser->rows.next = position + 1;
}
