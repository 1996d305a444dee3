/* counts_fuzz.c - any bytes counted, their repeats too, for counts_kernel.c; see campaign.py.
 *
 * The buffers have their exact sizes and come from malloc(), so that a byte too far is a finding.
 */
#include "../../compressor/kernels/counts_kernel.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint64_t *pairs = calloc(COUNTS_PAIRS, sizeof *pairs);
    uint8_t *plain = malloc(size ? size : 1);
    if (!pairs || !plain)
        abort();
    if (size)
        memcpy(plain, data, size);
    counts_add_pairs(pairs, plain, size);
    for (size_t at = 1; at < size; at++)
        if (pairs[(size_t)plain[at - 1] << 8 | plain[at]]-- == 0)
            abort();
    for (size_t at = 0; at < COUNTS_PAIRS; at++)
        if (pairs[at])
            abort();
    uint32_t *seen = calloc(COUNTS_SEEN, sizeof *seen);
    if (!seen)
        abort();
    struct counts_found found = counts_repeats(seen, plain, size);
    if (found.again > found.places || found.places > size / 4)
        abort();
    free(seen);
    free(plain);
    free(pairs);
    return 0;
}
