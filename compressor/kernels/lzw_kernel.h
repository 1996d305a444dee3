/* lzw_kernel.h - phrases of a growing dictionary, written as codes of 9 to 16 bits.
 *
 * Format: docs/format/lzw.md. Reference: compressor/reference/lzw.py.
 *
 * Nothing here allocates or keeps state between calls: the caller brings every buffer, and threads
 * may run at once as long as each has its own. No input may change during a call.
 */
#ifndef COMPRESSOR_LZW_KERNEL_H
#define COMPRESSOR_LZW_KERNEL_H

#include <stddef.h>
#include <stdint.h>

enum { LZW_MIN_BITS = 9, LZW_MAX_BITS = 16 };

/* The checks of the specification: LZW_OK, or n where check number n failed. */
enum lzw_status {
    LZW_OK = 0,
    LZW_NO_HEADER = 1,
    LZW_BAD_MAX_BITS = 2,
    LZW_UNEARNED_SIZE = 3,
    LZW_BAD_FIRST_CODE = 4,
    LZW_UNDEFINED_CODE = 5,
    LZW_PHRASE_TOO_LONG = 6,
    LZW_TRUNCATED = 7,
    LZW_UNUSED_BITS = 8,
    LZW_TRAILING_BYTES = 9,
    LZW_BAD_RAW_SIZE = 10,
};

/* When a dictionary that is full makes way: once it serves ill, or at once. */
enum lzw_reset { LZW_RESET_RATIO, LZW_RESET_FULL };

/* How to encode: what the specification leaves to encoders. max_bits is LZW_MIN_BITS to
 * LZW_MAX_BITS. */
struct lzw_way {
    unsigned max_bits;
    enum lzw_reset reset;
};

/* What lzw_encode() works in; it need not be initialised. Touched at random: huge pages pay. */
struct lzw_encode_tables {
    uint32_t slots[2 << LZW_MAX_BITS]; /* only the first 2 << max_bits are touched */
    uint64_t keys[1 << LZW_MAX_BITS];  /* only the first 1 << max_bits are touched */
    uint16_t pairs[1 << 16];
};

/* What lzw_decode() works in; it need not be initialised. */
struct lzw_decode_tables {
    uint64_t phrases[1 << LZW_MAX_BITS]; /* only the first 1 << max_bits are touched */
    uint8_t bytes[256 + 16];
};

/* Return the bytes that out must have for lzw_encode() (more than it ever returns, any way). */
size_t lzw_encode_bound(size_t plain_nbytes, unsigned max_bits);

/* Return the size of the raw form of what looks like noise at first sight, and else 0. */
size_t lzw_raw_size(const uint8_t *plain, size_t plain_nbytes);

/* Where lzw_encode() would give the raw form, write it to out[0..lzw_raw_size()) and return its
 * size; else return 0, and out holds anything. It spares noise the room for codes. */
size_t lzw_encode_raw(uint8_t *out, const uint8_t *plain, size_t plain_nbytes);

/* Write the packed form of plain to out and return its size. plain_nbytes is below 2^47; out has
 * lzw_encode_bound() bytes, and overlaps nothing. */
size_t lzw_encode(uint8_t *out, const uint8_t *plain, size_t plain_nbytes, struct lzw_way way,
                  struct lzw_encode_tables *tables);

/* Make checks L-001 to L-003, and L-010: could these packed bytes stand for plain_nbytes bytes at
 * all? To be asked before memory is taken for them. */
enum lzw_status lzw_check_size(const uint8_t *packed, size_t packed_nbytes, uint64_t plain_nbytes);

/* Write the plain form of packed to out[0..out_nbytes), which it must fill exactly; out_nbytes is
 * below 2^47. Any input is safe: no byte outside the buffers is read or written, and the time is
 * linear in packed_nbytes + out_nbytes. If the result is not LZW_OK, out holds anything. */
enum lzw_status lzw_decode(uint8_t *out, size_t out_nbytes, const uint8_t *packed,
                           size_t packed_nbytes, struct lzw_decode_tables *tables);

#endif
