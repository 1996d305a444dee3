/* lz77_optimal.c - levels 7 to 9: of all ways through a stretch of the chunk, the cheapest.
 *
 * A node is a place, and the cheapest way found to it: with a literal, or a match that ends there.
 * Nodes are taken from the left; each offers a literal to the next one, and its matches, at all
 * their lengths, to those where they end. A stretch ends where no match goes beyond, or where one
 * is so long that it is taken in any case. Then the way is read backwards, and written down. */
#include "lz77_optimal.h"
#include "lz77_efforts.h"

#define UNREACHED UINT32_MAX
#define BASE (64 * PRICE_BIT) /* a price may fall below where it started, but not by so much */

enum { PASSED_MAX = 512, PASSED_END = 64 /* places that a match passes, see catch_up() */ };

struct optimal {
    struct lz77_parser *parser;
    const struct lz77_prices *prices;
    struct lz77_node *nodes;
    const uint8_t *end, *limit, *anchor, *at; /* at: where node 0 is */
    uint32_t next;                            /* the place that the finder is asked for next */
    uint32_t last;                            /* the last node that is reached */
    struct lz77_candidate sure;               /* a match that is taken behind the stretch, or 0 */
};

/* Reach up to this node: what lies between is not reached yet. */
static inline void reach(struct optimal *optimal, size_t node)
{
    while (optimal->last < node)
        optimal->nodes[++optimal->last].price = UNREACHED;
}

/* Offer a match of all lengths above `from` up to the candidate's. */
static inline void offer(struct optimal *optimal, size_t number, struct lz77_candidate match,
                         size_t from, uint32_t kind)
{
    const struct lz77_prices *prices = optimal->prices;
    struct lz77_node node = optimal->nodes[number];
    struct lz77_node *there = &optimal->nodes[number + from + 1];
    size_t few = node.literal_nbytes < LITERALS_MORE ? node.literal_nbytes : LITERALS_MORE;
    const uint32_t *commands = prices->commands + (few | kind << 2);
    if (kind == 0)
        node.price += price_offset(prices, match.offset);
    node.offset = match.offset;
    node.literal_nbytes = 0;
    lz77_offset_kind(node.repeats, match.offset);
    reach(optimal, number + match.nbytes);
    for (size_t rest = from + 1 - MATCH_MIN; rest <= match.nbytes - MATCH_MIN; rest++, there++) {
        uint32_t price =
            node.price + (rest < MATCH_MORE ? commands[rest << 4]
                                            : commands[MATCH_MORE << 4] +
                                                  price_length(prices, rest - MATCH_MORE));
        if (price < there->price) {
            *there = node;
            there->price = price;
            there->nbytes = (uint32_t)rest + MATCH_MIN;
        }
    }
}

/* What it costs to say how many literals there are, beside the command. */
static inline uint32_t price_run(const struct lz77_prices *prices, uint32_t literal_nbytes)
{
    return literal_nbytes < LITERALS_MORE ? 0
                                          : price_length(prices, literal_nbytes - LITERALS_MORE);
}

/* A literal pays for its part of the run's length at once: were that left to the match behind, a
 * long run would look cheaper than any match that ends it, and never end. */
static inline void offer_literal(struct optimal *optimal, size_t number)
{
    reach(optimal, number + 1);
    const struct lz77_node *node = &optimal->nodes[number];
    struct lz77_node *there = &optimal->nodes[number + 1];
    const struct lz77_prices *prices = optimal->prices;
    uint32_t price = node->price + prices->literals[optimal->at[number]] +
                     price_run(prices, node->literal_nbytes + 1) -
                     price_run(prices, node->literal_nbytes);
    if (price < there->price) {
        *there = *node;
        there->price = price;
        there->nbytes = 1;
        there->offset = 0;
        there->literal_nbytes++;
    }
}

/* Whether a match ends the stretch. */
static inline int is_sure(const struct optimal *optimal, size_t number, size_t nbytes)
{
    return nbytes >= optimal->parser->effort->nice || number + nbytes >= LZ77_NODES;
}

/* Offer the repeats; return the length of the longest, at least MATCH_MIN - 1. */
static inline size_t offer_repeats(struct optimal *optimal, size_t number)
{
    const struct lz77_node *node = &optimal->nodes[number];
    const uint8_t *at = optimal->at + number;
    size_t longest = MATCH_MIN - 1;
    for (uint32_t kind = node->literal_nbytes ? 1 : 2; kind <= 3; kind++) {
        uint32_t offset = node->repeats[kind - 1];
        if ((load_le32(at) ^ load_le32(at - offset)) << 8)
            continue;
        struct lz77_candidate match = {(uint32_t)count_equal(at, at - offset, optimal->end),
                                       offset};
        if (is_sure(optimal, number, match.nbytes)) {
            optimal->sure = match;
            return match.nbytes;
        }
        offer(optimal, number, match, MATCH_MIN - 1, kind);
        if (match.nbytes > longest)
            longest = match.nbytes;
    }
    return longest;
}

