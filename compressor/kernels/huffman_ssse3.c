/* The inner loops for x86 with SSSE3 (pshufb) and popcnt: 16 symbols or more a turn, by shuffles of
 * 8 whose control is looked up by a byte of the bitmap. What a loop leaves goes to kernel 0.
 *
 * Bounds: a loop that turns while i + 16 <= n touches 16 symbols at i and two bytes of each bitmap
 * there. Sequences taken from or put to may be touched 8 bytes beyond (HUFFMAN_SLACK). */
#include "huffman_path.h"
#include "huffman_bits.h"

#if HUFFMAN_HAVE_SSSE3
#include <immintrin.h>

#define HUFFMAN_TABLES_SSSE3
#include "huffman_tables.h"

#define SSSE3 __attribute__((target("ssse3,popcnt")))

_Static_assert(HUFFMAN_SLACK >= 8, "sequences are read and written by 8 bytes");

SSSE3 static inline __m128i load8(const void *p)
{
    return _mm_loadl_epi64((const __m128i *)p);
}

SSSE3 static inline __m128i load16(const void *p)
{
    return _mm_loadu_si128((const __m128i *)p);
}

SSSE3 static inline void store16(uint8_t *p, __m128i v)
{
    _mm_storeu_si128((__m128i *)p, v);
}

SSSE3 static inline void store_low8(uint8_t *p, __m128i v)
{
    _mm_storel_epi64((__m128i *)p, v);
}

SSSE3 static inline void store_high8(uint8_t *p, __m128i v)
{
    _mm_storeh_pd((double *)p, _mm_castsi128_pd(v));
}

/* 8 bytes from low and 8 from high, in one register. */
SSSE3 static inline __m128i load8_8(__m128i low, const uint8_t *high)
{
    return _mm_castps_si128(_mm_loadh_pi(_mm_castsi128_ps(low), (const __m64 *)high));
}

SSSE3 static inline __m128i same(uint8_t v)
{
    return _mm_set1_epi8((char)v);
}

SSSE3 static inline unsigned ones_of(unsigned mask)
{
    return (unsigned)_mm_popcnt_u32(mask);
}

/* Byte i is 0xff where bit i of 16 bits is set. */
SSSE3 static inline __m128i spread16(unsigned bits)
{
    const __m128i halves = _mm_set_epi64x(0x0101010101010101, 0);
    const __m128i bit = _mm_set1_epi64x((long long)0x8040201008040201u);
    __m128i v = _mm_shuffle_epi8(_mm_cvtsi32_si128((int)bits), halves);
    return _mm_cmpeq_epi8(_mm_and_si128(v, bit), bit);
}

/* ---- decoding ---- */

SSSE3 static size_t ssse3_count_ones(const uint8_t *bitmap, size_t n)
{
    size_t count = 0, i = 0;
    for (; i + 64 <= n; i += 64) {
        uint64_t v = load_le64(bitmap + i / 8);
        count += ones_of((unsigned)v) + ones_of((unsigned)(v >> 32));
    }
    return count + huffman_portable.count_ones(bitmap + i / 8, n - i);
}

