/* floatsplit_kernel.h - words shifted and rotated, their bytes dealt out to streams by position.
 *
 * Page: docs/format/floatsplit.md. Reference: compressor/reference/floatsplit.py.
 *
 * Read first:
 *   floatsplit_path.h     the inner loops, which a processor may do its own way
 *   floatsplit_portable.c those loops in plain C: kernel 0, which the others must equal
 *   floatsplit_lanes.h    the same for 16 words or more a turn, whatever the registers' size
 *
 * Nothing here allocates, keeps state or touches a byte outside the buffers it is given. Buffers
 * must not overlap. Every function may be called from several threads at once.
 */
#ifndef COMPRESSOR_FLOATSPLIT_KERNEL_H
#define COMPRESSOR_FLOATSPLIT_KERNEL_H

#include <stddef.h>
#include <stdint.h>

enum { FLOATSPLIT_WIDTH_MAX = 8 };

/* What words are: width is their bytes (1, 2, 4 or 8), and as many streams. From each, offset is
 * subtracted (modulo the word), and it is rotated to the left by rotation bits, 1 to 8 * width - 1.
 */
struct floatsplit_layout {
    unsigned width, rotation;
    uint64_t offset;
};

/* The inner loops for one kind of processor; all give the same bytes. */
struct floatsplit_path;

/* Return the path of this name ("portable", "ssse3", "avx2"), or the best one for NULL; NULL where
 * the name is unknown or this processor lacks it. */
const struct floatsplit_path *floatsplit_path_named(const char *name);

/* Return the name of a path. */
const char *floatsplit_path_name(const struct floatsplit_path *path);

/* Return the bytes of a stream, 0 to width - 1: one of each whole word, and one of the tail behind
 * them to each of the first streams. */
size_t floatsplit_stream_size(size_t plain_size, unsigned width, unsigned stream);

/* Split plain[0..plain_size) into the layout's streams, of floatsplit_stream_size() each. */
void floatsplit_split(uint8_t *const streams[], const uint8_t *plain, size_t plain_size,
                      struct floatsplit_layout layout, const struct floatsplit_path *path);

/* Merge such streams into plain[0..plain_size). Any bytes in them stand for something. */
void floatsplit_merge(uint8_t *plain, size_t plain_size, const uint8_t *const streams[],
                      struct floatsplit_layout layout, const struct floatsplit_path *path);

/* These functions, for kernels that are linked apart from this one. */
struct floatsplit_calls {
    const struct floatsplit_path *(*path_named)(const char *name);
    size_t (*stream_size)(size_t plain_size, unsigned width, unsigned stream);
    void (*split)(uint8_t *const streams[], const uint8_t *plain, size_t plain_size,
                  struct floatsplit_layout layout, const struct floatsplit_path *path);
    void (*merge)(uint8_t *plain, size_t plain_size, const uint8_t *const streams[],
                  struct floatsplit_layout layout, const struct floatsplit_path *path);
};

extern const struct floatsplit_calls floatsplit_calls;

#endif
