#include "dense_numbers.h"

/* How rows and columns are measured: with eight bits of each mantissa, in fixed point. What is no
 * number (infinities, NaNs) counts as zero. */

/* A scale is the mean magnitude and three eighths of an octave: about the root of the mean square,
 * for bell-shaped weights. */
#define ABOVE_MEAN 3

#define SCALES 4096u /* those of fp32 are from -1221 to 1040; of fp64, most: the others are cut */
#define SCALE_CUT ((int)SCALES / 2 - 1)

#define UNIT 16 /* bits below the point in what is measured of a column */

struct row {
    int used; /* it has a number that is not zero */
    int scale;
    int is_short;
};

/* Return the scale of n numbers whose largest exponent is top; in sum, a mantissa of 128 and that
 * exponent is 2^39. */
static int scale_from(uint64_t sum, size_t n, int top, int bias)
{
    int scale = log_eighths(sum / n) - 8 * 39 + 8 * (top - bias) + ABOVE_MEAN;
    return scale < -SCALE_CUT ? -SCALE_CUT : scale > SCALE_CUT ? SCALE_CUT : scale;
}

/* Return the largest magnitude that is a number. */
ALWAYS_INLINE uint32_t largest_of(const uint8_t *plain, size_t n, unsigned width,
                                  unsigned mantissa_bits)
{
    uint32_t none = ((1u << (8 * width - 1 - mantissa_bits)) - 1) << mantissa_bits, most = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t element = load_element(plain + i * width, width);
        uint32_t magnitude = element & (((uint32_t)1 << (8 * width - 1)) - 1);
        magnitude = magnitude < none ? magnitude : 0;
        most = magnitude > most ? magnitude : most;
    }
    return most;
}

ALWAYS_INLINE struct row measure_row(const uint8_t *plain, size_t n, unsigned width,
                                     unsigned mantissa_bits)
{
    int bias = (1 << (8 * width - 2 - mantissa_bits)) - 1, top;
    uint32_t most = largest_of(plain, n, width, mantissa_bits) >> (mantissa_bits - 7);
    uint64_t sum = 0, endings = 0, numbers = 0;
    struct row found = {most != 0, 0, 0};
    if (!most) {
        return found;
    }
    top = most >> 7 ? (int)(most >> 7) : 1;
    for (size_t i = 0; i < n; i++) {
        uint32_t element = load_element(plain + i * width, width);
        struct number one = number_of(element, width, mantissa_bits);
        unsigned below = (unsigned)(top - one.exponent);
        uint64_t size = (uint64_t)one.mantissa << 32 >> (below & 31);
        sum += below < 32 ? size : 0;
        if (mantissa_bits == 23) {
            endings += one.mantissa ? ending_of(element) : 0;
            numbers += one.mantissa != 0;
        }
    }
    found.scale = scale_from(sum, n, top, bias);
    found.is_short = 2 * endings > 3 * numbers + 16;
    return found;
}

/* What bytes stand for: mantissa * 2^(exponent - lowest). */
struct sizes {
    uint64_t of[256];
    int lowest, bias;
};

static void list_sizes(struct sizes *sizes, struct dense_layout layout)
{
    if (layout.width > 1) {
        return;
    }
    sizes->lowest = layout.mantissa_bits ? 0 : INT_BIAS;
    sizes->bias = (1 << (6 - layout.mantissa_bits)) - 1;
    for (uint32_t byte = 0; byte < 256; byte++) {
        struct number one = byte_number(byte, layout.mantissa_bits);
        sizes->of[byte] = (uint64_t)one.mantissa << (one.exponent - sizes->lowest);
    }
}

/* As measure_row(). A sum of sizes is exact, and so is it from the largest exponent down. */
static struct row measure_bytes(const uint8_t *plain, size_t n, const struct sizes *sizes)
{
    uint64_t sum = 0, most = 0;
    int top = sizes->lowest - 8;
    for (size_t i = 0; i < n; i++) {
        uint64_t size = sizes->of[plain[i]];
        sum += size;
        most = size > most ? size : most;
    }
    struct row found = {most != 0, 0, 0};
    for (; most; most >>= 1) {
        top++;
    }
    if (found.used) {
        top = top < 1 ? 1 : top; /* of what is subnormal */
        found.scale = scale_from(sum << (32 + sizes->lowest - top), n, top, sizes->bias);
    }
    return found;
}

