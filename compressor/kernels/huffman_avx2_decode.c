/* The AVX2 path's decoder: see huffman_avx2.h.
 *
 * Where a symbol comes from is computed, not looked up. The bits of the bitmap are spread to bytes
 * of 0 and 1 and summed up: the sum up to a symbol, less one, is its place among the ones, and its
 * own place less that sum its place among the zeros. Shuffles work within each half of a register
 * alone, so 16 symbols are a lane with places of its own: it has its own 16 bytes of each sequence,
 * from where the lanes before it ended. */
#include "huffman_avx2.h"

#if HUFFMAN_HAVE_AVX2

#define EACH_BYTE 0x0101010101010101

/* What every turn needs in registers. */
struct constants {
    __m256i one;      /* 1 in each byte */
    __m256i bit;      /* in byte i, bit i % 8 */
    __m256i places_a; /* in byte i, i / 8: where the bit of symbol i stands, of 0 to 31 */
    __m256i places_b; /* of 32 to 63 */
    __m256i factors, carry4, carry8; /* see sums_of() */
};

AVX2 static inline struct constants constants(void)
{
    struct constants k = {
        .one = same(1),
        .bit = _mm256_set1_epi64x((long long)0x8040201008040201u),
        .places_a = _mm256_setr_epi64x(0, EACH_BYTE, 2 * EACH_BYTE, 3 * EACH_BYTE),
        .places_b = _mm256_setr_epi64x(4 * EACH_BYTE, 5 * EACH_BYTE, 6 * EACH_BYTE, 7 * EACH_BYTE),
        .factors = _mm256_set1_epi32(0x01010101),
        .carry4 = in_both_halves(_mm_set_epi64x(0x0b0b0b0bffffffff, 0x03030303ffffffff)),
        .carry8 = in_both_halves(_mm_set_epi64x(0x0707070707070707, -1)),
    };
    /* A compiler that knows the factors makes shifts and sums of one product, which are slower. */
    __asm__("" : "+x"(k.factors));
    return k;
}

/* 64 bits, for bits_of(). */
AVX2 static inline __m256i everywhere(uint64_t bits)
{
    return _mm256_set1_epi64x((long long)bits);
}

/* Byte i has only bit i % 8, or nothing, by the bit of symbol i. */
AVX2 static inline __m256i bits_of(__m256i bits, __m256i places, const struct constants *k)
{
    return _mm256_and_si256(_mm256_shuffle_epi8(bits, places), k->bit);
}

/* Byte i is 0xff where the bit of symbol i is set. */
AVX2 static inline __m256i mask_of(__m256i bits, __m256i places, const struct constants *k)
{
    return _mm256_cmpeq_epi8(bits_of(bits, places, k), k->bit);
}

/* Bytes of 0 or 1 become, in each lane, the sums of the bytes up to them: by a product within four,
 * then what lies 4 and 8 bytes back is carried on. */
AVX2 static inline __m256i sums_of(__m256i v, const struct constants *k)
{
    v = _mm256_mullo_epi32(v, k->factors); /* = v + v << 8 + v << 16 + v << 24 */
    v = _mm256_add_epi8(v, _mm256_shuffle_epi8(v, k->carry4));
    return _mm256_add_epi8(v, _mm256_shuffle_epi8(v, k->carry8));
}

/* 16 bytes of a sequence for each lane. */
AVX2 static inline __m256i lanes(const uint8_t *first, const uint8_t *second)
{
    return _mm256_inserti128_si256(_mm256_castsi128_si256(load16(first)), load16(second), 1);
}

/* Set bits among 256: those of each nibble by a shuffle, as fast as two popcnt. */
AVX2 static inline __m256i count256(__m256i v)
{
    const __m256i counts = in_both_halves(_mm_set_epi64x(0x0403030203020201, 0x0302020102010100));
    const __m256i nibble = same(15);
    __m256i low = _mm256_shuffle_epi8(counts, _mm256_and_si256(v, nibble));
    __m256i high = _mm256_shuffle_epi8(counts, _mm256_and_si256(_mm256_srli_epi16(v, 4), nibble));
    return _mm256_sad_epu8(_mm256_add_epi8(low, high), _mm256_setzero_si256());
}

