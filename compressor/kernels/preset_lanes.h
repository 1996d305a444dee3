/* preset_lanes.h - the loops for registers of one or more lanes of 16 bytes.
 *
 * Included once for each kind of processor, by a file that defines before:
 *
 *     TARGET     the attribute of functions
 *     LANES      lanes of a register
 *     vec        a register
 *     OP(name)   the intrinsic of that name for it; AND, OR and XOR for these three
 *     load_row(p), store_row(p, v)                 all lanes in a row
 *     load_lanes(p, gap), store_lanes(p, gap, v)   lane k from and to p + k * gap, the first first
 *     shift_count, SHIFT_COUNT(n), SHIFT_LEFT(v, count), SHIFT_RIGHT(v, count)   of 64 bits
 *     store_threes(p, v, w)   12 bytes of the first lane of v, of w, of the next lane of v, ...
 *     in_each(p)              the 16 bytes at p in each lane
 *     sign_bits(v)            the sign bit of each byte, the first lowest; EVERY is all of them
 *
 * Shuffles of lanes keep to themselves, so a lane does what a lone one would do, behind its
 * neighbour. Where lanes give fewer than 16 bytes each, the next one overwrites what is too much.
 */
#include "preset_path.h"

#define TURN ((size_t)16 * LANES)
#define WIDE                                                                                       \
    4 /* registers of a turn where tables are looked up: so a row is loaded once for them */

TARGET static inline vec same8(unsigned byte)
{
    return OP(set1_epi8)((char)byte);
}

TARGET static inline vec same64(uint64_t word)
{
    return OP(set1_epi64x)((long long)word);
}

/* Add to found[] what a table's row of 16 says for the bytes of in[] that are in that row. */
TARGET static inline void look_up(vec found[WIDE], const vec in[WIDE], const uint8_t *table,
                                  unsigned row)
{
    vec entries = in_each(table + 16 * row), base = same8(16 * row), out_of_row = same8(0x70);
    for (unsigned k = 0; k < WIDE; k++) {
        /* 0 to 15 stay below 0x80, where a shuffle takes the low four bits; all others give 0. */
        vec place = OP(adds_epu8)(XOR(in[k], base), out_of_row);
        found[k] = OR(found[k], OP(shuffle_epi8)(entries, place));
    }
}

/* Bytes 0 to bits - 1 of both halves of a lane to its front. */
TARGET static inline vec closing(unsigned bits)
{
    uint8_t from[16];
    for (unsigned i = 0; i < 16; i++)
        from[i] = (uint8_t)(i < bits ? i : i < 2 * bits ? 8 + i - bits : 0x80);
    return in_each(from);
}

/* The other way. */
TARGET static inline vec opening(unsigned bits)
{
    uint8_t from[16];
    for (unsigned i = 0; i < 16; i++)
        from[i] = (uint8_t)(i % 8 < bits ? i / 8 * bits + i % 8 : 0x80);
    return in_each(from);
}

/* What packing eight codes takes. */
struct packing {
    vec twos, fours, low, high, closed;
    shift_count shift;
    size_t gap; /* bytes that a lane gives */
};

TARGET static inline struct packing packing_of(unsigned bits)
{
    uint64_t half = ((uint64_t)1 << 4 * bits) - 1;
    /* The first factor of maddubs is unsigned: so 1 << 7 may be one, and codes are below 128. */
    return (struct packing){.twos = OP(set1_epi16)((short)(1 << (8 + bits) | 1)),
                            .fours = OP(set1_epi32)((int)(1u << (16 + 2 * bits) | 1)),
                            .low = same64(half),
                            .high = same64(half << 4 * bits),
                            .closed = closing(bits),
                            .shift = SHIFT_COUNT(32 - 4 * bits),
                            .gap = 2 * bits};
}

TARGET static inline void pack_turn(uint8_t *out, vec codes, const struct packing *packing)
{
    vec v = OP(madd_epi16)(OP(maddubs_epi16)(packing->twos, codes), packing->fours);
    v = OR(AND(v, packing->low), AND(SHIFT_RIGHT(v, packing->shift), packing->high));
    store_lanes(out, packing->gap, OP(shuffle_epi8)(v, packing->closed));
}

