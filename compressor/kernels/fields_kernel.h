/* fields_kernel.h - records taken apart: each field goes to a stream of its own.
 *
 * Page: docs/format/fields.md. Reference: compressor/reference/fields.py.
 *
 * Nothing here allocates, keeps state or touches a byte outside the buffers it is given. Buffers
 * must not overlap. Every function may be called from several threads at once. sizes[0..count) are
 * the bytes of the fields, each 1 to FIELDS_SIZE_MAX; count is 1 to FIELDS_MAX.
 */
#ifndef COMPRESSOR_FIELDS_KERNEL_H
#define COMPRESSOR_FIELDS_KERNEL_H

#include <stddef.h>
#include <stdint.h>

enum { FIELDS_MAX = 6, FIELDS_SIZE_MAX = 4096 };

/* Return the bytes of a stream, 0 to count - 1: its field of each record, and of the tail. */
size_t fields_stream_size(size_t plain_size, const size_t sizes[], unsigned count, unsigned stream);

/* Split plain[0..plain_size) into count streams, of fields_stream_size() each. */
void fields_split(uint8_t *const streams[], const uint8_t *plain, size_t plain_size,
                  const size_t sizes[], unsigned count);

/* Merge such streams into plain[0..plain_size). Any bytes in them stand for something. */
void fields_merge(uint8_t *plain, size_t plain_size, const uint8_t *const streams[],
                  const size_t sizes[], unsigned count);

#endif
