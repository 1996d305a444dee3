/* pieces_avx2.c - 32 windows a turn.
 *
 * The low 16 bits of a hash depend on the last 16 bytes, and on the low 16 bits of their gears,
 * alone. They are a sum that doubles its reach at each step (all modulo 2^16):
 *
 *     sum1[n]  = gear of byte n
 *     sum2[n]  = sum1[n] + (sum1[n - 1] << 1)
 *     sum4[n]  = sum2[n] + (sum2[n - 2] << 2)
 *     sum8[n]  = sum4[n] + (sum4[n - 4] << 4)
 *     sum16[n] = sum8[n] + (sum8[n - 8] << 8)
 *
 * In one window of 1024 the bits of PIECES_NEAR are zero; its whole hash is then summed up byte by
 * byte. Gears are looked up by shuffles, as a byte's gear is the number of its low half xor that of
 * its high half.
 *
 * The shuffles of AVX2 work in each half of a register alone. So the halves are two sequences: the
 * low one runs through the first half of a span, the high one through the second, and what the
 * second finds waits until nothing is found in the first.
 */
#include "pieces_path.h"

#if PIECES_HAVE_AVX2

#define PIECES_GEAR_HALVES
#include "pieces_gear.h"

#include <immintrin.h>
#include <stdbool.h>

#define AVX2 __attribute__((target("avx2")))

#define TURN ((size_t)16) /* windows of each half */
#define TURNS_MAX ((size_t)64)
#define VAIN_MAX 1024u /* windows hashed for nothing, until going byte by byte costs less */

_Static_assert((PIECES_HARD & PIECES_EASY & 0xffff) == PIECES_NEAR,
               "a window with a bit of PIECES_NEAR fits neither mask");
_Static_assert(PIECES_WINDOW > TURN, "the turn before the first one reads no byte too early");

/* The sums of 8 windows in each half. */
struct sums {
    __m256i of1, of2, of4, of8;
};

AVX2 static inline __m256i in_both(const uint8_t *table)
{
    return _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)table));
}

AVX2 static inline __m256i load_halves(const uint8_t *low, const uint8_t *high)
{
    __m128i l = _mm_loadu_si128((const __m128i *)(const void *)low);
    __m128i h = _mm_loadu_si128((const __m128i *)(const void *)high);
    return _mm256_inserti128_si256(_mm256_castsi128_si256(l), h, 1);
}

/* Set the sums of the 8 windows behind those of before, and return their sum16. */
AVX2 static inline __m256i sum_up(struct sums *now, const struct sums *before, __m256i gears)
{
    now->of1 = gears;
    __m256i one = _mm256_alignr_epi8(now->of1, before->of1, 14);
    now->of2 = _mm256_add_epi16(now->of1, _mm256_add_epi16(one, one));
    __m256i two = _mm256_alignr_epi8(now->of2, before->of2, 12);
    now->of4 = _mm256_add_epi16(now->of2, _mm256_slli_epi16(two, 2));
    __m256i four = _mm256_alignr_epi8(now->of4, before->of4, 8);
    now->of8 = _mm256_add_epi16(now->of4, _mm256_slli_epi16(four, 4));
    return _mm256_add_epi16(now->of8, _mm256_slli_epi16(before->of8, 8));
}

/* Bits 0 to 15 say of each of the 16 bytes at low whether PIECES_NEAR is zero in the window that it
 * ends, bits 16 to 31 the same of high. sums are those of the 8 bytes before, and move on. */
AVX2 static inline unsigned turn(struct sums *sums, const uint8_t *low, const uint8_t *high)
{
    const __m256i nibble = _mm256_set1_epi8(15);
    __m256i bytes = load_halves(low, high);
    __m256i l = _mm256_and_si256(bytes, nibble);
    __m256i h = _mm256_and_si256(_mm256_srli_epi16(bytes, 4), nibble);
    __m256i gears0 = _mm256_xor_si256(_mm256_shuffle_epi8(in_both(pieces_gear_low_0), l),
                                      _mm256_shuffle_epi8(in_both(pieces_gear_high_0), h));
    __m256i gears1 = _mm256_xor_si256(_mm256_shuffle_epi8(in_both(pieces_gear_low_1), l),
                                      _mm256_shuffle_epi8(in_both(pieces_gear_high_1), h));
    struct sums first;
    __m256i a = sum_up(&first, sums, _mm256_unpacklo_epi8(gears0, gears1));
    __m256i b = sum_up(sums, &first, _mm256_unpackhi_epi8(gears0, gears1));
    const __m256i near = _mm256_set1_epi16((short)PIECES_NEAR), zero = _mm256_setzero_si256();
    a = _mm256_cmpeq_epi16(_mm256_and_si256(a, near), zero);
    b = _mm256_cmpeq_epi16(_mm256_and_si256(b, near), zero);
    return (unsigned)_mm256_movemask_epi8(_mm256_packs_epi16(a, b));
}

static bool fits(const uint8_t *data, size_t n, uint32_t mask)
{
    uint32_t hash = 0;
    for (size_t i = n - PIECES_WINDOW; i < n; i++) {
        hash = (hash << 1) + pieces_gear[data[i]];
    }
    return !(hash & mask);
}

/* Return the first n + i of the bits i that fits, or 0; count those that do not. */
static inline size_t first_fit(const uint8_t *data, size_t n, unsigned bits, uint32_t mask,
                               unsigned *vain)
{
    for (; bits; bits &= bits - 1, ++*vain) {
        size_t found = n + (unsigned)__builtin_ctz(bits);
        if (fits(data, found, mask)) {
            return found;
        }
    }
    return 0;
}

/* The same of 2 * turns * TURN windows from n on: it reads data[n - 17..n + that many - 1). */
AVX2 static size_t first_of_span(const uint8_t *data, size_t n, size_t turns, uint32_t mask,
                                 unsigned *vain)
{
    const __m256i zero = _mm256_setzero_si256();
    struct sums sums = {zero, zero, zero, zero};
    uint16_t later[TURNS_MAX];
    const uint8_t *low = data + n - 1; /* window n ends with byte n - 1 */
    const uint8_t *high = low + turns * TURN;
    turn(&sums, low - TURN, high - TURN);
    for (size_t i = 0; i < turns; i++) {
        unsigned bits = turn(&sums, low + i * TURN, high + i * TURN);
        later[i] = (uint16_t)(bits >> 16);
        size_t found = first_fit(data, n + i * TURN, bits & 0xffff, mask, vain);
        if (found) {
            return found;
        }
    }
    for (size_t i = 0; i < turns; i++) {
        size_t found = first_fit(data, n + (turns + i) * TURN, later[i], mask, vain);
        if (found) {
            return found;
        }
    }
    return 0;
}

static size_t avx2_find_end(const uint8_t *data, size_t first, size_t end, uint32_t mask)
{
    size_t n = first;
    unsigned vain = 0;
    while (end - n >= 2 * TURN && vain < VAIN_MAX) {
        size_t left = (end - n) / (2 * TURN), turns = left < TURNS_MAX ? left : TURNS_MAX;
        size_t found = first_of_span(data, n, turns, mask, &vain);
        if (found) {
            return found;
        }
        n += turns * 2 * TURN;
    }
    return pieces_portable.find_end(data, n, end, mask);
}

const struct pieces_path pieces_avx2 = {"avx2", avx2_find_end};

#endif
