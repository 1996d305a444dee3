/* The AVX2 path's encoder: see huffman_avx2.h. */
#include "huffman_avx2.h"

#if HUFFMAN_HAVE_AVX2

#define HUFFMAN_TABLES_SPLIT
#include "huffman_tables.h"

/* Each symbol of interest is compared with 32 bytes at once, in sums of one byte each, which are
 * good for 255 turns. Other symbols are counted one by one. */
AVX2 static size_t count_turns(uint32_t counts[256], const uint8_t *in, size_t turn_count,
                               uint8_t first)
{
    __m256i sums[HUFFMAN_NEAR], symbols[HUFFMAN_NEAR];
    const __m256i last = same(HUFFMAN_NEAR - 1);
    for (unsigned k = 0; k < HUFFMAN_NEAR; k++) {
        sums[k] = _mm256_setzero_si256();
        symbols[k] = same((uint8_t)k);
    }
    for (size_t turn = 0; turn < turn_count; turn++) {
        __m256i v = _mm256_sub_epi8(load32(in + 32 * turn), same(first));
        uint32_t others =
            ~(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(_mm256_min_epu8(v, last), v));
#pragma GCC unroll 12
        for (unsigned k = 0; k < HUFFMAN_NEAR; k++) {
            sums[k] = _mm256_sub_epi8(sums[k], _mm256_cmpeq_epi8(v, symbols[k]));
        }
        for (; others; others &= others - 1) {
            counts[in[32 * turn + (unsigned)__builtin_ctz(others)]]++;
        }
    }
    for (unsigned k = 0; k < HUFFMAN_NEAR; k++) {
        __m256i four = _mm256_sad_epu8(sums[k], _mm256_setzero_si256());
        counts[first + k] +=
            (uint32_t)(_mm256_extract_epi64(four, 0) + _mm256_extract_epi64(four, 1) +
                       _mm256_extract_epi64(four, 2) + _mm256_extract_epi64(four, 3));
    }
    return 32 * turn_count;
}

AVX2 void huffman_avx2_count_near(uint32_t counts[256], const uint8_t *in, size_t n, uint8_t first)
{
    size_t i = 0;
    for (unsigned s = 0; s < 256; s++) {
        counts[s] = 0;
    }
    while (n - i >= 32) {
        size_t turn_count = (n - i) / 32;
        i += count_turns(counts, in + i, turn_count < 255 ? turn_count : 255, first);
    }
    for (; i < n; i++) {
        counts[in[i]]++;
    }
}

/* One shuffle maps the 16 symbols of a row; others, whose offset from it is 16 or more, are kept
 * out by a control above 127. Even 16 rows take less than looking up each byte. */
AVX2 static void avx2_map(uint8_t *out, const uint8_t *in, size_t n, const uint8_t map[256],
                          uint32_t rows)
{
    __m256i start[16], to[16];
    const __m256i beyond = same(0x70);
    unsigned count = 0;
    size_t i = 0;
    for (unsigned row = 0; row < 16; row++) {
        if (rows >> row & 1) {
            start[count] = same((uint8_t)(row * 16));
            to[count++] = in_both_halves(load16(map + row * 16));
        }
    }
    for (; i + 32 <= n; i += 32) {
        __m256i v = load32(in + i), mapped = _mm256_setzero_si256();
        for (unsigned k = 0; k < count; k++) {
            __m256i control = _mm256_adds_epu8(_mm256_xor_si256(v, start[k]), beyond);
            mapped = _mm256_or_si256(mapped, _mm256_shuffle_epi8(to[k], control));
        }
        store32(out + i, mapped);
    }
    huffman_portable.map(out + i, in + i, n - i, map, rows);
}

/* Bit i is the top bit of byte i. */
AVX2 static inline uint32_t top_bits(__m256i v)
{
    return (uint32_t)_mm256_movemask_epi8(v);
}

/* Bit i says whether byte i >= the byte of limit, unsigned. */
AVX2 static inline uint32_t not_below(__m256i v, __m256i limit)
{
    return top_bits(_mm256_cmpeq_epi8(_mm256_max_epu8(v, limit), v));
}

