/* lz77_optimal.h - the nodes of lz77_optimal.c. */
#ifndef COMPRESSOR_LZ77_OPTIMAL_H
#define COMPRESSOR_LZ77_OPTIMAL_H

#include "lz77_finders.h"
#include "lz77_prices.h"

#define LZ77_NODES 4096u /* of a stretch */

struct lz77_node {
    uint32_t price, nbytes, offset; /* of the way here; how it came here: offset 0 for a literal */
    uint32_t literal_nbytes;        /* since the last match */
    uint32_t repeats[3];
};

#endif
