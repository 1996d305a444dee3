#include "dense_byte_tile.h"

/* Which of the choices a block makes: constants in each of the loops. */
struct choices {
    int careful; /* words may run out */
    int signs;
    int floats;
};

/* The symbols of a tile, and what goes with them. */
struct found {
    uint16_t meaning[TILE];
    uint8_t sign[TILE];
};

ALWAYS_INLINE void take_one(struct found *out, uint32_t *state, struct words *words, size_t i,
                            const struct dense_tile *tile, const struct dense_byte_room *room,
                            struct choices choices)
{
    unsigned table = tile->table[i];
    unsigned s = take_symbol(state, room->slots[table], room->starts[table]);
    unsigned meaning = room->meaning[table][s], group = meaning >> 12;
    *state = refill(*state, words, choices.careful);
    out->meaning[i] = (uint16_t)meaning;
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
        ONE(0);
        ONE(1);
        ONE(2);
        ONE(3);
        ONE(4);
        ONE(5);
        ONE(6);
        ONE(7);
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

/* Put the elements of a tile together. Returns whether all values are in range and all bits were
 * there. */
ALWAYS_INLINE int join_all(uint8_t *plain, const struct found *in, struct bits *bits, size_t n,
                           struct choices choices)
{
    size_t position = bits->position;
    uint32_t most = 0, silent = choices.floats ? 128 : 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t meaning = in->meaning[i], open = meaning >> 8 & 15;
        uint32_t some = (uint32_t)peek_bits(bits, position, 0);
        uint32_t value = (meaning & 255) + (some & ((1u << open) - 1));
        uint32_t sign_bits = value != silent, sign;
        if (choices.signs && meaning >> 12 != RAW_SIGN) {
            sign_bits = 0;
            sign = in->sign[i];
        } else {
            sign = some >> open & sign_bits;
        }
        most = value > most ? value : most;
        plain[i] =
            (uint8_t)(choices.floats ? (value & 127) | sign << 7 : (value ^ (0 - sign)) + sign);
        position += open + sign_bits;
    }
    bits->position = position;
    return most >= DENSE_BYTE_VALUES   ? DENSE_RANGE
           : position > 8 * bits->size ? DENSE_CUT
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
        size_t n = layout.count - at < TILE ? layout.count - at : TILE;
        dense_byte_fill(&tile, layout, side, at, n);
        take_tile(&found, states, &words, n, &tile, room, signs);
        error = join_tile(plain + at, &found, &bits, n, signs, floats);
        if (error || words.lacking) {
            return words.lacking ? DENSE_CUT : error;
        }
    }
    return judge_end(states, words, bits);
}
