/* lz78_bits.h - which phrases a class holds. */
#ifndef COMPRESSOR_LZ78_BITS_H
#define COMPRESSOR_LZ78_BITS_H

#include "lz78_kernel.h"

/* The first phrase of a class, where `known` phrases are known, the empty one too. */
static inline uint32_t lz78_class_start(uint32_t class, uint32_t known)
{
    return (class * known + (LZ78_CLASSES - 1)) / LZ78_CLASSES;
}

/* A remainder below range has width bits if it is below short_ones, else one more. */
struct lz78_code {
    uint32_t width, short_ones;
};

static inline struct lz78_code lz78_code_of(uint32_t range)
{
    uint32_t width = 31 - (uint32_t)__builtin_clz(range);
    return (struct lz78_code){width, (2u << width) - range};
}

#endif
