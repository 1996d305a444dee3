/* preset_ssse3.c - one lane. */
#include "preset_path.h"

#if PRESET_HAVE_X86

#include <immintrin.h>

#define TARGET __attribute__((target("ssse3")))
#define LANES 1
#define OP(name) _mm_##name
#define AND _mm_and_si128
#define XOR _mm_xor_si128
#define OR _mm_or_si128

#define SHIFT_COUNT(n) _mm_cvtsi32_si128((int)(n))
#define SHIFT_LEFT _mm_sll_epi64
#define SHIFT_RIGHT _mm_srl_epi64
#define EVERY 0xFFFFu

typedef __m128i vec, shift_count;

TARGET static inline vec load_lanes(const uint8_t *p, size_t gap)
{
    (void)gap;
    return _mm_loadu_si128((const __m128i *)(const void *)p);
}

TARGET static inline void store_lanes(uint8_t *p, size_t gap, vec v)
{
    (void)gap;
    _mm_storeu_si128((__m128i *)(void *)p, v);
}

TARGET static inline vec in_each(const uint8_t *p)
{
    return load_lanes(p, 0);
}

TARGET static inline vec load_row(const uint8_t *p)
{
    return _mm_loadu_si128((const __m128i *)(const void *)p);
}

TARGET static inline void store_row(uint8_t *p, vec v)
{
    _mm_storeu_si128((__m128i *)(void *)p, v);
}

TARGET static inline uint32_t sign_bits(vec v)
{
    return (uint32_t)_mm_movemask_epi8(v);
}

/* 12 bytes of each, the front's first. */
TARGET static inline void store_threes(uint8_t *p, vec front, vec back)
{
    store_lanes(p, 0, front);
    store_lanes(p + 12, 0, back);
}

#include "preset_lanes.h"

const struct preset_path preset_ssse3 = {
    "ssse3", encode, decode, encode7, decode7, map, unmap, pack_threes, unpack_threes,
};

#endif
