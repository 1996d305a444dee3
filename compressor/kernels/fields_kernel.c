#include "fields_kernel.h"

#include <string.h>

static size_t record_size(const size_t sizes[], unsigned count)
{
    size_t sum = 0;
    for (unsigned k = 0; k < count; k++) {
        sum += sizes[k];
    }
    return sum;
}

/* Return what a tail of this many bytes has of a field that begins at start. */
static size_t part_of(size_t tail, size_t start, size_t size)
{
    size_t left = tail > start ? tail - start : 0;
    return left < size ? left : size;
}

size_t fields_stream_size(size_t plain_size, const size_t sizes[], unsigned count, unsigned stream)
{
    size_t record = record_size(sizes, count), start = record_size(sizes, stream);
    return plain_size / record * sizes[stream] + part_of(plain_size % record, start, sizes[stream]);
}

static inline void copy_each(uint8_t *out, size_t out_step, const uint8_t *in, size_t in_step,
                             size_t n, size_t size)
{
    for (size_t i = 0; i < n; i++) {
        memcpy(out + i * out_step, in + i * in_step, size);
    }
}

/* Copy n fields. Sizes that are common are constants in their loops, so that memcpy() is a few
 * instructions there: four times as fast for 2 bytes. */
static void copy_fields(uint8_t *out, size_t out_step, const uint8_t *in, size_t in_step, size_t n,
                        size_t size)
{
    switch (size) {
    case 1:
        copy_each(out, out_step, in, in_step, n, 1);
        break;
    case 2:
        copy_each(out, out_step, in, in_step, n, 2);
        break;
    case 4:
        copy_each(out, out_step, in, in_step, n, 4);
        break;
    case 8:
        copy_each(out, out_step, in, in_step, n, 8);
        break;
    case 16:
        copy_each(out, out_step, in, in_step, n, 16);
        break;
    case 32:
        copy_each(out, out_step, in, in_step, n, 32);
        break;
    default:
        copy_each(out, out_step, in, in_step, n, size);
    }
}

void fields_split(uint8_t *const streams[], const uint8_t *plain, size_t plain_size,
                  const size_t sizes[], unsigned count)
{
    size_t record = record_size(sizes, count), n = plain_size / record, start = 0;
    const uint8_t *tail = plain + n * record;
    for (unsigned k = 0; k < count; k++) {
        copy_fields(streams[k], sizes[k], plain + start, record, n, sizes[k]);
        size_t part = part_of(plain_size % record, start, sizes[k]);
        if (part) {
            memcpy(streams[k] + n * sizes[k], tail + start, part);
        }
        start += sizes[k];
    }
}

void fields_merge(uint8_t *plain, size_t plain_size, const uint8_t *const streams[],
                  const size_t sizes[], unsigned count)
{
    size_t record = record_size(sizes, count), n = plain_size / record, start = 0;
    uint8_t *tail = plain + n * record;
    for (unsigned k = 0; k < count; k++) {
        copy_fields(plain + start, record, streams[k], sizes[k], n, sizes[k]);
        size_t part = part_of(plain_size % record, start, sizes[k]);
        if (part) {
            memcpy(tail + start, streams[k] + n * sizes[k], part);
        }
        start += sizes[k];
    }
}
