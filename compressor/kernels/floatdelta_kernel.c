#include "floatdelta_kernel.h"

#include <string.h>

#define CLASSES FLOATDELTA_CLASSES_MAX
#define LANES ((size_t)4)
#define LANE ((size_t)512)  /* elements */
#define TILE (LANES * LANE) /* what is in order at once: it stays near the processor */
#define GROUP ((size_t)128) /* of bytes that one byte counts */
#define EXPONENTS 2048      /* that there may be */
#define ROW ((size_t)64)    /* elements, of each ROWS of a large block, whose exponents are noted */
#define ROWS ((size_t)1024)
#define SAMPLED_FROM ((size_t)16384) /* elements */
#define RARE 64                      /* of so many elements one reaches the top, or more do */

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define FLOATDELTA_LITTLE_ENDIAN 1
#else
#define FLOATDELTA_LITTLE_ENDIAN 0
#endif

/* Where in a tile's order the next element of each class goes; a lane has its own. */
typedef uint32_t places[CLASSES];

static size_t count_equal(const uint8_t *bytes, size_t size, uint8_t value)
{
    size_t count = 0, i = 0;
    for (; i + GROUP <= size; i += GROUP) {
        uint8_t some = 0;
        for (size_t j = 0; j < GROUP; j++) {
            some = (uint8_t)(some + (bytes[i + j] == value));
        }
        count += some;
    }
    for (; i < size; i++) {
        count += bytes[i] == value;
    }
    return count;
}

/* Add to sizes how many of a tile's n elements are of each class, and find their places: class by
 * class, and within one as they come. */
static void find_places(places next[LANES], size_t sizes[CLASSES], const uint8_t *classes, size_t n,
                        unsigned used)
{
    size_t at = 0;
    for (unsigned c = 0; c < used; c++) {
        size_t first = at;
        for (size_t lane = 0; lane < LANES; lane++) {
            size_t begin = lane * LANE < n ? lane * LANE : n;
            size_t size = n - begin < LANE ? n - begin : LANE;
            next[lane][c] = (uint32_t)at;
            at += count_equal(classes + begin, size, (uint8_t)c);
        }
        sizes[c] += at - first;
    }
}

#define WIDTH 1
#define WORD uint8_t
#define HALF uint8_t
#define HALF_WIDTH 1
#include "floatdelta_loops.h"
#define WIDTH 2
#define WORD uint16_t
#define HALF uint8_t
#define HALF_WIDTH 1
#include "floatdelta_loops.h"
#define WIDTH 4
#define WORD uint32_t
#define HALF uint16_t
#define HALF_WIDTH 2
#include "floatdelta_loops.h"
#define WIDTH 8
#define WORD uint64_t
#define HALF uint32_t
#define HALF_WIDTH 4
#include "floatdelta_loops.h"

/* What there is for elements of one width, a tile at a time. */
struct loops {
    void (*note)(uint32_t *, const uint8_t *, size_t, struct floatdelta_layout);
    void (*count)(size_t *, const uint8_t *, size_t, struct floatdelta_layout);
    void (*split)(uint8_t *const[], size_t *, const uint8_t *, const uint8_t *, size_t,
                  struct floatdelta_layout);
    void (*join)(uint8_t *, const uint8_t *const[], size_t *, const uint8_t *, size_t,
                 struct floatdelta_layout);
};

static const struct loops *loops_of(unsigned width)
{
    static const struct loops by_log[] = {
        {note1, count1, split1, join1},
        {note2, count2, split2, join2},
        {note4, count4, split4, join4},
        {note8, count8, split8, join8},
    };
    return by_log + (width == 1 ? 0 : width == 2 ? 1 : width == 4 ? 2 : 3);
}

static size_t tile_at(size_t first, size_t count)
{
    return count - first < TILE ? count - first : TILE;
}

unsigned floatdelta_top(const uint8_t *base, size_t count, struct floatdelta_layout layout)
{
    uint32_t counts[EXPONENTS] = {0};
    uint64_t noted = 0, above = 0;
    unsigned top = (1u << (8 * layout.width - 1 - layout.mantissa_bits)) - 1;
    const struct loops *loops = loops_of(layout.width);
    int few = count < SAMPLED_FROM;
    size_t end = few ? count : count / ROWS * ROWS, step = few ? ROW : ROWS;
    for (size_t i = 0; i < end; i += step) {
        size_t at = few ? i : i + 5 * (i / ROWS) * ROW % ROWS;
        size_t n = end - at < ROW ? end - at : ROW;
        loops->note(counts, base + at * layout.width, n, layout);
        noted += n;
    }
    while (top && RARE * (above += counts[top]) < noted) {
        top--;
    }
    return top;
}

void floatdelta_count(size_t sizes[FLOATDELTA_CLASSES_MAX], const uint8_t *base, size_t count,
                      struct floatdelta_layout layout)
{
    const struct loops *loops = loops_of(layout.width);
    memset(sizes, 0, CLASSES * sizeof *sizes);
    for (size_t i = 0; i < count; i += TILE) {
        loops->count(sizes, base + i * layout.width, tile_at(i, count), layout);
    }
}

void floatdelta_split(uint8_t *const planes[], const uint8_t *plain, const uint8_t *base,
                      size_t count, struct floatdelta_layout layout)
{
    const struct loops *loops = loops_of(layout.width);
    size_t done[CLASSES] = {0};
    for (size_t i = 0; i < count; i += TILE) {
        size_t at = i * layout.width;
        loops->split(planes, done, plain + at, base + at, tile_at(i, count), layout);
    }
}

void floatdelta_join(uint8_t *plain, const uint8_t *const planes[], const uint8_t *base,
                     size_t count, struct floatdelta_layout layout)
{
    const struct loops *loops = loops_of(layout.width);
    size_t done[CLASSES] = {0};
    for (size_t i = 0; i < count; i += TILE) {
        size_t at = i * layout.width;
        loops->join(plain + at, planes, done, base + at, tile_at(i, count), layout);
    }
}

size_t floatdelta_zeros(const uint8_t *bytes, size_t size)
{
    return count_equal(bytes, size, 0);
}
