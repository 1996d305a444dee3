/* counts_kernel.c - see counts_kernel.h. */

#include "counts_kernel.h"

void counts_add_pairs(uint64_t *pairs, const uint8_t *plain, size_t plain_size)
{
    for (size_t at = 1; at < plain_size; at++)
        pairs[(size_t)plain[at - 1] << 8 | plain[at]]++;
}
