#include "densedelta_tile.h"

size_t densedelta_bound(struct dense_layout layout)
{
    /* A word for each element, or none, and its bits; and what stores write too much. */
    return CODES_HEAD + layout.count * (2 + (size_t)layout.width) + 16;
}

/* Code a tile from its last element to its first. */
static void put_tile(const uint8_t *symbols, const struct tile *tile, size_t n, unsigned shift,
                     const struct densedelta_room *room, const struct densedelta_counts *counts,
                     uint32_t states[STATES], struct writer *writer)
{
    for (size_t i = n; i--;) {
        unsigned context = tile->context[i], code = symbols[i] >> shift;
        const uint16_t *starts = room->starts[context] + code;
        put_by(&states[i % STATES], writer, (uint32_t)(starts[1] - starts[0]), starts[0],
               counts->reciprocals[context][code]);
    }
}

static void find_reciprocals(struct densedelta_counts *counts, const struct densedelta_room *room,
                             const struct densedelta_tables *tables)
{
    unsigned codes = tables->symbols * (tables->signs ? 2 : 1);
    for (unsigned c = 0; c < tables->contexts; c++) {
        for (unsigned code = 0; code < codes; code++) {
            const uint16_t *starts = room->starts[c] + code;
            counts->reciprocals[c][code] = reciprocal_of((uint32_t)(starts[1] - starts[0]));
        }
    }
}

/* Write what symbols leave open, from the lowest bit of each byte on. */
ALWAYS_INLINE uint8_t *put_bits(uint8_t *out, const uint8_t *plain, const uint8_t *base,
                                const uint8_t *symbols, size_t count, int signs, unsigned width,
                                unsigned mantissa_bits)
{
    struct bit_writer writer = {out, 0, 0};
    for (size_t at = 0; at < count; at++) {
        struct step step = step_of(load_element(plain + at * width, width),
                                   load_element(base + at * width, width), width, mantissa_bits);
        unsigned open = open_bits(symbols[at] / 2), more = symbols[at] && !signs;
        uint64_t some = step.size & ((1u << open) - 1);
        some |= (uint64_t)(step.falls & more) << open;
        write_bits(&writer, some, open + more);
    }
    return finish_bits(&writer);
}

size_t densedelta_encode(uint8_t *packed, const uint8_t *plain, const uint8_t *base,
                         const uint8_t *symbols, struct dense_layout layout,
                         const struct densedelta_side *side, const struct densedelta_tables *tables,
                         const struct densedelta_room *room, struct densedelta_counts *counts)
{
    struct tile tile;
    uint32_t states[STATES];
    uint8_t *end = packed + densedelta_bound(layout);
    struct writer writer = {end};
    unsigned shift = tables->signs ? 0 : 1;
    begin_states(states);
    find_reciprocals(counts, room, tables);
    for (size_t at = tiles_end(layout); at;) {
        at -= TILE;
        size_t n = tile_size(layout, at);
        densedelta_fill_tile(&tile, base, layout, side, tables->contexts, at, n);
        put_tile(symbols + at, &tile, n, shift, room, counts, states, &writer);
    }
    uint8_t *bits = close_words(packed, states, writer, end);
#define WITH(w, m) (bits = put_bits(bits, plain, base, symbols, layout.count, tables->signs, w, m))
    FOR_TYPE(layout, WITH);
#undef WITH
    return (size_t)(bits - packed);
}