static void show(struct optimal *optimal, uint32_t end)
{
    for (; optimal->next < end; optimal->next++)
        optimal->parser->effort->find(optimal->parser, optimal->next, optimal->end, NULL);
}

/* Show the finder the places that a match passed; of a long one, those at both ends. */
static inline void catch_up(struct optimal *optimal, uint32_t position)
{
    if (position > optimal->next && position - optimal->next > PASSED_MAX) {
        show(optimal, optimal->next + PASSED_END);
        optimal->next = position - PASSED_END;
    }
    show(optimal, position);
}

static inline void offer_new(struct optimal *optimal, size_t number)
{
    struct lz77_candidate found[CANDIDATES_MAX];
    struct lz77_parser *parser = optimal->parser;
    uint32_t position = (uint32_t)(optimal->at + number - parser->plain);
    catch_up(optimal, position);
    if (optimal->next != position)
        return; /* it was looked at before the last stretch ended */
    optimal->next++;
    size_t count = parser->effort->find(parser, position, optimal->end, found),
           from = MATCH_MIN - 1;
    if (count && is_sure(optimal, number, found[count - 1].nbytes)) {
        optimal->sure = found[count - 1];
        return;
    }
    for (size_t i = 0; i < count; from = found[i++].nbytes)
        offer(optimal, number, found[i], from, 0);
}

/* Go through a stretch; return the node that ends it. */
static size_t go(struct optimal *optimal)
{
    optimal->last = 0;
    optimal->sure.nbytes = 0;
    for (size_t number = 0;; number++) {
        if (optimal->at + number >= optimal->limit || number == LZ77_NODES - 1)
            return number;
        if (number && number == optimal->last)
            return number;
        offer_literal(optimal, number);
        offer_repeats(optimal, number);
        if (!optimal->sure.nbytes)
            offer_new(optimal, number);
        if (optimal->sure.nbytes)
            return number;
    }
}

/* Write down the way to a node. */
static void write_way(struct optimal *optimal, size_t number)
{
    struct lz77_node *nodes = optimal->nodes;
    uint32_t next = 0; /* turn the way round: price is free now */
    for (size_t at = number; at; at -= nodes[at].nbytes) {
        nodes[at].price = next;
        next = (uint32_t)at;
    }
    for (; next; next = nodes[next].price) {
        if (!nodes[next].offset)
            continue;
        const uint8_t *start = optimal->at + next - nodes[next].nbytes;
        put_sequence(optimal->parser, (size_t)(start - optimal->anchor), nodes[next].nbytes,
                     nodes[next].offset);
        optimal->anchor = start + nodes[next].nbytes;
    }
}

static void start_at(struct optimal *optimal, const uint8_t *at, const uint32_t repeats[3])
{
    struct lz77_node *node = &optimal->nodes[0];
    *node = (struct lz77_node){.price = BASE, .literal_nbytes = (uint32_t)(at - optimal->anchor)};
    memcpy(node->repeats, repeats, sizeof node->repeats);
    optimal->at = at;
}

void lz77_parse_optimal(struct lz77_parser *parser, struct lz77_span span)
{
    struct optimal optimal = {.parser = parser,
                              .prices = parser->prices,
                              .nodes = parser->nodes,
                              .end = span.end,
                              .limit = span.match_limit,
                              .anchor = span.start,
                              .next = parser->next};
    const uint8_t *at = span.start == parser->plain ? span.start + START : span.start;
    uint32_t repeats[3];
    memcpy(repeats, parser->repeats, sizeof repeats);
    while (at < span.match_limit) {
        start_at(&optimal, at, repeats);
        size_t number = go(&optimal);
        memcpy(repeats, optimal.nodes[number].repeats, sizeof repeats);
        write_way(&optimal, number);
        at += number;
        if (optimal.sure.nbytes) {
            put_sequence(parser, (size_t)(at - optimal.anchor), optimal.sure.nbytes,
                         optimal.sure.offset);
            lz77_offset_kind(repeats, optimal.sure.offset);
            optimal.anchor = at += optimal.sure.nbytes;
        }
    }
    parser->next = optimal.next;
}

void lz77_index_optimal(struct lz77_parser *parser, const uint8_t *at)
{
    uint32_t position = (uint32_t)(at - parser->plain);
    parser->effort->find(parser, position, parser->plain_end, NULL);
    parser->next = position + 1;
}
