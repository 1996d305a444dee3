/* Kernel 0: 8 symbols at a time in 64-bit words, without special instructions. Each loop leaves
 * less than 8 symbols to the plain form beside it, which alone would do.
 *
 * Bounds: a loop over i that turns while i + 8 <= n touches 8 symbols of out or in and one byte of
 * each bitmap at i. Sequences taken from or put to may be touched 7 bytes beyond (HUFFMAN_SLACK).
 */
#include "huffman_path.h"
#include "huffman_bits.h"

#define HUFFMAN_TABLES_COUNT
#define HUFFMAN_TABLES_PORTABLE
#include "huffman_tables.h"

#define EACH_BYTE UINT64_C(0x0101010101010101)
#define TWICE(bits)                                                                                \
    ((UINT64_C(1) << (bits)) + 1) /* t * TWICE(bits) = t ^ t << bits, where these do not meet */
#define RAISE(bits) ((UINT64_C(1) << (bits)) - 1) /* v + t * RAISE(bits) = v - t + (t << bits) */
#define LOOKUP_FROM 2048u /* symbols; fewer do not pay for filling a table of 256 */

_Static_assert(HUFFMAN_SLACK >= 8, "sequences are read and written by 8 bytes");

/* ---- decoding ---- */

/* Interleave zeros, ascending from byte 0, and ones, descending from byte 7: byte i of the result
 * is the next zero or the next one, as bit i of the mask says. = 8 turns of the loop in
 * merge_tail(). */
static inline uint64_t interleave(uint64_t zeros, uint64_t ones_reversed, size_t mask)
{
    uint64_t v = zeros ^ ((zeros ^ ones_reversed) & huffman_swaps[3][mask]);
    v ^= ((v ^ v >> 32) & huffman_swaps[0][mask]) * TWICE(32);
    v ^= ((v ^ v >> 16) & huffman_swaps[1][mask]) * TWICE(16);
    return v ^ ((v ^ v >> 8) & huffman_swaps[2][mask]) * TWICE(8);
}

/* Put bytes 0, 1, ... of v to the places of the mask's set bits; the other bytes are zero. */
static inline uint64_t expand(uint64_t v, size_t mask)
{
    v &= huffman_expands[0][mask];
    v += (v & huffman_expands[1][mask]) * RAISE(32);
    v += (v & huffman_expands[2][mask]) * RAISE(16);
    return v + (v & huffman_expands[3][mask]) * RAISE(8);
}

static size_t count_word(uint64_t v)
{
    v -= v >> 1 & UINT64_C(0x5555555555555555);
    v = (v & UINT64_C(0x3333333333333333)) + (v >> 2 & UINT64_C(0x3333333333333333));
    v = (v + (v >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
    return v * EACH_BYTE >> 56;
}

static size_t portable_count_both(const uint8_t *high, const uint8_t *low, size_t n)
{
    size_t count = 0, i = 0;
    for (; i + 64 <= n; i += 64) {
        count += count_word(load_le64(high + i / 8) & load_le64(low + i / 8));
    }
    for (; i < n; i++) {
        count += (high[i / 8] & low[i / 8]) >> i % 8 & 1u;
    }
    return count;
}

static size_t portable_count_ones(const uint8_t *bitmap, size_t n)
{
    return portable_count_both(bitmap, bitmap, n);
}

/* The plain form of merge(). */
static void merge_tail(uint8_t *out, size_t n, const uint8_t *bitmap, struct huffman_side zeros,
                       struct huffman_side ones)
{
    for (size_t i = 0; i < n; i++) {
        struct huffman_side *side = bitmap[i / 8] >> i % 8 & 1 ? &ones : &zeros;
        out[i] = side->sequence ? *side->sequence++ : side->leaf;
    }
}

/* Two leaves: choose. */
static size_t merge_leaves(uint8_t *out, size_t n, const uint8_t *bitmap, uint8_t zero, uint8_t one)
{
    size_t i = 0;
    const uint64_t zeros = zero * EACH_BYTE, change = zeros ^ one * EACH_BYTE;
    for (; i + 8 <= n; i += 8) {
        store_le64(out + i, zeros ^ (change & huffman_spread[bitmap[i / 8]]));
    }
    return i;
}

/* One leaf: its bytes are where those of the other side are not. */
static size_t merge_leaf(uint8_t *out, size_t n, const uint8_t *bitmap, uint8_t leaf,
                         const uint8_t **sequence, size_t flip)
{
    const uint64_t same = leaf * EACH_BYTE;
    const uint8_t *next = *sequence;
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        size_t mask = bitmap[i / 8] ^ flip;
        store_le64(out + i, expand(load_le64(next), mask) | (same & ~huffman_spread[mask]));
        next += huffman_ones[mask];
    }
    *sequence = next;
    return i;
}

static size_t merge_both(uint8_t *out, size_t n, const uint8_t *bitmap, const uint8_t **zeros,
                         const uint8_t **ones)
{
    const uint8_t *zero = *zeros, *one = *ones;
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        size_t mask = bitmap[i / 8], count = huffman_ones[mask];
        uint64_t reversed = __builtin_bswap64(load_le64(one));
        store_le64(out + i, interleave(load_le64(zero), reversed, mask));
        one += count;
        zero += 8 - count;
    }
    *zeros = zero;
    *ones = one;
    return i;
}

