#include "dense_tile.h"

/* Tables and lifts of n elements of one row. Names of their own for what is read and written, and
 * 16 bits: so compilers make vectors of it. */
static void find_contexts(uint8_t *restrict table, int16_t *restrict lift,
                          const uint8_t *restrict scales, const uint8_t *restrict kinds, size_t n,
                          int16_t row_scale, int16_t bias)
{
    for (size_t i = 0; i < n; i++) {
        int16_t scale = (int16_t)(row_scale + scales[i] - 128);
        table[i] = (uint8_t)(kinds[i] * DENSE_FRACTIONS + (scale & 7));
        lift[i] = (int16_t)((scale & ~7) + 8 * bias);
    }
}

/* Contexts of n elements of one row, from column j on. */
static void fill_row(struct dense_tile *tile, const struct dense_side *side, size_t j, size_t to,
                     size_t n, int row_scale, int bias)
{
    static const uint8_t none[TILE] = {0};
    const uint8_t *kinds = side->kinds ? side->kinds + j : none;
    int16_t *lift = tile->lift + to;
    if (side->scales) {
        find_contexts(tile->table + to, lift, side->scales + j, kinds, n, (int16_t)row_scale,
                      (int16_t)bias);
    } else {
        memset(tile->table + to, row_scale & 7, n);
        for (size_t i = 0; i < n; i++) {
            lift[i] = (int16_t)((row_scale & ~7) + 8 * bias);
        }
    }
    if (side->leanings) {
        memcpy(tile->leaning + to, side->leanings + j, n);
    } else {
        memset(tile->leaning + to, 0, n);
    }
}

void dense_fill_tile(struct dense_tile *tile, struct dense_layout layout,
                     const struct dense_side *side, size_t at, size_t n)
{
    int bias = (1 << (8 * layout.width - 2 - layout.mantissa_bits)) - 1;
    size_t row = at / layout.columns, j = at % layout.columns;
    for (size_t done = 0; done < n; row++, j = 0) {
        size_t some = layout.columns - j < n - done ? layout.columns - j : n - done;
        fill_row(tile, side, j, done, some, side->base + side->rows[row], bias);
        memset(tile->is_short + done, side->short_rows ? side->short_rows[row] : 0, some);
        done += some;
    }
}

void dense_accumulate(uint32_t below[CELLS + 1], const uint16_t shape[DENSE_SYMBOLS])
{
    unsigned cell = 0;
    below[0] = 0;
    for (unsigned s = COARSE; s < DENSE_SYMBOLS; s++) {
        unsigned cells = s < FINE ? 8 : s < HIGH ? 1 : 4;
        for (unsigned i = 0; i < cells; i++, cell++) {
            below[cell + 1] = below[cell] + shape[s] * 8u / cells;
        }
    }
}

/* Return the shares below an eighth's begin under a scale that is k eighths of an octave higher. */
static uint32_t shares_below(const uint32_t below[CELLS + 1], unsigned cell, unsigned k)
{
    uint32_t y = (8 + cell % 8) * SHRUNK[k];
    int octave = (int)(cell / 8);
    if (y < 8u << 16) {
        octave--;
        y *= 2;
    }
    if (octave < 0) {
        return 0;
    }
    unsigned at = (unsigned)octave * 8 + (y >> 16) - 8;
    return below[at] + ((below[at + 1] - below[at]) * (y & 65535u) >> 16);
}

/* One table of a shape: where each symbol's shares begin. Each symbol of the shape has one at
 * least. */
static void derive(uint16_t starts[DENSE_SYMBOLS + 1], const uint16_t shape[DENSE_SYMBOLS],
                   const uint32_t below[CELLS + 1], unsigned k)
{
    unsigned used = 0, before = 0;
    for (unsigned s = 0; s < DENSE_SYMBOLS; s++) {
        used += shape[s] != 0;
    }
    for (unsigned s = 0; s < DENSE_SYMBOLS; s++) {
        uint32_t share = s ? 8u * shape[0] : 0;
        if (s >= COARSE) {
            unsigned cell = (unsigned)(first_eighth(s) + LOWEST);
            share += 8u * shape[1] + shares_below(below, cell, k);
        }
        starts[s] = (uint16_t)(before + share * (DENSE_SHARES - used) / (8 * DENSE_SHARES));
        before += shape[s] != 0;
    }
    starts[DENSE_SYMBOLS] = DENSE_SHARES;
}

static void prepare_endings(struct dense_room *room, const struct dense_tables *tables)
{
    for (unsigned level = 0; level < tables->levels; level++) {
        uint16_t *starts = room->ending_starts[level];
        unsigned at = 0;
        for (unsigned s = 0; s < DENSE_ENDINGS; s++) {
            starts[s] = (uint16_t)at;
            at += tables->endings[level][s];
        }
        if (!at) { /* not used: the last ending takes all */
            memset(starts, 0, DENSE_ENDINGS * sizeof *starts);
        }
        starts[DENSE_ENDINGS] = DENSE_SHARES;
        fill_slots(room->ending_slots[level], starts, DENSE_ENDINGS);
    }
}

void dense_prepare(struct dense_room *room, const struct dense_tables *tables, unsigned classes)
{
    uint32_t below[CELLS + 1];
    for (unsigned c = 0; c < classes; c++) {
        dense_accumulate(below, tables->shapes[c]);
        for (unsigned k = 0; k < DENSE_FRACTIONS; k++) {
            unsigned table = c * DENSE_FRACTIONS + k;
            derive(room->starts[table], tables->shapes[c], below, k);
            fill_slots(room->slots[table], room->starts[table], DENSE_SYMBOLS);
        }
    }
    prepare_endings(room, tables);
    for (unsigned strength = 0; strength < DENSE_STRENGTHS; strength++) {
        for (unsigned s = 0; s < DENSE_SYMBOLS; s++) {
            unsigned odds = strength ? tables->odds[strength][group_of(s)] : 128u;
            room->odds[strength][s] = (uint16_t)(odds * 16);
        }
    }
}
