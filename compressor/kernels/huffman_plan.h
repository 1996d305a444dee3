/* huffman_plan.h - which form some plain bytes get, and how large it is, before a byte is written.
 */
#ifndef COMPRESSOR_HUFFMAN_PLAN_H
#define COMPRESSOR_HUFFMAN_PLAN_H

#include "huffman_code.h"
#include "huffman_path.h"

enum huffman_mode {
    HUFFMAN_MODE_RAW = 0,
    HUFFMAN_MODE_CONSTANT = 1,
    HUFFMAN_MODE_RUNS = 2,
    HUFFMAN_MODE_TREE = 3
};

/* The last three are set for HUFFMAN_MODE_TREE. */
struct huffman_plan {
    enum huffman_mode mode;
    size_t body_size;
    uint8_t lengths[256];
    uint32_t counts[256];
    struct huffman_tree tree;
};

/* Plan a chunk, without runs; return whether runs are worth a try. scratch holds n / 16 bytes. */
int huffman_plan_outer(struct huffman_plan *plan, const uint8_t *in, size_t n, uint8_t *scratch,
                       const struct huffman_path *path);

/* Plan a chunk within runs. */
void huffman_plan_inner(struct huffman_plan *plan, const uint8_t *in, size_t n);

#endif
