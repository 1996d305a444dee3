/* noise.h - is a block packed or encrypted already, so that a copy is all it is worth?
 *
 * Two looks at each part of the block, exact, so that all machines agree:
 *
 * The sum of the squares of 512 bytes' counts is 1534 on average where all values are equally
 * likely, with a deviation of 45 (this is the chi-square test without its constants). Compressed
 * and encrypted bytes stay below the average and five deviations; text, floats, images and base64
 * are far above.
 *
 * That sees no order: noise that repeats is noise to it. So rows of 64 bytes are taken from places
 * spread at random over the parts, and of each row a word that its own bytes choose, so that two
 * rows which overlap in a repeat mostly choose the same. Words that were met before are counted. Of
 * a block of which a share f repeats itself, a row is met again with a chance of f times the share
 * of the block that rows cover; where a repeat lies does not matter, nor how long it is.
 *
 * Both cost a few hundredths of a copy if the part is in the processor's cache: look at it when it
 * was just copied.
 */
#ifndef COMPRESSOR_NOISE_H
#define COMPRESSOR_NOISE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "words.h"

#define NOISE_PART ((size_t)1 << 17) /* bytes to be judged at once */
#define NOISE_LEAST ((size_t)8192)   /* bytes; fewer are not judged */

enum {
    NOISE_SAMPLES = 32,       /* of 16 bytes */
    NOISE_SQUARES_MAX = 1759, /* 1534 + 5 * 45 */
    NOISE_ROW = 64,           /* bytes */
    NOISE_ROWS_PART = 80,     /* rows of each part, and as many more: */
    NOISE_ROWS_BLOCK = 512,   /* of all parts of a block together */
    NOISE_CELL_MIN = 128,     /* bytes from which a row is chosen */
    NOISE_WORD = 8,           /* bytes */
    NOISE_REPEATS = 2,        /* words met again that make a repeat: one may be by chance */
    NOISE_TAGS_LOG = 12,
};

_Static_assert(NOISE_CELL_MIN >= NOISE_ROW + NOISE_WORD, "a row's last word is in its cell");

/* What was seen of a block so far. */
struct noise_look {
    size_t nbytes;    /* in parts whose bytes look like noise */
    unsigned repeats; /* words in them that were met before */
    uint32_t rows, row_count;
    uint32_t tags[1 << NOISE_TAGS_LOG]; /* of the newest word of each hash */
};

/* Return the size of the part that n bytes begin with: a rest too short to be judged joins it. */
static inline size_t noise_part(size_t n)
{
    return n < NOISE_PART + NOISE_LEAST ? n : NOISE_PART;
}

/* Return whether the bytes in[0..n) are as evenly spread as noise; of 8,192 or more. */
static inline int noise_likely(const uint8_t *in, size_t n)
{
    if (n < NOISE_LEAST)
        return 0;
    uint16_t counts[2][256] = {{0}}; /* in turns, as an equal neighbour would wait for its store */
    uint32_t squares = 0;
    for (size_t sample = 0; sample < 2 * NOISE_SAMPLES; sample++) {
        uint64_t word = load_le64(in + sample / 2 * (n / NOISE_SAMPLES) + n / 64 + sample % 2 * 8);
        for (unsigned i = 0; i < 8; i++, word >>= 8)
            counts[i & 1][word & 255]++;
    }
    for (unsigned value = 0; value < 256; value++) {
        uint32_t count = (uint32_t)counts[0][value] + counts[1][value];
        squares += count * count;
    }
    return squares <= NOISE_SQUARES_MAX;
}

/* Return which bytes of a row have 22 in their lower five bits: bit i stands for byte i. */
static inline uint64_t noise_anchors(const uint8_t *row)
{
    uint64_t anchors = 0;
#ifdef __SSE2__
    const __m128i lower = _mm_set1_epi8(31), wanted = _mm_set1_epi8(22);
    for (unsigned at = 0; at < NOISE_ROW; at += 16) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)(row + at));
        __m128i equal = _mm_cmpeq_epi8(_mm_and_si128(bytes, lower), wanted);
        anchors |= (uint64_t)(unsigned)_mm_movemask_epi8(equal) << at;
    }
#else
    const uint64_t ones = UINT64_C(0x0101010101010101);
    for (unsigned at = 0; at < NOISE_ROW; at += 8) {
        uint64_t other = (load_le64(row + at) & 31 * ones) ^ 22 * ones; /* zero where equal */
        uint64_t equal = (128 * ones - other) >> 7 & ones;
        anchors |= (equal * UINT64_C(0x0102040810204080) >> 56) << at;
    }
#endif
    return anchors;
}

/* Note the word of a row: from its first anchor on, or from its last byte. Return whether it was
 * met before. */
static inline unsigned noise_note(uint32_t *tags, const uint8_t *row)
{
    unsigned first = (unsigned)__builtin_ctzll(noise_anchors(row) | UINT64_C(1) << 63);
    uint64_t hash = load_le64(row + first) * UINT64_C(0x9E3779B97F4A7C15);
    uint32_t tag = (uint32_t)(hash >> 16) | 1; /* 0: none */
    uint32_t *slot = &tags[hash >> (64 - NOISE_TAGS_LOG)];
    unsigned met = *slot == tag;
    *slot = tag;
    return met;
}

/* Begin to look at a block. */
static inline void noise_begin(struct noise_look *look, size_t plain_nbytes)
{
    size_t parts = plain_nbytes < 2 * NOISE_PART ? 1 : plain_nbytes / NOISE_PART;
    memset(look, 0, sizeof *look);
    look->rows = NOISE_ROWS_PART + (uint32_t)(NOISE_ROWS_BLOCK / parts);
}

/* Look at its next part of n bytes. */
static inline void noise_next(struct noise_look *look, const uint8_t *part, size_t n)
{
    if (!noise_likely(part, n))
        return;
    size_t most = n / NOISE_CELL_MIN, rows = look->rows < most ? look->rows : most;
    size_t cell = n / rows, choices = cell - NOISE_ROW - NOISE_WORD;
    uint32_t number = look->row_count;
    unsigned met = 0;
    for (size_t row = 0; row < rows; row++, part += cell, number++) {
        /* Squares: whatever lies between two rows, they are at different places in their cells. */
        uint32_t place = number * number * UINT32_C(0x9E3779B1);
        met += noise_note(look->tags, part + ((uint64_t)place * choices >> 32));
    }
    look->row_count = number;
    look->repeats += met;
    look->nbytes += n;
}

static inline int noise_repeats(const struct noise_look *look)
{
    return look->repeats >= NOISE_REPEATS;
}

/* Return whether at least least bytes of what was looked at are noise. */
static inline int noise_is(const struct noise_look *look, size_t least)
{
    return look->nbytes && look->nbytes >= least && !noise_repeats(look);
}

/* Look at a whole block, or as far as to its repeats; copy, where there is one, gets what was
 * looked at. */
static inline void noise_look(struct noise_look *look, uint8_t *copy, const uint8_t *plain,
                              size_t plain_nbytes)
{
    noise_begin(look, plain_nbytes);
    for (size_t at = 0, part; at < plain_nbytes && !noise_repeats(look); at += part) {
        part = noise_part(plain_nbytes - at);
        if (copy)
            memcpy(copy + at, plain + at, part);
        noise_next(look, plain + at, part);
    }
}

#endif
