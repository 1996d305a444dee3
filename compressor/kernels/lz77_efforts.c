#include "lz77_efforts.h"
#include "lz77_optimal.h"

enum { RAW_GAP = 256 /* bytes */ };

static const struct lz77_effort EFFORTS[] = {
    [1] = {lz77_parse_fast, lz77_index_fast, .head_log = 15, .window = 1 << 19},
    [2] = {lz77_parse_fast, lz77_index_fast, .head_log = 16, .window = 1 << 22},
    [3] = {lz77_parse_double, lz77_index_double, .head_log = 17, .short_log = 16},
    [4] = {lz77_parse_lazy, lz77_index_rows, .row_log = 13, .depth = 4, .lazy = 1},
    [5] = {lz77_parse_lazy, lz77_index_rows, .row_log = 14, .depth = 4, .lazy = 1},
    [6] = {lz77_parse_lazy, lz77_index_rows, .row_log = 17, .depth = 16, .lazy = 2},
    [7] = {lz77_parse_optimal, lz77_index_optimal, .head_log = 16, .short_log = 14, .row_log = 17,
           .depth = 8, .find = lz77_find_in_rows, .nice = 96},
    [8] = {lz77_parse_optimal, lz77_index_optimal, .head_log = 16, .short_log = 14, .row_log = 17,
           .depth = 16, .find = lz77_find_in_rows, .nice = 256},
    [9] = {lz77_parse_optimal, lz77_index_optimal, .head_log = 19, .short_log = 16, .tree = 1,
           .depth = 48, .find = lz77_find_in_tree, .nice = 256},
};

/* Return the bits that so many places need, below a limit. */
static unsigned log_of(size_t places, unsigned limit)
{
    unsigned log = 8;
    while (log < limit && places >> log)
        log++;
    return log;
}

/* Return a table for hashes of *log bits, where the level has one. */
static uint32_t *table_for(struct room *room, unsigned *log, unsigned limit, size_t plain_nbytes)
{
    *log = log_of(plain_nbytes, limit);
    return limit ? room_take(room, sizeof(uint32_t) << *log) : NULL;
}

static void place_rows(struct lz77_rows *rows, struct room *room, unsigned limit,
                       size_t plain_nbytes)
{
    rows->log = log_of(plain_nbytes / ROW, limit);
    rows->lines = room_take(room, (size_t)ROW_NBYTES << rows->log);
}

void lz77_place_tables(struct lz77_parser *parser, struct room *room, size_t plain_nbytes,
                       int level)
{
    const struct lz77_effort *effort = parser->effort = &EFFORTS[level];
    parser->heads = table_for(room, &parser->head_log, effort->head_log, plain_nbytes);
    parser->shorts = table_for(room, &parser->short_log, effort->short_log, plain_nbytes);
    if (effort->row_log)
        place_rows(&parser->rows, room, effort->row_log, plain_nbytes);
    if (effort->tree)
        parser->sons = room_take(room, 2 * sizeof(uint32_t) * plain_nbytes);
    if (effort->find) {
        parser->prices = room_take(room, sizeof *parser->prices);
        parser->nodes = room_take(room, (LZ77_NODES + 1) * sizeof *parser->nodes);
    }
}

void lz77_clear_tables(struct lz77_parser *parser)
{
    struct lz77_rows *rows = &parser->rows;
    rows->next = parser->next = 0;
    if (parser->heads)
        memset(parser->heads, 0, sizeof(uint32_t) << parser->head_log);
    if (parser->shorts)
        memset(parser->shorts, 0, sizeof(uint32_t) << parser->short_log);
    if (rows->lines)
        memset(rows->lines, 0, (size_t)ROW_NBYTES << rows->log);
}

void lz77_index_raw(struct lz77_parser *parser, struct lz77_span span)
{
    for (const uint8_t *at = span.start; at < span.match_limit; at += RAW_GAP)
        parser->effort->index(parser, at);
}
