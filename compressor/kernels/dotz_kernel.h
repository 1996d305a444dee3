/* dotz_kernel.h - the files of compress (.Z), forward, in pieces of any size.
 *
 * Format: docs/format/dotz.md. The caller brings all memory; nothing is kept outside of the states,
 * and threads may run at once as long as each has its own.
 */
#ifndef COMPRESSOR_DOTZ_KERNEL_H
#define COMPRESSOR_DOTZ_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DOTZ_MIN_BITS = 9, DOTZ_MAX_BITS = 16 };

enum dotz_status {
    DOTZ_OK = 0,
    DOTZ_BAD_FIRST_CODE = 1,
    DOTZ_UNDEFINED_CODE = 2,
    DOTZ_TRUNCATED = 3, /* bits behind the last code are not zero */
};

struct dotz_decoder {
    uint16_t prefixes[1 << DOTZ_MAX_BITS]; /* of phrase n: the phrase without its last byte */
    uint8_t lasts[1 << DOTZ_MAX_BITS];     /* ... and that byte */
    uint8_t waiting[1 << DOTZ_MAX_BITS];   /* the phrase not yet given, at the end of this */
    uint32_t waiting_nbytes;
    uint8_t group[DOTZ_MAX_BITS]; /* eight codes */
    unsigned group_nbytes;        /* that came so far */
    unsigned group_bits;          /* of it that were taken */
    unsigned skipped_nbytes;      /* to come, of a group that ended early */
    unsigned bits, max_bits;
    bool clears;
    uint32_t next;    /* the code that is defined next */
    int32_t previous; /* the code before, -1: none since the start or the last CLEAR */
    uint8_t first;    /* byte of the phrase before */
};

struct dotz_encoder {
    uint64_t slots[2 << DOTZ_MAX_BITS]; /* a pair and its code; 0: free */
    uint64_t held;                      /* bits that are no whole byte yet */
    unsigned held_bits;
    unsigned group_nbytes; /* bytes of the group of eight codes that were written */
    unsigned bits, max_bits;
    uint32_t next;  /* the code that a decoder defines next */
    int32_t phrase; /* the phrase that the plain so far ends with, -1: none yet */
    bool fresh;     /* no code since the start or the last CLEAR */
    uint64_t plain_nbytes, packed_nbytes; /* since then */
    uint64_t look_at;                     /* plain_nbytes from which the ratio is looked at */
    uint64_t best;                        /* ratio so far, in 1/65536 */
};

/* Begin a stream. max_bits is DOTZ_MIN_BITS (an encoder's: one more) to DOTZ_MAX_BITS; clears:
 * whether 256 is CLEAR. */
void dotz_decoder_begin(struct dotz_decoder *decoder, unsigned max_bits, bool clears);
void dotz_encoder_begin(struct dotz_encoder *encoder, unsigned max_bits);

/* Take what of packed is needed to fill out, or all of it; say how much was taken and written.
 * last: nothing follows packed. Any input is safe. All was given when less than out_nbytes was
 * written. */
enum dotz_status dotz_decode(struct dotz_decoder *decoder, uint8_t *out, size_t out_nbytes,
                             size_t *written, const uint8_t *packed, size_t packed_nbytes,
                             size_t *taken, bool last);

/* Return the bytes that out must have for dotz_encode(). */
size_t dotz_encode_bound(size_t plain_nbytes);

/* Write what plain adds to the stream, and return its size; last: its end, too. */
size_t dotz_encode(struct dotz_encoder *encoder, uint8_t *out, const uint8_t *plain,
                   size_t plain_nbytes, bool last);

#endif
