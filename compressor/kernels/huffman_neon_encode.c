/* The NEON path's encoder: see huffman_neon.h. */
#include "huffman_neon.h"

#if HUFFMAN_HAVE_NEON

#define HUFFMAN_TABLES_COUNT
#define HUFFMAN_TABLES_SPLIT
#include "huffman_tables.h"

/* Four tables of 64 entries; an offset from a table that is 64 or more leaves what is there. */
static void neon_map(uint8_t *out, const uint8_t *in, size_t n, const uint8_t map[256],
                     uint32_t rows)
{
    const uint8x16x4_t table0 = vld1q_u8_x4(map), table1 = vld1q_u8_x4(map + 64),
                       table2 = vld1q_u8_x4(map + 128), table3 = vld1q_u8_x4(map + 192);
    const uint8x16_t step = vdupq_n_u8(64);
    size_t i = 0;
    for (; i + 16 <= n; i += 16) {
        uint8x16_t v = vld1q_u8(in + i), mapped = vqtbl4q_u8(table0, v);
        v = vsubq_u8(v, step);
        mapped = vqtbx4q_u8(mapped, table1, v);
        v = vsubq_u8(v, step);
        mapped = vqtbx4q_u8(mapped, table2, v);
        v = vsubq_u8(v, step);
        vst1q_u8(out + i, vqtbx4q_u8(mapped, table3, v));
    }
    huffman_portable.map(out + i, in + i, n - i, map, rows);
}

/* Bit i is set where byte i is 0xff, not where it is 0. */
static inline unsigned bits_of(uint8x8_t mask)
{
    return vaddv_u8(vand_u8(mask, vcreate_u8(EACH_BIT)));
}

/* 8 symbols: zeros go to the low half, ones to the high one. */
static inline uint8x16_t apart(uint8x8_t v, size_t mask)
{
    const uint64_t *row = huffman_splits[mask];
    return vqtbl1q_u8(vcombine_u8(v, v), vcombine_u8(vcreate_u8(row[0]), vcreate_u8(row[1])));
}

/* Append the zeros and ones of 8 symbols; what lies behind them is written over next. */
static inline void put_apart(uint8_t **zeros, uint8_t **ones, uint8x8_t v, size_t mask)
{
    uint8x16_t both = apart(v, mask);
    if (*zeros) {
        vst1_u8(*zeros, vget_low_u8(both));
        *zeros += 8 - huffman_ones[mask];
    }
    if (*ones) {
        vst1_u8(*ones, vget_high_u8(both));
        *ones += huffman_ones[mask];
    }
}

static void neon_split(uint8_t *bitmap, uint8_t *zeros, uint8_t *ones, const uint8_t *in, size_t n,
                       uint8_t middle)
{
    const uint8x8_t limit = vdup_n_u8(middle);
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        uint8x8_t v = vld1_u8(in + i);
        unsigned mask = bits_of(vcge_u8(v, limit));
        bitmap[i / 8] = (uint8_t)mask;
        if (zeros || ones) {
            put_apart(&zeros, &ones, v, mask);
        }
    }
    huffman_portable.split(bitmap + i / 8, zeros, ones, in + i, n - i, middle);
}

static void neon_split_quad(uint8_t *high, uint8_t *low, uint8_t *rest, const uint8_t *in, size_t n,
                            uint8_t first)
{
    const uint8x8_t second = vdup_n_u8((uint8_t)(first + 1)),
                    third = vdup_n_u8((uint8_t)(first + 2)),
                    fourth = vdup_n_u8((uint8_t)(first + 3));
    uint8_t *none = NULL;
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        uint8x8_t v = vld1_u8(in + i), both = vcge_u8(v, fourth);
        high[i / 8] = (uint8_t)bits_of(vcge_u8(v, third));
        low[i / 8] = (uint8_t)bits_of(vorr_u8(both, vceq_u8(v, second)));
        put_apart(&none, &rest, v, bits_of(both));
    }
    huffman_portable.split_quad(high + i / 8, low + i / 8, rest, in + i, n - i, first);
}

static void neon_pack2(uint8_t *digits, const uint8_t *in, size_t n, uint8_t first)
{
    const uint8x8_t start = vdup_n_u8(first), digit = vdup_n_u8(3);
    size_t i = 0;
    for (; i + 32 <= n; i += 32) { /* the digits that come to 0, 1, 2 and 3 of each byte */
        uint8x8x4_t v = vld4_u8(in + i);
        uint8x8_t packed = vand_u8(vsub_u8(v.val[0], start), digit);
        packed = vorr_u8(packed, vshl_n_u8(vand_u8(vsub_u8(v.val[1], start), digit), 2));
        packed = vorr_u8(packed, vshl_n_u8(vand_u8(vsub_u8(v.val[2], start), digit), 4));
        vst1_u8(digits + i / 4, vorr_u8(packed, vshl_n_u8(vsub_u8(v.val[3], start), 6)));
    }
    huffman_portable.pack2(digits + i / 4, in + i, n - i, first);
}

static void neon_pack3(uint8_t *digits, const uint8_t *in, size_t n, uint8_t first)
{
    neon_pack2(digits, in, n, first); /* the two low bits of a digit alone */
    neon_split(digits + row_size(n, 2), NULL, NULL, in, n, (uint8_t)(first + 4));
}

static void neon_pack4(uint8_t *digits, const uint8_t *in, size_t n, uint8_t first)
{
    const uint8x16_t start = vdupq_n_u8(first);
    size_t i = 0;
    for (; i + 32 <= n; i += 32) { /* the digits that come to the low and high half of each byte */
        uint8x16x2_t v = vld2q_u8(in + i);
        uint8x16_t high = vshlq_n_u8(vsubq_u8(v.val[1], start), 4);
        vst1q_u8(digits + i / 2, vorrq_u8(vsubq_u8(v.val[0], start), high));
    }
    huffman_portable.pack4(digits + i / 2, in + i, n - i, first);
}

const struct huffman_path huffman_neon = {
    .name = "neon",
    .count_ones = huffman_neon_count_ones,
    .count_both = huffman_neon_count_both,
    .merge = huffman_neon_merge,
    .merge_quad = huffman_neon_merge_quad,
    .unpack2 = huffman_neon_unpack2,
    .unpack3 = huffman_neon_unpack3,
    .unpack4 = huffman_neon_unpack4,
    .map = neon_map,
    .split = neon_split,
    .split_quad = neon_split_quad,
    .pack2 = neon_pack2,
    .pack3 = neon_pack3,
    .pack4 = neon_pack4,
};

#endif
