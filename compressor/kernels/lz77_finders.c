#include "lz77_finders.h"
#include "lz77_efforts.h"
#include "lz77_rows.h"

enum {
    NEAR_3 = 1 << 16,  /* bytes back within which a match of 3 is worth its offset */
    NEAR_4 = 1 << 17,  /* the same of 4 */
    TREE_SAME = 256,   /* bytes that the tree compares: see below */
    PASSED_DEPTH = 16, /* steps for a place that a match passes */
};

struct found {
    struct lz77_candidate *candidates; /* NULL: none are wanted */
    size_t count;
    uint32_t longest;
};

static inline void note(struct found *found, size_t nbytes, uint32_t offset)
{
    if (nbytes > found->longest) {
        found->longest = (uint32_t)nbytes;
        found->candidates[found->count++] = (struct lz77_candidate){found->longest, offset};
    }
}

/* Look the newest place up that has the same hash of n bytes, if it is near. */
static inline void find_near(struct lz77_parser *parser, uint32_t position, const uint8_t *end,
                             unsigned n, struct found *found)
{
    const uint8_t *at = parser->plain + position;
    uint32_t *head = n == 3 ? &parser->shorts[hash_bytes(at, 3, parser->short_log)]
                            : &parser->heads[hash_bytes(at, 4, parser->head_log)];
    uint32_t before = *head, offset = position - before;
    *head = position;
    if (found->candidates && before && offset < (n == 3 ? NEAR_3 : NEAR_4)) {
        size_t nbytes = count_equal(at, parser->plain + before, end);
        if (nbytes >= n)
            note(found, nbytes, offset);
    }
}

size_t lz77_find_in_rows(struct lz77_parser *parser, uint32_t position, const uint8_t *end,
                         struct lz77_candidate *candidates)
{
    struct lz77_rows *rows = &parser->rows;
    const uint8_t *at = parser->plain + position;
    struct found found = {candidates, 0, MATCH_MIN - 1};
    rows_prefetch(rows, at + ROW_AHEAD);
    find_near(parser, position, end, 3, &found);
    find_near(parser, position, end, 4, &found);
    if (candidates) {
        struct row_found row = rows_find(rows, at);
        for (unsigned i = 0; row.bits && i < parser->effort->depth; i++) {
            uint32_t before = row_next(&row, position);
            const uint8_t *from = parser->plain + before;
            /* Worth its offset is what is longer by two: both bytes must be the chunk's own. */
            if (before < position && (size_t)(end - at) >= found.longest + 2 &&
                load_le32(from + found.longest - 2) == load_le32(at + found.longest - 2))
                note(&found, count_equal(at, from, end), position - before);
        }
    }
    rows_insert(rows, parser->plain, position);
    return found.count;
}

/* The places of a hash of four bytes form a tree in the order of what stands there, a newer place
 * above the older ones. The new place becomes the root: on its way down, what is smaller is hung to
 * its left and what is greater to its right.
 *
 * The order must not depend on where a chunk ends, or later walks go astray: places are compared up
 * to TREE_SAME bytes, or to the end of the block; matches are cut, or stretched, afterwards. */
static void walk_tree(struct lz77_parser *parser, uint32_t position, size_t same_max,
                      struct found *found)
{
    const uint8_t *plain = parser->plain, *at = plain + position;
    uint32_t *head = &parser->heads[hash_bytes(at, 4, parser->head_log)], place = *head;
    uint32_t *smaller = &parser->sons[2 * (size_t)position], *greater = smaller + 1;
    size_t smaller_same = 0, greater_same = 0;
    unsigned depth = parser->effort->depth;
    if (!found->candidates && depth > PASSED_DEPTH)
        depth = PASSED_DEPTH;
    *head = position;
    for (; place && depth; depth--) {
        const uint8_t *from = plain + place;
        uint32_t *sons = &parser->sons[2 * (size_t)place];
        size_t same = smaller_same < greater_same ? smaller_same : greater_same;
        same += count_equal(at + same, from + same, at + same_max);
        if (found->candidates)
            note(found, same, position - place);
        if (same == same_max) { /* the older place is of no more use */
            *smaller = sons[0];
            *greater = sons[1];
            return;
        }
        if (from[same] < at[same]) {
            *smaller = place;
            smaller = &sons[1];
            smaller_same = same;
            place = sons[1];
        } else {
            *greater = place;
            greater = &sons[0];
            greater_same = same;
            place = sons[0];
        }
    }
    *smaller = *greater = 0;
}

size_t lz77_find_in_tree(struct lz77_parser *parser, uint32_t position, const uint8_t *end,
                         struct lz77_candidate *candidates)
{
    const uint8_t *at = parser->plain + position;
    struct found found = {candidates, 0, MATCH_MIN - 1};
    size_t same_max = (size_t)(parser->plain_end - at), room = (size_t)(end - at);
    if (same_max > TREE_SAME)
        same_max = TREE_SAME;
    find_near(parser, position, end, 3, &found);
    if (found.longest >= same_max) /* the tree would find less */
        found.candidates = NULL;
    walk_tree(parser, position, same_max, &found);
    for (size_t i = 0; i < found.count; i++) {
        struct lz77_candidate *match = &candidates[i];
        if (match->nbytes == TREE_SAME && room > TREE_SAME)
            match->nbytes +=
                (uint32_t)count_equal(at + TREE_SAME, at + TREE_SAME - match->offset, end);
        if (match->nbytes > room)
            match->nbytes = (uint32_t)room;
    }
    return found.count;
}
