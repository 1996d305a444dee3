/* What differences have in common by row and column: the largest singular vectors of the matrix of
 * all, by powers. Some rows of a gradient are alike, and so is what training adds up. */
#include "densedelta_tile.h"

#define CUT 2047    /* parts of 256 of a scale: what is larger says little of others */
#define TURNS 4     /* of the power method: the first vector begins at the columns' sums */
#define CHUNK 256u  /* products that a sum of 32 bits holds */
#define NORMAL 1023 /* what vectors are scaled to */
#define WORTH 8     /* 5 bits a number, against 1/2 log2(e) of what is explained */

/* The matrix of what is left, and its size. */
struct matrix {
    int16_t *parts;
    size_t rows, columns, count;
    int32_t *some; /* room for a number a column, and as much of narrow ones */
    int16_t *narrow;
};

static size_t length_of(const struct matrix *m, size_t row)
{
    size_t left = m->count - row * m->columns;
    return left < m->columns ? left : m->columns;
}

ALWAYS_INLINE void fill_parts(int16_t *parts, const uint8_t *plain, const uint8_t *base,
                              const uint8_t *scales, size_t n, int scale, unsigned width,
                              unsigned mantissa_bits)
{
    for (size_t i = 0; i < n; i++) {
        struct gap gap = gap_between(load_element(plain + i * width, width),
                                     load_element(base + i * width, width), width, mantissa_bits);
        uint64_t part = part_of(gap, scale + scales[i] - 128, mantissa_bits) >> (UNIT - 8);
        int cut = part < CUT ? (int)part : CUT;
        parts[i] = (int16_t)(gap.falls ? -cut : cut);
    }
}

static void fill_matrix(struct matrix *m, const uint8_t *plain, const uint8_t *base,
                        struct dense_layout layout, const struct densedelta_side *side, int origin)
{
    for (size_t row = 0; row < m->rows; row++) {
        size_t at = row * m->columns, n = length_of(m, row);
        const uint8_t *ours = plain + at * layout.width, *theirs = base + at * layout.width;
        int16_t *parts = m->parts + at;
        int scale = origin + side->rows[row];
#define WITH(w, m) fill_parts(parts, ours, theirs, side->scales, n, scale, w, m)
        FOR_TYPE(layout, WITH);
#undef WITH
    }
}

/* Scale a vector to NORMAL; returns whether there is anything in it. */
static int normalise(int64_t *vector, size_t n)
{
    int64_t most = 0;
    for (size_t i = 0; i < n; i++) {
        int64_t size = vector[i] < 0 ? -vector[i] : vector[i];
        most = size > most ? size : most;
    }
    for (size_t i = 0; i < n && most; i++) {
        vector[i] = vector[i] * NORMAL / most;
    }
    return most != 0;
}

/* left = matrix times right, which is at most NORMAL. */
static void times_right(int64_t *left, const struct matrix *m, const int64_t *right)
{
    for (size_t j = 0; j < m->columns; j++) {
        m->narrow[j] = (int16_t)right[j];
    }
    for (size_t row = 0; row < m->rows; row++) {
        const int16_t *parts = m->parts + row * m->columns;
        size_t n = length_of(m, row);
        int64_t sum = 0;
        for (size_t j = 0; j < n; j += CHUNK) {
            size_t end = n - j < CHUNK ? n : j + CHUNK;
            int32_t some = 0;
            for (size_t i = j; i < end; i++) {
                some += parts[i] * m->narrow[i];
            }
            sum += some;
        }
        left[row] = sum;
    }
}

/* right = left times matrix; left is at most NORMAL. */
static void times_left(int64_t *right, const struct matrix *m, const int64_t *left)
{
    memset(right, 0, m->columns * sizeof *right);
    for (size_t first = 0; first < m->rows; first += CHUNK) {
        size_t end = m->rows - first < CHUNK ? m->rows : first + CHUNK;
        memset(m->some, 0, m->columns * sizeof *m->some);
        for (size_t row = first; row < end; row++) {
            const int16_t *parts = m->parts + row * m->columns;
            int16_t by = (int16_t)left[row];
            size_t n = by ? length_of(m, row) : 0;
            for (size_t j = 0; j < n; j++) {
                m->some[j] += parts[j] * by;
            }
        }
        for (size_t j = 0; j < m->columns; j++) {
            right[j] += m->some[j];
        }
    }
}

