#include "zeromask_kernel.h"

#include <string.h>

size_t zeromask_mask_size(size_t plain_size, unsigned width)
{
    size_t count = plain_size / width;
    return count / 8 + (count % 8 != 0);
}

/* The loops for elements of one width. Zero is zero in any byte order.
 *
 * split: every element is put where the next one that stays goes, and the zeros are overwritten; so
 * there is no branch to guess. rest holds i elements or fewer before element i, and so has room.
 *
 * merge: an element is taken, and made zero where its bit says so, while one is left; so what is
 * read lies in rest, of which end is the end. Behind the last one all are zero. */
#define LOOPS(word, width)                                                                         \
    static unsigned split_some##width(uint8_t **rest, const uint8_t *plain, unsigned n)            \
    {                                                                                              \
        unsigned bits = 0;                                                                         \
        uint8_t *out = *rest;                                                                      \
        for (unsigned i = 0; i < n; i++) {                                                         \
            word w;                                                                                \
            memcpy(&w, plain + i * width, width);                                                  \
            memcpy(out, &w, width);                                                                \
            bits |= (unsigned)(w != 0) << i;                                                       \
            out += w != 0 ? width : 0;                                                             \
        }                                                                                          \
        *rest = out;                                                                               \
        return bits;                                                                               \
    }                                                                                              \
    static uint8_t *split##width(uint8_t *mask, uint8_t *rest, const uint8_t *plain, size_t count) \
    {                                                                                              \
        size_t i = 0;                                                                              \
        for (; i + 8 <= count; i += 8) {                                                           \
            mask[i / 8] = (uint8_t)split_some##width(&rest, plain + i * width, 8);                 \
        }                                                                                          \
        if (i < count) {                                                                           \
            mask[i / 8] =                                                                          \
                (uint8_t)split_some##width(&rest, plain + i * width, (unsigned)(count - i));       \
        }                                                                                          \
        return rest;                                                                               \
    }                                                                                              \
    static inline const uint8_t *merge_one##width(uint8_t *plain, const uint8_t *rest,             \
                                                  unsigned bit)                                    \
    {                                                                                              \
        word w;                                                                                    \
        memcpy(&w, rest, width);                                                                   \
        w = (word)(w & (word)(0 - (word)bit));                                                     \
        memcpy(plain, &w, width);                                                                  \
        return rest + bit * width;                                                                 \
    }                                                                                              \
    static void merge##width(uint8_t *plain, size_t count, const uint8_t *mask,                    \
                             const uint8_t *rest, const uint8_t *end)                              \
    {                                                                                              \
        size_t i = 0;                                                                              \
        for (; i + 8 <= count && (size_t)(end - rest) >= 8 * width; i += 8) {                      \
            unsigned bits = mask[i / 8];                                                           \
            for (unsigned j = 0; j < 8; j++) {                                                     \
                rest = merge_one##width(plain + (i + j) * width, rest, bits >> j & 1);             \
            }                                                                                      \
        }                                                                                          \
        for (; i < count && rest != end; i++) {                                                    \
            rest = merge_one##width(plain + i * width, rest, mask[i / 8] >> i % 8 & 1u);           \
        }                                                                                          \
        memset(plain + i * width, 0, (count - i) * width);                                         \
    }

LOOPS(uint8_t, 1)
LOOPS(uint16_t, 2)
LOOPS(uint32_t, 4)
LOOPS(uint64_t, 8)

/* By the binary logarithm of the width. */
static uint8_t *(*const splits[])(uint8_t *, uint8_t *, const uint8_t *, size_t) = {
    split1,
    split2,
    split4,
    split8,
};
static void (*const merges[])(uint8_t *, size_t, const uint8_t *, const uint8_t *,
                              const uint8_t *) = {
    merge1,
    merge2,
    merge4,
    merge8,
};

static unsigned log_of(unsigned width)
{
    return width == 1 ? 0 : width == 2 ? 1 : width == 4 ? 2 : 3;
}

/* The loops for elements that are kept, all of them: each goes to one of two streams, or comes from
 * it. low is a word with the bits that must be zero, as it lies in memory, so that any byte order
 * will do. The streams have their sizes, so that what is read and written lies in them. */
