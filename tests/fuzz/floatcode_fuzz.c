/* floatcode_fuzz.c - floats split and coded at once, by each path; see campaign.py.
 *
 * Byte 0: bit 0 the way, bits 2 and 3 the width of words, bits 4 to 7 a class of size; byte 1 the
 * rotation.
 *   bit 0 clear   hostile: 2 bytes finish the plain size; then come the blocks of the streams, each
 *                 behind 2 bytes for its size
 *   bit 0 set     honest: the rest, repeated as the class says, is floats; where bits 4 to 6 are
 *                 all set, streams may have many chunks, else they are small
 * Hostile blocks must be taken for the same as by huffman and floatsplit one after the other, honest
 * ones be the same. All buffers are malloc'd to the byte. */
#include "../../compressor/kernels/floatcode_kernel.h"
#include "buffers.h"

#define SMALL ((size_t)1 << 12)                          /* bytes; most inputs */
#define LARGEST ((size_t)3 << HUFFMAN_CHUNK_LOG_DEFAULT) /* bytes; more only take longer */

static const char *const NAMES[] = {"portable", "ssse3", "avx2"};
enum { PATHS = 3 };

static uint8_t *room_for(size_t size)
{
    uint8_t *room = malloc(size ? size : 1);
    require(room != NULL);
    return room;
}

static uint8_t *copy_of(const uint8_t *data, size_t size)
{
    uint8_t *copy = room_for(size);
    if (size) {
        memcpy(copy, data, size);
    }
    return copy;
}

/* Return whether this processor has the path. */
static int choose(struct floatcode *code, const char *name)
{
    code->huffman = &huffman_calls;
    code->split = &floatsplit_calls;
    code->huffman_path = huffman_path_named(name);
    code->split_path = floatsplit_path_named(name);
    return code->huffman_path && code->split_path;
}

static void free_blocks(struct floatcode_blocks *blocks, unsigned width)
{
    for (unsigned k = 0; k < width; k++) {
        free((uint8_t *)(uintptr_t)blocks->packed[k]);
    }
}

/* Decode at once into exact room; NULL if the blocks are damaged. */
static uint8_t *decode(struct floatcode_blocks *blocks, const struct floatcode *code)
{
    uint8_t *scratch = room_for(floatcode_decode_scratch(blocks, code));
    uint8_t *plain = room_for(blocks->plain_size);
    if (floatcode_decode(plain, blocks, scratch, code) != 0) {
        free(plain);
        plain = NULL;
    } else {
        require(floatcode_compare(plain, blocks, scratch, code) == 0);
        if (blocks->plain_size) {
            plain[blocks->plain_size / 2] ^= 1;
            require(floatcode_compare(plain, blocks, scratch, code) == FLOATCODE_DIFFERENT);
            plain[blocks->plain_size / 2] ^= 1;
        }
    }
    free(scratch);
    return plain;
}

/* Decode stream by stream; NULL if one is damaged. */
static uint8_t *decode_apart(const struct floatcode_blocks *blocks, const struct floatcode *code)
{
    const unsigned width = code->layout.width;
    uint8_t *streams[FLOATSPLIT_WIDTH_MAX];
    const uint8_t *inputs[FLOATSPLIT_WIDTH_MAX];
    uint8_t *scratch = room_for(huffman_decode_scratch(HUFFMAN_CHUNK_MAX));
    int sound = 1;
    for (unsigned k = 0; k < width; k++) {
        size_t size = floatsplit_stream_size(blocks->plain_size, width, k);
        inputs[k] = streams[k] = room_for(size);
        sound = sound && huffman_decode_block(streams[k], size, blocks->packed[k],
                                              blocks->packed_sizes[k], scratch,
                                              code->huffman_path) == HUFFMAN_OK;
    }
    uint8_t *plain = NULL;
    if (sound) {
        plain = room_for(blocks->plain_size);
        floatsplit_merge(plain, blocks->plain_size, inputs, code->layout, code->split_path);
    }
    for (unsigned k = 0; k < width; k++) {
        free(streams[k]);
    }
    free(scratch);
    return plain;
}

