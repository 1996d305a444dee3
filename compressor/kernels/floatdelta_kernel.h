/* floatdelta_kernel.h - floats as differences from a base, put in order by the base's exponents.
 *
 * Page: docs/format/floatdelta.md. Reference: compressor/reference/floatdelta.py.
 *
 * Nothing here allocates, keeps state or touches a byte outside the buffers it is given. Buffers
 * must not overlap. Every function may be called from several threads at once. Elements are
 * little-endian; a count is a number of elements.
 */
#ifndef COMPRESSOR_FLOATDELTA_KERNEL_H
#define COMPRESSOR_FLOATDELTA_KERNEL_H

#include <stddef.h>
#include <stdint.h>

#define FLOATDELTA_CLASSES_MAX 16u
#define FLOATDELTA_WIDTH_MAX 8u
#define FLOATDELTA_LANES 4u

/* What elements are, and how they are classed. */
struct floatdelta_layout {
    unsigned width;         /* bytes of an element: 1, 2, 4 or 8 */
    unsigned mantissa_bits; /* 1 to 8 * width - 2 */
    unsigned classes;       /* 1 to FLOATDELTA_CLASSES_MAX */
    unsigned top;           /* the lowest exponent of class 0 */
};

/* How many elements of each class there are in each quarter of a block; the last has the rest of
 * that division, too. Quarters are walked side by side: so no step waits for the one before. */
struct floatdelta_counts {
    size_t of[FLOATDELTA_LANES][FLOATDELTA_CLASSES_MAX];
};

/* Return the largest exponent of any element, 0 where there is none. It looks at layout.width and
 * layout.mantissa_bits alone. */
unsigned floatdelta_top(const uint8_t *base, size_t count, struct floatdelta_layout layout);

/* Count the elements of base by class. */
void floatdelta_count(struct floatdelta_counts *counts, const uint8_t *base, size_t count,
                      struct floatdelta_layout layout);

/* Return how many elements a class has. */
size_t floatdelta_size(const struct floatdelta_counts *counts, unsigned number);

/* Write the differences of plain from base: planes[c * width + p] gets byte p, from the lowest, of
 * each of class c, in order. counts are those of base. scratch has room for count elements, and is
 * aligned for them. */
void floatdelta_split(uint8_t *const planes[], const uint8_t *plain, const uint8_t *base,
                      size_t count, struct floatdelta_layout layout,
                      const struct floatdelta_counts *counts, void *scratch);

/* Undo floatdelta_split. Any bytes in planes stand for some elements. */
void floatdelta_join(uint8_t *plain, const uint8_t *const planes[], const uint8_t *base,
                     size_t count, struct floatdelta_layout layout,
                     const struct floatdelta_counts *counts, void *scratch);

/* Return how many bytes are zero. */
size_t floatdelta_zeros(const uint8_t *bytes, size_t size);

#endif