#define PAIRS(word, width)                                                                         \
    static uint8_t *part##width(uint8_t *mask, uint8_t *rest, uint8_t *taken,                      \
                                const uint8_t *plain, size_t count, const uint8_t *low)            \
    {                                                                                              \
        word zeros;                                                                                \
        memcpy(&zeros, low, width);                                                                \
        for (size_t i = 0; i < count; i++) {                                                       \
            word w;                                                                                \
            memcpy(&w, plain + i * width, width);                                                  \
            unsigned bit = (w & zeros) != 0;                                                       \
            mask[i / 8] = (uint8_t)(mask[i / 8] | bit << i % 8);                                   \
            memcpy(bit ? rest : taken, &w, width);                                                 \
            rest += bit * width;                                                                   \
            taken += (1 - bit) * width;                                                            \
        }                                                                                          \
        return rest;                                                                               \
    }                                                                                              \
    static const uint8_t *join##width(uint8_t *plain, size_t count, const uint8_t *mask,           \
                                      const uint8_t *rest, const uint8_t *taken)                   \
    {                                                                                              \
        for (size_t i = 0; i < count; i++) {                                                       \
            unsigned bit = mask[i / 8] >> i % 8 & 1u;                                              \
            memcpy(plain + i * width, bit ? rest : taken, width);                                  \
            rest += bit * width;                                                                   \
            taken += (1 - bit) * width;                                                            \
        }                                                                                          \
        return rest;                                                                               \
    }

PAIRS(uint8_t, 1)
PAIRS(uint16_t, 2)
PAIRS(uint32_t, 4)
PAIRS(uint64_t, 8)

static uint8_t *(*const parts[])(uint8_t *, uint8_t *, uint8_t *, const uint8_t *, size_t,
                                 const uint8_t *) = {
    part1,
    part2,
    part4,
    part8,
};
static const uint8_t *(*const joins[])(uint8_t *, size_t, const uint8_t *, const uint8_t *,
                                       const uint8_t *) = {
    join1,
    join2,
    join4,
    join8,
};

static size_t count_ones(const uint8_t *mask, size_t mask_size)
{
    size_t ones = 0;
    for (size_t i = 0; i < mask_size; i++) {
        unsigned v = mask[i];
        v = v - (v >> 1 & 0x55);
        v = (v & 0x33) + (v >> 2 & 0x33);
        ones += (v + (v >> 4)) & 15;
    }
    return ones;
}

size_t zeromask_split(uint8_t *mask, uint8_t *rest, const uint8_t *plain, size_t plain_size,
                      unsigned width)
{
    size_t count = plain_size / width, tail = plain_size % width;
    uint8_t *end = splits[log_of(width)](mask, rest, plain, count);
    if (tail) {
        memcpy(end, plain + count * width, tail);
    }
    return (size_t)(end - rest) + tail;
}

enum zeromask_status zeromask_check(const uint8_t *mask, size_t mask_size, size_t rest_size,
                                    size_t plain_size, unsigned width)
{
    size_t count = plain_size / width;
    if (mask_size != zeromask_mask_size(plain_size, width)) {
        return ZEROMASK_MASK_SIZE;
    }
    if (count % 8 && mask[mask_size - 1] >> count % 8) {
        return ZEROMASK_UNUSED_BITS;
    }
    size_t needed = count_ones(mask, mask_size) * width + plain_size % width;
    return rest_size == needed ? ZEROMASK_OK : ZEROMASK_REST_SIZE;
}

void zeromask_merge(uint8_t *plain, size_t plain_size, const uint8_t *mask, const uint8_t *rest,
                    unsigned width)
{
    size_t count = plain_size / width, tail = plain_size % width;
    const uint8_t *end = rest + count_ones(mask, zeromask_mask_size(plain_size, width)) * width;
    merges[log_of(width)](plain, count, mask, rest, end);
    if (tail) {
        memcpy(plain + count * width, end, tail);
    }
}

size_t zeromask_part(uint8_t *mask, uint8_t *rest, uint8_t *taken, const uint8_t *plain,
                     size_t plain_size, unsigned width, unsigned bits)
{
    size_t count = plain_size / width, tail = plain_size % width;
    uint8_t low[8];
    for (unsigned i = 0; i < 8; i++) {
        unsigned left = bits > 8 * i ? bits - 8 * i : 0;
        low[i] = (uint8_t)(left < 8 ? (1u << left) - 1 : 255);
    }
    size_t mask_size = zeromask_mask_size(plain_size, width);
    if (mask_size) {
        memset(mask, 0, mask_size);
    }
    uint8_t *end = parts[log_of(width)](mask, rest, taken, plain, count, low);
    if (tail) {
        memcpy(end, plain + count * width, tail);
    }
    return (size_t)(end - rest) + tail;
}

void zeromask_join(uint8_t *plain, size_t plain_size, const uint8_t *mask, const uint8_t *rest,
                   const uint8_t *taken, unsigned width)
{
    size_t count = plain_size / width, tail = plain_size % width;
    const uint8_t *end = joins[log_of(width)](plain, count, mask, rest, taken);
    if (tail) {
        memcpy(plain + count * width, end, tail);
    }
}