SSSE3 static size_t ssse3_count_both(const uint8_t *high, const uint8_t *low, size_t n)
{
    size_t count = 0, i = 0;
    for (; i + 64 <= n; i += 64) {
        uint64_t v = load_le64(high + i / 8) & load_le64(low + i / 8);
        count += ones_of((unsigned)v) + ones_of((unsigned)(v >> 32));
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

/* Merge 8 symbols; ones may be a leaf's. */
SSSE3 static inline void merge8(uint8_t *out, __m128i both, unsigned mask)
{
    store_low8(out, _mm_shuffle_epi8(both, load8(&huffman_merges[mask])));
}

SSSE3 static size_t merge_into_zero(uint8_t *out, size_t n, const uint8_t *bitmap, uint8_t zero,
                                    const uint8_t **ones)
{
    const __m128i zeros = same(zero);
    const uint8_t *one = *ones;
    size_t i = 0;
    for (; i + 16 <= n; i += 16) {
        unsigned first = bitmap[i / 8], second = bitmap[i / 8 + 1];
        merge8(out + i, load8_8(zeros, one), first);
        one += ones_of(first);
        merge8(out + i + 8, load8_8(zeros, one), second);
        one += ones_of(second);
    }
    *ones = one;
    return i;
}

SSSE3 static size_t merge_into_one(uint8_t *out, size_t n, const uint8_t *bitmap,
                                   const uint8_t **zeros, uint8_t one)
{
    const __m128i ones = same(one);
    const uint8_t *zero = *zeros;
    size_t i = 0;
    for (; i + 16 <= n; i += 16) {
        unsigned first = bitmap[i / 8], second = bitmap[i / 8 + 1];
        merge8(out + i, _mm_unpacklo_epi64(load8(zero), ones), first);
        zero += 8 - ones_of(first);
        merge8(out + i + 8, _mm_unpacklo_epi64(load8(zero), ones), second);
        zero += 8 - ones_of(second);
    }
    *zeros = zero;
    return i;
}

SSSE3 static size_t merge_both(uint8_t *out, size_t n, const uint8_t *bitmap, const uint8_t **zeros,
                               const uint8_t **ones)
{
    const uint8_t *zero = *zeros, *one = *ones;
    size_t i = 0;
    for (; i + 16 <= n; i += 16) {
        unsigned first = bitmap[i / 8], second = bitmap[i / 8 + 1];
        unsigned first_ones = ones_of(first), second_ones = ones_of(second);
        merge8(out + i, load8_8(load8(zero), one), first);
        one += first_ones;
        zero += 8 - first_ones;
        merge8(out + i + 8, load8_8(load8(zero), one), second);
        one += second_ones;
        zero += 8 - second_ones;
    }
    *zeros = zero;
    *ones = one;
    return i;
}

SSSE3 static void ssse3_merge(uint8_t *out, size_t n, const uint8_t *bitmap,
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

SSSE3 static void ssse3_merge_quad(uint8_t *out, size_t n, const uint8_t *high, const uint8_t *low,
                                   const uint8_t leaves[3], const uint8_t *rest)
{
    const __m128i zero = _mm_setzero_si128(), first = same(leaves[0]),
                  change = same(leaves[0] ^ leaves[1]), third = same(leaves[2]);
    size_t i = 0;
    for (; i + 16 <= n; i += 16) {
        unsigned h = load_le16(high + i / 8), l = load_le16(low + i / 8), both = h & l;
        __m128i high_mask = spread16(h), low_mask = spread16(l);
        __m128i v = _mm_xor_si128(first, _mm_and_si128(low_mask, change));
        __m128i w = _mm_andnot_si128(low_mask, _mm_and_si128(high_mask, third));
        v = _mm_or_si128(_mm_andnot_si128(high_mask, v), w);
        __m128i x = _mm_shuffle_epi8(load8_8(zero, rest), load8(&huffman_merges[both & 255]));
        rest += ones_of(both & 255);
        __m128i y = _mm_shuffle_epi8(load8_8(zero, rest), load8(&huffman_merges[both >> 8]));
        rest += ones_of(both >> 8);
        store16(out + i, _mm_or_si128(v, _mm_unpacklo_epi64(x, y)));
    }
    huffman_portable.merge_quad(out + i, n - i, high + i / 8, low + i / 8, leaves, rest);
}

/* 16 nibbles of 8 bytes, in order, a byte each. */
SSSE3 static inline __m128i nibbles_of(__m128i v)
{
    const __m128i nibble = same(15);
    return _mm_unpacklo_epi8(_mm_and_si128(v, nibble), _mm_and_si128(_mm_srli_epi16(v, 4), nibble));
}

SSSE3 static void ssse3_unpack2(uint8_t *out, size_t n, const uint8_t *digits,
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

SSSE3 static void ssse3_unpack3(uint8_t *out, size_t n, const uint8_t *digits,
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

SSSE3 static void ssse3_unpack4(uint8_t *out, size_t n, const uint8_t *digits,
                                const uint8_t leaves[16])
{
    const __m128i all = load16(leaves);
    size_t i = 0;
    for (; i + 16 <= n; i += 16) {
        store16(out + i, _mm_shuffle_epi8(all, nibbles_of(load8(digits + i / 2))));
    }
    huffman_portable.unpack4(out + i, n - i, digits + i / 2, leaves);
}

/* ---- encoding ---- */

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

SSSE3 static void ssse3_split(uint8_t *bitmap, uint8_t *zeros, uint8_t *ones, const uint8_t *in,
                              size_t n, uint8_t middle)
{
    const __m128i limit = same(middle);
    size_t i = 0;
    if (zeros && ones) {
        for (; i + 16 <= n; i += 16) {
            __m128i v = load16(in + i);
            unsigned mask = not_below(v, limit), first = mask & 255, second = mask >> 8;
            __m128i x = apart(v, first), y = apart(_mm_unpackhi_epi64(v, v), second);
            unsigned first_ones = ones_of(first), second_ones = ones_of(second);
            bitmap[i / 8] = (uint8_t)first;
            bitmap[i / 8 + 1] = (uint8_t)second;
            store_low8(zeros, x);
            store_high8(ones, x);
            zeros += 8 - first_ones;
            ones += first_ones;
            store_low8(zeros, y);
            store_high8(ones, y);
            zeros += 8 - second_ones;
            ones += second_ones;
        }
    } else if (zeros || ones) {
        const unsigned flip = zeros ? 0xFFFF : 0;
        uint8_t *kept = zeros ? zeros : ones;
        for (; i + 16 <= n; i += 16) {
            __m128i v = load16(in + i);
            unsigned mask = not_below(v, limit), keep = mask ^ flip;
            bitmap[i / 8] = (uint8_t)mask;
            bitmap[i / 8 + 1] = (uint8_t)(mask >> 8);
            store_high8(kept, apart(v, keep & 255));
            kept += ones_of(keep & 255);
            store_high8(kept, apart(_mm_unpackhi_epi64(v, v), keep >> 8));
            kept += ones_of(keep >> 8);
        }
        zeros = zeros ? kept : NULL;
        ones = ones ? kept : NULL;
    } else {
        for (; i + 16 <= n; i += 16) {
            unsigned mask = not_below(load16(in + i), limit);
            bitmap[i / 8] = (uint8_t)mask;
            bitmap[i / 8 + 1] = (uint8_t)(mask >> 8);
        }
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
        high[i / 8] = (uint8_t)h;
        high[i / 8 + 1] = (uint8_t)(h >> 8);
        low[i / 8] = (uint8_t)l;
        low[i / 8 + 1] = (uint8_t)(l >> 8);
        store_high8(rest, apart(v, both & 255));
        rest += ones_of(both & 255);
        store_high8(rest, apart(_mm_unpackhi_epi64(v, v), both >> 8));
        rest += ones_of(both >> 8);
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

static inline void store_le32(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
    p[2] = (uint8_t)(v >> 16);
    p[3] = (uint8_t)(v >> 24);
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
    .count_ones = ssse3_count_ones,
    .count_both = ssse3_count_both,
    .merge = ssse3_merge,
    .merge_quad = ssse3_merge_quad,
    .unpack2 = ssse3_unpack2,
    .unpack3 = ssse3_unpack3,
    .unpack4 = ssse3_unpack4,
    .map = ssse3_map,
    .split = ssse3_split,
    .split_quad = ssse3_split_quad,
    .pack2 = ssse3_pack2,
    .pack3 = ssse3_pack3,
    .pack4 = ssse3_pack4,
};

#endif
