/* preset_avx2.c - two lanes. */
#include "preset_path.h"

#if PRESET_HAVE_X86

#include <immintrin.h>

#define TARGET __attribute__((target("avx2")))
#define LANES 2
#define OP(name) _mm256_##name
#define AND _mm256_and_si256
#define XOR _mm256_xor_si256
#define OR _mm256_or_si256

/* A shift by counts in each half of a lane takes one step, by a single count two. */
#define SHIFT_COUNT(n) _mm256_set1_epi64x((long long)(n))
#define SHIFT_LEFT _mm256_sllv_epi64
#define SHIFT_RIGHT _mm256_srlv_epi64
#define EVERY 0xFFFFFFFFu

typedef __m256i vec, shift_count;

TARGET static inline __m128i load_lane(const uint8_t *p)
{
    return _mm_loadu_si128((const __m128i *)(const void *)p);
}

TARGET static inline void store_lane(uint8_t *p, __m128i lane)
{
    _mm_storeu_si128((__m128i *)(void *)p, lane);
}

TARGET static inline vec load_lanes(const uint8_t *p, size_t gap)
{
    return _mm256_inserti128_si256(_mm256_castsi128_si256(load_lane(p)), load_lane(p + gap), 1);
}

TARGET static inline void store_lanes(uint8_t *p, size_t gap, vec v)
{
    store_lane(p, _mm256_castsi256_si128(v));
    store_lane(p + gap, _mm256_extracti128_si256(v, 1));
}

TARGET static inline vec in_each(const uint8_t *p)
{
    return _mm256_broadcastsi128_si256(load_lane(p));
}

TARGET static inline vec load_row(const uint8_t *p)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)p);
}

TARGET static inline void store_row(uint8_t *p, vec v)
{
    _mm256_storeu_si256((__m256i *)(void *)p, v);
}

TARGET static inline uint32_t sign_bits(vec v)
{
    return (uint32_t)_mm256_movemask_epi8(v);
}

/* 12 bytes of each lane of both, the front's first in each lane. */
TARGET static inline void store_threes(uint8_t *p, vec front, vec back)
{
    store_lane(p, _mm256_castsi256_si128(front));
    store_lane(p + 12, _mm256_castsi256_si128(back));
    store_lane(p + 24, _mm256_extracti128_si256(front, 1));
    store_lane(p + 36, _mm256_extracti128_si256(back, 1));
}

#include "preset_lanes.h"

const struct preset_path preset_avx2 = {
    "avx2", encode, decode, encode7, decode7, map, unmap, pack_threes, unpack_threes,
};

#endif
