/* densedelta_fuzz.c - round trips and hostile blocks for densedelta_*.c; see campaign.py.
 *
 * The first byte chooses: bit 0 the way (set: the rest is plain bytes and their base, which are
 * encoded, decoded and compared; clear: the rest is what a block says, decoded), bits 1 and 2 the
 * type, bit 3 whether columns have scales, bit 4 whether signs are coded, bits 5 to 7 the factors,
 * and bits 5 and 6 the type of bytes where bits 1 and 2 are set.
 * The second byte is the number of columns, and for hostile blocks two more are the number of
 * elements. Where there are many columns, plain bytes are repeated; where there are most, so often
 * that the block is large.
 */
#include "../../compressor/kernels/densedelta_kernel.h"
#include "buffers.h"

#define MANY 40                   /* times that plain bytes are repeated */
#define SMALL ((size_t)1 << 13)   /* bytes; most inputs, so that many are tried */
#define LARGEST ((size_t)1 << 16) /* bytes; more of them only take longer */

static struct bytes take_row(struct input *input, size_t size)
{
    struct bytes row = bytes_new(size);
    for (size_t i = 0; i < size; i++) {
        row.at[i] = (uint8_t)take(input);
    }
    return row;
}

static int take_offset(struct input *input)
{
    unsigned low = take(input), high = take(input);
    return (int16_t)(low | high << 8);
}

/* Steps that are zero where the input is even, so that not all levels are out of range. */
static void take_steps(uint8_t *steps, size_t n, struct input *input)
{
    for (size_t i = 0; i < n; i++) {
        unsigned byte = take(input);
        steps[i] = (uint8_t)(byte & 1 ? byte >> 1 : 0);
    }
}

static size_t columns_of(struct dense_layout layout)
{
    return layout.columns < layout.count ? layout.columns : layout.count;
}

static void try_hostile(struct input input, unsigned choice, struct dense_layout layout)
{
    struct bytes made = bytes_new(sizeof(struct densedelta_tables));
    struct bytes read = bytes_new(sizeof(struct densedelta_room));
    struct densedelta_tables *tables = (struct densedelta_tables *)(void *)made.at;
    struct densedelta_room *room = (struct densedelta_room *)(void *)read.at;
    size_t rows = dense_rows(layout), columns = columns_of(layout);
    size_t size = layout.count * layout.width;
    struct densedelta_side side = {take_offset(&input), NULL, NULL};
    struct densedelta_factors factors = {take_offset(&input), choice >> 5, NULL, NULL};
    struct bytes held[5] = {take_row(&input, rows), take_row(&input, columns),
                            take_row(&input, factors.count * rows),
                            take_row(&input, factors.count * columns), take_row(&input, size)};
    side.rows = held[0].at;
    side.scales = choice >> 3 & 1 ? held[1].at : NULL;
    factors.left = held[2].at;
    factors.right = held[3].at;
    tables->signs = choice >> 4 & 1;
    tables->contexts = 1 + take(&input) % DENSEDELTA_CONTEXTS_MAX;
    tables->symbols = 1 + take(&input) % densedelta_symbols_max(layout.width);
    tables->levels[0] = 1;
    take_steps(tables->levels + 1, (size_t)tables->contexts * tables->symbols - 1, &input);
    take_steps(tables->leanings, (size_t)tables->contexts * (tables->symbols - 1), &input);
    struct bytes plain = bytes_new(size), packed = bytes_copy(input.at, input.left);
    if (densedelta_prepare(room, tables) == DENSEDELTA_FINE) {
        densedelta_move(plain.at, held[4].at, layout, &side, &factors);
        int error = densedelta_decode(plain.at, plain.at, layout, &side, tables, room, packed.at,
                                      packed.size);
        require(error <= DENSEDELTA_LEFT);
    }
    for (unsigned i = 0; i < 5; i++) {
        free(held[i].at);
    }
    free(plain.at);
    free(packed.at);
    free(made.at);
    free(read.at);
}

/* What an encoder is given and finds. */
struct work {
    struct dense_layout layout;
    struct densedelta_side side;
    struct densedelta_factors factors;
    struct densedelta_tables *tables;
    struct densedelta_room *room;
};

/* Decode what was encoded, from a buffer of its size. */
static void require_same(const uint8_t *packed, size_t size, const uint8_t *plain,
                         const uint8_t *base, const struct work *work)
{
    size_t plain_size = work->layout.count * work->layout.width;
    struct bytes again = bytes_new(plain_size), exact = bytes_copy(packed, size);
    densedelta_move(again.at, base, work->layout, &work->side, &work->factors);
    require(densedelta_decode(again.at, again.at, work->layout, &work->side, work->tables,
                              work->room, exact.at, size) == DENSEDELTA_FINE);
    require(!plain_size || memcmp(again.at, plain, plain_size) == 0);
    free(again.at);
    free(exact.at);
}

