#include "dense_byte_tile.h"

/* What all loops are given. */
struct job {
    const uint8_t *plain, *values;
    struct dense_layout layout;
    const struct dense_side *side;
    const struct dense_byte_room *room;
    uint32_t reciprocals[DENSE_BYTE_TABLES][DENSE_BYTE_SYMBOLS];
    uint32_t odds_reciprocals[257]; /* of 16 times what they stand at */
};

static void find_reciprocals(struct job *job)
{
    for (uint32_t odds = 1; odds < 257; odds++) {
        job->odds_reciprocals[odds] = reciprocal_of(16 * odds);
    }
    for (unsigned table = 0; table < DENSE_BYTE_TABLES; table++) {
        const uint16_t *starts = job->room->starts[table];
        for (unsigned s = 0; s < DENSE_BYTE_SYMBOLS && starts[s] < DENSE_SHARES; s++) {
            job->reciprocals[table][s] = reciprocal_of((uint32_t)(starts[s + 1] - starts[s]));
        }
    }
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

/* Code a tile from its last element to its first. */
static void put_tile(const struct job *job, const struct dense_tile *tile, size_t at, size_t n,
                     uint32_t states[STATES], struct writer *writer)
{
    const struct dense_byte_room *room = job->room;
    int signs = job->side->leanings != NULL;
    for (size_t i = n; i--;) {
        unsigned table = tile->table[i], s = room->symbols[table][job->values[at + i]];
        const uint16_t *starts = room->starts[table];
        uint32_t *state = &states[i % STATES];
        if (signs) {
            put_sign(job, tile, at, i, room->meaning[table][s] >> 12, state, writer);
        }
        put_by(state, writer, (uint32_t)(starts[s + 1] - starts[s]), starts[s],
               job->reciprocals[table][s]);
    }
}

/* Write what symbols leave open, and signs that are not coded, from the lowest bit of each byte on.
 */
static uint8_t *put_bits(const struct job *job, uint8_t *out)
{
    struct dense_tile tile;
    unsigned held = 0, silent = silent_value(job->layout);
    int signs = job->side->leanings != NULL;
    uint64_t bits = 0;
    for (size_t at = 0; at < job->layout.count; at++) {
        unsigned i = at % TILE, value = job->values[at];
        if (!i) {
            size_t n = job->layout.count - at < TILE ? job->layout.count - at : TILE;
            dense_byte_fill(&tile, job->layout, job->side, at, n);
        }
        unsigned table = tile.table[i];
        unsigned meaning = job->room->meaning[table][job->room->symbols[table][value]];
        unsigned open = meaning >> 8 & 15;
        unsigned raw = (meaning >> 12 == RAW_SIGN || !signs) && value != silent;
        uint64_t sign = (job->plain[at] >> 7) & raw;
        bits |= ((value - (meaning & 255)) | sign << open) << held;
        held += open + raw;
        store_le64(out, bits);
        out += held >> 3;
        bits >>= held & ~7u;
        held &= 7;
    }
    if (held) {
        *out++ = (uint8_t)bits;
    }
    return out;
}

size_t dense_byte_encode(uint8_t *packed, const uint8_t *plain, const uint8_t *values,
                         struct dense_layout layout, const struct dense_side *side,
                         const struct dense_byte_room *room)
{
    struct job job = {plain, values, layout, side, room, {{0}}, {0}};
    struct dense_tile tile;
    uint32_t states[STATES];
    uint8_t *end = packed + dense_bound(layout);
    struct writer writer = {end};
    begin_states(states);
    find_reciprocals(&job);
    for (size_t at = (layout.count + TILE - 1) / TILE * TILE; at;) {
        at -= TILE;
        size_t n = layout.count - at < TILE ? layout.count - at : TILE;
        dense_byte_fill(&tile, layout, side, at, n);
        put_tile(&job, &tile, at, n, states, &writer);
    }
    uint8_t *bits = close_words(packed, states, writer, end);
    return (size_t)(put_bits(&job, bits) - packed);
}