/* What unpacking them takes. */
struct unpacking {
    vec opened, low4, high4, low2, high2, low1, high1;
    shift_count shift4, shift2, shift1;
    size_t gap, reads;
};

TARGET static inline struct unpacking unpacking_of(unsigned bits)
{
    uint64_t fours = ((uint64_t)1 << 4 * bits) - 1, twos = ((uint64_t)1 << 2 * bits) - 1;
    uint64_t ones = (((uint64_t)1 << bits) - 1) * 0x0001000100010001u;
    twos |= twos << 32;
    return (struct unpacking){.opened = opening(bits),
                              .low4 = same64(fours),
                              .high4 = same64(fours << 32),
                              .low2 = same64(twos),
                              .high2 = same64(twos << 16),
                              .low1 = same64(ones),
                              .high1 = same64(ones << 8),
                              .shift4 = SHIFT_COUNT(32 - 4 * bits),
                              .shift2 = SHIFT_COUNT(16 - 2 * bits),
                              .shift1 = SHIFT_COUNT(8 - bits),
                              .gap = 2 * bits,
                              .reads = 2 * bits * (LANES - 1) + 16};
}

TARGET static inline vec unpack_turn(const uint8_t *in, const struct unpacking *how)
{
    vec v = OP(shuffle_epi8)(load_lanes(in, how->gap), how->opened);
    v = OR(AND(v, how->low4), AND(SHIFT_LEFT(v, how->shift4), how->high4));
    v = OR(AND(v, how->low2), AND(SHIFT_LEFT(v, how->shift2), how->high2));
    return OR(AND(v, how->low1), AND(SHIFT_LEFT(v, how->shift1), how->high1));
}

/* Look up the codes of WIDE registers of symbols; say which symbols have none. */
TARGET static inline void map_turn(vec codes[WIDE], uint8_t *missing, unsigned *saw,
                                   const vec in[WIDE], const struct preset_table *table)
{
    vec all = same8(0xFF);
    for (unsigned k = 0; k < WIDE; k++)
        codes[k] = same8(0);
    for (unsigned rows = table->rows; rows; rows &= rows - 1)
        look_up(codes, in, table->codes, (unsigned)__builtin_ctz(rows));
    for (unsigned k = 0; k < WIDE; k++)
        all = AND(all, codes[k]);
    if (sign_bits(all) != EVERY) {
        for (unsigned k = 0; k < WIDE; k++)
            preset_store(missing + k * TURN / 8, ~sign_bits(codes[k]), TURN / 8);
        *saw |= PRESET_SAW_MISSING;
    }
    for (unsigned k = 0; k < WIDE; k++)
        codes[k] = AND(codes[k], same8(0x7F));
}

/* The same for a keyed table: its 16 bytes say a key's code, and the one symbol that has it. */
TARGET static inline void key_turn(vec codes[WIDE], uint8_t *missing, unsigned *saw,
                                   const vec in[WIDE], const struct preset_table *table)
{
    vec all = same8(0xFF), same[WIDE];
    vec key_symbols = in_each(table->key_symbols), key_codes = in_each(table->key_codes);
    for (unsigned k = 0; k < WIDE; k++) {
        vec letter = OP(cmpgt_epi8)(in[k], same8(0x39));
        vec key = OP(add_epi8)(in[k], AND(letter, same8(9)));
        /* A shuffle takes a key's low four bits, and gives 0 for 0x80 and more. */
        codes[k] = OP(shuffle_epi8)(key_codes, key);
        same[k] = OP(cmpeq_epi8)(OP(shuffle_epi8)(key_symbols, key), in[k]);
        all = AND(all, same[k]);
    }
    if (sign_bits(all) == EVERY)
        return;
    for (unsigned k = 0; k < WIDE; k++) {
        preset_store(missing + k * TURN / 8, ~sign_bits(same[k]), TURN / 8);
        codes[k] = AND(codes[k], same[k]);
    }
    *saw |= PRESET_SAW_MISSING;
}

