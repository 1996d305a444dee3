#include "dense_byte_tile.h"

/* What all loops are given. */
struct job {
    const uint8_t *plain;
    uint8_t *marks; /* how many bits each element leaves open */
    struct dense_layout layout;
    const struct dense_side *side;
    const struct dense_byte_room *room;
    uint32_t odds_reciprocals[257]; /* of 16 times what they stand at */
};

/* Return how codes from start up to end are coded. The high half of x * reciprocal is x / share:
 * the product is too large by x at most, so the half by less than a 2^32th. For a share of 1 there
 * is no such reciprocal: of the largest the high half is x - 1, for which start makes up. */
static struct dense_byte_way way_of(unsigned start, unsigned end)
{
    unsigned share = end - start, gap = DENSE_BYTE_SHARES - share;
    struct dense_byte_way way = {UINT64_MAX / share + 1,
                                 (uint32_t)(((uint64_t)share << 32) / DENSE_BYTE_SHARES - 1),
                                 (uint16_t)start, (uint16_t)gap};
    if (share == 1) {
        way.reciprocal = UINT64_MAX;
        way.start = (uint16_t)(start + gap);
    }
    return way;
}

static void set_way(struct dense_byte_room *room, unsigned table, unsigned byte,
                    struct dense_byte_symbol symbol, const struct dense_side *side)
{
    unsigned start = symbol.start, end = symbol.end, half = start + (end - start) / 2;
    if (is_halved(symbol, side)) {
        start = byte >> 7 ? half : start;
        end = byte >> 7 ? end : half;
    }
    room->of.encoding.ways[table][byte] = way_of(start, end);
    room->of.encoding.open[table][byte] = symbol.open;
    room->groups[table][byte] = symbol.group;
}

static void set_ways(struct dense_byte_room *room, unsigned table, struct dense_layout layout,
                     const struct dense_side *side)
{
    const struct dense_byte_symbol *symbols = room->symbols[table];
    unsigned last = room->counts[table] - 1u, sign = layout.mantissa_bits ? 128 : 0;
    for (unsigned byte = 0; byte < 256; byte++) {
        set_way(room, table, byte, symbols[last], side);
    }
    for (unsigned s = 0; s < last; s++) {
        unsigned first = symbols[s].first, end = first + (1u << symbols[s].open);
        for (unsigned value = first; value < end; value++) {
            if (value < 128) {
                set_way(room, table, value, symbols[s], side);
            }
            if (value == silent_value(layout)) {
                set_way(room, table, 0, symbols[s], side); /* of fp8, instead of value 0 */
            } else {
                set_way(room, table, sign ? value | sign : 256 - value, symbols[s], side);
            }
        }
    }
}

static void find_ways(struct job *job, struct dense_byte_room *room)
{
    for (uint32_t odds = 1; odds < 257; odds++) {
        job->odds_reciprocals[odds] = reciprocal_of(16 * odds);
    }
    for (unsigned table = 0; table < DENSE_BYTE_TABLES; table++) {
        if (room->used[table]) {
            set_ways(room, table, job->layout, job->side);
        }
    }
}

/* Code the sign of element i of a tile, if its group has odds: others have SHARES, which changes no
 * state. */
ALWAYS_INLINE void put_sign(const struct job *job, const struct dense_tile *tile, unsigned byte,
                            size_t i, uint32_t *state, struct writer *writer)
{
    unsigned group = job->room->groups[tile->table[i]][byte], leaning = tile->leaning[i];
    uint32_t odds = job->room->odds[leaning & 7][group];
    uint32_t unlikely = (byte >> 7 ^ leaning >> 3) & (group < SILENT);
    uint32_t other = 0 - unlikely, share = (odds ^ other) + (DENSE_SHARES + 1) * unlikely;
    put_by(state, writer, share, odds & other, job->odds_reciprocals[share / 16]);
}

