/* The SSSE3 path's decoder: see huffman_ssse3.h. */
#include "huffman_ssse3.h"

#if HUFFMAN_HAVE_SSSE3

#define HUFFMAN_TABLES_MERGE
#include "huffman_tables.h"

/* Byte i is 0xff where bit i of 16 bits is set. */
SSSE3 static inline __m128i spread16(unsigned bits)
{
    const __m128i halves = _mm_set_epi64x(0x0101010101010101, 0);
    const __m128i bit = _mm_set1_epi64x((long long)0x8040201008040201u);
    __m128i v = _mm_shuffle_epi8(_mm_cvtsi32_si128((int)bits), halves);
    return _mm_cmpeq_epi8(_mm_and_si128(v, bit), bit);
}

SSSE3 size_t huffman_ssse3_count_ones(const uint8_t *bitmap, size_t n)
{
    size_t count = 0, i = 0;
    for (; i + 64 <= n; i += 64) {
        count += ones_of64(load_le64(bitmap + i / 8));
    }
    return count + huffman_portable.count_ones(bitmap + i / 8, n - i);
}

SSSE3 size_t huffman_ssse3_count_both(const uint8_t *high, const uint8_t *low, size_t n)
{
    size_t count = 0, i = 0;
    for (; i + 64 <= n; i += 64) {
        count += ones_of64(load_le64(high + i / 8) & load_le64(low + i / 8));
    }
    return count + huffman_portable.count_both(high + i / 8, low + i / 8, n - i);
}

SSSE3 static size_t merge_leaves(uint8_t *out, size_t n, const uint8_t *bitmap, uint8_t zero,
                                 uint8_t one)
{
    const __m128i zeros = same(zero), change = same(zero ^ one);
    size_t i = 0;
    for (; i + 16 <= n; i += 16) {
        __m128i mask = spread16(load_le16(bitmap + i / 8));
        store16(out + i, _mm_xor_si128(zeros, _mm_and_si128(change, mask)));
    }
    return i;
}

/* Merge 8 symbols of zeros (low half) and ones (high half). */
SSSE3 static inline void merge8(uint8_t *out, __m128i both, size_t mask)
{
    store_low8(out, _mm_shuffle_epi8(both, load8(&huffman_merges[mask])));
}

/* zero is kept as a number, the address of the next zero less i: it only goes back, by the ones,
 * which is one instruction less than going on by 8 - ones. The address may lie before the sequence;
 * zero + i never does. */
#define NEXT_ZEROS(k) load8((const uint8_t *)(zero + i + (k)))

#define MERGE_BOTH(k)                                                                              \
    do {                                                                                           \
        size_t mask = bitmap[i / 8 + (k) / 8], count = ones_of(mask);                              \
        merge8(out + i + (k), load8_8(NEXT_ZEROS(k), one), mask);                                  \
        one += count;                                                                              \
        zero -= count;                                                                             \
    } while (0)

#define MERGE_INTO_ZERO(k)                                                                         \
    do {                                                                                           \
        size_t mask = bitmap[i / 8 + (k) / 8];                                                     \
        merge8(out + i + (k), load8_8(zeros, one), mask);                                          \
        one += ones_of(mask);                                                                      \
    } while (0)

#define MERGE_INTO_ONE(k)                                                                          \
    do {                                                                                           \
        size_t mask = bitmap[i / 8 + (k) / 8];                                                     \
        merge8(out + i + (k), _mm_or_si128(NEXT_ZEROS(k), ones), mask);                            \
        zero -= ones_of(mask);                                                                     \
    } while (0)

#define FOUR_TIMES(TURN)                                                                           \
    for (; i + 32 <= n; i += 32) {                                                                 \
        TURN(0);                                                                                   \
        TURN(8);                                                                                   \
        TURN(16);                                                                                  \
        TURN(24);                                                                                  \
    }

SSSE3 static size_t merge_into_zero(uint8_t *out, size_t n, const uint8_t *bitmap, uint8_t zero,
                                    const uint8_t **ones)
{
    const __m128i zeros = same(zero);
    const uint8_t *one = *ones;
    size_t i = 0;
    FOUR_TIMES(MERGE_INTO_ZERO)
    *ones = one;
    return i;
}

SSSE3 static size_t merge_into_one(uint8_t *out, size_t n, const uint8_t *bitmap,
                                   const uint8_t **zeros, uint8_t one)
{
    const __m128i ones = _mm_slli_si128(same(one), 8);
    uintptr_t zero = (uintptr_t)*zeros;
    size_t i = 0;
    FOUR_TIMES(MERGE_INTO_ONE)
    *zeros = (const uint8_t *)(zero + i);
    return i;
}

SSSE3 static size_t merge_both(uint8_t *out, size_t n, const uint8_t *bitmap, const uint8_t **zeros,
                               const uint8_t **ones)
{
    uintptr_t zero = (uintptr_t)*zeros;
    const uint8_t *one = *ones;
    size_t i = 0;
    FOUR_TIMES(MERGE_BOTH)
    *zeros = (const uint8_t *)(zero + i);
    *ones = one;
    return i;
}