/* DNA: the low four bits of its letters differ, and a shuffle looks at no others below 0x80. */
static const uint8_t dna_symbols[16] = {0xFF, 'A', 0, 'C', 'T', 0, 0, 'G'};
static const uint8_t dna_codes[16] = {[1] = 0, [3] = 1, [7] = 2, [4] = 3};

TARGET static inline void dna_turn(vec codes[WIDE], uint8_t *missing, uint8_t *lower, unsigned *saw,
                                   const vec in[WIDE])
{
    vec all = same8(0xFF), any = same8(0), same[WIDE];
    for (unsigned k = 0; k < WIDE; k++) {
        vec upper = AND(in[k], same8(0xDF));
        codes[k] = OP(shuffle_epi8)(in_each(dna_codes), in[k]);
        same[k] = OP(cmpeq_epi8)(OP(shuffle_epi8)(in_each(dna_symbols), in[k]), upper);
        all = AND(all, same[k]);
        any = OR(any, in[k]);
    }
    if (sign_bits(all) != EVERY) {
        for (unsigned k = 0; k < WIDE; k++) {
            preset_store(missing + k * TURN / 8, ~sign_bits(same[k]), TURN / 8);
            codes[k] = AND(codes[k], same[k]);
        }
        *saw |= PRESET_SAW_MISSING;
    }
    if (sign_bits(OP(slli_epi16)(any, 2))) {
        for (unsigned k = 0; k < WIDE; k++)
            preset_store(lower + k * TURN / 8, sign_bits(OP(slli_epi16)(in[k], 2)), TURN / 8);
        *saw |= PRESET_SAW_LOWER;
    }
}

TARGET static inline __attribute__((always_inline)) size_t
encode_by(uint8_t *out, uint8_t *missing, uint8_t *lower, unsigned *saw, const uint8_t *in,
          size_t n, const struct preset_table *table, bool dna, bool keyed)
{
    struct packing packing = packing_of(table->bits);
    size_t at = 0;
    for (; n - at >= WIDE * TURN; at += WIDE * TURN) {
        vec symbols[WIDE], codes[WIDE];
        for (unsigned k = 0; k < WIDE; k++)
            symbols[k] = load_row(in + at + k * TURN);
        if (dna)
            dna_turn(codes, missing + at / 8, lower + at / 8, saw, symbols);
        else if (keyed)
            key_turn(codes, missing + at / 8, saw, symbols, table);
        else
            map_turn(codes, missing + at / 8, saw, symbols, table);
        for (unsigned k = 0; k < WIDE; k++, out += packing.gap * LANES)
            pack_turn(out, codes[k], &packing);
    }
    return at;
}

TARGET static size_t encode(uint8_t *out, uint8_t *missing, uint8_t *lower, unsigned *saw,
                            const uint8_t *in, size_t n, const struct preset_table *table)
{
    if (table->number == PRESET_DNA)
        return encode_by(out, missing, lower, saw, in, n, table, true, true);
    if (table->keyed)
        return encode_by(out, missing, lower, saw, in, n, table, false, true);
    return encode_by(out, missing, lower, saw, in, n, table, false, false);
}

TARGET static size_t map(uint8_t *codes, uint8_t *missing, unsigned *saw, const uint8_t *in,
                         size_t n, const struct preset_table *table)
{
    size_t at = 0;
    for (; n - at >= WIDE * TURN; at += WIDE * TURN) {
        vec symbols[WIDE], found[WIDE];
        for (unsigned k = 0; k < WIDE; k++)
            symbols[k] = load_row(in + at + k * TURN);
        map_turn(found, missing + at / 8, saw, symbols, table);
        for (unsigned k = 0; k < WIDE; k++)
            store_row(codes + at + k * TURN, found[k]);
    }
    return at;
}

TARGET static inline void unmap_turn(uint8_t *out, vec *highest, const vec codes[WIDE],
                                     const struct preset_table *table)
{
    vec found[WIDE];
    for (unsigned k = 0; k < WIDE; k++) {
        *highest = OP(max_epu8)(*highest, codes[k]);
        found[k] = same8(0);
    }
    for (unsigned row = 0; 16 * row < table->count; row++)
        look_up(found, codes, table->symbols, row);
    for (unsigned k = 0; k < WIDE; k++)
        store_row(out + k * TURN, found[k]);
}

