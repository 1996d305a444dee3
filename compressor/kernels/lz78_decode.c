/* lz78_decode.c - reading rounds, with every check. */
#include "lz78_bits.h"
#include "lz78_kernel.h"
#include "words.h"

#include <stdbool.h>

enum { GROWTH_LOG = 19 }; /* plain bytes of a packed one at most: see the page */

#define PHRASE(at, size) ((uint64_t)(at) << 16 | (size))

struct decoder {
    uint8_t *out;
    size_t out_at, out_size;
    const uint8_t *in, *in_end;
    struct lz78_decode_tables *tables;
    const struct lz78_huffman *huffman;
};

/* A round's classes and bytes, and where the next remainder begins. */
struct round {
    uint32_t tokens;
    const uint8_t *classes, *bytes;
    size_t bit;
};

/* Return up to 11 bits from a place in the round's remainders; behind their end all is zero. */
static uint32_t bits_at(const struct decoder *decoder, size_t bit)
{
    const uint8_t *from = decoder->in + (bit >> 3);
    uint32_t word = 0;
    for (unsigned i = 0; i < 3 && from + i < decoder->in_end; i++)
        word |= (uint32_t)from[i] << 8 * i;
    return word >> (bit & 7);
}

static uint32_t fast_bits_at(const struct decoder *decoder, size_t bit)
{
    return (uint32_t)(load_le64(decoder->in + (bit >> 3)) >> (bit & 7));
}

/* Return the phrase that a class and the next bits name among `total`; move *bit behind them. Where
 * the class has none, return total. */
static inline uint32_t take_phrase(uint32_t class, uint32_t total, uint32_t bits, size_t *bit)
{
    uint32_t start = lz78_class_start(class, total);
    uint32_t range = lz78_class_start(class + 1, total) - start;
    if (class >= LZ78_CLASSES || range == 0)
        return total;
    struct lz78_code code = lz78_code_of(range);
    uint32_t remainder = bits & ((1u << code.width) - 1);
    *bit += code.width;
    if (remainder >= code.short_ones) {
        remainder = (remainder << 1 | (bits >> code.width & 1)) - code.short_ones;
        ++*bit;
    }
    return start + remainder;
}

/* Copy size bytes, and up to 15 more. */
static inline void copy_16s(uint8_t *out, const uint8_t *from, size_t size)
{
    size_t at = 0;
    do {
        uint64_t low = load_le64(from + at), high = load_le64(from + at + 8);
        store_le64(out + at, low);
        store_le64(out + at + 8, high);
        at += 16;
    } while (at < size);
}

/* Decode tokens as long as both ends are far; return how many. Each turn reads 8 bytes of in, and
 * reads and writes in out up to 16 bytes more than its phrase; both are there. A phrase ends at or
 * before out_at, so that a copy meets its own output only in the bytes that it copies too much. */
static uint32_t decode_fast(struct decoder *decoder, struct round *round)
{
    struct decoder d = *decoder;
    uint64_t *phrases = d.tables->phrases;
    size_t bit = round->bit, in_size = (size_t)(d.in_end - d.in);
    uint32_t number = 0;
    if (in_size < 8)
        return 0;
    for (; number < round->tokens && (bit >> 3) <= in_size - 8; number++) {
        size_t next = bit;
        uint32_t phrase =
            take_phrase(round->classes[number], number + 1, fast_bits_at(&d, bit), &next);
        if (phrase > number)
            break;
        uint64_t place = phrases[phrase];
        size_t size = place & 0xFFFF;
        if (d.out_size - d.out_at < size + 17)
            break;
        copy_16s(d.out + d.out_at, d.out + (place >> 16), size);
        d.out[d.out_at + size] = round->bytes[number];
        phrases[number + 1] = PHRASE(d.out_at, size + 1);
        d.out_at += size + 1;
        bit = next;
    }
    decoder->out_at = d.out_at;
    round->bit = bit;
    return number;
}