static struct row measure_row_of(const uint8_t *plain, size_t n, struct dense_layout layout,
                                 const struct sizes *sizes)
{
    if (layout.width == 4) {
        return layout.mantissa_bits == 23 ? measure_row(plain, n, 4, 23)
                                          : measure_row(plain, n, 4, 20);
    }
    if (layout.width == 1) {
        return measure_bytes(plain, n, sizes);
    }
    return layout.mantissa_bits == 7 ? measure_row(plain, n, 2, 7) : measure_row(plain, n, 2, 10);
}

static size_t row_length(struct dense_layout layout, size_t row)
{
    size_t left = layout.count - row * layout.columns;
    return left < layout.columns ? left : layout.columns;
}

/* Keep what was found of a row in its two bytes until all rows are known; 0: it was not used. */
static void hold(uint8_t *low, uint8_t *high, struct row found)
{
    unsigned both = (unsigned)(found.scale + DENSE_BASE_MAX) << 1 | (unsigned)found.is_short;
    both = found.used ? both : 0;
    *low = (uint8_t)both;
    *high = (uint8_t)(both >> 8);
}

static struct row held(uint8_t low, uint8_t high)
{
    unsigned both = low | (unsigned)high << 8;
    struct row found = {both != 0, (int)(both >> 1) - DENSE_BASE_MAX, (int)(both & 1)};
    return found;
}

/* Return the base above which a byte reaches the scales of most rows, which hold() keeps: a row of
 * a header, or of infinity's neighbours, costs no other its scale. */
static int base_of_most(const uint8_t *rows, const uint8_t *high_bytes, size_t count)
{
    uint32_t counts[SCALES] = {0};
    for (size_t row = 0; row < count; row++) {
        struct row found = held(rows[row], high_bytes[row]);
        if (found.used) {
            counts[found.scale + (int)SCALES / 2]++;
        }
    }
    return (int)fullest_window(counts, SCALES, 256) - (int)SCALES / 2;
}

/* Fill rows and short_rows. A row of zeros is taken for one as before it: that is the cheapest. */
static int survey_rows(const uint8_t *plain, struct dense_layout layout, uint8_t *rows,
                       uint8_t *short_rows, int *shorts)
{
    size_t count = dense_rows(layout);
    struct sizes sizes = {{0}, 0, 0};
    int low = 0, high = 0, any = 0, last = 0;
    list_sizes(&sizes, layout);
    for (size_t row = 0; row < count; row++) {
        const uint8_t *at = plain + row * layout.columns * layout.width;
        struct row found = measure_row_of(at, row_length(layout, row), layout, &sizes);
        hold(&rows[row], &short_rows[row], found);
        if (found.used) {
            low = !any || found.scale < low ? found.scale : low;
            high = !any || found.scale > high ? found.scale : high;
            any = 1;
        }
    }
    int base = low < high - 255 ? base_of_most(rows, short_rows, count) : low;
    for (size_t row = 0; row < count; row++) {
        struct row found = held(rows[row], short_rows[row]);
        int scale = found.used ? found.scale - base : last;
        last = scale < 0 ? 0 : scale > 255 ? 255 : scale;
        rows[row] = (uint8_t)last;
        short_rows[row] = (uint8_t)found.is_short;
        *shorts |= found.is_short;
    }
    return base;
}

/* Of each column: the sum of magnitudes, of their squares, and of the numbers. */
struct sums {
    uint64_t magnitudes, squares;
    int64_t numbers;
};

/* How a number is held against the scale of its row: as a part of 2^UNIT, below 2^22. */
ALWAYS_INLINE uint32_t held_against(struct number one, int octave, uint32_t shrunk)
{
    int above = one.exponent - octave;
    above = above > 5 ? 5 : above < -26 ? -26 : above; /* what is lower becomes 0 in any case */
    return (one.mantissa * shrunk >> (23 - UNIT)) << 5 >> (5 - above);
}

ALWAYS_INLINE void add_number(struct sums *sums, uint32_t size, uint32_t square, int negative)
{
    sums->magnitudes += size;
    sums->squares += square;
    sums->numbers += negative ? -(int64_t)size : (int64_t)size;
}

