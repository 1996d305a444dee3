/* lz77_lazy.c - levels 4 to 6: the best of a row's places; but is there a better match just behind?
 *
 * A match is worth 4 for each byte, less the bits of its offset: 4 bits is what a literal that it
 * replaces may cost. A match a place further on must be worth more, for the literal before it.
 *
 * Where literals cost less than 5 bits, as hexadecimal digits do, short matches from far back save
 * nothing, and the last offset, which would serve again behind such digits, is lost to them: then a
 * match at a new offset must be worth something from the start. */
#include "lz77_efforts.h"
#include "lz77_rows.h"

struct match {
    const uint8_t *at;
    size_t nbytes; /* 0: none */
    uint32_t offset;
};

enum {
    MATCH_LEAST = 4,
    FIRST = 4,      /* places of a row that are compared at once; no level has a smaller depth */
    STRIDE_LOG = 8, /* each so many bytes without a match, steps grow by one */
    AHEAD_COST = 4, /* of a match one place on; a place more costs AHEAD_MORE */
    AHEAD_MORE = 3,
    DEAR = 50, /* tenths of a bit: of literals that cost so much any match is welcome */
    CHEAP = 40,
    LEAST_EACH = 9, /* that a match must be worth for each bit below DEAR, down to CHEAP */
};

/* All of it goes into each of the parsers below, for their depths and processors. */
#define INLINE static inline __attribute__((always_inline))

/* What is known when a parser is compiled, or else of its level. */
struct how {
    unsigned depth;
    int lazy, portable;
};

struct lazy {
    struct lz77_parser *parser;
    const uint8_t *end, *limit, *anchor;
    uint32_t repeat, other;
    int least; /* that a match at a new offset must be worth, where no other is */
};

INLINE int same_4(const uint8_t *a, const uint8_t *b)
{
    return load_le32(a) == load_le32(b);
}

INLINE int worth(struct match match, uint32_t repeat)
{
    int bits = match.offset == repeat ? 0 : 31 - __builtin_clz(match.offset);
    return (int)match.nbytes * 4 - bits;
}

/* How many of the 16 bytes from two places on are equal, from the first one on. */
INLINE uint32_t same_of_16(const uint8_t *a, const uint8_t *b, int portable)
{
#if defined(__SSE2__)
    if (LIKELY(!portable)) {
        __m128i x, y;
        memcpy(&x, a, sizeof x);
        memcpy(&y, b, sizeof y);
        unsigned equal = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(x, y));
        return (uint32_t)__builtin_ctz(~equal); /* bits 16 to 31 are set */
    }
#endif
    (void)portable;
    return (uint32_t)count_equal(a, b, a + 16);
}

/* The longest match so far, of MATCH_LEAST - 1 bytes or of less if there is none. */
struct longest {
    size_t nbytes;
    uint32_t place;
};

INLINE void try_place(struct lazy *lazy, const uint8_t *at, uint32_t place, struct longest *longest)
{
    const uint8_t *from = lazy->parser->plain + place;
    size_t last = longest->nbytes - 3;
    if ((size_t)(lazy->end - at) <= longest->nbytes || !same_4(from + last, at + last))
        return;
    size_t nbytes = count_equal(at, from, lazy->end);
    if (nbytes > longest->nbytes)
        *longest = (struct longest){nbytes, place};
}

/* Compare the four newest places at once, without asking what was found: to foresee that costs more
 * than to compare. Only if one has 16 equal bytes it is looked at again. */
INLINE struct longest best_of_first(struct lazy *lazy, const uint8_t *at, struct row_found *found,
                                    int portable)
{
    const uint8_t *plain = lazy->parser->plain;
    uint32_t position = (uint32_t)(at - plain), places[FIRST], same[FIRST], best = 0;
    for (unsigned i = 0; i < FIRST; i++)
        places[i] = row_next(found, position);
    for (unsigned i = 0; i < FIRST; i++) {
        same[i] = same_of_16(at, plain + places[i], portable);
        uint32_t key = same[i] * FIRST + FIRST - 1 - i; /* the nearest of as long ones */
        best = key > best ? key : best;
    }
    unsigned which = FIRST - 1 - best % FIRST;
    struct longest longest = {best / FIRST, places[which]};
    if (longest.nbytes == 16) {
        longest.nbytes = 15;
        for (unsigned i = which; i < FIRST; i++)
            if (same[i] == 16)
                try_place(lazy, at, places[i], &longest);
    }
    return longest;
}

/* Go on with the older places, one by one. */
INLINE void try_others(struct lazy *lazy, const uint8_t *at, struct row_found found, unsigned depth,
                       struct longest *longest)
{
    const uint8_t *plain = lazy->parser->plain;
    uint32_t position = (uint32_t)(at - plain), places[ROW];
    unsigned count = 0;
    if (longest->nbytes < MATCH_LEAST)
        longest->nbytes = MATCH_LEAST - 1;
    while (found.bits && count < depth - FIRST) {
        places[count] = row_next(&found, position);
        __builtin_prefetch(plain + places[count]);
        count++;
    }
    for (unsigned i = 0; i < count; i++)
        try_place(lazy, at, places[i], longest);
}

