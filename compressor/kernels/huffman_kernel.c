#include "huffman_kernel.h"
#include "huffman_bits.h"
#include "huffman_code.h"
#include "huffman_path.h"
#include "huffman_payload.h"
#include "huffman_runs.h"

#include <string.h>

enum mode { MODE_RAW = 0, MODE_CONSTANT = 1, MODE_RUNS = 2, MODE_HUFFMAN = 3 };

#define RAW_BELOW 64u       /* plain bytes; fewer do not pay for their code lengths */
#define SAMPLED_FROM 32768u /* plain bytes; fewer are too small a sample to judge noise by */
#define RUNS_HEAD_SIZE 4u   /* value and gap_count */
#define CHUNK_PACKED_MIN 4u /* a head and a byte of body */

_Static_assert(HUFFMAN_CHUNK_MAX < (size_t)1 << 19, "body_size has 19 bits");
_Static_assert(sizeof(size_t) >= 4, "sizes of chunks, and 240 << 15, fit");

/* How to write some plain bytes, decided before the first byte is written. */
struct plan {
    enum mode mode;
    size_t body_size;
    uint8_t lengths[256];
    uint32_t counts[256];
    struct huffman_tree tree;
};

const char *huffman_path_name(const struct huffman_path *path)
{
    return path->name;
}

const struct huffman_path *huffman_path_named(const char *name)
{
#if HUFFMAN_HAVE_SSSE3
    if ((!name || strcmp(name, "ssse3") == 0) && __builtin_cpu_supports("ssse3") &&
        __builtin_cpu_supports("popcnt")) {
        return &huffman_ssse3;
    }
#endif
    if (!name || strcmp(name, "portable") == 0) {
        return &huffman_portable;
    }
    return NULL;
}

/* ---- planning ---- */

static int is_constant(const uint8_t *in, size_t n)
{
    return n > 0 && memcmp(in, in + 1, n - 1) == 0;
}

/* Plan the huffman body and keep it if it is smaller than the plan so far. */
static void plan_huffman(struct plan *plan, const uint8_t *in, size_t n)
{
    huffman_count(plan->counts, in, n);
    huffman_make_lengths(plan->lengths, plan->counts);
    huffman_make_tree(&plan->tree, plan->lengths);
    size_t size = huffman_write_lengths(NULL, plan->lengths) +
                  huffman_payload_size(&plan->tree, plan->counts);
    if (size < plan->body_size) {
        plan->mode = MODE_HUFFMAN;
        plan->body_size = size;
    }
}

/* Plan by size and equality alone; return whether that settles it. */
static int plan_cheaply(struct plan *plan, const uint8_t *in, size_t n)
{
    int constant = is_constant(in, n);
    plan->mode = constant ? MODE_CONSTANT : MODE_RAW;
    plan->body_size = constant ? 1 : n;
    return constant || n < RAW_BELOW;
}

/* Plan an inner chunk of runs. */
static void plan_inner(struct plan *plan, const uint8_t *in, size_t n)
{
    if (!plan_cheaply(plan, in, n)) {
        plan_huffman(plan, in, n);
    }
}

/* What rows of 64 bytes tell: how many bytes they are, the squares of their counts, and how often a
 * byte differs from the one before it. */
struct sample {
    uint64_t size, squares, changes;
};

static void sample_row(uint32_t counts[256], struct sample *sample, const uint8_t *row)
{
    for (unsigned i = 0; i < 64; i++) {
        counts[row[i]]++;
        sample->changes += i > 0 && row[i] != row[i - 1];
    }
    sample->size += 64;
}

/* One row of each kilobyte, at a place that moves, so that no stride of the data hides from it. */
static struct sample take_sample(const uint8_t *in, size_t n)
{
    struct sample sample = {0, 0, 0};
    uint32_t counts[256] = {0};
    if (n >= SAMPLED_FROM) {
        for (size_t k = 0; k < n / 1024; k++) {
            sample_row(counts, &sample, in + k * 1024 + 64 * (5 * k % 16));
        }
    } else {
        for (size_t row = 0; row < n / 64; row++) {
            sample_row(counts, &sample, in + row * 64);
        }
    }
    for (unsigned s = 0; s < 256; s++) {
        sample.squares += (uint64_t)counts[s] * counts[s];
    }
    return sample;
}

