/* lz78_kernel.h - explicit (phrase, byte) tokens, whose parts are packed by our Huffman code.
 *
 * Format: docs/format/lz78.md. Reference: compressor/reference/lz78.py.
 *
 * Read lz78_kernel.c for the tree of phrases, lz78_decode.c for the checks. Nothing here allocates
 * or keeps state between calls; threads may run at once as long as each has its own buffers, which
 * must not overlap. The Huffman kernel is linked apart: it comes as its calls.
 */
#ifndef COMPRESSOR_LZ78_KERNEL_H
#define COMPRESSOR_LZ78_KERNEL_H

#include <stddef.h>
#include <stdint.h>

#include "huffman_kernel.h"

enum {
    LZ78_TOKENS_MAX = 65535, /* of a round; phrase 0 is empty, so that a phrase has 16 bits */
    LZ78_CLASSES = 128,
    LZ78_COUNT_SIZE = 2, /* bytes */
    LZ78_RAW_SIZE = 3,   /* bytes */
    LZ78_RAW_MAX = 1 << 24
};

/* The number of the check in the specification that packed bytes failed; those of Huffman chunks
 * are all LZ78_BAD_CHUNK. */
enum lz78_result {
    LZ78_OK = 0,
    LZ78_UNEARNED_SIZE = 1,
    LZ78_ROUND_CUT = 2,
    LZ78_BAD_RAW = 3,
    LZ78_BAD_CHUNK = 4,
    LZ78_BAD_CLASS = 5,
    LZ78_REMAINDERS_CUT = 6,
    LZ78_PHRASE_TOO_LONG = 7,
    LZ78_UNUSED_BITS = 8,
    LZ78_TRAILING_BYTES = 9
};

/* What the encoder works in; it need not be initialised. Touched at random: huge pages pay. */
struct lz78_encode_tables {
    uint64_t slots[1 << 17]; /* key << 16 | phrase; 0 is free */
    uint16_t pairs[1 << 16]; /* the phrases of two bytes */
    uint16_t singles[256];   /* and of one */
    uint8_t classes[LZ78_TOKENS_MAX + 64];
    uint8_t bytes[LZ78_TOKENS_MAX + 64];
    uint8_t remainders[LZ78_TOKENS_MAX / 8 * 10 + 64];
    uint8_t chunks[2][HUFFMAN_HEAD_SIZE + LZ78_TOKENS_MAX + 64];
};

/* What the decoder works in; it need not be initialised. */
struct lz78_decode_tables {
    uint64_t phrases[LZ78_TOKENS_MAX + 1]; /* place in the output << 16 | length */
    uint8_t classes[LZ78_TOKENS_MAX + 64];
    uint8_t bytes[LZ78_TOKENS_MAX + 64];
};

/* The Huffman kernel, and the bytes of scratch that it takes for a round. */
struct lz78_huffman {
    const struct huffman_calls *calls;
    const struct huffman_path *path;
    uint8_t *scratch;
};

size_t lz78_encode_scratch(const struct huffman_calls *calls);
size_t lz78_decode_scratch(const struct huffman_calls *calls);

/* Return the bytes that packed must have for lz78_encode(). */
size_t lz78_packed_bound(size_t plain_size);

/* Return the size of the raw round of what looks like noise at first sight, and else 0. */
size_t lz78_raw_size(const uint8_t *plain, size_t plain_size);

/* Where lz78_encode() would give one raw round, write it to packed[0..lz78_raw_size()) and return
 * its size; else return 0, and packed holds anything. It spares noise the room for rounds. */
size_t lz78_encode_raw(uint8_t *packed, const uint8_t *plain, size_t plain_size);

/* Write the packed form of plain to packed and return its size. */
size_t lz78_encode(uint8_t *packed, const uint8_t *plain, size_t plain_size,
                   struct lz78_encode_tables *tables, const struct lz78_huffman *huffman);

/* Could so many packed bytes stand for plain_size bytes at all (LE-001)? To be asked before memory
 * is taken for them. */
enum lz78_result lz78_check_size(size_t packed_size, uint64_t plain_size);

/* Decode exactly plain_size bytes, below 2^47, from exactly packed_size ones. Any packed bytes are
 * survived, in time linear in both sizes; after a failure plain holds anything. */
enum lz78_result lz78_decode(uint8_t *plain, size_t plain_size, const uint8_t *packed,
                             size_t packed_size, struct lz78_decode_tables *tables,
                             const struct lz78_huffman *huffman);

#endif
