/* floatsplit_path.h - the inner loops of splitting and merging, for one kind of processor. */
#ifndef COMPRESSOR_FLOATSPLIT_PATH_H
#define COMPRESSOR_FLOATSPLIT_PATH_H

#include "floatsplit_kernel.h"

/* Both loops begin with the word first, which is at most count, and return the word that they stop
 * before: count, or one that leaves too few for another turn. They touch no byte of other words. */

typedef size_t floatsplit_split_fn(uint8_t *const streams[], const uint8_t *plain, size_t first,
                                   size_t count, struct floatsplit_layout layout);
typedef size_t floatsplit_merge_fn(uint8_t *plain, const uint8_t *const streams[], size_t first,
                                   size_t count, struct floatsplit_layout layout);

/* By the binary logarithm of the words' width. */
struct floatsplit_path {
    const char *name;
    floatsplit_split_fn *split[4];
    floatsplit_merge_fn *merge[4];
};

extern const struct floatsplit_path floatsplit_portable;

#if defined(__x86_64__) && defined(__GNUC__) /* clang says so too */
#define FLOATSPLIT_HAVE_X86 1
extern const struct floatsplit_path floatsplit_ssse3;
extern const struct floatsplit_path floatsplit_avx2;
#else
#define FLOATSPLIT_HAVE_X86 0
#endif

#endif
