/* huffman_payload.h - the nodes of a tree in preorder, written and read. */
#ifndef COMPRESSOR_HUFFMAN_PAYLOAD_H
#define COMPRESSOR_HUFFMAN_PAYLOAD_H

#include "huffman_code.h"
#include "huffman_path.h"

/* Return the bytes of the payload for symbols that occur so often. */
size_t huffman_payload_size(const struct huffman_tree *tree, const uint32_t counts[256]);

/* Write the payload of in[0..n), whose symbols have these counts, and return its end. scratch holds
 * huffman_encode_scratch(n). */
uint8_t *huffman_write_payload(uint8_t *out, const uint8_t *in, size_t n,
                               const struct huffman_tree *tree, const uint32_t counts[256],
                               uint8_t *scratch, const struct huffman_path *path);

/* Read a payload that fills packed[0..packed_size) exactly. scratch holds
 * huffman_decode_scratch(n). */
enum huffman_result huffman_read_payload(uint8_t *out, size_t n, const uint8_t *packed,
                                         size_t packed_size, const struct huffman_tree *tree,
                                         uint8_t *scratch, const struct huffman_path *path);

/* The bytes of one of the two buffers that nodes use in turns, for sequences of n symbols in all.
 */
size_t huffman_encode_buffer(size_t n);
size_t huffman_decode_buffer(size_t n);

#endif
