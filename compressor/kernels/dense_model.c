#include "dense_tile.h"

#define TABLE_COST (80u * 8) /* bits of another shape */

/* Of each class: how many elements have a symbol, their scale taken down to a whole octave, and
 * which symbols there are as it is. */
struct counts {
    uint32_t shape[DENSE_CLASSES_MAX][DENSE_SYMBOLS];
    uint8_t met[DENSE_CLASSES_MAX][DENSE_SYMBOLS];
    uint64_t zeros, minus_zeros;
};

#define MANTISSAS 128u /* of 7 bits */

/* What finds symbols. */
struct finder {
    uint8_t symbols[CELLS + 1];                 /* of each cell; the last one is all others */
    int8_t eighths[DENSE_FRACTIONS][MANTISSAS]; /* above a scale of a fraction: -8 to 7 */
};

ALWAYS_INLINE unsigned symbol_of(int eighths, const struct finder *finder)
{
    unsigned cell = (unsigned)(eighths + LOWEST);
    return finder->symbols[cell < CELLS ? cell : CELLS];
}

static void fill_finder(struct finder *finder)
{
    unsigned cell = 0;
    for (unsigned s = COARSE; s < DENSE_SYMBOLS; s++) {
        for (unsigned i = 0; i < (s < FINE ? 8u : s < HIGH ? 1u : 4u); i++) {
            finder->symbols[cell++] = (uint8_t)s;
        }
    }
    finder->symbols[CELLS] = 0;
    for (unsigned k = 0; k < DENSE_FRACTIONS; k++) {
        for (unsigned mantissa = 0; mantissa < MANTISSAS; mantissa++) {
            uint32_t y = (mantissa + 128) * SHRUNK[k];
            int below = y < 128u << 16;
            finder->eighths[k][mantissa] = (int8_t)((int)(y << below >> 20) - 8 - 8 * below);
        }
    }
}

/* Return how many eighths a magnitude is above its scale, fraction and all. */
ALWAYS_INLINE int normal_eighths(uint32_t magnitude, int lift, unsigned k, unsigned mantissa_bits,
                                 const struct finder *finder)
{
    unsigned mantissa = magnitude >> (mantissa_bits - 7) & 127;
    return (int)(magnitude >> mantissa_bits) * 8 + finder->eighths[k][mantissa] - lift;
}

ALWAYS_INLINE void count_tile(struct counts *counts, uint8_t *symbols, const uint8_t *plain,
                              const struct dense_tile *tile, const struct finder *finder, size_t n,
                              unsigned width, unsigned mantissa_bits, int signed_zeros)
{
    uint64_t zeros = 0, minus_zeros = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t element = load_element(plain + i * width, width);
        uint32_t magnitude = element & (((uint32_t)1 << (8 * width - 1)) - 1);
        int lift = tile->lift[i];
        unsigned kind = tile->table[i] / DENSE_FRACTIONS;
        unsigned s = symbol_of((int)(magnitude >> (mantissa_bits - 3)) - lift, finder);
        unsigned k = tile->table[i] % DENSE_FRACTIONS;
        unsigned normal =
            symbol_of(normal_eighths(magnitude, lift, k, mantissa_bits, finder), finder);
        s = magnitude ? s : !element || signed_zeros;
        zeros += !magnitude;
        minus_zeros += element && !magnitude;
        normal = s < COARSE ? s : normal < COARSE ? s : normal;
        symbols[i] = (uint8_t)s;
        counts->shape[kind][normal]++;
        counts->met[kind][s] = 1;
    }
    counts->zeros += zeros;
    counts->minus_zeros += minus_zeros;
}

static void count_all(struct counts *counts, uint8_t *symbols, const uint8_t *plain,
                      struct dense_layout layout, const struct dense_side *side)
{
    struct dense_tile tile;
    struct finder finder;
    unsigned w = layout.width;
    memset(counts, 0, sizeof *counts);
    fill_finder(&finder);
    for (size_t at = 0; at < layout.count; at += TILE) {
        size_t n = tile_size(layout, at);
        const uint8_t *from = plain + at * w;
        dense_fill_tile(&tile, layout, side, at, n);
        if (layout.mantissa_bits == 23) {
            count_tile(counts, symbols + at, from, &tile, &finder, n, 4, 23, side->signed_zeros);
        } else if (w == 4) {
            count_tile(counts, symbols + at, from, &tile, &finder, n, 4, 20, side->signed_zeros);
        } else if (layout.mantissa_bits == 7) {
            count_tile(counts, symbols + at, from, &tile, &finder, n, 2, 7, side->signed_zeros);
        } else {
            count_tile(counts, symbols + at, from, &tile, &finder, n, 2, 10, side->signed_zeros);
        }
    }
}

/* Return n log2 n, with 8 bits below the point; the logarithm is linear between powers of 2, and
 * a bulge between them. */
