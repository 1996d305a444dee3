/* huffman_neon.h - what the two halves of the NEON path share.
 *
 * 8 symbols or more a turn, by table look-ups within registers (tbl) whose control is looked up by
 * a byte of the bitmap. What a loop leaves goes to kernel 0.
 *
 * Bounds: a loop that turns while i + k <= n touches k symbols at i and k / 8 bytes of each bitmap
 * there. Sequences taken from or put to may be touched 8 bytes beyond (HUFFMAN_SLACK). */
#ifndef COMPRESSOR_HUFFMAN_NEON_H
#define COMPRESSOR_HUFFMAN_NEON_H

#include "huffman_path.h"
#include "huffman_bits.h"

#if HUFFMAN_HAVE_NEON
#include <arm_neon.h>

_Static_assert(HUFFMAN_SLACK >= 8, "sequences are read and written by 8 bytes");

#define EACH_BIT UINT64_C(0x8040201008040201) /* in byte i, bit i */

/* The decoder's entries of huffman_neon, which huffman_neon_encode.c fills in. */
size_t huffman_neon_count_ones(const uint8_t *bitmap, size_t n);
size_t huffman_neon_count_both(const uint8_t *high, const uint8_t *low, size_t n);
void huffman_neon_merge(uint8_t *out, size_t n, const uint8_t *bitmap, struct huffman_side zeros,
                        struct huffman_side ones);
void huffman_neon_merge_quad(uint8_t *out, size_t n, const uint8_t *high, const uint8_t *low,
                             const uint8_t leaves[3], const uint8_t *rest);
void huffman_neon_unpack2(uint8_t *out, size_t n, const uint8_t *digits, const uint8_t leaves[4]);
void huffman_neon_unpack3(uint8_t *out, size_t n, const uint8_t *digits, const uint8_t leaves[8]);
void huffman_neon_unpack4(uint8_t *out, size_t n, const uint8_t *digits, const uint8_t leaves[16]);

#endif
#endif
