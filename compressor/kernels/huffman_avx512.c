/* The AVX-512 path: 64 symbols a turn. Expanding and compressing bytes under a mask, which VBMI2
 * brings, are merging and splitting as the format has them; the other paths imitate these. What a
 * loop leaves goes to the AVX2 path. tests/kernels/emulate_avx512.sh runs it where no processor
 * does.
 *
 * Bounds: a loop that turns while i + 64 <= n touches 64 symbols at i and 8 bytes of each bitmap
 * there. Sequences taken from or put to may be touched 64 bytes beyond (HUFFMAN_SLACK). */
#include "huffman_path.h"
#include "huffman_bits.h"

#if HUFFMAN_HAVE_AVX512

#include <immintrin.h>

#define AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512vbmi,avx512vbmi2,popcnt")))

_Static_assert(HUFFMAN_SLACK >= 64, "sequences are read and written by 64 bytes");

AVX512 static inline __m512i load64(const uint8_t *p)
{
    return _mm512_loadu_si512((const void *)p);
}

AVX512 static inline void store64(uint8_t *p, __m512i v)
{
    _mm512_storeu_si512((void *)p, v);
}

AVX512 static inline __m512i same(uint8_t v)
{
    return _mm512_set1_epi8((char)v);
}

AVX512 static inline size_t ones_of(uint64_t v)
{
    return (size_t)_mm_popcnt_u64(v);
}

/* ---- decoding ---- */

static size_t avx512_count_ones(const uint8_t *bitmap, size_t n)
{
    return huffman_avx2.count_ones(bitmap, n);
}

static size_t avx512_count_both(const uint8_t *high, const uint8_t *low, size_t n)
{
    return huffman_avx2.count_both(high, low, n);
}

/* The next symbols of a sequence. They are kept in a register: where an expansion reads memory
 * itself, the emulator on which this path was proven gives zeros, and it is no faster. */
AVX512 static inline __m512i next_of(const uint8_t *sequence)
{
    __m512i v = load64(sequence);
    __asm__("" : "+v"(v));
    return v;
}

AVX512 static void avx512_merge(uint8_t *out, size_t n, const uint8_t *bitmap,
                                struct huffman_side zeros, struct huffman_side ones)
{
    const __m512i zero = same(zeros.leaf), one = same(ones.leaf);
    size_t i = 0;
    if (zeros.sequence && ones.sequence) {
        for (; i + 64 <= n; i += 64) {
            uint64_t mask = load_le64(bitmap + i / 8), count = ones_of(mask);
            __m512i v = _mm512_maskz_expand_epi8(mask, next_of(ones.sequence));
            store64(out + i, _mm512_mask_expand_epi8(v, ~mask, next_of(zeros.sequence)));
            ones.sequence += count;
            zeros.sequence += 64 - count;
        }
    } else if (ones.sequence) {
        for (; i + 64 <= n; i += 64) {
            uint64_t mask = load_le64(bitmap + i / 8);
            store64(out + i, _mm512_mask_expand_epi8(zero, mask, next_of(ones.sequence)));
            ones.sequence += ones_of(mask);
        }
    } else if (zeros.sequence) {
        for (; i + 64 <= n; i += 64) {
            uint64_t mask = ~load_le64(bitmap + i / 8);
            store64(out + i, _mm512_mask_expand_epi8(one, mask, next_of(zeros.sequence)));
            zeros.sequence += ones_of(mask);
        }
    } else {
        for (; i + 64 <= n; i += 64) {
            store64(out + i, _mm512_mask_mov_epi8(zero, load_le64(bitmap + i / 8), one));
        }
    }
    huffman_avx2.merge(out + i, n - i, bitmap + i / 8, zeros, ones);
}

AVX512 static void avx512_merge_quad(uint8_t *out, size_t n, const uint8_t *high,
                                     const uint8_t *low, const uint8_t leaves[3],
                                     const uint8_t *rest)
{
    const __m512i first = same(leaves[0]), second = same(leaves[1]), third = same(leaves[2]);
    size_t i = 0;
    for (; i + 64 <= n; i += 64) {
        uint64_t h = load_le64(high + i / 8), l = load_le64(low + i / 8);
        __m512i v = _mm512_mask_mov_epi8(_mm512_mask_mov_epi8(first, l, second), h, third);
        store64(out + i, _mm512_mask_expand_epi8(v, h & l, next_of(rest)));
        rest += ones_of(h & l);
    }
    huffman_avx2.merge_quad(out + i, n - i, high + i / 8, low + i / 8, leaves, rest);
}