/* 8 symbols, of which the mask says where they belong: zeros go to the low half, ones to the high
 * one. */
AVX2 static inline __m128i apart(const uint8_t *in, size_t mask)
{
    return _mm_shuffle_epi8(load8(in),
                            _mm_load_si128((const __m128i *)(const void *)huffman_splits[mask]));
}

AVX2 static inline void store_high8(uint8_t *p, __m128i v)
{
    _mm_storeh_pi((__m64 *)(void *)p, _mm_castsi128_ps(v));
}

/* zero and one stand where the symbols before in + i went. */
#define SPLIT_BOTH(k)                                                                              \
    do {                                                                                           \
        size_t byte = mask >> (k) & 255, count = ones_of(byte);                                    \
        __m128i v = apart(in + i + (k), byte);                                                     \
        store8(zero + (k), v);                                                                     \
        store_high8(one, v);                                                                       \
        zero -= count;                                                                             \
        one += count;                                                                              \
    } while (0)

#define SPLIT_ONE(k)                                                                               \
    do {                                                                                           \
        size_t byte = drop >> (k) & 255;                                                           \
        store8(zero + (k), apart(in + i + (k), byte));                                             \
        zero -= ones_of(byte);                                                                     \
    } while (0)

AVX2 static size_t split_both(uint8_t *bitmap, uint8_t **zeros, uint8_t **ones, const uint8_t *in,
                              size_t n, __m256i limit)
{
    uint8_t *zero = *zeros, *one = *ones;
    size_t i = 0;
    for (; i + 32 <= n; i += 32) {
        uint32_t mask = not_below(load32(in + i), limit);
        store_le32(bitmap + i / 8, mask);
        SPLIT_BOTH(0);
        SPLIT_BOTH(8);
        SPLIT_BOTH(16);
        SPLIT_BOTH(24);
        zero += 32;
    }
    *zeros = zero;
    *ones = one;
    return i;
}

/* One side is kept, and treated as the zeros: flip changes the bits to that. */
AVX2 static size_t split_one(uint8_t *bitmap, uint8_t **kept, const uint8_t *in, size_t n,
                             __m256i limit, uint32_t flip)
{
    uint8_t *zero = *kept;
    size_t i = 0;
    for (; i + 32 <= n; i += 32) {
        uint32_t mask = not_below(load32(in + i), limit), drop = mask ^ flip;
        store_le32(bitmap + i / 8, mask);
        SPLIT_ONE(0);
        SPLIT_ONE(8);
        SPLIT_ONE(16);
        SPLIT_ONE(24);
        zero += 32;
    }
    *kept = zero;
    return i;
}

AVX2 static size_t split_none(uint8_t *bitmap, const uint8_t *in, size_t n, __m256i limit)
{
    size_t i = 0;
    for (; i + 32 <= n; i += 32) {
        store_le32(bitmap + i / 8, not_below(load32(in + i), limit));
    }
    return i;
}

AVX2 static void avx2_split(uint8_t *bitmap, uint8_t *zeros, uint8_t *ones, const uint8_t *in,
                            size_t n, uint8_t middle)
{
    const __m256i limit = same(middle);
    size_t i;
    if (zeros && ones) {
        i = split_both(bitmap, &zeros, &ones, in, n, limit);
    } else if (zeros) {
        i = split_one(bitmap, &zeros, in, n, limit, 0);
    } else if (ones) {
        i = split_one(bitmap, &ones, in, n, limit, UINT32_MAX);
    } else {
        i = split_none(bitmap, in, n, limit);
    }
    huffman_portable.split(bitmap + i / 8, zeros, ones, in + i, n - i, middle);
}

#define SPLIT_REST(k)                                                                              \
    do {                                                                                           \
        size_t byte = both >> (k) & 255;                                                           \
        store_high8(rest, apart(in + i + (k), byte));                                              \
        rest += ones_of(byte);                                                                     \
    } while (0)

