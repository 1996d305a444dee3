#include "dense_byte_path.h"

/* Which of the choices a block makes: constants in each of the loops. */
struct choices {
    int careful; /* words may run out */
    int signs;
    int floats;
};

static uint32_t signed_byte(uint32_t value, uint32_t minus, int floats)
{
    return floats ? (value & 127) | minus << 7 : ((value ^ (0 - minus)) + minus) & 255;
}

static void fill_codes(uint32_t *entries, unsigned start, unsigned end, uint32_t rest)
{
    for (unsigned code = start; code < end; code++) {
        entries[code] = (end - start) << SHARE_AT | (code - start) << FAR_AT | rest;
    }
}

static void fill_table(uint32_t entries[DENSE_BYTE_SHARES], const struct dense_byte_symbol *symbols,
                       unsigned count, const struct dense_side *side, int floats)
{
    for (unsigned s = 0; s < count; s++) {
        struct dense_byte_symbol symbol = symbols[s];
        unsigned first = symbol.first, start = symbol.start, end = symbol.end;
        if (symbol.open) {
            for (unsigned code = start; code < end; code++) {
                entries[code] = s;
            }
        } else if (is_halved(symbol, side)) {
            unsigned half = start + (end - start) / 2;
            fill_codes(entries, start, half, signed_byte(first, 0, floats));
            fill_codes(entries, half, end, signed_byte(first, 1, floats));
        } else {
            fill_codes(entries, start, end, side->leanings ? first : first & 127);
        }
    }
}

static void fill_tables(struct dense_byte_room *room, const struct dense_side *side, int floats)
{
    for (unsigned table = 0; table < DENSE_BYTE_TABLES; table++) {
        unsigned count = room->used[table] ? room->counts[table] : 0;
        const struct dense_byte_symbol *symbols = room->symbols[table];
        fill_table(room->of.entries[table], symbols, count, side, floats);
        for (unsigned s = 0; s + 1 < count; s++) { /* the last one is the escape */
            room->groups[table][symbols[s].first] = symbols[s].group;
        }
    }
}

/* Take a symbol that leaves bits open, with its sign unless that has odds. */
static NEVER_INLINE uint32_t take_open(uint32_t x, const struct dense_byte_symbol *symbol,
                                       const struct dense_side *side, uint32_t *minus)
{
    unsigned code = x % DENSE_BYTE_SHARES, start = symbol->start, end = symbol->end;
    *minus = 0;
    if (is_halved(*symbol, side)) {
        unsigned half = start + (end - start) / 2;
        *minus = code >= half;
        start = *minus ? half : start;
        end = *minus ? end : half;
    }
    return (end - start) * (x / DENSE_BYTE_SHARES) + code - start;
}

/* Return the byte of such a symbol. */
static NEVER_INLINE uint8_t finish_open(const struct dense_byte_symbol *symbol, uint32_t minus,
                                        struct bits *bits, int floats)
{
    uint32_t rest = (uint32_t)peek_bits(bits, bits->position, 1) & ((1u << symbol->open) - 1);
    bits->position += symbol->open;
    if (symbol->group == ESCAPE) {
        return (uint8_t)(rest | minus << 7);
    }
    return (uint8_t)signed_byte(symbol->first + rest, minus, floats);
}

ALWAYS_INLINE uint8_t take_one(uint32_t *state, struct words *words, struct bits *bits, size_t i,
                               const struct dense_tile *tile, const struct dense_byte_room *room,
                               const uint32_t (*entries)[DENSE_BYTE_SHARES],
                               const struct dense_side *side, struct choices choices)
{
    unsigned table = tile->table[i];
    uint32_t x = *state, entry = entries[table][x % DENSE_BYTE_SHARES], minus = 0;
    uint32_t share = entry >> SHARE_AT, byte = entry & 255;
    if (UNLIKELY(!share)) {
        const struct dense_byte_symbol *symbol = &room->symbols[table][byte];
        x = take_open(x, symbol, side, &minus);
        if (choices.signs && symbol->group < SILENT) {
            unsigned leaning = tile->leaning[i];
            x = refill(x, words, choices.careful);
            minus = take_sign(&x, room->odds[leaning & 7][symbol->group], leaning);
        }
        *state = refill(x, words, choices.careful);
        return finish_open(symbol, minus, bits, choices.floats);
    }
    x = share * (x / DENSE_BYTE_SHARES) + (entry >> FAR_AT & FAR_MASK);
    x = refill(x, words, choices.careful);
    if (choices.signs) {
        unsigned leaning = tile->leaning[i], group = room->groups[table][byte];
        minus = take_sign(&x, room->odds[leaning & 7][group], leaning) & (group < SILENT);
        x = refill(x, words, choices.careful);
        byte = signed_byte(byte, minus, choices.floats);
    }
    *state = x;
    return (uint8_t)byte;
}