SSSE3 void huffman_ssse3_merge(uint8_t *out, size_t n, const uint8_t *bitmap,
                               struct huffman_side zeros, struct huffman_side ones)
{
    size_t i;
    if (zeros.sequence && ones.sequence) {
        i = merge_both(out, n, bitmap, &zeros.sequence, &ones.sequence);
    } else if (ones.sequence) {
        i = merge_into_zero(out, n, bitmap, zeros.leaf, &ones.sequence);
    } else if (zeros.sequence) {
        i = merge_into_one(out, n, bitmap, &zeros.sequence, ones.leaf);
    } else {
        i = merge_leaves(out, n, bitmap, zeros.leaf, ones.leaf);
    }
    huffman_portable.merge(out + i, n - i, bitmap + i / 8, zeros, ones);
}

/* Bytes 0-7 of the shuffled register are the next of the rest, bytes 8-10 the leaves; the rows are
 * numbers whose sum has the control of each symbol in its byte. */
#define MERGE_QUAD(k)                                                                              \
    do {                                                                                           \
        size_t h = high[i / 8 + (k) / 8], l = low[i / 8 + (k) / 8], both = h & l;                  \
        uint64_t control = huffman_quad_high[h] + huffman_quad_low[l] + huffman_quad_rest[both];   \
        __m128i symbols = _mm_or_si128(load8(rest), first);                                        \
        symbols = _mm_shuffle_epi8(symbols, _mm_cvtsi64_si128((long long)control));                \
        store_low8(out + i + (k), symbols);                                                        \
        rest += ones_of(both);                                                                     \
    } while (0)

SSSE3 void huffman_ssse3_merge_quad(uint8_t *out, size_t n, const uint8_t *high, const uint8_t *low,
                                    const uint8_t leaves[3], const uint8_t *rest)
{
    const __m128i first = _mm_slli_si128(_mm_cvtsi32_si128((int)load_le24(leaves)), 8);
    size_t i = 0;
    FOUR_TIMES(MERGE_QUAD)
    huffman_portable.merge_quad(out + i, n - i, high + i / 8, low + i / 8, leaves, rest);
}

/* 16 nibbles of 8 bytes, in order, a byte each. */
SSSE3 static inline __m128i nibbles_of(__m128i v)
{
    const __m128i nibble = same(15);
    return _mm_unpacklo_epi8(_mm_and_si128(v, nibble), _mm_and_si128(_mm_srli_epi16(v, 4), nibble));
}

SSSE3 void huffman_ssse3_unpack2(uint8_t *out, size_t n, const uint8_t *digits,
                                 const uint8_t leaves[4])
{
    uint8_t low[16], high[16];
    for (unsigned k = 0; k < 16; k++) { /* the two symbols of a nibble */
        low[k] = leaves[k & 3];
        high[k] = leaves[k >> 2];
    }
    const __m128i low_leaves = load16(low), high_leaves = load16(high);
    size_t i = 0;
    for (; i + 32 <= n; i += 32) {
        __m128i v = nibbles_of(load8(digits + i / 4));
        __m128i a = _mm_shuffle_epi8(low_leaves, v), b = _mm_shuffle_epi8(high_leaves, v);
        store16(out + i, _mm_unpacklo_epi8(a, b));
        store16(out + i + 16, _mm_unpackhi_epi8(a, b));
    }
    huffman_portable.unpack2(out + i, n - i, digits + i / 4, leaves);
}

SSSE3 void huffman_ssse3_unpack3(uint8_t *out, size_t n, const uint8_t *digits,
                                 const uint8_t leaves[8])
{
    const uint8_t *bitmap = digits + row_size(n, 2);
    const __m128i all = load8(leaves), digit = same(3), four = same(4);
    size_t i = 0;
    for (; i + 16 <= n; i += 16) {
        __m128i v = nibbles_of(_mm_cvtsi32_si128((int)load_le32(digits + i / 4)));
        v = _mm_and_si128(_mm_unpacklo_epi8(v, _mm_srli_epi16(v, 2)), digit);
        __m128i third = _mm_and_si128(spread16(load_le16(bitmap + i / 8)), four);
        store16(out + i, _mm_shuffle_epi8(all, _mm_or_si128(v, third)));
    }
    for (; i < n; i++) { /* the rows of kernel 0 would lie elsewhere */
        unsigned third = bitmap[i / 8] >> i % 8 & 1u;
        out[i] = leaves[(digits[i / 4] >> i % 4 * 2 & 3u) | third << 2];
    }
}

SSSE3 void huffman_ssse3_unpack4(uint8_t *out, size_t n, const uint8_t *digits,
                                 const uint8_t leaves[16])
{
    const __m128i all = load16(leaves);
    size_t i = 0;
    for (; i + 16 <= n; i += 16) {
        store16(out + i, _mm_shuffle_epi8(all, nibbles_of(load8(digits + i / 2))));
    }
    huffman_portable.unpack4(out + i, n - i, digits + i / 2, leaves);
}

#endif
