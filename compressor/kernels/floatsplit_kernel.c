#include "floatsplit_kernel.h"
#include "floatsplit_path.h"

#include <string.h>

const char *floatsplit_path_name(const struct floatsplit_path *path)
{
    return path->name;
}

const struct floatsplit_path *floatsplit_path_named(const char *name)
{
#if FLOATSPLIT_HAVE_X86
    if ((!name || strcmp(name, "avx2") == 0) && __builtin_cpu_supports("avx2")) {
        return &floatsplit_avx2;
    }
    if ((!name || strcmp(name, "ssse3") == 0) && __builtin_cpu_supports("ssse3")) {
        return &floatsplit_ssse3;
    }
#endif
    if (!name || strcmp(name, "portable") == 0) {
        return &floatsplit_portable;
    }
    return NULL;
}

size_t floatsplit_stream_size(size_t plain_size, unsigned width, unsigned stream)
{
    return plain_size / width + (stream < plain_size % width);
}

static unsigned log_of(unsigned width)
{
    return width == 1 ? 0 : width == 2 ? 1 : width == 4 ? 2 : 3;
}

void floatsplit_split(uint8_t *const streams[], const uint8_t *plain, size_t plain_size,
                      struct floatsplit_layout layout, const struct floatsplit_path *path)
{
    size_t count = plain_size / layout.width, tail = plain_size % layout.width;
    unsigned log = log_of(layout.width);
    size_t first = path->split[log](streams, plain, 0, count, layout);
    floatsplit_portable.split[log](streams, plain, first, count, layout);
    for (size_t i = 0; i < tail; i++) {
        streams[i][count] = plain[count * layout.width + i];
    }
}

void floatsplit_merge(uint8_t *plain, size_t plain_size, const uint8_t *const streams[],
                      struct floatsplit_layout layout, const struct floatsplit_path *path)
{
    size_t count = plain_size / layout.width, tail = plain_size % layout.width;
    unsigned log = log_of(layout.width);
    size_t first = path->merge[log](plain, streams, 0, count, layout);
    floatsplit_portable.merge[log](plain, streams, first, count, layout);
    for (size_t i = 0; i < tail; i++) {
        plain[count * layout.width + i] = streams[i][count];
    }
}

const struct floatsplit_calls floatsplit_calls = {
    .path_named = floatsplit_path_named,
    .stream_size = floatsplit_stream_size,
    .split = floatsplit_split,
    .merge = floatsplit_merge,
};
