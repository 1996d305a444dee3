/* huffman_code.h - from counts to code lengths, and from these to the tree. */
#ifndef COMPRESSOR_HUFFMAN_CODE_H
#define COMPRESSOR_HUFFMAN_CODE_H

#include "huffman_kernel.h"

#define HUFFMAN_LENGTH_MAX 15u /* bits; a length is a nibble */

/* The leaves from left to right. */
struct huffman_tree {
    unsigned leaf_count;
    uint8_t symbols[256];
    uint8_t depths[256]; /* 1 to 15 */
    uint16_t codes[256]; /* left-aligned in 15 bits, ascending */
};

/* The leaves [first, end) at depth `depth`. */
struct huffman_node {
    unsigned first, end, depth;
};

enum huffman_shape {
    HUFFMAN_DIGITS2,
    HUFFMAN_DIGITS3,
    HUFFMAN_DIGITS4,
    HUFFMAN_QUAD,
    HUFFMAN_PAIR
};

/* Count the symbols of in[0..n), n <= HUFFMAN_CHUNK_MAX. */
void huffman_count(uint32_t counts[256], const uint8_t *in, size_t n);

/* Find the lengths of a code for at least two symbols that occur; 0 for those that do not. */
void huffman_make_lengths(uint8_t lengths[256], const uint32_t counts[256]);

/* Write the lengths of a complete code and return the bytes that takes, at most 257; out may be
 * NULL to learn only the size. */
size_t huffman_write_lengths(uint8_t *out, const uint8_t lengths[256]);

/* Read what huffman_write_lengths() wrote and move *packed behind it. */
enum huffman_result huffman_read_lengths(uint8_t lengths[256], const uint8_t **packed,
                                         const uint8_t *packed_end);

/* Lay out the leaves of a complete code. */
void huffman_make_tree(struct huffman_tree *tree, const uint8_t lengths[256]);

/* Return the shape of a node of two leaves or more. */
enum huffman_shape huffman_node_shape(const struct huffman_tree *tree, struct huffman_node node);

/* Return the first leaf of a node's right side. */
unsigned huffman_node_middle(const struct huffman_tree *tree, struct huffman_node node);

#endif
