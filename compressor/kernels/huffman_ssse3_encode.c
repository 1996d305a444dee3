/* The SSSE3 path's encoder: see huffman_ssse3.h. */
#include "huffman_ssse3.h"

#if HUFFMAN_HAVE_SSSE3

#define HUFFMAN_TABLES_SPLIT
#include "huffman_tables.h"

#define MAP_ROWS_MAX 10u /* rows of 16 symbols; more are slower than looking up each byte */

/* One shuffle maps the 16 symbols of a row; others, whose offset from it is 16 or more, are kept
 * out by a control above 127. */
SSSE3 static void ssse3_map(uint8_t *out, const uint8_t *in, size_t n, const uint8_t map[256],
                            uint32_t rows)
{
    __m128i start[MAP_ROWS_MAX], to[MAP_ROWS_MAX];
    const __m128i beyond = same(0x70);
    unsigned count = 0;
    size_t i = 0;
    if (ones_of(rows) <= MAP_ROWS_MAX) {
        for (unsigned row = 0; row < 16; row++) {
            if (rows >> row & 1) {
                start[count] = same((uint8_t)(row * 16));
                to[count++] = load16(map + row * 16);
            }
        }
        for (; i + 16 <= n; i += 16) {
            __m128i v = load16(in + i), mapped = _mm_setzero_si128();
            for (unsigned k = 0; k < count; k++) {
                __m128i control = _mm_adds_epu8(_mm_xor_si128(v, start[k]), beyond);
                mapped = _mm_or_si128(mapped, _mm_shuffle_epi8(to[k], control));
            }
            store16(out + i, mapped);
        }
    }
    huffman_portable.map(out + i, in + i, n - i, map, rows);
}

/* Bit i says whether byte i >= the byte of limit, unsigned. */
SSSE3 static inline unsigned not_below(__m128i v, __m128i limit)
{
    return (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_max_epu8(v, limit), v));
}

SSSE3 static inline __m128i apart(__m128i v, unsigned mask)
{
    return _mm_shuffle_epi8(v, _mm_load_si128((const __m128i *)(const void *)huffman_splits[mask]));
}

/* Both sides are kept. */
SSSE3 static size_t split_both(uint8_t *bitmap, uint8_t **zeros, uint8_t **ones, const uint8_t *in,
                               size_t n, __m128i limit)
{
    uint8_t *zero = *zeros, *one = *ones;
    size_t i = 0;
    for (; i + 16 <= n; i += 16) {
        __m128i v = load16(in + i);
        unsigned mask = not_below(v, limit), first = mask & 255, second = mask >> 8;
        __m128i x = apart(v, first), y = apart(_mm_unpackhi_epi64(v, v), second);
        size_t first_ones = ones_of(first), all_ones = ones_of(mask);
        store_le16(bitmap + i / 8, mask);
        store_low8(zero, x);
        store_low8(zero + 8 - first_ones, y);
        store_high8(one, x);
        store_high8(one + first_ones, y);
        zero += 16 - all_ones;
        one += all_ones;
    }
    *zeros = zero;
    *ones = one;
    return i;
}

/* One side is kept, and treated as the zeros: flip changes the bits to that. */
SSSE3 static size_t split_one(uint8_t *bitmap, uint8_t **kept, const uint8_t *in, size_t n,
                              __m128i limit, unsigned flip)
{
    uint8_t *zero = *kept;
    size_t i = 0;
    for (; i + 16 <= n; i += 16) {
        __m128i v = load16(in + i);
        unsigned mask = not_below(v, limit), drop = mask ^ flip, first = drop & 255;
        store_le16(bitmap + i / 8, mask);
        store_low8(zero, apart(v, first));
        store_low8(zero + 8 - ones_of(first), apart(_mm_unpackhi_epi64(v, v), drop >> 8));
        zero += 16 - ones_of(drop);
    }
    *kept = zero;
    return i;
}

SSSE3 static size_t split_none(uint8_t *bitmap, const uint8_t *in, size_t n, __m128i limit)
{
    size_t i = 0;
    for (; i + 16 <= n; i += 16) {
        store_le16(bitmap + i / 8, not_below(load16(in + i), limit));
    }
    return i;
}

