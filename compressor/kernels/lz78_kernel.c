/* lz78_kernel.c - the longest phrase again and again.
 *
 * The tree of phrases is stepped down two bytes at a time: phrases of even length hang at the one
 * two bytes before them, those of odd length at the one a byte before, which is even. So a phrase
 * of 2 k bytes takes k + 2 look-ups, and each phrase stands in one place: the one where the
 * look-up failed that made the encoder stop there.
 */
#include "lz78_bits.h"
#include "lz78_kernel.h"
#include "noise.h"
#include "words.h"

#include <stdbool.h>

#define HASH(key) ((uint32_t)((key) * 0x9E3779B97F4A7C15u >> 47))
#define SLOT_MASK 0x1FFFFu

_Static_assert(SLOT_MASK + 1 >= 2 * LZ78_TOKENS_MAX, "half of the slots stay free");

/* A step of one byte and one of two have different keys. */
#define KEY1(phrase, byte) ((uint64_t)(phrase) << 16 | (byte))
#define KEY2(phrase, bytes) ((uint64_t)1 << 32 | (uint64_t)(phrase) << 16 | (bytes))

/* Where a phrase is, and where the new one behind it goes. */
struct match {
    uint32_t phrase;
    size_t size; /* bytes */
};

static uint32_t two_at(const uint8_t *at)
{
    return (uint32_t)at[0] << 8 | at[1];
}

/* Return the slot of a key, or the free one where it belongs. */
static uint32_t slot_of(const struct lz78_encode_tables *tables, uint64_t key)
{
    uint32_t slot = HASH(key);
    while (tables->slots[slot] && tables->slots[slot] >> 16 != key)
        slot = (slot + 1) & SLOT_MASK;
    return slot;
}

static uint32_t known(const struct lz78_encode_tables *tables, uint64_t key)
{
    return (uint16_t)tables->slots[slot_of(tables, key)];
}

/* Find the longest phrase that leaves a byte before end, and give that byte's phrase a number. */
static struct match match_and_grow(struct lz78_encode_tables *tables, const uint8_t *at,
                                   const uint8_t *end, uint32_t number)
{
    size_t size = 0, most = (size_t)(end - at) - 1;
    uint32_t even = 0, next;
    if (most >= 2 && (next = tables->pairs[two_at(at)]) != 0) {
        even = next;
        for (size = 2; size + 2 <= most; size += 2, even = next)
            if (!(next = known(tables, KEY2(even, two_at(at + size)))))
                break;
    }
    if (size == 0) {
        if (most == 0 || !(next = tables->singles[at[0]])) {
            tables->singles[at[0]] = (uint16_t)number;
            return (struct match){0, 0};
        }
        tables->pairs[two_at(at)] = (uint16_t)number;
        return (struct match){next, 1};
    }
    uint64_t key = KEY1(even, at[size]);
    uint32_t slot = slot_of(tables, key), odd = (uint16_t)tables->slots[slot];
    if (size + 1 > most || !odd) {
        tables->slots[slot] = key << 16 | number;
        return (struct match){even, size};
    }
    key = KEY2(even, two_at(at + size));
    tables->slots[slot_of(tables, key)] = key << 16 | number;
    return (struct match){odd, size + 1};
}

struct bit_writer {
    uint8_t *out;
    uint64_t pending;
    unsigned count; /* of pending bits, 0 to 7 between calls */
};

/* Each call writes 8 bytes, of which it keeps at most 2. */
static void put_bits(struct bit_writer *bits, uint32_t value, unsigned width)
{
    bits->pending |= (uint64_t)value << bits->count;
    bits->count += width;
    store_le64(bits->out, bits->pending);
    bits->out += bits->count >> 3;
    bits->pending >>= bits->count & ~7u;
    bits->count &= 7;
}

/* Write which of `total` phrases one is; return its class. */
static uint8_t put_phrase(struct bit_writer *bits, uint32_t phrase, uint32_t total)
{
    uint32_t class = phrase * LZ78_CLASSES / total;
    uint32_t start = lz78_class_start(class, total);
    uint32_t remainder = phrase - start;
    struct lz78_code code = lz78_code_of(lz78_class_start(class + 1, total) - start);
    if (remainder < code.short_ones) {
        put_bits(bits, remainder, code.width);
    } else {
        remainder += code.short_ones; /* its upper bits are no short one's: they go first */
        put_bits(bits, remainder >> 1 | (remainder & 1) << code.width, code.width + 1);
    }
    return (uint8_t)class;
}

/* A round as it will be written. */
struct round {
    uint32_t tokens;
    size_t plain_size, chunk_sizes[2], remainders_size;
};

