#include "huffman_payload.h"
#include "huffman_bits.h"

/* Both directions walk the nodes in preorder with two buffers. A node's sequence lies in one, its
 * children's in the other, its grandchildren's in the first again: while these exist, the node's
 * own place there is free, since encoding: a node's sequence is used up once it is split, and its
 * children fit its place; decoding: a node's sequence is only written once its children's are done.
 * So any tree, and any hostile bitmap, needs twice the chunk and no more. Decoding, the root's
 * sequence is the output itself, which is written exactly and never read. */

size_t huffman_encode_buffer(size_t n)
{
    return n + 257 * HUFFMAN_SLACK; /* see position_of() */
}

size_t huffman_decode_buffer(size_t n)
{
    return n + HUFFMAN_SLACK;
}

static struct huffman_node root_of(const struct huffman_tree *tree)
{
    return (struct huffman_node){0, tree->leaf_count, 0};
}

static struct huffman_node left_of(struct huffman_node node, unsigned middle)
{
    return (struct huffman_node){node.first, middle, node.depth + 1};
}

static struct huffman_node right_of(struct huffman_node node, unsigned middle)
{
    return (struct huffman_node){middle, node.end, node.depth + 1};
}

static struct huffman_node rest_of(struct huffman_node node)
{
    return (struct huffman_node){node.first + 3, node.end, node.depth + 2};
}

static int is_leaf(struct huffman_node node)
{
    return node.end - node.first == 1;
}

/* The bytes that a node takes, without its children. */
static size_t node_size(enum huffman_shape shape, size_t n)
{
    switch (shape) {
    case HUFFMAN_DIGITS2:
        return row_size(n, 2);
    case HUFFMAN_DIGITS3:
        return row_size(n, 2) + row_size(n, 1);
    case HUFFMAN_DIGITS4:
        return row_size(n, 4);
    case HUFFMAN_QUAD:
        return 2 * row_size(n, 1);
    default:
        return row_size(n, 1);
    }
}

/* ---- encoding ---- */

/* What the walk needs everywhere. before[leaf] is the number of symbols left of a leaf. */
struct encoder {
    const struct huffman_tree *tree;
    const struct huffman_path *path;
    uint8_t *out;
    uint8_t *buffers[2];
    size_t before[257];
};

static void sum_before(size_t before[257], const struct huffman_tree *tree,
                       const uint32_t counts[256])
{
    before[0] = 0;
    for (unsigned leaf = 0; leaf < tree->leaf_count; leaf++) {
        before[leaf + 1] = before[leaf] + counts[tree->symbols[leaf]];
    }
}

/* Where a sequence lies in its buffer. Each leaf before it adds slack, because both sides of a
 * split are written at once and the left one may be written beyond its end. */
static size_t position_of(const struct encoder *e, unsigned first)
{
    return e->before[first] + (size_t)first * HUFFMAN_SLACK;
}

static size_t size_below(const struct huffman_tree *tree, const size_t before[257],
                         struct huffman_node node)
{
    enum huffman_shape shape = huffman_node_shape(tree, node);
    size_t size = node_size(shape, before[node.end] - before[node.first]);
    if (shape == HUFFMAN_QUAD) {
        size += size_below(tree, before, rest_of(node));
    } else if (shape == HUFFMAN_PAIR) {
        unsigned middle = huffman_node_middle(tree, node);
        struct huffman_node left = left_of(node, middle), right = right_of(node, middle);
        size += is_leaf(left) ? 0 : size_below(tree, before, left);
        size += is_leaf(right) ? 0 : size_below(tree, before, right);
    }
    return size;
}

size_t huffman_payload_size(const struct huffman_tree *tree, const uint32_t counts[256])
{
    size_t before[257];
    sum_before(before, tree, counts);
    return size_below(tree, before, root_of(tree));
}

static void write_node(struct encoder *e, struct huffman_node node, unsigned buffer);

