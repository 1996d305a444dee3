#include "huffman_runs.h"
#include "huffman_bits.h"

#include <string.h>

/* Return how many bytes from plain on equal v. */
static size_t run_size(const uint8_t *plain, size_t n, uint8_t v)
{
    const uint64_t all = v * 0x0101010101010101u;
    size_t i = 0;
    while (i + 8 <= n && load_le64(plain + i) == all) {
        i += 8;
    }
    while (i < n && plain[i] == v) {
        i++;
    }
    return i;
}

/* Append the long gaps that `size` bytes begin with, at most 16 + size / (240 << 15) of them, while
 * there is room; return what is left, below 240. */
static size_t put_long_gaps(struct huffman_runs *runs, size_t size, size_t gap_max)
{
    for (unsigned log = 15; size >= HUFFMAN_LONG_GAP && runs->gap_count <= gap_max;) {
        if (size < (size_t)HUFFMAN_LONG_GAP << log) {
            log--;
            continue;
        }
        size -= (size_t)HUFFMAN_LONG_GAP << log;
        runs->gaps[runs->gap_count++] = (uint8_t)(HUFFMAN_LONG_GAP + log);
    }
    return size;
}

int huffman_find_runs(struct huffman_runs *runs, const uint8_t *plain, size_t n, size_t gap_max)
{
    uint8_t v = plain[0];
    size_t i = 0;
    runs->gap_count = runs->exception_count = 0;
    for (;;) {
        size_t size = run_size(plain + i, n - i, v);
        i += size;
        if (i == n) { /* v fills what is left: no gap says so */
            return runs->gap_count <= gap_max;
        }
        size = put_long_gaps(runs, size, gap_max);
        if (runs->gap_count >= gap_max) {
            return 0;
        }
        runs->gaps[runs->gap_count++] = (uint8_t)size;
        runs->exceptions[runs->exception_count++] = plain[i];
        if (plain[i] == plain[i - (i > 0)] && i > 0) {
            v = plain[i];
        }
        i++;
    }
}

size_t huffman_count_exceptions(const uint8_t *gaps, size_t gap_count)
{
    size_t n = 0;
    for (size_t i = 0; i < gap_count; i++) {
        n += gaps[i] < HUFFMAN_LONG_GAP;
    }
    return n;
}

enum huffman_result huffman_fill_runs(uint8_t *plain, size_t n, uint8_t value,
                                      const struct huffman_runs *runs)
{
    size_t at = 0, exception = 0;
    for (size_t i = 0; i < runs->gap_count; i++) {
        unsigned gap = runs->gaps[i];
        int is_long = gap >= HUFFMAN_LONG_GAP;
        size_t size = is_long ? (size_t)HUFFMAN_LONG_GAP << (gap - HUFFMAN_LONG_GAP) : gap;
        if (size + !is_long > n - at) {
            return HUFFMAN_RUNS_BEYOND;
        }
        memset(plain + at, value, size);
        at += size;
        if (!is_long) {
            plain[at] = runs->exceptions[exception++];
            if (at > 0 && plain[at] == plain[at - 1]) {
                value = plain[at];
            }
            at++;
        }
    }
    memset(plain + at, value, n - at);
    return HUFFMAN_OK;
}
