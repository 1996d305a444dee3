/* lz78_bits.h - which phrases a class holds, and little-endian words. */
#ifndef COMPRESSOR_LZ78_BITS_H
#define COMPRESSOR_LZ78_BITS_H

#include "lz78_kernel.h"

#include <string.h>

static inline uint64_t lz78_load64(const uint8_t *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof word);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
}

static inline void lz78_store64(uint8_t *at, uint64_t word)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    memcpy(at, &word, sizeof word);
}

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
