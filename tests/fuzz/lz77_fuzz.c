/* lz77_fuzz.c - hostile blocks, and round trips, for lz77_*.c; see campaign.py.
 *
 * Byte 0: bits 0 and 1 the mode, bit 2 whether a plain is made by orders, bits 3 to 6 whether it
 * may be long then (all are set), bit 7 whether scratch is filled; byte 1: the level.
 *   mode 0  hostile: the last three bytes claim a plain size; the block is before them
 *   mode 1  the rest is a plain, or orders for one; all paths give one block, which comes back
 *   mode 2  the same, then damaged
 *   mode 3  hostile streams: the rest, cut into five, becomes a coded chunk by huffman's encoder
 * Long plains are longer than a chunk, with repeats that straddle its end. All buffers are malloc'd
 * to the byte, but scratch, which holds what was left there and ends where it was asked to end. */
#include "../../compressor/kernels/lz77_kernel.h"
#include "buffers.h"

#include <sanitizer/asan_interface.h>

static const char *const NAMES[] = {"portable", "ssse3", "avx2"};
enum { PATHS = 3, SHORT_MAX = 1 << 12, LONG_MAX = 3 << 16, CLAIM_MAX = 1 << 19 };
enum { SCRATCH_MAX = 1 << 24 };

static int fills; /* whether scratch is filled */

/* Scratch at a multiple of 64 that ends where it was asked to end: one room, of which the rest is
 * poisoned. To take 2 MiB anew for each call would be most of the time. */
static uint8_t *scratch_of(size_t nbytes)
{
    static _Alignas(64) uint8_t room[SCRATCH_MAX];
    static size_t used = SCRATCH_MAX; /* what is behind is poisoned */
    require(nbytes <= sizeof room);
    __asan_unpoison_memory_region(room, nbytes);
    if (used > nbytes) {
        __asan_poison_memory_region(room + nbytes, used - nbytes);
    }
    used = nbytes;
    if (fills) {
        memset(room, 0xA5, nbytes);
    }
    return room;
}

static int choose(struct lz77_coder *coder, const char *name)
{
    coder->huffman = &huffman_calls;
    coder->path = huffman_path_named(name);
    coder->portable = strcmp(name, "portable") == 0;
    coder->bmi2 = strcmp(name, "avx2") == 0;
    return coder->path != NULL;
}

/* Four bytes are an order: a repeat (how far back and how long, in steps that grow), or bytes. */
static struct bytes ordered(const uint8_t *data, size_t nbytes, size_t most)
{
    struct bytes plain = bytes_new(most);
    size_t at = 0;
    for (; nbytes >= 4; data += 4, nbytes -= 4) {
        size_t back = (data[0] | (size_t)data[1] << 8) << (data[2] >> 6 << 1);
        size_t count = (size_t)(data[2] & 63) << (data[3] >> 4);
        if (at + count + 4 > most)
            break;
        if (back == 0 || back > at) {
            memcpy(plain.at + at, data, 4);
            at += 4;
            continue;
        }
        for (; count; count--, at++)
            plain.at[at] = plain.at[at - back];
        plain.at[at++] = data[3];
    }
    struct bytes exact = bytes_copy(plain.at, at);
    free(plain.at);
    return exact;
}

static struct bytes encoded(struct bytes plain, int level, const struct lz77_coder *coder)
{
    uint8_t *scratch = scratch_of(lz77_encode_scratch(plain.size, level, coder));
    struct bytes room = bytes_new(lz77_encode_bound(plain.size));
    size_t nbytes = lz77_encode(room.at, plain.at, plain.size, level, scratch, coder);
    require(nbytes <= room.size);
    struct bytes packed = bytes_copy(room.at, nbytes);
    free(room.at);
    return packed;
}

static enum lz77_status decode(struct bytes out, struct bytes packed,
                               const struct lz77_coder *coder)
{
    enum lz77_status status = lz77_check_size(packed.size, out.size);
    uint8_t *scratch = scratch_of(lz77_decode_scratch(out.size, coder));
    enum lz77_status decoded =
        lz77_decode(out.at, out.size, packed.at, packed.size, scratch, coder);
    require(status == LZ77_OK || status == decoded);
    return decoded;
}

/* All paths take a block for the same. */
static void try_decode(struct bytes packed, size_t claim)
{
    struct bytes first = bytes_new(claim);
    struct lz77_coder coder;
    require(choose(&coder, NAMES[0]));
    enum lz77_status status = decode(first, packed, &coder);
    for (unsigned i = 1; i < PATHS; i++) {
        if (!choose(&coder, NAMES[i]))
            continue;
        struct bytes out = bytes_new(claim);
        require(decode(out, packed, &coder) == status);
        require(status != LZ77_OK || memcmp(out.at, first.at, claim) == 0);
        free(out.at);
    }
    free(first.at);
}

