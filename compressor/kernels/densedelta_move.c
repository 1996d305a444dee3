#include "densedelta_tile.h"

#define WIDE 32     /* bits below the last place of a number that is moved */
#define ROOM_LEFT 7 /* by so much a way may be shifted up, and stays below 2^61 */

/* Return a number's bits without its sign: size is a count of 2^unit, where 2^exponent is the last
 * place of a number that has this exponent. Rounds to nearest, halves up; the largest is finite. */
ALWAYS_INLINE uint32_t rounded(uint64_t size, int unit, unsigned width, unsigned mantissa_bits)
{
    uint32_t most = largest_of(width, mantissa_bits);
    if (!size) {
        return 0;
    }
#ifdef __GNUC__
    int top = 63 - __builtin_clzll(size);
#else
    int top = 63;
    while (!(size >> top)) {
        top--;
    }
#endif
    int exponent = unit + top - (int)places_of(mantissa_bits);
    exponent = exponent < 1 ? 1 : exponent;
    int down = exponent - unit;
    if (exponent > 255) {
        return most;
    }
    uint64_t mantissa = 0; /* less than half of the last place, where it stays so */
    if (down < 1) {
        mantissa = size << -down;
    } else if (down < 63) {
        mantissa = (size + ((uint64_t)1 << (down - 1))) >> down;
    }
    uint64_t found = mantissa + ((uint64_t)(exponent - 1) << places_of(mantissa_bits));
    return found < most ? (uint32_t)found : most;
}

/* Return the number that a base is moved to: by way parts of 64 of its scale. */
ALWAYS_INLINE uint32_t moved_to(uint32_t base, int32_t way, int scale, unsigned width,
                                unsigned mantissa_bits)
{
    static const int32_t quarters[4] = {65536, 77936, 92682, 110218}; /* 2^(16 + k/4) */
    uint32_t magnitude = magnitude_of(base, width, mantissa_bits), sign = base >> (8 * width - 1);
    if (!way || magnitude > largest_of(width, mantissa_bits)) {
        return base;
    }
    int e = (int)exponent_of(base, width, mantissa_bits);
    int64_t mantissa = magnitude - ((uint32_t)(e - 1) << mantissa_bits);
    int up = (scale - (scale & 3)) / 4 - (UNIT + 6) - e; /* from way to last places */
    int coarse = up + ROOM_LEFT > 0 ? up + ROOM_LEFT : 0;
    int shift = up + WIDE - coarse;
    uint64_t far = (uint64_t)(way < 0 ? -way : way) * (uint64_t)quarters[scale & 3];
    far = shift < 0 ? far >> (shift < -63 ? 63 : -shift) : far << shift;
    int64_t sum = (mantissa << WIDE) >> (coarse < 63 ? coarse : 63);
    sum = (sign ? -sum : sum) + (way < 0 ? -(int64_t)far : (int64_t)far);
    uint64_t size = (uint64_t)(sum < 0 ? -sum : sum);
    uint32_t found = rounded(size, e - WIDE + coarse, width, mantissa_bits);
    if (!mantissa_bits) {
        return (sum < 0 ? 0 - found : found < 128 ? found : 127) & mask_of(width);
    }
    return found | (uint32_t)(sum < 0) << (8 * width - 1);
}

/* Move n elements of a row. */
ALWAYS_INLINE void move_some(uint8_t *moved, const uint8_t *base, const int32_t *ways,
                             const uint8_t *scales, size_t n, int scale, unsigned width,
                             unsigned mantissa_bits)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t element = load_element(base + i * width, width);
        int own = scale + (scales ? scales[i] - 128 : 0);
        store_element(moved + i * width, moved_to(element, ways[i], own, width, mantissa_bits),
                      width);
    }
}

/* The sums of all factors for n columns from j on. */
static void find_ways(int32_t *ways, const struct densedelta_factors *factors, size_t rows,
                      size_t columns, size_t row, size_t j, size_t n)
{
    memset(ways, 0, n * sizeof *ways);
    for (unsigned f = 0; f < factors->count; f++) {
        int left = factors->left[f * rows + row] - 128;
        const uint8_t *right = factors->right + f * columns + j;
        for (size_t i = 0; i < n && left; i++) {
            ways[i] += left * (right[i] - 128);
        }
    }
}

void densedelta_move(uint8_t *moved, const uint8_t *base, struct dense_layout layout,
                     const struct densedelta_side *side, const struct densedelta_factors *factors)
{
    int32_t ways[TILE];
    size_t rows = dense_rows(layout);
    size_t columns = layout.count < layout.columns ? layout.count : layout.columns;
    for (size_t at = 0; at < layout.count;) {
        size_t row = at / layout.columns, j = at % layout.columns;
        size_t n = columns - j < layout.count - at ? columns - j : layout.count - at;
        n = n < TILE ? n : TILE;
        find_ways(ways, factors, rows, columns, row, j, n);
        uint8_t *to = moved + at * layout.width;
        const uint8_t *from = base + at * layout.width;
        const uint8_t *scales = side->scales ? side->scales + j : NULL;
        int scale = factors->origin + side->rows[row];
#define WITH(w, m) move_some(to, from, ways, scales, n, scale, w, m)
        FOR_TYPE(layout, WITH);
#undef WITH
        at += n;
    }
}