static void write_pair(struct encoder *e, struct huffman_node node, unsigned buffer,
                       const uint8_t *in, size_t n)
{
    unsigned middle = huffman_node_middle(e->tree, node);
    struct huffman_node left = left_of(node, middle), right = right_of(node, middle);
    uint8_t *other = e->buffers[buffer ^ 1];
    uint8_t *zeros = is_leaf(left) ? NULL : other + position_of(e, left.first);
    uint8_t *ones = is_leaf(right) ? NULL : other + position_of(e, right.first);
    e->path->split(e->out, zeros, ones, in, n, (uint8_t)middle);
    e->out += node_size(HUFFMAN_PAIR, n);
    if (zeros) {
        write_node(e, left, buffer ^ 1);
    }
    if (ones) {
        write_node(e, right, buffer ^ 1);
    }
}

static void write_quad(struct encoder *e, struct huffman_node node, unsigned buffer,
                       const uint8_t *in, size_t n)
{
    struct huffman_node rest = rest_of(node);
    uint8_t *other = e->buffers[buffer ^ 1] + position_of(e, rest.first);
    e->path->split_quad(e->out, e->out + row_size(n, 1), other, in, n, (uint8_t)node.first);
    e->out += node_size(HUFFMAN_QUAD, n);
    write_node(e, rest, buffer ^ 1);
}

/* Write a node, and all below it, whose sequence of leaf numbers lies in this buffer. */
static void write_node(struct encoder *e, struct huffman_node node, unsigned buffer)
{
    const uint8_t *in = e->buffers[buffer] + position_of(e, node.first);
    size_t n = e->before[node.end] - e->before[node.first];
    enum huffman_shape shape = huffman_node_shape(e->tree, node);
    switch (shape) {
    case HUFFMAN_DIGITS2:
        e->path->pack2(e->out, in, n, (uint8_t)node.first);
        break;
    case HUFFMAN_DIGITS3:
        e->path->pack3(e->out, in, n, (uint8_t)node.first);
        break;
    case HUFFMAN_DIGITS4:
        e->path->pack4(e->out, in, n, (uint8_t)node.first);
        break;
    case HUFFMAN_QUAD:
        write_quad(e, node, buffer, in, n);
        return;
    default:
        write_pair(e, node, buffer, in, n);
        return;
    }
    e->out += node_size(shape, n);
}

uint8_t *huffman_write_payload(uint8_t *out, const uint8_t *in, size_t n,
                               const struct huffman_tree *tree, const uint32_t counts[256],
                               uint8_t *scratch, const struct huffman_path *path)
{
    struct encoder e = {.tree = tree, .path = path, .out = out};
    uint8_t map[256] = {0};
    uint32_t rows = 0;
    sum_before(e.before, tree, counts);
    for (unsigned leaf = 0; leaf < tree->leaf_count; leaf++) {
        map[tree->symbols[leaf]] = (uint8_t)leaf;
        rows |= 1u << tree->symbols[leaf] / 16;
    }
    e.buffers[0] = scratch;
    e.buffers[1] = scratch + huffman_encode_buffer(n);
    path->map(scratch, in, n, map, rows);
    write_node(&e, root_of(tree), 0);
    return e.out;
}

/* ---- decoding ---- */

struct decoder {
    const struct huffman_tree *tree;
    const struct huffman_path *path;
    const uint8_t *packed, *packed_end;
    uint8_t *buffers[2];
};

/* Bits behind the last of n digits of `width` bits must be zero. */
static int has_unused_bits(const uint8_t *row, size_t n, unsigned width)
{
    size_t used = n * width % 8;
    return used != 0 && row[n * width / 8] >> used != 0;
}

static int node_has_unused_bits(const uint8_t *row, size_t n, enum huffman_shape shape)
{
    switch (shape) {
    case HUFFMAN_DIGITS2:
        return has_unused_bits(row, n, 2);
    case HUFFMAN_DIGITS3:
        return has_unused_bits(row, n, 2) || has_unused_bits(row + row_size(n, 2), n, 1);
    case HUFFMAN_DIGITS4:
        return has_unused_bits(row, n, 4);
    case HUFFMAN_QUAD:
        return has_unused_bits(row, n, 1) || has_unused_bits(row + row_size(n, 1), n, 1);
    default:
        return has_unused_bits(row, n, 1);
    }
}

