#include "dense_tile.h"

/* Which of the choices a block makes: constants in each of the loops. */
struct choices {
    int careful; /* words may run out */
    int signs, endings;
};

/* The symbols of a tile, and what goes with them. */
struct symbols {
    uint8_t symbol[TILE];
    uint8_t sign[TILE];   /* where it is coded, else 0 */
    uint8_t ending[TILE]; /* ENDING_BITS + 1: not coded */
};

/* What a symbol says of its element. */
struct meaning {
    int16_t eighth;
    int16_t mask; /* of the scale's octave */
    uint32_t low; /* as many ones as it leaves bits open */
    uint8_t open; /* bits */
    uint8_t sign; /* 1: it is behind them */
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
    if (choices.signs) {
        out->sign[i] = 0;
    }
    if (choices.signs && s >= COARSE) {
        unsigned leaning = tile->leaning[i];
        out->sign[i] = (uint8_t)take_sign(state, room->odds[leaning & 7][s], leaning);
        *state = refill(*state, words, choices.careful);
    }
    if (choices.endings) {
        out->ending[i] = ENDING_BITS + 1;
        if (tile->is_short[i] && s >= COARSE) {
            unsigned level = level_of(tile->lift[i] + meaning[s].eighth, tables);
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

/* What is left of the bits of some elements, and what is wrong with these. */
struct rest {
    uint64_t bits;
    size_t taken;
    uint32_t wrong;
};

/* Return an element put together. */
ALWAYS_INLINE uint32_t join_one(struct rest *rest, const struct symbols *in, size_t i,
                                const struct dense_tile *tile, const struct meaning *meaning,
                                unsigned width, unsigned fraction_bits, struct choices choices)
{
    struct meaning one = meaning[in->symbol[i]];
    uint32_t eighths = (uint32_t)((tile->lift[i] & one.mask) + one.eighth), above = 0;
    unsigned open = one.open, shift = 0, signs = one.sign;
    if (choices.endings && in->ending[i] <= ENDING_BITS) {
        unsigned ending = in->ending[i];
        above = (ending < ENDING_BITS ? 1u : 0u) << ending;
        shift = ending + (ending < ENDING_BITS);
        open -= shift;
    }
    uint32_t low = (uint32_t)rest->bits & one.low >> shift;
    rest->bits >>= open;
    uint32_t sign = (uint32_t)rest->bits & signs;
    rest->bits >>= signs;
    if (choices.signs) {
        sign |= in->sign[i];
    }
    rest->wrong |= eighths >> (8 * width - 1 - fraction_bits);
    rest->taken += open + signs;
    return (eighths << fraction_bits) + (low << shift | above) + (sign << (8 * width - 1));
}

/* Put the elements of a tile together. Returns whether all magnitudes are in range and all bits
 * were there; where careful is not set, they are. At each look, 57 bits are there: of the elements
 * that share it each has at most 8 * width. */
ALWAYS_INLINE int join_all(uint8_t *plain, const struct symbols *in, const struct dense_tile *tile,
                           const struct meaning *meaning, struct bits *bits, size_t n,
                           unsigned width, unsigned fraction_bits, struct choices choices)
{
    struct rest rest = {0, bits->position, 0};
    size_t i = 0;
#define ONE(j)                                                                                     \
    store_element(plain + (i + j) * width,                                                         \
                  join_one(&rest, in, i + j, tile, meaning, width, fraction_bits, choices), width)
    for (; width == 2 && i + 3 <= n; i += 3) {
        rest.bits = peek_bits(bits, rest.taken, choices.careful);
        ONE(0);
        ONE(1);
        ONE(2);
    }
    for (; i < n; i++) {
        rest.bits = peek_bits(bits, rest.taken, choices.careful);
        ONE(0);
    }
#undef ONE
    bits->position = rest.taken;
    return rest.wrong ? DENSE_RANGE : rest.taken > 8 * bits->size ? DENSE_CUT : DENSE_FINE;
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

static void find_meaning(struct meaning meaning[DENSE_SYMBOLS], struct dense_layout layout,
                         const struct dense_side *side)
{
    unsigned silent = side->signed_zeros ? DENSE_SYMBOLS : 1;
    for (unsigned s = 0; s < DENSE_SYMBOLS; s++) {
        unsigned open = open_bits(s, layout.mantissa_bits - 3, layout.width);
        meaning[s].eighth = (int16_t)(s < COARSE ? 0 : first_eighth(s));
        meaning[s].mask = s < COARSE ? 0 : -1;
        meaning[s].low = ((uint32_t)1 << open) - 1;
        meaning[s].open = (uint8_t)open;
        meaning[s].sign = s != silent && !(side->leanings && s >= COARSE);
    }
}

int dense_decode(uint8_t *plain, struct dense_layout layout, const struct dense_side *side,
                 const struct dense_tables *tables, const struct dense_room *room,
                 const uint8_t *packed, size_t size)
{
    struct dense_tile tile;
    struct symbols symbols;
    struct meaning meaning[DENSE_SYMBOLS];
    struct words words;
    struct bits bits;
    uint32_t states[STATES];
    int error = open_codes(states, &words, &bits, packed, size);
    if (error) {
        return error;
    }
    find_meaning(meaning, layout, side);
    for (size_t at = 0; at < layout.count; at += TILE) {
        size_t n = tile_size(layout, at);
        int signs = side->leanings != NULL, endings = side->short_rows != NULL;
        dense_fill_tile(&tile, layout, side, at, n);
        take_tile(&symbols, states, &words, n, &tile, meaning, tables, room, signs, endings);
        error = join_tile(plain + at * layout.width, &symbols, &tile, meaning, &bits, n, layout,
                          signs, endings);
        if (error || words.lacking) {
            return words.lacking ? DENSE_CUT : error;
        }
    }
    return judge_end(states, words, bits);
}
