/* floatdelta_fuzz.c - round trips and hostile planes for floatdelta_kernel.c; see campaign.py.
 *
 * The first byte chooses: bit 0 the way (set: half of the rest is plain bytes, half their base;
 * clear: half is planes, half the base they are joined with), bits 1 to 3 the type, bits 4 to 7 the
 * classes; two more are the top. Where bit 7 of the last of these is set, all is repeated, so that
 * there are many tiles. Every buffer has its exact size and comes from malloc(), so that a byte too
 * far is a finding.
 */
#include "../../compressor/kernels/floatdelta_kernel.h"

#include <stdlib.h>
#include <string.h>

#define MANY 9 /* times that an input is repeated */

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
    return room;
}

static uint8_t *repeated(const uint8_t *data, size_t size, size_t times)
{
    uint8_t *copy = room_of(size * times);
    for (size_t i = 0; i < times && size; i++) {
        memcpy(copy + i * size, data, size);
    }
    return copy;
}

/* Planes of their exact sizes, filled from content in the order of their numbers if there is any.
 */
static size_t make_planes(uint8_t *planes[], const size_t sizes[], struct floatdelta_layout layout,
                          const uint8_t *content)
{
    size_t total = 0;
    for (unsigned i = 0; i < layout.classes * layout.width; i++) {
        size_t size = sizes[i / layout.width];
        planes[i] = room_of(size);
        if (content && size) {
            memcpy(planes[i], content + total, size);
        }
        total += size;
    }
    return total;
}

static void free_planes(uint8_t *planes[], struct floatdelta_layout layout)
{
    for (unsigned i = 0; i < layout.classes * layout.width; i++) {
        free(planes[i]);
    }
}

static void try_both(const uint8_t *content, const uint8_t *base, size_t count, int is_plain,
                     struct floatdelta_layout layout)
{
    uint8_t *planes[FLOATDELTA_CLASSES_MAX * FLOATDELTA_WIDTH_MAX];
    uint8_t *again[FLOATDELTA_CLASSES_MAX * FLOATDELTA_WIDTH_MAX];
    size_t sizes[FLOATDELTA_CLASSES_MAX], size = count * layout.width;
    uint8_t *plain = room_of(size);
    floatdelta_count(sizes, base, count, layout);
    require(make_planes(planes, sizes, layout, is_plain ? NULL : content) == size);
    require(make_planes(again, sizes, layout, NULL) == size);
    if (is_plain) {
        floatdelta_split(planes, content, base, count, layout);
    }
    floatdelta_join(plain, (const uint8_t *const *)planes, base, count, layout);
    require(!is_plain || !size || memcmp(plain, content, size) == 0);
    floatdelta_split(again, plain, base, count, layout);
    for (unsigned i = 0; i < layout.classes * layout.width; i++) {
        size_t n = sizes[i / layout.width];
        require(!n || memcmp(planes[i], again[i], n) == 0);
        require(floatdelta_zeros(planes[i], n) <= n);
    }
    free_planes(planes, layout);
    free_planes(again, layout);
    free(plain);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const unsigned types[8][2] = {{8, 52}, {4, 23}, {2, 7},  {2, 10},
                                         {1, 3},  {1, 2},  {8, 52}, {4, 23}};
    if (size < 3) {
        return 0;
    }
    const unsigned *type = types[data[0] >> 1 & 7];
    struct floatdelta_layout layout = {type[0], type[1], (data[0] >> 4) + 1u, 0};
    unsigned top = data[1] | (unsigned)(data[2] & 7) << 8;
    size_t times = data[2] & 128 ? MANY : 1, half = (size - 3) / 2;
    uint8_t *content = repeated(data + 3, half, times);
    uint8_t *base = repeated(data + 3 + half, half, times);
    size_t count = half * times / layout.width;
    layout.top = top & ((1u << (8 * layout.width - 1 - layout.mantissa_bits)) - 1);
    require(floatdelta_top(base, count, layout) >> (8 * layout.width - 1 - layout.mantissa_bits) ==
            0);
    try_both(content, base, count, data[0] & 1, layout);
    free(content);
    free(base);
    return 0;
}
