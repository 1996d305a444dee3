#include "lz77_prices.h"

enum {
    LEAST = PRICE_BIT / 2, /* of a symbol: Huffman's code takes a bit, runs take less */
    UNSEEN_LITERALS = 256, /* what all symbols are taken to have been seen for, in halves */
    UNSEEN_OTHERS = 16,    /* most commands, lengths and classes never come: so few must not
                            * be dear because a chunk had hardly a match */
};

/* Return log2(x) * PRICE_BIT, rounded down, for x of 1 or more: squaring shifts a bit out. */
static uint32_t log2_of(uint32_t x)
{
    unsigned whole = 31 - (unsigned)__builtin_clz(x);
    uint32_t result = whole;
    uint64_t rest = (uint64_t)x << (31 - whole); /* 1 to 2, as a fraction of 2^31 */
    for (unsigned bit = 1; bit < PRICE_BIT; bit *= 2) {
        rest = rest * rest >> 31;
        unsigned above = (unsigned)(rest >> 32);
        result = result * 2 + above;
        rest >>= above;
    }
    return result;
}

static void price_counts(uint32_t prices[256], const uint8_t *symbols, size_t n, uint32_t unseen)
{
    uint32_t counts[256] = {0};
    for (size_t i = 0; i < n; i++)
        counts[symbols[i]]++;
    /* Each symbol counts half a time more than it occurs, so that none is out of reach. */
    uint32_t total = log2_of((uint32_t)(2 * n + unseen));
    for (unsigned symbol = 0; symbol < 256; symbol++) {
        uint32_t price = total - log2_of(2 * counts[symbol] + 1);
        prices[symbol] = price < LEAST ? LEAST : price;
    }
}

static void add_extra_bits(uint32_t classes[256])
{
    for (unsigned class = 0; class <= CLASS_MAX; class ++)
        classes[class] += (class >> 2) * PRICE_BIT;
}

void lz77_guess_prices(struct lz77_prices *prices, const uint8_t *plain, size_t nbytes)
{
    price_counts(prices->literals, plain, nbytes, UNSEEN_LITERALS);
    for (unsigned symbol = 0; symbol < 256; symbol++) {
        prices->commands[symbol] = 4 * PRICE_BIT;
        prices->lengths[symbol] = (symbol > 32 ? 7 : 6) * PRICE_BIT;
        prices->classes[symbol] = 4 * PRICE_BIT;
    }
    add_extra_bits(prices->classes);
}

void lz77_learn_prices(struct lz77_prices *prices, const struct lz77_streams *streams)
{
    price_counts(prices->literals, streams->literals, streams->literal_count, UNSEEN_LITERALS);
    price_counts(prices->commands, streams->commands, streams->command_count, UNSEEN_OTHERS);
    price_counts(prices->lengths, streams->lengths, streams->length_count, UNSEEN_OTHERS);
    price_counts(prices->classes, streams->classes, streams->class_count, UNSEEN_OTHERS);
    add_extra_bits(prices->classes);
}
