#include "densedelta_tile.h"

#define FIRST 64 /* the least scale of a row that changed; one that did not has 0 */
#define SPARSE                                                                                     \
    (-20) /* quarters: where one of 32 moves by a step, contexts say nothing any more              \
           */
#define EXPONENTS 256u
#define LEVELS 1536u /* of scales of elements */
#define MIDDLE 1100  /* the place of 0 among them */

/* Add the gaps of a row by exponent. */
ALWAYS_INLINE void add_gaps(uint64_t sums[EXPONENTS], const uint8_t *plain, const uint8_t *base,
                            size_t n, unsigned width, unsigned mantissa_bits)
{
    for (size_t i = 0; i < n; i++) {
        struct gap gap = gap_between(load_element(plain + i * width, width),
                                     load_element(base + i * width, width), width, mantissa_bits);
        sums[gap.exponent] += gap.size;
    }
}

/* Return the mean gap of a row in quarters of an octave, where 0 is the last place of a number
 * whose exponent is 0; below -255: nothing moved. */
static int scale_of_row(const uint64_t sums[EXPONENTS], size_t n, unsigned mantissa_bits)
{
    unsigned top = EXPONENTS - 1;
    uint64_t sum = 0;
    while (top && !sums[top]) {
        top--;
    }
    for (unsigned e = 1; e <= top; e++) {
        sum += top - e < 64 ? sums[e] << 10 >> (top - e) : 0;
    }
    if (!sum) {
        return -256;
    }
    int above =
        (int)(GUARD + 10 + 23 - places_of(mantissa_bits)); /* where the last place is in the sum */
    return densedelta_quarters(sum / n ? sum / n : 1) + 4 * ((int)top - above);
}

static size_t row_length(struct dense_layout layout, size_t row)
{
    size_t left = layout.count - row * layout.columns;
    return left < layout.columns ? left : layout.columns;
}

#define SCALES 4096u /* more than there are of rows */

/* Return the lowest scale that FIRST is to stand for: the rows', each in 2 bytes, do not all fit.
 */
static int lowest_of_most(const uint8_t *rows, size_t count)
{
    uint32_t counts[SCALES] = {0};
    for (size_t row = 0; row < count; row++) {
        counts[load_le16(rows + 2 * row)]++;
    }
    counts[0] = 0; /* nothing moved */
    return (int)fullest_window(counts, SCALES, 256 - FIRST) - 256;
}

/* Fill rows; returns the scale that FIRST stands for. */
static int survey_rows(const uint8_t *plain, const uint8_t *base, struct dense_layout layout,
                       uint8_t *rows)
{
    size_t count = dense_rows(layout), step = layout.columns * layout.width;
    int low = 0, high = 0, any = 0;
    for (size_t row = 0; row < count; row++) {
        uint64_t sums[EXPONENTS] = {0};
        const uint8_t *ours = plain + row * step, *theirs = base + row * step;
        size_t n = row_length(layout, row);
#define WITH(w, m) add_gaps(sums, ours, theirs, n, w, m)
        FOR_TYPE(layout, WITH);
#undef WITH
        int scale = scale_of_row(sums, n, layout.mantissa_bits);
        store_le16(rows + 2 * row, (uint32_t)(scale + 256)); /* held until all are known */
        if (scale > -256) {
            low = !any || scale < low ? scale : low;
            high = !any || scale > high ? scale : high;
            any = 1;
        }
    }
    low = low < high - (255 - FIRST) ? lowest_of_most(rows, count) : low;
    for (size_t row = 0; row < count; row++) {
        int scale = (int)load_le16(rows + 2 * row) - 256;
        int above = scale < low ? 0 : scale > low + 255 - FIRST ? 255 - FIRST : scale - low;
        rows[row] = (uint8_t)(scale > -256 ? FIRST + above : 0);
    }
    return low;
}

/* Add a row's gaps, as parts of its scale, to those of the columns. */
ALWAYS_INLINE void add_row(uint64_t *sums, const uint8_t *plain, const uint8_t *base, size_t n,
                           int scale, unsigned width, unsigned mantissa_bits)
{
    for (size_t i = 0; i < n; i++) {
        struct gap gap = gap_between(load_element(plain + i * width, width),
                                     load_element(base + i * width, width), width, mantissa_bits);
        sums[i] += part_of(gap, scale, mantissa_bits);
    }
}

static void survey_columns(uint8_t *scales, uint64_t *sums, const uint8_t *plain,
                           const uint8_t *base, struct dense_layout layout, const uint8_t *rows,
                           int low)
{
    size_t columns = row_length(layout, 0), moved = 0, step = layout.columns * layout.width;
    memset(sums, 0, columns * sizeof *sums);
    for (size_t row = 0; row < dense_rows(layout); row++) {
        const uint8_t *ours = plain + row * step, *theirs = base + row * step;
        size_t n = row_length(layout, row);
        int scale = low + rows[row] - FIRST;
        moved += rows[row] != 0;
        if (!rows[row]) {
            continue;
        }
#define WITH(w, m) add_row(sums, ours, theirs, n, scale, w, m)
        FOR_TYPE(layout, WITH);
#undef WITH
    }
    for (size_t j = 0; j < columns; j++) {
        uint64_t mean = moved ? (sums[j] << 8) / moved : 0;
        int scale = mean ? densedelta_quarters(mean) - 4 * (UNIT + 8) : -128;
        scales[j] = (uint8_t)((scale < -128 ? -128 : scale > 127 ? 127 : scale) + 128);
    }
}

/* Count the elements of rows that changed by the scale that they have, less four times their
 * exponent. */
static size_t count_scales(uint32_t counts[LEVELS], const uint8_t *base, struct dense_layout layout,
                           const uint8_t *rows, const uint8_t *scales)
{
    size_t counted = 0, at = 0;
    for (size_t row = 0; row < dense_rows(layout); row++) {
        size_t n = row_length(layout, row);
        for (size_t j = 0; j < n && rows[row]; j++) {
            uint32_t element = load_element(base + (at + j) * layout.width, layout.width);
            int e = (int)exponent_of(element, layout.width, layout.mantissa_bits);
            int scale = rows[row] + (scales ? scales[j] - 128 : 0) - 4 * e;
            counts[scale + MIDDLE]++;
            counted++;
        }
        at += n;
    }
    return counted;
}

int densedelta_survey(const uint8_t *plain, const uint8_t *base, struct dense_layout layout,
                      uint8_t *rows, uint8_t *scales, uint64_t *sums)
{
    int low = survey_rows(plain, base, layout, rows);
    if (scales && layout.count) {
        survey_columns(scales, sums, plain, base, layout, rows, low);
    }
    return low - FIRST;
}

int densedelta_lowest(const uint8_t *base, struct dense_layout layout,
                      const struct densedelta_side *side, int origin)
{
    uint32_t counts[LEVELS] = {0};
    size_t counted = count_scales(counts, base, layout, side->rows, side->scales), below = 0;
    int first = -MIDDLE;
    while (first < (int)LEVELS - MIDDLE - 1 && (below += counts[first + MIDDLE]) * 64 < counted) {
        first++;
    }
    first = first < SPARSE - origin ? SPARSE - origin : first;
    return 2 - first; /* context 0 is for what lies below */
}
