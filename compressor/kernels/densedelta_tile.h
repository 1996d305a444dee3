/* densedelta_tile.h - what decoding and encoding have in common: some elements and their contexts.
 */
#ifndef COMPRESSOR_DENSEDELTA_TILE_H
#define COMPRESSOR_DENSEDELTA_TILE_H

#include "dense_elements.h"
#include "densedelta_kernel.h"

#define SINGLES 4u   /* differences that have a symbol of their own: 0 to 3 */
#define TOP_LEVEL 49 /* of a symbol that is all there is */

_Static_assert((int)DENSEDELTA_CUT == (int)RANS_CUT && (int)DENSEDELTA_LEFT == (int)RANS_LEFT &&
                   (int)DENSEDELTA_STATES_WRONG == (int)RANS_STATES_WRONG,
               "checks have one number");
_Static_assert(DENSEDELTA_SHARES == SHARES, "tables sum up to the same");
_Static_assert(DENSEDELTA_CODES <= 256, "a code's number fits a slot");

/* Some elements of the base, and the contexts of what stands beside them. */
struct tile {
    uint32_t base[TILE];
    uint8_t context[TILE];
};

/* All bits of an element. */
ALWAYS_INLINE uint32_t mask_of(unsigned width)
{
    return 0xffffffffu >> (32 - 8 * width);
}

/* Do a thing for the type of a layout: WITH(width, mantissa_bits), which become constants. */
#define FOR_TYPE(layout, WITH)                                                                     \
    do {                                                                                           \
        if ((layout).width == 4) {                                                                 \
            WITH(4, 23);                                                                           \
        } else if ((layout).width == 2) {                                                          \
            (layout).mantissa_bits == 7 ? WITH(2, 7) : WITH(2, 10);                                \
        } else if ((layout).mantissa_bits) {                                                       \
            (layout).mantissa_bits == 3 ? WITH(1, 3) : WITH(1, 2);                                 \
        } else {                                                                                   \
            WITH(1, 0);                                                                            \
        }                                                                                          \
    } while (0)

/* Floats as integers of the same order: of negative ones, the greater magnitude is the smaller.
 * Integers have no bits of mantissa. */
ALWAYS_INLINE uint32_t ordered(uint32_t element, unsigned width, unsigned mantissa_bits)
{
    uint32_t sign = 1u << (8 * width - 1);
    return mantissa_bits && element & sign ? element ^ mask_of(width) : element ^ sign;
}

ALWAYS_INLINE uint32_t unordered(uint32_t number, unsigned width, unsigned mantissa_bits)
{
    uint32_t sign = 1u << (8 * width - 1);
    return !mantissa_bits || number & sign ? number ^ sign : number ^ mask_of(width);
}

/* Return the bits below the one that is not written; an integer has as many as a float whose
 * exponent is 0. */
ALWAYS_INLINE unsigned places_of(unsigned mantissa_bits)
{
    return mantissa_bits ? mantissa_bits : 7;
}

ALWAYS_INLINE uint32_t magnitude_of(uint32_t element, unsigned width, unsigned mantissa_bits)
{
    uint32_t sign = 1u << (8 * width - 1);
    if (mantissa_bits) {
        return element & (sign - 1);
    }
    return element & sign ? 2 * sign - element : element;
}

/* Return the largest magnitude that is a number: e4m3 has no infinities, and one NaN. */
ALWAYS_INLINE uint32_t largest_of(unsigned width, unsigned mantissa_bits)
{
    uint32_t last = (1u << (8 * width - 1 - mantissa_bits)) - 1;
    return !mantissa_bits ? 128 : mantissa_bits == 3 ? 126 : (last << mantissa_bits) - 1;
}

/* Return an element's exponent; 0 counts as 1. */
ALWAYS_INLINE unsigned exponent_of(uint32_t element, unsigned width, unsigned mantissa_bits)
{
    uint32_t magnitude = magnitude_of(element, width, mantissa_bits);
    uint32_t exponent = mantissa_bits ? magnitude >> mantissa_bits : 0;
    return exponent ? exponent : 1;
}

/* Return how many bits of a difference its symbol leaves open. */
ALWAYS_INLINE unsigned open_bits(unsigned symbol)
{
    return symbol < 2 * SINGLES ? 0 : symbol / SINGLES - 1;
}

/* Return the least difference of a symbol. */
ALWAYS_INLINE uint32_t least_of(unsigned symbol)
{
    return symbol < SINGLES ? symbol : (SINGLES + symbol % SINGLES) << (symbol / SINGLES - 1);
}

