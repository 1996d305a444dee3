#include "pieces_table.h"

#include <stdbool.h>
#include <string.h>

/* The slot of a hash: its first 32 bits scaled to the slots, so that any count of them serves. */
static inline size_t home_of(const uint8_t *hash, size_t slot_count)
{
    uint64_t first = (uint64_t)hash[0] | (uint64_t)hash[1] << 8 | (uint64_t)hash[2] << 16 |
                     (uint64_t)hash[3] << 24;
    return (size_t)(first * slot_count >> 32);
}

/* Return the slot that holds the hash, else the first free one, else NULL: the probes are spent. */
static struct pieces_slot *probe(const struct pieces_generation *generation, const uint8_t *hash)
{
    size_t slot_count = generation->slot_count;
    size_t left = slot_count < PIECES_PROBES_MAX ? slot_count : PIECES_PROBES_MAX;
    size_t at = left ? home_of(hash, slot_count) : 0;
    for (; left; left--) {
        struct pieces_slot *slot = &generation->slots[at];
        if (slot->mark == 0 || memcmp(slot->hash, hash, PIECES_HASH_NBYTES) == 0) {
            return slot;
        }
        at = at + 1 < slot_count ? at + 1 : 0;
    }
    return NULL;
}

static inline bool is_entry(const struct pieces_slot *slot)
{
    return slot && slot->mark != 0 && slot->mark != PIECES_NOWHERE;
}

uint64_t pieces_find(const struct pieces_generation *generation, const uint8_t *hash)
{
    const struct pieces_slot *slot = probe(generation, hash);
    return is_entry(slot) ? slot->mark - 1 : PIECES_NOWHERE;
}

uint64_t pieces_take(struct pieces_generation *generation, const uint8_t *hash)
{
    struct pieces_slot *slot = probe(generation, hash);
    if (!is_entry(slot)) {
        return PIECES_NOWHERE;
    }
    uint64_t location = slot->mark - 1;
    slot->mark = PIECES_NOWHERE; /* not 0: the probes of others must go on behind it */
    generation->count--;
    return location;
}

void pieces_put(struct pieces_generation *generation, const uint8_t *hash, uint64_t location)
{
    struct pieces_slot *slot = probe(generation, hash);
    if (!slot) {
        slot = &generation->slots[home_of(hash, generation->slot_count)];
    } else if (slot->mark == 0) {
        generation->count++;
    }
    memcpy(slot->hash, hash, PIECES_HASH_NBYTES);
    slot->mark = location + 1;
}

void pieces_put_all(struct pieces_generation *to, const struct pieces_generation *from)
{
    for (size_t i = 0; i < from->slot_count; i++) {
        const struct pieces_slot *slot = &from->slots[i];
        if (slot->mark) {
            pieces_put(to, slot->hash, slot->mark - 1);
        }
    }
}
