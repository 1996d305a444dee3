/* floatcode_kernel.h - floats split and coded in one walk: floatsplit, each stream by huffman.
 *
 * The bytes are those of floatsplit_kernel.h and huffman_kernel.h one after the other (formats:
 * docs/format/floatsplit.md, docs/format/huffman.md). Here they are made chunk by chunk, while what
 * one kernel gave the other is still in the processor's cache; a stream of noise is split to where
 * it is stored, and merged from there.
 *
 * Nothing here allocates, keeps state or touches a byte outside the buffers it is given. Buffers
 * must not overlap. Every function may be called from several threads at once.
 */
#ifndef COMPRESSOR_FLOATCODE_KERNEL_H
#define COMPRESSOR_FLOATCODE_KERNEL_H

#include "floatsplit_kernel.h"
#include "huffman_kernel.h"

/* The two kernels, each with the path to take, and the words that floats are taken for. */
struct floatcode {
    const struct huffman_calls *huffman;
    const struct huffman_path *huffman_path;
    const struct floatsplit_calls *split;
    const struct floatsplit_path *split_path;
    struct floatsplit_layout layout;
};

/* What decoding may say besides what huffman says, which is above 0. */
enum {
    FLOATCODE_UNLIKE = -1,   /* the streams have chunks of unlike size: decode them one by one */
    FLOATCODE_DIFFERENT = -2 /* floatcode_compare(): they stand for something else */
};

/* Return the bytes of scratch that floatcode_encode() takes. */
size_t floatcode_encode_scratch(const struct floatcode *code, size_t plain_size);

/* Split plain[0..plain_size) and write each stream's packed block: packed[k] must hold
 * huffman_packed_bound(the size of stream k); packed_sizes[k] becomes its size. */
void floatcode_encode(uint8_t *const packed[], size_t packed_sizes[], const uint8_t *plain,
                      size_t plain_size, uint8_t *scratch, const struct floatcode *code);

/* Packed blocks of the streams of plain_size bytes, and what is known of them. */
struct floatcode_blocks {
    const uint8_t *packed[FLOATSPLIT_WIDTH_MAX];
    size_t packed_sizes[FLOATSPLIT_WIDTH_MAX];
    size_t plain_size;
    size_t chunk_size; /* by floatcode_check() */
};

/* Check what can be checked before memory is taken, and find the chunk size. Return 0, a number of
 * enum huffman_result, or FLOATCODE_UNLIKE. */
int floatcode_check(struct floatcode_blocks *blocks, const struct floatcode *code);

/* Return the bytes of scratch that the two functions below take, after floatcode_check(). */
size_t floatcode_decode_scratch(const struct floatcode_blocks *blocks,
                                const struct floatcode *code);

/* Decode to plain[0..plain_size). Return 0 or a number of enum huffman_result. Any packed bytes are
 * survived; after a failure plain holds anything. */
int floatcode_decode(uint8_t *plain, const struct floatcode_blocks *blocks, uint8_t *scratch,
                     const struct floatcode *code);

/* Decode in the same way and compare with plain[0..plain_size): return 0 where all is equal, else
 * FLOATCODE_DIFFERENT or a number of enum huffman_result. */
int floatcode_compare(const uint8_t *plain, const struct floatcode_blocks *blocks, uint8_t *scratch,
                      const struct floatcode *code);

#endif
