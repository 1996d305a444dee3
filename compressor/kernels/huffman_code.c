#include "huffman_code.h"
#include "huffman_bits.h"

#include <string.h>

#define FULL (1u << HUFFMAN_LENGTH_MAX) /* the sum of 2^(15 - length) over a complete code */

/* Counts fit 18 bits: with two symbols none has all of a chunk. */
_Static_assert(HUFFMAN_CHUNK_LOG_MAX <= 18, "sort_symbols() sorts by 2 digits of 9 bits");

/* Four tables, so that a repeated symbol does not wait for its own last store. */
void huffman_count(uint32_t counts[256], const uint8_t *in, size_t n)
{
    uint32_t part[4][256];
    memset(part, 0, sizeof part);
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        uint64_t x = load_le64(in + i);
        part[0][x & 255]++;
        part[1][x >> 8 & 255]++;
        part[2][x >> 16 & 255]++;
        part[3][x >> 24 & 255]++;
        part[0][x >> 32 & 255]++;
        part[1][x >> 40 & 255]++;
        part[2][x >> 48 & 255]++;
        part[3][x >> 56]++;
    }
    for (; i < n; i++) {
        part[0][in[i]]++;
    }
    for (unsigned s = 0; s < 256; s++) {
        counts[s] = part[0][s] + part[1][s] + part[2][s] + part[3][s];
    }
}

/* One stable pass of a radix sort over keys of (count << 8 | symbol), by 9 bits of the count. */
static void sort_pass(uint32_t *out, const uint32_t *in, unsigned n, unsigned shift)
{
    uint16_t start[513] = {0};
    for (unsigned i = 0; i < n; i++) {
        start[(in[i] >> shift & 511) + 1]++;
    }
    for (unsigned d = 0; d < 512; d++) {
        start[d + 1] = (uint16_t)(start[d + 1] + start[d]);
    }
    for (unsigned i = 0; i < n; i++) {
        out[start[in[i] >> shift & 511]++] = in[i];
    }
}

/* Put the symbols that occur into keys, ascending by (count, symbol); return how many. */
static unsigned sort_symbols(uint32_t keys[256], const uint32_t counts[256])
{
    uint32_t other[256];
    unsigned n = 0;
    for (uint32_t s = 0; s < 256; s++) {
        if (counts[s]) {
            keys[n++] = counts[s] << 8 | s;
        }
    }
    sort_pass(other, keys, n, 8);
    sort_pass(keys, other, n, 17);
    return n;
}

/* Join the two lightest of n leaves again and again; count how many leaves get which depth. Depths
 * stay below 32: a leaf d deep needs a total of at least the d-th Fibonacci number. */
static void count_depths(uint32_t at_depth[32], const uint32_t *keys, unsigned n)
{
    uint32_t weight[512];
    uint16_t parent[512];
    uint8_t depth[512];
    unsigned leaf = 0, joined = n;
    for (unsigned i = 0; i < n; i++) {
        weight[i] = keys[i] >> 8;
    }
    for (unsigned next = n; next < 2 * n - 1; next++) {
        weight[next] = 0;
        for (unsigned k = 0; k < 2; k++) {
            unsigned lightest =
                leaf < n && (joined >= next || weight[leaf] <= weight[joined]) ? leaf++ : joined++;
            weight[next] += weight[lightest];
            parent[lightest] = (uint16_t)next;
        }
    }
    depth[2 * n - 2] = 0;
    for (unsigned i = 2 * n - 2; i-- > 0;) {
        depth[i] = (uint8_t)(depth[parent[i]] + 1);
        if (i < n) {
            at_depth[depth[i]]++;
        }
    }
}

/* Bring all leaves to 15 bits at most: each turn splits the place of the deepest shorter leaf for
 * one of the longest ones, which frees 2^-15. */
static void limit_depths(uint32_t at_depth[32])
{
    uint32_t sum = 0;
    for (unsigned d = HUFFMAN_LENGTH_MAX + 1; d < 32; d++) {
        at_depth[HUFFMAN_LENGTH_MAX] += at_depth[d];
    }
    for (unsigned d = 1; d <= HUFFMAN_LENGTH_MAX; d++) {
        sum += at_depth[d] << (HUFFMAN_LENGTH_MAX - d);
    }
    for (; sum > FULL; sum--) {
        unsigned d = HUFFMAN_LENGTH_MAX - 1;
        while (!at_depth[d]) {
            d--;
        }
        at_depth[d]--;
        at_depth[HUFFMAN_LENGTH_MAX]--;
        at_depth[d + 1] += 2;
    }
}

void huffman_make_lengths(uint8_t lengths[256], const uint32_t counts[256])
{
    uint32_t keys[256], at_depth[32] = {0};
    unsigned n = sort_symbols(keys, counts);
    count_depths(at_depth, keys, n);
    limit_depths(at_depth);
    memset(lengths, 0, 256);
    for (unsigned length = 1; length <= HUFFMAN_LENGTH_MAX; length++) {
        for (uint32_t k = at_depth[length]; k > 0; k--) {
            lengths[keys[--n] & 255] = (uint8_t)length;
        }
    }
}

/* Put a nibble at place *n of out, unless that is NULL; the low nibble of a byte comes first. */
static void put_nibble(uint8_t *out, size_t *n, unsigned value)
{
    if (out) {
        out[*n / 2] = (uint8_t)(*n % 2 ? out[*n / 2] | value << 4 : value);
    }
    ++*n;
}

