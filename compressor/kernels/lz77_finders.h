/* lz77_finders.h - all matches of a place that are longer than those nearer to it. */
#ifndef COMPRESSOR_LZ77_FINDERS_H
#define COMPRESSOR_LZ77_FINDERS_H

#include "lz77_parser.h"

enum { CANDIDATES_MAX = 160, TREE_DEPTH_MAX = CANDIDATES_MAX - 2 };

struct lz77_candidate {
    uint32_t nbytes, offset;
};

/* Look places up in their order, each once, and put them where later ones find them. Candidates
 * come by length, ascending, and end at `end`; without candidates (NULL) the place is only put. */
size_t lz77_find_in_rows(struct lz77_parser *parser, uint32_t position, const uint8_t *end,
                         struct lz77_candidate *candidates);
size_t lz77_find_in_tree(struct lz77_parser *parser, uint32_t position, const uint8_t *end,
                         struct lz77_candidate *candidates);

#endif
