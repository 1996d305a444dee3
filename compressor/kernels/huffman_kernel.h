/* huffman_kernel.h - Huffman's code laid out as a tree of bitmaps.
 *
 * Format: docs/format/huffman.md. Reference: compressor/reference/huffman.py.
 *
 * Read first:
 *   huffman_code.h    from counts to code lengths to the tree
 *   huffman_payload.c the walk over the tree's nodes, the heart of both directions
 *   huffman_path.h    the dozen inner loops that a processor may do its own way
 *   huffman_portable.c those loops in plain C: kernel 0, which the others must equal
 *
 * Nothing here allocates, keeps state or touches a byte outside the buffers it is given. Buffers
 * must not overlap. Every function may be called from several threads at once.
 */
#ifndef COMPRESSOR_HUFFMAN_KERNEL_H
#define COMPRESSOR_HUFFMAN_KERNEL_H

#include <stddef.h>
#include <stdint.h>

/* The number of the check in the specification that packed bytes failed. */
enum huffman_result {
    HUFFMAN_OK = 0,
    HUFFMAN_EMPTY_BLOCK = 1,
    HUFFMAN_CHUNK_LOG = 2,
    HUFFMAN_SHORT_BLOCK = 3,
    HUFFMAN_HEAD_CUT = 4,
    HUFFMAN_HEAD_BITS = 5,
    HUFFMAN_BODY_LARGER = 6,
    HUFFMAN_BODY_CUT = 7,
    HUFFMAN_BLOCK_TRAILING = 8,
    HUFFMAN_RAW_SIZE = 9,
    HUFFMAN_CONSTANT_SIZE = 10,
    HUFFMAN_LENGTHS_CUT = 11,
    HUFFMAN_LENGTHS_BEYOND = 12,
    HUFFMAN_OVERSUBSCRIBED = 13,
    HUFFMAN_LENGTHS_PADDING = 14,
    HUFFMAN_PAYLOAD_CUT = 15,
    HUFFMAN_UNUSED_BITS = 16,
    HUFFMAN_PAYLOAD_TRAILING = 17,
    HUFFMAN_RUNS_CUT = 18,
    HUFFMAN_GAP_COUNT = 19,
    HUFFMAN_NESTED_RUNS = 20,
    HUFFMAN_RUNS_BEYOND = 21,
    HUFFMAN_RUNS_TRAILING = 22
};

#define HUFFMAN_CHUNK_LOG_MIN 10u
#define HUFFMAN_CHUNK_LOG_MAX 18u
#define HUFFMAN_CHUNK_LOG_DEFAULT 17u /* the encoder's; text loses .5 % with 18 */
#define HUFFMAN_CHUNK_MAX ((size_t)1 << HUFFMAN_CHUNK_LOG_MAX) /* plain bytes */
#define HUFFMAN_HEAD_SIZE 3u                                   /* bytes before a chunk's body */

/* Inner loops for one kind of processor; all give the same bytes. */
struct huffman_path;

/* Return one of the paths that run on this processor, from plain C (0) to the best; NULL behind. */
const struct huffman_path *huffman_path_at(size_t index);

/* Return the path of this name ("portable", "ssse3", "avx2", "avx512", "neon"), or the best one for
 * NULL; NULL where the name is unknown or this processor lacks what the path needs. */
const struct huffman_path *huffman_path_named(const char *name);

/* Return the name of a path. */
const char *huffman_path_name(const struct huffman_path *path);

/* Return the most packed bytes that a block of plain_size bytes can take. */
size_t huffman_packed_bound(size_t plain_size);

/* Return the bytes of scratch that encoding or decoding chunks of up to chunk_size bytes takes. */
size_t huffman_encode_scratch(size_t chunk_size);
size_t huffman_decode_scratch(size_t chunk_size);

/* Write the packed form of the block plain[0..plain_size) to packed, which must hold
 * huffman_packed_bound(plain_size) bytes, and return its size. scratch must hold
 * huffman_encode_scratch(chunk size by HUFFMAN_CHUNK_LOG_DEFAULT). */
size_t huffman_encode_block(uint8_t *packed, const uint8_t *plain, size_t plain_size,
                            uint8_t *scratch, const struct huffman_path *path);

/* Check what can be checked before memory is taken for the plain bytes: H-001 to H-003. On success
 * *chunk_size is the size of all chunks but the last. */
enum huffman_result huffman_check_block(size_t *chunk_size, const uint8_t *packed,
                                        size_t packed_size, size_t plain_size);

/* Decode exactly plain_size bytes from exactly packed_size ones. scratch must hold
 * huffman_decode_scratch(the chunk size that huffman_check_block() gave). Any packed bytes are
 * survived; after a failure plain holds anything. */
enum huffman_result huffman_decode_block(uint8_t *plain, size_t plain_size, const uint8_t *packed,
                                         size_t packed_size, uint8_t *scratch,
                                         const struct huffman_path *path);

/* The same for one chunk of up to HUFFMAN_CHUNK_MAX bytes, head and body, for formats that store
 * chunks among other things. packed must hold HUFFMAN_HEAD_SIZE + plain_size bytes. */
size_t huffman_encode_chunk(uint8_t *packed, const uint8_t *plain, size_t plain_size,
                            uint8_t *scratch, const struct huffman_path *path);

/* The same, where the plain bytes stand already where a raw chunk has them: HUFFMAN_HEAD_SIZE
 * behind packed. So noise is not copied. spare must hold plain_size bytes. */
size_t huffman_encode_chunk_in_place(uint8_t *packed, size_t plain_size, uint8_t *spare,
                                     uint8_t *scratch, const struct huffman_path *path);

/* Decode the chunk that begins at *packed and move *packed behind it; nothing at or behind
 * packed_end is read. */
enum huffman_result huffman_decode_chunk(uint8_t *plain, size_t plain_size, const uint8_t **packed,
                                         const uint8_t *packed_end, uint8_t *scratch,
                                         const struct huffman_path *path);

/* The same, but *plain becomes a place to read: in packed where the chunk is raw, else room, which
 * must hold plain_size bytes. */
enum huffman_result huffman_view_chunk(const uint8_t **plain, uint8_t *room, size_t plain_size,
                                       const uint8_t **packed, const uint8_t *packed_end,
                                       uint8_t *scratch, const struct huffman_path *path);

/* The functions that code chunks, for kernels that are linked apart from this one. */
struct huffman_calls {
    const struct huffman_path *(*path_named)(const char *name);
    size_t (*packed_bound)(size_t plain_size);
    size_t (*encode_scratch)(size_t chunk_size);
    size_t (*decode_scratch)(size_t chunk_size);
    size_t (*encode_chunk)(uint8_t *packed, const uint8_t *plain, size_t plain_size,
                           uint8_t *scratch, const struct huffman_path *path);
    size_t (*encode_chunk_in_place)(uint8_t *packed, size_t plain_size, uint8_t *spare,
                                    uint8_t *scratch, const struct huffman_path *path);
    enum huffman_result (*check_block)(size_t *chunk_size, const uint8_t *packed,
                                       size_t packed_size, size_t plain_size);
    enum huffman_result (*view_chunk)(const uint8_t **plain, uint8_t *room, size_t plain_size,
                                      const uint8_t **packed, const uint8_t *packed_end,
                                      uint8_t *scratch, const struct huffman_path *path);
};

extern const struct huffman_calls huffman_calls;

#endif
