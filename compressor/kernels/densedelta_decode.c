#include "densedelta_tile.h"

/* Take the codes of a tile. Without care, there is a word for each. */
ALWAYS_INLINE void take_all(uint8_t *codes, uint32_t states[STATES], struct words *words, size_t n,
                            const struct tile *tile, const struct densedelta_room *room,
                            int careful)
{
    uint32_t x[STATES];
    struct words rest = *words;
    size_t i = 0;
    memcpy(x, states, sizeof x);
#define ONE(j)                                                                                     \
    do {                                                                                           \
        unsigned context = tile->context[i + (j)];                                                 \
        codes[i + (j)] = (uint8_t)take_symbol(&x[j], room->slots[context], room->starts[context]); \
        x[j] = refill(x[j], &rest, careful);                                                       \
    } while (0)
    for (; i + STATES <= n; i += STATES) {
        FOR_STATES(ONE);
    }
    for (size_t j = 0, left = n - i; j < left; j++) {
        ONE(j);
    }
#undef ONE
    memcpy(states, x, sizeof x);
    *words = rest;
}

static void take_tile(uint8_t *codes, uint32_t states[STATES], struct words *words, size_t n,
                      const struct tile *tile, const struct densedelta_room *room)
{
    if ((size_t)(words->end - words->at) < 2 * n + 2) {
        take_all(codes, states, words, n, tile, room, 1);
    } else {
        take_all(codes, states, words, n, tile, room, 0);
    }
}

/* Of each code: the least difference, how many bits follow, and what is known of the sign. */
struct meaning {
    uint32_t least[DENSEDELTA_CODES];
    uint8_t open[DENSEDELTA_CODES];
    uint8_t falls[DENSEDELTA_CODES];
    uint8_t sign_bits[DENSEDELTA_CODES];
};

static void find_meaning(struct meaning *meaning, const struct densedelta_tables *tables)
{
    unsigned each = tables->signs ? 2 : 1;
    memset(meaning, 0, sizeof *meaning);
    for (unsigned code = 0; code < each * tables->symbols; code++) {
        unsigned s = code / each;
        meaning->least[code] = least_of(s);
        meaning->open[code] = (uint8_t)open_bits(s);
        meaning->falls[code] = (uint8_t)(code % each);
        meaning->sign_bits[code] = s && !tables->signs;
    }
}

/* Put the elements of a tile together. Without care, all bits are there. */
ALWAYS_INLINE void join_all(uint8_t *plain, const uint8_t *codes, const struct tile *tile,
                            const struct meaning *meaning, struct bits *bits, size_t n,
                            unsigned width, unsigned mantissa_bits, int careful)
{
    size_t position = bits->position;
    for (size_t i = 0; i < n; i++) {
        unsigned code = codes[i], open = meaning->open[code], sign_bits = meaning->sign_bits[code];
        uint64_t some = peek_bits(bits, position, careful);
        uint32_t size = meaning->least[code] + (uint32_t)(some & (((uint64_t)1 << open) - 1));
        uint32_t falls = ((uint32_t)(some >> open) & sign_bits) | meaning->falls[code];
        uint32_t base = tile->base[i], down = 0 - ((falls ^ base >> (8 * width - 1)) & 1);
        uint32_t number = ordered(base, width, mantissa_bits) + ((size ^ down) - down);
        number = unordered(number & mask_of(width), width, mantissa_bits);
        store_element(plain + i * width, number, width);
        position += open + sign_bits;
    }
    bits->position = position;
}

static int join_tile(uint8_t *plain, const uint8_t *codes, const struct tile *tile,
                     const struct meaning *meaning, struct bits *bits, size_t n,
                     struct dense_layout layout)
{
    int careful = bits->size - (bits->position >> 3) < n * layout.width + 9;
#define WITH(w, m, c) join_all(plain, codes, tile, meaning, bits, n, w, m, c)
    if (layout.width == 4) {
        careful ? WITH(4, 23, 1) : WITH(4, 23, 0);
    } else if (layout.width == 2) { /* of floats the mantissa makes no difference */
        careful ? WITH(2, 7, 1) : WITH(2, 7, 0);
    } else if (layout.mantissa_bits) {
        careful ? WITH(1, 3, 1) : WITH(1, 3, 0);
    } else {
        careful ? WITH(1, 0, 1) : WITH(1, 0, 0);
    }
#undef WITH
    return bits->position <= 8 * bits->size;
}

int densedelta_decode(uint8_t *plain, const uint8_t *base, struct dense_layout layout,
                      const struct densedelta_side *side, const struct densedelta_tables *tables,
                      const struct densedelta_room *room, const uint8_t *packed, size_t size)
{
    struct tile tile;
    struct meaning meaning;
    struct words words;
    struct bits bits;
    uint8_t codes[TILE];
    uint32_t states[STATES];
    int error = open_codes(states, &words, &bits, packed, size);
    if (error) {
        return error;
    }
    find_meaning(&meaning, tables);
    for (size_t at = 0; at < layout.count; at += TILE) {
        size_t n = tile_size(layout, at);
        densedelta_fill_tile(&tile, base, layout, side, tables->contexts, at, n);
        take_tile(codes, states, &words, n, &tile, room);
        int there = join_tile(plain + at * layout.width, codes, &tile, &meaning, &bits, n, layout);
        if (!there || words.lacking) {
            return DENSEDELTA_CUT;
        }
    }
    return judge_end(states, words, bits);
}
