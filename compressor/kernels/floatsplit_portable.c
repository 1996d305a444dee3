/* The portable path: kernel 0, which the others must equal. */
#include "floatsplit_path.h"

/* The two loops for words of one width; both run to the end. Byte order is explicit, and width a
 * constant, so that a compiler makes one load or store of each inner loop. */
#define LOOPS(word, width)                                                                         \
    static size_t split##width(uint8_t *const streams[], const uint8_t *plain, size_t first,       \
                               size_t count, struct floatsplit_layout layout)                      \
    {                                                                                              \
        const unsigned rotation = layout.rotation;                                                 \
        const word offset = (word)layout.offset;                                                   \
        for (size_t i = first; i < count; i++) {                                                   \
            word w = 0;                                                                            \
            for (unsigned k = 0; k < width; k++) {                                                 \
                w |= (word)((word)plain[i * width + k] << 8 * k);                                  \
            }                                                                                      \
            w = (word)(w - offset);                                                                \
            w = (word)(w << rotation | w >> (8 * width - rotation));                               \
            for (unsigned k = 0; k < width; k++) {                                                 \
                streams[k][i] = (uint8_t)(w >> 8 * (width - 1 - k));                               \
            }                                                                                      \
        }                                                                                          \
        return count;                                                                              \
    }                                                                                              \
    static size_t merge##width(uint8_t *plain, const uint8_t *const streams[], size_t first,       \
                               size_t count, struct floatsplit_layout layout)                      \
    {                                                                                              \
        const unsigned rotation = layout.rotation;                                                 \
        const word offset = (word)layout.offset;                                                   \
        for (size_t i = first; i < count; i++) {                                                   \
            word w = 0;                                                                            \
            for (unsigned k = 0; k < width; k++) {                                                 \
                w |= (word)((word)streams[k][i] << 8 * (width - 1 - k));                           \
            }                                                                                      \
            w = (word)(w >> rotation | w << (8 * width - rotation));                               \
            w = (word)(w + offset);                                                                \
            for (unsigned k = 0; k < width; k++) {                                                 \
                plain[i * width + k] = (uint8_t)(w >> 8 * k);                                      \
            }                                                                                      \
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