ALWAYS_INLINE void add_row(struct sums *sums, const uint8_t *plain, size_t n, int scale,
                           unsigned width, unsigned mantissa_bits)
{
    int bias = (1 << (8 * width - 2 - mantissa_bits)) - 1;
    int octave = (scale - (scale & 7)) / 8 + bias;
    uint32_t shrunk = SHRUNK[scale & 7];
    for (size_t i = 0; i < n; i++) {
        struct number one = number_of(load_element(plain + i * width, width), width, mantissa_bits);
        uint32_t size = held_against(one, octave, shrunk);
        add_number(&sums[i], size, (uint32_t)((uint64_t)size * size >> UNIT), one.negative);
    }
}

/* Bytes held against one scale; those without a sign are enough. */
struct held_bytes {
    int scale, made;
    uint32_t size[129], square[129];
};

#define SCALES_HELD 32 /* most rows of a block have scales that are close together */

static void hold_bytes(struct held_bytes *held, struct dense_layout layout, int scale)
{
    int octave = (scale - (scale & 7)) / 8 + (1 << (6 - layout.mantissa_bits)) - 1;
    held->scale = scale;
    held->made = 1;
    for (uint32_t byte = 0; byte < 129; byte++) {
        struct number one = byte_number(byte, layout.mantissa_bits);
        uint32_t size = held_against(one, octave, SHRUNK[scale & 7]);
        held->size[byte] = size;
        held->square[byte] = (uint32_t)((uint64_t)size * size >> UNIT);
    }
}

ALWAYS_INLINE void add_bytes(struct sums *sums, const uint8_t *plain, size_t n,
                             const struct held_bytes *held, int floats)
{
    for (size_t i = 0; i < n; i++) {
        unsigned negative = plain[i] >> 7, minus = 0 - negative;
        unsigned byte = floats ? plain[i] & 127u : ((plain[i] ^ minus) + negative) & 255;
        add_number(&sums[i], held->size[byte], held->square[byte], (int)negative);
    }
}

static void add_byte_rows(struct sums *sums, const uint8_t *plain, struct dense_layout layout,
                          const uint8_t *rows, int base)
{
    struct held_bytes held[SCALES_HELD];
    for (unsigned i = 0; i < SCALES_HELD; i++) {
        held[i].made = 0;
    }
    for (size_t row = 0; row < dense_rows(layout); row++) {
        const uint8_t *at = plain + row * layout.columns;
        size_t n = row_length(layout, row);
        struct held_bytes *one = &held[rows[row] % SCALES_HELD];
        if (!one->made || one->scale != base + rows[row]) {
            hold_bytes(one, layout, base + rows[row]);
        }
        if (layout.mantissa_bits) {
            add_bytes(sums, at, n, one, 1);
        } else {
            add_bytes(sums, at, n, one, 0);
        }
    }
}

static void add_rows(struct sums *sums, const uint8_t *plain, struct dense_layout layout,
                     const uint8_t *rows, int base)
{
    for (size_t row = 0; row < dense_rows(layout); row++) {
        const uint8_t *at = plain + row * layout.columns * layout.width;
        size_t n = row_length(layout, row);
        if (layout.mantissa_bits == 23) {
            add_row(sums, at, n, base + rows[row], 4, 23);
        } else if (layout.mantissa_bits == 20) {
            add_row(sums, at, n, base + rows[row], 4, 20);
        } else if (layout.mantissa_bits == 7) {
            add_row(sums, at, n, base + rows[row], 2, 7);
        } else {
            add_row(sums, at, n, base + rows[row], 2, 10);
        }
    }
}

#define RATIOS 2048u /* of the mean square to the square of the mean: 256 is 1 */

static unsigned ratio_of(struct sums sums, size_t rows)
{
    uint64_t mean = sums.magnitudes / rows, square = sums.squares / rows;
    uint64_t ratio = mean ? (square << (UNIT + 8)) / (mean * mean) : 0;
    return ratio < RATIOS ? (unsigned)ratio : RATIOS - 1;
}

/* Class columns by how rare their large numbers are: as many in each class as in any other. Those
 * of zeros have one of their own. Returns the number of classes. */
