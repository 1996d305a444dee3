#include "dense_byte_tile.h"

/* How many elements of each value there are, by scale. */
struct counts {
    uint32_t of[DENSE_BYTE_TABLES][DENSE_BYTE_VALUES];
    uint8_t value_of[256]; /* of each byte */
};

/* The same of each byte, twice, so that equal bytes in turn need not wait for each other. */
struct byte_counts {
    uint32_t of[2][DENSE_BYTE_TABLES][256];
};

#define LOWEST_KNOT ((uint64_t)8 << 16)                /* 2^-12 of a scale; see distance_of() */
#define HIGHEST_KNOT ((uint64_t)8 << (16 + CELLS / 8)) /* 2^6 of it */

/* Count how often a row or column has each scale. */
static void count_scales(uint32_t counts[256], const uint8_t *scales, size_t size)
{
    memset(counts, 0, 256 * sizeof *counts);
    for (size_t i = 0; i < size; i++) {
        counts[scales[i]]++;
    }
}

/* Return the sum of a row's and a column's byte at which as many tables begin that most elements
 * have one of theirs. */
static int find_window(const struct dense_side *side, size_t rows, size_t columns)
{
    uint32_t by_row[256], by_column[256];
    uint64_t sums[512] = {0}, within = 0, most = 0;
    int best = 0;
    count_scales(by_row, side->rows, rows);
    count_scales(by_column, side->scales, side->scales ? columns : 0);
    by_column[128] += !side->scales;
    for (unsigned r = 0; r < 256; r++) {
        for (unsigned c = 0; c < 256 && by_row[r]; c++) {
            sums[r + c] += (uint64_t)by_row[r] * by_column[c];
        }
    }
    for (int end = 1; end <= 512; end++) {
        within += sums[end - 1];
        within -= end > (int)DENSE_BYTE_TABLES ? sums[end - 1 - (int)DENSE_BYTE_TABLES] : 0;
        if (within > most) {
            most = within;
            best = end - (int)DENSE_BYTE_TABLES;
        }
    }
    return best;
}

static void fit_window(uint8_t *rows, struct dense_side *side, struct dense_layout layout)
{
    size_t count = dense_rows(layout);
    size_t columns = layout.columns < layout.count ? layout.columns : layout.count;
    int low = count ? find_window(side, count, columns) - 128 : 0;
    for (size_t row = 0; row < count; row++) {
        int scale = rows[row] - low;
        rows[row] = (uint8_t)(scale < 0 ? 0 : scale > 255 ? 255 : scale);
    }
    side->base += low;
}

static void count_bytes(struct byte_counts *counts, const uint8_t *plain,
                        struct dense_layout layout, const struct dense_side *side)
{
    struct dense_tile tile;
    for (size_t at = 0; at < layout.count; at += TILE) {
        size_t n = tile_size(layout, at), i = 0;
        dense_byte_fill(&tile, layout, side, at, n);
        for (; i + 2 <= n; i += 2) {
            counts->of[0][tile.table[i]][plain[at + i]]++;
            counts->of[1][tile.table[i + 1]][plain[at + i + 1]]++;
        }
        if (i < n) {
            counts->of[0][tile.table[i]][plain[at + i]]++;
        }
    }
}

/* Find what value each byte is. A zero of fp8 has no sign where there are many with a plus. */
static void list_values(struct counts *counts, const struct byte_counts *bytes,
                        struct dense_layout layout)
{
    uint64_t plus = 0, minus = 0;
    for (unsigned byte = 0; byte < 256; byte++) {
        unsigned size = byte < 128 ? byte : 256 - byte;
        counts->value_of[byte] = (uint8_t)(layout.mantissa_bits ? byte & 127 : size);
    }
    for (unsigned table = 0; table < DENSE_BYTE_TABLES; table++) {
        plus += (uint64_t)bytes->of[0][table][0] + bytes->of[1][table][0];
        minus += (uint64_t)bytes->of[0][table][128] + bytes->of[1][table][128];
    }
    if (layout.mantissa_bits && plus > 2 * minus + 16) {
        counts->value_of[0] = 128;
    }
}

static void count_values(struct counts *counts, const uint8_t *plain, struct dense_layout layout,
                         const struct dense_side *side)
{
    struct byte_counts bytes;
    memset(&bytes, 0, sizeof bytes);
    memset(counts, 0, sizeof *counts);
    count_bytes(&bytes, plain, layout, side);
    list_values(counts, &bytes, layout);
    for (unsigned table = 0; table < DENSE_BYTE_TABLES; table++) {
        for (unsigned byte = 0; byte < 256; byte++) {
            uint32_t met = bytes.of[0][table][byte] + bytes.of[1][table][byte];
            counts->of[table][counts->value_of[byte]] += met;
        }
    }
}

/* Return how far a bound is, as a number that grows evenly: a cell is from 2^16 of it on. */
static uint64_t distance_of(struct place place)
{
    if (place.cell < 0) {
        return 0;
    }
    if (place.cell >= (int)CELLS) {
        return HIGHEST_KNOT;
    }
    unsigned cell = (unsigned)place.cell;
    return ((uint64_t)(8 + cell % 8) << 16 | place.rest) << cell / 8;
}

static unsigned cell_at(uint64_t distance)
{
    unsigned octave = 0;
    while (distance >> octave >= 16u << 16) {
        octave++;
    }
    return 8 * octave + (unsigned)(distance >> octave >> 16) - 8;
}

/* Spread a count evenly from one distance up to another, in sixteenths; what is beyond all cells
 * becomes escapes, and goes behind the last cell. */
