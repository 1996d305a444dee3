/* huffman_runs.h - nearly constant bytes as gaps and exceptions. */
#ifndef COMPRESSOR_HUFFMAN_RUNS_H
#define COMPRESSOR_HUFFMAN_RUNS_H

#include "huffman_kernel.h"

#define HUFFMAN_LONG_GAP 240u /* a gap byte g from here on is a long gap: 240 * 2^(g - 240) */

/* Gaps, and as many exceptions as there are gaps below HUFFMAN_LONG_GAP. */
struct huffman_runs {
    uint8_t *gaps, *exceptions;
    size_t gap_count, exception_count;
};

/* Cut plain[0..n), n >= 1, into runs of which the first is of plain[0]. Both buffers hold gap_max +
 * 1 bytes. Return 0 if that takes more than gap_max gaps. */
int huffman_find_runs(struct huffman_runs *runs, const uint8_t *plain, size_t n, size_t gap_max);

/* Return how many exceptions belong to these gaps. */
size_t huffman_count_exceptions(const uint8_t *gaps, size_t gap_count);

/* Write the n plain bytes that the runs stand for, the first run of `value`. */
enum huffman_result huffman_fill_runs(uint8_t *plain, size_t n, uint8_t value,
                                      const struct huffman_runs *runs);

#endif