static void try_round_trip(struct bytes plain, int level)
{
    struct bytes first = {NULL, 0};
    for (unsigned i = 0; i < PATHS; i++) {
        struct lz77_coder coder;
        if (!choose(&coder, NAMES[i]))
            continue;
        struct bytes packed = encoded(plain, level, &coder), out = bytes_new(plain.size);
        require(decode(out, packed, &coder) == LZ77_OK);
        require(memcmp(out.at, plain.at, plain.size) == 0);
        require(!first.at ||
                (packed.size == first.size && memcmp(packed.at, first.at, first.size) == 0));
        free(out.at);
        free(first.at);
        first = packed;
    }
    free(first.at);
}

/* Change a byte of a good block, and cut it or lie about the plain size by a little. */
static void try_damage(struct bytes plain, int level, const uint8_t how[5])
{
    struct lz77_coder coder;
    require(choose(&coder, NAMES[0]));
    struct bytes packed = encoded(plain, level, &coder);
    size_t place = (size_t)how[0] << 16 | (size_t)how[1] << 8 | how[2];
    size_t cut = how[4] & 8 ? how[4] >> 4 : 0;
    if (packed.size > cut) {
        packed.at[place % packed.size] ^= how[3];
        struct bytes damaged = bytes_copy(packed.at, packed.size - cut);
        try_decode(damaged, plain.size + (how[4] & 3));
        free(damaged.at);
    }
    free(packed.at);
}

/* A coded chunk of any streams: commands and, by the first four bytes, the shares of the others. */
static void try_streams(const uint8_t *data, size_t nbytes)
{
    struct lz77_coder coder;
    require(choose(&coder, NAMES[0]));
    size_t shares[4], total = 0;
    uint8_t *scratch = bytes_new(huffman_encode_scratch(HUFFMAN_CHUNK_MAX)).at;
    struct bytes packed = bytes_new(2 * nbytes + 64);
    const uint8_t *at = data + 6;
    for (unsigned i = 0; i < 4; i++) {
        shares[i] = (nbytes - 6 - total) * data[i] / 256;
        total += shares[i];
    }
    shares[2] = 0;
    for (size_t i = 0; i < shares[0]; i++)
        shares[2] += (at[i] & 12) == 0;
    size_t end = 8, extras = 0;
    const uint8_t head[8] = {1,
                             (uint8_t)shares[0],
                             (uint8_t)(shares[0] >> 8),
                             (uint8_t)shares[1],
                             (uint8_t)(shares[1] >> 8),
                             (uint8_t)shares[3],
                             (uint8_t)(shares[3] >> 8),
                             0};
    memcpy(packed.at, head, sizeof head);
    for (unsigned i = 0; i < 4; i++) {
        if (shares[i] > (size_t)(data + nbytes - at))
            shares[i] = (size_t)(data + nbytes - at);
        end += huffman_encode_chunk(packed.at + end, at, shares[i], scratch, coder.path);
        for (size_t k = 0; i == 2 && k < shares[i]; k++)
            extras += at[k] >> 2;
        at += shares[i];
    }
    for (size_t k = 0; k < (extras + 7) / 8 && end < packed.size; k++)
        packed.at[end++] = (uint8_t)(data[4] * k);
    struct bytes exact = bytes_copy(packed.at, end);
    try_decode(exact, data[4] | (size_t)data[5] << 8);
    free(exact.at);
    free(packed.at);
    free(scratch);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t nbytes)
{
    if (nbytes < 8)
        return 0;
    unsigned mode = data[0] & 3;
    int level = 1 + data[1] % 9;
    fills = data[0] >> 7;
    if (mode == 3) {
        try_streams(data + 2, nbytes - 2);
        return 0;
    }
    if (mode == 0) {
        const uint8_t *claim = data + nbytes - 3;
        struct bytes packed = bytes_copy(data + 1, nbytes - 4);
        try_decode(packed, (claim[0] | (size_t)claim[1] << 8 | (size_t)claim[2] << 16) % CLAIM_MAX);
        free(packed.at);
        return 0;
    }
    const uint8_t *text = data + 7; /* 2 to 6 say how to damage */
    size_t most = (data[0] & 0x78) == 0x78 ? LONG_MAX : SHORT_MAX;
    struct bytes plain =
        data[0] & 4 ? ordered(text, nbytes - 7, most) : bytes_copy(text, nbytes - 7);
    if (mode == 1)
        try_round_trip(plain, level);
    else
        try_damage(plain, level, data + 2);
    free(plain.at);
    return 0;
}