static uint64_t weigh(uint64_t n)
{
    if (n < 2) {
        return 0;
    }
    unsigned exponent = 63;
    while (!(n >> exponent)) {
        exponent--;
    }
    uint64_t rest = (n << (63 - exponent)) << 1 >> 48; /* 16 bits of the mantissa */
    uint64_t log = ((uint64_t)exponent << 16) + rest + (rest * (65536 - rest) * 22 >> 22);
    return n * log >> 8;
}

/* Return the bits that symbols take under a code of their own, with 8 bits below the point. */
static uint64_t entropy(const uint32_t counts[DENSE_SYMBOLS])
{
    uint64_t total = 0, sum = 0;
    for (unsigned s = 0; s < DENSE_SYMBOLS; s++) {
        total += counts[s];
        sum += weigh(counts[s]);
    }
    return weigh(total) - sum;
}

/* Say whether telling classes apart pays, from first up to end. */
static int pays(const struct counts *counts, unsigned first, unsigned end, size_t columns)
{
    uint32_t all[DENSE_SYMBOLS] = {0};
    uint64_t apart = (uint64_t)(TABLE_COST * (end - first - 1) + 2 * columns) << 8;
    for (unsigned c = first; c < end; c++) {
        for (unsigned s = 0; s < DENSE_SYMBOLS; s++) {
            all[s] += counts->shape[c][s];
        }
        apart += entropy(counts->shape[c]);
    }
    return apart < entropy(all);
}

/* Add classes to the first of them. */
static void take_together(struct counts *counts, unsigned first, unsigned end)
{
    for (unsigned c = first + 1; c < end; c++) {
        for (unsigned s = 0; s < DENSE_SYMBOLS; s++) {
            counts->met[first][s] |= counts->met[c][s];
            counts->shape[first][s] += counts->shape[c][s];
        }
    }
}

/* Take classes together that are not of zeros. */
static void join_live(struct counts *counts, struct dense_side *side, uint8_t *kinds,
                      size_t columns)
{
    if (pays(counts, 0, LIVE_CLASSES, columns)) {
        return;
    }
    take_together(counts, 0, LIVE_CLASSES);
    memcpy(counts->met[1], counts->met[LIVE_CLASSES], sizeof counts->met[1]);
    memcpy(counts->shape[1], counts->shape[LIVE_CLASSES], sizeof counts->shape[1]);
    for (size_t j = 0; j < columns; j++) {
        kinds[j] = kinds[j] == LIVE_CLASSES;
    }
    side->classes = 2;
}

/* Take classes together where telling them apart does not pay. */
static void join_classes(struct counts *counts, struct dense_side *side, uint8_t *kinds,
                         size_t columns)
{
    if (side->classes > LIVE_CLASSES) {
        join_live(counts, side, kinds, columns);
    }
    if (side->classes > 1 && !pays(counts, 0, side->classes, columns)) {
        take_together(counts, 0, side->classes);
        side->classes = 1;
        side->kinds = NULL;
    }
}

void dense_share_out(uint16_t *shares, const uint32_t *counts, const uint8_t *needed, unsigned n)
{
    uint64_t total = 0;
    uint32_t sum = 0;
    unsigned largest = 0;
    for (unsigned s = 0; s < n; s++) {
        total += counts[s];
    }
    for (unsigned s = 0; s < n; s++) {
        uint64_t share = total ? ((uint64_t)counts[s] * DENSE_SHARES + total / 2) / total : 0;
        shares[s] = (uint16_t)(share ? share : needed[s]);
        sum += shares[s];
        largest = shares[s] > shares[largest] ? s : largest;
    }
    shares[largest] = (uint16_t)(shares[largest] + DENSE_SHARES - sum);
}

static void make_shapes(struct dense_tables *tables, const struct counts *counts, unsigned classes)
{
    uint8_t needed[DENSE_SYMBOLS];
    for (unsigned c = 0; c < classes; c++) {
        for (unsigned s = 0; s < DENSE_SYMBOLS; s++) {
            needed[s] = s == 0 || counts->met[c][s];
        }
        dense_share_out(tables->shapes[c], counts->shape[c], needed, DENSE_SYMBOLS);
    }
}

/* What is counted of signs and endings. */
struct extras {
    uint32_t signs[DENSE_STRENGTHS][DENSE_GROUPS][2];
    uint32_t endings[DENSE_LEVELS_MAX][DENSE_ENDINGS];
};

ALWAYS_INLINE void count_tile_extras(struct extras *extras, const struct dense_tables *tables,
                                     const uint8_t *plain, const uint8_t *symbols,
                                     const struct dense_tile *tile, size_t n, unsigned width)
{
    for (size_t i = 0; i < n; i++) {
        unsigned s = symbols[i], leaning = tile->leaning[i];
        if (s < COARSE) {
            continue;
        }
        uint32_t element = load_element(plain + i * width, width);
        unsigned negative = element >> (8 * width - 1);
        extras->signs[leaning & 7][group_of(s)][negative ^ leaning >> 3]++;
        if (tile->is_short[i]) {
            unsigned level = level_of(tile->lift[i] + first_eighth(s), tables);
            extras->endings[level][ending_of(element)]++;
        }
    }
}