static void try_blocks(struct floatcode_blocks *blocks, struct floatcode *code)
{
    for (unsigned i = 0; i < PATHS; i++) {
        if (!choose(code, NAMES[i])) {
            continue;
        }
        int checked = floatcode_check(blocks, code);
        if (checked == FLOATCODE_UNLIKE) {
            continue;
        }
        uint8_t *apart = decode_apart(blocks, code);
        uint8_t *at_once = checked == 0 ? decode(blocks, code) : NULL;
        require((apart == NULL) == (at_once == NULL));
        require(!apart || memcmp(apart, at_once, blocks->plain_size) == 0);
        free(apart);
        free(at_once);
    }
}

static void try_hostile(const uint8_t *data, size_t size, struct floatcode *code, unsigned class)
{
    struct floatcode_blocks blocks = {.plain_size = 0};
    if (size < 2 + 2 * (size_t)code->layout.width) {
        return;
    }
    blocks.plain_size = (size_t)(data[0] | data[1] << 8) << class % 4;
    const uint8_t *sizes = data + 2, *at = sizes + 2 * code->layout.width, *end = data + size;
    for (unsigned k = 0; k < code->layout.width; k++) {
        size_t claimed = (size_t)(sizes[2 * k] | sizes[2 * k + 1] << 8);
        size_t left = (size_t)(end - at);
        blocks.packed_sizes[k] = claimed < left ? claimed : left;
        blocks.packed[k] = copy_of(at, blocks.packed_sizes[k]);
        at += blocks.packed_sizes[k];
    }
    try_blocks(&blocks, code);
    free_blocks(&blocks, code->layout.width);
}

/* Code at once, and require the bytes of the stages one by one. */
static void encode(struct floatcode_blocks *blocks, const uint8_t *plain, size_t plain_size,
                   const struct floatcode *code)
{
    const unsigned width = code->layout.width;
    uint8_t *packed[FLOATSPLIT_WIDTH_MAX], *streams[FLOATSPLIT_WIDTH_MAX];
    uint8_t *scratch = room_for(floatcode_encode_scratch(code, plain_size));
    for (unsigned k = 0; k < width; k++) {
        size_t size = floatsplit_stream_size(plain_size, width, k);
        packed[k] = room_for(huffman_packed_bound(size));
        streams[k] = room_for(size);
    }
    floatcode_encode(packed, blocks->packed_sizes, plain, plain_size, scratch, code);
    free(scratch);
    floatsplit_split(streams, plain, plain_size, code->layout, code->split_path);
    scratch = room_for(huffman_encode_scratch((size_t)1 << HUFFMAN_CHUNK_LOG_DEFAULT));
    blocks->plain_size = plain_size;
    for (unsigned k = 0; k < width; k++) {
        size_t size = floatsplit_stream_size(plain_size, width, k);
        uint8_t *apart = room_for(huffman_packed_bound(size));
        size_t apart_size =
            huffman_encode_block(apart, streams[k], size, scratch, code->huffman_path);
        require(apart_size == blocks->packed_sizes[k]);
        require(memcmp(apart, packed[k], apart_size) == 0);
        blocks->packed[k] = copy_of(packed[k], apart_size);
        free(apart);
        free(packed[k]);
        free(streams[k]);
    }
    free(scratch);
}

static void try_honest(const uint8_t *data, size_t size, struct floatcode *code, unsigned class)
{
    size_t most = class % 8 == 7 ? LARGEST : SMALL;
    size_t plain_size = size * times_within(size, (size_t)1 << class % 8, most);
    uint8_t *plain = room_for(plain_size);
    for (size_t i = 0; i < plain_size; i++) {
        plain[i] = data[i % size];
    }
    for (unsigned i = 0; i < PATHS; i++) {
        struct floatcode_blocks blocks;
        if (!choose(code, NAMES[i])) {
            continue;
        }
        encode(&blocks, plain, plain_size, code);
        require(floatcode_check(&blocks, code) == 0);
        uint8_t *again = decode(&blocks, code);
        require(again != NULL && memcmp(again, plain, plain_size) == 0);
        free(again);
        free_blocks(&blocks, code->layout.width);
    }
    free(plain);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct floatcode code = {.layout = {1, 1, 0}};
    if (size < 2) {
        return 0;
    }
    code.layout.width = 1u << (data[0] >> 2 & 3);
    code.layout.rotation = 1 + data[1] % (8 * code.layout.width - 1);
    if (data[0] & 1) {
        try_honest(data + 2, size - 2, &code, data[0] >> 4);
    } else {
        try_hostile(data + 2, size - 2, &code, data[0] >> 4);
    }
    return 0;
}