static void portable_merge(uint8_t *out, size_t n, const uint8_t *bitmap, struct huffman_side zeros,
                           struct huffman_side ones)
{
    size_t i;
    if (zeros.sequence && ones.sequence) {
        i = merge_both(out, n, bitmap, &zeros.sequence, &ones.sequence);
    } else if (ones.sequence) {
        i = merge_leaf(out, n, bitmap, zeros.leaf, &ones.sequence, 0);
    } else if (zeros.sequence) {
        i = merge_leaf(out, n, bitmap, ones.leaf, &zeros.sequence, 255);
    } else {
        i = merge_leaves(out, n, bitmap, zeros.leaf, ones.leaf);
    }
    merge_tail(out + i, n - i, bitmap + i / 8, zeros, ones);
}

static void portable_merge_quad(uint8_t *out, size_t n, const uint8_t *high, const uint8_t *low,
                                const uint8_t leaves[3], const uint8_t *rest)
{
    size_t i = 0;
    /* Digit 3 changes all back to zero, for the rest to fill. */
    const uint64_t first = leaves[0] * EACH_BYTE, one_more = first ^ leaves[1] * EACH_BYTE,
                   two_more = first ^ leaves[2] * EACH_BYTE,
                   three_more = first ^ one_more ^ two_more;
    for (; i + 8 <= n; i += 8) {
        size_t both = high[i / 8] & low[i / 8];
        uint64_t h = huffman_spread[high[i / 8]], l = huffman_spread[low[i / 8]];
        uint64_t v = first ^ (l & one_more) ^ (h & two_more) ^ (h & l & three_more);
        store_le64(out + i, v | expand(load_le64(rest), both));
        rest += huffman_ones[both];
    }
    for (; i < n; i++) {
        unsigned digit = (high[i / 8] >> i % 8 & 1u) << 1 | (low[i / 8] >> i % 8 & 1u);
        out[i] = digit < 3 ? leaves[digit] : *rest++;
    }
}

/* The four symbols of each byte of 2-bit digits. */
static void fill_lookup(uint32_t lookup[256], const uint8_t leaves[4])
{
    for (unsigned b = 0; b < 256; b++) {
        lookup[b] = (uint32_t)leaves[b & 3] | (uint32_t)leaves[b >> 2 & 3] << 8 |
                    (uint32_t)leaves[b >> 4 & 3] << 16 | (uint32_t)leaves[b >> 6] << 24;
    }
}