TARGET static inline void raise_most(uint8_t *most, vec highest)
{
    uint8_t each[TURN];
    store_row(each, highest);
    for (size_t i = 0; i < TURN; i++)
        *most = each[i] > *most ? each[i] : *most;
}

/* Of up to 16 symbols: a code of 4 bits at most is a place in them. */
TARGET static size_t decode_row(uint8_t *out, uint8_t *most, size_t n, const uint8_t *in,
                                const uint8_t *in_end, const struct preset_table *table)
{
    struct unpacking how = unpacking_of(table->bits);
    vec highest = same8(0), symbols = in_each(table->symbols);
    size_t at = 0, step = how.gap * LANES;
    for (; n - at >= TURN && (size_t)(in_end - in) >= how.reads; at += TURN, in += step) {
        vec codes = unpack_turn(in, &how);
        highest = OP(max_epu8)(highest, codes);
        store_row(out + at, OP(shuffle_epi8)(symbols, codes));
    }
    raise_most(most, highest);
    return at;
}

TARGET static size_t decode(uint8_t *out, uint8_t *most, size_t n, const uint8_t *in,
                            const uint8_t *in_end, const struct preset_table *table)
{
    struct unpacking how = unpacking_of(table->bits);
    size_t at = 0, step = how.gap * LANES;
    vec highest = same8(0);
    if (table->bits <= 4)
        return decode_row(out, most, n, in, in_end, table);
    for (; n - at >= WIDE * TURN && (size_t)(in_end - in) >= (WIDE - 1) * step + how.reads;
         at += WIDE * TURN, in += WIDE * step) {
        vec codes[WIDE];
        for (unsigned k = 0; k < WIDE; k++)
            codes[k] = unpack_turn(in + k * step, &how);
        unmap_turn(out + at, &highest, codes, table);
    }
    raise_most(most, highest);
    return at;
}

TARGET static size_t unmap(uint8_t *out, uint8_t *most, const uint8_t *codes, size_t n,
                           const struct preset_table *table)
{
    vec highest = same8(0);
    size_t at = 0;
    for (; n - at >= WIDE * TURN; at += WIDE * TURN) {
        vec in[WIDE];
        for (unsigned k = 0; k < WIDE; k++)
            in[k] = load_row(codes + at + k * TURN);
        unmap_turn(out + at, &highest, in, table);
    }
    raise_most(most, highest);
    return at;
}

TARGET static size_t encode7(uint8_t *out, unsigned *saw, const uint8_t *in, size_t n)
{
    struct packing packing = packing_of(7);
    vec any = same8(0);
    size_t at = 0;
    for (; n - at >= TURN; at += TURN, out += packing.gap * LANES) {
        vec codes = load_row(in + at);
        any = OR(any, codes);
        pack_turn(out, codes, &packing);
    }
    *saw |= sign_bits(any) ? PRESET_SAW_MISSING : 0u;
    return at;
}

TARGET static size_t decode7(uint8_t *out, size_t n, const uint8_t *in, const uint8_t *in_end)
{
    struct unpacking how = unpacking_of(7);
    size_t at = 0, step = how.gap * LANES;
    for (; n - at >= TURN && (size_t)(in_end - in) >= how.reads; at += TURN, in += step)
        store_row(out + at, unpack_turn(in, &how));
    return at;
}

/* A lane has 24 codes: two loads of 12, of which each three go to four bytes. */
static const uint8_t threes_apart[16] = {0, 1, 2, 0x80, 3, 4,  5,  0x80,
                                         6, 7, 8, 0x80, 9, 10, 11, 0x80};
static const uint8_t fives_joined[16] = {0,  1,  2,    3,    4,    8,    9,    10,
                                         11, 12, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80};

