#include "huffman_kernel.h"
#include "huffman_bits.h"
#include "huffman_payload.h"
#include "huffman_plan.h"
#include "huffman_runs.h"

#include <string.h>

#define RUNS_HEAD_SIZE 4u   /* value and gap_count */
#define CHUNK_PACKED_MIN 4u /* a head and a byte of body */

_Static_assert(HUFFMAN_CHUNK_MAX < (size_t)1 << 19, "body_size has 19 bits");
_Static_assert(sizeof(size_t) >= 4, "sizes of chunks, and 240 << 15, fit");

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

static uint8_t *write_chunk(uint8_t *out, const uint8_t *in, size_t n,
                            const struct huffman_plan *plan, uint8_t *scratch,
                            const struct huffman_path *path)
{
    store_le24(out, (uint32_t)plan->mode | (uint32_t)plan->body_size << 2);
    out += HUFFMAN_HEAD_SIZE;
    if (plan->mode == HUFFMAN_MODE_TREE) {
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
    struct huffman_plan gap_plan, exception_plan;
    if (!huffman_find_runs(&runs, in, n, gap_max)) {
        return NULL;
    }
    huffman_plan_inner(&gap_plan, runs.gaps, runs.gap_count);
    huffman_plan_inner(&exception_plan, runs.exceptions, runs.exception_count);
    size_t size =
        RUNS_HEAD_SIZE + 2 * HUFFMAN_HEAD_SIZE + gap_plan.body_size + exception_plan.body_size;
    if (size >= body_size) {
        return NULL;
    }
    store_le24(out, (uint32_t)HUFFMAN_MODE_RUNS | (uint32_t)size << 2);
    out += HUFFMAN_HEAD_SIZE;
    out[0] = in[0];
    store_le24(out + 1, (uint32_t)runs.gap_count);
    out += RUNS_HEAD_SIZE;
    out = write_chunk(out, runs.gaps, runs.gap_count, &gap_plan, scratch, path);
    return write_chunk(out, runs.exceptions, runs.exception_count, &exception_plan, scratch, path);
}

static size_t write_planned(uint8_t *packed, const uint8_t *plain, size_t plain_size,
                            const struct huffman_plan *plan, int try_runs, uint8_t *scratch,
                            const struct huffman_path *path)
{
    uint8_t *end = NULL;
    if (try_runs) {
        end = write_runs(packed, plain, plain_size, plan->body_size, scratch, path);
    }
    if (!end) {
        end = write_chunk(packed, plain, plain_size, plan, scratch, path);
    }
    return (size_t)(end - packed);
}

size_t huffman_encode_chunk(uint8_t *packed, const uint8_t *plain, size_t plain_size,
                            uint8_t *scratch, const struct huffman_path *path)
{
    struct huffman_plan plan;
    int try_runs = huffman_plan_outer(&plan, plain, plain_size, scratch, path);
    return write_planned(packed, plain, plain_size, &plan, try_runs, scratch, path);
}

size_t huffman_encode_chunk_in_place(uint8_t *packed, size_t plain_size, uint8_t *spare,
                                     uint8_t *scratch, const struct huffman_path *path)
{
    struct huffman_plan plan;
    const uint8_t *plain = packed + HUFFMAN_HEAD_SIZE;
    int try_runs = huffman_plan_outer(&plan, plain, plain_size, scratch, path);
    if (plan.mode == HUFFMAN_MODE_RAW && !try_runs) {
        store_le24(packed, (uint32_t)plan.mode | (uint32_t)plain_size << 2);
        return HUFFMAN_HEAD_SIZE + plain_size;
    }
    memcpy(spare, plain, plain_size);
    return write_planned(packed, spare, plain_size, &plan, try_runs, scratch, path);
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
    case HUFFMAN_MODE_RAW:
        if (body_size != n) {
            return HUFFMAN_RAW_SIZE;
        }
        if (n) {
            memcpy(plain, head->body, n);
        }
        return HUFFMAN_OK;
    case HUFFMAN_MODE_CONSTANT:
        if (body_size != 1) {
            return HUFFMAN_CONSTANT_SIZE;
        }
        memset(plain, head->body[0], n);
        return HUFFMAN_OK;
    case HUFFMAN_MODE_TREE:
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

static enum huffman_result read_body(uint8_t *plain, size_t n, const struct head *head,
                                     uint8_t *scratch, const struct huffman_path *path)
{
    if (head->mode == HUFFMAN_MODE_RUNS) {
        return read_runs(plain, n, head, scratch, path);
    }
    return read_flat(plain, n, head, scratch, path);
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
    return read_body(plain, plain_size, &head, scratch, path);
}

enum huffman_result huffman_view_chunk(const uint8_t **plain, uint8_t *room, size_t plain_size,
                                       const uint8_t **packed, const uint8_t *packed_end,
                                       uint8_t *scratch, const struct huffman_path *path)
{
    struct head head;
    enum huffman_result result = read_head(&head, plain_size, *packed, packed_end);
    if (result != HUFFMAN_OK) {
        return result;
    }
    *packed = head.body_end;
    if (head.mode == HUFFMAN_MODE_RAW && (size_t)(head.body_end - head.body) == plain_size) {
        *plain = head.body;
        return HUFFMAN_OK;
    }
    *plain = room;
    return read_body(room, plain_size, &head, scratch, path);
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

const struct huffman_calls huffman_calls = {
    .path_named = huffman_path_named,
    .packed_bound = huffman_packed_bound,
    .encode_scratch = huffman_encode_scratch,
    .decode_scratch = huffman_decode_scratch,
    .encode_chunk = huffman_encode_chunk,
    .encode_chunk_in_place = huffman_encode_chunk_in_place,
    .check_block = huffman_check_block,
    .view_chunk = huffman_view_chunk,
};
