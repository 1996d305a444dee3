#include "dense_byte_tile.h"

#define ESCAPE MEANING(0u, 8u, RAW_SIGN, 1u, 1u)
#define OPEN_MOST 3u /* bits; more values in a symbol are too unlike */
#define NONE 255u

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
        return RAW_SIGN;
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
                         const uint32_t below[CELLS + 1], int scale)
{
    unsigned last = last_magnitude(layout);
    uint32_t low = 0;
    memset(weights, 0, (DENSE_BYTE_VALUES + 8) * sizeof *weights);
    for (unsigned value = 0; value <= last; value++) {
        uint32_t high = below[CELLS];
        if (value < last) {
            struct bound bound = dense_byte_bound(layout, value + 1);
            high = shares_below(below, dense_byte_place(bound, scale));
        }
        weights[value] = high - low;
        low = high;
    }
    weights[silent_value(layout)] += 8u * tables->shape[1];
    weights[tables->top] += 8u * tables->top_share;
}

/* Return how many bits a symbol leaves open that begins with value, or NONE: as few as give it a
 * code. The value on top goes with no other. */
static unsigned open_from(const uint32_t *weights, unsigned value, unsigned top)
{
    uint32_t sum = 0;
    for (unsigned open = 0, i = 0; open <= OPEN_MOST; open++) {
        unsigned count = 1u << open;
        if (value % count || (open && top - value < count)) {
            return NONE;
        }
        for (; i < count; i++) {
            sum += weights[value + i];
        }
        if (sum >= 8) {
            return open;
        }
    }
    return NONE;
}

static void finish_table(struct dense_byte_table *table, const uint16_t *starts, unsigned symbols)
{
    for (unsigned s = 0; s < symbols; s++) {
        table->codes[s].start = starts[s];
        table->codes[s].share = (uint16_t)(starts[s + 1] - starts[s]);
    }
    fill_slots(table->slots, starts, symbols);
}

static uint32_t meaning_of(struct dense_layout layout, unsigned value, unsigned open, int scale)
{
    unsigned silent = silent_value(layout), unsure = open && value <= silent;
    unsure &= silent < value + (1u << open);
    unsigned sign = unsure || value != silent;
    return MEANING(value, open, dense_byte_group(layout, value, scale), sign, unsure);
}

/* Make the table of one scale. What has less than a code is left to the escape. */
static void make_table(struct dense_byte_table *table, const struct dense_byte_tables *tables,
                       struct dense_layout layout, const uint32_t below[CELLS + 1], int scale)
{
    uint32_t weights[DENSE_BYTE_VALUES + 8], sum = 0;
    uint16_t starts[DENSE_BYTE_SYMBOLS + 1];
    unsigned n = 0, top = tables->top_share ? tables->top : NONE;
    weigh_values(weights, tables, layout, below, scale);
    memset(table->symbols, (int)NONE, DENSE_BYTE_VALUES);
    for (unsigned value = 0; value < DENSE_BYTE_VALUES;) {
        unsigned open = open_from(weights, value, top);
        if (open == NONE) {
            value++;
            continue;
        }
        starts[n] = (uint16_t)(sum / 8);
        table->codes[n].meaning = meaning_of(layout, value, open, scale);
        for (unsigned end = value + (1u << open); value < end; value++) {
            sum += weights[value];
            if (value < DENSE_BYTE_VALUES) {
                table->symbols[value] = (uint8_t)n;
            }
        }
        n++;
    }
    starts[n] = (uint16_t)(sum / 8);
    table->codes[n].meaning = ESCAPE;
    starts[n + 1] = DENSE_SHARES;
    for (unsigned value = 0; value < DENSE_BYTE_VALUES; value++) {
        table->symbols[value] = table->symbols[value] == NONE ? (uint8_t)n : table->symbols[value];
    }
    finish_table(table, starts, n + 1);
}

void dense_byte_prepare(struct dense_byte_room *room, const struct dense_byte_tables *tables,
                        struct dense_layout layout, int base)
{
    uint32_t below[CELLS + 1];
    dense_accumulate(below, tables->shape);
    for (unsigned table = 0; table < DENSE_BYTE_TABLES; table++) {
        make_table(&room->tables[table], tables, layout, below, base + (int)table);
    }
    for (unsigned strength = 0; strength < DENSE_STRENGTHS; strength++) {
        for (unsigned group = 0; group < 16; group++) {
            unsigned odds = strength && group < DENSE_GROUPS ? tables->odds[strength][group] : 128u;
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