static void count_extras(struct extras *extras, const struct dense_tables *tables,
                         const uint8_t *plain, const uint8_t *symbols, struct dense_layout layout,
                         const struct dense_side *side)
{
    struct dense_tile tile;
    memset(extras, 0, sizeof *extras);
    for (size_t at = 0; at < layout.count; at += TILE) {
        size_t n = tile_size(layout, at);
        const uint8_t *from = plain + at * layout.width;
        dense_fill_tile(&tile, layout, side, at, n);
        if (layout.width == 4) {
            count_tile_extras(extras, tables, from, symbols + at, &tile, n, 4);
        } else {
            count_tile_extras(extras, tables, from, symbols + at, &tile, n, 2);
        }
    }
}

void dense_make_odds(uint8_t odds_of[DENSE_STRENGTHS][DENSE_GROUPS],
                     const uint32_t signs[DENSE_STRENGTHS][DENSE_GROUPS][2])
{
    for (unsigned strength = 0; strength < DENSE_STRENGTHS; strength++) {
        for (unsigned group = 0; group < DENSE_GROUPS; group++) {
            const uint32_t *met = signs[strength][group];
            uint64_t odds = ((uint64_t)met[0] * 512 + 256) / (2 * ((uint64_t)met[0] + met[1]) + 2);
            odds_of[strength][group] = (uint8_t)(odds < 1 ? 1 : odds > 255 ? 255 : odds);
        }
    }
}

/* Take a level's endings together with those of another. */
static void join_level(struct extras *extras, unsigned level, unsigned with)
{
    for (unsigned s = 0; s < DENSE_ENDINGS; s++) {
        extras->endings[with][s] += extras->endings[level][s];
    }
}

/* Take rare levels at both ends together with their neighbours: a table each would cost too much.
 */
static void join_levels(struct extras *extras, struct dense_tables *tables)
{
    uint64_t sums[DENSE_LEVELS_MAX] = {0}, all = 0;
    unsigned low = 0, high = DENSE_LEVELS_MAX - 1;
    for (unsigned level = 0; level < DENSE_LEVELS_MAX; level++) {
        for (unsigned s = 0; s < DENSE_ENDINGS; s++) {
            sums[level] += extras->endings[level][s];
        }
        all += sums[level];
    }
    for (; low < high && 64 * sums[low] < all; low++) {
        sums[low + 1] += sums[low];
        join_level(extras, low, low + 1);
    }
    for (; low < high && 64 * sums[high] < all; high--) {
        sums[high - 1] += sums[high];
        join_level(extras, high, high - 1);
    }
    tables->first_level += low;
    tables->levels = high - low + 1;
    memmove(extras->endings, extras->endings[low], tables->levels * sizeof *extras->endings);
}

static void make_endings(struct dense_tables *tables, const struct extras *extras)
{
    for (unsigned level = 0; level < tables->levels; level++) {
        uint8_t needed[DENSE_ENDINGS];
        unsigned any = 0;
        for (unsigned s = 0; s < DENSE_ENDINGS; s++) {
            needed[s] = extras->endings[level][s] != 0;
            any |= needed[s];
        }
        memset(tables->endings[level], 0, sizeof tables->endings[level]);
        if (any) {
            dense_share_out(tables->endings[level], extras->endings[level], needed, DENSE_ENDINGS);
        }
    }
}

void dense_model(uint8_t *symbols, struct dense_tables *tables, const uint8_t *plain,
                 struct dense_layout layout, struct dense_side *side, uint8_t *kinds)
{
    struct counts counts;
    struct extras extras;
    size_t columns = layout.columns < layout.count ? layout.columns : layout.count;
    int bias = (1 << (8 * layout.width - 2 - layout.mantissa_bits)) - 1;
    count_all(&counts, symbols, plain, layout, side);
    if (16 * counts.minus_zeros > counts.zeros) {
        side->signed_zeros = 1; /* a bit for each zero, but 16 or more for each with a minus less */
        count_all(&counts, symbols, plain, layout, side);
    }
    join_classes(&counts, side, kinds, columns);
    make_shapes(tables, &counts, side->classes);
    tables->first_level = tables->levels = 0;
    if (side->short_rows) {
        tables->first_level = (unsigned)(bias > 29 ? bias - 29 : 0);
        tables->levels = DENSE_LEVELS_MAX;
    }
    if (side->leanings || side->short_rows) {
        count_extras(&extras, tables, plain, symbols, layout, side);
        dense_make_odds(tables->odds, (const uint32_t(*)[DENSE_GROUPS][2])extras.signs);
    }
    if (side->short_rows) {
        join_levels(&extras, tables);
        make_endings(tables, &extras);
    }
}
