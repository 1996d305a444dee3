#include "dense_tile.h"

size_t dense_bound(struct dense_layout layout)
{
    /* Three words for each element, or fewer, and its bits. */
    return CODES_HEAD + layout.count * (6 + (size_t)layout.width) + 16;
}

static void put(uint32_t *state, struct writer *writer, uint32_t share, uint32_t start)
{
    put_by(state, writer, share, start, reciprocal_of(share));
}

/* What all loops are given. */
struct job {
    const uint8_t *plain;
    uint8_t *symbols;
    struct dense_layout layout;
    const struct dense_side *side;
    const struct dense_tables *tables;
    const struct dense_room *room;
    uint32_t reciprocals[DENSE_CLASSES_MAX * DENSE_FRACTIONS][DENSE_SYMBOLS];
    uint32_t odds_reciprocals[257]; /* of 16 times what they stand at */
};

ALWAYS_INLINE void put_sign(const struct job *job, uint32_t *state, struct writer *writer,
                            uint32_t odds, uint32_t unlikely)
{
    uint32_t share = unlikely ? DENSE_SHARES - odds : odds;
    put_by(state, writer, share, odds & (0 - unlikely), job->odds_reciprocals[share / 16]);
}

ALWAYS_INLINE void put_extras(const struct job *job, const struct dense_tile *tile, size_t at,
                              size_t i, uint32_t *state, struct writer *writer)
{
    unsigned s = job->symbols[at], width = job->layout.width;
    uint32_t element = load_element(job->plain + at * width, width);
    if (tile->is_short[i]) {
        unsigned level = level_of(tile->lift[i] + first_eighth(s), job->tables);
        const uint16_t *starts = job->room->ending_starts[level];
        unsigned ending = ending_of(element);
        put(state, writer, (uint32_t)(starts[ending + 1] - starts[ending]), starts[ending]);
    }
    if (job->side->leanings) {
        unsigned leaning = tile->leaning[i], negative = element >> (8 * width - 1);
        put_sign(job, state, writer, job->room->odds[leaning & 7][s], negative ^ leaning >> 3);
    }
}

/* Code a tile from its last element to its first. */
static void put_tile(const struct job *job, const struct dense_tile *tile, size_t at, size_t n,
                     uint32_t states[STATES], struct writer *writer)
{
    int extras = job->side->leanings || job->side->short_rows;
    for (size_t i = n; i--;) {
        const uint16_t *starts = job->room->starts[tile->table[i]];
        uint32_t *state = &states[i % STATES];
        unsigned s = job->symbols[at + i];
        uint32_t share = (uint32_t)(starts[s + 1] - starts[s]);
        if (!share) {
            s = job->symbols[at + i] = 0;
            share = starts[1];
        }
        if (extras && s >= COARSE) {
            put_extras(job, tile, at + i, i, state, writer);
        }
        put_by(state, writer, share, starts[s], job->reciprocals[tile->table[i]][s]);
    }
}

static void find_reciprocals(struct job *job)
{
    for (uint32_t odds = 1; odds < 257; odds++) {
        job->odds_reciprocals[odds] = reciprocal_of(16 * odds);
    }
    for (unsigned table = 0; table < job->side->classes * DENSE_FRACTIONS; table++) {
        const uint16_t *starts = job->room->starts[table];
        for (unsigned s = 0; s < DENSE_SYMBOLS; s++) {
            job->reciprocals[table][s] = reciprocal_of((uint32_t)(starts[s + 1] - starts[s]));
        }
    }
}

/* Write what symbols leave open, from the lowest bit of each byte on. */
static uint8_t *put_bits(const struct job *job, uint8_t *out)
{
    unsigned width = job->layout.width, fraction_bits = job->layout.mantissa_bits - 3;
    struct bit_writer writer = {out, 0, 0};
    size_t row = 0, next = job->layout.columns;
    unsigned silent = job->side->signed_zeros ? DENSE_SYMBOLS : 1;
    for (size_t at = 0; at < job->layout.count; at++) {
        uint32_t element = load_element(job->plain + at * width, width);
        unsigned s = job->symbols[at], open = open_bits(s, fraction_bits, width), shift = 0;
        if (at == next) {
            row++;
            next += job->layout.columns;
        }
        if (s >= COARSE && job->side->short_rows && job->side->short_rows[row]) {
            unsigned ending = ending_of(element);
            shift = ending + (ending < ENDING_BITS);
        }
        uint64_t some = (element & (((uint64_t)1 << open) - 1)) >> shift;
        open -= shift;
        if (s != silent && !(job->side->leanings && s >= COARSE)) {
            some |= (uint64_t)(element >> (8 * width - 1)) << open;
            open++;
        }
        write_bits(&writer, some, open);
    }
    return finish_bits(&writer);
}

size_t dense_encode(uint8_t *packed, const uint8_t *plain, uint8_t *symbols,
                    struct dense_layout layout, const struct dense_side *side,
                    const struct dense_tables *tables, const struct dense_room *room)
{
    struct job job = {plain, symbols, layout, side, tables, room, {{0}}, {0}};
    struct dense_tile tile;
    uint32_t states[STATES];
    uint8_t *end = packed + dense_bound(layout);
    struct writer writer = {end};
    begin_states(states);
    find_reciprocals(&job);
    for (size_t at = tiles_end(layout); at;) {
        at -= TILE;
        size_t n = tile_size(layout, at);
        dense_fill_tile(&tile, layout, side, at, n);
        put_tile(&job, &tile, at, n, states, &writer);
    }
    uint8_t *bits = close_words(packed, states, writer, end);
    return (size_t)(put_bits(&job, bits) - packed);
}
