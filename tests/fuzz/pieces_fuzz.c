/* pieces_fuzz.c - any content cut, and any calls of the table, for pieces_kernel.c; see
 * campaign.py.
 *
 * The first byte chooses: bits 0 and 1 the mode, bit 2 whether the input is mixed with noise, in
 * which ends are found, or repeated as it is. Every buffer has its exact size and comes from
 * malloc(), so that a byte too far is a finding.
 */
#include "../../compressor/kernels/pieces_kernel.h"
#include "../../compressor/kernels/pieces_path.h"
#include "../../compressor/kernels/pieces_table.h"

#include <stdlib.h>
#include <string.h>

enum { CUT = 0, CUT_SHORT = 1, FIND_END = 2, TABLE = 3 };
enum { LARGEST = 1 << 18, SLOTS = 300, HASHES = 256 };

static void check(bool holds)
{
    if (!holds)
        abort();
}

static void *exactly(size_t nbytes)
{
    void *at = malloc(nbytes ? nbytes : 1);
    check(at);
    return at;
}

/* Return input, as often as it takes to fill nbytes; xor noise, if that is asked for. */
static uint8_t *content_of(const uint8_t *input, size_t input_nbytes, size_t nbytes, bool noisy)
{
    uint8_t *content = exactly(nbytes);
    uint32_t noise = 1;
    for (size_t i = 0; i < nbytes; i++) {
        noise = noise * 1103515245u + 12345u;
        content[i] = input[i % input_nbytes] ^ (uint8_t)(noisy ? noise >> 16 : 0);
    }
    return content;
}

struct cuts {
    uint32_t *sizes;
    size_t count;
};

static struct cuts cut_by(const char *name, const uint8_t *content, size_t nbytes, bool final)
{
    const struct pieces_path *path = pieces_path_named(name);
    struct cuts cuts = {exactly(pieces_count_max(nbytes) * sizeof(uint32_t)), 0};
    cuts.count = pieces_cut(cuts.sizes, content, nbytes, final, path ? path : &pieces_portable);
    check(cuts.count <= pieces_count_max(nbytes));
    return cuts;
}

static bool same(struct cuts a, struct cuts b, size_t count)
{
    return count == 0 || memcmp(a.sizes, b.sizes, count * sizeof(uint32_t)) == 0;
}

static void check_sizes(struct cuts cuts, size_t nbytes, bool final)
{
    size_t sum = 0;
    for (size_t i = 0; i < cuts.count; i++) {
        bool last = final && i + 1 == cuts.count;
        check(cuts.sizes[i] <= PIECES_MAX && cuts.sizes[i] >= (last ? 1 : PIECES_MIN));
        sum += cuts.sizes[i];
    }
    check(final ? sum == nbytes : sum <= nbytes && nbytes - sum < PIECES_MAX);
}

static void try_cut(const uint8_t *content, size_t nbytes)
{
    struct cuts plain = cut_by("portable", content, nbytes, true);
    struct cuts fast = cut_by(NULL, content, nbytes, true);
    struct cuts decided = cut_by(NULL, content, nbytes, false);
    check_sizes(plain, nbytes, true);
    check_sizes(decided, nbytes, false);
    check(fast.count == plain.count && same(fast, plain, plain.count));
    check(decided.count <= plain.count && same(decided, plain, decided.count));
    free(plain.sizes);
    free(fast.sizes);
    free(decided.sizes);
}

/* The first two bytes say where to begin, the third which bits to look for. */
static void try_find_end(const uint8_t *data, size_t nbytes)
{
    const struct pieces_path *fast = pieces_path_named(NULL);
    size_t begin = data[0] | (size_t)data[1] << 8;
    uint32_t mask = PIECES_NEAR | (data[2] & 1 ? PIECES_EASY : data[2] & 2 ? PIECES_HARD : 0);
    size_t content_nbytes = nbytes - 3;
    if (content_nbytes < PIECES_WINDOW)
        return;
    uint8_t *content = content_of(data + 3, content_nbytes, content_nbytes, data[2] & 4);
    size_t end = content_nbytes + 1;
    size_t first = PIECES_WINDOW + begin % (end - PIECES_WINDOW + 1);
    size_t found = fast->find_end(content, first, end, mask);
    check(found == pieces_portable.find_end(content, first, end, mask));
    check(found >= first && found <= end);
    free(content);
}

static void hash_of(uint8_t *hash, uint8_t number)
{
    memset(hash, 0, PIECES_HASH_NBYTES);
    memset(hash, number & 0x1f ? 0x55 : number, 4); /* most have one home */
    hash[15] = number;
}

/* Each two bytes put a hash or, later on, take one; what may be known is kept in a plain array. */
static void try_table(const uint8_t *data, size_t nbytes)
{
    struct pieces_generation table = {exactly(SLOTS * sizeof(struct pieces_slot)), SLOTS, 0};
    uint64_t known[HASHES];
    uint8_t hash[PIECES_HASH_NBYTES];
    memset(table.slots, 0, SLOTS * sizeof(struct pieces_slot));
    memset(known, 0xff, sizeof known);
    size_t i = 0, count = 0;
    for (; i + 1 < nbytes && data[i + 1]; i += 2) {
        hash_of(hash, data[i]);
        pieces_put(&table, hash, i);
        known[data[i]] = i;
        check(pieces_find(&table, hash) == i);
    }
    for (size_t n = 0; n < HASHES; n++) { /* where probes were spent, others were replaced */
        hash_of(hash, (uint8_t)n);
        uint64_t location = pieces_find(&table, hash);
        check(location == known[n] || location == PIECES_NOWHERE);
        known[n] = location;
        count += location != PIECES_NOWHERE;
    }
    for (; i < nbytes; i++) {
        hash_of(hash, data[i]);
        check(table.count == count);
        check(pieces_take(&table, hash) == known[data[i]]);
        count -= known[data[i]] != PIECES_NOWHERE;
        known[data[i]] = PIECES_NOWHERE;
    }
    free(table.slots);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t nbytes)
{
    if (nbytes < 6)
        return 0;
    unsigned mode = data[0] & 3;
    if (mode == FIND_END) {
        try_find_end(data + 1, nbytes - 1);
    } else if (mode == TABLE) {
        try_table(data + 1, nbytes - 1);
    } else {
        size_t size = (data[1] | (size_t)data[2] << 8 | (size_t)data[3] << 16) % LARGEST;
        size_t content_nbytes = mode == CUT ? size : size % (2 * PIECES_MIN);
        uint8_t *content = content_of(data + 4, nbytes - 4, content_nbytes, data[0] & 4);
        try_cut(content, content_nbytes);
        free(content);
    }
    return 0;
}
