/* Lines, case and exceptions: docs/format/preset.md, in its order. */
#include "preset_sides.h"
#include "preset_path.h"

#include <string.h>

enum {
    FIRST_LINE_MAX = 1024, /* bytes in which the first line feed is looked for */
    LINES_MIN = 2          /* below, exceptions are as small */
};

struct preset_lines preset_lines_find(const uint8_t *plain, size_t size)
{
    struct preset_lines none = {0, 0, 0}, lines = {0, 0, 1};
    const uint8_t *first = memchr(plain, '\n', size < FIRST_LINE_MAX ? size : FIRST_LINE_MAX);
    if (!first)
        return none;
    lines.first = (size_t)(first - plain);
    const uint8_t *second = memchr(first + 1, '\n', size - lines.first - 1);
    if (!second)
        return none;
    lines.stride = (size_t)(second - first);
    size_t at = lines.first + lines.stride;
    while (at < size && plain[at] == '\n') {
        lines.count++;
        at += lines.stride;
    }
    return lines.count < LINES_MIN ? none : lines;
}

void preset_lines_strip(uint8_t *out, const uint8_t *plain, size_t size,
                        const struct preset_lines *lines)
{
    size_t from = 0, to = lines->first;
    for (size_t i = 0; i < lines->count; i++, to += lines->stride) {
        memcpy(out, plain + from, to - from);
        out += to - from;
        from = to + 1;
    }
    memcpy(out, plain + from, size - from);
}

void preset_lines_insert(uint8_t *plain, size_t size, const uint8_t *symbols,
                         const struct preset_lines *lines)
{
    size_t from = 0, to = lines->first;
    for (size_t i = 0; i < lines->count; i++, to += lines->stride) {
        memcpy(plain + from, symbols, to - from);
        symbols += to - from;
        plain[to] = '\n';
        from = to + 1;
    }
    memcpy(plain + from, symbols, size - from);
}

static void write_byte(struct preset_writer *out, unsigned byte)
{
    if (out->at == out->end)
        out->full = true;
    else
        *out->at++ = (uint8_t)byte;
}

/* Seven bits a byte, the lowest first; the last byte has bit 7 clear. */
static void write_number(struct preset_writer *out, size_t number)
{
    for (; number >= 128; number >>= 7)
        write_byte(out, (unsigned)(number & 127) | 128);
    write_byte(out, (unsigned)number);
}

/* Read such a number of at most three bytes, without a zero byte at its end. */
static bool read_number(struct preset_reader *in, size_t *number)
{
    *number = 0;
    for (unsigned shift = 0; shift < 21 && in->at < in->end; shift += 7) {
        uint8_t byte = *in->at++;
        *number |= (size_t)(byte & 127) << shift;
        if (byte < 128)
            return byte || shift == 0;
    }
    return false;
}

/* Leave room for a count of 16 bits, and fill it in. */
static uint8_t *begin_list(struct preset_writer *out)
{
    uint8_t *place = out->at;
    write_byte(out, 0);
    write_byte(out, 0);
    return place;
}

static void end_list(const struct preset_writer *out, uint8_t *place, size_t count)
{
    if (!out->full)
        preset_store(place, count, 2);
}

static bool read_count(struct preset_reader *in, size_t *count)
{
    if (in->end - in->at < 2)
        return false;
    *count = (size_t)preset_load(in->at, 2);
    in->at += 2;
    return true;
}

static bool bit_at(const uint8_t *bits, size_t i)
{
    return bits[i / 8] >> i % 8 & 1;
}

/* Return the first place from `from` on, below n, where the bit is `wanted`; n if there is none. */
static size_t next_bit(const uint8_t *bits, size_t from, size_t n, bool wanted)
{
    uint8_t none = wanted ? 0x00 : 0xFF;
    while (from < n) {
        if (from % 8 == 0 && bits[from / 8] == none)
            from += 8;
        else if (bit_at(bits, from) == wanted)
            return from;
        else
            from++;
    }
    return n;
}

void preset_case_write(struct preset_writer *out, const uint8_t *lower, size_t n)
{
    uint8_t *place = begin_list(out);
    size_t from = 0, count = 0;
    bool is_lower = false;
    while (!out->full) {
        size_t to = next_bit(lower, from, n, !is_lower);
        if (to == n)
            break;
        write_number(out, to - from);
        count++;
        from = to;
        is_lower = !is_lower;
    }
    end_list(out, place, count);
}

enum preset_result preset_case_read(uint8_t *symbols, size_t n, struct preset_reader *in)
{
    size_t count, run, at = 0;
    bool is_lower = false;
    if (!read_count(in, &count))
        return PRESET_BAD_NUMBER;
    for (size_t i = 0; i <= count; i++, is_lower = !is_lower) {
        if (i == count)
            run = n - at;
        else if (!read_number(in, &run))
            return PRESET_BAD_NUMBER;
        if (run > n - at || (run == n - at && i < count))
            return PRESET_BAD_CASE;
        for (size_t k = 0; is_lower && k < run; k++)
            symbols[at + k] |= 0x20;
        at += run;
    }
    return PRESET_OK;
}

void preset_exceptions_write(struct preset_writer *out, const uint8_t *symbols,
                             const uint8_t *missing, size_t n)
{
    uint8_t *place = begin_list(out);
    size_t count = 0, behind = 0;
    while (!out->full) {
        size_t at = next_bit(missing, behind, n, true), end = at + 1;
        if (at == n)
            break;
        while (end < n && symbols[end] == symbols[at])
            end++; /* the same byte is missing again */
        write_number(out, at - behind);
        write_number(out, end - at);
        write_byte(out, symbols[at]);
        count++;
        behind = end;
    }
    end_list(out, place, count);
}

enum preset_result preset_exceptions_read(uint8_t *symbols, size_t n, struct preset_reader *in)
{
    size_t count, gap, run, at = 0;
    if (!read_count(in, &count))
        return PRESET_BAD_NUMBER;
    for (; count; count--) {
        if (!read_number(in, &gap) || !read_number(in, &run) || in->at == in->end)
            return PRESET_BAD_NUMBER;
        if (gap > n - at || run == 0 || run > n - at - gap)
            return PRESET_BAD_EXCEPTIONS;
        memset(symbols + at + gap, *in->at++, run);
        at += gap + run;
    }
    return PRESET_OK;
}
