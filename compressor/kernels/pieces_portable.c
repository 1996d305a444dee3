/* The portable path: kernel 0, which the others must equal. */
#include "pieces_path.h"
#include "pieces_gear.h"

static size_t portable_find_end(const uint8_t *data, size_t first, size_t end, uint32_t mask)
{
    uint32_t hash = 0;
    for (size_t i = first - PIECES_WINDOW; i < first - 1; i++) {
        hash = (hash << 1) + pieces_gear[data[i]];
    }
    for (size_t n = first; n < end; n++) {
        hash = (hash << 1) + pieces_gear[data[n - 1]];
        if (!(hash & mask)) {
            return n;
        }
    }
    return end;
}

const struct pieces_path pieces_portable = {"portable", portable_find_end};
