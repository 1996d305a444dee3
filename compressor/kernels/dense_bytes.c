#include "dense_byte_tile.h"

#define OPEN_MOST 3u /* bits; more values in a symbol are too unlike */
#define NONE 255u
#define PAIR (8u * DENSE_SHARES / (DENSE_BYTE_SHARES / 2)) /* what weighs two codes, one a sign */

struct bound dense_byte_bound(struct dense_layout layout, unsigned magnitude)
{
    unsigned m = layout.mantissa_bits, exponent = magnitude >> m, half = 2 * magnitude - 1;
    int unit = -1; /* exponent of half of what a magnitude of 1 stands for */
    if (m) {
        unit = 1 - ((1 << (6 - m)) - 1) - (int)m - 1;
        unsigned fraction = magnitude & ((1u << m) - 1);
        if (exponent > 1) {
            unit += (int)exponent - 1 - !fraction;
            half = fraction ? 2 * (fraction + (1u << m)) - 1 : (4u << m) - 1;
        }
    }
    struct bound found = {half, unit + 7};
    while (found.mantissa < 128) {
        found.mantissa *= 2;
        found.exponent--;
    }
    return found;
}

struct place dense_byte_place(struct bound bound, int scale)
{
    unsigned k = (unsigned)scale & 7u;
    uint32_t y = bound.mantissa * SHRUNK[k];
    int octave = bound.exponent - (scale - (int)k) / 8;
    if (y < 128u << 16) {
        octave--;
        y *= 2;
    }
    struct place found = {8 * octave + LOWEST + (int)(y >> 20) - 8, y >> 4 & 65535u};
    return found;
}

unsigned dense_byte_group(struct dense_layout layout, unsigned value, int scale)
{
    if (value == silent_value(layout)) {
        return SILENT;
    }
    int cell = value ? dense_byte_place(dense_byte_bound(layout, value), scale).cell : 0;
    return cell < 80 ? 0 : cell < 112 ? 1 + (unsigned)(cell - 80) / 4 : 9;
}

static uint32_t shares_below(const uint32_t below[CELLS + 1], struct place place)
{
    if (place.cell < 0) {
        return 0;
    }
    if (place.cell >= (int)CELLS) {
        return below[CELLS];
    }
    const uint32_t *at = below + place.cell;
    return at[0] + ((at[1] - at[0]) * place.rest >> 16);
}

/* The shares of each value, in eighths of a share; zeros behind the last. */
static void weigh_values(uint32_t weights[DENSE_BYTE_VALUES + 8],
                         const struct dense_byte_tables *tables, struct dense_layout layout,
                         const struct bound *bounds, const uint32_t below[CELLS + 1], int scale)
{
    unsigned last = last_magnitude(layout);
    uint32_t low = 0;
    memset(weights, 0, (DENSE_BYTE_VALUES + 8) * sizeof *weights);
    for (unsigned value = 0; value <= last; value++) {
        uint32_t high = below[CELLS];
        if (value < last) {
            high = shares_below(below, dense_byte_place(bounds[value + 1], scale));
        }
        weights[value] = high - low;
        low = high;
    }
    weights[silent_value(layout)] += 8u * tables->shape[1];
    weights[tables->top] += 8u * tables->top_share;
}

/* Values that go with no other. */
struct loners {
    unsigned top, silent;
};

/* Return how many bits a symbol leaves open that begins with value, or NONE: as few as give it a
 * pair of codes. */
static unsigned open_from(const uint32_t *weights, unsigned value, struct loners loners)
{
    uint32_t sum = 0;
    for (unsigned open = 0, i = 0; open <= OPEN_MOST; open++) {
        unsigned count = 1u << open;
        int alone = loners.top - value < count || loners.silent - value < count;
        if (value % count || (open && alone)) {
            return NONE;
        }
        for (; i < count; i++) {
            sum += weights[value + i];
        }
        if (sum >= PAIR) {
            return open;
        }
    }
    return NONE;
}

/* Find the symbols of one scale, and return how many there are. What has less than a pair of codes
 * is left to the escape. */