/* 2^k leaves again and again, so that a look-up may have anything above its k bits. */
AVX512 static inline __m512i table_of(const uint8_t *leaves, unsigned count)
{
    uint8_t table[64];
    for (unsigned i = 0; i < 64; i++) {
        table[i] = leaves[i % count];
    }
    return load64(table);
}

/* Byte k of each group of 8 begins with bit 2 k of the group's 16 bits. */
AVX512 static inline __m512i quarters_of(const uint8_t *p)
{
    const __m512i shifts = _mm512_set1_epi64(0x0e0c0a0806040200);
    __m512i words = _mm512_cvtepu16_epi64(_mm_loadu_si128((const __m128i *)(const void *)p));
    return _mm512_multishift_epi64_epi8(shifts, words);
}

/* Byte k of each group of 8 begins with bit 4 k of the group's 32 bits. */
AVX512 static inline __m512i nibbles_of(const uint8_t *p)
{
    const __m512i shifts = _mm512_set1_epi64(0x1c1814100c080400);
    __m512i words = _mm512_cvtepu32_epi64(_mm256_loadu_si256((const __m256i *)(const void *)p));
    return _mm512_multishift_epi64_epi8(shifts, words);
}

AVX512 static void avx512_unpack2(uint8_t *out, size_t n, const uint8_t *digits,
                                  const uint8_t leaves[4])
{
    const __m512i table = table_of(leaves, 4);
    size_t i = 0;
    for (; i + 64 <= n; i += 64) {
        store64(out + i, _mm512_permutexvar_epi8(quarters_of(digits + i / 4), table));
    }
    huffman_avx2.unpack2(out + i, n - i, digits + i / 4, leaves);
}

AVX512 static void avx512_unpack3(uint8_t *out, size_t n, const uint8_t *digits,
                                  const uint8_t leaves[8])
{
    const uint8_t *bitmap = digits + row_size(n, 2);
    const __m512i low = table_of(leaves, 4), high = table_of(leaves + 4, 4);
    size_t i = 0;
    for (; i + 64 <= n; i += 64) {
        __m512i v = quarters_of(digits + i / 4), symbols = _mm512_permutexvar_epi8(v, low);
        symbols = _mm512_mask_mov_epi8(symbols, load_le64(bitmap + i / 8),
                                       _mm512_permutexvar_epi8(v, high));
        store64(out + i, symbols);
    }
    for (; i < n; i++) { /* the rows of another path would lie elsewhere */
        unsigned third = bitmap[i / 8] >> i % 8 & 1u;
        out[i] = leaves[(digits[i / 4] >> i % 4 * 2 & 3u) | third << 2];
    }
}

AVX512 static void avx512_unpack4(uint8_t *out, size_t n, const uint8_t *digits,
                                  const uint8_t leaves[16])
{
    const __m512i table = table_of(leaves, 16);
    size_t i = 0;
    for (; i + 64 <= n; i += 64) {
        store64(out + i, _mm512_permutexvar_epi8(nibbles_of(digits + i / 2), table));
    }
    huffman_avx2.unpack4(out + i, n - i, digits + i / 2, leaves);
}

/* ---- encoding ---- */

AVX512 static void avx512_map(uint8_t *out, const uint8_t *in, size_t n, const uint8_t map[256],
                              uint32_t rows)
{
    const __m512i low0 = load64(map), low1 = load64(map + 64), high0 = load64(map + 128),
                  high1 = load64(map + 192);
    size_t i = 0;
    for (; i + 64 <= n; i += 64) {
        __m512i v = load64(in + i), mapped = _mm512_permutex2var_epi8(low0, v, low1);
        __mmask64 above = _mm512_movepi8_mask(v); /* symbols from 128 on */
        store64(out + i,
                _mm512_mask_mov_epi8(mapped, above, _mm512_permutex2var_epi8(high0, v, high1)));
    }
    huffman_avx2.map(out + i, in + i, n - i, map, rows);
}

/* Compressed in a register and stored whole: compressing stores are slow on some processors. */
AVX512 static inline void put(uint8_t **side, __m512i v, uint64_t mask)
{
    if (*side) {
        store64(*side, _mm512_maskz_compress_epi8(mask, v));
        *side += ones_of(mask);
    }
}

