/* The portable path: kernel 0, which the others must equal.
 *
 * Words go through a small array of their own: as it is no one else's memory, a compiler may take
 * many of them at once. */
#include "floatsplit_path.h"

#define TURN ((size_t)64) /* words at most; any number gives the same */

/* The two loops for words of one width, both to the end. Byte order is explicit, and width a
 * constant, so that a compiler makes one load or store of the bytes of a word. */
#define LOOPS(word, width)                                                                         \
    static void split_turn##width(uint8_t *const streams[], const uint8_t *plain, size_t i,        \
                                  size_t n, struct floatsplit_layout layout)                       \
    {                                                                                              \
        const word offset = (word)layout.offset;                                                   \
        word words[TURN];                                                                          \
        for (size_t j = 0; j < n; j++) {                                                           \
            word w = 0;                                                                            \
            for (unsigned k = 0; k < width; k++) {                                                 \
                w = (word)(w | (word)plain[(i + j) * width + k] << 8 * k);                         \
            }                                                                                      \
            words[j] = w;                                                                          \
        }                                                                                          \
        for (size_t j = 0; j < n; j++) {                                                           \
            word w = (word)(words[j] - offset);                                                    \
            words[j] = (word)(w << layout.rotation | w >> (8 * width - layout.rotation));          \
        }                                                                                          \
        for (unsigned k = 0; k < width; k++) {                                                     \
            uint8_t *stream = streams[k] + i;                                                      \
            for (size_t j = 0; j < n; j++) {                                                       \
                stream[j] = (uint8_t)(words[j] >> 8 * (width - 1 - k));                            \
            }                                                                                      \
        }                                                                                          \
    }                                                                                              \
    static void merge_turn##width(uint8_t *plain, const uint8_t *const streams[], size_t i,        \
                                  size_t n, struct floatsplit_layout layout)                       \
    {                                                                                              \
        const word offset = (word)layout.offset;                                                   \
        word words[TURN] = {0};                                                                    \
        for (unsigned k = 0; k < width; k++) {                                                     \
            const uint8_t *stream = streams[k] + i;                                                \
            for (size_t j = 0; j < n; j++) {                                                       \
                words[j] = (word)(words[j] | (word)stream[j] << 8 * (width - 1 - k));              \
            }                                                                                      \
        }                                                                                          \
        for (size_t j = 0; j < n; j++) {                                                           \
            word w = words[j];                                                                     \
            w = (word)(w >> layout.rotation | w << (8 * width - layout.rotation));                 \
            words[j] = (word)(w + offset);                                                         \
        }                                                                                          \
        for (size_t j = 0; j < n; j++) {                                                           \
            for (unsigned k = 0; k < width; k++) {                                                 \
                plain[(i + j) * width + k] = (uint8_t)(words[j] >> 8 * k);                         \
            }                                                                                      \
        }                                                                                          \
    }                                                                                              \
    static size_t split##width(uint8_t *const streams[], const uint8_t *plain, size_t first,       \
                               size_t count, struct floatsplit_layout layout)                      \
    {                                                                                              \
        for (size_t i = first; i < count; i += TURN) {                                             \
            split_turn##width(streams, plain, i, count - i < TURN ? count - i : TURN, layout);     \
        }                                                                                          \
        return count;                                                                              \
    }                                                                                              \
    static size_t merge##width(uint8_t *plain, const uint8_t *const streams[], size_t first,       \
                               size_t count, struct floatsplit_layout layout)                      \
    {                                                                                              \
        for (size_t i = first; i < count; i += TURN) {                                             \
            merge_turn##width(plain, streams, i, count - i < TURN ? count - i : TURN, layout);     \
        }                                                                                          \
        return count;                                                                              \
    }

LOOPS(uint8_t, 1)
LOOPS(uint16_t, 2)
LOOPS(uint32_t, 4)
LOOPS(uint64_t, 8)

const struct floatsplit_path floatsplit_portable = {
    "portable",
    {split1, split2, split4, split8},
    {merge1, merge2, merge4, merge8},
};
