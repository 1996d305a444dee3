/* preset_fuzz.c - hostile streams, and round trips, for preset_*.c; see campaign.py.
 *
 * The first byte chooses: bits 0 and 1 the mode, bit 2 whether a plain is made of an alphabet's
 * symbols, bit 3 whether the chain names one, bits 4 and 5 the path. Every buffer has its exact
 * size and comes from malloc(), so that a byte too far is a finding.
 */
#include "../../compressor/kernels/preset_path.h"
#include "buffers.h"

enum { DECODE = 0, ROUND_TRIP = 1, DAMAGE = 2 }; /* 3 is DAMAGE too */
enum { LARGEST_CLAIM = 1 << 18 };

static const char *const names[] = {"portable", "ssse3", "avx2", NULL};
static struct preset_scratch scratch;

static enum preset_result decode(struct bytes out, struct bytes packed,
                                 const struct preset_table *given, const struct preset_path *path)
{
    return preset_decode(out.at, out.size, packed.at, packed.size, given, &scratch, path);
}

/* Both paths say the same of a stream, and of its bytes. */
static void try_decode(struct bytes packed, size_t claim, const struct preset_table *given,
                       const struct preset_path *path)
{
    struct bytes out = bytes_new(claim), again = bytes_new(claim);
    enum preset_result result = decode(out, packed, given, path);
    if (result != decode(again, packed, given, &preset_portable))
        abort();
    if (result == PRESET_OK && memcmp(out.at, again.at, claim) != 0)
        abort();
    free(out.at);
    free(again.at);
}

static struct bytes encoded(struct bytes plain, const struct preset_table *given,
                            const struct preset_path *path)
{
    struct bytes room = bytes_new(preset_packed_bound(plain.size));
    size_t size = preset_encode(room.at, plain.at, plain.size, given, &scratch, path);
    if (size > room.size)
        abort();
    struct bytes packed = bytes_copy(room.at, size);
    free(room.at);
    return packed;
}

static void try_round_trip(struct bytes plain, struct bytes packed,
                           const struct preset_table *given, const struct preset_path *path)
{
    struct bytes out = bytes_new(plain.size), same = encoded(plain, given, &preset_portable);
    if (decode(out, packed, given, path) != PRESET_OK || memcmp(out.at, plain.at, plain.size) != 0)
        abort();
    if (same.size != packed.size || memcmp(same.at, packed.at, packed.size) != 0)
        abort();
    free(same.at);
    free(out.at);
}

/* Make symbols of a table; one byte of 64 stays as it is. */
static void fit(struct bytes plain, const struct preset_table *table)
{
    for (size_t i = 0; i < plain.size; i++)
        if (plain.at[i] & 63)
            plain.at[i] = table->symbols[plain.at[i] % table->count];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct preset_table table, given;
    if (size < 6)
        return 0;
    const struct preset_path *path = preset_path_named(names[data[0] >> 4 & 3]);
    if (!path)
        return 0;
    unsigned mode = data[0] & 3, number = PRESET_ASCII + data[1] % 7;
    bool named = data[0] & 8;
    preset_table_make(&given, PRESET_GIVEN, (const uint8_t *)"ACGTN\nacgt\0", 11 - data[1] % 8);
    if (mode == DECODE) {
        size_t claim = data[1] | (size_t)data[2] << 8 | (size_t)data[3] << 16;
        struct bytes packed = bytes_copy(data + 4, size - 4);
        try_decode(packed, claim % LARGEST_CLAIM, named ? &given : NULL, path);
        free(packed.at);
        return 0;
    }
    struct bytes plain = bytes_copy(data + 5, size - 5); /* 1 to 4 say how to damage */
    preset_table_fixed(&table, number);
    if (data[0] & 4)
        fit(plain, named ? &given : &table);
    struct bytes packed = encoded(plain, named ? &given : NULL, path);
    if (mode == ROUND_TRIP) {
        try_round_trip(plain, packed, named ? &given : NULL, path);
    } else {
        packed.at[((size_t)data[1] << 8 | data[2]) % packed.size] ^= data[3];
        packed.size -= data[4] & 8 && packed.size > 4 ? data[4] & 3u : 0u;
        struct bytes cut = bytes_copy(packed.at, packed.size);
        try_decode(cut, plain.size + (data[4] >> 6), named ? &given : NULL, path);
        free(cut.at);
    }
    free(packed.at);
    free(plain.at);
    return 0;
}