AVX512 static void avx512_split(uint8_t *bitmap, uint8_t *zeros, uint8_t *ones, const uint8_t *in,
                                size_t n, uint8_t middle)
{
    const __m512i limit = same(middle);
    size_t i = 0;
    for (; i + 64 <= n; i += 64) {
        __m512i v = load64(in + i);
        uint64_t mask = _mm512_cmpge_epu8_mask(v, limit);
        store_le64(bitmap + i / 8, mask);
        put(&zeros, v, ~mask);
        put(&ones, v, mask);
    }
    huffman_avx2.split(bitmap + i / 8, zeros, ones, in + i, n - i, middle);
}

AVX512 static void avx512_split_quad(uint8_t *high, uint8_t *low, uint8_t *rest, const uint8_t *in,
                                     size_t n, uint8_t first)
{
    const __m512i second = same((uint8_t)(first + 1)), third = same((uint8_t)(first + 2)),
                  fourth = same((uint8_t)(first + 3));
    size_t i = 0;
    for (; i + 64 <= n; i += 64) {
        __m512i v = load64(in + i);
        uint64_t both = _mm512_cmpge_epu8_mask(v, fourth);
        store_le64(high + i / 8, _mm512_cmpge_epu8_mask(v, third));
        store_le64(low + i / 8, both | _mm512_cmpeq_epi8_mask(v, second));
        put(&rest, v, both);
    }
    huffman_avx2.split_quad(high + i / 8, low + i / 8, rest, in + i, n - i, first);
}

/* Put 64 digits of 2 bits into 16 bytes: pairs are low + 4 * high, then again by 16. */
AVX512 static inline void store_quarters(uint8_t *p, __m512i digits)
{
    __m512i pairs = _mm512_maddubs_epi16(digits, _mm512_set1_epi16(0x0401));
    __m512i fours = _mm512_madd_epi16(pairs, _mm512_set1_epi32(0x00100001));
    _mm_storeu_si128((__m128i *)(void *)p, _mm512_cvtepi32_epi8(fours));
}

AVX512 static void avx512_pack2(uint8_t *digits, const uint8_t *in, size_t n, uint8_t first)
{
    const __m512i start = same(first);
    size_t i = 0;
    for (; i + 64 <= n; i += 64) {
        store_quarters(digits + i / 4, _mm512_sub_epi8(load64(in + i), start));
    }
    huffman_avx2.pack2(digits + i / 4, in + i, n - i, first);
}

AVX512 static void avx512_pack3(uint8_t *digits, const uint8_t *in, size_t n, uint8_t first)
{
    const __m512i start = same(first), low = same(3);
    size_t i = 0;
    for (; i + 64 <= n; i += 64) {
        __m512i v = _mm512_sub_epi8(load64(in + i), start);
        store_quarters(digits + i / 4, _mm512_and_si512(v, low));
    }
    /* Kernel 0 takes only the two low bits of a digit, as this row does. */
    huffman_portable.pack2(digits + i / 4, in + i, n - i, first);
    avx512_split(digits + row_size(n, 2), NULL, NULL, in, n, (uint8_t)(first + 4));
}

AVX512 static void avx512_pack4(uint8_t *digits, const uint8_t *in, size_t n, uint8_t first)
{
    const __m512i start = same(first), factors = _mm512_set1_epi16(0x1001);
    size_t i = 0;
    for (; i + 64 <= n; i += 64) { /* each pair is low + 16 * high */
        __m512i pairs = _mm512_maddubs_epi16(_mm512_sub_epi8(load64(in + i), start), factors);
        _mm256_storeu_si256((__m256i *)(void *)(digits + i / 2), _mm512_cvtepi16_epi8(pairs));
    }
    huffman_avx2.pack4(digits + i / 2, in + i, n - i, first);
}

const struct huffman_path huffman_avx512 = {
    .name = "avx512",
    .count_ones = avx512_count_ones,
    .count_both = avx512_count_both,
    .merge = avx512_merge,
    .merge_quad = avx512_merge_quad,
    .unpack2 = avx512_unpack2,
    .unpack3 = avx512_unpack3,
    .unpack4 = avx512_unpack4,
    .count_near = huffman_avx2_count_near,
    .map = avx512_map,
    .split = avx512_split,
    .split_quad = avx512_split_quad,
    .pack2 = avx512_pack2,
    .pack3 = avx512_pack3,
    .pack4 = avx512_pack4,
};

#endif