static struct round make_round(struct lz78_encode_tables *tables, const uint8_t *plain,
                               size_t plain_size, const struct lz78_huffman *huffman)
{
    struct round round = {0, 0, {0, 0}, 0};
    struct bit_writer bits = {tables->remainders, 0, 0};
    memset(tables->slots, 0, sizeof tables->slots);
    memset(tables->pairs, 0, sizeof tables->pairs);
    memset(tables->singles, 0, sizeof tables->singles);
    while (round.plain_size < plain_size && round.tokens < LZ78_TOKENS_MAX) {
        const uint8_t *at = plain + round.plain_size;
        uint32_t total = round.tokens + 1;
        struct match match = match_and_grow(tables, at, plain + plain_size, total);
        tables->classes[round.tokens] = put_phrase(&bits, match.phrase, total);
        tables->bytes[round.tokens] = at[match.size];
        round.tokens++;
        round.plain_size += match.size + 1;
    }
    round.remainders_size = (size_t)(bits.out - tables->remainders) + (bits.count != 0);
    round.chunk_sizes[0] = huffman->calls->encode_chunk(
        tables->chunks[0], tables->classes, round.tokens, huffman->scratch, huffman->path);
    round.chunk_sizes[1] = huffman->calls->encode_chunk(
        tables->chunks[1], tables->bytes, round.tokens, huffman->scratch, huffman->path);
    return round;
}

static void put_number(uint8_t *out, size_t number, unsigned size)
{
    for (unsigned i = 0; i < size; i++)
        out[i] = (uint8_t)(number >> 8 * i);
}

static uint8_t *put_part(uint8_t *out, const uint8_t *part, size_t size)
{
    memcpy(out, part, size);
    return out + size;
}

static uint8_t *write_raw_head(uint8_t *out, size_t plain_size)
{
    put_number(out, 0, LZ78_COUNT_SIZE);
    put_number(out + LZ78_COUNT_SIZE, plain_size - 1, LZ78_RAW_SIZE);
    return out + LZ78_COUNT_SIZE + LZ78_RAW_SIZE;
}

static uint8_t *write_raw(uint8_t *out, const uint8_t *plain, size_t plain_size)
{
    return put_part(write_raw_head(out, plain_size), plain, plain_size);
}

static uint8_t *write_round(uint8_t *out, const struct round *round, const uint8_t *plain,
                            const struct lz78_encode_tables *tables)
{
    size_t size = round->chunk_sizes[0] + round->chunk_sizes[1] + round->remainders_size;
    if (size >= LZ78_RAW_SIZE + round->plain_size && round->plain_size <= LZ78_RAW_MAX)
        return write_raw(out, plain, round->plain_size);
    put_number(out, round->tokens, LZ78_COUNT_SIZE);
    out = put_part(out + LZ78_COUNT_SIZE, tables->chunks[0], round->chunk_sizes[0]);
    out = put_part(out, tables->chunks[1], round->chunk_sizes[1]);
    return put_part(out, tables->remainders, round->remainders_size);
}

size_t lz78_encode_scratch(const struct huffman_calls *calls)
{
    return calls->encode_scratch(LZ78_TOKENS_MAX);
}

size_t lz78_packed_bound(size_t plain_size)
{
    /* A round that is larger than its plain bytes is raw, and all but the last have a byte a token.
     */
    return plain_size + (plain_size / LZ78_TOKENS_MAX + 1) * (LZ78_COUNT_SIZE + LZ78_RAW_SIZE);
}

/* Return how many bytes the parts have that look like noise, one after another, from plain on. */
static size_t noise_run(const uint8_t *plain, size_t plain_size)
{
    size_t at = 0, part;
    for (size_t most = plain_size < LZ78_RAW_MAX ? plain_size : LZ78_RAW_MAX; at < most; at += part)
        if (!noise_likely(plain + at, part = noise_part(most - at)))
            break;
    return at;
}

size_t lz78_raw_size(const uint8_t *plain, size_t plain_size)
{
    bool likely = plain_size <= LZ78_RAW_MAX && noise_likely(plain, plain_size);
    return likely ? LZ78_COUNT_SIZE + LZ78_RAW_SIZE + plain_size : 0;
}

size_t lz78_encode_raw(uint8_t *packed, const uint8_t *plain, size_t plain_size)
{
    struct noise_look look;
    uint8_t *out = write_raw_head(packed, plain_size);
    noise_look(&look, out, plain, plain_size);
    return noise_is(&look, plain_size) ? (size_t)(out - packed) + plain_size : 0;
}

size_t lz78_encode(uint8_t *packed, const uint8_t *plain, size_t plain_size,
                   struct lz78_encode_tables *tables, const struct lz78_huffman *huffman)
{
    uint8_t *out = packed;
    struct noise_look look;
    noise_look(&look, NULL, plain, plain_size);
    for (size_t at = 0; at < plain_size;) {
        size_t noise = noise_repeats(&look) ? 0 : noise_run(plain + at, plain_size - at);
        if (noise) { /* all but the last such round have NOISE_PART bytes: the bound holds */
            out = write_raw(out, plain + at, noise);
            at += noise;
            continue;
        }
        struct round round = make_round(tables, plain + at, plain_size - at, huffman);
        out = write_round(out, &round, plain + at, tables);
        at += round.plain_size;
    }
    return (size_t)(out - packed);
}
