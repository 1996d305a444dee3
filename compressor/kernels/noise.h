/* noise.h - does a part of a block look like noise, so that a copy is all it is worth?
 *
 * The sum of the squares of 512 bytes' counts is 1534 on average where all values are equally
 * likely, with a deviation of 45 (this is the chi-square test without its constants). Compressed
 * and encrypted bytes stay below the average and four deviations; text, floats, images and base64
 * are far above. It sees no order: noise that repeats is noise to it. So whoever can find repeats
 * looks for them, too.
 */
#ifndef COMPRESSOR_NOISE_H
#define COMPRESSOR_NOISE_H

#include <stddef.h>
#include <stdint.h>

#define NOISE_PART ((size_t)1 << 17) /* bytes to be judged at once */
#define NOISE_LEAST ((size_t)8192)   /* bytes; fewer are not judged */
#define NOISE_ROWS 8u
#define NOISE_ROW 64u          /* bytes: a cache line or two */
#define NOISE_SQUARES_MAX 1714 /* 1534 + 4 * 45 */

/* Return whether in[0..n) looks like noise. */
static inline int noise_likely(const uint8_t *in, size_t n)
{
    uint16_t counts[2][256] = {{0}}; /* in turns, as an equal neighbour would wait for its store */
    uint32_t squares = 0;
    if (n < NOISE_LEAST)
        return 0;
    for (size_t row = 0; row < NOISE_ROWS; row++) {
        const uint8_t *at = in + row * (n / NOISE_ROWS);
        for (unsigned i = 0; i < NOISE_ROW; i += 2) {
            counts[0][at[i]]++;
            counts[1][at[i + 1]]++;
        }
    }
    for (unsigned value = 0; value < 256; value++) {
        uint32_t count = (uint32_t)counts[0][value] + counts[1][value];
        squares += count * count;
    }
    return squares <= NOISE_SQUARES_MAX;
}

#endif
