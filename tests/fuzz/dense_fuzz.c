/* dense_fuzz.c - round trips and hostile blocks for dense_*.c; see campaign.py.
 *
 * The first byte chooses: bit 0 the way (set: the rest is plain bytes, which are encoded, decoded
 * and compared; clear: the rest is what a block says, decoded), bits 1 and 2 the type, bit 3
 * whether columns have scales, bit 4 leanings, bit 5 endings, bits 6 and 7 the classes. Where bits
 * 1 and 2 are set, bit 5 chooses bytes, and bits 6 and 7 their type; without it, bit 6 chooses
 * upper halves of fp64. The second byte is the number of columns, and for hostile blocks two more
 * are the number of elements. Where there are many columns, plain bytes are repeated; where there
 * are most, so often that the block is large. Every buffer has its exact size and comes from
 * malloc(), or is a variable of its own, so that a byte too far is a finding.
 */
#include "../../compressor/kernels/dense_bytes.h"
#include "buffers.h"

#define MANY 40                  /* times that plain bytes are repeated */
#define SMALL ((size_t)1 << 13)  /* bytes; most inputs, so that many are tried */
#define LARGE ((size_t)33 << 10) /* elements; from 32 Ki on columns have classes and leanings */

/* Where tables of codes are made; to take that much anew each time would be most of the time. */
static struct dense_room room_kept;
static struct dense_byte_room byte_room_kept;

static uint8_t *room_of(size_t size)
{
    uint8_t *room = calloc(size ? size : 1, 1);
    require(room != NULL);
    return room;
}

static uint8_t *take_row(struct input *input, size_t size, unsigned below)
{
    uint8_t *row = room_of(size);
    for (size_t i = 0; i < size; i++) {
        row[i] = (uint8_t)(take(input) % below);
    }
    return row;
}

/* Shares that sum up as they have to, whatever the input says. */
static void take_shares(uint16_t *shares, unsigned n, struct input *input)
{
    unsigned left = DENSE_SHARES - 1;
    for (unsigned s = 0; s < n; s++) {
        unsigned byte = take(input), share = byte < 128 ? byte : (byte - 127) * 32;
        shares[s] = (uint16_t)(share < left ? share : left);
        left -= shares[s];
    }
    shares[0] = (uint16_t)(shares[0] + left + 1);
}

static void try_hostile(struct input input, unsigned choice, struct dense_layout layout)
{
    struct dense_side side;
    struct dense_tables *tables = (struct dense_tables *)room_of(sizeof *tables);
    struct dense_room *room = &room_kept;
    size_t rows = dense_rows(layout);
    size_t columns = layout.columns < layout.count ? layout.columns : layout.count;
    int scaled = choice >> 3 & 1, leans = scaled && choice >> 4 & 1;
    int shorts = layout.mantissa_bits == 23 && choice >> 5 & 1;
    side.base = (int)(take(&input) << 8 | take(&input)) % (2 * DENSE_BASE_MAX + 1) - DENSE_BASE_MAX;
    side.classes = scaled ? 1 + 2 * (choice >> 6) : 1;
    uint8_t *held[5] = {take_row(&input, rows, 256), take_row(&input, columns, 256),
                        take_row(&input, columns, side.classes), take_row(&input, columns, 16),
                        take_row(&input, rows, 2)};
    side.rows = held[0];
    side.scales = scaled ? held[1] : NULL;
    side.kinds = side.classes > 1 ? held[2] : NULL;
    side.leanings = leans ? held[3] : NULL;
    side.short_rows = shorts ? held[4] : NULL;
    side.signed_zeros = (int)take(&input) & 1;
    for (unsigned c = 0; c < side.classes; c++) {
        take_shares(tables->shapes[c], DENSE_SYMBOLS, &input);
    }
    memset(tables->odds, 1 + (int)take(&input) % 255, sizeof tables->odds);
    tables->first_level = take(&input);
    tables->levels = 1 + take(&input) % DENSE_LEVELS_MAX;
    for (unsigned level = 0; level < tables->levels && level < 3; level++) {
        take_shares(tables->endings[level], DENSE_ENDINGS, &input);
    }
    uint8_t *plain = room_of(layout.count * layout.width), *packed = room_of(input.left);
    memcpy(packed, input.at, input.left);
    dense_prepare(room, tables, side.classes);
    require(dense_decode(plain, layout, &side, tables, room, packed, input.left) <= DENSE_RANGE);
    for (unsigned i = 0; i < 5; i++) {
        free(held[i]);
    }
    free(plain);
    free(packed);
    free(tables);
}