/* A difference without its sign, and whether it leads to zero. */
struct step {
    uint32_t size;
    uint32_t falls;
};

ALWAYS_INLINE struct step step_of(uint32_t element, uint32_t base, unsigned width,
                                  unsigned mantissa_bits)
{
    uint32_t d = ordered(element, width, mantissa_bits) - ordered(base, width, mantissa_bits);
    d &= mask_of(width);
    uint32_t negative = d >> (8 * width - 1);
    struct step found;
    found.size = ((d ^ (0 - negative)) + negative) & mask_of(width);
    found.falls = negative ^ base >> (8 * width - 1);
    return found;
}

/* A number's magnitude: 24 bits of mantissa, the highest one set but in subnormal numbers. */
struct number {
    uint32_t mantissa; /* 0: zero, or none */
    unsigned exponent; /* 1 or more */
};

ALWAYS_INLINE struct number number_of(uint32_t element, unsigned width, unsigned mantissa_bits)
{
    struct number found = {magnitude_of(element, width, mantissa_bits), 1};
    if (mantissa_bits) {
        int none = found.mantissa > largest_of(width, mantissa_bits);
        uint32_t exponent = found.mantissa >> mantissa_bits;
        found.mantissa &= (1u << mantissa_bits) - 1;
        found.mantissa |= exponent ? 1u << mantissa_bits : 0;
        found.mantissa = none ? 0 : found.mantissa;
        found.exponent = exponent ? exponent : 1;
    }
    found.mantissa <<= 23 - places_of(mantissa_bits);
    return found;
}

#define GUARD 8                   /* bits that a gap has below the last place of an fp32 */
#define UNIT 16                   /* bits below the point in a part of a scale */
#define LARGE ((uint64_t)1 << 30) /* beyond it, parts are cut */

/* How far two numbers are apart, in parts of the last place that an fp32 of this exponent has. */
struct gap {
    uint64_t size; /* 2^GUARD is one; below 2^33 */
    unsigned exponent;
    uint32_t falls; /* the left one is lower */
};

ALWAYS_INLINE struct gap gap_between(uint32_t left, uint32_t right, unsigned width,
                                     unsigned mantissa_bits)
{
    struct number a = number_of(left, width, mantissa_bits);
    struct number b = number_of(right, width, mantissa_bits);
    struct gap found;
    found.exponent = a.exponent > b.exponent ? a.exponent : b.exponent;
    unsigned low_a = found.exponent - a.exponent, low_b = found.exponent - b.exponent;
    uint64_t x = (uint64_t)a.mantissa << GUARD >> (low_a < 63 ? low_a : 63);
    uint64_t y = (uint64_t)b.mantissa << GUARD >> (low_b < 63 ? low_b : 63);
    uint32_t apart = (left ^ right) >> (8 * width - 1), minus = left >> (8 * width - 1);
    found.size = apart ? x + y : x > y ? x - y : y - x;
    found.falls = apart ? minus : (uint32_t)(x < y) ^ minus;
    return found;
}

/* Return a gap as a part of a scale, which is in quarters of an octave. */
ALWAYS_INLINE uint64_t part_of(struct gap gap, int scale, unsigned mantissa_bits)
{
    /* 2^(-k/4), as a part of 65536 */
    static const uint32_t shrunk[4] = {65536, 55109, 46341, 38968};
    uint64_t part = gap.size * shrunk[scale & 3]; /* below 2^50 */
    int places = (int)places_of(mantissa_bits);
    int up = (int)gap.exponent + places - GUARD - 23 - (scale - (scale & 3)) / 4;
    part = up < 0 ? part >> (up < -63 ? 63 : -up) : part << (up > 13 ? 13 : up);
    return part < LARGE ? part : LARGE;
}

/* Find the contexts of n elements, at most TILE, from element at on; base is all of it. */
void densedelta_fill_tile(struct tile *tile, const uint8_t *base, struct dense_layout layout,
                          const struct densedelta_side *side, unsigned contexts, size_t at,
                          size_t n);

/* Return the quarters of an octave that a number is above 1, rounded; it is not 0. */
int densedelta_quarters(uint64_t number);

/* Write where each symbol's codes begin, by the levels of a context; spare is how many each has at
 * least. Returns 0 where there is no level but 0. */
int densedelta_starts(uint16_t *starts, const uint8_t *levels, unsigned symbols, unsigned spare);

#endif
