/* dense_layout.h - what dense_kernel.h and densedelta_kernel.h say of a block alike: its rows. */
#ifndef COMPRESSOR_DENSE_LAYOUT_H
#define COMPRESSOR_DENSE_LAYOUT_H

#include <stddef.h>

#define DENSE_COLUMNS_MAX (1u << 20)

/* What a block is of. */
struct dense_layout {
    unsigned width;         /* bytes of an element: 2 or 4; for dense_bytes.h 1 */
    unsigned mantissa_bits; /* 7 or 10; 23, or 20 of an fp64's upper half; 3, 2 or 0 */
    size_t count;           /* of elements */
    size_t columns;         /* of elements to a row, 1 to DENSE_COLUMNS_MAX */
};

/* Return the number of rows. */
static inline size_t dense_rows(struct dense_layout layout)
{
    return layout.count / layout.columns + (layout.count % layout.columns != 0);
}

#endif