/* Decode what was encoded, from a buffer of its size. */
static void require_same(const uint8_t *packed, size_t size, const uint8_t *plain,
                         struct dense_layout layout, const struct dense_side *side,
                         const struct dense_tables *tables, const struct dense_room *room)
{
    size_t plain_size = layout.count * layout.width;
    uint8_t *again = room_of(plain_size), *exact = room_of(size);
    memcpy(exact, packed, size);
    require(dense_decode(again, layout, side, tables, room, exact, size) == DENSE_FINE);
    require(memcmp(again, plain, plain_size) == 0);
    free(again);
    free(exact);
}

static void try_plain(const uint8_t *plain, unsigned choice, struct dense_layout layout)
{
    struct dense_side side;
    struct dense_tables *tables = (struct dense_tables *)room_of(sizeof *tables);
    struct dense_room *room = &room_kept;
    size_t rows = dense_rows(layout), bound = dense_bound(layout);
    size_t columns = layout.columns < layout.count ? layout.columns : layout.count;
    uint8_t *by_row = room_of(rows), *shorts = room_of(rows), *scales = room_of(columns);
    uint8_t *kinds = room_of(columns), *leanings = room_of(columns);
    uint8_t *symbols = room_of(layout.count), *packed = room_of(bound),
            *sums = room_of(24 * columns);
    int scaled = choice >> 3 & 1;
    struct dense_found found = dense_survey(plain, layout, by_row, scaled ? scales : NULL, kinds,
                                            leanings, shorts, (uint64_t *)(void *)sums);
    side.base = found.base;
    side.classes = found.classes;
    side.rows = by_row;
    side.scales = scaled ? scales : NULL;
    side.kinds = found.classes > 1 ? kinds : NULL;
    side.leanings = scaled && (found.leans || choice >> 4 & 1) ? leanings : NULL;
    side.short_rows =
        layout.mantissa_bits == 23 && (found.shorts || choice >> 5 & 1) ? shorts : NULL;
    side.signed_zeros = 0;
    dense_model(symbols, tables, plain, layout, &side, kinds);
    dense_prepare(room, tables, side.classes);
    size_t size = dense_encode(packed, plain, symbols, layout, &side, tables, room);
    require(size <= bound);
    require_same(packed, size, plain, layout, &side, tables, room);
    free(by_row);
    free(shorts);
    free(scales);
    free(kinds);
    free(leanings);
    free(symbols);
    free(packed);
    free(sums);
    free(tables);
}

static void try_hostile_bytes(struct input input, unsigned choice, struct dense_layout layout)
{
    struct dense_side side = {0};
    struct dense_byte_tables *tables = (struct dense_byte_tables *)room_of(sizeof *tables);
    struct dense_byte_room *room = &byte_room_kept;
    size_t rows = dense_rows(layout);
    size_t columns = layout.columns < layout.count ? layout.columns : layout.count;
    uint8_t *held[3] = {take_row(&input, rows, 256), take_row(&input, columns, 256),
                        take_row(&input, columns, 16)};
    side.base = (int)(take(&input) << 8 | take(&input)) % (2 * DENSE_BASE_MAX + 1) - DENSE_BASE_MAX;
    side.base = choice >> 4 & 1 ? side.base : side.base % 100;
    side.classes = 1;
    side.rows = held[0];
    side.scales = choice >> 3 & 1 ? held[1] : NULL;
    side.leanings = choice >> 4 & 1 ? held[2] : NULL;
    tables->top = take(&input) % DENSE_BYTE_VALUES;
    take_shares(tables->shape, DENSE_SYMBOLS, &input);
    tables->top_share = (uint16_t)(take(&input) % tables->shape[0]);
    tables->shape[0] = (uint16_t)(tables->shape[0] - tables->top_share);
    memset(tables->odds, 1 + (int)take(&input) % 255, sizeof tables->odds);
    uint8_t *plain = room_of(layout.count), *packed = room_of(input.left);
    memcpy(packed, input.at, input.left);
    dense_byte_prepare(room, tables, layout, &side);
    int error = dense_byte_decode(plain, layout, &side, room, packed, input.left, 1);
    require(error <= DENSE_LEFT);
    require(dense_byte_decode(plain, layout, &side, room, packed, input.left, 0) == error);
    for (unsigned i = 0; i < 3; i++) {
        free(held[i]);
    }
    free(plain);
    free(packed);
    free(tables);
}

