#include "pieces_kernel.h"
#include "pieces_path.h"

#include <string.h>

_Static_assert(PIECES_WINDOW <= PIECES_MIN, "a window never begins before its piece");

const char *pieces_path_name(const struct pieces_path *path)
{
    return path->name;
}

const struct pieces_path *pieces_path_named(const char *name)
{
#if PIECES_HAVE_AVX2
    if ((!name || strcmp(name, "avx2") == 0) && __builtin_cpu_supports("avx2")) {
        return &pieces_avx2;
    }
    if (name && strcmp(name, "avx512") == 0 && __builtin_cpu_supports("avx512vbmi2")) {
        return &pieces_avx2;
    }
    if (name && strcmp(name, "ssse3") == 0 && __builtin_cpu_supports("ssse3")) {
        return &pieces_portable;
    }
#endif
#if defined(__aarch64__)
    if (name && strcmp(name, "neon") == 0) {
        return &pieces_portable;
    }
#endif
    if (!name || strcmp(name, "portable") == 0) {
        return &pieces_portable;
    }
    return NULL;
}

size_t pieces_count_max(size_t nbytes)
{
    return nbytes / PIECES_MIN + 1; /* all but the last have PIECES_MIN bytes or more */
}

/* Return the size of the first piece of data[0..nbytes), or 0 where no end is found in it. */
static size_t first_piece(const uint8_t *data, size_t nbytes, const struct pieces_path *path)
{
    if (nbytes < PIECES_MIN) {
        return 0;
    }
    size_t end = nbytes < PIECES_MAX ? nbytes + 1 : PIECES_MAX;
    size_t normal = end < PIECES_NORMAL ? end : PIECES_NORMAL;
    size_t size = path->find_end(data, PIECES_MIN, normal, PIECES_HARD);
    if (size == normal) {
        size = path->find_end(data, normal, end, PIECES_EASY);
    }
    return size < end ? size : nbytes < PIECES_MAX ? 0 : PIECES_MAX;
}

size_t pieces_cut(uint32_t *sizes, const uint8_t *data, size_t nbytes, bool final,
                  const struct pieces_path *path)
{
    size_t count = 0;
    while (nbytes) {
        size_t size = first_piece(data, nbytes, path);
        if (!size && !final) {
            break; /* what comes next decides where it ends */
        }
        sizes[count] = (uint32_t)(size ? size : nbytes);
        data += sizes[count];
        nbytes -= sizes[count++];
    }
    return count;
}
