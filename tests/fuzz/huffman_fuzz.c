/* libFuzzer entry for the huffman kernel.
 *
 * Byte 0 chooses: bit 1 what the rest is, bits 2-7 a class of plain size.
 *   bit 1 clear   hostile: 2 more bytes finish the plain size, the rest is a packed block
 *   bit 1 set     honest: a plain block. Bit 0 clear: it is the rest, repeated as the class says;
 *                 bit 0 set: each two bytes are a symbol and how often it comes. Class 7 has three
 *                 chunks, others are small
 * All buffers are malloc'd to the byte, so that AddressSanitizer sees one too many. */
#include "../../compressor/kernels/huffman_kernel.h"
#include "buffers.h"

/* Bytes: two chunks and a part; more of them only take longer. */
#define LARGEST ((size_t)9 << (HUFFMAN_CHUNK_LOG_DEFAULT - 2))
#define SMALL ((size_t)1 << 12) /* bytes; most inputs, so that many are tried */

/* Decode into a buffer of exactly plain_size bytes; return it, or NULL if the block is damaged. */
static uint8_t *decode(const uint8_t *packed, size_t packed_size, size_t plain_size,
                       const struct huffman_path *path)
{
    size_t chunk_size = 0;
    if (huffman_check_block(&chunk_size, packed, packed_size, plain_size) != HUFFMAN_OK) {
        return NULL;
    }
    size_t largest = plain_size < chunk_size ? plain_size : chunk_size;
    uint8_t *scratch = malloc(huffman_decode_scratch(largest));
    uint8_t *plain = malloc(plain_size ? plain_size : 1);
    require(scratch != NULL && plain != NULL);
    if (huffman_decode_block(plain, plain_size, packed, packed_size, scratch, path) != HUFFMAN_OK) {
        free(plain);
        plain = NULL;
    }
    free(scratch);
    return plain;
}

/* Every path must say the same of any input as the first one. */
static void try_hostile(const uint8_t *data, size_t size, unsigned class)
{
    if (size < 2) {
        return;
    }
    size_t plain_size = (size_t)(data[0] | data[1] << 8) << class % 4;
    size_t packed_size = size - 2;
    uint8_t *packed = bytes_copy(data + 2, packed_size).at;
    uint8_t *first = decode(packed, packed_size, plain_size, huffman_path_at(0));
    for (size_t i = 1; huffman_path_at(i); i++) {
        uint8_t *other = decode(packed, packed_size, plain_size, huffman_path_at(i));
        require((first == NULL) == (other == NULL));
        require(!first || memcmp(first, other, plain_size) == 0);
        free(other);
    }
    free(first);
    free(packed);
}

static uint8_t *encode(size_t *packed_size, const uint8_t *plain, size_t plain_size,
                       const struct huffman_path *path)
{
    const size_t chunk_size = (size_t)1 << HUFFMAN_CHUNK_LOG_DEFAULT;
    size_t largest = plain_size < chunk_size ? plain_size : chunk_size;
    uint8_t *scratch = malloc(huffman_encode_scratch(largest));
    uint8_t *packed = malloc(huffman_packed_bound(plain_size));
    require(scratch != NULL && packed != NULL);
    *packed_size = huffman_encode_block(packed, plain, plain_size, scratch, path);
    require(*packed_size <= huffman_packed_bound(plain_size));
    uint8_t *exact = bytes_copy(packed, *packed_size).at;
    free(packed);
    free(scratch);
    return exact;
}

static struct bytes repeated(const uint8_t *data, size_t size, unsigned class, size_t most)
{
    struct bytes plain = bytes_new(size * times_within(size, (size_t)1 << class % 8, most));
    for (size_t i = 0; i < plain.size; i++) {
        plain.at[i] = (uint8_t)(data[i % size] >> (class / 8));
    }
    return plain;
}

/* Symbols as often as the byte behind each says, strewn: so trees of all shapes come up. */
static struct bytes strewn(const uint8_t *data, size_t size, size_t most)
{
    struct bytes sorted = bytes_new(most);
    size_t n = 0;
    for (size_t i = 0; i + 1 < size; i += 2) {
        for (size_t count = (size_t)1 << data[i + 1] % 12; count && n < most; count--) {
            sorted.at[n++] = data[i];
        }
    }
    struct bytes plain = bytes_new(n);
    for (size_t i = 0; i < n; i++) {
        plain.at[i] = sorted.at[(i * 2654435761u >> 8) % n];
    }
    free(sorted.at);
    return plain;
}

/* Every path must pack to the same bytes as the first one, and unpack these. */
static void try_honest(const uint8_t *plain, size_t plain_size)
{
    size_t first_size = 0;
    uint8_t *first = NULL;
    for (size_t i = 0; huffman_path_at(i); i++) {
        size_t packed_size;
        uint8_t *packed = encode(&packed_size, plain, plain_size, huffman_path_at(i));
        uint8_t *again = decode(packed, packed_size, plain_size, huffman_path_at(i));
        require(again != NULL && (!plain_size || memcmp(again, plain, plain_size) == 0));
        free(again);
        if (i == 0) {
            first = packed;
            first_size = packed_size;
            continue;
        }
        require(packed_size == first_size && memcmp(packed, first, first_size) == 0);
        free(packed);
    }
    free(first);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1) {
        return 0;
    }
    unsigned choice = data[0];
    unsigned class = choice >> 2;
    size_t most = class == 7 ? LARGEST : SMALL;
    if (!(choice & 2)) {
        try_hostile(data + 1, size - 1, class);
        return 0;
    }
    struct bytes plain =
        choice & 1 ? strewn(data + 1, size - 1, most) : repeated(data + 1, size - 1, class, most);
    try_honest(plain.at, plain.size);
    free(plain.at);
    return 0;
}