/* For even counts 256 * squares is size^2, by chance 256 * size more. A thirty-second above that
 * Huffman would save .3 %, as the entropy then misses 8 bits by 1 / (32 * 2 ln 2). */
static int looks_like_noise(struct sample sample)
{
    return 8192 * sample.squares < 33 * sample.size * sample.size + 8192 * sample.size;
}

/* ---- chunks ---- */

/* The encoder's scratch: two buffers of the payload, then gaps and exceptions. */
static size_t gap_max_of(size_t n)
{
    return n / 4; /* more of them take more than Huffman's bit a byte */
}

size_t huffman_encode_scratch(size_t chunk_size)
{
    return 2 * huffman_encode_buffer(chunk_size) + 2 * (gap_max_of(chunk_size) + 1);
}

size_t huffman_decode_scratch(size_t chunk_size)
{
    /* Runs: gaps, exceptions, and the payload's buffers for one of them. */
    return 2 * huffman_decode_buffer(chunk_size) + 2 * chunk_size;
}

static uint8_t *write_chunk(uint8_t *out, const uint8_t *in, size_t n, const struct plan *plan,
                            uint8_t *scratch, const struct huffman_path *path)
{
    store_le24(out, (uint32_t)plan->mode | (uint32_t)plan->body_size << 2);
    out += HUFFMAN_HEAD_SIZE;
    if (plan->mode == MODE_HUFFMAN) {
        out += huffman_write_lengths(out, plan->lengths);
        return huffman_write_payload(out, in, n, &plan->tree, plan->counts, scratch, path);
    }
    if (plan->body_size) {
        memcpy(out, in, plan->body_size); /* of a constant, the first byte */
    }
    return out + plan->body_size;
}

/* Try runs against the body size so far: return the end of the chunk, or NULL if runs are no
 * smaller. */
static uint8_t *write_runs(uint8_t *out, const uint8_t *in, size_t n, size_t body_size,
                           uint8_t *scratch, const struct huffman_path *path)
{
    size_t gap_max = gap_max_of(n);
    uint8_t *gaps = scratch + 2 * huffman_encode_buffer(n);
    struct huffman_runs runs = {gaps, gaps + gap_max + 1, 0, 0};
    struct plan gap_plan, exception_plan;
    if (!huffman_find_runs(&runs, in, n, gap_max)) {
        return NULL;
    }
    plan_inner(&gap_plan, runs.gaps, runs.gap_count);
    plan_inner(&exception_plan, runs.exceptions, runs.exception_count);
    size_t size =
        RUNS_HEAD_SIZE + 2 * HUFFMAN_HEAD_SIZE + gap_plan.body_size + exception_plan.body_size;
    if (size >= body_size) {
        return NULL;
    }
    store_le24(out, (uint32_t)MODE_RUNS | (uint32_t)size << 2);
    out += HUFFMAN_HEAD_SIZE;
    out[0] = in[0];
    store_le24(out + 1, (uint32_t)runs.gap_count);
    out += RUNS_HEAD_SIZE;
    out = write_chunk(out, runs.gaps, runs.gap_count, &gap_plan, scratch, path);
    return write_chunk(out, runs.exceptions, runs.exception_count, &exception_plan, scratch, path);
}

size_t huffman_encode_chunk(uint8_t *packed, const uint8_t *plain, size_t plain_size,
                            uint8_t *scratch, const struct huffman_path *path)
{
    struct plan plan;
    uint8_t *end = NULL;
    if (!plan_cheaply(&plan, plain, plain_size)) {
        struct sample sample = take_sample(plain, plain_size);
        if (plain_size < SAMPLED_FROM || !looks_like_noise(sample)) {
            plan_huffman(&plan, plain, plain_size);
            if (4 * sample.changes < sample.size) {
                end = write_runs(packed, plain, plain_size, plan.body_size, scratch, path);
            }
        }
    }
    if (!end) {
        end = write_chunk(packed, plain, plain_size, &plan, scratch, path);
    }
    return (size_t)(end - packed);
}