static void spread(uint64_t cells[CELLS + 1], uint64_t count, uint64_t low, uint64_t high)
{
    low = low < LOWEST_KNOT ? LOWEST_KNOT : low;
    if (low >= HIGHEST_KNOT || high <= low) {
        cells[CELLS] += 16 * count;
        return;
    }
    high = high > HIGHEST_KNOT ? HIGHEST_KNOT : high;
    uint64_t all = (high - low) >> 8;
    for (unsigned cell = cell_at(low); low < high && cell < CELLS; cell++) {
        uint64_t next = (uint64_t)(9 + cell % 8) << 16 << cell / 8;
        uint64_t end = next < high ? next : high;
        cells[cell] += 16 * count * ((end - low) >> 8) / (all ? all : 1);
        low = end;
    }
}

/* Spread the elements of one scale over the cells. */
static void spread_scale(uint64_t cells[CELLS + 1], const uint32_t *counts, unsigned but,
                         struct dense_layout layout, int scale)
{
    unsigned last = last_magnitude(layout);
    uint64_t low = 0;
    for (unsigned value = 0; value <= last; value++) {
        uint64_t high = low + low / 8;
        if (value < last) {
            high = distance_of(dense_byte_place(dense_byte_bound(layout, value + 1), scale));
        }
        if (counts[value] && value != but) {
            spread(cells, counts[value], low, high);
        }
        low = high;
    }
}

/* Return a value that has many more elements than the one below it, as the largest of a row that
 * was scaled to it; or 0. */
static unsigned find_top(const uint64_t *sums, struct dense_layout layout)
{
    unsigned top = 0;
    uint64_t most = 16;
    for (unsigned value = 2; value <= last_magnitude(layout); value++) {
        uint64_t usual = 4 * sums[value - 1];
        if (sums[value] > usual && sums[value] - usual > most) {
            most = sums[value] - usual;
            top = value;
        }
    }
    return top;
}

#define TOP DENSE_SYMBOLS /* what top_share is shared out as */

/* Turn counts of any size into numbers of 32 bits. */
static void narrow(uint32_t narrowed[TOP + 1], const uint64_t counts[TOP + 1])
{
    uint64_t sum = 0;
    unsigned shift = 0;
    for (unsigned s = 0; s <= TOP; s++) {
        sum += counts[s];
    }
    while (sum >> shift >> 31) {
        shift++;
    }
    for (unsigned s = 0; s <= TOP; s++) {
        narrowed[s] = (uint32_t)(counts[s] >> shift);
    }
}

static void make_shape(struct dense_byte_tables *tables, const struct counts *counts,
                       struct dense_layout layout, int base)
{
    uint64_t sums[DENSE_BYTE_VALUES] = {0}, cells[CELLS + 1] = {0}, found[TOP + 1] = {0};
    uint32_t narrowed[TOP + 1];
    uint16_t shares[TOP + 1];
    static const uint8_t needed[TOP + 1] = {1};
    for (unsigned table = 0; table < DENSE_BYTE_TABLES; table++) {
        for (unsigned value = 0; value < DENSE_BYTE_VALUES; value++) {
            sums[value] += counts->of[table][value];
        }
    }
    tables->top = find_top(sums, layout);
    for (unsigned table = 0; table < DENSE_BYTE_TABLES; table++) {
        unsigned but = tables->top ? tables->top : DENSE_BYTE_VALUES;
        spread_scale(cells, counts->of[table], but, layout, base + (int)table);
    }
    found[0] = cells[CELLS];
    found[TOP] = tables->top ? 16 * sums[tables->top] : 0;
    found[1] = layout.mantissa_bits ? 16 * sums[128] : 0;
    for (unsigned cell = 0, s = COARSE; s < DENSE_SYMBOLS; s++) {
        for (unsigned i = 0; i < (s < FINE ? 8u : s < HIGH ? 1u : 4u); i++) {
            found[s] += cells[cell++];
        }
    }
    narrow(narrowed, found);
    dense_share_out(shares, narrowed, needed, TOP + 1);
    memcpy(tables->shape, shares, sizeof tables->shape);
    tables->top_share = shares[TOP];
}

/* Count the signs of each strength and group: the likely ones, and the others. */
static void make_odds(struct dense_byte_tables *tables, const struct counts *counts,
                      const uint8_t *plain, struct dense_layout layout,
                      const struct dense_side *side)
{
    struct dense_tile tile;
    uint32_t signs[DENSE_STRENGTHS][DENSE_GROUPS][2] = {{{0}}};
    uint8_t groups[DENSE_BYTE_TABLES][DENSE_BYTE_VALUES];
    for (unsigned table = 0; table < DENSE_BYTE_TABLES; table++) {
        for (unsigned value = 0; value < DENSE_BYTE_VALUES; value++) {
            int scale = side->base + (int)table;
            groups[table][value] = (uint8_t)dense_byte_group(layout, value, scale);
        }
    }
    for (size_t at = 0; at < layout.count; at += TILE) {
        size_t n = tile_size(layout, at);
        dense_byte_fill(&tile, layout, side, at, n);
        for (size_t i = 0; i < n; i++) {
            unsigned byte = plain[at + i], leaning = tile.leaning[i];
            unsigned group = groups[tile.table[i]][counts->value_of[byte]];
            if (group != SILENT) {
                signs[leaning & 7][group][byte >> 7 ^ leaning >> 3]++;
            }
        }
    }
    dense_make_odds(tables->odds, (const uint32_t(*)[DENSE_GROUPS][2])signs);
}

void dense_byte_model(uint8_t *rows, struct dense_byte_tables *tables, const uint8_t *plain,
                      struct dense_layout layout, struct dense_side *side)
{
    struct counts counts;
    fit_window(rows, side, layout);
    count_values(&counts, plain, layout, side);
    make_shape(tables, &counts, layout, side->base);
    if (side->leanings) {
        make_odds(tables, &counts, plain, layout, side);
    }
}
