/* counts_kernel.h - how often each byte follows each other one.
 *
 * Nothing here allocates, keeps state or touches a byte outside the buffers it is given. Every
 * function may be called from several threads at once.
 */
#ifndef COMPRESSOR_COUNTS_KERNEL_H
#define COMPRESSOR_COUNTS_KERNEL_H

#include <stddef.h>
#include <stdint.h>

enum { COUNTS_PAIRS = 1 << 16 };

/* Add one to pairs[256 * first + second], of COUNTS_PAIRS counts, for each two neighbours in
 * plain[0..plain_size). */
void counts_add_pairs(uint64_t *pairs, const uint8_t *plain, size_t plain_size);

#endif
