/* huffman_bits.h - words, and sizes of rows of bits. */
#ifndef COMPRESSOR_HUFFMAN_BITS_H
#define COMPRESSOR_HUFFMAN_BITS_H

#include "words.h"

#include <stddef.h>

/* Return the bytes that n digits of `width` bits take. */
static inline size_t row_size(size_t n, unsigned width)
{
    return (n * width + 7) / 8;
}

#endif
