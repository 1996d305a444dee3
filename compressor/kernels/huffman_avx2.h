/* huffman_avx2.h - what the two halves of the AVX2 path share.
 *
 * 32 symbols or more a turn. What a loop leaves goes to the SSSE3 path.
 *
 * Bounds: a loop that turns while i + k <= n touches k symbols at i and k / 8 bytes of each bitmap
 * there. Sequences taken from or put to may be touched 16 bytes beyond (HUFFMAN_SLACK). */
#ifndef COMPRESSOR_HUFFMAN_AVX2_H
#define COMPRESSOR_HUFFMAN_AVX2_H

#include "huffman_path.h"
#include "huffman_bits.h"

#if HUFFMAN_HAVE_AVX2
#include <immintrin.h>

#define AVX2 __attribute__((target("avx2,popcnt")))

_Static_assert(HUFFMAN_SLACK >= 16, "sequences are read by 16 bytes");

/* The decoder's entries of huffman_avx2, which huffman_avx2_encode.c fills in. */
size_t huffman_avx2_count_ones(const uint8_t *bitmap, size_t n);
size_t huffman_avx2_count_both(const uint8_t *high, const uint8_t *low, size_t n);
void huffman_avx2_merge(uint8_t *out, size_t n, const uint8_t *bitmap, struct huffman_side zeros,
                        struct huffman_side ones);
void huffman_avx2_merge_quad(uint8_t *out, size_t n, const uint8_t *high, const uint8_t *low,
                             const uint8_t leaves[3], const uint8_t *rest);
void huffman_avx2_unpack2(uint8_t *out, size_t n, const uint8_t *digits, const uint8_t leaves[4]);
void huffman_avx2_unpack3(uint8_t *out, size_t n, const uint8_t *digits, const uint8_t leaves[8]);
void huffman_avx2_unpack4(uint8_t *out, size_t n, const uint8_t *digits, const uint8_t leaves[16]);

AVX2 static inline __m128i load8(const uint8_t *p)
{
    return _mm_loadl_epi64((const __m128i *)(const void *)p);
}

AVX2 static inline __m128i load16(const uint8_t *p)
{
    return _mm_loadu_si128((const __m128i *)(const void *)p);
}

AVX2 static inline __m256i load32(const uint8_t *p)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)p);
}

AVX2 static inline void store8(uint8_t *p, __m128i v)
{
    _mm_storel_epi64((__m128i *)(void *)p, v);
}

AVX2 static inline void store16(uint8_t *p, __m128i v)
{
    _mm_storeu_si128((__m128i *)(void *)p, v);
}

AVX2 static inline void store32(uint8_t *p, __m256i v)
{
    _mm256_storeu_si256((__m256i *)(void *)p, v);
}

AVX2 static inline __m256i same(uint8_t v)
{
    return _mm256_set1_epi8((char)v);
}

/* The same 16 bytes, a table for shuffles, in both halves. */
AVX2 static inline __m256i in_both_halves(__m128i v)
{
    return _mm256_broadcastsi128_si256(v);
}

AVX2 static inline size_t ones_of(uint64_t v)
{
    return (size_t)_mm_popcnt_u64(v);
}

#endif
#endif
