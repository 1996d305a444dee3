/* pieces_path.h - the one inner loop of cutting, for one kind of processor. */
#ifndef COMPRESSOR_PIECES_PATH_H
#define COMPRESSOR_PIECES_PATH_H

#include <stddef.h>
#include <stdint.h>

/* A hash sums up the last 32 bytes: each shift pushes the oldest of them out of 32 bits. */
#define PIECES_WINDOW ((size_t)32)

struct pieces_path {
    const char *name;

    /* Return the first n in [first, end) where the window data[n - 32..n) has a hash without any
     * bit of mask, or end. 32 <= first <= end; what is read lies in data[first - 32..end - 1). mask
     * holds PIECES_NEAR and no other of the low 16 bits. */
    size_t (*find_end)(const uint8_t *data, size_t first, size_t end, uint32_t mask);
};

/* Bits of the hash that are zero where a piece may end: few of them for a piece that is long
 * enough. Both hold PIECES_NEAR, bits that depend on the last 16 bytes alone. */
#define PIECES_HARD UINT32_C(0xfc00ffc0)
#define PIECES_EASY UINT32_C(0xc000ffc0)
#define PIECES_NEAR UINT32_C(0x0000ffc0)

extern const struct pieces_path pieces_portable;

#if defined(__x86_64__) && defined(__GNUC__) /* clang says so too */
#define PIECES_HAVE_AVX2 1
extern const struct pieces_path pieces_avx2;
#else
#define PIECES_HAVE_AVX2 0
#endif

#endif
