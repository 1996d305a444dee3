/* buffers.h - memory of exact size for the fuzz targets: a byte too far is a finding. */
#ifndef COMPRESSOR_FUZZ_BUFFERS_H
#define COMPRESSOR_FUZZ_BUFFERS_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct bytes {
    uint8_t *at;
    size_t size;
};

static inline void require(int truth)
{
    if (!truth)
        abort();
}

static inline struct bytes bytes_new(size_t size)
{
    struct bytes bytes = {malloc(size ? size : 1), size};
    require(bytes.at != NULL);
    return bytes;
}

static inline struct bytes bytes_copy(const uint8_t *from, size_t size)
{
    struct bytes bytes = bytes_new(size);
    if (size)
        memcpy(bytes.at, from, size);
    return bytes;
}

/* How often size bytes are repeated: most times, or fewer if that is more than so many bytes. */
static inline size_t times_within(size_t size, size_t most, size_t bytes)
{
    return size <= bytes / most ? most : size < bytes ? bytes / size : 1;
}

/* Return data so many times over, changed each time, so that dictionaries fill up. */
static inline struct bytes stretched(const uint8_t *data, size_t size, size_t times)
{
    struct bytes plain = bytes_new(size * times);
    for (size_t i = 0; i < plain.size; i++)
        plain.at[i] = data[i % size] ^ data[i / size % size];
    return plain;
}

/* What is left of the input. */
struct input {
    const uint8_t *at;
    size_t left;
};

/* Take a byte; 0 where none is left. */
static inline unsigned take(struct input *input)
{
    if (!input->left) {
        return 0;
    }
    input->left--;
    return *input->at++;
}

#endif
