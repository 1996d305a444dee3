/* floatdelta_kernel.h - floats as differences from a base, put in order by the base's exponents.
 *
 * Page: docs/format/floatdelta.md. Reference: compressor/reference/floatdelta.py.
 *
 * Nothing here allocates, keeps state or touches a byte outside the buffers it is given. Buffers
 * must not overlap. Every function may be called from several threads at once. Elements are
 * little-endian; a count is a number of elements. What is taken on the stack is less than 64 KiB.
 */
#ifndef COMPRESSOR_FLOATDELTA_KERNEL_H
#define COMPRESSOR_FLOATDELTA_KERNEL_H

#include <stddef.h>
#include <stdint.h>

#define FLOATDELTA_CLASSES_MAX 16u
#define FLOATDELTA_WIDTH_MAX 8u

/* What elements are, and how they are classed. */
struct floatdelta_layout {
    unsigned width;         /* bytes of an element: 1, 2, 4 or 8 */
    unsigned mantissa_bits; /* 1 to 8 * width - 2 */
    unsigned classes;       /* 1 to FLOATDELTA_CLASSES_MAX */
    unsigned top;           /* the lowest exponent of class 0 */
};

/* Return the largest exponent that one of 64 elements reaches; by samples where there are many. It
 * looks at layout.width and layout.mantissa_bits alone. */
unsigned floatdelta_top(const uint8_t *base, size_t count, struct floatdelta_layout layout);

/* Count the elements of base by class. */
void floatdelta_count(size_t sizes[FLOATDELTA_CLASSES_MAX], const uint8_t *base, size_t count,
                      struct floatdelta_layout layout);

/* Write the differences of plain from base: planes[c * width + p] gets byte p, from the lowest, of
 * each of class c, in order; as many bytes as floatdelta_count() says. */
void floatdelta_split(uint8_t *const planes[], const uint8_t *plain, const uint8_t *base,
                      size_t count, struct floatdelta_layout layout);

/* Undo floatdelta_split. Any bytes in planes stand for some elements. */
void floatdelta_join(uint8_t *plain, const uint8_t *const planes[], const uint8_t *base,
                     size_t count, struct floatdelta_layout layout);

/* Return how many bytes are zero. */
size_t floatdelta_zeros(const uint8_t *bytes, size_t size);

#endif
