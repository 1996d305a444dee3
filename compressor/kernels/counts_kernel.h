/* counts_kernel.h - how often each byte follows each other one, and how much comes again.
 *
 * Nothing here allocates, keeps state or touches a byte outside the buffers it is given. Every
 * function may be called from several threads at once.
 */
#ifndef COMPRESSOR_COUNTS_KERNEL_H
#define COMPRESSOR_COUNTS_KERNEL_H

#include <stddef.h>
#include <stdint.h>

enum { COUNTS_PAIRS = 1 << 16, COUNTS_SEEN = 1 << 12 };

/* Add one to pairs[256 * first + second], of COUNTS_PAIRS counts, for each two neighbours in
 * plain[0..plain_size). */
void counts_add_pairs(uint64_t *pairs, const uint8_t *plain, size_t plain_size);

/* What counts_repeats() found: of so many places, so many had been there before. */
struct counts_found {
    size_t places, again;
};

/* Look at those places of plain[0..plain_size), one of a thousand, that their content marks, so
 * that what comes again is looked at again, wherever it stands: as far as both are multiples of 4
 * bytes. A place is there again where its 16 bytes are. seen has room for COUNTS_SEEN, all 0. */
struct counts_found counts_repeats(uint32_t *seen, const uint8_t *plain, size_t plain_size);

#endif
