/* lz77_prices.h - what each symbol of a chunk's streams may cost, from what the last chunk had. */
#ifndef COMPRESSOR_LZ77_PRICES_H
#define COMPRESSOR_LZ77_PRICES_H

#include "lz77_streams.h"

#define PRICE_BIT 256u /* prices are in parts of a bit, as whole numbers */

struct lz77_prices {
    uint32_t literals[256], commands[256], lengths[256], classes[256]; /* extra bits included */
};

/* Guess prices for the first chunk of a block that is coded, from its plain bytes. */
void lz77_guess_prices(struct lz77_prices *prices, const uint8_t *plain, size_t nbytes);

/* Take prices from the streams of a chunk. */
void lz77_learn_prices(struct lz77_prices *prices, const struct lz77_streams *streams);

static inline uint32_t price_length(const struct lz77_prices *prices, size_t length)
{
    return length < LENGTH_LONG
               ? prices->lengths[length]
               : prices->lengths[LENGTH_LONG + ((length - LENGTH_LONG) >> 16)] + 16 * PRICE_BIT;
}

static inline uint32_t price_offset(const struct lz77_prices *prices, uint32_t offset)
{
    unsigned extra_bits;
    return prices->classes[lz77_offset_class(offset, &extra_bits)];
}

#endif
