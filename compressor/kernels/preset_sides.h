/* preset_sides.h - what stands beside a chunk's codes: lines, case, exceptions. */
#ifndef COMPRESSOR_PRESET_SIDES_H
#define COMPRESSOR_PRESET_SIDES_H

#include "preset_kernel.h"

enum { PRESET_HEAD_SIZE = 3, PRESET_LINES_SIZE = 6 }; /* bytes */

/* In a chunk's first byte, beside its table. */
enum {
    PRESET_TABLE_BITS = 0x0F,
    PRESET_HAS_LINES = 0x10,
    PRESET_HAS_CASE = 0x20,
    PRESET_HAS_EXCEPTIONS = 0x40
};

/* Line feeds at first, first + stride, ...: count of them; none where count is 0. */
struct preset_lines {
    size_t first, stride, count;
};

/* Bytes that are read, and where they end. */
struct preset_reader {
    const uint8_t *at, *end;
};

/* Bytes that are written, as long as there is room. */
struct preset_writer {
    uint8_t *at, *end;
    bool full; /* something did not fit */
};

/* Find the lines that plain begins with. */
struct preset_lines preset_lines_find(const uint8_t *plain, size_t size);

/* Copy plain without its line feeds, and symbols with them; either may be written PRESET_SLACK
 * bytes too far if out has that room (plain's owner says where it ends). */
void preset_lines_strip(uint8_t *out, const uint8_t *plain, size_t size,
                        const struct preset_lines *lines);
void preset_lines_insert(uint8_t *plain, size_t size, const uint8_t *symbols,
                         const struct preset_lines *lines);

/* Write the runs of clear and set bits of lower[0..n), and read them: bit 5 of the symbols that
 * they say is set. */
void preset_case_write(struct preset_writer *out, const uint8_t *lower, size_t n);
enum preset_result preset_case_read(uint8_t *symbols, size_t n, struct preset_reader *in);

/* Write the symbols that missing[] marks, and read them into their places. */
void preset_exceptions_write(struct preset_writer *out, const uint8_t *symbols,
                             const uint8_t *missing, size_t n);
enum preset_result preset_exceptions_read(uint8_t *symbols, size_t n, struct preset_reader *in);

#endif
