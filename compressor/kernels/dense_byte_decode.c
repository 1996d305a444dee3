#include "dense_byte_tile.h"

/* Which of the choices a block makes: constants in each of the loops. */
struct choices {
    int careful; /* words may run out */
    int signs;
    int floats;
};

/* The symbols of a tile, and what goes with them. */
struct found {
    uint32_t meaning[TILE];
    uint8_t sign[TILE]; /* where it was coded */
};

ALWAYS_INLINE void take_one(struct found *out, uint32_t *state, struct words *words, size_t i,
                            const struct dense_tile *tile, const struct dense_byte_room *room,
                            struct choices choices)
{
    const struct dense_byte_table *table = &room->tables[tile->table[i]];
    uint32_t x = *state, slot = x % DENSE_SHARES;
    struct dense_byte_code code = table->codes[table->slots[slot]];
    unsigned group = sign_group_of(code.meaning);
    *state = refill(code.share * (x / DENSE_SHARES) + slot - code.start, words, choices.careful);
    out->meaning[i] = code.meaning;
    if (choices.signs && group != RAW_SIGN) {
        unsigned leaning = tile->leaning[i];
        out->sign[i] = (uint8_t)take_sign(state, room->odds[leaning & 7][group], leaning);
        *state = refill(*state, words, choices.careful);
    }
}

ALWAYS_INLINE void take_all(struct found *out, uint32_t states[STATES], struct words *words,
                            size_t n, const struct dense_tile *tile,
                            const struct dense_byte_room *room, struct choices choices)
{
    uint32_t x[STATES];
    struct words rest = *words;
    size_t i = 0;
    memcpy(x, states, sizeof x);
    for (; i + STATES <= n; i += STATES) {
#define ONE(j) take_one(out, &x[j], &rest, i + j, tile, room, choices)
        FOR_STATES(ONE);
#undef ONE
    }
    for (unsigned j = 0; i < n; i++, j++) {
        take_one(out, &x[j], &rest, i, tile, room, choices);
    }
    memcpy(states, x, sizeof x);
    *words = rest;
}

/* Take a tile's symbols, and its signs where they are coded. Each element reads 2 words at most. */
static void take_tile(struct found *out, uint32_t states[STATES], struct words *words, size_t n,
                      const struct dense_tile *tile, const struct dense_byte_room *room, int signs)
{
    int careful = (size_t)(words->end - words->at) < 4 * n + 2;
#define WITH(c, s)                                                                                 \
    take_all(out, states, words, n, tile, room, (struct choices){.careful = c, .signs = s})
    if (careful) {
        signs ? WITH(1, 1) : WITH(1, 0);
    } else {
        signs ? WITH(0, 1) : WITH(0, 0);
    }
#undef WITH
}

/* What is left of the bits of some elements, and the largest value among them. */
struct rest {
    uint64_t bits;
    size_t taken;
    uint32_t most;
};

/* Put one element together. A symbol tells how many bits it has, but rarely: so it need not wait
 * for those of the one before. */
ALWAYS_INLINE uint8_t join_one(struct rest *rest, uint32_t meaning, uint8_t coded,
                               struct choices choices)
{
    unsigned open = open_of(meaning), signs = has_sign(meaning);
    uint32_t value = first_of(meaning) + ((uint32_t)rest->bits & meaning >> 24), sign;
    rest->bits >>= open;
    if (meaning & UNSURE) {
        signs = value != (choices.floats ? 128u : 0u);
        rest->most = value > rest->most ? value : rest->most;
    }
    sign = (uint32_t)rest->bits & signs;
    if (choices.signs && sign_group_of(meaning) != RAW_SIGN) {
        signs = 0;
        sign = coded;
    }
    rest->bits >>= signs;
    rest->taken += open + signs;
    return (uint8_t)(choices.floats ? (value & 127) | sign << 7 : (value ^ (0 - sign)) + sign);
}

#define TOGETHER 4u /* elements: each has 9 bits at most, and 57 are there at each look */

/* Put the elements of a tile together. Returns whether all values are in range and all bits were
 * there. */
ALWAYS_INLINE int join_all(uint8_t *plain, const struct found *in, struct bits *bits, size_t n,
                           struct choices choices)
{
    struct rest rest = {0, bits->position, 0};
    size_t i = 0;
    for (; i + TOGETHER <= n; i += TOGETHER) {
        rest.bits = peek_bits(bits, rest.taken, 0);
#define ONE(j) plain[i + j] = join_one(&rest, in->meaning[i + j], in->sign[i + j], choices)
        ONE(0);
        ONE(1);
        ONE(2);
        ONE(3);
#undef ONE
    }
    for (; i < n; i++) {
        rest.bits = peek_bits(bits, rest.taken, 0);
        plain[i] = join_one(&rest, in->meaning[i], in->sign[i], choices);
    }
    bits->position = rest.taken;
    return rest.most >= DENSE_BYTE_VALUES ? DENSE_RANGE
           : rest.taken > 8 * bits->size  ? DENSE_CUT
                                          : DENSE_FINE;
}

/* Each element reads 9 bits at most, and 8 bytes are looked at. The last bits, or all where signs
 * are coded, are put before zeros, so that no look at them needs care. */
static int join_tile(uint8_t *plain, const struct found *in, struct bits *bits, size_t n, int signs,
                     int floats)
{
    uint8_t last[TILE * 9 / 8 + 16];
    size_t at = bits->position >> 3;
    struct bits rest = {bits->data + at, bits->size - at, bits->position & 7};
    int error;
    if (rest.size < sizeof last) {
        memset(last, 0, sizeof last);
        memcpy(last, rest.data, rest.size);
        rest.data = last;
    }
#define WITH(s, f) join_all(plain, in, &rest, n, (struct choices){.signs = s, .floats = f})
    if (floats) {
        error = signs ? WITH(1, 1) : WITH(0, 1);
    } else {
        error = signs ? WITH(1, 0) : WITH(0, 0);
    }
#undef WITH
    bits->position = 8 * at + rest.position;
    return error;
}

int dense_byte_decode(uint8_t *plain, struct dense_layout layout, const struct dense_side *side,
                      const struct dense_byte_room *room, const uint8_t *packed, size_t size)
{
    struct dense_tile tile;
    struct found found;
    struct words words;
    struct bits bits;
    uint32_t states[STATES];
    int signs = side->leanings != NULL, floats = layout.mantissa_bits != 0;
    int error = open_codes(states, &words, &bits, packed, size);
    if (error) {
        return error;
    }
    for (size_t at = 0; at < layout.count; at += TILE) {
        size_t n = tile_size(layout, at);
        dense_byte_fill(&tile, layout, side, at, n);
        take_tile(&found, states, &words, n, &tile, room, signs);
        error = join_tile(plain + at, &found, &bits, n, signs, floats);
        if (error || words.lacking) {
            return words.lacking ? DENSE_CUT : error;
        }
    }
    return judge_end(states, words, bits);
}
