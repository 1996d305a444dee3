/* floatsplit_fuzz.c - splits and merges by each path, for floatsplit_kernel.c; see campaign.py.
 *
 * The first byte chooses: bit 0 the way (set: the rest is plain bytes; clear: it is streams, one
 * behind another), bits 2 and 3 the width; the second byte the rotation; the
 * next 8 are the offset. Every buffer has its exact
 * size and comes from malloc(), so that a byte too far is a finding.
 */
#include "../../compressor/kernels/floatsplit_kernel.h"

#include <stdlib.h>
#include <string.h>

static const char *const NAMES[] = {"portable", "ssse3", "avx2"};
enum { PATHS = 3 };

static void require(int truth)
{
    if (!truth) {
        abort();
    }
}

static uint8_t *room_for(size_t size)
{
    uint8_t *room = malloc(size ? size : 1);
    require(room != NULL);
    return room;
}

static void rooms_for(uint8_t *streams[], size_t plain_size, unsigned width)
{
    for (unsigned k = 0; k < width; k++) {
        streams[k] = room_for(floatsplit_stream_size(plain_size, width, k));
    }
}

static void free_all(uint8_t *streams[], unsigned width)
{
    for (unsigned k = 0; k < width; k++) {
        free(streams[k]);
    }
}

static void require_alike(uint8_t *const a[], uint8_t *const b[], size_t size, unsigned width)
{
    for (unsigned k = 0; k < width; k++) {
        require(memcmp(a[k], b[k], floatsplit_stream_size(size, width, k)) == 0);
    }
}

/* Merge by a path into exact room, and require that it gives plain. */
static void try_merge(uint8_t *const streams[], const uint8_t *plain, size_t size,
                      struct floatsplit_layout layout, const struct floatsplit_path *path)
{
    const uint8_t *inputs[FLOATSPLIT_WIDTH_MAX];
    for (unsigned k = 0; k < layout.width; k++) {
        inputs[k] = streams[k];
    }
    uint8_t *again = room_for(size);
    floatsplit_merge(again, size, inputs, layout, path);
    require(memcmp(again, plain, size) == 0);
    free(again);
}

/* Every path splits plain into the same streams, and merges them into plain. */
static void try_plain(const uint8_t *plain, size_t size, struct floatsplit_layout layout)
{
    uint8_t *first[FLOATSPLIT_WIDTH_MAX], *streams[FLOATSPLIT_WIDTH_MAX];
    rooms_for(first, size, layout.width);
    floatsplit_split(first, plain, size, layout, floatsplit_path_named("portable"));
    for (int i = 0; i < PATHS; i++) {
        const struct floatsplit_path *path = floatsplit_path_named(NAMES[i]);
        if (!path) {
            continue;
        }
        rooms_for(streams, size, layout.width);
        floatsplit_split(streams, plain, size, layout, path);
        require_alike(streams, first, size, layout.width);
        try_merge(streams, plain, size, layout, path);
        free_all(streams, layout.width);
    }
    free_all(first, layout.width);
}

/* Any streams merge into something that splits into them. */
static void try_streams(const uint8_t *data, size_t size, struct floatsplit_layout layout)
{
    uint8_t *streams[FLOATSPLIT_WIDTH_MAX], *again[FLOATSPLIT_WIDTH_MAX];
    const uint8_t *inputs[FLOATSPLIT_WIDTH_MAX];
    rooms_for(streams, size, layout.width);
    rooms_for(again, size, layout.width);
    for (unsigned k = 0; k < layout.width; k++) {
        size_t nbytes = floatsplit_stream_size(size, layout.width, k);
        memcpy(streams[k], data, nbytes);
        data += nbytes;
        inputs[k] = streams[k];
    }
    uint8_t *plain = room_for(size);
    floatsplit_merge(plain, size, inputs, layout, floatsplit_path_named(NULL));
    floatsplit_split(again, plain, size, layout, floatsplit_path_named(NULL));
    require_alike(again, streams, size, layout.width);
    free(plain);
    free_all(streams, layout.width);
    free_all(again, layout.width);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t nbytes)
{
    if (nbytes < 10) {
        return 0;
    }
    struct floatsplit_layout layout = {1u << (data[0] >> 2 & 3), 0, 0};
    memcpy(&layout.offset, data + 2, 8);
    layout.rotation = 1 + data[1] % (8 * layout.width - 1);
    size_t size = nbytes - 10;
    uint8_t *rest = room_for(size);
    memcpy(rest, data + 10, size);
    if (data[0] & 1) {
        try_plain(rest, size, layout);
    } else {
        try_streams(rest, size, layout);
    }
    free(rest);
    return 0;
}
