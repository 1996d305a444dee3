/* Which paths there are, and which of them run here. */
#include "huffman_path.h"
#include "huffman_kernel.h"

#include <stdbool.h>
#include <string.h>

const char *huffman_path_name(const struct huffman_path *path)
{
    return path->name;
}

static bool runs_everywhere(void)
{
    return true;
}

#if HUFFMAN_HAVE_SSSE3
static bool has_ssse3(void)
{
    return __builtin_cpu_supports("ssse3") && __builtin_cpu_supports("popcnt");
}
#endif

#if HUFFMAN_HAVE_AVX2
static bool has_avx2(void)
{
    return has_ssse3() && __builtin_cpu_supports("avx2");
}
#endif

#if HUFFMAN_HAVE_AVX512
static bool has_avx512(void)
{
    return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vbmi") &&
           __builtin_cpu_supports("avx512vbmi2");
}
#endif

/* From plain to best; each leaves what it does not do to one before it. */
static const struct {
    const struct huffman_path *path;
    bool (*runs_here)(void);
} paths[] = {
    {&huffman_portable, runs_everywhere},
#if HUFFMAN_HAVE_SSSE3
    {&huffman_ssse3, has_ssse3},
#endif
#if HUFFMAN_HAVE_AVX2
    {&huffman_avx2, has_avx2},
#endif
#if HUFFMAN_HAVE_AVX512
    {&huffman_avx512, has_avx512},
#endif
#if HUFFMAN_HAVE_NEON
    {&huffman_neon, runs_everywhere}, /* every aarch64 has it */
#endif
};

const struct huffman_path *huffman_path_at(size_t index)
{
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        if (paths[i].runs_here() && index-- == 0) {
            return paths[i].path;
        }
    }
    return NULL;
}

const struct huffman_path *huffman_path_named(const char *name)
{
    const struct huffman_path *path, *best = NULL;
    for (size_t i = 0; (path = huffman_path_at(i)) != NULL; i++) {
        if (name && strcmp(path->name, name) == 0) {
            return path;
        }
        best = path;
    }
    return name ? NULL : best;
}
