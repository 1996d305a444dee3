#include "dense_tile.h"

/* Which of the choices a block makes: constants in each of the loops. */
struct choices {
    int careful; /* words may run out */
    int signs, endings;
};

/* The symbols of a tile, and what goes with them. */
struct symbols {
    uint8_t symbol[TILE];
    uint8_t sign[TILE];
    uint8_t ending[TILE]; /* ENDING_BITS + 1: not coded */
};

/* Symbols to eighths and bits. */
struct meaning {
    int16_t eighth[DENSE_SYMBOLS];
    int16_t mask[DENSE_SYMBOLS];
    uint8_t bits[DENSE_SYMBOLS];
    unsigned silent; /* the symbol that has no sign */
};

ALWAYS_INLINE void take_one(struct symbols *out, uint32_t *state, struct words *words, size_t i,
                            const struct dense_tile *tile, const struct meaning *meaning,
                            const struct dense_tables *tables, const struct dense_room *room,
                            struct choices choices)
{
    unsigned table = tile->table[i];
    unsigned s = take_symbol(state, room->slots[table], room->starts[table]);
    *state = refill(*state, words, choices.careful);
    out->symbol[i] = (uint8_t)s;
    if (choices.signs && s >= COARSE) {
        unsigned leaning = tile->leaning[i];
        out->sign[i] = (uint8_t)take_sign(state, room->odds[leaning & 7][s], leaning);
        *state = refill(*state, words, choices.careful);
    }
    if (choices.endings) {
        out->ending[i] = ENDING_BITS + 1;
        if (tile->is_short[i] && s >= COARSE) {
            unsigned level = level_of(tile->lift[i] + meaning->eighth[s], tables);
            out->ending[i] =
                (uint8_t)take_symbol(state, room->ending_slots[level], room->ending_starts[level]);
            *state = refill(*state, words, choices.careful);
        }
    }
}

ALWAYS_INLINE void take_all(struct symbols *out, uint32_t states[STATES], struct words *words,
                            size_t n, const struct dense_tile *tile, const struct meaning *meaning,
                            const struct dense_tables *tables, const struct dense_room *room,
                            struct choices choices)
{
    uint32_t x[STATES];
    struct words rest = *words;
    size_t i = 0;
    memcpy(x, states, sizeof x);
    for (; i + STATES <= n; i += STATES) {
#define ONE(j) take_one(out, &x[j], &rest, i + j, tile, meaning, tables, room, choices)
        FOR_STATES(ONE);
#undef ONE
    }
    for (unsigned j = 0; i < n; i++, j++) {
        take_one(out, &x[j], &rest, i, tile, meaning, tables, room, choices);
    }
    memcpy(states, x, sizeof x);
    *words = rest;
}

static void take_tile(struct symbols *out, uint32_t states[STATES], struct words *words, size_t n,
                      const struct dense_tile *tile, const struct meaning *meaning,
                      const struct dense_tables *tables, const struct dense_room *room, int signs,
                      int endings)
{
    int careful = (size_t)(words->end - words->at) < 6 * n + 2;
#define WITH(c, s, e)                                                                              \
    take_all(out, states, words, n, tile, meaning, tables, room,                                   \
             (struct choices){.careful = c, .signs = s, .endings = e})
    if (careful) {
        if (endings) {
            signs ? WITH(1, 1, 1) : WITH(1, 0, 1);
        } else {
            signs ? WITH(1, 1, 0) : WITH(1, 0, 0);
        }
    } else if (endings) {
        signs ? WITH(0, 1, 1) : WITH(0, 0, 1);
    } else {
        signs ? WITH(0, 1, 0) : WITH(0, 0, 0);
    }
#undef WITH
}

/* Put the elements of a tile together. Returns whether all magnitudes are in range and all bits
 * were there; where careful is not set, they are. */
