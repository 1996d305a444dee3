/* dense_byte_path.h - the inner loop of decoding bytes for one kind of processor.
 *
 * Each code of a table has an entry: from the lowest bit on, 8 bits of a byte, 12 of how far the
 * code is from the first of its kind, and 12 of how many there are. So a symbol of one value is
 * decoded by one look, sign and all; where signs are coded, the byte is its value. The entries of
 * symbols that leave bits open are their numbers alone: their share is 0.
 */
#ifndef COMPRESSOR_DENSE_BYTE_PATH_H
#define COMPRESSOR_DENSE_BYTE_PATH_H

#include "dense_byte_tile.h"

#define SHARE_BITS 12u
#define FAR_AT 8u
#define FAR_MASK 0xFFFu
#define SHARE_AT 20u

_Static_assert(DENSE_BYTE_SHARES == 1u << SHARE_BITS && SHARE_AT + SHARE_BITS == 32 &&
                   FAR_AT + SHARE_BITS == SHARE_AT,
               "an entry has 32 bits");

#if defined(__x86_64__) && defined(__GNUC__) /* clang says so too */
#define DENSE_BYTE_HAVE_X86 1

/* Take bytes, eight by eight, from tables as elements have them, whose entries lie one behind
 * another. Returns how many were taken: it stops before eight of which one leaves bits open, and
 * where fewer than eight or few words are left. */
size_t dense_byte_take_sse41(uint8_t *plain, uint32_t states[STATES], struct words *words, size_t n,
                             const uint8_t *tables, const uint32_t *entries);
#else
#define DENSE_BYTE_HAVE_X86 0
#endif

#endif