static uint64_t root_of(uint64_t number)
{
    uint64_t root = 0;
    for (uint64_t bit = (uint64_t)1 << 31; bit; bit >>= 1) {
        if ((root + bit) * (root + bit) <= number) {
            root += bit;
        }
    }
    return root;
}

static int64_t divided(int64_t number, int64_t by)
{
    return (2 * number + (number < 0 ? -by : by)) / (2 * by);
}

static int64_t kept(int64_t number)
{
    return number < -128 ? -128 : number > 127 ? 127 : number;
}

/* Return how much of the matrix's squares a vector of columns explains; left is the matrix times
 * it. */
static uint64_t explained(const struct matrix *m, const int64_t *left, uint64_t squares)
{
    int64_t root = (int64_t)root_of(squares);
    uint64_t sum = 0;
    for (size_t row = 0; row < m->rows && root; row++) {
        int64_t part = left[row] / root;
        sum += (uint64_t)(part * part);
    }
    return sum;
}

static uint64_t squares_of(const int64_t *vector, size_t n)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += (uint64_t)(vector[i] * vector[i]);
    }
    return sum;
}

/* Find the largest vectors of both sides; right is at most NORMAL, left the matrix times it. */
static int find_vectors(int64_t *left, int64_t *right, const struct matrix *m)
{
    for (size_t row = 0; row < m->rows; row++) {
        left[row] = row % 2 ? 1 : 3; /* what every other row has is as good a start */
    }
    for (unsigned turn = 0; turn < TURNS; turn++) {
        times_left(right, m, left);
        if (!normalise(right, m->columns)) {
            return 0;
        }
        times_right(left, m, right);
        if (turn + 1 < TURNS && !normalise(left, m->rows)) {
            return 0;
        }
    }
    return 1;
}

/* Take a factor out of the matrix: both of its sides about as large. */
static void take_out(uint8_t *left_bytes, uint8_t *right_bytes, int64_t *left, int64_t *right,
                     struct matrix *m, uint64_t share)
{
    /* By 256: the root of the mean square of what is explained, of the right side, and as it is. */
    uint64_t size = root_of(share / m->count << 16);
    int64_t wanted = (int64_t)root_of(size * 64);
    int64_t own = (int64_t)root_of((squares_of(right, m->columns) << 16) / m->columns);
    for (size_t j = 0; j < m->columns; j++) {
        right[j] = kept(divided(right[j] * wanted, own ? own : 1));
        right_bytes[j] = (uint8_t)(right[j] + 128);
    }
    int64_t squares = (int64_t)squares_of(right, m->columns);
    times_right(left, m, right);
    for (size_t row = 0; row < m->rows; row++) {
        int16_t *parts = m->parts + row * m->columns;
        size_t n = length_of(m, row);
        left[row] = squares ? kept(divided(left[row], 4 * squares)) : 0;
        left_bytes[row] = (uint8_t)(left[row] + 128);
        for (size_t j = 0; j < n && left[row]; j++) {
            int rest = parts[j] - 4 * (int)left[row] * (int)right[j];
            parts[j] = (int16_t)(rest < -CUT ? -CUT : rest > CUT ? CUT : rest);
        }
    }
}

static uint64_t squares_in(const struct matrix *m)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < m->count; i++) {
        sum += (uint64_t)((int32_t)m->parts[i] * m->parts[i]);
    }
    return sum;
}

unsigned densedelta_factor(uint8_t *left, uint8_t *right, int16_t *parts, int64_t *sums,
                           int32_t *room, const uint8_t *plain, const uint8_t *base,
                           struct dense_layout layout, const struct densedelta_side *side,
                           int origin)
{
    size_t rows = dense_rows(layout), found = 0;
    size_t columns = layout.count < layout.columns ? layout.count : layout.columns;
    int64_t *by_row = sums, *by_column = sums + rows;
    struct matrix m = {parts, rows, columns, layout.count, room, (int16_t *)(room + columns)};
    fill_matrix(&m, plain, base, layout, side, origin);
    while (found < DENSEDELTA_FACTORS_MAX && find_vectors(by_row, by_column, &m)) {
        uint64_t share = explained(&m, by_row, squares_of(by_column, m.columns));
        uint64_t cost = WORTH * (m.rows + m.columns) * squares_in(&m);
        if (share * m.count <= cost) {
            break;
        }
        take_out(left + found * m.rows, right + found * m.columns, by_row, by_column, &m, share);
        found++;
    }
    return (unsigned)found;
}
