#include "huffman_plan.h"
#include "huffman_payload.h"

#include <string.h>

#define RAW_BELOW 64u       /* plain bytes; fewer do not pay for their code lengths */
#define GAP 1024u           /* bytes, of which a row of 64 is looked at */
#define FIRST_GAP 4096u     /* the same of a first look, which is enough for most noise */
#define SAMPLED_FROM 32768u /* plain bytes; fewer are too small a sample to judge noise by */

static int is_constant(const uint8_t *in, size_t n)
{
    return n > 0 && memcmp(in, in + 1, n - 1) == 0;
}

/* Plan the huffman body for the counts, and keep it if it is smaller than the plan so far. */
static void plan_huffman(struct huffman_plan *plan)
{
    huffman_make_lengths(plan->lengths, plan->counts);
    huffman_make_tree(&plan->tree, plan->lengths);
    size_t size = huffman_write_lengths(NULL, plan->lengths) +
                  huffman_payload_size(&plan->tree, plan->counts);
    if (size < plan->body_size) {
        plan->mode = HUFFMAN_MODE_TREE;
        plan->body_size = size;
    }
}

/* Plan by size and equality alone; return whether that settles it. */
static int plan_cheaply(struct huffman_plan *plan, const uint8_t *in, size_t n)
{
    int constant = is_constant(in, n);
    plan->mode = constant ? HUFFMAN_MODE_CONSTANT : HUFFMAN_MODE_RAW;
    plan->body_size = constant ? 1 : n;
    return constant || n < RAW_BELOW;
}

void huffman_plan_inner(struct huffman_plan *plan, const uint8_t *in, size_t n)
{
    if (!plan_cheaply(plan, in, n)) {
        huffman_count(plan->counts, in, n);
        plan_huffman(plan);
    }
}

/* What rows of 64 bytes tell: how many bytes they are, the squares of their counts, how often a
 * byte differs from the one before it in its row, and the counts. */
struct sample {
    uint64_t size, squares, changes;
    uint32_t counts[256];
};

/* One row of each gap bytes, at a place that moves, so that no stride of the data hides from it. */
static size_t gather_rows(uint8_t *rows, const uint8_t *in, size_t n, size_t gap)
{
    for (size_t k = 0; k < n / gap; k++) {
        memcpy(rows + 64 * k, in + k * gap + 64 * (5 * k % 16), 64);
    }
    return n / gap;
}

static struct sample count_rows(const uint8_t *rows, size_t row_count)
{
    struct sample sample = {.size = 64 * row_count};
    huffman_count(sample.counts, rows, 64 * row_count);
    for (unsigned s = 0; s < 256; s++) {
        sample.squares += (uint64_t)sample.counts[s] * sample.counts[s];
    }
    return sample;
}

static struct sample look_at_rows(const uint8_t *rows, size_t row_count)
{
    struct sample sample = count_rows(rows, row_count);
    for (const uint8_t *row = rows; row < rows + 64 * row_count; row += 64) {
        unsigned changes = 0;
        for (unsigned i = 1; i < 64; i++) {
            changes += row[i] != row[i - 1];
        }
        sample.changes += changes;
    }
    return sample;
}

/* For even counts 256 * squares is size^2, by chance 256 * size more. A thirty-second above that
 * Huffman would save .3 %, as the entropy then misses 8 bits by 1 / (32 * 2 ln 2). */
static int looks_like_noise(const struct sample *sample)
{
    return 8192 * sample->squares < 33 * sample->size * sample->size + 8192 * sample->size;
}

/* A code made for the sample flatters it: what it saves there, all bytes together will not save. */
static int hardly_shrinks(const struct sample *sample)
{
    uint8_t lengths[256];
    uint64_t bit_count = 0;
    huffman_make_lengths(lengths, sample->counts);
    for (unsigned s = 0; s < 256; s++) {
        bit_count += (uint64_t)sample->counts[s] * lengths[s];
    }
    return 16 * bit_count >= 127 * sample->size;
}

static int runs_may_pay(const struct sample *sample)
{
    return 4 * sample->changes < sample->size;
}

/* Count all bytes: where most of the sample lies in a few symbols in a row, as exponents do, these
 * by the path. */
static void count_all(uint32_t counts[256], const uint8_t *in, size_t n,
                      const struct sample *sample, const struct huffman_path *path)
{
    uint32_t within = 0, most = 0;
    unsigned first = 0;
    for (unsigned s = 0; s < 256; s++) {
        within += sample->counts[s];
        within -= s < HUFFMAN_NEAR ? 0 : sample->counts[s - HUFFMAN_NEAR];
        if (within > most && s >= HUFFMAN_NEAR - 1) {
            most = within;
            first = s - (HUFFMAN_NEAR - 1);
        }
    }
    if (path->count_near && 32 * (uint64_t)most >= 31 * sample->size) {
        path->count_near(counts, in, n, (uint8_t)first);
    } else {
        huffman_count(counts, in, n);
    }
}

int huffman_plan_outer(struct huffman_plan *plan, const uint8_t *in, size_t n, uint8_t *scratch,
                       const struct huffman_path *path)
{
    struct sample sample;
    if (plan_cheaply(plan, in, n)) {
        return 0;
    }
    if (n >= SAMPLED_FROM) {
        sample = count_rows(scratch, gather_rows(scratch, in, n, FIRST_GAP));
        if (looks_like_noise(&sample)) {
            return 0;
        }
        sample = look_at_rows(scratch, gather_rows(scratch, in, n, GAP));
        if (looks_like_noise(&sample) || (!runs_may_pay(&sample) && hardly_shrinks(&sample))) {
            return 0;
        }
    } else {
        sample = look_at_rows(in, n / 64);
    }
    count_all(plan->counts, in, n, &sample, path);
    plan_huffman(plan);
    return runs_may_pay(&sample);
}
