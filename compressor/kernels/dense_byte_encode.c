#include "dense_byte_tile.h"

/* How a value is coded under one scale. */
struct way {
    uint32_t reciprocal; /* of its symbol's share */
    uint16_t start, share;
};

/* What all loops are given. */
struct job {
    const uint8_t *plain, *values;
    struct dense_layout layout;
    const struct dense_side *side;
    const struct dense_byte_room *room;
    struct way ways[DENSE_BYTE_TABLES][DENSE_BYTE_VALUES];
    uint16_t tails[DENSE_BYTE_TABLES][DENSE_BYTE_VALUES]; /* see tail_of() */
    uint32_t odds_reciprocals[257];                       /* of 16 times what they stand at */
};

/* Return what goes to the bits of a value: 8 bits of what its symbol leaves open, 4 bits of how
 * many these are, and whether its sign follows. */
static uint16_t tail_of(const struct job *job, uint32_t meaning, unsigned value)
{
    int coded = job->side->leanings && sign_group_of(meaning) != RAW_SIGN;
    unsigned raw = !coded && value != silent_value(job->layout);
    return (uint16_t)((value - first_of(meaning)) | open_of(meaning) << 8 | raw << 12);
}

static void find_ways(struct job *job)
{
    for (uint32_t odds = 1; odds < 257; odds++) {
        job->odds_reciprocals[odds] = reciprocal_of(16 * odds);
    }
    for (unsigned k = 0; k < DENSE_BYTE_TABLES; k++) {
        const struct dense_byte_table *table = &job->room->tables[k];
        unsigned last = DENSE_BYTE_SYMBOLS;
        uint32_t reciprocal = 0;
        for (unsigned value = 0; value < DENSE_BYTE_VALUES; value++) {
            unsigned s = table->symbols[value];
            const struct dense_byte_code *code = &table->codes[s];
            if (s != last) {
                reciprocal = reciprocal_of(code->share);
                last = s;
            }
            job->ways[k][value] = (struct way){reciprocal, code->start, code->share};
            job->tails[k][value] = tail_of(job, code->meaning, value);
        }
    }
}

ALWAYS_INLINE uint32_t meaning_of(const struct job *job, unsigned table, unsigned value)
{
    const struct dense_byte_table *found = &job->room->tables[table];
    return found->codes[found->symbols[value]].meaning;
}

/* Code the sign of element i of a tile, if its group has odds. */
ALWAYS_INLINE void put_sign(const struct job *job, const struct dense_tile *tile, size_t at,
                            size_t i, unsigned group, uint32_t *state, struct writer *writer)
{
    if (group != RAW_SIGN) {
        unsigned leaning = tile->leaning[i];
        uint32_t odds = job->room->odds[leaning & 7][group];
        uint32_t unlikely = (uint32_t)(job->plain[at + i] >> 7) ^ leaning >> 3;
        uint32_t share = unlikely ? DENSE_SHARES - odds : odds;
        put_by(state, writer, share, odds & (0 - unlikely), job->odds_reciprocals[share / 16]);
    }
}

ALWAYS_INLINE void put_one(const struct job *job, const struct dense_tile *tile, size_t at,
                           size_t i, uint32_t *state, struct writer *writer, int signs)
{
    unsigned table = tile->table[i], value = job->values[at + i];
    struct way way = job->ways[table][value];
    if (signs) {
        unsigned group = sign_group_of(meaning_of(job, table, value));
        put_sign(job, tile, at, i, group, state, writer);
    }
    put_by(state, writer, way.share, way.start, way.reciprocal);
}

/* Code a tile from its last element to its first. */
ALWAYS_INLINE void put_tile(const struct job *job, const struct dense_tile *tile, size_t at,
                            size_t n, uint32_t states[STATES], struct writer *writer, int signs)
{
    uint32_t x[STATES];
    struct writer to = *writer;
    memcpy(x, states, sizeof x);
    for (; n % STATES; n--) {
        put_one(job, tile, at, n - 1, &x[(n - 1) % STATES], &to, signs);
    }
    for (; n; n -= STATES) {
#define ONE(j) put_one(job, tile, at, n - STATES + j, &x[j], &to, signs)
        FOR_STATES_BACK(ONE);
#undef ONE
    }
    memcpy(states, x, sizeof x);
    *writer = to;
}

/* Hold what a symbol leaves open, and a sign that is not coded: 9 bits at most. */
ALWAYS_INLINE void hold(struct bit_writer *writer, uint32_t tail, unsigned byte)
{
    unsigned open = tail >> 8 & 15, raw = tail >> 12;
    uint64_t sign = (byte >> 7) & raw;
    hold_bits(writer, ((tail & 255) | sign << open), open + raw);
}

#define TOGETHER 4u /* elements: 36 bits at most, and 7 are held before */

static void put_tile_bits(const struct job *job, const struct dense_tile *tile, size_t at, size_t n,
                          struct bit_writer *into)
{
    struct bit_writer writer = *into;
    size_t i = 0;
    for (; i + TOGETHER <= n; i += TOGETHER) {
#define ONE(j)                                                                                     \
    hold(&writer, job->tails[tile->table[i + j]][job->values[at + i + j]], job->plain[at + i + j])
        ONE(0);
        ONE(1);
        ONE(2);
        ONE(3);
        flush_bits(&writer);
    }
    for (; i < n; i++) {
        ONE(0);
        flush_bits(&writer);
    }
#undef ONE
    *into = writer;
}

/* Write what symbols leave open, and signs that are not coded, from the lowest bit of each byte on.
 */
static uint8_t *put_bits(const struct job *job, uint8_t *out)
{
    struct dense_tile tile;
    struct bit_writer writer = {out, 0, 0};
    for (size_t at = 0; at < job->layout.count; at += TILE) {
        size_t n = tile_size(job->layout, at);
        dense_byte_fill(&tile, job->layout, job->side, at, n);
        put_tile_bits(job, &tile, at, n, &writer);
    }
    return finish_bits(&writer);
}

size_t dense_byte_encode(uint8_t *packed, const uint8_t *plain, const uint8_t *values,
                         struct dense_layout layout, const struct dense_side *side,
                         const struct dense_byte_room *room)
{
    struct job job = {plain, values, layout, side, room, {{{0, 0, 0}}}, {{0}}, {0}};
    struct dense_tile tile;
    uint32_t states[STATES];
    uint8_t *end = packed + dense_bound(layout);
    struct writer writer = {end};
    begin_states(states);
    find_ways(&job);
    for (size_t at = tiles_end(layout); at;) {
        at -= TILE;
        size_t n = tile_size(layout, at);
        dense_byte_fill(&tile, layout, side, at, n);
        if (side->leanings) {
            put_tile(&job, &tile, at, n, states, &writer, 1);
        } else {
            put_tile(&job, &tile, at, n, states, &writer, 0);
        }
    }
    uint8_t *bits = close_words(packed, states, writer, end);
    return (size_t)(put_bits(&job, bits) - packed);
}
