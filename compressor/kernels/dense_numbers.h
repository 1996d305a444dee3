/* dense_numbers.h - elements as whole numbers with an exponent, for what measures them. */
#ifndef COMPRESSOR_DENSE_NUMBERS_H
#define COMPRESSOR_DENSE_NUMBERS_H

#include "dense_tile.h"

/* 2^((2j+1)/16), as a part of 32768: between one eighth of an octave and the next. */
static const uint32_t HALFWAY[8] = {34219, 37316, 40693, 44376, 48393, 52773, 57549, 62757};

#define INT_BIAS 63 /* of integers of one byte, as if they had no mantissa */

struct number {
    int exponent;      /* 1 or more */
    uint32_t mantissa; /* 8 bits, the highest one set but in subnormal numbers; 0: zero, or none */
    int negative;
};

/* An integer, or a float of one byte. NaNs and infinities of e4m3 have no exponent of their own. */
ALWAYS_INLINE struct number byte_number(uint32_t byte, unsigned mantissa_bits)
{
    struct number found = {1, byte & 127, (int)(byte >> 7)};
    if (mantissa_bits) {
        uint32_t exponent = found.mantissa >> mantissa_bits;
        uint32_t none = mantissa_bits == 2 ? 31u << 2 : 127;
        uint32_t mantissa = found.mantissa << (7 - mantissa_bits) & 127;
        found.exponent = exponent ? (int)exponent : 1;
        found.mantissa = found.mantissa >= none ? 0 : exponent ? mantissa + 128 : mantissa;
        return found;
    }
    uint32_t size = byte < 128 ? byte : 256 - byte; /* no loop: compilers make vectors of this */
    unsigned four = size < 16 ? 4 : 0, two = size << four < 64 ? 2 : 0;
    unsigned one = size << four << two < 128 ? 1 : 0;
    found.mantissa = size << four << two << one;
    found.exponent = INT_BIAS + 7 - (int)(four + two + one);
    return found;
}

ALWAYS_INLINE struct number number_of(uint32_t element, unsigned width, unsigned mantissa_bits)
{
    unsigned exponent_bits = 8 * width - 1 - mantissa_bits, last = (1u << exponent_bits) - 1;
    unsigned exponent = element >> mantissa_bits & last;
    uint32_t mantissa = element >> (mantissa_bits - 7) & 127;
    struct number found;
    found.negative = (int)(element >> (8 * width - 1));
    found.exponent = exponent ? (int)exponent : 1;
    found.mantissa = exponent == last ? 0 : exponent ? mantissa + 128 : mantissa;
    return found;
}

static int log_eighths(uint64_t number)
{
    return log2_in(number, HALFWAY, 8);
}

#endif