/* A sequence to fill; its children's go to buffers[buffer] from `position` on. */
struct target {
    uint8_t *out;
    size_t n;
    size_t position;
    unsigned buffer;
};

static enum huffman_result read_node(struct decoder *d, struct huffman_node node,
                                     struct target target);

/* Read a child's sequence, target.n symbols of it, to its place. A leaf has none. */
static enum huffman_result read_child(struct decoder *d, struct huffman_side *side,
                                      struct huffman_node node, struct target target)
{
    side->leaf = d->tree->symbols[node.first];
    side->sequence = NULL;
    if (is_leaf(node)) {
        return HUFFMAN_OK;
    }
    target.out = d->buffers[target.buffer] + target.position;
    target.buffer ^= 1;
    side->sequence = target.out;
    return read_node(d, node, target);
}

static enum huffman_result read_pair(struct decoder *d, struct huffman_node node,
                                     const uint8_t *bitmap, struct target target)
{
    unsigned middle = huffman_node_middle(d->tree, node);
    struct target left = target, right = target;
    struct huffman_side zeros, ones;
    if (node.end - node.first > 2) { /* two leaves need no numbers */
        right.n = d->path->count_ones(bitmap, target.n);
        left.n = target.n - right.n;
        right.position += left.n;
    }
    enum huffman_result result = read_child(d, &zeros, left_of(node, middle), left);
    if (result == HUFFMAN_OK) {
        result = read_child(d, &ones, right_of(node, middle), right);
    }
    if (result == HUFFMAN_OK) {
        d->path->merge(target.out, target.n, bitmap, zeros, ones);
    }
    return result;
}

static enum huffman_result read_quad(struct decoder *d, struct huffman_node node,
                                     const uint8_t *high, struct target target)
{
    const uint8_t *low = high + row_size(target.n, 1);
    struct target below = target;
    struct huffman_side rest;
    below.n = d->path->count_both(high, low, target.n);
    enum huffman_result result = read_child(d, &rest, rest_of(node), below);
    if (result == HUFFMAN_OK) {
        d->path->merge_quad(target.out, target.n, high, low, d->tree->symbols + node.first,
                            rest.sequence);
    }
    return result;
}

static enum huffman_result read_node(struct decoder *d, struct huffman_node node,
                                     struct target target)
{
    enum huffman_shape shape = huffman_node_shape(d->tree, node);
    const uint8_t *row = d->packed, *leaves = d->tree->symbols + node.first;
    if ((size_t)(d->packed_end - row) < node_size(shape, target.n)) {
        return HUFFMAN_PAYLOAD_CUT;
    }
    if (node_has_unused_bits(row, target.n, shape)) {
        return HUFFMAN_UNUSED_BITS;
    }
    d->packed += node_size(shape, target.n);
    switch (shape) {
    case HUFFMAN_DIGITS2:
        d->path->unpack2(target.out, target.n, row, leaves);
        return HUFFMAN_OK;
    case HUFFMAN_DIGITS3:
        d->path->unpack3(target.out, target.n, row, leaves);
        return HUFFMAN_OK;
    case HUFFMAN_DIGITS4:
        d->path->unpack4(target.out, target.n, row, leaves);
        return HUFFMAN_OK;
    case HUFFMAN_QUAD:
        return read_quad(d, node, row, target);
    default:
        return read_pair(d, node, row, target);
    }
}

enum huffman_result huffman_read_payload(uint8_t *out, size_t n, const uint8_t *packed,
                                         size_t packed_size, const struct huffman_tree *tree,
                                         uint8_t *scratch, const struct huffman_path *path)
{
    struct decoder d = {
        tree, path, packed, packed + packed_size, {scratch, scratch + huffman_decode_buffer(n)}};
    struct target target = {out, n, 0, 0};
    enum huffman_result result = read_node(&d, root_of(tree), target);
    if (result == HUFFMAN_OK && d.packed != d.packed_end) {
        return HUFFMAN_PAYLOAD_TRAILING;
    }
    return result;
}