static void portable_unpack2(uint8_t *out, size_t n, const uint8_t *digits, const uint8_t leaves[4])
{
    size_t i = 0;
    if (n >= LOOKUP_FROM) {
        uint32_t lookup[256];
        fill_lookup(lookup, leaves);
        for (; i + 8 <= n; i += 8) {
            uint64_t high = lookup[digits[i / 4 + 1]];
            store_le64(out + i, lookup[digits[i / 4]] | high << 32);
        }
    }
    for (; i < n; i++) {
        out[i] = leaves[digits[i / 4] >> i % 4 * 2 & 3];
    }
}

static void portable_unpack3(uint8_t *out, size_t n, const uint8_t *digits, const uint8_t leaves[8])
{
    const uint8_t *bitmap = digits + row_size(n, 2);
    size_t i = 0;
    if (n >= LOOKUP_FROM) {
        uint32_t lookup[256], change[256];
        fill_lookup(lookup, leaves);
        fill_lookup(change, leaves + 4);
        for (unsigned b = 0; b < 256; b++) {
            change[b] ^= lookup[b];
        }
        for (; i + 8 <= n; i += 8) {
            unsigned first = digits[i / 4], second = digits[i / 4 + 1];
            uint64_t v = lookup[first] | (uint64_t)lookup[second] << 32;
            uint64_t w = change[first] | (uint64_t)change[second] << 32;
            store_le64(out + i, v ^ (w & huffman_spread[bitmap[i / 8]]));
        }
    }
    for (; i < n; i++) {
        unsigned third = bitmap[i / 8] >> i % 8 & 1u;
        out[i] = leaves[(digits[i / 4] >> i % 4 * 2 & 3u) | third << 2];
    }
}

static void portable_unpack4(uint8_t *out, size_t n, const uint8_t *digits,
                             const uint8_t leaves[16])
{
    size_t i = 0;
    if (n >= LOOKUP_FROM) {
        uint16_t lookup[256];
        for (unsigned b = 0; b < 256; b++) {
            lookup[b] = (uint16_t)(leaves[b & 15] | leaves[b >> 4] << 8);
        }
        for (; i + 8 <= n; i += 8) {
            const uint8_t *d = digits + i / 2;
            store_le64(out + i, lookup[d[0]] | (uint64_t)lookup[d[1]] << 16 |
                                    (uint64_t)lookup[d[2]] << 32 | (uint64_t)lookup[d[3]] << 48);
        }
    }
    for (; i < n; i++) {
        out[i] = leaves[digits[i / 2] >> i % 2 * 4 & 15];
    }
}

/* ---- encoding ---- */

/* The inverse of interleave(): zeros ascending from byte 0, ones descending from byte 7. */
static inline uint64_t take_apart(uint64_t v, size_t mask)
{
    v ^= ((v ^ v >> 8) & huffman_swaps[2][mask]) * TWICE(8);
    v ^= ((v ^ v >> 16) & huffman_swaps[1][mask]) * TWICE(16);
    return v ^ ((v ^ v >> 32) & huffman_swaps[0][mask]) * TWICE(32);
}

/* Bit i of the result is bit 7 of byte i. */
static inline unsigned top_bits(uint64_t v)
{
    return (unsigned)((v >> 7 & EACH_BYTE) * UINT64_C(0x0102040810204080) >> 56);
}

/* Bit i of the result says whether byte i of v >= middle, which is above 0. */
static inline unsigned not_below(uint64_t v, uint8_t middle)
{
    const uint64_t top = 0x80 * EACH_BYTE, m = middle * EACH_BYTE;
    /* Compare 7 bits without borrow between bytes, then let the top bits decide where they differ.
     */
    uint64_t low = (v | top) - (m & ~top);
    return top_bits((v & ~m) | (~(v ^ m) & low));
}

static void portable_map(uint8_t *out, const uint8_t *in, size_t n, const uint8_t map[256],
                         uint32_t rows)
{
    (void)rows;
    for (size_t i = 0; i < n; i++) {
        out[i] = map[in[i]];
    }
}

