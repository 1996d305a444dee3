#include "dense_tile.h"

size_t dense_bound(struct dense_layout layout)
{
    /* Three words for each element, or fewer, and its bits. */
    return CODES_HEAD + layout.count * (6 + (size_t)layout.width) + 16;
}

/* How a symbol or an ending is coded. */
struct way {
    uint32_t reciprocal; /* of its share */
    uint16_t start, share;
};

/* What all loops are given. */
struct job {
    const uint8_t *plain;
    uint8_t *symbols;
    struct dense_layout layout;
    const struct dense_side *side;
    const struct dense_tables *tables;
    const struct dense_room *room;
    struct way ways[DENSE_CLASSES_MAX * DENSE_FRACTIONS][DENSE_SYMBOLS];
    struct way endings[DENSE_LEVELS_MAX][DENSE_ENDINGS];
    uint32_t odds_reciprocals[257]; /* of 16 times what they stand at */
};

/* Which of the choices a block makes: constants in each of the loops. */
struct choices {
    unsigned width;
    int signs, endings;
};

ALWAYS_INLINE void put(uint32_t *state, struct writer *writer, struct way way)
{
    put_by(state, writer, way.share, way.start, way.reciprocal);
}

ALWAYS_INLINE void put_sign(const struct job *job, uint32_t *state, struct writer *writer,
                            uint32_t odds, uint32_t unlikely)
{
    uint32_t share = unlikely ? DENSE_SHARES - odds : odds;
    put_by(state, writer, share, odds & (0 - unlikely), job->odds_reciprocals[share / 16]);
}

ALWAYS_INLINE void put_extras(const struct job *job, const struct dense_tile *tile, size_t at,
                              size_t i, uint32_t *state, struct writer *writer,
                              struct choices choices)
{
    unsigned s = job->symbols[at], width = choices.width;
    uint32_t element = load_element(job->plain + at * width, width);
    if (choices.endings && tile->is_short[i]) {
        unsigned level = level_of(tile->lift[i] + first_eighth(s), job->tables);
        put(state, writer, job->endings[level][ending_of(element)]);
    }
    if (choices.signs) {
        unsigned leaning = tile->leaning[i], negative = element >> (8 * width - 1);
        put_sign(job, state, writer, job->room->odds[leaning & 7][s], negative ^ leaning >> 3);
    }
}

ALWAYS_INLINE void put_one(const struct job *job, const struct dense_tile *tile, size_t at,
                           size_t i, uint32_t *state, struct writer *writer, struct choices choices)
{
    const struct way *ways = job->ways[tile->table[i]];
    unsigned s = job->symbols[at + i];
    if (!ways[s].share) {
        s = job->symbols[at + i] = 0;
    }
    if ((choices.signs || choices.endings) && s >= COARSE) {
        put_extras(job, tile, at + i, i, state, writer, choices);
    }
    put(state, writer, ways[s]);
}

/* Code a tile from its last element to its first. */
ALWAYS_INLINE void put_all(const struct job *job, const struct dense_tile *tile, size_t at,
                           size_t n, uint32_t states[STATES], struct writer *writer,
                           struct choices choices)
{
    uint32_t x[STATES];
    struct writer to = *writer;
    memcpy(x, states, sizeof x);
    for (; n % STATES; n--) {
        put_one(job, tile, at, n - 1, &x[(n - 1) % STATES], &to, choices);
    }
    for (; n; n -= STATES) {
#define ONE(j) put_one(job, tile, at, n - STATES + j, &x[j], &to, choices)
        FOR_STATES_BACK(ONE);
#undef ONE
    }
    memcpy(states, x, sizeof x);
    *writer = to;
}

static void put_tile(const struct job *job, const struct dense_tile *tile, size_t at, size_t n,
                     uint32_t states[STATES], struct writer *writer)
{
    int signs = job->side->leanings != NULL;
#define WITH(w, s, e) put_all(job, tile, at, n, states, writer, (struct choices){w, s, e})
    if (job->layout.width == 2) {
        signs ? WITH(2, 1, 0) : WITH(2, 0, 0);
    } else if (job->side->short_rows) {
        signs ? WITH(4, 1, 1) : WITH(4, 0, 1);
    } else {
        signs ? WITH(4, 1, 0) : WITH(4, 0, 0);
    }
#undef WITH
}

static void find_ways(struct way *ways, const uint16_t *starts, unsigned count)
{
    for (unsigned s = 0; s < count; s++) {
        uint16_t share = (uint16_t)(starts[s + 1] - starts[s]);
        ways[s] = (struct way){reciprocal_of(share), starts[s], share};
    }
}