TARGET static size_t pack_threes(uint8_t *out, const uint8_t *codes, size_t n)
{
    vec apart = in_each(threes_apart), joined = in_each(fives_joined);
    vec weights = OP(set1_epi32)(100 | 10 << 8 | 1 << 16), sums = OP(set1_epi16)(1);
    vec twos = OP(set1_epi32)(1 | 1024 << 16);
    vec low = same64(0xFFFFF), high = same64((uint64_t)0xFFFFF << 20);
    size_t at = 0;
    for (; n - at >= 24 * LANES + 4; at += 24 * LANES, out += 10 * LANES) {
        vec first = OP(shuffle_epi8)(load_lanes(codes + at, 24), apart);
        vec second = OP(shuffle_epi8)(load_lanes(codes + at + 12, 24), apart);
        first = OP(madd_epi16)(OP(maddubs_epi16)(first, weights), sums);
        second = OP(madd_epi16)(OP(maddubs_epi16)(second, weights), sums);
        vec v = OP(madd_epi16)(OP(packs_epi32)(first, second), twos);
        v = OR(AND(v, low), AND(OP(srli_epi64)(v, 12), high));
        store_lanes(out, 10, OP(shuffle_epi8)(v, joined));
    }
    return at;
}

static const uint8_t tens_apart[16] = {0, 1, 1, 2, 2, 3, 3, 4, 5, 6, 6, 7, 7, 8, 8, 9};
static const uint8_t front_tens[16] = {0,    1, 0x80, 2,    3,    0x80, 4,    5,
                                       0x80, 6, 7,    0x80, 0x80, 0x80, 0x80, 0x80};
static const uint8_t front_ones[16] = {0x80, 0x80, 0,    0x80, 0x80, 2,    0x80, 0x80,
                                       4,    0x80, 0x80, 6,    0x80, 0x80, 0x80, 0x80};
static const uint8_t back_tens[16] = {8,    9,  0x80, 10,   11,   0x80, 12,   13,
                                      0x80, 14, 15,   0x80, 0x80, 0x80, 0x80, 0x80};
static const uint8_t back_ones[16] = {0x80, 0x80, 8,    0x80, 0x80, 10,   0x80, 0x80,
                                      12,   0x80, 0x80, 14,   0x80, 0x80, 0x80, 0x80};

TARGET static size_t unpack_threes(uint8_t *codes, uint16_t *most, size_t n, const uint8_t *in,
                                   const uint8_t *in_end)
{
    vec apart = in_each(tens_apart), highest = same8(0);
    /* Bit 0, 2, 4 or 6 of 16 is the number's lowest: lift it to bit 6. */
    vec lift = same64((uint64_t)64 | (uint64_t)16 << 16 | (uint64_t)4 << 32 | (uint64_t)1 << 48);
    vec hundredth = OP(set1_epi16)(656), tenth = OP(set1_epi16)(6554);
    size_t at = 0, reads = 10 * (LANES - 1) + 16;
    uint8_t each[TURN];
    for (; n - at >= 24 * LANES && (size_t)(in_end - in) >= reads;
         at += 24 * LANES, in += 10 * LANES) {
        vec v = OP(mullo_epi16)(OP(shuffle_epi8)(load_lanes(in, 10), apart), lift);
        v = OP(srli_epi16)(v, 6);
        highest = OP(max_epi16)(highest, v);
        vec hundreds = OP(mulhi_epu16)(v, hundredth); /* = v / 100 below 1000 */
        v = OP(sub_epi16)(v, OP(mullo_epi16)(hundreds, OP(set1_epi16)(100)));
        vec tens = OP(mulhi_epu16)(v, tenth);
        v = OP(sub_epi16)(v, OP(mullo_epi16)(tens, OP(set1_epi16)(10)));
        tens = OR(hundreds, OP(slli_epi16)(tens, 8));
        vec front = OR(OP(shuffle_epi8)(tens, in_each(front_tens)),
                       OP(shuffle_epi8)(v, in_each(front_ones)));
        vec back =
            OR(OP(shuffle_epi8)(tens, in_each(back_tens)), OP(shuffle_epi8)(v, in_each(back_ones)));
        store_threes(codes + at, front, back);
    }
    store_row(each, highest);
    for (size_t i = 0; i < TURN; i += 2) {
        uint16_t number = (uint16_t)(each[i] | each[i + 1] << 8);
        *most = number > *most ? number : *most;
    }
    return at;
}
