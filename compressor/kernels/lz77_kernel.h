/* lz77_kernel.h - repeats as (literals, length, offset), each kind coded by our Huffman code.
 *
 * Format: docs/format/lz77.md. Reference: compressor/reference/lz77.py.
 *
 * Read first:
 *   lz77_streams.c  sequences to bytes
 *   lz77_decode.c   bytes to sequences to plain
 *   lz77_fast.c     level 1: the simplest search for repeats; the others follow lz77_parser.h
 *
 * Nothing here allocates, keeps state or touches a byte outside the buffers it is given. Buffers
 * must not overlap. Every function may be called from several threads at once.
 */
#ifndef COMPRESSOR_LZ77_KERNEL_H
#define COMPRESSOR_LZ77_KERNEL_H

#include "huffman_kernel.h"

#include <stddef.h>
#include <stdint.h>

enum { LZ77_LEVEL_MIN = 1, LZ77_LEVEL_MAX = 9 };

#define LZ77_CHUNK ((size_t)1 << 17)     /* plain bytes */
#define LZ77_PLAIN_MAX ((size_t)1 << 30) /* bytes of a block that the encoder takes */

/* The number of the check in the specification that packed bytes failed. */
enum lz77_status {
    LZ77_OK = 0,
    LZ77_UNEARNED_SIZE = 1,
    LZ77_MODE_CUT = 2,
    LZ77_BAD_MODE = 3,
    LZ77_RAW_CUT = 4,
    LZ77_HEAD_CUT = 5,
    LZ77_BAD_COUNTS = 6,
    LZ77_BAD_STREAM = 7,
    LZ77_BAD_CLASS = 8,
    LZ77_EXTRAS_CUT = 9,
    LZ77_UNUSED_BITS = 10,
    LZ77_LENGTHS_CUT = 11,
    LZ77_LITERALS_CUT = 12,
    LZ77_CHUNK_OVERRUN = 13,
    LZ77_FAR_OFFSET = 14,
    LZ77_LENGTHS_LEFT = 15,
    LZ77_LITERALS_LEFT = 16,
    LZ77_TRAILING_BYTES = 17,
};

/* The Huffman kernel and its path; portable asks for plain C here, too, and bmi2 for what a
 * processor that has it can do better: the same bytes. */
struct lz77_coder {
    const struct huffman_calls *huffman;
    const struct huffman_path *path;
    int portable, bmi2;
};

/* Return the bytes that out must have for lz77_encode() (more than it ever returns). */
size_t lz77_encode_bound(size_t plain_nbytes);

/* Return the bytes of scratch that lz77_encode() takes; scratch lies at a multiple of 64. */
size_t lz77_encode_scratch(size_t plain_nbytes, int level, const struct lz77_coder *coder);

/* Return the size of the raw chunks of what looks like noise at first sight, and else 0. */
size_t lz77_raw_size(const uint8_t *plain, size_t plain_nbytes);

/* Where lz77_encode() would give raw chunks of noise alone, write them to out[0..lz77_raw_size())
 * and return their size; else return 0, and out holds anything. It spares noise the room for
 * sequences, and scratch. */
size_t lz77_encode_raw(uint8_t *out, const uint8_t *plain, size_t plain_nbytes);

/* Write the packed form of plain[0..plain_nbytes), at most LZ77_PLAIN_MAX, to out; return its size.
 * level is LZ77_LEVEL_MIN to LZ77_LEVEL_MAX. scratch need not be initialised. */
size_t lz77_encode(uint8_t *out, const uint8_t *plain, size_t plain_nbytes, int level,
                   uint8_t *scratch, const struct lz77_coder *coder);

/* Make check LZ-001: could so many packed bytes stand for plain_nbytes bytes at all? To be asked
 * before memory is taken for them. */
enum lz77_status lz77_check_size(size_t packed_nbytes, uint64_t plain_nbytes);

/* Return the bytes of scratch that lz77_decode() takes; scratch lies at a multiple of 64. */
size_t lz77_decode_scratch(size_t plain_nbytes, const struct lz77_coder *coder);

/* Write the plain form of packed to out[0..out_nbytes), which it must fill exactly. Any packed
 * bytes are survived, in time linear in packed_nbytes + out_nbytes; if the result is not LZ77_OK,
 * out holds anything. */
enum lz77_status lz77_decode(uint8_t *out, size_t out_nbytes, const uint8_t *packed,
                             size_t packed_nbytes, uint8_t *scratch,
                             const struct lz77_coder *coder);

#endif