AVX2 static inline size_t sum_of(__m256i four)
{
    __m128i two = _mm_add_epi64(_mm256_castsi256_si128(four), _mm256_extracti128_si256(four, 1));
    return (size_t)(_mm_cvtsi128_si64(two) + _mm_extract_epi64(two, 1));
}

AVX2 size_t huffman_avx2_count_ones(const uint8_t *bitmap, size_t n)
{
    __m256i count = _mm256_setzero_si256();
    size_t i = 0;
    for (; i + 256 <= n; i += 256) {
        count = _mm256_add_epi64(count, count256(load32(bitmap + i / 8)));
    }
    return sum_of(count) + huffman_ssse3.count_ones(bitmap + i / 8, n - i);
}

AVX2 size_t huffman_avx2_count_both(const uint8_t *high, const uint8_t *low, size_t n)
{
    __m256i count = _mm256_setzero_si256();
    size_t i = 0;
    for (; i + 256 <= n; i += 256) {
        __m256i both = _mm256_and_si256(load32(high + i / 8), load32(low + i / 8));
        count = _mm256_add_epi64(count, count256(both));
    }
    return sum_of(count) + huffman_ssse3.count_both(high + i / 8, low + i / 8, n - i);
}

AVX2 static size_t merge_leaves(uint8_t *out, size_t n, const uint8_t *bitmap, uint8_t zero,
                                uint8_t one)
{
    const struct constants k = constants();
    const __m256i zeros = same(zero), change = same(zero ^ one);
    size_t i = 0;
    for (; i + 64 <= n; i += 64) {
        __m256i bits = everywhere(load_le64(bitmap + i / 8));
        __m256i a = mask_of(bits, k.places_a, &k), b = mask_of(bits, k.places_b, &k);
        store32(out + i, _mm256_xor_si256(zeros, _mm256_and_si256(change, a)));
        store32(out + i + 32, _mm256_xor_si256(zeros, _mm256_and_si256(change, b)));
    }
    return i;
}

/* 32 symbols of a bitmap: 1 where the bit is set, and the sums of these. */
struct ranks {
    __m256i set, sums;
};

AVX2 static inline struct ranks ranks_of(__m256i bits, __m256i places, const struct constants *k)
{
    struct ranks r;
    r.set = _mm256_min_epu8(bits_of(bits, places, k), k->one);
    r.sums = sums_of(r.set, k);
    return r;
}

/* Put each zero, or one, of its lane's sequence to its place; anything goes to the others. */
AVX2 static inline __m256i place_zeros(struct ranks r, __m256i zeros)
{
    const __m256i iota = in_both_halves(_mm_set_epi64x(0x0f0e0d0c0b0a0908, 0x0706050403020100));
    return _mm256_shuffle_epi8(zeros, _mm256_sub_epi8(iota, r.sums));
}

AVX2 static inline __m256i place_ones(struct ranks r, __m256i ones, const struct constants *k)
{
    return _mm256_shuffle_epi8(ones, _mm256_sub_epi8(r.sums, k->one));
}

/* A blend looks at the top bit of each byte alone. */
AVX2 static inline __m256i choose(struct ranks r, __m256i zeros, __m256i ones)
{
    return _mm256_blendv_epi8(zeros, ones, _mm256_slli_epi16(r.set, 7));
}

/* In the three loops that follow, before1 to before3 are the ones before lanes 1 to 3 of four. */
AVX2 static size_t merge_into_zero(uint8_t *out, size_t n, const uint8_t *bitmap, uint8_t zero,
                                   const uint8_t **ones)
{
    const struct constants k = constants();
    const __m256i zeros = same(zero);
    const uint8_t *one = *ones, *end = bitmap + n / 64 * 8;
    for (; bitmap < end; bitmap += 8, out += 64) {
        uint64_t word = load_le64(bitmap);
        size_t before1 = ones_of(word << 48), before2 = ones_of(word << 32),
               before3 = ones_of(word << 16);
        struct ranks a = ranks_of(everywhere(word), k.places_a, &k);
        struct ranks b = ranks_of(everywhere(word), k.places_b, &k);
        __m256i a_ones = lanes(one, one + before1), b_ones = lanes(one + before2, one + before3);
        store32(out, choose(a, zeros, place_ones(a, a_ones, &k)));
        store32(out + 32, choose(b, zeros, place_ones(b, b_ones, &k)));
        one += ones_of(word);
    }
    *ones = one;
    return n / 64 * 64;
}

