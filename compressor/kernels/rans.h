/* rans.h - what kernels that code by rANS have in common: states, words and bits.
 *
 * Page: docs/format/dense.md, "Codes". The words of a block are written from the last to the first,
 * and read from the first on: an encoder takes elements in the other order.
 */
#ifndef COMPRESSOR_RANS_H
#define COMPRESSOR_RANS_H

#include "words.h"

#include <stddef.h>

#define SHARES 4096u  /* what each table sums up to */
#define STATES 8u     /* elements take turns */
#define BOTTOM 65536u /* what states begin with: below it, a word is taken in */
#define CODES_HEAD (4 + 4 * STATES)

#ifdef __GNUC__
#define ALWAYS_INLINE static inline __attribute__((always_inline))
#define NEVER_INLINE __attribute__((noinline))
#define UNLIKELY(condition) __builtin_expect(condition, 0)
#else
#define ALWAYS_INLINE static inline
#define NEVER_INLINE
#define UNLIKELY(condition) (condition)
#endif

/* The numbers of the page's checks. */
enum rans_error {
    RANS_FINE = 0,
    RANS_CUT = 11,          /* words or bits run out */
    RANS_STATES_WRONG = 12, /* the states do not end as they began */
    RANS_LEFT = 13          /* words or bits are left over, or bits beyond the last are not zero */
};

/* What is left of the words. */
struct words {
    const uint8_t *at, *end;
    int lacking; /* one was needed behind the last */
};

/* What is left of the bits. */
struct bits {
    const uint8_t *data;
    size_t size;     /* bytes */
    size_t position; /* bits */
};

/* Where the next word goes; they are written from the last to the first. */
struct writer {
    uint8_t *at;
};

/* Where the next bits go, from the lowest bit of each byte on. */
struct bit_writer {
    uint8_t *at;
    uint64_t bits; /* that are not written yet */
    unsigned held; /* how many: 7 at most, once they are flushed */
};

/* Do a thing for each state, from the first on, as decoders do, or from the last on, as encoders
 * do; no loop, so that states stay in registers. */
#define FOR_STATES(ONE)                                                                            \
    do {                                                                                           \
        ONE(0);                                                                                    \
        ONE(1);                                                                                    \
        ONE(2);                                                                                    \
        ONE(3);                                                                                    \
        ONE(4);                                                                                    \
        ONE(5);                                                                                    \
        ONE(6);                                                                                    \
        ONE(7);                                                                                    \
    } while (0)

#define FOR_STATES_BACK(ONE)                                                                       \
    do {                                                                                           \
        ONE(7);                                                                                    \
        ONE(6);                                                                                    \
        ONE(5);                                                                                    \
        ONE(4);                                                                                    \
        ONE(3);                                                                                    \
        ONE(2);                                                                                    \
        ONE(1);                                                                                    \
        ONE(0);                                                                                    \
    } while (0)

/* Find states, words and bits in a block's codes. Returns an enum rans_error. */
static inline int open_codes(uint32_t states[STATES], struct words *words, struct bits *bits,
                             const uint8_t *packed, size_t size)
{
    if (size < CODES_HEAD || load_le32(packed) > (size - CODES_HEAD) / 2) {
        return RANS_CUT;
    }
    words->at = packed + CODES_HEAD;
    words->end = words->at + 2 * (size_t)load_le32(packed);
    words->lacking = 0;
    bits->data = words->end;
    bits->size = size - (size_t)(words->end - packed);
    bits->position = 0;
    for (unsigned j = 0; j < STATES; j++) {
        states[j] = load_le32(packed + 4 + 4 * j);
    }
    return RANS_FINE;
}

/* Take in a word where a state is below BOTTOM; no branch, for it is taken half of the time.
 * Without care, two bytes are there to be read. */
ALWAYS_INLINE uint32_t refill(uint32_t x, struct words *words, int careful)
{
    if (careful && (x >= BOTTOM || words->end - words->at < 2)) {
        words->lacking |= x < BOTTOM;
        return x;
    }
    uint32_t low = (uint32_t)((int32_t)((x >> 16) - 1) >> 31);
    uint32_t word = load_le16(words->at);
    words->at += low & 2;
    return x ^ ((x ^ (x << 16 | word)) & low);
}

ALWAYS_INLINE unsigned take_symbol(uint32_t *state, const uint8_t *slots, const uint16_t *starts)
{
    uint32_t x = *state, slot = x % SHARES;
    unsigned s = slots[slot];
    uint16_t range[2]; /* starts[s] and starts[s + 1], by one load */
    memcpy(range, starts + s, sizeof range);
    *state = (uint32_t)(range[1] - range[0]) * (x / SHARES) + slot - range[0];
    return s;
}