AVX2 static void avx2_split_quad(uint8_t *high, uint8_t *low, uint8_t *rest, const uint8_t *in,
                                 size_t n, uint8_t first)
{
    const __m256i second = same((uint8_t)(first + 1)), third = same((uint8_t)(first + 2)),
                  fourth = same((uint8_t)(first + 3));
    size_t i = 0;
    for (; i + 32 <= n; i += 32) {
        __m256i v = load32(in + i);
        uint32_t both = not_below(v, fourth);
        store_le32(high + i / 8, not_below(v, third));
        store_le32(low + i / 8, both | top_bits(_mm256_cmpeq_epi8(v, second)));
        SPLIT_REST(0);
        SPLIT_REST(8);
        SPLIT_REST(16);
        SPLIT_REST(24);
    }
    huffman_portable.split_quad(high + i / 8, low + i / 8, rest, in + i, n - i, first);
}

/* Put 32 digits of 4 bits into 16 bytes: each pair is low + 16 * high. */
AVX2 static inline __m128i pack_nibbles(__m256i digits)
{
    __m256i pairs = _mm256_maddubs_epi16(digits, _mm256_set1_epi16(0x1001));
    return _mm_packus_epi16(_mm256_castsi256_si128(pairs), _mm256_extracti128_si256(pairs, 1));
}

/* Put 32 digits of 2 bits into 8 bytes: pairs are low + 4 * high, then again by 16. */
AVX2 static inline __m128i pack_quarters(__m256i digits)
{
    __m256i pairs = _mm256_maddubs_epi16(digits, _mm256_set1_epi16(0x0401));
    __m256i fours = _mm256_madd_epi16(pairs, _mm256_set1_epi32(0x00100001));
    __m128i words =
        _mm_packs_epi32(_mm256_castsi256_si128(fours), _mm256_extracti128_si256(fours, 1));
    return _mm_packus_epi16(words, words);
}

AVX2 static void avx2_pack2(uint8_t *digits, const uint8_t *in, size_t n, uint8_t first)
{
    const __m256i start = same(first);
    size_t i = 0;
    for (; i + 32 <= n; i += 32) {
        store8(digits + i / 4, pack_quarters(_mm256_sub_epi8(load32(in + i), start)));
    }
    huffman_portable.pack2(digits + i / 4, in + i, n - i, first);
}

AVX2 static void avx2_pack3(uint8_t *digits, const uint8_t *in, size_t n, uint8_t first)
{
    const __m256i start = same(first), low = same(3);
    size_t i = 0;
    for (; i + 32 <= n; i += 32) {
        __m256i v = _mm256_and_si256(_mm256_sub_epi8(load32(in + i), start), low);
        store8(digits + i / 4, pack_quarters(v));
    }
    /* Only the two low bits of a digit count here, as in this row. */
    huffman_portable.pack2(digits + i / 4, in + i, n - i, first);
    avx2_split(digits + row_size(n, 2), NULL, NULL, in, n, (uint8_t)(first + 4));
}

AVX2 static void avx2_pack4(uint8_t *digits, const uint8_t *in, size_t n, uint8_t first)
{
    const __m256i start = same(first);
    size_t i = 0;
    for (; i + 32 <= n; i += 32) {
        store16(digits + i / 2, pack_nibbles(_mm256_sub_epi8(load32(in + i), start)));
    }
    huffman_portable.pack4(digits + i / 2, in + i, n - i, first);
}

const struct huffman_path huffman_avx2 = {
    .name = "avx2",
    .count_ones = huffman_avx2_count_ones,
    .count_both = huffman_avx2_count_both,
    .merge = huffman_avx2_merge,
    .merge_quad = huffman_avx2_merge_quad,
    .unpack2 = huffman_avx2_unpack2,
    .unpack3 = huffman_avx2_unpack3,
    .unpack4 = huffman_avx2_unpack4,
    .count_near = huffman_avx2_count_near,
    .map = avx2_map,
    .split = avx2_split,
    .split_quad = avx2_split_quad,
    .pack2 = avx2_pack2,
    .pack3 = avx2_pack3,
    .pack4 = avx2_pack4,
};

#endif
