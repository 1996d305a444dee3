#include "densedelta_tile.h"

unsigned densedelta_symbols_max(unsigned width)
{
    return 4 * (8 * width - 1);
}

int densedelta_quarters(uint64_t number)
{
    static const uint32_t halfway[4] = {35734, 42495, 50535, 60097};
    return log2_in(number, halfway, 4);
}

/* Contexts of n elements of one row, from column j on. */
ALWAYS_INLINE void fill_row(struct tile *tile, const uint8_t *base, const uint8_t *scales,
                            size_t to, size_t n, int scale, int last, unsigned width,
                            unsigned mantissa_bits)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t element = load_element(base + i * width, width);
        int exponent = (int)exponent_of(element, width, mantissa_bits);
        int k = scale + (scales ? scales[i] - 128 : 0) - 4 * exponent;
        k = k < 0 ? 0 : k >> 1;
        tile->base[to + i] = element;
        tile->context[to + i] = (uint8_t)(k > last ? last : k);
    }
}

void densedelta_fill_tile(struct tile *tile, const uint8_t *base, struct dense_layout layout,
                          const struct densedelta_side *side, unsigned contexts, size_t at,
                          size_t n)
{
    size_t row = at / layout.columns, j = at % layout.columns;
    int last = (int)contexts - 1;
    for (size_t done = 0; done < n; row++, j = 0) {
        size_t some = layout.columns - j < n - done ? layout.columns - j : n - done;
        const uint8_t *from = base + (at + done) * layout.width;
        const uint8_t *scales = side->scales ? side->scales + j : NULL;
        int scale = side->lowest + side->rows[row];
#define WITH(w, m) fill_row(tile, from, scales, done, some, scale, last, w, m)
        FOR_TYPE(layout, WITH);
#undef WITH
        done += some;
    }
}

static uint32_t weight_of(unsigned level)
{
    static const uint32_t quarters[4] = {16, 19, 23, 27}; /* 2^(4 + j/4) */
    return level ? quarters[(level - 1) % 4] << (level - 1) / 4 : 0;
}

int densedelta_starts(uint16_t *starts, const uint8_t *levels, unsigned symbols, unsigned spare)
{
    uint64_t total = 0, below = 0;
    unsigned used = 0, before = 0;
    for (unsigned s = 0; s < symbols; s++) {
        total += weight_of(levels[s]);
        used += levels[s] != 0;
    }
    if (!used) {
        return 0;
    }
    for (unsigned s = 0; s < symbols; s++) {
        starts[s] = (uint16_t)(before + below * (SHARES - spare * used) / total);
        below += weight_of(levels[s]);
        before += levels[s] ? spare : 0;
    }
    starts[symbols] = SHARES;
    return 1;
}

/* From where each symbol's codes begin to where those of each symbol and sign do. */
static void part_by_sign(uint16_t *codes, const uint16_t *starts, const uint8_t *leanings,
                         unsigned symbols)
{
    codes[0] = 0;
    codes[1] = starts[1]; /* a difference of 0 has no sign: its second code is not used */
    for (unsigned s = 1; s < symbols; s++) {
        unsigned share = (unsigned)(starts[s + 1] - starts[s]);
        unsigned other = share ? 1 + (share - 2) * (16u - leanings[s - 1]) / 16 : 0;
        codes[2 * s] = starts[s];
        codes[2 * s + 1] = (uint16_t)(starts[s] + other);
    }
    codes[2 * symbols] = SHARES;
}

/* Take a row of steps; numbers become most at the highest, and least at the lowest. */
static int take_steps(uint8_t *numbers, const uint8_t *steps, unsigned n, unsigned least,
                      unsigned most)
{
    unsigned wrong = 0;
    for (unsigned i = 0; i < n; i++) {
        numbers[i] = (uint8_t)(numbers[i] + steps[i]);
        wrong |= numbers[i] < least || numbers[i] > most;
    }
    return !wrong;
}

int densedelta_prepare(struct densedelta_room *room, const struct densedelta_tables *tables)
{
    uint8_t levels[DENSEDELTA_SYMBOLS_MAX] = {0}, leanings[DENSEDELTA_SYMBOLS_MAX];
    uint16_t starts[DENSEDELTA_SYMBOLS_MAX + 1];
    unsigned symbols = tables->symbols, signs = symbols - 1;
    memset(leanings, 8, sizeof leanings);
    for (unsigned c = 0; c < tables->contexts; c++) {
        if (!take_steps(levels, tables->levels + c * symbols, symbols, 0, DENSEDELTA_LEVEL_MAX)) {
            return DENSEDELTA_LEVEL;
        }
        if (!densedelta_starts(starts, levels, symbols, tables->signs ? 2 : 1)) {
            return DENSEDELTA_EMPTY;
        }
        if (!tables->signs) {
            memcpy(room->starts[c], starts, (symbols + 1) * sizeof *starts);
            fill_slots(room->slots[c], starts, symbols);
            continue;
        }
        if (!take_steps(leanings, tables->leanings + c * signs, signs, 1, 15)) {
            return DENSEDELTA_LEANING;
        }
        part_by_sign(room->starts[c], starts, leanings, symbols);
        fill_slots(room->slots[c], room->starts[c], 2 * symbols);
    }
    return DENSEDELTA_FINE;
}
