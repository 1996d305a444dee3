/* preset_portable.c - the loops in plain C, which all others must equal. */
#include "preset_path.h"

#define PAIRS 0x00FF00FF00FF00FFu
#define QUADS 0x0000FFFF0000FFFFu

/* Neighbours are joined three times: 8 codes become 4, 2 and 1 of twice the bits. */
static uint64_t join(uint64_t codes, unsigned bits)
{
    codes = (codes & PAIRS) | (codes >> (8 - bits) & (PAIRS << bits));
    codes = (codes & QUADS) | (codes >> (16 - 2 * bits) & (QUADS << 2 * bits));
    return (codes & 0xFFFFFFFFu) | codes >> 32 << 4 * bits;
}

static uint64_t part(uint64_t word, unsigned bits)
{
    uint64_t fours = ((uint64_t)1 << 4 * bits) - 1, twos = ((uint64_t)1 << 2 * bits) - 1,
             ones = ((uint64_t)1 << bits) - 1;
    twos |= twos << 32;
    ones = ones * 0x0001000100010001u;
    word = (word & fours) | (word << (32 - 4 * bits) & fours << 32);
    word = (word & twos) | (word << (16 - 2 * bits) & twos << 16);
    return (word & ones) | (word << (8 - bits) & ones << 8);
}

/* Return eight bytes as a word, the first lowest; compilers know the form for one load. */
static uint64_t load8(const uint8_t *at)
{
    return (uint64_t)at[0] | (uint64_t)at[1] << 8 | (uint64_t)at[2] << 16 | (uint64_t)at[3] << 24 |
           (uint64_t)at[4] << 32 | (uint64_t)at[5] << 40 | (uint64_t)at[6] << 48 |
           (uint64_t)at[7] << 56;
}

static void store8(uint8_t *at, uint64_t word)
{
    at[0] = (uint8_t)word;
    at[1] = (uint8_t)(word >> 8);
    at[2] = (uint8_t)(word >> 16);
    at[3] = (uint8_t)(word >> 24);
    at[4] = (uint8_t)(word >> 32);
    at[5] = (uint8_t)(word >> 40);
    at[6] = (uint8_t)(word >> 48);
    at[7] = (uint8_t)(word >> 56);
}

/* Return up to eight packed codes as they were, of which the last are zero behind in_end. */
static uint64_t unpacked(const uint8_t *in, const uint8_t *in_end, unsigned bits)
{
    if (in_end - in >= 8)
        return part(load8(in) & (((uint64_t)1 << 8 * bits) - 1), bits);
    return part(preset_load(in, (size_t)(in_end - in) < bits ? (size_t)(in_end - in) : bits), bits);
}

static size_t encode(uint8_t *out, uint8_t *missing, uint8_t *lower, unsigned *saw,
                     const uint8_t *in, size_t n, const struct preset_table *table)
{
    bool folds = table->number == PRESET_DNA;
    uint8_t kept = folds ? 0xDF : 0xFF;
    for (size_t at = 0; at < n; at += 8, out += table->bits) {
        unsigned lacks = 0, lowers = 0, count = n - at < 8 ? (unsigned)(n - at) : 8;
        uint64_t codes = 0;
        for (unsigned i = 0; i < count; i++) {
            uint8_t code = table->codes[in[at + i] & kept];
            codes |= (uint64_t)(code & 0x7F) << 8 * i;
            lacks |= (unsigned)!code << i;
            lowers |= (unsigned)(in[at + i] >> 5 & 1) << i;
        }
        missing[at / 8] = (uint8_t)lacks;
        *saw |= lacks ? PRESET_SAW_MISSING : 0u;
        if (folds) {
            lower[at / 8] = (uint8_t)lowers;
            *saw |= lowers ? PRESET_SAW_LOWER : 0u;
        }
        store8(out, join(codes, table->bits));
    }
    return n;
}

static size_t map(uint8_t *codes, uint8_t *missing, unsigned *saw, const uint8_t *in, size_t n,
                  const struct preset_table *table)
{
    for (size_t i = 0; i < n; i++) {
        uint8_t code = table->codes[in[i]];
        codes[i] = code & 0x7F;
        if (!code) {
            missing[i / 8] |= (uint8_t)(1u << i % 8);
            *saw |= PRESET_SAW_MISSING;
        }
    }
    return n;
}

static size_t unmap(uint8_t *out, uint8_t *most, const uint8_t *codes, size_t n,
                    const struct preset_table *table)
{
    uint8_t highest = *most;
    for (size_t i = 0; i < n; i++) {
        highest = codes[i] > highest ? codes[i] : highest;
        out[i] = table->symbols[codes[i]];
    }
    *most = highest;
    return n;
}

static size_t decode(uint8_t *out, uint8_t *most, size_t n, const uint8_t *in,
                     const uint8_t *in_end, const struct preset_table *table)
{
    uint8_t codes[8];
    for (size_t at = 0; at < n; at += 8, in += table->bits) {
        store8(codes, unpacked(in, in_end, table->bits));
        unmap(out + at, most, codes, n - at < 8 ? n - at : 8, table);
    }
    return n;
}

static size_t encode7(uint8_t *out, unsigned *saw, const uint8_t *in, size_t n)
{
    uint64_t seen = 0;
    for (size_t at = 0; at < n; at += 8, out += 7) {
        uint64_t codes = n - at < 8 ? preset_load(in + at, n - at) : load8(in + at);
        seen |= codes;
        store8(out, join(codes, 7));
    }
    *saw |= seen & 0x8080808080808080u ? PRESET_SAW_MISSING : 0u;
    return n;
}

static size_t decode7(uint8_t *out, size_t n, const uint8_t *in, const uint8_t *in_end)
{
    for (size_t at = 0; at < n; at += 8, in += 7) {
        uint64_t codes = unpacked(in, in_end, 7);
        if (n - at < 8)
            preset_store(out + at, codes, n - at);
        else
            store8(out + at, codes);
    }
    return n;
}

static size_t pack_threes(uint8_t *out, const uint8_t *codes, size_t n)
{
    uint64_t word = 0;
    unsigned bit = 0;
    for (size_t at = 0; at < n; at += 3) {
        unsigned second = at + 1 < n ? codes[at + 1] : 0, third = at + 2 < n ? codes[at + 2] : 0;
        word |= (uint64_t)(codes[at] * 100u + second * 10u + third) << bit;
        bit += 10;
        preset_store(out, word, 5);
        if (bit == 40) {
            out += 5;
            word = 0;
            bit = 0;
        }
    }
    return n;
}

static size_t unpack_threes(uint8_t *codes, uint16_t *most, size_t n, const uint8_t *in,
                            const uint8_t *in_end)
{
    uint64_t word = 0;
    for (size_t at = 0; at < n; at += 3, word >>= 10) {
        if (at % 12 == 0) {
            word = preset_load(in, in_end - in < 5 ? (size_t)(in_end - in) : 5);
            in += in_end - in < 5 ? in_end - in : 5;
        }
        uint16_t number = word & 1023;
        *most = number > *most ? number : *most;
        codes[at] = (uint8_t)(number / 100);
        codes[at + 1] = (uint8_t)(number / 10 % 10);
        codes[at + 2] = (uint8_t)(number % 10);
    }
    return n;
}

const struct preset_path preset_portable = {
    "portable", encode, decode, encode7, decode7, map, unmap, pack_threes, unpack_threes,
};