AVX2 static size_t merge_into_one(uint8_t *out, size_t n, const uint8_t *bitmap,
                                  const uint8_t **zeros, uint8_t one)
{
    const struct constants k = constants();
    const __m256i ones = same(one);
    const uint8_t *zero = *zeros, *end = bitmap + n / 64 * 8;
    for (; bitmap < end; bitmap += 8, out += 64) {
        uint64_t word = load_le64(bitmap);
        size_t before1 = ones_of(word << 48), before2 = ones_of(word << 32),
               before3 = ones_of(word << 16);
        struct ranks a = ranks_of(everywhere(word), k.places_a, &k);
        struct ranks b = ranks_of(everywhere(word), k.places_b, &k);
        __m256i a_zeros = lanes(zero, zero + 16 - before1);
        __m256i b_zeros = lanes(zero + 32 - before2, zero + 48 - before3);
        store32(out, choose(a, place_zeros(a, a_zeros), ones));
        store32(out + 32, choose(b, place_zeros(b, b_zeros), ones));
        zero += 64 - ones_of(word);
    }
    *zeros = zero;
    return n / 64 * 64;
}

AVX2 static size_t merge_both(uint8_t *out, size_t n, const uint8_t *bitmap, const uint8_t **zeros,
                              const uint8_t **ones)
{
    const struct constants k = constants();
    const uint8_t *zero = *zeros, *one = *ones, *end = bitmap + n / 64 * 8;
    for (; bitmap < end; bitmap += 8, out += 64) {
        uint64_t word = load_le64(bitmap);
        size_t before1 = ones_of(word << 48), before2 = ones_of(word << 32),
               before3 = ones_of(word << 16), all = ones_of(word);
        struct ranks a = ranks_of(everywhere(word), k.places_a, &k);
        struct ranks b = ranks_of(everywhere(word), k.places_b, &k);
        __m256i a_zeros = lanes(zero, zero + 16 - before1);
        __m256i b_zeros = lanes(zero + 32 - before2, zero + 48 - before3);
        __m256i a_ones = lanes(one, one + before1), b_ones = lanes(one + before2, one + before3);
        store32(out, choose(a, place_zeros(a, a_zeros), place_ones(a, a_ones, &k)));
        store32(out + 32, choose(b, place_zeros(b, b_zeros), place_ones(b, b_ones, &k)));
        one += all;
        zero += 64 - all;
    }
    *zeros = zero;
    *ones = one;
    return n / 64 * 64;
}

AVX2 void huffman_avx2_merge(uint8_t *out, size_t n, const uint8_t *bitmap,
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
    huffman_ssse3.merge(out + i, n - i, bitmap + i / 8, zeros, ones);
}

/* The leaves of a quad: the second one as a change of the first. */
struct quad {
    __m256i first, change, third;
};

AVX2 static inline __m256i merge_quad32(__m256i high, __m256i low, __m256i places, __m256i rest,
                                        const struct quad *leaves, const struct constants *k)
{
    __m256i h = mask_of(high, places, k), l = mask_of(low, places, k), both;
    __m256i v = _mm256_xor_si256(leaves->first, _mm256_and_si256(l, leaves->change));
    both = _mm256_and_si256(h, l);
    v = _mm256_blendv_epi8(v, leaves->third, h);
    __m256i sums = sums_of(_mm256_and_si256(both, k->one), k);
    rest = _mm256_shuffle_epi8(rest, _mm256_sub_epi8(sums, k->one));
    return _mm256_blendv_epi8(v, rest, both);
}