size_t huffman_write_lengths(uint8_t *out, const uint8_t lengths[256])
{
    uint8_t *nibbles = out ? out + 1 : NULL;
    size_t n = 0;
    unsigned first = 0, gap = 0;
    while (!lengths[first]) {
        first++;
    }
    if (out) {
        out[0] = (uint8_t)first;
    }
    for (unsigned s = first; s < 256; s++) {
        if (!lengths[s]) {
            gap++;
            continue;
        }
        for (; gap > 0; gap -= gap < 16 ? gap : 16) {
            put_nibble(nibbles, &n, 0);
            put_nibble(nibbles, &n, gap < 16 ? gap - 1 : 15);
        }
        put_nibble(nibbles, &n, lengths[s]);
    }
    return 1 + (n + 1) / 2;
}

enum huffman_result huffman_read_lengths(uint8_t lengths[256], const uint8_t **packed,
                                         const uint8_t *packed_end)
{
    const uint8_t *nibbles = *packed + 1;
    size_t n = 0, left = (size_t)(packed_end - *packed);
    size_t nibble_count = left ? 2 * (left - 1) : 0;
    unsigned symbol = left ? **packed : 0;
    uint32_t sum = 0;
    memset(lengths, 0, 256);
    while (sum < FULL) {
        if (n >= nibble_count) {
            return HUFFMAN_LENGTHS_CUT;
        }
        unsigned value = nibbles[n / 2] >> (n % 2 * 4) & 15;
        n++;
        if (value) {
            if (symbol > 255) {
                return HUFFMAN_LENGTHS_BEYOND;
            }
            lengths[symbol++] = (uint8_t)value;
            sum += FULL >> value;
            continue;
        }
        if (n >= nibble_count) {
            return HUFFMAN_LENGTHS_CUT;
        }
        symbol += (nibbles[n / 2] >> (n % 2 * 4) & 15u) + 1;
        n++;
        if (symbol > 255) { /* a code must follow a gap */
            return HUFFMAN_LENGTHS_BEYOND;
        }
    }
    if (sum > FULL) {
        return HUFFMAN_OVERSUBSCRIBED;
    }
    if (n % 2 && nibbles[n / 2] >> 4) {
        return HUFFMAN_LENGTHS_PADDING;
    }
    *packed = nibbles + (n + 1) / 2;
    return HUFFMAN_OK;
}

/* Append the leaves by_length[at..at + count), all `depth` deep, and return the code behind them.
 */
static uint32_t add_leaves(struct huffman_tree *tree, const uint8_t *symbols, unsigned count,
                           unsigned depth, uint32_t code)
{
    for (unsigned i = 0; i < count; i++) {
        unsigned leaf = tree->leaf_count++;
        tree->symbols[leaf] = symbols[i];
        tree->depths[leaf] = (uint8_t)depth;
        tree->codes[leaf] = (uint16_t)code;
        code += FULL >> depth;
    }
    return code;
}

/* A bundle of 2^k leaves of one length has its root k levels higher: at root depth d stand the
 * bundles of 16 of length d + 4, then of 8 of length d + 3, and so on down to single leaves. */
void huffman_make_tree(struct huffman_tree *tree, const uint8_t lengths[256])
{
    uint8_t by_length[HUFFMAN_LENGTH_MAX + 1][256];
    unsigned count[HUFFMAN_LENGTH_MAX + 1] = {0}, used[HUFFMAN_LENGTH_MAX + 1] = {0};
    uint32_t code = 0;
    for (unsigned s = 0; s < 256; s++) {
        by_length[lengths[s]][count[lengths[s]]++] = (uint8_t)s;
    }
    tree->leaf_count = 0;
    for (unsigned root = 0; root < HUFFMAN_LENGTH_MAX + 1; root++) {
        for (unsigned k = 5; k-- > 0;) {
            unsigned length = root + k;
            if (length < 1 || length > HUFFMAN_LENGTH_MAX) {
                continue;
            }
            /* After the 16s, what is left of a length has one bundle for each bit of its number. */
            unsigned left = count[length] - used[length];
            unsigned take = k == 4 ? left & ~15u : left & 1u << k;
            code = add_leaves(tree, by_length[length] + used[length], take, length, code);
            used[length] += take;
        }
    }
}

static int leaves_lie_at(const struct huffman_tree *tree, unsigned first, unsigned end,
                         unsigned depth)
{
    for (unsigned leaf = first; leaf < end; leaf++) {
        if (tree->depths[leaf] != depth) {
            return 0;
        }
    }
    return 1;
}

enum huffman_shape huffman_node_shape(const struct huffman_tree *tree, struct huffman_node node)
{
    unsigned count = node.end - node.first;
    if (count == 4 && leaves_lie_at(tree, node.first, node.end, node.depth + 2)) {
        return HUFFMAN_DIGITS2;
    }
    if (count == 8 && leaves_lie_at(tree, node.first, node.end, node.depth + 3)) {
        return HUFFMAN_DIGITS3;
    }
    if (count == 16 && leaves_lie_at(tree, node.first, node.end, node.depth + 4)) {
        return HUFFMAN_DIGITS4;
    }
    if (count > 4 && leaves_lie_at(tree, node.first, node.first + 3, node.depth + 2) &&
        tree->depths[node.first + 3] > node.depth + 2) {
        return HUFFMAN_QUAD;
    }
    return HUFFMAN_PAIR;
}

unsigned huffman_node_middle(const struct huffman_tree *tree, struct huffman_node node)
{
    unsigned low = node.first, high = node.end;
    while (low < high) {
        unsigned middle = (low + high) / 2;
        if (tree->codes[middle] >> (HUFFMAN_LENGTH_MAX - 1 - node.depth) & 1) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}
