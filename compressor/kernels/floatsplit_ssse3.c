/* floatsplit_ssse3.c - one lane: 16 words a turn. */
#include "floatsplit_path.h"

#if FLOATSPLIT_HAVE_X86

#include <immintrin.h>

#define TARGET __attribute__((target("ssse3")))
#define LANES 1
#define OP(name) _mm_##name
#define AND _mm_and_si128
#define ANDNOT _mm_andnot_si128
#define OR _mm_or_si128

typedef __m128i vec;

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

#include "floatsplit_lanes.h"

const struct floatsplit_path floatsplit_ssse3 = {
    "ssse3",
    {split1, split2, split4, split8},
    {merge1, merge2, merge4, merge8},
};

#endif