AVX2 void huffman_avx2_merge_quad(uint8_t *out, size_t n, const uint8_t *high, const uint8_t *low,
                                  const uint8_t leaves[3], const uint8_t *rest)
{
    const struct constants k = constants();
    const struct quad quad = {same(leaves[0]), same(leaves[0] ^ leaves[1]), same(leaves[2])};
    const uint8_t *end = high + n / 64 * 8;
    for (; high < end; high += 8, low += 8, out += 64) {
        uint64_t h = load_le64(high), l = load_le64(low), both = h & l;
        __m256i h_bits = everywhere(h), l_bits = everywhere(l);
        __m256i a = lanes(rest, rest + ones_of(both << 48));
        __m256i b = lanes(rest + ones_of(both << 32), rest + ones_of(both << 16));
        store32(out, merge_quad32(h_bits, l_bits, k.places_a, a, &quad, &k));
        store32(out + 32, merge_quad32(h_bits, l_bits, k.places_b, b, &quad, &k));
        rest += ones_of(both);
    }
    huffman_ssse3.merge_quad(out, n % 64, high, low, leaves, rest);
}

/* 32 nibbles of 16 bytes, in order, a byte each. */
AVX2 static inline __m256i nibbles_of(const uint8_t *p)
{
    __m256i v = _mm256_cvtepu8_epi16(load16(p));
    return _mm256_and_si256(_mm256_or_si256(v, _mm256_slli_epi16(v, 4)), same(15));
}

AVX2 void huffman_avx2_unpack2(uint8_t *out, size_t n, const uint8_t *digits,
                               const uint8_t leaves[4])
{
    uint8_t low[16], high[16];
    for (unsigned j = 0; j < 16; j++) { /* the two symbols of a nibble */
        low[j] = leaves[j & 3];
        high[j] = leaves[j >> 2];
    }
    const __m256i low_leaves = in_both_halves(load16(low)),
                  high_leaves = in_both_halves(load16(high));
    size_t i = 0;
    for (; i + 64 <= n; i += 64) {
        __m256i v = nibbles_of(digits + i / 4);
        __m256i a = _mm256_shuffle_epi8(low_leaves, v), b = _mm256_shuffle_epi8(high_leaves, v);
        __m256i c = _mm256_unpacklo_epi8(a, b), d = _mm256_unpackhi_epi8(a, b);
        store32(out + i, _mm256_permute2x128_si256(c, d, 0x20));
        store32(out + i + 32, _mm256_permute2x128_si256(c, d, 0x31));
    }
    huffman_ssse3.unpack2(out + i, n - i, digits + i / 4, leaves);
}

/* 32 digits of 2 bits in 8 bytes, a byte each. */
AVX2 static inline __m256i quarters_of(const uint8_t *p)
{
    __m256i v = _mm256_cvtepu8_epi32(load8(p));
    v = _mm256_or_si256(v, _mm256_slli_epi32(v, 6));
    v = _mm256_or_si256(v, _mm256_slli_epi32(v, 12));
    return _mm256_and_si256(v, same(3));
}

AVX2 void huffman_avx2_unpack3(uint8_t *out, size_t n, const uint8_t *digits,
                               const uint8_t leaves[8])
{
    const struct constants k = constants();
    const uint8_t *bitmap = digits + row_size(n, 2);
    const __m256i all = in_both_halves(load8(leaves)), four = same(4);
    size_t i = 0;
    for (; i + 64 <= n; i += 64) {
        __m256i bits = everywhere(load_le64(bitmap + i / 8));
        __m256i a = _mm256_and_si256(mask_of(bits, k.places_a, &k), four);
        __m256i b = _mm256_and_si256(mask_of(bits, k.places_b, &k), four);
        a = _mm256_or_si256(a, quarters_of(digits + i / 4));
        b = _mm256_or_si256(b, quarters_of(digits + i / 4 + 8));
        store32(out + i, _mm256_shuffle_epi8(all, a));
        store32(out + i + 32, _mm256_shuffle_epi8(all, b));
    }
    for (; i < n; i++) { /* the rows of another path would lie elsewhere */
        unsigned third = bitmap[i / 8] >> i % 8 & 1u;
        out[i] = leaves[(digits[i / 4] >> i % 4 * 2 & 3u) | third << 2];
    }
}

AVX2 void huffman_avx2_unpack4(uint8_t *out, size_t n, const uint8_t *digits,
                               const uint8_t leaves[16])
{
    const __m256i all = in_both_halves(load16(leaves));
    size_t i = 0;
    for (; i + 32 <= n; i += 32) {
        store32(out + i, _mm256_shuffle_epi8(all, nibbles_of(digits + i / 2)));
    }
    huffman_ssse3.unpack4(out + i, n - i, digits + i / 2, leaves);
}

#endif
