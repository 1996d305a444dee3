/* noise_parts.h - noise that has no repeats either: what a dictionary can gain nothing on.
 *
 * For codecs whose dictionary sees no further than a part or so. Two looks: noise_likely(), and
 * whether the eight bytes at one of every 256th places come again, at another of these or at
 * one of all places of two short windows. Exact, so that all machines agree.
 */
#ifndef COMPRESSOR_NOISE_PARTS_H
#define COMPRESSOR_NOISE_PARTS_H

#include "noise.h"

#include <string.h>

enum { NOISE_GAP = 256 /* bytes */, NOISE_WORD = 8 /* bytes */, NOISE_SLOTS_LOG = 11 };

_Static_assert((NOISE_PART + NOISE_LEAST) / NOISE_GAP < 1 << (NOISE_SLOTS_LOG - 1),
               "slots suffice");

/* Return the size of the part that n bytes begin with: a rest too short to be judged joins it. */
static inline size_t noise_part(size_t n)
{
    return n < NOISE_PART + NOISE_LEAST ? n : NOISE_PART;
}

/* Return the slot of the word at this place: that of an equal one, or a free one (0). */
static inline uint16_t *noise_slot(uint16_t *slots, const uint8_t *part, const uint8_t *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof word);
    size_t slot = word * UINT64_C(0x9E3779B97F4A7C15) >> (64 - NOISE_SLOTS_LOG);
    while (slots[slot] && memcmp(part + (slots[slot] - 1u) * NOISE_GAP, at, NOISE_WORD) != 0)
        slot = (slot + 1) & ((1u << NOISE_SLOTS_LOG) - 1);
    return &slots[slot];
}

/* Return whether one of 255 places from a multiple of NOISE_GAP on has a word of the slots. */
static inline int noise_window(uint16_t *slots, const uint8_t *part, size_t start)
{
    for (size_t at = start + 1; at < start + NOISE_GAP; at++)
        if (*noise_slot(slots, part, part + at))
            return 1;
    return 0;
}

/* Return whether in[0..n), at least NOISE_LEAST and at most NOISE_PART + NOISE_LEAST bytes, repeats
 * itself. */
static inline int noise_repeats(const uint8_t *in, size_t n)
{
    uint16_t slots[1 << NOISE_SLOTS_LOG] = {0};
    size_t places = (n - NOISE_WORD) / NOISE_GAP;
    for (size_t place = 0; place < places; place++) {
        uint16_t *slot = noise_slot(slots, in, in + place * NOISE_GAP);
        if (*slot)
            return 1;
        *slot = (uint16_t)(place + 1);
    }
    return noise_window(slots, in, places / 2 * NOISE_GAP) ||
           noise_window(slots, in, (places - 1) * NOISE_GAP);
}

static inline int noise_is(const uint8_t *part, size_t n)
{
    return noise_likely(part, n) && !noise_repeats(part, n);
}

/* Return how many bytes of in[0..n) are in parts of noise. */
static inline size_t noise_sum(const uint8_t *in, size_t n)
{
    size_t sum = 0;
    for (size_t at = 0, part; at < n; at += part) {
        part = noise_part(n - at);
        sum += noise_is(in + at, part) ? part : 0;
    }
    return sum;
}

/* Return how many bytes from in on, of n, are noise part by part. */
static inline size_t noise_size(const uint8_t *in, size_t n)
{
    size_t at = 0;
    while (at < n) {
        size_t part = noise_part(n - at);
        if (!noise_is(in + at, part))
            break;
        at += part;
    }
    return at;
}

#endif