/* A chunk's head, checked against its place. */
struct head {
    unsigned mode;
    const uint8_t *body, *body_end;
};

static enum huffman_result read_head(struct head *head, size_t plain_size, const uint8_t *packed,
                                     const uint8_t *packed_end)
{
    if (packed_end - packed < (ptrdiff_t)HUFFMAN_HEAD_SIZE) {
        return HUFFMAN_HEAD_CUT;
    }
    uint32_t word = load_le24(packed);
    size_t body_size = word >> 2 & 0x7FFFF;
    if (word >> 21) {
        return HUFFMAN_HEAD_BITS;
    }
    if (body_size > plain_size) {
        return HUFFMAN_BODY_LARGER;
    }
    head->mode = word & 3;
    head->body = packed + HUFFMAN_HEAD_SIZE;
    if (body_size > (size_t)(packed_end - head->body)) {
        return HUFFMAN_BODY_CUT;
    }
    head->body_end = head->body + body_size;
    return HUFFMAN_OK;
}

static enum huffman_result read_huffman(uint8_t *plain, size_t n, const struct head *head,
                                        uint8_t *scratch, const struct huffman_path *path)
{
    uint8_t lengths[256];
    struct huffman_tree tree;
    const uint8_t *payload = head->body;
    enum huffman_result result = huffman_read_lengths(lengths, &payload, head->body_end);
    if (result != HUFFMAN_OK) {
        return result;
    }
    huffman_make_tree(&tree, lengths);
    return huffman_read_payload(plain, n, payload, (size_t)(head->body_end - payload), &tree,
                                scratch, path);
}

/* Read a chunk of any mode but runs. */
static enum huffman_result read_flat(uint8_t *plain, size_t n, const struct head *head,
                                     uint8_t *scratch, const struct huffman_path *path)
{
    size_t body_size = (size_t)(head->body_end - head->body);
    switch (head->mode) {
    case MODE_RAW:
        if (body_size != n) {
            return HUFFMAN_RAW_SIZE;
        }
        if (n) {
            memcpy(plain, head->body, n);
        }
        return HUFFMAN_OK;
    case MODE_CONSTANT:
        if (body_size != 1) {
            return HUFFMAN_CONSTANT_SIZE;
        }
        memset(plain, head->body[0], n);
        return HUFFMAN_OK;
    case MODE_HUFFMAN:
        return read_huffman(plain, n, head, scratch, path);
    default:
        return HUFFMAN_NESTED_RUNS;
    }
}

static enum huffman_result read_inner(uint8_t *out, size_t n, const uint8_t **packed,
                                      const uint8_t *packed_end, uint8_t *scratch,
                                      const struct huffman_path *path)
{
    struct head head;
    enum huffman_result result = read_head(&head, n, *packed, packed_end);
    if (result != HUFFMAN_OK) {
        return result;
    }
    *packed = head.body_end;
    return read_flat(out, n, &head, scratch, path);
}

static enum huffman_result read_runs(uint8_t *plain, size_t n, const struct head *head,
                                     uint8_t *scratch, const struct huffman_path *path)
{
    const uint8_t *packed = head->body;
    uint8_t *gaps = scratch + 2 * huffman_decode_buffer(n);
    struct huffman_runs runs = {gaps, gaps + n, 0, 0};
    if (head->body_end - packed < (ptrdiff_t)RUNS_HEAD_SIZE) {
        return HUFFMAN_RUNS_CUT;
    }
    uint8_t value = packed[0];
    runs.gap_count = load_le24(packed + 1);
    packed += RUNS_HEAD_SIZE;
    if (runs.gap_count > n) { /* each gap stands for a byte or more */
        return HUFFMAN_GAP_COUNT;
    }
    enum huffman_result result =
        read_inner(runs.gaps, runs.gap_count, &packed, head->body_end, scratch, path);
    if (result != HUFFMAN_OK) {
        return result;
    }
    runs.exception_count = huffman_count_exceptions(runs.gaps, runs.gap_count);
    result =
        read_inner(runs.exceptions, runs.exception_count, &packed, head->body_end, scratch, path);
    if (result != HUFFMAN_OK) {
        return result;
    }
    if (packed != head->body_end) {
        return HUFFMAN_RUNS_TRAILING;
    }
    return huffman_fill_runs(plain, n, value, &runs);
}

