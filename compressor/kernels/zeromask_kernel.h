/* zeromask_kernel.h - elements that are zero told by a bitmap, the others kept in a row.
 *
 * Page: docs/format/zeromask.md. Reference: compressor/reference/zeromask.py.
 *
 * Nothing here allocates, keeps state or touches a byte outside the buffers it is given. Buffers
 * must not overlap. Every function may be called from several threads at once. A width is the bytes
 * of an element: 1, 2, 4 or 8.
 */
#ifndef COMPRESSOR_ZEROMASK_KERNEL_H
#define COMPRESSOR_ZEROMASK_KERNEL_H

#include <stddef.h>
#include <stdint.h>

/* The numbers of the checks in docs/format/zeromask.md. */
enum zeromask_status {
    ZEROMASK_OK = 0,
    ZEROMASK_MASK_SIZE = 2,
    ZEROMASK_UNUSED_BITS = 3,
    ZEROMASK_REST_SIZE = 4,
};

/* Return the bytes of the bitmap of plain_size bytes. */
size_t zeromask_mask_size(size_t plain_size, unsigned width);

/* Write the bitmap of plain[0..plain_size), zeromask_mask_size() bytes, to mask, and all else to
 * rest, which has room for plain_size bytes. Return the bytes in rest. */
size_t zeromask_split(uint8_t *mask, uint8_t *rest, const uint8_t *plain, size_t plain_size,
                      unsigned width);

/* The same for elements whose lowest bits are zero, 1 to 64 of them: those go to taken, as they
 * are, of which there is room for plain_size bytes; it gets what is not in rest. */
size_t zeromask_part(uint8_t *mask, uint8_t *rest, uint8_t *taken, const uint8_t *plain,
                     size_t plain_size, unsigned width, unsigned bits);

/* Say whether these sizes and this bitmap stand for plain_size bytes. It reads mask alone. */
enum zeromask_status zeromask_check(const uint8_t *mask, size_t mask_size, size_t rest_size,
                                    size_t plain_size, unsigned width);

/* Write to plain[0..plain_size) what a bitmap and a rest stand for that zeromask_check() passed. */
void zeromask_merge(uint8_t *plain, size_t plain_size, const uint8_t *mask, const uint8_t *rest,
                    unsigned width);

/* The same where what was taken out is in a stream, which has all bytes that rest has not. */
void zeromask_join(uint8_t *plain, size_t plain_size, const uint8_t *mask, const uint8_t *rest,
                   const uint8_t *taken, unsigned width);

#endif
