/* counts_kernel.c - see counts_kernel.h. */

#include "counts_kernel.h"
#include "words.h"

void counts_add_pairs(uint64_t *pairs, const uint8_t *plain, size_t plain_size)
{
    for (size_t at = 1; at < plain_size; at++)
        pairs[(size_t)plain[at - 1] << 8 | plain[at]]++;
}

#define CHUNK 64u /* words that are looked at together */
#define PLACE 16u /* bytes that tell one place from another */
#define MARK                                                                                       \
    259u /* of 10 bits: small integers may have it, and zeros, of which files are full, not */

/* The lowest bits of a float are noise; those of what was a shorter one are zero. */
static inline uint32_t is_marked(const uint8_t *at)
{
    uint32_t word = load_le32(at);
    return ((word ^ word >> 16) & 1023) == MARK;
}

static void look(struct counts_found *found, uint32_t *seen, const uint8_t *at)
{
    uint64_t mixed = (load_le64(at) * 0x9E3779B97F4A7C15 ^ load_le64(at + 8)) * 0xC2B2AE3D27D4EB4F;
    uint32_t *slot = &seen[mixed >> 52];
    uint32_t place = (uint32_t)(mixed >> 20) | 1;
    found->places++;
    found->again += *slot == place;
    *slot = place;
}

struct counts_found counts_repeats(uint32_t *seen, const uint8_t *plain, size_t plain_size)
{
    struct counts_found found = {0, 0};
    for (size_t at = 0; at + 4 * CHUNK + PLACE <= plain_size; at += 4 * CHUNK) {
        uint32_t any = 0;
        for (size_t i = 0; i < CHUNK; i++)
            any |= is_marked(plain + at + 4 * i);
        for (size_t i = 0; any && i < CHUNK; i++)
            if (is_marked(plain + at + 4 * i))
                look(&found, seen, plain + at + 4 * i);
    }
    return found;
}
