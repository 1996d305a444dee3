/* lz78_fuzz.c - hostile streams, and round trips, for lz78_*.c; see campaign.py.
 *
 * The first byte chooses: bits 0 and 1 the mode, bit 2 whether a plain is stretched (64 times as
 * long, so that dictionaries fill up). Every buffer has its exact size and comes from malloc(), so
 * that a byte too far is a finding.
 */
#include "../../compressor/kernels/lz78_kernel.h"
#include "buffers.h"

#include <stdbool.h>

enum { DECODE = 0, ROUND_TRIP = 1, DAMAGE = 2 }; /* 3 is DAMAGE too */
enum { STRETCH = 64, STRETCHABLE = 6144, LARGEST_CLAIM = 1 << 18 };

static struct lz78_encode_tables encode_tables;
static struct lz78_decode_tables decode_tables;

static struct lz78_huffman huffman_with(struct bytes scratch)
{
    return (struct lz78_huffman){&huffman_calls, huffman_path_named(NULL), scratch.at};
}

static struct bytes encoded(struct bytes plain)
{
    struct bytes scratch = bytes_new(lz78_encode_scratch(&huffman_calls));
    struct bytes room = bytes_new(lz78_packed_bound(plain.size));
    struct lz78_huffman huffman = huffman_with(scratch);
    size_t size = lz78_encode(room.at, plain.at, plain.size, &encode_tables, &huffman);
    if (size > room.size)
        abort();
    struct bytes packed = bytes_copy(room.at, size);
    free(room.at);
    free(scratch.at);
    return packed;
}

static enum lz78_result decode(struct bytes out, struct bytes packed)
{
    struct bytes scratch = bytes_new(lz78_decode_scratch(&huffman_calls));
    struct lz78_huffman huffman = huffman_with(scratch);
    enum lz78_result result =
        lz78_decode(out.at, out.size, packed.at, packed.size, &decode_tables, &huffman);
    free(scratch.at);
    return result;
}

/* The last three bytes claim a plain size; all before them are the stream. */
static void try_decode(const uint8_t *data, size_t size)
{
    if (size < 3)
        return;
    size -= 3;
    size_t claim = data[size] | (size_t)data[size + 1] << 8 | (size_t)data[size + 2] << 16;
    struct bytes packed = bytes_copy(data, size);
    struct bytes out = bytes_new(claim % LARGEST_CLAIM);
    decode(out, packed);
    free(out.at);
    free(packed.at);
}

static void try_round_trip(struct bytes plain, struct bytes packed)
{
    struct bytes out = bytes_new(plain.size);
    if (decode(out, packed) != LZ78_OK || memcmp(out.at, plain.at, plain.size) != 0)
        abort();
    free(out.at);
}

/* Change a byte of a good stream, and cut it or lie about the plain size by a little. */
static void try_damage(struct bytes plain, struct bytes packed, const uint8_t how[4])
{
    packed.at[((size_t)how[0] << 8 | how[1]) % packed.size] ^= how[2];
    size_t cut = how[3] & 8 ? how[3] >> 4 : 0;
    struct bytes damaged = bytes_copy(packed.at, packed.size > cut ? packed.size - cut : 0);
    struct bytes out = bytes_new(plain.size + (how[3] & 3));
    decode(out, damaged);
    free(out.at);
    free(damaged.at);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 6)
        return 0;
    unsigned mode = data[0] & 3;
    if (mode == DECODE) {
        try_decode(data + 1, size - 1);
        return 0;
    }
    const uint8_t *text = data + 5; /* 1 to 4 say how to damage */
    bool stretch = (data[0] & 4) && size <= STRETCHABLE;
    struct bytes plain = stretch ? stretched(text, size - 5, STRETCH) : bytes_copy(text, size - 5);
    struct bytes packed = encoded(plain);
    if (mode == ROUND_TRIP)
        try_round_trip(plain, packed);
    else
        try_damage(plain, packed, data + 1);
    free(packed.at);
    free(plain.at);
    return 0;
}
