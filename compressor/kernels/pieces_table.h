/* pieces_table.h - one generation of the table of pieces: from 16 bytes of a hash to a location.
 *
 * Rule: docs/format/pieces.md. The caller owns the slots, makes room before they are three quarters
 * full, and keeps two generations: see pieces.pyx.
 *
 * Slots are probed one after the other from the one that the hash names, at most
 * PIECES_PROBES_MAX of them: whoever makes hashes that meet in one place loses entries, not time.
 */
#ifndef COMPRESSOR_PIECES_TABLE_H
#define COMPRESSOR_PIECES_TABLE_H

#include <stddef.h>
#include <stdint.h>

enum { PIECES_HASH_NBYTES = 16, PIECES_PROBES_MAX = 128 };

#define PIECES_LOCATION_MAX UINT64_C(0x7fffffffffffffff)
#define PIECES_NOWHERE UINT64_MAX /* what is returned where no location is known */

struct pieces_slot {
    uint8_t hash[PIECES_HASH_NBYTES];
    uint64_t mark; /* 0: free; PIECES_NOWHERE: was taken away; else the location + 1 */
};

_Static_assert(sizeof(struct pieces_slot) == 24, "the page promises 24 bytes a slot");

struct pieces_generation {
    struct pieces_slot *slots; /* zeroed at first; may be NULL where slot_count is 0 */
    size_t slot_count;         /* at most 2^32 - 1 */
    size_t count;              /* entries */
};

/* Return the location of a hash, or PIECES_NOWHERE. */
uint64_t pieces_find(const struct pieces_generation *generation, const uint8_t *hash);

/* The same, and remove the entry. Nothing may be put into this generation afterwards. */
uint64_t pieces_take(struct pieces_generation *generation, const uint8_t *hash);

/* Set the location (at most PIECES_LOCATION_MAX) of a hash. Where it is new and no slot of those
 * that are probed is free, it replaces another. There must be a slot. */
void pieces_put(struct pieces_generation *generation, const uint8_t *hash, uint64_t location);

/* Put every entry of from, of which none was taken away, into to, in the order of the slots. */
void pieces_put_all(struct pieces_generation *to, const struct pieces_generation *from);

#endif