/* Append the zeros and ones of 8 symbols; what lies behind them is written over next. */
static inline void put_apart(uint8_t **zeros, uint8_t **ones, uint64_t v, size_t mask)
{
    uint64_t apart = take_apart(v, mask);
    if (*zeros) {
        store_le64(*zeros, apart);
        *zeros += 8 - huffman_ones[mask];
    }
    if (*ones) {
        store_le64(*ones, __builtin_bswap64(apart));
        *ones += huffman_ones[mask];
    }
}

static void portable_split(uint8_t *bitmap, uint8_t *zeros, uint8_t *ones, const uint8_t *in,
                           size_t n, uint8_t middle)
{
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        uint64_t v = load_le64(in + i);
        unsigned mask = not_below(v, middle);
        bitmap[i / 8] = (uint8_t)mask;
        if (zeros || ones) {
            put_apart(&zeros, &ones, v, mask);
        }
    }
    for (; i < n; i++) {
        unsigned bit = in[i] >= middle;
        uint8_t **side = bit ? &ones : &zeros;
        bitmap[i / 8] = (uint8_t)(i % 8 ? bitmap[i / 8] | bit << i % 8 : bit);
        if (*side) {
            *(*side)++ = in[i];
        }
    }
}

static void portable_split_quad(uint8_t *high, uint8_t *low, uint8_t *rest, const uint8_t *in,
                                size_t n, uint8_t first)
{
    size_t i = 0;
    uint8_t *none = NULL;
    for (; i + 8 <= n; i += 8) {
        uint64_t v = load_le64(in + i);
        unsigned one = not_below(v, (uint8_t)(first + 1)), two = not_below(v, (uint8_t)(first + 2)),
                 three = not_below(v, (uint8_t)(first + 3));
        high[i / 8] = (uint8_t)two;
        low[i / 8] = (uint8_t)((one & ~two) | three);
        put_apart(&none, &rest, v, three);
    }
    for (; i < n; i++) {
        unsigned digit = in[i] - first < 3 ? (unsigned)(in[i] - first) : 3;
        high[i / 8] = (uint8_t)(i % 8 ? high[i / 8] | digit >> 1 << i % 8 : digit >> 1);
        low[i / 8] = (uint8_t)(i % 8 ? low[i / 8] | (digit & 1) << i % 8 : digit & 1);
        if (digit == 3) {
            *rest++ = in[i];
        }
    }
}

/* Put the `width` low bits of each in[i] - first into a row; width divides 8. */
static void pack_row(uint8_t *row, const uint8_t *in, size_t n, uint8_t first, unsigned width)
{
    const unsigned per_byte = 8 / width, mask = (1u << width) - 1;
    size_t i = 0;
    while (i < n) {
        unsigned byte = 0;
        for (unsigned k = 0; k < per_byte && i < n; k++, i++) {
            byte |= ((unsigned)(in[i] - first) & mask) << k * width;
        }
        *row++ = (uint8_t)byte;
    }
}

static void portable_pack2(uint8_t *digits, const uint8_t *in, size_t n, uint8_t first)
{
    pack_row(digits, in, n, first, 2);
}

static void portable_pack3(uint8_t *digits, const uint8_t *in, size_t n, uint8_t first)
{
    pack_row(digits, in, n, first, 2);
    portable_split(digits + row_size(n, 2), NULL, NULL, in, n, (uint8_t)(first + 4));
}

static void portable_pack4(uint8_t *digits, const uint8_t *in, size_t n, uint8_t first)
{
    pack_row(digits, in, n, first, 4);
}

const struct huffman_path huffman_portable = {
    .name = "portable",
    .count_ones = portable_count_ones,
    .count_both = portable_count_both,
    .merge = portable_merge,
    .merge_quad = portable_merge_quad,
    .unpack2 = portable_unpack2,
    .unpack3 = portable_unpack3,
    .unpack4 = portable_unpack4,
    .map = portable_map,
    .split = portable_split,
    .split_quad = portable_split_quad,
    .pack2 = portable_pack2,
    .pack3 = portable_pack3,
    .pack4 = portable_pack4,
};
