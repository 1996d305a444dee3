/* dense_byte_tile.h - what decoding and encoding bytes have in common. */
#ifndef COMPRESSOR_DENSE_BYTE_TILE_H
#define COMPRESSOR_DENSE_BYTE_TILE_H

#include "dense_bytes.h"
#include "dense_tile.h"

#define RAW_SIGN 15u /* a group: the sign is not coded */

/* A symbol's meaning, by bits: 0 to 7 its first value, 8 to 11 how many bits it leaves open, 12 to
 * 15 its group, 16 whether an element has a sign, 17 whether that depends on the open bits, for a
 * value of several has none; 24 to 31 as many ones as there are open bits. */
#define MEANING(value, open, group, sign, unsure)                                                  \
    ((uint32_t)((value) | (open) << 8 | (group) << 12 | (sign) << 16 | (unsure) << 17 |            \
                ((1u << (open)) - 1) << 24))
#define UNSURE ((uint32_t)1 << 17)

ALWAYS_INLINE uint32_t first_of(uint32_t meaning)
{
    return meaning & 255;
}

ALWAYS_INLINE unsigned open_of(uint32_t meaning)
{
    return meaning >> 8 & 15;
}

ALWAYS_INLINE unsigned sign_group_of(uint32_t meaning)
{
    return meaning >> 12 & 15;
}

ALWAYS_INLINE unsigned has_sign(uint32_t meaning)
{
    return meaning >> 16 & 1;
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

/* Find the tables of n elements, at most TILE, and their columns' leanings. */
void dense_byte_fill(struct dense_tile *tile, struct dense_layout layout,
                     const struct dense_side *side, size_t at, size_t n);

#endif