static void find_all_ways(struct job *job)
{
    for (uint32_t odds = 1; odds < 257; odds++) {
        job->odds_reciprocals[odds] = reciprocal_of(16 * odds);
    }
    for (unsigned table = 0; table < job->side->classes * DENSE_FRACTIONS; table++) {
        find_ways(job->ways[table], job->room->starts[table], DENSE_SYMBOLS);
    }
    for (unsigned level = 0; level < job->tables->levels; level++) {
        find_ways(job->endings[level], job->room->ending_starts[level], DENSE_ENDINGS);
    }
}

/* What an element leaves to the bits: 8 * width at most. */
ALWAYS_INLINE void hold(struct bit_writer *writer, uint32_t element, unsigned s, unsigned open,
                        unsigned silent, struct choices choices)
{
    unsigned shift = 0;
    if (choices.endings && s >= COARSE) {
        unsigned ending = ending_of(element);
        shift = ending + (ending < ENDING_BITS);
    }
    uint64_t some = (element & (((uint64_t)1 << open) - 1)) >> shift;
    open -= shift;
    if (s != silent && !(choices.signs && s >= COARSE)) {
        some |= (uint64_t)(element >> (8 * choices.width - 1)) << open;
        open++;
    }
    hold_bits(writer, some, open);
}

/* Write the bits of a row. Before each flush, 7 bits are held and as many as some elements have: 48
 * or 32. */
ALWAYS_INLINE void put_row(const struct job *job, size_t at, size_t end, struct bit_writer *writer,
                           const uint8_t *open, struct choices choices)
{
    unsigned width = choices.width, silent = job->side->signed_zeros ? DENSE_SYMBOLS : 1;
    size_t together = width == 2 ? 3 : 1;
    while (at < end) {
        size_t stop = end - at < together ? end : at + together;
        for (; at < stop; at++) {
            unsigned s = job->symbols[at];
            hold(writer, load_element(job->plain + at * width, width), s, open[s], silent, choices);
        }
        flush_bits(writer);
    }
}

static void put_row_of(const struct job *job, size_t at, size_t end, int is_short,
                       struct bit_writer *writer, const uint8_t *open)
{
    int signs = job->side->leanings != NULL;
#define WITH(w, s, e) put_row(job, at, end, writer, open, (struct choices){w, s, e})
    if (job->layout.width == 2) {
        signs ? WITH(2, 1, 0) : WITH(2, 0, 0);
    } else if (is_short) {
        signs ? WITH(4, 1, 1) : WITH(4, 0, 1);
    } else {
        signs ? WITH(4, 1, 0) : WITH(4, 0, 0);
    }
#undef WITH
}

/* Write what symbols leave open, from the lowest bit of each byte on. */
static uint8_t *put_bits(const struct job *job, uint8_t *out)
{
    const uint8_t *shorts = job->side->short_rows;
    struct dense_layout layout = job->layout;
    struct bit_writer writer = {out, 0, 0};
    uint8_t open[DENSE_SYMBOLS];
    size_t step = shorts ? layout.columns : layout.count, row = 0;
    for (unsigned s = 0; s < DENSE_SYMBOLS; s++) {
        open[s] = (uint8_t)open_bits(s, layout.mantissa_bits - 3, layout.width);
    }
    for (size_t at = 0; at < layout.count; at += step, row++) {
        size_t end = layout.count - at < step ? layout.count : at + step;
        put_row_of(job, at, end, shorts && shorts[row], &writer, open);
    }
    return finish_bits(&writer);
}

size_t dense_encode(uint8_t *packed, const uint8_t *plain, uint8_t *symbols,
                    struct dense_layout layout, const struct dense_side *side,
                    const struct dense_tables *tables, const struct dense_room *room)
{
    struct job job;
    memset(&job, 0, sizeof job);
    job.plain = plain;
    job.symbols = symbols;
    job.layout = layout;
    job.side = side;
    job.tables = tables;
    job.room = room;
    struct dense_tile tile;
    uint32_t states[STATES];
    uint8_t *end = packed + dense_bound(layout);
    struct writer writer = {end};
    begin_states(states);
    find_all_ways(&job);
    for (size_t at = tiles_end(layout); at;) {
        at -= TILE;
        size_t n = tile_size(layout, at);
        dense_fill_tile(&tile, layout, side, at, n);
        put_tile(&job, &tile, at, n, states, &writer);
    }
    uint8_t *bits = close_words(packed, states, writer, end);
    return (size_t)(put_bits(&job, bits) - packed);
}
