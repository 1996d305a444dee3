/* lzw_fuzz.c - hostile streams, and round trips, for lzw_kernel.c; see campaign.py.
 *
 * The first byte chooses: bits 0 and 1 the mode, bit 2 whether a plain is stretched (16 times as
 * long, so that dictionaries fill up), bits 3 to 5 max_bits - 9. Every buffer has its exact size
 * and comes from malloc(), so that a byte too far is a finding.
 */
#include "../../compressor/kernels/lzw_kernel.h"
#include "buffers.h"

#include <stdbool.h>

enum { DECODE = 0, ROUND_TRIP = 1, DAMAGE = 2 }; /* 3 is DAMAGE too */
enum { STRETCH = 16, STRETCHABLE = 1536, LARGEST_CLAIM = 1 << 18 };

static struct lzw_encode_tables encode_tables;
static struct lzw_decode_tables decode_tables;

static struct bytes encoded(struct bytes plain, unsigned max_bits)
{
    struct bytes room = bytes_new(lzw_encode_bound(plain.size, max_bits));
    struct lzw_way way = {max_bits, plain.size & 1 ? LZW_RESET_FULL : LZW_RESET_RATIO};
    size_t nbytes = lzw_encode(room.at, plain.at, plain.size, way, &encode_tables);
    if (nbytes > room.size)
        abort();
    struct bytes packed = bytes_copy(room.at, nbytes);
    free(room.at);
    return packed;
}

static enum lzw_status decode(struct bytes out, struct bytes packed)
{
    return lzw_decode(out.at, out.size, packed.at, packed.size, &decode_tables);
}

/* The last three bytes claim a plain size; all before them are the stream. */
static void try_decode(const uint8_t *data, size_t nbytes)
{
    if (nbytes < 3)
        return;
    nbytes -= 3;
    size_t claim = data[nbytes] | (size_t)data[nbytes + 1] << 8 | (size_t)data[nbytes + 2] << 16;
    struct bytes packed = bytes_copy(data, nbytes);
    struct bytes out = bytes_new(claim % LARGEST_CLAIM);
    enum lzw_status status = decode(out, packed);
    if (lzw_check_size(packed.at, packed.size, out.size) != LZW_OK && status == LZW_OK)
        abort();
    free(out.at);
    free(packed.at);
}

static void try_round_trip(struct bytes plain, struct bytes packed)
{
    struct bytes out = bytes_new(plain.size);
    if (decode(out, packed) != LZW_OK || memcmp(out.at, plain.at, plain.size) != 0)
        abort();
    free(out.at);
}

/* Change a byte of a good stream, and cut it or lie about the plain size by a little. */
static void try_damage(struct bytes plain, struct bytes packed, const uint8_t how[4])
{
    size_t place = (size_t)how[0] << 8 | how[1];
    packed.at[place % packed.size] ^= how[2];
    size_t cut = how[3] & 8 ? how[3] >> 4 : 0;
    struct bytes damaged = bytes_copy(packed.at, packed.size > cut ? packed.size - cut : 0);
    struct bytes out = bytes_new(plain.size + (how[3] & 3));
    decode(out, damaged);
    free(out.at);
    free(damaged.at);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t nbytes)
{
    if (nbytes < 6)
        return 0;
    unsigned mode = data[0] & 3, max_bits = LZW_MIN_BITS + (data[0] >> 3 & 7);
    if (mode == DECODE) {
        try_decode(data + 1, nbytes - 1);
        return 0;
    }
    const uint8_t *text = data + 5; /* 1 to 4 say how to damage */
    bool stretch = (data[0] & 4) && nbytes <= STRETCHABLE;
    struct bytes plain = stretch ? stretched(text, nbytes - 5, STRETCH) : bytes_copy(text, nbytes - 5);
    struct bytes packed = encoded(plain, max_bits);
    if (mode == ROUND_TRIP)
        try_round_trip(plain, packed);
    else
        try_damage(plain, packed, data + 1);
    free(packed.at);
    free(plain.at);
    return 0;
}