SSSE3 static void ssse3_split(uint8_t *bitmap, uint8_t *zeros, uint8_t *ones, const uint8_t *in,
                              size_t n, uint8_t middle)
{
    const __m128i limit = same(middle);
    size_t i;
    if (zeros && ones) {
        i = split_both(bitmap, &zeros, &ones, in, n, limit);
    } else if (zeros) {
        i = split_one(bitmap, &zeros, in, n, limit, 0);
    } else if (ones) {
        i = split_one(bitmap, &ones, in, n, limit, 0xFFFF);
    } else {
        i = split_none(bitmap, in, n, limit);
    }
    huffman_portable.split(bitmap + i / 8, zeros, ones, in + i, n - i, middle);
}

SSSE3 static void ssse3_split_quad(uint8_t *high, uint8_t *low, uint8_t *rest, const uint8_t *in,
                                   size_t n, uint8_t first)
{
    const __m128i second = same((uint8_t)(first + 1)), third = same((uint8_t)(first + 2)),
                  fourth = same((uint8_t)(first + 3));
    size_t i = 0;
    for (; i + 16 <= n; i += 16) {
        __m128i v = load16(in + i);
        unsigned h = not_below(v, third), both = not_below(v, fourth);
        unsigned l = both | (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(v, second));
        store_le16(high + i / 8, h);
        store_le16(low + i / 8, l);
        store_high8(rest, apart(v, both & 255));
        store_high8(rest + ones_of(both & 255), apart(_mm_unpackhi_epi64(v, v), both >> 8));
        rest += ones_of(both);
    }
    huffman_portable.split_quad(high + i / 8, low + i / 8, rest, in + i, n - i, first);
}

/* Put 16 digits of 4 bits into 8 bytes: each pair is low + 16 * high. */
SSSE3 static inline __m128i pack_nibbles(__m128i digits)
{
    __m128i pairs = _mm_maddubs_epi16(digits, _mm_set1_epi16(0x1001));
    return _mm_packus_epi16(pairs, pairs);
}

/* Put 16 digits of 2 bits into 4 bytes: pairs are low + 4 * high, then again by 16. */
SSSE3 static inline uint32_t pack_quarters(__m128i digits)
{
    __m128i pairs = _mm_maddubs_epi16(digits, _mm_set1_epi16(0x0401));
    __m128i fours = _mm_madd_epi16(pairs, _mm_set1_epi32(0x00100001));
    fours = _mm_packs_epi32(fours, fours);
    return (uint32_t)_mm_cvtsi128_si32(_mm_packus_epi16(fours, fours));
}

SSSE3 static void ssse3_pack2(uint8_t *digits, const uint8_t *in, size_t n, uint8_t first)
{
    const __m128i start = same(first);
    size_t i = 0;
    for (; i + 16 <= n; i += 16) {
        store_le32(digits + i / 4, pack_quarters(_mm_sub_epi8(load16(in + i), start)));
    }
    huffman_portable.pack2(digits + i / 4, in + i, n - i, first);
}

SSSE3 static void ssse3_pack3(uint8_t *digits, const uint8_t *in, size_t n, uint8_t first)
{
    const __m128i start = same(first), low = same(3);
    size_t i = 0;
    for (; i + 16 <= n; i += 16) {
        __m128i v = _mm_and_si128(_mm_sub_epi8(load16(in + i), start), low);
        store_le32(digits + i / 4, pack_quarters(v));
    }
    /* Only the two low bits of a digit count here, as in this row. */
    huffman_portable.pack2(digits + i / 4, in + i, n - i, first);
    ssse3_split(digits + row_size(n, 2), NULL, NULL, in, n, (uint8_t)(first + 4));
}

SSSE3 static void ssse3_pack4(uint8_t *digits, const uint8_t *in, size_t n, uint8_t first)
{
    const __m128i start = same(first);
    size_t i = 0;
    for (; i + 16 <= n; i += 16) {
        store_low8(digits + i / 2, pack_nibbles(_mm_sub_epi8(load16(in + i), start)));
    }
    huffman_portable.pack4(digits + i / 2, in + i, n - i, first);
}

const struct huffman_path huffman_ssse3 = {
    .name = "ssse3",
    .count_ones = huffman_ssse3_count_ones,
    .count_both = huffman_ssse3_count_both,
    .merge = huffman_ssse3_merge,
    .merge_quad = huffman_ssse3_merge_quad,
    .unpack2 = huffman_ssse3_unpack2,
    .unpack3 = huffman_ssse3_unpack3,
    .unpack4 = huffman_ssse3_unpack4,
    .map = ssse3_map,
    .split = ssse3_split,
    .split_quad = ssse3_split_quad,
    .pack2 = ssse3_pack2,
    .pack3 = ssse3_pack3,
    .pack4 = ssse3_pack4,
};

#endif