static unsigned find_symbols(struct dense_byte_symbol *symbols, const uint32_t *weights,
                             struct loners loners, struct dense_layout layout, int scale)
{
    unsigned n = 0;
    uint32_t sum = 0, begin = 0;
    for (unsigned value = 0; value < DENSE_BYTE_VALUES;) {
        unsigned open = open_from(weights, value, loners);
        if (open == NONE) {
            value++;
            continue;
        }
        unsigned group = dense_byte_group(layout, value, scale), first = value;
        for (unsigned end = value + (1u << open); value < end; value++) {
            sum += weights[value];
        }
        symbols[n++] = (struct dense_byte_symbol){(uint16_t)begin, (uint16_t)(sum / PAIR * 2),
                                                  (uint8_t)first, (uint8_t)open, (uint8_t)group};
        begin = sum / PAIR * 2;
    }
    symbols[n] = (struct dense_byte_symbol){(uint16_t)begin, DENSE_BYTE_SHARES, 0, ESCAPE_BITS,
                                            (uint8_t)ESCAPE};
    return n + 1;
}

static unsigned table_of(int scale)
{
    int last = (int)DENSE_BYTE_TABLES - 1;
    return (unsigned)(scale < 0 ? 0 : scale > last ? last : scale);
}

/* Find which tables elements have. */
static void find_used(uint8_t used[DENSE_BYTE_TABLES], struct dense_layout layout,
                      const struct dense_side *side)
{
    uint8_t by_row[256] = {0}, by_column[256] = {0};
    size_t columns = layout.columns < layout.count ? layout.columns : layout.count;
    for (size_t row = 0; row < dense_rows(layout); row++) {
        by_row[side->rows[row]] = 1;
    }
    by_column[128] = !side->scales;
    for (size_t j = 0; side->scales && j < columns; j++) {
        by_column[side->scales[j]] = 1;
    }
    memset(used, 0, DENSE_BYTE_TABLES);
    for (int r = 0; r < 256; r++) {
        for (int c = 0; c < 256 && by_row[r]; c++) {
            used[table_of(r + c - 128)] |= by_column[c];
        }
    }
}

void dense_byte_prepare(struct dense_byte_room *room, const struct dense_byte_tables *tables,
                        struct dense_layout layout, const struct dense_side *side)
{
    uint32_t below[CELLS + 1], weights[DENSE_BYTE_VALUES + 8];
    struct bound bounds[DENSE_BYTE_VALUES];
    struct loners loners = {tables->top_share ? tables->top : NONE, silent_value(layout)};
    for (unsigned value = 1; value <= last_magnitude(layout); value++) {
        bounds[value] = dense_byte_bound(layout, value);
    }
    dense_accumulate(below, tables->shape);
    find_used(room->used, layout, side);
    for (unsigned table = 0; table < DENSE_BYTE_TABLES; table++) {
        int scale = side->base + (int)table;
        if (room->used[table]) {
            weigh_values(weights, tables, layout, bounds, below, scale);
            room->counts[table] =
                (uint8_t)find_symbols(room->symbols[table], weights, loners, layout, scale);
        }
    }
    for (unsigned strength = 0; strength < DENSE_STRENGTHS; strength++) {
        for (unsigned group = 0; group < 16; group++) {
            unsigned odds =
                group < DENSE_GROUPS ? strength ? tables->odds[strength][group] : 128u : 256u;
            room->odds[strength][group] = (uint16_t)(odds * 16);
        }
    }
}

/* The tables of n elements of a row that is above the base. Names of their own for what is read and
 * written, and 16 bits: so compilers make vectors of it. */
static void find_tables(uint8_t *restrict table, const uint8_t *restrict scales, size_t n, int row)
{
    int16_t low = (int16_t)(row - 128), last = DENSE_BYTE_TABLES - 1;
    for (size_t i = 0; i < n; i++) {
        int16_t found = (int16_t)(low + scales[i]);
        found = found < 0 ? 0 : found;
        table[i] = (uint8_t)(found < last ? found : last);
    }
}

static void fill_row(struct dense_tile *tile, const struct dense_side *side, size_t j, size_t to,
                     size_t n, int row)
{
    if (side->scales) {
        find_tables(tile->table + to, side->scales + j, n, row);
    } else {
        int last = (int)DENSE_BYTE_TABLES - 1;
        memset(tile->table + to, row < last ? row : last, n);
    }
    if (side->leanings) {
        memcpy(tile->leaning + to, side->leanings + j, n);
    }
}

void dense_byte_fill(struct dense_tile *tile, struct dense_layout layout,
                     const struct dense_side *side, size_t at, size_t n)
{
    size_t row = at / layout.columns, j = at % layout.columns;
    for (size_t done = 0; done < n; row++, j = 0) {
        size_t some = layout.columns - j < n - done ? layout.columns - j : n - done;
        fill_row(tile, side, j, done, some, side->rows[row]);
        done += some;
    }
}
