/* dense_byte_sse41.c - four states in a vector. Entries are loaded one by one: gathers are slower.
 */
#include "dense_byte_path.h"

#if DENSE_BYTE_HAVE_X86

#include <immintrin.h>

#define TARGET __attribute__((target("sse4.1")))

/* By which of four states are below BOTTOM: where each word goes that they take in, and how many
 * bytes these have. */
#define NO -1, -1, -1, -1
#define WORD(i) 2 * (i), 2 * (i) + 1, -1, -1
static const int8_t SPREAD[16][16] = {
    {NO, NO, NO, NO},
    {WORD(0), NO, NO, NO},
    {NO, WORD(0), NO, NO},
    {WORD(0), WORD(1), NO, NO},
    {NO, NO, WORD(0), NO},
    {WORD(0), NO, WORD(1), NO},
    {NO, WORD(0), WORD(1), NO},
    {WORD(0), WORD(1), WORD(2), NO},
    {NO, NO, NO, WORD(0)},
    {WORD(0), NO, NO, WORD(1)},
    {NO, WORD(0), NO, WORD(1)},
    {WORD(0), WORD(1), NO, WORD(2)},
    {NO, NO, WORD(0), WORD(1)},
    {WORD(0), NO, WORD(1), WORD(2)},
    {NO, WORD(0), WORD(1), WORD(2)},
    {WORD(0), WORD(1), WORD(2), WORD(3)},
};
static const uint8_t TAKEN[16] = {0, 2, 2, 4, 2, 4, 4, 6, 2, 4, 4, 6, 4, 6, 6, 8};

TARGET static inline __m128i load(const void *at)
{
    return _mm_loadu_si128((const __m128i *)at);
}

TARGET static inline __m128i load_half(const void *at)
{
    return _mm_loadl_epi64((const __m128i *)at);
}

/* Return the entries of four states. */
TARGET static inline __m128i look_up(__m128i states, __m128i tables, const uint32_t *entries)
{
    __m128i codes = _mm_and_si128(states, _mm_set1_epi32(DENSE_BYTE_SHARES - 1));
    __m128i at = _mm_or_si128(codes, tables);
    uint64_t low = (uint64_t)_mm_cvtsi128_si64(at), high = (uint64_t)_mm_extract_epi64(at, 1);
    __m128i found = _mm_cvtsi32_si128((int)entries[(uint32_t)low]);
    found = _mm_insert_epi32(found, (int)entries[low >> 32], 1);
    found = _mm_insert_epi32(found, (int)entries[(uint32_t)high], 2);
    return _mm_insert_epi32(found, (int)entries[high >> 32], 3);
}

/* Return the states behind the symbols of some entries, words taken in. 8 bytes are looked at. */
TARGET static inline __m128i advance(__m128i states, __m128i entries, __m128i shares,
                                     const uint8_t **words)
{
    __m128i far = _mm_and_si128(_mm_srli_epi32(entries, FAR_AT), _mm_set1_epi32(FAR_MASK));
    __m128i x = _mm_add_epi32(_mm_mullo_epi32(_mm_srli_epi32(states, SHARE_BITS), shares), far);
    __m128i low = _mm_cmpeq_epi32(_mm_srli_epi32(x, 16), _mm_setzero_si128());
    unsigned which = (unsigned)_mm_movemask_ps(_mm_castsi128_ps(low));
    __m128i taken = _mm_shuffle_epi8(load_half(*words), load(SPREAD[which]));
    *words += TAKEN[which];
    return _mm_or_si128(_mm_blendv_epi8(x, _mm_slli_epi32(x, 16), low), taken);
}

/* Each turn takes 16 bytes of words at most, and looks at 8 that may begin 8 behind the first. */
TARGET size_t dense_byte_take_sse41(uint8_t *plain, uint32_t states[STATES], struct words *words,
                                    size_t n, const uint8_t *tables, const uint32_t *entries)
{
    const __m128i bytes = _mm_set_epi32(-1, -1, -1, 0x0C080400);
    __m128i x = load(states), y = load(states + 4);
    const uint8_t *at = words->at;
    size_t i = 0;
    for (; n - i >= STATES && words->end - at >= 16; i += STATES) {
        __m128i some = load_half(tables + i);
        __m128i low = _mm_slli_epi32(_mm_cvtepu8_epi32(some), SHARE_BITS);
        __m128i high = _mm_slli_epi32(_mm_cvtepu8_epi32(_mm_srli_si128(some, 4)), SHARE_BITS);
        __m128i first = look_up(x, low, entries), second = look_up(y, high, entries);
        __m128i shares = _mm_srli_epi32(first, SHARE_AT);
        __m128i others = _mm_srli_epi32(second, SHARE_AT);
        __m128i none = _mm_cmpeq_epi32(_mm_min_epu32(shares, others), _mm_setzero_si128());
        if (_mm_movemask_epi8(none)) {
            break;
        }
        x = advance(x, first, shares, &at);
        y = advance(y, second, others, &at);
        __m128i found =
            _mm_unpacklo_epi32(_mm_shuffle_epi8(first, bytes), _mm_shuffle_epi8(second, bytes));
        _mm_storel_epi64((__m128i *)(void *)(plain + i), found);
    }
    _mm_storeu_si128((__m128i *)(void *)states, x);
    _mm_storeu_si128((__m128i *)(void *)(states + 4), y);
    words->at = at;
    return i;
}

#endif
