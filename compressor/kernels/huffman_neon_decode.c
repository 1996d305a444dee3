/* The NEON path's decoder: see huffman_neon.h. */
#include "huffman_neon.h"

#if HUFFMAN_HAVE_NEON

#define HUFFMAN_TABLES_COUNT
#define HUFFMAN_TABLES_MERGE
#include "huffman_tables.h"

/* Byte i is 0xff where bit i of 8 bits is set. */
static inline uint8x8_t spread8(uint8_t bits)
{
    return vtst_u8(vdup_n_u8(bits), vcreate_u8(EACH_BIT));
}

size_t huffman_neon_count_ones(const uint8_t *bitmap, size_t n)
{
    return huffman_neon_count_both(bitmap, bitmap, n);
}

size_t huffman_neon_count_both(const uint8_t *high, const uint8_t *low, size_t n)
{
    uint64x2_t count = vdupq_n_u64(0);
    size_t i = 0;
    for (; i + 128 <= n; i += 128) {
        uint8x16_t both = vandq_u8(vld1q_u8(high + i / 8), vld1q_u8(low + i / 8));
        count = vpadalq_u32(count, vpaddlq_u16(vpaddlq_u8(vcntq_u8(both))));
    }
    return vaddvq_u64(count) + huffman_portable.count_both(high + i / 8, low + i / 8, n - i);
}

static size_t merge_leaves(uint8_t *out, size_t n, const uint8_t *bitmap, uint8_t zero, uint8_t one)
{
    const uint8x8_t zeros = vdup_n_u8(zero), ones = vdup_n_u8(one);
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        vst1_u8(out + i, vbsl_u8(spread8(bitmap[i / 8]), ones, zeros));
    }
    return i;
}

/* Merge 8 symbols. */
static inline uint8x8_t merge8(uint8x8_t zeros, uint8x8_t ones, size_t mask)
{
    return vqtbl1_u8(vcombine_u8(zeros, ones), vcreate_u8(huffman_merges[mask]));
}

static size_t merge_into_zero(uint8_t *out, size_t n, const uint8_t *bitmap, uint8_t zero,
                              const uint8_t **ones)
{
    const uint8x8_t zeros = vdup_n_u8(zero);
    const uint8_t *one = *ones;
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        size_t mask = bitmap[i / 8];
        vst1_u8(out + i, merge8(zeros, vld1_u8(one), mask));
        one += huffman_ones[mask];
    }
    *ones = one;
    return i;
}

static size_t merge_into_one(uint8_t *out, size_t n, const uint8_t *bitmap, const uint8_t **zeros,
                             uint8_t one)
{
    const uint8x8_t ones = vdup_n_u8(one);
    const uint8_t *zero = *zeros;
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        size_t mask = bitmap[i / 8];
        vst1_u8(out + i, merge8(vld1_u8(zero), ones, mask));
        zero += 8 - huffman_ones[mask];
    }
    *zeros = zero;
    return i;
}

static size_t merge_both(uint8_t *out, size_t n, const uint8_t *bitmap, const uint8_t **zeros,
                         const uint8_t **ones)
{
    const uint8_t *zero = *zeros, *one = *ones;
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        size_t mask = bitmap[i / 8], count = huffman_ones[mask];
        vst1_u8(out + i, merge8(vld1_u8(zero), vld1_u8(one), mask));
        one += count;
        zero += 8 - count;
    }
    *zeros = zero;
    *ones = one;
    return i;
}

void huffman_neon_merge(uint8_t *out, size_t n, const uint8_t *bitmap, struct huffman_side zeros,
                        struct huffman_side ones)
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

/* Bytes 0-7 of the table are the next of the rest, bytes 8-10 the leaves; the rows are numbers
 * whose sum has the control of each symbol in its byte. */
void huffman_neon_merge_quad(uint8_t *out, size_t n, const uint8_t *high, const uint8_t *low,
                             const uint8_t leaves[3], const uint8_t *rest)
{
    const uint8x8_t first = vcreate_u8(load_le24(leaves));
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        size_t h = high[i / 8], l = low[i / 8], both = h & l;
        uint64_t control = huffman_quad_high[h] + huffman_quad_low[l] + huffman_quad_rest[both];
        vst1_u8(out + i, vqtbl1_u8(vcombine_u8(vld1_u8(rest), first), vcreate_u8(control)));
        rest += huffman_ones[both];
    }
    huffman_portable.merge_quad(out + i, n - i, high + i / 8, low + i / 8, leaves, rest);
}

/* 16 nibbles of 8 bytes, in order, a byte each. */
static inline uint8x16_t nibbles_of(uint8x8_t v)
{
    uint8x8x2_t pairs = vzip_u8(vand_u8(v, vdup_n_u8(15)), vshr_n_u8(v, 4));
    return vcombine_u8(pairs.val[0], pairs.val[1]);
}

void huffman_neon_unpack2(uint8_t *out, size_t n, const uint8_t *digits, const uint8_t leaves[4])
{
    uint8_t low[16], high[16];
    for (unsigned k = 0; k < 16; k++) { /* the two symbols of a nibble */
        low[k] = leaves[k & 3];
        high[k] = leaves[k >> 2];
    }
    const uint8x16_t low_leaves = vld1q_u8(low), high_leaves = vld1q_u8(high);
    size_t i = 0;
    for (; i + 32 <= n; i += 32) {
        uint8x16_t v = nibbles_of(vld1_u8(digits + i / 4));
        uint8x16x2_t symbols = {{vqtbl1q_u8(low_leaves, v), vqtbl1q_u8(high_leaves, v)}};
        vst2q_u8(out + i, symbols);
    }
    huffman_portable.unpack2(out + i, n - i, digits + i / 4, leaves);
}

void huffman_neon_unpack3(uint8_t *out, size_t n, const uint8_t *digits, const uint8_t leaves[8])
{
    const uint8_t *bitmap = digits + row_size(n, 2);
    const uint8x8_t all = vld1_u8(leaves), digit = vdup_n_u8(3), four = vdup_n_u8(4);
    size_t i = 0;
    for (; i + 32 <= n; i += 32) { /* the digits at 0, 1, 2 and 3 of each byte */
        uint8x8_t v = vld1_u8(digits + i / 4);
        uint8x8x4_t symbols = {{vand_u8(v, digit), vand_u8(vshr_n_u8(v, 2), digit),
                                vand_u8(vshr_n_u8(v, 4), digit), vshr_n_u8(v, 6)}};
        uint8_t at[32];
        vst4_u8(at, symbols);
        for (size_t k = 0; k < 32; k += 8) {
            uint8x8_t third = vand_u8(spread8(bitmap[(i + k) / 8]), four);
            vst1_u8(out + i + k, vtbl1_u8(all, vorr_u8(vld1_u8(at + k), third)));
        }
    }
    for (; i < n; i++) { /* the rows of kernel 0 would lie elsewhere */
        unsigned third = bitmap[i / 8] >> i % 8 & 1u;
        out[i] = leaves[(digits[i / 4] >> i % 4 * 2 & 3u) | third << 2];
    }
}

void huffman_neon_unpack4(uint8_t *out, size_t n, const uint8_t *digits, const uint8_t leaves[16])
{
    const uint8x16_t all = vld1q_u8(leaves);
    size_t i = 0;
    for (; i + 16 <= n; i += 16) {
        vst1q_u8(out + i, vqtbl1q_u8(all, nibbles_of(vld1_u8(digits + i / 2))));
    }
    huffman_portable.unpack4(out + i, n - i, digits + i / 2, leaves);
}

#endif
