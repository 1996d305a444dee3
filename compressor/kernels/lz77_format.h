/* lz77_format.h - the constants of docs/format/lz77.md, and bytes in their order. */
#ifndef COMPRESSOR_LZ77_FORMAT_H
#define COMPRESSOR_LZ77_FORMAT_H

#include "lz77_kernel.h"
#include "words.h"

#define LIKELY(x) __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)

enum {
    MODE_RAW = 0,
    MODE_CODED = 1,
    HEAD_NBYTES = 8,       /* of a coded chunk, the mode counted */
    MATCH_MIN = 3,         /* bytes */
    LITERALS_MORE = 3,     /* in a command: this many literals and what the lengths say */
    MATCH_MORE = 15,       /* in a command: MATCH_MIN and this many bytes, and the same */
    LENGTH_LONG = 224,     /* a byte of lengths from here on has two more behind it */
    CLASS_MAX = 119,       /* offsets stay below 2^32 */
    LENGTHS_EACH = 6,      /* bytes of lengths that a sequence has at most */
    OFFSET_BIAS = 3,       /* an offset's class is that of the offset and this */
    CODED_CHUNK_LEAST = 20 /* bytes: the head, and four streams' heads */
};

#define SEQUENCES_MAX (LZ77_CHUNK / MATCH_MIN)
#define SLACK ((size_t)64) /* bytes that copies may go too far, within scratch */

/* The repeat offsets at the start of a block. */
#define REPEATS_START {1, 4, 8}

static inline void copy_16(uint8_t *out, const uint8_t *from)
{
    uint64_t words[2];
    memcpy(words, from, 16);
    memcpy(out, words, 16);
}

/* Scratch, given away part by part; without a base it is only counted. */
struct room {
    uint8_t *base;
    size_t used;
};

static inline void *room_take(struct room *room, size_t nbytes)
{
    size_t at = room->used;
    room->used += (nbytes + 63) / 64 * 64;
    return room->base ? room->base + at : NULL;
}

#endif