enum huffman_result huffman_decode_chunk(uint8_t *plain, size_t plain_size, const uint8_t **packed,
                                         const uint8_t *packed_end, uint8_t *scratch,
                                         const struct huffman_path *path)
{
    struct head head;
    enum huffman_result result = read_head(&head, plain_size, *packed, packed_end);
    if (result != HUFFMAN_OK) {
        return result;
    }
    *packed = head.body_end;
    if (head.mode == MODE_RUNS) {
        return read_runs(plain, plain_size, &head, scratch, path);
    }
    return read_flat(plain, plain_size, &head, scratch, path);
}

/* ---- blocks ---- */

static size_t chunk_count(size_t plain_size, unsigned chunk_log)
{
    return (plain_size >> chunk_log) + ((plain_size & (((size_t)1 << chunk_log) - 1)) != 0);
}

size_t huffman_packed_bound(size_t plain_size)
{
    return 1 + HUFFMAN_HEAD_SIZE * chunk_count(plain_size, HUFFMAN_CHUNK_LOG_DEFAULT) + plain_size;
}

size_t huffman_encode_block(uint8_t *packed, const uint8_t *plain, size_t plain_size,
                            uint8_t *scratch, const struct huffman_path *path)
{
    const size_t chunk_size = (size_t)1 << HUFFMAN_CHUNK_LOG_DEFAULT;
    uint8_t *end = packed;
    *end++ = HUFFMAN_CHUNK_LOG_DEFAULT;
    for (size_t at = 0; at < plain_size; at += chunk_size) {
        size_t n = plain_size - at < chunk_size ? plain_size - at : chunk_size;
        end += huffman_encode_chunk(end, plain + at, n, scratch, path);
    }
    return (size_t)(end - packed);
}

enum huffman_result huffman_check_block(size_t *chunk_size, const uint8_t *packed,
                                        size_t packed_size, size_t plain_size)
{
    if (packed_size < 1) {
        return HUFFMAN_EMPTY_BLOCK;
    }
    if (packed[0] < HUFFMAN_CHUNK_LOG_MIN || packed[0] > HUFFMAN_CHUNK_LOG_MAX) {
        return HUFFMAN_CHUNK_LOG;
    }
    *chunk_size = (size_t)1 << packed[0];
    if ((packed_size - 1) / CHUNK_PACKED_MIN < chunk_count(plain_size, packed[0])) {
        return HUFFMAN_SHORT_BLOCK;
    }
    return HUFFMAN_OK;
}

enum huffman_result huffman_decode_block(uint8_t *plain, size_t plain_size, const uint8_t *packed,
                                         size_t packed_size, uint8_t *scratch,
                                         const struct huffman_path *path)
{
    const uint8_t *packed_end = packed + packed_size;
    size_t chunk_size = 0;
    enum huffman_result result = huffman_check_block(&chunk_size, packed, packed_size, plain_size);
    if (result != HUFFMAN_OK) {
        return result;
    }
    packed++;
    for (size_t at = 0; at < plain_size; at += chunk_size) {
        size_t n = plain_size - at < chunk_size ? plain_size - at : chunk_size;
        result = huffman_decode_chunk(plain + at, n, &packed, packed_end, scratch, path);
        if (result != HUFFMAN_OK) {
            return result;
        }
    }
    return packed == packed_end ? HUFFMAN_OK : HUFFMAN_BLOCK_TRAILING;
}
