/* dense_tile.h - what decoding and encoding have in common: some elements and their contexts. */
#ifndef COMPRESSOR_DENSE_TILE_H
#define COMPRESSOR_DENSE_TILE_H

#include "dense_elements.h"
#include "dense_kernel.h"

#define COARSE 2u  /* the first symbol of an octave as a whole: from 2^-12 of the scale on */
#define FINE 12u   /* the first of an eighth: from 2^-2 on */
#define HIGH 44u   /* the first of half an octave: from 2^2 on, below 2^6 */
#define LOWEST 96  /* eighths from the lowest octave's begin up to the scale */
#define CELLS 144u /* eighths that symbols stand for */
#define ENDING_BITS 20u
#define LIVE_CLASSES 4u /* of columns, in large blocks; one more for columns of zeros alone */

/* 2^(-k/8), as a part of 65536. */
static const uint32_t SHRUNK[DENSE_FRACTIONS] = {65536, 60097, 55109, 50535,
                                                 46341, 42495, 38968, 35734};

_Static_assert(DENSE_SHARES == SHARES, "tables sum up to the same");
_Static_assert((int)DENSE_CUT == (int)RANS_CUT && (int)DENSE_LEFT == (int)RANS_LEFT &&
                   (int)DENSE_STATES_WRONG == (int)RANS_STATES_WRONG,
               "checks have one number");

/* The contexts of some elements in a row. */
struct dense_tile {
    uint8_t table[TILE];   /* class * 8 + fraction */
    int16_t lift[TILE];    /* the scale's octave, in eighths, as elements count exponents */
    uint8_t leaning[TILE]; /* of its column */
    uint8_t is_short[TILE];
};

/* Return the first eighth that a symbol from COARSE on stands for. */
ALWAYS_INLINE int first_eighth(unsigned symbol)
{
    if (symbol < FINE) {
        return ((int)symbol - (int)COARSE) * 8 - LOWEST;
    }
    if (symbol < HIGH) {
        return (int)symbol - (int)FINE - 16;
    }
    return ((int)symbol - (int)HIGH) * 4 + 16;
}

/* Return how many bits of an element's magnitude a symbol leaves open; fraction bits: those below
 * an eighth. */
ALWAYS_INLINE unsigned open_bits(unsigned symbol, unsigned fraction_bits, unsigned width)
{
    if (symbol < COARSE) {
        return symbol ? 0 : 8 * width - 1;
    }
    return fraction_bits + (symbol < FINE ? 3u : symbol < HIGH ? 0u : 2u);
}

ALWAYS_INLINE unsigned group_of(unsigned symbol)
{
    return symbol < FINE ? 0 : symbol < HIGH ? 1 + (symbol - FINE) / 4 : 9;
}

/* Return how many bits are zero at the end of an element, of ENDING_BITS at most. */
static inline unsigned ending_of(uint32_t element)
{
    uint32_t low = element | 1u << ENDING_BITS;
#ifdef __GNUC__
    return (unsigned)__builtin_ctz(low); /* = the loop below, without a guess that half go wrong */
#else
    unsigned ending = 0;
    while (!(low >> ending & 1)) {
        ending++;
    }
    return ending;
#endif
}

ALWAYS_INLINE unsigned level_of(int eighths, const struct dense_tables *tables)
{
    int level = (eighths >> 3) - (int)tables->first_level;
    int last = (int)tables->levels - 1;
    return (unsigned)(level < 0 ? 0 : level > last ? last : level);
}

/* Find the shares of all magnitudes below each eighth, in eighths of a share. */
void dense_accumulate(uint32_t below[CELLS + 1], const uint16_t shape[DENSE_SYMBOLS]);

/* Share out DENSE_SHARES by counts: one at least to what is needed. The largest takes the rest. */
void dense_share_out(uint16_t *shares, const uint32_t *counts, const uint8_t *needed, unsigned n);

/* Find odds from how many signs were likely ones, and how many were not. */
void dense_make_odds(uint8_t odds_of[DENSE_STRENGTHS][DENSE_GROUPS],
                     const uint32_t signs[DENSE_STRENGTHS][DENSE_GROUPS][2]);

/* Find the contexts of n elements, at most TILE, from element at on. */
void dense_fill_tile(struct dense_tile *tile, struct dense_layout layout,
                     const struct dense_side *side, size_t at, size_t n);

/* Return the sign: the likelier one where the slot is below odds. */
ALWAYS_INLINE unsigned take_sign(uint32_t *state, uint32_t odds, unsigned leaning)
{
    uint32_t x = *state, slot = x % DENSE_SHARES;
    uint32_t rare = 0 - (uint32_t)(slot >= odds);
    uint32_t share = (odds & ~rare) | ((DENSE_SHARES - odds) & rare);
    *state = share * (x / DENSE_SHARES) + slot - (odds & rare);
    return (rare & 1) ^ leaning >> 3;
}

#endif
