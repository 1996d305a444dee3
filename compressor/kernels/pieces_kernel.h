/* pieces_kernel.h - where content is cut into pieces, so that the same content is cut alike.
 *
 * Page: docs/format/pieces.md. Reference: compressor/reference/pieces.py.
 *
 * Read first:
 *   pieces_path.h     the one inner loop, which a processor may do its own way
 *   pieces_portable.c that loop in plain C: kernel 0, which the others must equal
 *   pieces_table.h    where pieces were seen; it shares nothing with the cuts but its page
 *
 * Nothing here allocates, keeps state or touches a byte outside the buffers it is given. Buffers
 * must not overlap. Every function may be called from several threads at once.
 */
#ifndef COMPRESSOR_PIECES_KERNEL_H
#define COMPRESSOR_PIECES_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of a piece. The last of a content may be shorter than PIECES_MIN; from PIECES_NORMAL on an
 * end is easier to find. */
enum { PIECES_MIN = 4096, PIECES_NORMAL = 13312, PIECES_MAX = 65536 };

/* The inner loop for one kind of processor; all give the same cuts. */
struct pieces_path;

/* Return the best path that takes no more of a processor than this name says ("portable", "ssse3"
 * and "neon", which bring nothing here, "avx2", "avx512", which brings no more), or the best one
 * for NULL; NULL where the name is unknown or this processor lacks it. */
const struct pieces_path *pieces_path_named(const char *name);

/* Return the name of a path. */
const char *pieces_path_name(const struct pieces_path *path);

/* Return the most pieces that so many bytes are cut into. */
size_t pieces_count_max(size_t nbytes);

/* Cut data[0..nbytes), which begins a content or follows a cut. Write the size of each piece whose
 * end is decided to sizes, which must hold pieces_count_max(nbytes), and return their count. If
 * final, data ends the content and all of it is cut; if not, what lies behind the last decided cut
 * is less than PIECES_MAX bytes. The time is linear in nbytes. */
size_t pieces_cut(uint32_t *sizes, const uint8_t *data, size_t nbytes, bool final,
                  const struct pieces_path *path);

#endif
