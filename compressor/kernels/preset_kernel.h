/* preset_kernel.h - bytes of a small known alphabet, as their numbers in it.
 *
 * Format: docs/format/preset.md. Reference: compressor/reference/preset.py.
 *
 * Read first:
 *   preset_tables.[ch]  the alphabets
 *   preset_path.h       the inner loops, which a processor may do its own way
 *   preset_portable.c   those loops in plain C: kernel 0, which the others must equal
 *   preset_sides.[ch]   what stands beside the symbols: lines, case, exceptions
 *   preset_kernel.c     encoding, preset_decode.c decoding
 *
 * Nothing here allocates, keeps state or touches a byte outside the buffers it is given. Buffers
 * must not overlap. Every function may be called from several threads at once.
 */
#ifndef COMPRESSOR_PRESET_KERNEL_H
#define COMPRESSOR_PRESET_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "preset_tables.h"

enum {
    PRESET_CHUNK_MAX = 1 << 16, /* plain bytes */
    PRESET_SLACK = 64           /* bytes that may be written behind what is meant */
};

/* The number of the check in the specification that packed bytes failed. */
enum preset_result {
    PRESET_OK = 0,
    PRESET_UNEARNED_SIZE = 1,
    PRESET_HEAD_CUT = 2,
    PRESET_BAD_TABLE = 3,
    PRESET_CHUNK_TOO_LONG = 4,
    PRESET_BAD_LINES = 5,
    PRESET_BAD_NUMBER = 6,
    PRESET_BAD_CASE = 7,
    PRESET_BAD_EXCEPTIONS = 8,
    PRESET_SYMBOLS_CUT = 9,
    PRESET_UNUSED_BITS = 10,
    PRESET_NO_SYMBOL = 11,
    PRESET_TRAILING_BYTES = 12
};

/* Inner loops for one kind of processor; all give the same bytes. */
struct preset_path;

/* Return the path of this name ("portable", "ssse3", "avx2"), or the best one for NULL; NULL where
 * the name is unknown or this processor lacks it. */
const struct preset_path *preset_path_named(const char *name);

/* Return the name of a path. */
const char *preset_path_name(const struct preset_path *path);

/* What both directions work in; it need not be initialised. */
struct preset_scratch {
    uint8_t codes[PRESET_CHUNK_MAX + PRESET_SLACK];
    uint8_t symbols[PRESET_CHUNK_MAX + PRESET_SLACK];
    uint8_t missing[PRESET_CHUNK_MAX / 8]; /* bit i: symbol i is not in the table */
    uint8_t lower[PRESET_CHUNK_MAX / 8];   /* bit i: bit 5 of symbol i */
};

/* Return the bytes that packed must have for preset_encode(), more than it ever returns. */
size_t preset_packed_bound(size_t plain_size);

/* Return the size of the raw chunks of what looks like noise at first sight, and else 0. */
size_t preset_raw_size(const uint8_t *plain, size_t plain_size);

/* Where preset_encode() would try no table at all, write its raw chunks to
 * packed[0..preset_raw_size()) and return their size; else return 0, and packed holds anything. */
size_t preset_encode_raw(uint8_t *packed, const uint8_t *plain, size_t plain_size,
                         const struct preset_table *given);

/* Write the packed form of plain to packed and return its size. given is the table of the chain's
 * alphabet, or NULL. */
size_t preset_encode(uint8_t *packed, const uint8_t *plain, size_t plain_size,
                     const struct preset_table *given, struct preset_scratch *scratch,
                     const struct preset_path *path);

/* Could so many packed bytes stand for plain_size bytes at all (PS-001)? To be asked before memory
 * is taken for them. */
enum preset_result preset_check_size(size_t packed_size, uint64_t plain_size);

/* Decode exactly plain_size bytes from exactly packed_size ones. Any packed bytes are survived;
 * after a failure plain holds anything. */
enum preset_result preset_decode(uint8_t *plain, size_t plain_size, const uint8_t *packed,
                                 size_t packed_size, const struct preset_table *given,
                                 struct preset_scratch *scratch, const struct preset_path *path);

#endif
