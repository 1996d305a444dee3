/* dense_elements.h - what dense_*.c and densedelta_*.c do with elements alike. */
#ifndef COMPRESSOR_DENSE_ELEMENTS_H
#define COMPRESSOR_DENSE_ELEMENTS_H

#include "dense_layout.h"
#include "rans.h"

#define TILE 1024u /* elements that are coded at once: a multiple of STATES */

/* Return how many elements the tile from element at on has. */
ALWAYS_INLINE size_t tile_size(struct dense_layout layout, size_t at)
{
    return layout.count - at < TILE ? layout.count - at : TILE;
}

/* Return where a tile behind the last one would begin. */
ALWAYS_INLINE size_t tiles_end(struct dense_layout layout)
{
    return (layout.count + TILE - 1) / TILE * TILE;
}

/* Of what is counted in a row, return where a window of so many places begins in which there is
 * most. */
static inline size_t fullest_window(const uint32_t *counts, size_t places, size_t window)
{
    uint64_t inside = 0, most = 0;
    size_t best = 0;
    for (size_t at = 0; at < places; at++) {
        inside += counts[at];
        inside -= at < window ? 0 : counts[at - window];
        if (inside > most) {
            most = inside;
            best = at < window ? 0 : at + 1 - window;
        }
    }
    return best;
}

ALWAYS_INLINE uint32_t load_element(const uint8_t *at, unsigned width)
{
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    if (width == 2) { /* compilers make vectors of these */
        uint16_t element;
        memcpy(&element, at, 2);
        return element;
    }
    if (width == 1) {
        return *at;
    }
    return load_le32(at);
#else
    return width == 1 ? *at : width == 2 ? load_le16(at) : load_le32(at);
#endif
}

ALWAYS_INLINE void store_element(uint8_t *at, uint32_t element, unsigned width)
{
    if (width == 1) {
        *at = (uint8_t)element;
    } else if (width == 2) {
        store_le16(at, element);
    } else {
        store_le32(at, element);
    }
}

/* Return log2 of a number that is not 0, in so many parts of an octave, rounded. Halfway from one
 * part to the next: 2^(15 + (j + 1/2) / parts), rounded up. */
static inline int log2_in(uint64_t number, const uint32_t *halfway, unsigned parts)
{
    int exponent = 63;
    while (!(number >> exponent)) {
        exponent--;
    }
    uint32_t top =
        (uint32_t)(exponent > 15 ? number >> (exponent - 15) : number << (15 - exponent));
    int found = (int)parts * exponent;
    for (unsigned j = 0; j < parts; j++) {
        found += top >= halfway[j];
    }
    return found;
}

#endif