/* Decode what was encoded, from a buffer of its size. */
static void require_same_bytes(const uint8_t *packed, size_t size, const uint8_t *plain,
                               struct dense_layout layout, const struct dense_side *side,
                               struct dense_byte_room *room)
{
    uint8_t *again = room_of(layout.count), *exact = room_of(size);
    memcpy(exact, packed, size);
    for (int vectors = 0; vectors < 2; vectors++) {
        memset(again, 0, layout.count);
        require(dense_byte_decode(again, layout, side, room, exact, size, vectors) == DENSE_FINE);
        require(memcmp(again, plain, layout.count) == 0);
    }
    free(again);
    free(exact);
}

static void try_plain_bytes(const uint8_t *plain, unsigned choice, struct dense_layout layout)
{
    struct dense_side side = {0};
    struct dense_byte_tables *tables = (struct dense_byte_tables *)room_of(sizeof *tables);
    struct dense_byte_room *room = &byte_room_kept;
    size_t rows = dense_rows(layout), bound = dense_bound(layout);
    size_t columns = layout.columns < layout.count ? layout.columns : layout.count;
    uint8_t *by_row = room_of(2 * rows), *by_column = room_of(3 * columns);
    uint8_t *marks = room_of(layout.count), *packed = room_of(bound), *sums = room_of(24 * columns);
    int scaled = choice >> 3 & 1;
    struct dense_found found =
        dense_survey(plain, layout, by_row, scaled ? by_column : NULL, by_column + columns,
                     by_column + 2 * columns, by_row + rows, (uint64_t *)(void *)sums);
    require(found.classes == 1 && !found.shorts);
    side.base = found.base;
    side.classes = 1;
    side.rows = by_row;
    side.scales = scaled ? by_column : NULL;
    side.leanings = scaled && (found.leans || choice >> 4 & 1) ? by_column + 2 * columns : NULL;
    dense_byte_model(by_row, tables, plain, layout, &side);
    dense_byte_prepare(room, tables, layout, &side);
    size_t size = dense_byte_encode(packed, plain, marks, layout, &side, room);
    require(size <= bound);
    require_same_bytes(packed, size, plain, layout, &side, room);
    free(by_row);
    free(by_column);
    free(marks);
    free(packed);
    free(sums);
    free(tables);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const unsigned types[4][2] = {{2, 7}, {2, 10}, {4, 23}, {4, 23}};
    if (size < 4) {
        return 0;
    }
    const unsigned *type = types[data[0] >> 1 & 3];
    struct dense_layout layout = {type[0], type[1], 0, 1u + data[1]};
    int bytes = (data[0] & 0x26) == 0x26;
    if (bytes) {
        static const unsigned mantissa_bits[4] = {3, 2, 0, 0};
        layout.width = 1;
        layout.mantissa_bits = mantissa_bits[data[0] >> 6];
    } else if ((data[0] & 0x46) == 0x46) {
        layout.mantissa_bits = 20;
    }
    if (!(data[0] & 1)) {
        layout.count = (data[2] | (size_t)data[3] << 8) % 5000;
        (bytes ? try_hostile_bytes : try_hostile)((struct input){data + 4, size - 4}, data[0],
                                                  layout);
        return 0;
    }
    size_t rest = size - 2, times = data[1] > 127 ? times_within(rest, MANY, SMALL) : 1;
    if (data[1] >= 240) {
        times = LARGE * layout.width / rest + 1;
    }
    uint8_t *plain = room_of(rest * times);
    for (size_t i = 0; i < times; i++) {
        memcpy(plain + i * rest, data + 2, rest);
    }
    layout.count = rest * times / layout.width;
    (bytes ? try_plain_bytes : try_plain)(plain, data[0], layout);
    free(plain);
    return 0;
}
