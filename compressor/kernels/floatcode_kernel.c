#include "floatcode_kernel.h"

#include <string.h>

#define ENCODED_CHUNK ((size_t)1 << HUFFMAN_CHUNK_LOG_DEFAULT) /* elements */
#define PIECE ((size_t)2048) /* elements; merged and compared while in the first-level cache */

static size_t at_most(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* ---- encoding ---- */

size_t floatcode_encode_scratch(const struct floatcode *code, size_t plain_size)
{
    size_t chunk =
        at_most(ENCODED_CHUNK, code->split->stream_size(plain_size, code->layout.width, 0));
    return 2 * chunk + code->huffman->encode_scratch(chunk);
}

/* Stream 0 is most often coded, so it is split to scratch; the others are most often noise, so they
 * are split to where a raw chunk has its bytes. */
void floatcode_encode(uint8_t *const packed[], size_t packed_sizes[], const uint8_t *plain,
                      size_t plain_size, uint8_t *scratch, const struct floatcode *code)
{
    const unsigned width = code->layout.width;
    const size_t chunk = at_most(ENCODED_CHUNK, code->split->stream_size(plain_size, width, 0));
    uint8_t *first = scratch, *spare = first + chunk, *rest = spare + chunk;
    uint8_t *planes[FLOATSPLIT_WIDTH_MAX];
    for (unsigned k = 0; k < width; k++) {
        packed[k][0] = HUFFMAN_CHUNK_LOG_DEFAULT;
        packed_sizes[k] = 1;
    }
    for (size_t at = 0; at < plain_size; at += width * ENCODED_CHUNK) {
        size_t part = at_most(plain_size - at, width * ENCODED_CHUNK);
        unsigned count = (unsigned)at_most(width, part); /* a tail alone is not for all streams */
        planes[0] = first;
        for (unsigned k = 1; k < count; k++) {
            planes[k] = packed[k] + packed_sizes[k] + HUFFMAN_HEAD_SIZE;
        }
        code->split->split(planes, plain + at, part, code->layout, code->split_path);
        packed_sizes[0] += code->huffman->encode_chunk(packed[0] + packed_sizes[0], first,
                                                       code->split->stream_size(part, width, 0),
                                                       rest, code->huffman_path);
        for (unsigned k = 1; k < count; k++) {
            packed_sizes[k] += code->huffman->encode_chunk_in_place(
                packed[k] + packed_sizes[k], code->split->stream_size(part, width, k), spare, rest,
                code->huffman_path);
        }
    }
}

/* ---- decoding ---- */

int floatcode_check(struct floatcode_blocks *blocks, const struct floatcode *code)
{
    for (unsigned k = 0; k < code->layout.width; k++) {
        size_t chunk_size = 0;
        enum huffman_result result = code->huffman->check_block(
            &chunk_size, blocks->packed[k], blocks->packed_sizes[k],
            code->split->stream_size(blocks->plain_size, code->layout.width, k));
        if (result != HUFFMAN_OK) {
            return (int)result;
        }
        if (k > 0 && chunk_size != blocks->chunk_size) {
            return FLOATCODE_UNLIKE;
        }
        blocks->chunk_size = chunk_size;
    }
    return 0;
}

static size_t largest_chunk(const struct floatcode_blocks *blocks, const struct floatcode *code)
{
    return at_most(blocks->chunk_size,
                   code->split->stream_size(blocks->plain_size, code->layout.width, 0));
}

size_t floatcode_decode_scratch(const struct floatcode_blocks *blocks, const struct floatcode *code)
{
    size_t chunk = largest_chunk(blocks, code);
    return code->layout.width * (chunk + PIECE) + code->huffman->decode_scratch(chunk);
}

/* The blocks while they are read: what is left of each, and the last chunk of each. */
struct reader {
    const struct floatcode *code;
    const uint8_t *left[FLOATSPLIT_WIDTH_MAX];
    const uint8_t *ends[FLOATSPLIT_WIDTH_MAX];
    const uint8_t *planes[FLOATSPLIT_WIDTH_MAX];
    size_t chunk;
    uint8_t *rooms, *piece, *scratch;
};

static struct reader reader_of(const struct floatcode_blocks *blocks, uint8_t *scratch,
                               const struct floatcode *code)
{
    struct reader reader = {.code = code, .chunk = largest_chunk(blocks, code)};
    for (unsigned k = 0; k < code->layout.width; k++) {
        reader.left[k] = blocks->packed[k] + 1; /* checked before */
        reader.ends[k] = blocks->packed[k] + blocks->packed_sizes[k];
        reader.planes[k] = scratch; /* where a last turn has a tail alone, some have none */
    }
    reader.rooms = scratch;
    reader.piece = reader.rooms + code->layout.width * reader.chunk;
    reader.scratch = reader.piece + code->layout.width * PIECE;
    return reader;
}

/* Find the next chunk of each stream, for `part` bytes of floats. */
static int read_chunks(struct reader *reader, size_t part)
{
    const struct floatcode *code = reader->code;
    const unsigned width = code->layout.width;
    for (unsigned k = 0; k < at_most(width, part); k++) {
        enum huffman_result result =
            code->huffman->view_chunk(&reader->planes[k], reader->rooms + k * reader->chunk,
                                      code->split->stream_size(part, width, k), &reader->left[k],
                                      reader->ends[k], reader->scratch, code->huffman_path);
        if (result != HUFFMAN_OK) {
            return (int)result;
        }
    }
    return 0;
}

static int check_ends(const struct reader *reader)
{
    for (unsigned k = 0; k < reader->code->layout.width; k++) {
        if (reader->left[k] != reader->ends[k]) {
            return HUFFMAN_BLOCK_TRAILING;
        }
    }
    return 0;
}

/* Merge the chunks that were read and compare them with plain[0..part). */
static int is_equal(const struct reader *reader, const uint8_t *plain, size_t part)
{
    const struct floatcode *code = reader->code;
    const unsigned width = code->layout.width;
    const uint8_t *planes[FLOATSPLIT_WIDTH_MAX];
    for (size_t at = 0; at < part; at += width * PIECE) {
        size_t nbytes = at_most(part - at, width * PIECE);
        for (unsigned k = 0; k < width; k++) {
            planes[k] = reader->planes[k] + at / width;
        }
        code->split->merge(reader->piece, nbytes, planes, code->layout, code->split_path);
        if (memcmp(reader->piece, plain + at, nbytes) != 0) {
            return 0;
        }
    }
    return 1;
}

/* Decode to target or, where that is NULL, compare with plain. */
static int walk(uint8_t *target, const uint8_t *plain, const struct floatcode_blocks *blocks,
                uint8_t *scratch, const struct floatcode *code)
{
    struct reader reader = reader_of(blocks, scratch, code);
    const size_t turn = code->layout.width * blocks->chunk_size;
    for (size_t at = 0; at < blocks->plain_size; at += turn) {
        size_t part = at_most(blocks->plain_size - at, turn);
        int result = read_chunks(&reader, part);
        if (result != 0) {
            return result;
        }
        if (target != NULL) {
            code->split->merge(target + at, part, reader.planes, code->layout, code->split_path);
        } else if (!is_equal(&reader, plain + at, part)) {
            return FLOATCODE_DIFFERENT;
        }
    }
    return check_ends(&reader);
}

int floatcode_decode(uint8_t *plain, const struct floatcode_blocks *blocks, uint8_t *scratch,
                     const struct floatcode *code)
{
    return walk(plain, NULL, blocks, scratch, code);
}

int floatcode_compare(const uint8_t *plain, const struct floatcode_blocks *blocks, uint8_t *scratch,
                      const struct floatcode *code)
{
    return walk(NULL, plain, blocks, scratch, code);
}
