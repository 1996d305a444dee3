/* preset_decode.c - reading chunks, with every check. */
#include "preset_kernel.h"
#include "preset_path.h"
#include "preset_sides.h"

#include <string.h>

struct decoder {
    struct preset_reader in;
    const struct preset_table *given;
    struct preset_table fixed; /* the last one that was needed */
    struct preset_scratch *scratch;
    const struct preset_path *path;
};

static const struct preset_table *table_of(struct decoder *decoder, unsigned number)
{
    if (number == PRESET_GIVEN)
        return decoder->given;
    if (number == PRESET_RAW || number > PRESET_GIVEN)
        return NULL;
    if (decoder->fixed.number != number)
        preset_table_fixed(&decoder->fixed, number);
    return &decoder->fixed;
}

static enum preset_result read_lines(struct preset_reader *in, struct preset_lines *lines,
                                     size_t plain_size)
{
    if (in->end - in->at < PRESET_LINES_SIZE)
        return PRESET_BAD_LINES;
    lines->first = (size_t)preset_load(in->at, 2);
    lines->stride = (size_t)preset_load(in->at + 2, 2);
    lines->count = (size_t)preset_load(in->at + 4, 2);
    in->at += PRESET_LINES_SIZE;
    if (!lines->stride || !lines->count ||
        lines->first + (lines->count - 1) * lines->stride >= plain_size)
        return PRESET_BAD_LINES;
    return PRESET_OK;
}

/* What each of these gives is the largest code. */
static unsigned unpack_codes(const struct decoder *decoder, const struct preset_table *table,
                             uint8_t *symbols, size_t count)
{
    const uint8_t *in = decoder->in.at, *end = decoder->in.end;
    uint8_t most = 0;
    size_t done = decoder->path->decode(symbols, &most, count, in, end, table);
    in += preset_codes_size(table, done);
    preset_portable.decode(symbols + done, &most, count - done, in, end, table);
    return most;
}

static unsigned unpack_ascii(const struct decoder *decoder, uint8_t *symbols, size_t count)
{
    const uint8_t *in = decoder->in.at, *end = decoder->in.end;
    size_t done = decoder->path->decode7(symbols, count, in, end);
    preset_portable.decode7(symbols + done, count - done, in + done / 8 * 7, end);
    return 0;
}

/* 1000 stands for numbers above 999, and for digits behind the last. */
static unsigned unpack_threes(const struct decoder *decoder, const struct preset_table *table,
                              uint8_t *symbols, size_t count)
{
    const uint8_t *in = decoder->in.at, *end = decoder->in.end;
    uint8_t *codes = decoder->scratch->codes, most = 0;
    uint16_t largest = 0;
    size_t done = decoder->path->unpack_threes(codes, &largest, count, in, end);
    in += preset_codes_size(table, done);
    preset_portable.unpack_threes(codes + done, &largest, count - done, in, end);
    for (size_t i = count; i % 3; i++)
        if (codes[i])
            return 1000;
    if (largest > 999)
        return 1000;
    done = decoder->path->unmap(symbols, &most, codes, count, table);
    preset_portable.unmap(symbols + done, &most, codes + done, count - done, table);
    return most;
}

/* Read count symbols, 1 at least. */
static enum preset_result read_symbols(struct decoder *decoder, const struct preset_table *table,
                                       uint8_t *symbols, size_t count)
{
    size_t size = preset_codes_size(table, count);
    size_t used = table->bits ? count * table->bits : (count + 2) / 3 * 10;
    unsigned most;
    if ((size_t)(decoder->in.end - decoder->in.at) < size)
        return PRESET_SYMBOLS_CUT;
    if (used % 8 && decoder->in.at[size - 1] >> used % 8)
        return PRESET_UNUSED_BITS;
    if (table->number == PRESET_ASCII)
        most = unpack_ascii(decoder, symbols, count);
    else if (table->bits)
        most = unpack_codes(decoder, table, symbols, count);
    else
        most = unpack_threes(decoder, table, symbols, count);
    decoder->in.at += size;
    return most < table->count ? PRESET_OK : PRESET_NO_SYMBOL;
}

/* Read what stands behind the codes. */
static enum preset_result read_sides(struct decoder *decoder, unsigned flags, uint8_t *symbols,
                                     size_t count)
{
    enum preset_result result = PRESET_OK;
    if (flags & PRESET_HAS_CASE)
        result = preset_case_read(symbols, count, &decoder->in);
    if (result == PRESET_OK && flags & PRESET_HAS_EXCEPTIONS)
        result = preset_exceptions_read(symbols, count, &decoder->in);
    return result;
}

static enum preset_result read_coded(struct decoder *decoder, unsigned flags, uint8_t *plain,
                                     size_t plain_size)
{
    const struct preset_table *table = table_of(decoder, flags & PRESET_TABLE_BITS);
    if (!table || flags > 0x7F || (flags & PRESET_HAS_CASE && table->number != PRESET_DNA))
        return PRESET_BAD_TABLE;
    struct preset_lines lines = {0, 0, 0};
    enum preset_result result = PRESET_OK;
    if (flags & PRESET_HAS_LINES)
        result = read_lines(&decoder->in, &lines, plain_size);
    if (result != PRESET_OK)
        return result;
    size_t count = plain_size - lines.count;
    uint8_t *symbols = lines.count ? decoder->scratch->symbols : plain;
    if (count)
        result = read_symbols(decoder, table, symbols, count);
    if (result == PRESET_OK)
        result = read_sides(decoder, flags, symbols, count);
    if (result == PRESET_OK && lines.count)
        preset_lines_insert(plain, plain_size, symbols, &lines);
    return result;
}

/* Read a chunk of at most *plain_size bytes, and set it to its size. */
static enum preset_result read_chunk(struct decoder *decoder, uint8_t *plain, size_t *plain_size)
{
    struct preset_reader *in = &decoder->in;
    if (in->end - in->at < PRESET_HEAD_SIZE)
        return PRESET_HEAD_CUT;
    unsigned flags = in->at[0];
    size_t size = (size_t)preset_load(in->at + 1, 2) + 1;
    in->at += PRESET_HEAD_SIZE;
    if (size > *plain_size)
        return PRESET_CHUNK_TOO_LONG;
    *plain_size = size;
    if (flags != PRESET_RAW)
        return read_coded(decoder, flags, plain, size);
    if ((size_t)(in->end - in->at) < size)
        return PRESET_SYMBOLS_CUT;
    memcpy(plain, in->at, size);
    in->at += size;
    return PRESET_OK;
}

enum preset_result preset_check_size(size_t packed_size, uint64_t plain_size)
{
    uint64_t chunks = packed_size / PRESET_HEAD_SIZE;
    return plain_size <= chunks * PRESET_CHUNK_MAX ? PRESET_OK : PRESET_UNEARNED_SIZE;
}

enum preset_result preset_decode(uint8_t *plain, size_t plain_size, const uint8_t *packed,
                                 size_t packed_size, const struct preset_table *given,
                                 struct preset_scratch *scratch, const struct preset_path *path)
{
    struct decoder decoder = {
        .in = {packed, packed + packed_size}, .given = given, .scratch = scratch, .path = path};
    if (preset_check_size(packed_size, plain_size) != PRESET_OK)
        return PRESET_UNEARNED_SIZE;
    while (plain_size) {
        size_t size = plain_size;
        enum preset_result result = read_chunk(&decoder, plain, &size);
        if (result != PRESET_OK)
            return result;
        plain += size;
        plain_size -= size;
    }
    return decoder.in.at == decoder.in.end ? PRESET_OK : PRESET_TRAILING_BYTES;
}