/* Decode a token with every check: the plain form of decode_fast(). */
static enum lz78_result decode_token(struct decoder *decoder, struct round *round, uint32_t number)
{
    uint64_t *phrases = decoder->tables->phrases;
    uint32_t bits = bits_at(decoder, round->bit);
    uint32_t phrase = take_phrase(round->classes[number], number + 1, bits, &round->bit);
    if (phrase > number)
        return LZ78_BAD_CLASS;
    if ((round->bit + 7) >> 3 > (size_t)(decoder->in_end - decoder->in))
        return LZ78_REMAINDERS_CUT;
    size_t size = phrases[phrase] & 0xFFFF;
    if (decoder->out_size - decoder->out_at <= size)
        return LZ78_PHRASE_TOO_LONG;
    uint8_t *out = decoder->out + decoder->out_at;
    memcpy(out, decoder->out + (phrases[phrase] >> 16), size);
    out[size] = round->bytes[number];
    phrases[number + 1] = PHRASE(decoder->out_at, size + 1);
    decoder->out_at += size + 1;
    return LZ78_OK;
}

static enum lz78_result decode_tokens(struct decoder *decoder, struct round *round)
{
    decoder->tables->phrases[0] = PHRASE(0, 0);
    for (uint32_t number = decode_fast(decoder, round); number < round->tokens; number++) {
        enum lz78_result result = decode_token(decoder, round, number);
        if (result != LZ78_OK)
            return result;
    }
    if (round->bit & 7 && decoder->in[round->bit >> 3] >> (round->bit & 7))
        return LZ78_UNUSED_BITS;
    decoder->in += (round->bit + 7) >> 3;
    return LZ78_OK;
}

static enum lz78_result decode_raw(struct decoder *decoder)
{
    if (decoder->in_end - decoder->in < LZ78_RAW_SIZE)
        return LZ78_ROUND_CUT;
    size_t size = (decoder->in[0] | (size_t)decoder->in[1] << 8 | (size_t)decoder->in[2] << 16) + 1;
    decoder->in += LZ78_RAW_SIZE;
    if (size > decoder->out_size - decoder->out_at ||
        size > (size_t)(decoder->in_end - decoder->in))
        return LZ78_BAD_RAW;
    memcpy(decoder->out + decoder->out_at, decoder->in, size);
    decoder->out_at += size;
    decoder->in += size;
    return LZ78_OK;
}

static bool view_chunk(struct decoder *decoder, const uint8_t **symbols, uint8_t *room, size_t size)
{
    const struct lz78_huffman *huffman = decoder->huffman;
    return huffman->calls->view_chunk(symbols, room, size, &decoder->in, decoder->in_end,
                                      huffman->scratch, huffman->path) == HUFFMAN_OK;
}

static enum lz78_result decode_round(struct decoder *decoder)
{
    struct lz78_decode_tables *tables = decoder->tables;
    struct round round = {0, NULL, NULL, 0};
    if (decoder->in_end - decoder->in < LZ78_COUNT_SIZE)
        return LZ78_ROUND_CUT;
    round.tokens = decoder->in[0] | (uint32_t)decoder->in[1] << 8;
    decoder->in += LZ78_COUNT_SIZE;
    if (!round.tokens)
        return decode_raw(decoder);
    if (!view_chunk(decoder, &round.classes, tables->classes, round.tokens) ||
        !view_chunk(decoder, &round.bytes, tables->bytes, round.tokens))
        return LZ78_BAD_CHUNK;
    return decode_tokens(decoder, &round);
}

size_t lz78_decode_scratch(const struct huffman_calls *calls)
{
    return calls->decode_scratch(LZ78_TOKENS_MAX);
}

enum lz78_result lz78_check_size(size_t packed_size, uint64_t plain_size)
{
    return plain_size >> GROWTH_LOG < packed_size || plain_size == 0 ? LZ78_OK : LZ78_UNEARNED_SIZE;
}

enum lz78_result lz78_decode(uint8_t *plain, size_t plain_size, const uint8_t *packed,
                             size_t packed_size, struct lz78_decode_tables *tables,
                             const struct lz78_huffman *huffman)
{
    struct decoder decoder = {.out = plain,
                              .out_size = plain_size,
                              .in = packed,
                              .in_end = packed + packed_size,
                              .tables = tables,
                              .huffman = huffman};
    enum lz78_result result = lz78_check_size(packed_size, plain_size);
    while (result == LZ78_OK && decoder.out_at < plain_size)
        result = decode_round(&decoder);
    if (result != LZ78_OK)
        return result;
    return decoder.in == decoder.in_end ? LZ78_OK : LZ78_TRAILING_BYTES;
}
