#include "densedelta_tile.h"

#define LEVEL_WORTH                                                                                \
    352 /* 5.5 times 64: a new level costs 4 bits, which so large a deviation takes */
#define LEANING_WORTH 8 /* the same for a leaning, where one in 16 is worth less */
#define SIGN_WORTH 5    /* what a pair's deviation must be for its leaning, on average */

static unsigned symbol_of(uint32_t size)
{
    if (size < SINGLES) {
        return size;
    }
#ifdef __GNUC__
    unsigned exponent = 31u - (unsigned)__builtin_clz(size);
#else
    unsigned exponent = 31;
    while (!(size >> exponent)) {
        exponent--;
    }
#endif
    return SINGLES * (exponent - 1) + (size >> (exponent - 2) & 3);
}

ALWAYS_INLINE void count_tile(struct densedelta_counts *counts, uint8_t *symbols,
                              const uint8_t *plain, const struct tile *tile, size_t n,
                              unsigned width, unsigned mantissa_bits)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t element = load_element(plain + i * width, width);
        struct step step = step_of(element, tile->base[i], width, mantissa_bits);
        unsigned code = 2 * symbol_of(step.size);
        code |= code ? step.falls : 0;
        symbols[i] = (uint8_t)code;
        counts->of[tile->context[i]][code]++;
    }
}

static void count_all(struct densedelta_counts *counts, uint8_t *symbols, const uint8_t *plain,
                      const uint8_t *base, struct dense_layout layout,
                      const struct densedelta_side *side)
{
    struct tile tile;
    memset(counts->of, 0, sizeof counts->of);
    for (size_t at = 0; at < layout.count; at += TILE) {
        size_t n = tile_size(layout, at);
        densedelta_fill_tile(&tile, base, layout, side, DENSEDELTA_CONTEXTS_MAX, at, n);
#define WITH(w, m) count_tile(counts, symbols + at, plain + at * (w), &tile, n, w, m)
        FOR_TYPE(layout, WITH);
#undef WITH
    }
}

/* Find how many contexts and symbols there are, and whether signs are worth coding. */
static void find_extent(struct densedelta_tables *tables, const struct densedelta_counts *counts)
{
    uint64_t deviation = 0, pairs = 0;
    tables->contexts = tables->symbols = 1;
    for (unsigned c = 0; c < DENSEDELTA_CONTEXTS_MAX; c++) {
        for (unsigned s = 0; s < DENSEDELTA_SYMBOLS_MAX; s++) {
            uint64_t a = counts->of[c][2 * s], b = counts->of[c][2 * s + 1];
            if (!(a + b)) {
                continue;
            }
            tables->contexts = c + 1;
            tables->symbols = s + 1 > tables->symbols ? s + 1 : tables->symbols;
            if (s) {
                deviation += a > b ? (a - b) * (a - b) / (a + b) : (b - a) * (b - a) / (a + b);
                pairs++;
            }
        }
    }
    tables->signs = deviation > SIGN_WORTH * pairs;
}

/* Return the level that suits n of all. */
static int level_for(uint64_t n, uint64_t all)
{
    uint64_t part = n * 65536 / all; /* 16 is level 1 */
    int level = part < 16 ? 1 : densedelta_quarters(part) - 15;
    return n ? level : 0;
}

/* Change the levels of the context before where what they promise is far from what came. */
static void suit_levels(uint8_t *levels, const uint32_t *counts, unsigned symbols, unsigned spare)
{
    uint16_t starts[DENSEDELTA_SYMBOLS_MAX + 1] = {0};
    uint64_t all = 0;
    int known = densedelta_starts(starts, levels, symbols, spare);
    for (unsigned s = 0; s < symbols; s++) {
        all += (uint64_t)counts[2 * s] + counts[2 * s + 1];
    }
    for (unsigned s = 0; s < symbols && all; s++) {
        uint64_t n = (uint64_t)counts[2 * s] + counts[2 * s + 1];
        uint64_t share = known ? (uint64_t)(starts[s + 1] - starts[s]) : 0;
        uint64_t promised = all * share / 64, came = 64 * n;
        uint64_t apart = came > promised ? came - promised : promised - came;
        uint64_t least = promised > 21 ? promised : 21;
        if (apart * apart > LEVEL_WORTH * least || (n && !levels[s])) {
            levels[s] = (uint8_t)level_for(n, all);
        }
    }
    if (!all && !known) {
        levels[0] = TOP_LEVEL;
    }
}

/* The same for leanings: how many of 16 of a symbol lead to zero. */
static void suit_leanings(uint8_t *leanings, const uint32_t *counts, unsigned symbols)
{
    for (unsigned s = 1; s < symbols; s++) {
        uint64_t falls = counts[2 * s + 1], n = falls + counts[2 * s];
        uint64_t leaning = leanings[s - 1], promised = n * leaning, came = 16 * falls;
        uint64_t apart = came > promised ? came - promised : promised - came;
        if (apart * apart > LEANING_WORTH * n * leaning * (16 - leaning)) {
            uint64_t found = (2 * came + n) / (2 * n);
            leanings[s - 1] = (uint8_t)(found < 1 ? 1 : found > 15 ? 15 : found);
        }
    }
}

void densedelta_model(uint8_t *symbols, struct densedelta_tables *tables,
                      struct densedelta_counts *counts, const uint8_t *plain, const uint8_t *base,
                      struct dense_layout layout, const struct densedelta_side *side)
{
    uint8_t levels[DENSEDELTA_SYMBOLS_MAX] = {0}, leanings[DENSEDELTA_SYMBOLS_MAX];
    memset(leanings, 8, sizeof leanings);
    count_all(counts, symbols, plain, base, layout, side);
    find_extent(tables, counts);
    for (unsigned c = 0; c < tables->contexts; c++) {
        uint8_t *level_steps = tables->levels + c * tables->symbols;
        uint8_t *leaning_steps = tables->leanings + c * (tables->symbols - 1);
        uint8_t before[DENSEDELTA_SYMBOLS_MAX];
        memcpy(before, levels, sizeof before);
        suit_levels(levels, counts->of[c], tables->symbols, tables->signs ? 2 : 1);
        for (unsigned s = 0; s < tables->symbols; s++) {
            level_steps[s] = (uint8_t)(levels[s] - before[s]);
        }
        memcpy(before, leanings, sizeof before);
        suit_leanings(leanings, counts->of[c], tables->symbols);
        for (unsigned s = 0; s + 1 < tables->symbols; s++) {
            leaning_steps[s] = (uint8_t)(leanings[s] - before[s]);
        }
    }
}