ALWAYS_INLINE uint32_t divided(uint32_t x, const struct dense_byte_way *way)
{
#ifdef __SIZEOF_INT128__
    return (uint32_t)((unsigned __int128)x * way->reciprocal >> 64);
#else
    uint32_t share = DENSE_BYTE_SHARES - way->gap;
    return x / share - (share == 1);
#endif
}

/* As put_by(): (x / share * DENSE_BYTE_SHARES) + x % share + start. */
ALWAYS_INLINE void put_way(uint32_t *state, struct writer *writer, const struct dense_byte_way *way)
{
    uint32_t x = *state, full = x > way->limit;
    store_le16(writer->at - 2, x);
    writer->at -= full * 2;
    x >>= full * 16; /* a choice would become a branch, and half of these be guessed wrong */
    *state = divided(x, way) * way->gap + x + way->start;
}

ALWAYS_INLINE void put_one(const struct job *job, const struct dense_tile *tile, size_t at,
                           size_t i, uint32_t *state, struct writer *writer, int signs)
{
    unsigned table = tile->table[i], byte = job->plain[at + i];
    if (signs) {
        put_sign(job, tile, byte, i, state, writer);
    }
    job->marks[at + i] = job->room->of.encoding.open[table][byte];
    put_way(state, writer, &job->room->of.encoding.ways[table][byte]);
}

/* Code a tile from its last element to its first. */
ALWAYS_INLINE void put_tile(const struct job *job, const struct dense_tile *tile, size_t at,
                            size_t n, uint32_t states[STATES], struct writer *writer, int signs)
{
    uint32_t x[STATES];
    struct writer to = *writer;
    memcpy(x, states, sizeof x);
    for (; n % STATES; n--) {
        put_one(job, tile, at, n - 1, &x[(n - 1) % STATES], &to, signs);
    }
    for (; n; n -= STATES) {
#define ONE(j) put_one(job, tile, at, n - STATES + j, &x[j], &to, signs)
        FOR_STATES_BACK(ONE);
#undef ONE
    }
    memcpy(states, x, sizeof x);
    *writer = to;
}

/* Write what the symbols of some elements leave open: few do. */
static void put_rest(const struct job *job, size_t at, size_t end, struct bit_writer *writer)
{
    int floats = job->layout.mantissa_bits != 0;
    for (; at < end; at++) {
        unsigned open = job->marks[at], byte = job->plain[at];
        unsigned value = open < ESCAPE_BITS && !floats && byte >> 7 ? 256 - byte : byte;
        write_bits(writer, value & ((1u << open) - 1), open);
    }
}

/* Write all that symbols leave open, from the lowest bit of each byte on. */
static uint8_t *put_bits(const struct job *job, uint8_t *out)
{
    struct bit_writer writer = {out, 0, 0};
    size_t at = 0, count = job->layout.count;
    for (; count - at >= 8; at += 8) {
        if (load_le64(job->marks + at)) {
            put_rest(job, at, at + 8, &writer);
        }
    }
    put_rest(job, at, count, &writer);
    return finish_bits(&writer);
}

size_t dense_byte_encode(uint8_t *packed, const uint8_t *plain, uint8_t *marks,
                         struct dense_layout layout, const struct dense_side *side,
                         struct dense_byte_room *room)
{
    struct job job = {plain, marks, layout, side, room, {0}};
    struct dense_tile tile;
    uint32_t states[STATES];
    uint8_t *end = packed + dense_bound(layout);
    struct writer writer = {end};
    begin_states(states);
    find_ways(&job, room);
    for (size_t at = tiles_end(layout); at;) {
        at -= TILE;
        size_t n = tile_size(layout, at);
        dense_byte_fill(&tile, layout, side, at, n);
        if (side->leanings) {
            put_tile(&job, &tile, at, n, states, &writer, 1);
        } else {
            put_tile(&job, &tile, at, n, states, &writer, 0);
        }
    }
    uint8_t *bits = close_words(packed, states, writer, end);
    return (size_t)(put_bits(&job, bits) - packed);
}
