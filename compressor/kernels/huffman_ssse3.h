/* huffman_ssse3.h - what the two halves of the SSSE3 path share.
 *
 * 16 symbols or more a turn, by shuffles (pshufb) of 8 whose control is looked up by a byte of the
 * bitmap. What a loop leaves goes to kernel 0.
 *
 * Bounds: a loop that turns while i + k <= n touches k symbols at i and k / 8 bytes of each bitmap
 * there. Sequences taken from or put to may be touched 8 bytes beyond (HUFFMAN_SLACK). */
#ifndef COMPRESSOR_HUFFMAN_SSSE3_H
#define COMPRESSOR_HUFFMAN_SSSE3_H

#include "huffman_path.h"
#include "huffman_bits.h"

#if HUFFMAN_HAVE_SSSE3
#include <immintrin.h>

#define SSSE3 __attribute__((target("ssse3,popcnt")))

_Static_assert(HUFFMAN_SLACK >= 8, "sequences are read and written by 8 bytes");

/* The decoder's entries of huffman_ssse3, which huffman_ssse3_encode.c fills in. */
size_t huffman_ssse3_count_ones(const uint8_t *bitmap, size_t n);
size_t huffman_ssse3_count_both(const uint8_t *high, const uint8_t *low, size_t n);
void huffman_ssse3_merge(uint8_t *out, size_t n, const uint8_t *bitmap, struct huffman_side zeros,
                         struct huffman_side ones);
void huffman_ssse3_merge_quad(uint8_t *out, size_t n, const uint8_t *high, const uint8_t *low,
                              const uint8_t leaves[3], const uint8_t *rest);
void huffman_ssse3_unpack2(uint8_t *out, size_t n, const uint8_t *digits, const uint8_t leaves[4]);
void huffman_ssse3_unpack3(uint8_t *out, size_t n, const uint8_t *digits, const uint8_t leaves[8]);
void huffman_ssse3_unpack4(uint8_t *out, size_t n, const uint8_t *digits, const uint8_t leaves[16]);

SSSE3 static inline __m128i load8(const void *p)
{
    return _mm_loadl_epi64((const __m128i *)p);
}

SSSE3 static inline __m128i load16(const void *p)
{
    return _mm_loadu_si128((const __m128i *)p);
}

SSSE3 static inline void store16(uint8_t *p, __m128i v)
{
    _mm_storeu_si128((__m128i *)p, v);
}

SSSE3 static inline void store_low8(uint8_t *p, __m128i v)
{
    _mm_storel_epi64((__m128i *)p, v);
}

SSSE3 static inline void store_high8(uint8_t *p, __m128i v)
{
    _mm_storeh_pi((__m64 *)p, _mm_castsi128_ps(v));
}

/* 8 bytes from low and 8 from high, in one register. */
SSSE3 static inline __m128i load8_8(__m128i low, const uint8_t *high)
{
    return _mm_castps_si128(_mm_loadh_pi(_mm_castsi128_ps(low), (const __m64 *)high));
}

SSSE3 static inline __m128i same(uint8_t v)
{
    return _mm_set1_epi8((char)v);
}

SSSE3 static inline size_t ones_of(size_t mask)
{
    return (size_t)_mm_popcnt_u32((unsigned)mask);
}

SSSE3 static inline size_t ones_of64(uint64_t v)
{
    return (size_t)_mm_popcnt_u64(v);
}

#endif
#endif
