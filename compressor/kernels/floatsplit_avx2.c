/* floatsplit_avx2.c - two lanes: 32 words a turn. */
#include "floatsplit_path.h"

#if FLOATSPLIT_HAVE_X86

#include <immintrin.h>

#define TARGET __attribute__((target("avx2")))
#define LANES 2
#define OP(name) _mm256_##name
#define AND _mm256_and_si256
#define ANDNOT _mm256_andnot_si256
#define OR _mm256_or_si256

typedef __m256i vec;

TARGET static inline vec load_lanes(const uint8_t *p, size_t gap)
{
    __m128i low = _mm_loadu_si128((const __m128i *)(const void *)p);
    __m128i high = _mm_loadu_si128((const __m128i *)(const void *)(p + gap));
    return _mm256_inserti128_si256(_mm256_castsi128_si256(low), high, 1);
}

TARGET static inline void store_lanes(uint8_t *p, size_t gap, vec v)
{
    _mm_storeu_si128((__m128i *)(void *)p, _mm256_castsi256_si128(v));
    _mm_storeu_si128((__m128i *)(void *)(p + gap), _mm256_extracti128_si256(v, 1));
}

TARGET static inline vec in_each(const uint8_t *p)
{
    return load_lanes(p, 0);
}

#include "floatsplit_lanes.h"

const struct floatsplit_path floatsplit_avx2 = {
    "avx2",
    {split1, split2, split4, split8},
    {merge1, merge2, merge4, merge8},
};

#endif