static unsigned class_columns(uint8_t *kinds, const struct sums *sums, size_t columns, size_t rows)
{
    uint32_t counts[RATIOS] = {0};
    uint8_t class_of[RATIOS];
    size_t live = 0;
    for (size_t j = 0; j < columns; j++) {
        counts[ratio_of(sums[j], rows)] += sums[j].magnitudes != 0;
        live += sums[j].magnitudes != 0;
    }
    uint64_t before = 0;
    for (unsigned ratio = 0; ratio < RATIOS && live; ratio++) {
        class_of[ratio] = (uint8_t)((before + counts[ratio] / 2) * LIVE_CLASSES / live);
        before += counts[ratio];
    }
    for (size_t j = 0; j < columns; j++) {
        kinds[j] = sums[j].magnitudes ? class_of[ratio_of(sums[j], rows)] : (uint8_t)LIVE_CLASSES;
    }
    return LIVE_CLASSES + (live < columns);
}

static uint8_t scale_of(struct sums sums, size_t rows)
{
    uint64_t mean = (sums.magnitudes << 8) / rows;
    int scale = mean ? log_eighths(mean) - 8 * (UNIT + 8) + ABOVE_MEAN : 0;
    return (uint8_t)((scale < -128 ? -128 : scale > 127 ? 127 : scale) + 128);
}

/* Return the leaning of a column, and add to *gain what it promises, in parts of 2^16 bits. */
static uint8_t leaning_of(struct sums sums, size_t rows, uint64_t *gain)
{
    uint64_t apart = (uint64_t)(sums.numbers < 0 ? -sums.numbers : sums.numbers);
    uint64_t part = sums.magnitudes ? apart * 256 / sums.magnitudes : 0;
    uint64_t weight = part * part * rows; /* in 2^16 pi/2 times mean^2 / variance */
    if (weight < 926000) {                /* three times what chance makes */
        return 0;
    }
    *gain += weight * 5 / 8;
    uint64_t strength = (part * 205 + 4096) >> 13; /* in eighths of the deviation */
    strength = strength < 1 ? 1 : strength > 7 ? 7 : strength;
    return (uint8_t)(strength | (sums.numbers < 0 ? 8u : 0u));
}

/* A column's scale takes the logarithm of how far they spread, some 3 bits, and saves one that is d
 * eighths of an octave off (d ln 2 / 8)^2 / ln 2 bits an element. So much in sum pays for it. */
#define SPREAD_PAYS 300

/* Say whether scales differ by more than what they take. */
static int scales_pay(const uint8_t *scales, size_t columns, size_t rows)
{
    uint64_t sum = 0, squares = 0;
    for (size_t j = 0; j < columns; j++) {
        sum += scales[j];
        squares += (uint64_t)scales[j] * scales[j];
    }
    return (squares - sum * sum / columns) * rows > SPREAD_PAYS * (uint64_t)columns;
}

struct dense_found dense_survey(const uint8_t *plain, struct dense_layout layout, uint8_t *rows,
                                uint8_t *scales, uint8_t *kinds, uint8_t *leanings,
                                uint8_t *short_rows, uint64_t *sums_room)
{
    struct dense_found found = {0, 1, 0, 0, 0};
    found.base = survey_rows(plain, layout, rows, short_rows, &found.shorts);
    if (!scales || !layout.count) {
        return found;
    }
    struct sums *sums = (struct sums *)sums_room;
    size_t columns = row_length(layout, 0), count = dense_rows(layout);
    uint64_t gain = 0;
    memset(sums, 0, columns * sizeof *sums);
    if (layout.width == 1) {
        add_byte_rows(sums, plain, layout, rows, found.base);
    } else {
        add_rows(sums, plain, layout, rows, found.base);
    }
    if (layout.width > 1 && count >= 64 && layout.count >= 1u << 15) {
        found.classes = class_columns(kinds, sums, columns, count);
    }
    for (size_t j = 0; j < columns; j++) {
        scales[j] = scale_of(sums[j], count);
        leanings[j] = count >= 16 ? leaning_of(sums[j], count, &gain) : 0;
    }
    found.leans = layout.count >= 1u << 15 && gain >> 16 > layout.count / 50;
    found.scaled = found.leans || scales_pay(scales, columns, count);
    found.classes = found.scaled ? found.classes : 1;
    return found;
}
