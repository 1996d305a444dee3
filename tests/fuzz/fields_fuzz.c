/* fields_fuzz.c - round trips and hostile streams for fields_kernel.c; see campaign.py.
 *
 * The first byte chooses: bit 0 the way (set: plain bytes; clear: 2 more bytes are the plain size, and
 * the rest is dealt out to streams of the sizes that follow from it), the others the number of fields;
 * the two bytes behind it choose their sizes. Every buffer has its exact size and comes from malloc(),
 * so that a byte too far is a finding.
 */
#include "../../compressor/kernels/fields_kernel.h"

#include <stdlib.h>
#include <string.h>

struct record {
    size_t sizes[FIELDS_MAX];
    unsigned count;
};

static void require(int truth)
{
    if (!truth) {
        abort();
    }
}

static uint8_t *room_of(size_t size)
{
    uint8_t *room = malloc(size ? size : 1);
    require(room != NULL);
    memset(room, 0xa5, size);
    return room;
}

static void try_plain(const uint8_t *data, size_t size, const struct record *record)
{
    uint8_t *streams[FIELDS_MAX], *plain = room_of(size), *again = room_of(size);
    memcpy(plain, data, size);
    size_t sum = 0;
    for (unsigned k = 0; k < record->count; k++) {
        size_t stream_size = fields_stream_size(size, record->sizes, record->count, k);
        streams[k] = room_of(stream_size);
        sum += stream_size;
    }
    require(sum == size);
    fields_split(streams, plain, size, record->sizes, record->count);
    fields_merge(again, size, (const uint8_t *const *)streams, record->sizes, record->count);
    require(memcmp(again, plain, size) == 0);
    for (unsigned k = 0; k < record->count; k++) {
        free(streams[k]);
    }
    free(plain);
    free(again);
}

/* Any bytes in streams of the right sizes stand for a plain, which is split into them again. */
static void try_streams(const uint8_t *data, size_t size, const struct record *record)
{
    if (size < 2) {
        return;
    }
    size_t plain_size = data[0] | (size_t)data[1] << 8;
    data += 2, size -= 2;
    plain_size = plain_size < size ? plain_size : size;
    uint8_t *streams[FIELDS_MAX], *plain = room_of(plain_size);
    for (unsigned k = 0; k < record->count; k++) {
        size_t stream_size = fields_stream_size(plain_size, record->sizes, record->count, k);
        streams[k] = room_of(stream_size);
        memcpy(streams[k], data, stream_size);
        data += stream_size;
    }
    fields_merge(plain, plain_size, (const uint8_t *const *)streams, record->sizes, record->count);
    try_plain(plain, plain_size, record);
    for (unsigned k = 0; k < record->count; k++) {
        free(streams[k]);
    }
    free(plain);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 3) {
        return 0;
    }
    static const size_t known[16] = {1, 2, 4, 8, 16, 32, 3, 12, 64, 128, 5, 7, 100, 4096, 33, 6};
    struct record record = {.count = 1 + (data[0] >> 1) % FIELDS_MAX};
    for (unsigned k = 0; k < record.count; k++) {
        record.sizes[k] = known[(data[1 + k % 2] >> k % 3 * 2 ^ k) & 15];
    }
    if (data[0] & 1) {
        try_plain(data + 3, size - 3, &record);
    } else {
        try_streams(data + 3, size - 3, &record);
    }
    return 0;
}