ALWAYS_INLINE void take_all(uint8_t *plain, uint32_t states[STATES], struct words *words,
                            struct bits *bits, size_t i, size_t n, const struct dense_tile *tile,
                            const struct dense_byte_room *room, const struct dense_side *side,
                            struct choices choices)
{
    uint32_t x[STATES];
    struct words rest = *words;
    const uint32_t(*entries)[DENSE_BYTE_SHARES] = room->of.entries;
    memcpy(x, states, sizeof x);
#define ONE(j)                                                                                     \
    plain[i + (j)] = take_one(&x[j], &rest, bits, i + (j), tile, room, entries, side, choices)
    for (; i + STATES <= n; i += STATES) {
        FOR_STATES(ONE);
    }
    for (size_t j = 0, left = n - i; j < left; j++) {
        ONE(j);
    }
#undef ONE
    memcpy(states, x, sizeof x);
    *words = rest;
}

/* Take the bytes of a tile, or of a part of it from at on. Each element reads 2 words at most. */
static void take_some(uint8_t *plain, uint32_t states[STATES], struct words *words,
                      struct bits *bits, size_t at, size_t n, const struct dense_tile *tile,
                      const struct dense_byte_room *room, const struct dense_side *side, int floats)
{
    int careful = (size_t)(words->end - words->at) < 4 * n + 2;
#define WITH(c, s, f)                                                                              \
    take_all(plain, states, words, bits, at, n, tile, room, side,                                  \
             (struct choices){.careful = c, .signs = s, .floats = f})
    if (careful) {
        side->leanings ? WITH(1, 1, floats) : WITH(1, 0, floats);
    } else if (side->leanings) {
        floats ? WITH(0, 1, 1) : WITH(0, 1, 0);
    } else {
        WITH(0, 0, floats); /* entries say all */
    }
#undef WITH
}

static void take_tile(uint8_t *plain, uint32_t states[STATES], struct words *words,
                      struct bits *bits, size_t n, const struct dense_tile *tile,
                      const struct dense_byte_room *room, const struct dense_side *side, int floats,
                      int vectors)
{
    size_t at = 0;
#if DENSE_BYTE_HAVE_X86
    while (vectors && n - at >= STATES) {
        at += dense_byte_take_sse41(plain + at, states, words, n - at, tile->table + at,
                                    room->of.entries[0]);
        size_t some = n - at < STATES ? n - at : STATES;
        take_some(plain, states, words, bits, at, at + some, tile, room, side, floats);
        at += some;
    }
#else
    (void)vectors;
#endif
    take_some(plain, states, words, bits, at, n, tile, room, side, floats);
}

static int has_vectors(void)
{
#if DENSE_BYTE_HAVE_X86
    return __builtin_cpu_supports("sse4.1");
#else
    return 0;
#endif
}

int dense_byte_decode(uint8_t *plain, struct dense_layout layout, const struct dense_side *side,
                      struct dense_byte_room *room, const uint8_t *packed, size_t size, int vectors)
{
    struct dense_tile tile;
    struct words words;
    struct bits bits;
    uint32_t states[STATES];
    int floats = layout.mantissa_bits != 0, signs = side->leanings != NULL;
    int error = open_codes(states, &words, &bits, packed, size);
    if (error) {
        return error;
    }
    fill_tables(room, side, floats);
    vectors = vectors && !signs && has_vectors();
    for (size_t at = 0; at < layout.count; at += TILE) {
        size_t n = tile_size(layout, at);
        dense_byte_fill(&tile, layout, side, at, n);
        take_tile(plain + at, states, &words, &bits, n, &tile, room, side, floats, vectors);
        if (words.lacking || bits.position > 8 * bits.size) {
            return DENSE_CUT;
        }
    }
    return judge_end(states, words, bits);
}
