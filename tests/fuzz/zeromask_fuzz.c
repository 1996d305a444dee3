/* zeromask_fuzz.c - round trips and hostile streams for zeromask_kernel.c; see campaign.py.
 *
 * The first byte chooses: bit 0 the way (set: the rest is plain bytes; clear: 2 more bytes are the
 * plain size, another the size of the bitmap, which the rest begins with), bits 2 and 3 the width, the
 * others the lowest bits that must be zero, 0 to 60.
 * Every buffer has its exact size and comes from malloc(), so that a byte too far is a finding.
 */
#include "../../compressor/kernels/zeromask_kernel.h"

#include <stdlib.h>
#include <string.h>

static void require(int truth)
{
    if (!truth) {
        abort();
    }
}

static uint8_t *copy_of(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size ? size : 1);
    require(copy != NULL);
    if (size) {
        memcpy(copy, data, size);
    }
    return copy;
}

/* Take elements out by their lowest bits, where there are any, and put them back. */
static void try_parts(const uint8_t *data, size_t size, unsigned width, unsigned bits)
{
    size_t mask_size = zeromask_mask_size(size, width);
    uint8_t *plain = copy_of(data, size), *again = copy_of(data, size);
    uint8_t *mask = copy_of(data, mask_size < size ? mask_size : size);
    uint8_t *room = copy_of(data, size), *more = copy_of(data, size);
    size_t rest_size = zeromask_part(mask, room, more, plain, size, width, bits);
    require(rest_size <= size);
    uint8_t *rest = copy_of(room, rest_size), *taken = copy_of(more, size - rest_size);
    require(zeromask_check(mask, mask_size, rest_size, size, width) == ZEROMASK_OK);
    memset(again, 0xa5, size);
    zeromask_join(again, size, mask, rest, taken, width);
    require(memcmp(again, plain, size) == 0);
    free(plain);
    free(again);
    free(mask);
    free(room);
    free(more);
    free(rest);
    free(taken);
}

static void try_plain(const uint8_t *data, size_t size, unsigned width)
{
    size_t mask_size = zeromask_mask_size(size, width);
    uint8_t *plain = copy_of(data, size), *again = copy_of(data, size);
    uint8_t *mask = malloc(mask_size ? mask_size : 1), *room = malloc(size ? size : 1);
    require(mask != NULL && room != NULL);
    size_t rest_size = zeromask_split(mask, room, plain, size, width);
    require(rest_size <= size);
    uint8_t *rest = copy_of(room, rest_size);
    require(zeromask_check(mask, mask_size, rest_size, size, width) == ZEROMASK_OK);
    memset(again, 0xa5, size);
    zeromask_merge(again, size, mask, rest, width);
    require(memcmp(again, plain, size) == 0);
    free(plain);
    free(again);
    free(mask);
    free(room);
    free(rest);
}

/* Streams that pass the check merge into plain_size bytes, and touch nothing else. */
static void try_streams(const uint8_t *data, size_t size, unsigned width, unsigned bits)
{
    if (size < 3) {
        return;
    }
    size_t plain_size = data[0] | (size_t)data[1] << 8, mask_size = data[2];
    size -= 3;
    mask_size = mask_size < size ? mask_size : size;
    uint8_t *mask = copy_of(data + 3, mask_size);
    uint8_t *rest = copy_of(data + 3 + mask_size, size - mask_size);
    size_t rest_size = size - mask_size;
    if (zeromask_check(mask, mask_size, rest_size, plain_size, width) == ZEROMASK_OK) {
        uint8_t *plain = malloc(plain_size ? plain_size : 1);
        require(plain != NULL);
        if (bits) {
            uint8_t *taken = malloc(plain_size > rest_size ? plain_size - rest_size : 1);
            require(taken != NULL);
            memset(taken, data[0], plain_size - rest_size);
            zeromask_join(plain, plain_size, mask, rest, taken, width);
            free(taken);
        } else {
            zeromask_merge(plain, plain_size, mask, rest, width);
        }
        try_plain(plain, plain_size, width);
        free(plain);
    }
    free(mask);
    free(rest);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1) {
        return 0;
    }
    unsigned width = 1u << (data[0] >> 2 & 3), bits = 4u * (data[0] >> 4);
    if (!(data[0] & 1)) {
        try_streams(data + 1, size - 1, width, bits);
    } else if (bits) {
        try_parts(data + 1, size - 1, width, bits);
    } else {
        try_plain(data + 1, size - 1, width);
    }
    return 0;
}