/* Fill the slots of each symbol with its number. */
static inline void fill_slots(uint8_t slots[SHARES], const uint16_t *starts, unsigned symbols)
{
    for (unsigned s = 0; s < symbols; s++) {
        memset(slots + starts[s], (int)s, (size_t)(starts[s + 1] - starts[s]));
    }
}

static inline uint64_t load_some(const uint8_t *at, size_t size)
{
    uint64_t found = 0;
    for (size_t i = 0; i < size && i < 8; i++) {
        found |= (uint64_t)at[i] << 8 * i;
    }
    return found;
}

/* Return the next bits, 57 of them at least; zeros behind the end. Without care, eight bytes are
 * there to be read. */
ALWAYS_INLINE uint64_t peek_bits(const struct bits *bits, size_t position, int careful)
{
    size_t at = position >> 3;
    if (!careful) {
        return load_le64(bits->data + at) >> (position & 7);
    }
    return at < bits->size ? load_some(bits->data + at, bits->size - at) >> (position & 7) : 0;
}

/* Say whether all ends as it has to: states as they began, no word left, no bit but zeros. */
static inline int judge_end(const uint32_t states[STATES], struct words words, struct bits bits)
{
    for (unsigned j = 0; j < STATES; j++) {
        if (states[j] != BOTTOM) {
            return RANS_STATES_WRONG;
        }
    }
    if (words.at != words.end || bits.size != (bits.position + 7) / 8) {
        return RANS_LEFT;
    }
    unsigned rest = bits.position & 7;
    return rest && bits.data[bits.size - 1] >> rest ? RANS_LEFT : RANS_FINE;
}

static inline void begin_states(uint32_t states[STATES])
{
    for (unsigned j = 0; j < STATES; j++) {
        states[j] = BOTTOM;
    }
}

ALWAYS_INLINE uint32_t reciprocal_of(uint32_t share)
{
    return share > 1 ? (uint32_t)(((uint64_t)1 << 32) / share) : UINT32_MAX;
}

/* Code share of SHARES, from start on; reciprocal is 2^32 / share or one less. There is room
 * for a word more than is put: half of the time one is, and a branch would be guessed wrong. */
ALWAYS_INLINE void put_by(uint32_t *state, struct writer *writer, uint32_t share, uint32_t start,
                          uint32_t reciprocal)
{
    uint32_t x = *state, full = x >= (uint64_t)share << 20;
    store_le16(writer->at - 2, x);
    writer->at -= full * 2;
    x >>= full * 16;
    uint32_t quotient = (uint32_t)((uint64_t)x * reciprocal >> 32), rest = x - quotient * share;
    uint32_t more = rest >= share;
    *state = (quotient + more) * SHARES + rest - (share & (0 - more)) + start;
}

/* Move the words from behind the head to where they belong, and write the head. Returns where the
 * bits begin; end is where the words do. */
static inline uint8_t *close_words(uint8_t *packed, const uint32_t states[STATES],
                                   struct writer writer, const uint8_t *end)
{
    size_t size = (size_t)(end - writer.at);
    memmove(packed + CODES_HEAD, writer.at, size);
    store_le32(packed, (uint32_t)(size / 2));
    for (unsigned j = 0; j < STATES; j++) {
        store_le32(packed + 4 + 4 * j, states[j]);
    }
    return packed + CODES_HEAD + size;
}

/* Hold some bits: with those that are held, 64 at most. */
ALWAYS_INLINE void hold_bits(struct bit_writer *writer, uint64_t bits, unsigned count)
{
    writer->bits |= bits << writer->held;
    writer->held += count;
}

/* Write the whole bytes of what is held; 8 bytes are touched. */
ALWAYS_INLINE void flush_bits(struct bit_writer *writer)
{
    store_le64(writer->at, writer->bits);
    writer->at += writer->held >> 3;
    writer->bits >>= writer->held & ~7u;
    writer->held &= 7;
}

/* Write so many bits, 57 at most; those of bits beyond are zero. Writes 8 bytes, few of which
 * count. */
ALWAYS_INLINE void write_bits(struct bit_writer *writer, uint64_t bits, unsigned count)
{
    hold_bits(writer, bits, count);
    flush_bits(writer);
}

/* Write what is held, and return where the bits end. */
ALWAYS_INLINE uint8_t *finish_bits(struct bit_writer *writer)
{
    *writer->at = (uint8_t)writer->bits;
    return writer->at + (writer->held != 0);
}

#endif