ALWAYS_INLINE int join_all(uint8_t *plain, const struct symbols *in, const struct dense_tile *tile,
                           const struct meaning *meaning, struct bits *bits, size_t n,
                           unsigned width, unsigned fraction_bits, struct choices choices)
{
    size_t position = bits->position;
    uint32_t wrong = 0;
    for (size_t i = 0; i < n; i++) {
        unsigned s = in->symbol[i], open = meaning->bits[s], sign_bits = s != meaning->silent,
                 shift = 0;
        uint64_t some = peek_bits(bits, position, choices.careful);
        uint32_t eighths = (uint32_t)((tile->lift[i] & meaning->mask[s]) + meaning->eighth[s]);
        uint32_t one = 0;
        if (choices.endings && in->ending[i] <= ENDING_BITS) {
            unsigned ending = in->ending[i];
            one = (ending < ENDING_BITS ? 1u : 0u) << ending;
            shift = ending + (ending < ENDING_BITS);
            open -= shift;
        }
        if (choices.signs && s >= COARSE) {
            sign_bits = 0;
        }
        uint32_t sign =
            choices.signs && s >= COARSE ? in->sign[i] : (uint32_t)(some >> open) & sign_bits;
        uint32_t low = (uint32_t)(some & (((uint64_t)1 << open) - 1)) << shift | one;
        wrong |= eighths >> (8 * width - 1 - fraction_bits);
        store_element(plain + i * width,
                      (eighths << fraction_bits) + low + (sign << (8 * width - 1)), width);
        position += open + sign_bits;
    }
    bits->position = position;
    return wrong ? DENSE_RANGE : position > 8 * bits->size ? DENSE_CUT : DENSE_FINE;
}

static int join_tile(uint8_t *plain, const struct symbols *in, const struct dense_tile *tile,
                     const struct meaning *meaning, struct bits *bits, size_t n,
                     struct dense_layout layout, int signs, int endings)
{
    unsigned w = layout.width, f = layout.mantissa_bits - 3;
    int careful = bits->size - (bits->position >> 3) < n * w + 9;
#define WITH(w, c, s, e)                                                                           \
    join_all(plain, in, tile, meaning, bits, n, w, f,                                              \
             (struct choices){.careful = c, .signs = s, .endings = e})
    if (w == 2) {
        if (careful || endings) {
            return WITH(2, 1, signs, endings);
        }
        return signs ? WITH(2, 0, 1, 0) : WITH(2, 0, 0, 0);
    }
    if (careful) {
        return WITH(4, 1, signs, endings);
    }
    if (endings) {
        return signs ? WITH(4, 0, 1, 1) : WITH(4, 0, 0, 1);
    }
    return signs ? WITH(4, 0, 1, 0) : WITH(4, 0, 0, 0);
#undef WITH
}

static void find_meaning(struct meaning *meaning, struct dense_layout layout, int signed_zeros)
{
    meaning->silent = signed_zeros ? DENSE_SYMBOLS : 1;
    for (unsigned s = 0; s < DENSE_SYMBOLS; s++) {
        meaning->eighth[s] = (int16_t)(s < COARSE ? 0 : first_eighth(s));
        meaning->mask[s] = s < COARSE ? 0 : -1;
        meaning->bits[s] = (uint8_t)open_bits(s, layout.mantissa_bits - 3, layout.width);
    }
}

int dense_decode(uint8_t *plain, struct dense_layout layout, const struct dense_side *side,
                 const struct dense_tables *tables, const struct dense_room *room,
                 const uint8_t *packed, size_t size)
{
    struct dense_tile tile;
    struct symbols symbols;
    struct meaning meaning;
    struct words words;
    struct bits bits;
    uint32_t states[STATES];
    int error = open_codes(states, &words, &bits, packed, size);
    if (error) {
        return error;
    }
    find_meaning(&meaning, layout, side->signed_zeros);
    for (size_t at = 0; at < layout.count; at += TILE) {
        size_t n = tile_size(layout, at);
        int signs = side->leanings != NULL, endings = side->short_rows != NULL;
        dense_fill_tile(&tile, layout, side, at, n);
        take_tile(&symbols, states, &words, n, &tile, &meaning, tables, room, signs, endings);
        error = join_tile(plain + at * layout.width, &symbols, &tile, &meaning, &bits, n, layout,
                          signs, endings);
        if (error || words.lacking) {
            return words.lacking ? DENSE_CUT : error;
        }
    }
    return judge_end(states, words, bits);
}