/* The longest match of the row's places, the nearest of as long ones. */
INLINE struct match best_of_row(struct lazy *lazy, const uint8_t *at, struct how how)
{
    const uint8_t *plain = lazy->parser->plain;
    const struct lz77_rows rows = lazy->parser->rows;
    uint32_t position = (uint32_t)(at - plain);
    struct match best = {at, 0, 0};
    if (UNLIKELY(position < rows.next)) /* it is in: what is found must lie before it */
        return best;
    rows_catch_up(rows, plain, position);
    rows_prefetch(&rows, at + ROW_AHEAD);
    uint64_t hash = row_hash(at);
    uint8_t *row = row_of(&rows, hash), tag = row_tag(&rows, hash);
    struct row_found found = row_find(row, tag, how.portable);
    if (found.bits) {
        struct longest longest = best_of_first(lazy, at, &found, how.portable);
        size_t room = (size_t)(lazy->end - at);
        if (how.depth > FIRST)
            try_others(lazy, at, found, how.depth, &longest);
        if (longest.nbytes >= MATCH_LEAST)
            best = (struct match){at, longest.nbytes < room ? longest.nbytes : room,
                                  position - longest.place};
    }
    row_insert(row, tag, position);
    lazy->parser->rows.next = position + 1;
    return best;
}

/* A match with the last offset. */
INLINE struct match repeat_at(const struct lazy *lazy, const uint8_t *at)
{
    struct match match = {at, 0, lazy->repeat};
    if (same_4(at, at - lazy->repeat))
        match.nbytes = 4 + count_equal(at + 4, at + 4 - lazy->repeat, lazy->end);
    return match;
}

/* A match at this place, or with the last offset at the next. */
INLINE struct match match_at(struct lazy *lazy, const uint8_t *at, struct how how)
{
    struct match repeat = repeat_at(lazy, at + 1), best = best_of_row(lazy, at, how);
    int needed = (int)repeat.nbytes * 4 + lazy->least;
    return best.nbytes && worth(best, 0) > needed ? best : repeat;
}

/* Look at the places behind for a match that is worth more, as often as one was found. */
INLINE struct match look_ahead(struct lazy *lazy, const uint8_t *at, struct match match,
                               struct how how)
{
    int tries = 0;
    while (tries < how.lazy && ++at < lazy->limit) {
        int weight = tries ? 4 : 3; /* of a byte with the last offset */
        struct match repeat = repeat_at(lazy, at);
        int own = (int)match.nbytes * weight + worth(match, lazy->repeat) - (int)match.nbytes * 4;
        if (repeat.nbytes && (int)repeat.nbytes * weight > own + 1)
            match = repeat;
        struct match next = best_of_row(lazy, at, how);
        int cost = tries ? AHEAD_COST + AHEAD_MORE : AHEAD_COST;
        tries++;
        if (next.nbytes && worth(next, 0) > worth(match, lazy->repeat) + cost) {
            match = next;
            tries = 0;
        }
    }
    return match;
}

INLINE int least_worth(unsigned literal_tenths)
{
    if (literal_tenths >= DEAR)
        return 0;
    return (int)(DEAR - (literal_tenths < CHEAP ? CHEAP : literal_tenths)) * LEAST_EACH / 10;
}

INLINE const uint8_t *take(struct lazy *lazy, struct match match)
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

INLINE const uint8_t *take_repeats(struct lazy *lazy, const uint8_t *at)
{
    while (at < lazy->limit && same_4(at, at - lazy->other)) {
        uint32_t offset = lazy->other;
        lazy->other = lazy->repeat;
        lazy->repeat = offset;
        at = take(lazy, repeat_at(lazy, at));
    }
    return at;
}

INLINE void parse(struct lz77_parser *parser, struct lz77_span span, struct how how)
{
    struct lazy lazy = {parser,
                        span.end,
                        span.match_limit,
                        span.start,
                        parser->repeats[0],
                        parser->repeats[1],
                        least_worth(parser->literal_tenths)};
    const uint8_t *at = span.start;
    if (at == parser->plain)
        at += START;
    else if (same_4(at, at - lazy.repeat)) /* a match that the chunk's end cut */
        at = take(&lazy, repeat_at(&lazy, at));
    while (at < lazy.limit) {
        struct match match = match_at(&lazy, at, how);
        if (!match.nbytes) {
            at += ((size_t)(at - lazy.anchor) >> STRIDE_LOG) + 1;
            continue;
        }
        at = take_repeats(&lazy, take(&lazy, look_ahead(&lazy, at, match, how)));
    }
}

/* Levels 4 and 5 are worth a parser of their own. */
INLINE void parse_as_asked(struct lz77_parser *parser, struct lz77_span span, int portable)
{
    const struct lz77_effort *effort = parser->effort;
    if (effort->depth == FIRST)
        parse(parser, span, (struct how){FIRST, 1, portable});
    else
        parse(parser, span, (struct how){effort->depth, effort->lazy, portable});
}

#if defined(__x86_64__) && defined(__GNUC__) /* clang says so too */
/* Shifts by any count in one step. */
__attribute__((target("bmi,bmi2"))) static void parse_bmi2(struct lz77_parser *parser,
                                                           struct lz77_span span)
{
    parse_as_asked(parser, span, 0);
}

static int have_bmi2(void)
{
    return __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
}
#else
#define parse_bmi2 lz77_parse_lazy /* not called */
#define have_bmi2() 0
#endif

void lz77_parse_lazy(struct lz77_parser *parser, struct lz77_span span)
{
    if (parser->rows.bmi2 && have_bmi2())
        parse_bmi2(parser, span);
    else
        parse_as_asked(parser, span, parser->rows.portable);
}

void lz77_index_rows(struct lz77_parser *parser, const uint8_t *at)
{
    uint32_t position = (uint32_t)(at - parser->plain);
    rows_insert(&parser->rows, parser->plain, position);
    parser->rows.next = position + 1;
}
