#include "floatdelta_kernel.h"

#include <string.h>

#define LANES FLOATDELTA_LANES
#define CLASSES FLOATDELTA_CLASSES_MAX
#define TURN ((size_t)128) /* elements of a lane at once; any number gives the same */

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define FLOATDELTA_LITTLE_ENDIAN 1
#else
#define FLOATDELTA_LITTLE_ENDIAN 0
#endif

#define WIDTH 1
#define WORD uint8_t
#include "floatdelta_loops.h"
#define WIDTH 2
#define WORD uint16_t
#include "floatdelta_loops.h"
#define WIDTH 4
#define WORD uint32_t
#include "floatdelta_loops.h"
#define WIDTH 8
#define WORD uint64_t
#include "floatdelta_loops.h"

/* What there is for elements of one width. */
struct loops {
    unsigned (*top)(const uint8_t *, size_t, struct floatdelta_layout);
    void (*count)(size_t (*)[CLASSES], const uint8_t *, size_t, struct floatdelta_layout);
    void (*put)(void *, size_t (*)[CLASSES], const uint8_t *, const uint8_t *, size_t,
                struct floatdelta_layout);
    void (*take)(uint8_t *, const void *, size_t (*)[CLASSES], const uint8_t *, size_t,
                 struct floatdelta_layout);
    void (*spread)(uint8_t *const[], const void *, size_t, size_t);
    void (*gather)(void *, size_t, const uint8_t *const[], size_t);
};

static const struct loops *loops_of(unsigned width)
{
    static const struct loops by_log[] = {
        {top1, count1, put1, take1, spread1, gather1},
        {top2, count2, put2, take2, spread2, gather2},
        {top4, count4, put4, take4, spread4, gather4},
        {top8, count8, put8, take8, spread8, gather8},
    };
    return by_log + (width == 1 ? 0 : width == 2 ? 1 : width == 4 ? 2 : 3);
}

/* Where the elements of each lane and class go: class by class, and in one as they come. */
static void find_places(size_t next[LANES][CLASSES], const struct floatdelta_counts *counts)
{
    size_t at = 0;
    for (unsigned c = 0; c < CLASSES; c++) {
        for (unsigned lane = 0; lane < LANES; lane++) {
            next[lane][c] = at;
            at += counts->of[lane][c];
        }
    }
}

unsigned floatdelta_top(const uint8_t *base, size_t count, struct floatdelta_layout layout)
{
    return loops_of(layout.width)->top(base, count, layout);
}

void floatdelta_count(struct floatdelta_counts *counts, const uint8_t *base, size_t count,
                      struct floatdelta_layout layout)
{
    memset(counts, 0, sizeof *counts);
    loops_of(layout.width)->count(counts->of, base, count, layout);
}

size_t floatdelta_size(const struct floatdelta_counts *counts, unsigned number)
{
    size_t size = 0;
    for (unsigned lane = 0; lane < LANES; lane++) {
        size += counts->of[lane][number];
    }
    return size;
}

void floatdelta_split(uint8_t *const planes[], const uint8_t *plain, const uint8_t *base,
                      size_t count, struct floatdelta_layout layout,
                      const struct floatdelta_counts *counts, void *scratch)
{
    const struct loops *loops = loops_of(layout.width);
    size_t next[LANES][CLASSES], first = 0;
    find_places(next, counts);
    loops->put(scratch, next, plain, base, count, layout);
    for (unsigned c = 0; c < layout.classes; c++) {
        size_t size = floatdelta_size(counts, c);
        loops->spread(planes + c * layout.width, scratch, first, size);
        first += size;
    }
}

void floatdelta_join(uint8_t *plain, const uint8_t *const planes[], const uint8_t *base,
                     size_t count, struct floatdelta_layout layout,
                     const struct floatdelta_counts *counts, void *scratch)
{
    const struct loops *loops = loops_of(layout.width);
    size_t next[LANES][CLASSES], first = 0;
    find_places(next, counts);
    for (unsigned c = 0; c < layout.classes; c++) {
        size_t size = floatdelta_size(counts, c);
        loops->gather(scratch, first, planes + c * layout.width, size);
        first += size;
    }
    loops->take(plain, scratch, next, base, count, layout);
}

size_t floatdelta_zeros(const uint8_t *bytes, size_t size)
{
    size_t zeros = 0;
    for (size_t i = 0; i < size; i += 128) {
        size_t n = size - i < 128 ? size - i : 128;
        uint8_t some = 0;
        for (size_t j = 0; j < n; j++) {
            some = (uint8_t)(some + (bytes[i + j] == 0));
        }
        zeros += some;
    }
    return zeros;
}
