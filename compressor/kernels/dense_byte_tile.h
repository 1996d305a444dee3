/* dense_byte_tile.h - what decoding and encoding bytes have in common. */
#ifndef COMPRESSOR_DENSE_BYTE_TILE_H
#define COMPRESSOR_DENSE_BYTE_TILE_H

#include "dense_bytes.h"
#include "dense_tile.h"

/* Groups of symbols whose signs have no odds. */
#define SILENT 10u /* has no sign */
#define ESCAPE 11u /* says its own */

#define ESCAPE_BITS 7u /* that follow an escape */

/* Say whether the second half of a symbol's codes stands for a minus. */
ALWAYS_INLINE int is_halved(struct dense_byte_symbol symbol, const struct dense_side *side)
{
    return symbol.group != SILENT && (!side->leanings || symbol.group == ESCAPE);
}

/* Half of the way from one value to the next: mantissa / 128 * 2^exponent. */
struct bound {
    uint32_t mantissa; /* 128 to 255 */
    int exponent;
};

/* Where a bound is under a scale. */
struct place {
    int cell;      /* eighths from the lowest one's begin; may be outside of them */
    uint32_t rest; /* of the way to the next, in 65536 */
};

/* Return the value that has no sign. */
ALWAYS_INLINE unsigned silent_value(struct dense_layout layout)
{
    return layout.mantissa_bits ? 128 : 0;
}

/* Return the largest value that is a magnitude. */
ALWAYS_INLINE unsigned last_magnitude(struct dense_layout layout)
{
    return layout.mantissa_bits ? 127 : 128;
}

/* Return the bound below a magnitude from 1 on. */
struct bound dense_byte_bound(struct dense_layout layout, unsigned magnitude);

struct place dense_byte_place(struct bound bound, int scale);

/* Return the group of a value under a scale, for the odds of its sign. */
unsigned dense_byte_group(struct dense_layout layout, unsigned value, int scale);

/* Find the tables of n elements, at most TILE, and their columns' leanings. */
void dense_byte_fill(struct dense_tile *tile, struct dense_layout layout,
                     const struct dense_side *side, size_t at, size_t n);

#endif