static void encode(const uint8_t *plain, const uint8_t *base, struct work *work)
{
    struct dense_layout layout = work->layout;
    struct bytes symbols = bytes_new(layout.count), packed = bytes_new(densedelta_bound(layout));
    struct bytes counted = bytes_new(sizeof(struct densedelta_counts));
    struct bytes moved = bytes_new(layout.count * layout.width);
    struct densedelta_counts *counts = (struct densedelta_counts *)(void *)counted.at;
    densedelta_move(moved.at, base, layout, &work->side, &work->factors);
    work->side.lowest = densedelta_lowest(moved.at, layout, &work->side, work->factors.origin);
    densedelta_model(symbols.at, work->tables, counts, plain, moved.at, layout, &work->side);
    require(densedelta_prepare(work->room, work->tables) == DENSEDELTA_FINE);
    size_t size = densedelta_encode(packed.at, plain, moved.at, symbols.at, layout, &work->side,
                                    work->tables, work->room, counts);
    require(size <= packed.size);
    require_same(packed.at, size, plain, base, work);
    free(symbols.at);
    free(packed.at);
    free(counted.at);
    free(moved.at);
}

static void try_plain(const uint8_t *plain, const uint8_t *base, unsigned choice,
                      struct dense_layout layout)
{
    size_t rows = dense_rows(layout), columns = columns_of(layout);
    struct bytes by_row = bytes_new(2 * rows), by_column = bytes_new(columns);
    struct bytes left = bytes_new(DENSEDELTA_FACTORS_MAX * rows);
    struct bytes right = bytes_new(DENSEDELTA_FACTORS_MAX * columns);
    struct bytes parts = bytes_new(2 * layout.count), sums = bytes_new(8 * (rows + columns));
    struct bytes room = bytes_new(6 * columns);
    struct bytes made = bytes_new(sizeof(struct densedelta_tables));
    struct bytes read = bytes_new(sizeof(struct densedelta_room));
    struct work work = {layout, {0, NULL, NULL}, {0, 0, NULL, NULL}, NULL, NULL};
    work.tables = (struct densedelta_tables *)(void *)made.at;
    work.room = (struct densedelta_room *)(void *)read.at;
    work.side.rows = by_row.at;
    work.side.scales = choice >> 3 & 1 ? by_column.at : NULL;
    work.factors.left = left.at;
    work.factors.right = right.at;
    work.factors.origin =
        densedelta_survey(plain, base, layout, by_row.at, choice >> 3 & 1 ? by_column.at : NULL,
                          (uint64_t *)(void *)sums.at);
    if (work.side.scales) {
        work.factors.count = densedelta_factor(
            left.at, right.at, (int16_t *)(void *)parts.at, (int64_t *)(void *)sums.at,
            (int32_t *)(void *)room.at, plain, base, layout, &work.side, work.factors.origin);
    }
    encode(plain, base, &work);
    struct bytes all[] = {by_row, by_column, left, right, parts, sums, room, made, read};
    for (unsigned i = 0; i < sizeof all / sizeof *all; i++) {
        free(all[i].at);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const unsigned types[4][2] = {{2, 7}, {2, 10}, {4, 23}, {1, 0}};
    static const unsigned bytes[4][2] = {{1, 0}, {1, 3}, {1, 2}, {1, 0}};
    if (size < 4) {
        return 0;
    }
    const unsigned *type = types[data[0] >> 1 & 3];
    if ((data[0] & 6) == 6) {
        type = bytes[data[0] >> 5 & 3];
    }
    struct dense_layout layout = {type[0], type[1], 0, 1u + data[1]};
    if (!(data[0] & 1)) {
        layout.count = (data[2] | (size_t)data[3] << 8) % 3000;
        try_hostile((struct input){data + 4, size - 4}, data[0], layout);
        return 0;
    }
    size_t half = (size - 2) / 2, most = data[1] >= 240 ? LARGEST : SMALL;
    size_t times = data[1] > 127 ? times_within(half, MANY, most) : 1;
    struct bytes plain = stretched(data + 2, half, times);
    struct bytes base = bytes_new(plain.size);
    for (size_t i = 0; i < base.size; i++) {
        base.at[i] = data[2 + half + i % half];
    }
    layout.count = plain.size / layout.width;
    struct bytes ours = bytes_copy(plain.at, layout.count * layout.width);
    struct bytes theirs = bytes_copy(base.at, layout.count * layout.width);
    try_plain(ours.at, theirs.at, data[0], layout);
    free(plain.at);
    free(base.at);
    free(ours.at);
    free(theirs.at);
    return 0;
}
