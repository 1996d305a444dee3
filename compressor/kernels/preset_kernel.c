/* preset_kernel.c - choosing a table for each chunk, and writing the chunk. */
#include "preset_kernel.h"
#include "noise.h"
#include "preset_path.h"
#include "preset_sides.h"

#include <string.h>

enum {
    SAMPLE_ROWS = 4,
    SAMPLE_ROW = 32,
    SAMPLE_ALL = 255,  /* bytes that are not sampled, but looked at all */
    RECORD_MIN = 4096, /* bytes: a chunk is cut before a record of FASTA no earlier */
    TABLES = 8
};

_Static_assert(SAMPLE_ALL < 256, "a byte counts all misses of a sample");
_Static_assert(SAMPLE_ALL / 8 + 1 >= SAMPLE_ROW, "the last row of a sample is in the chunk");

/* All tables in the order in which they are tried, and byte t of misses[b]: byte b counts as one
 * that table t lacks. */
struct encoder {
    struct preset_table tables[TABLES];
    uint64_t misses[256];
    struct preset_scratch *scratch;
    const struct preset_path *path;
};

const char *preset_path_name(const struct preset_path *path)
{
    return path->name;
}

const struct preset_path *preset_path_named(const char *name)
{
#if PRESET_HAVE_X86
    if ((!name || strcmp(name, "avx2") == 0) && __builtin_cpu_supports("avx2"))
        return &preset_avx2;
    if ((!name || strcmp(name, "ssse3") == 0) && __builtin_cpu_supports("ssse3"))
        return &preset_ssse3;
#endif
    return !name || strcmp(name, "portable") == 0 ? &preset_portable : NULL;
}

static void encoder_init(struct encoder *encoder, const struct preset_table *given)
{
    static const uint8_t order[] = {PRESET_DNA,    PRESET_DECIMAL,    PRESET_HEX,  PRESET_HEX_UPPER,
                                    PRESET_BASE64, PRESET_BASE64_URL, PRESET_ASCII};
    if (given)
        encoder->tables[0] = *given;
    else
        memset(&encoder->tables[0], 0, sizeof encoder->tables[0]); /* of no symbols: never tried */
    for (unsigned t = 1; t < TABLES; t++)
        preset_table_fixed(&encoder->tables[t], order[t - 1]);
    for (unsigned byte = 0; byte < 256; byte++) {
        encoder->misses[byte] = 0;
        for (unsigned t = 0; t < TABLES; t++) {
            const struct preset_table *table = &encoder->tables[t];
            bool dna = table->number == PRESET_DNA;
            unsigned upper = dna ? byte & 0xDF : byte;
            if (!table->codes[upper] && byte != '\n' && !(dna && upper == 'N'))
                encoder->misses[byte] |= (uint64_t)1 << 8 * t;
        }
    }
}

/* Return the tables, as bits, that lack at most an eighth of a sample. */
static unsigned promising(const struct encoder *encoder, const uint8_t *plain, size_t size)
{
    size_t rows = SAMPLE_ROWS, row = SAMPLE_ROW, first = size / 8;
    uint64_t misses = 0;
    unsigned tables = 0;
    if (size <= SAMPLE_ALL) {
        rows = 1;
        row = size;
        first = 0;
    }
    for (size_t r = 0; r < rows; r++)
        for (size_t i = 0; i < row; i++)
            misses += encoder->misses[plain[first * (2 * r + 1) + i]];
    for (unsigned t = 0; t < TABLES; t++)
        tables |= (unsigned)((misses >> 8 * t & 255) * 8 <= rows * row) << t;
    return tables;
}

/* Write the codes of the symbols and say what was seen of them. */
static unsigned pack_codes(const struct encoder *encoder, const struct preset_table *table,
                           uint8_t *out, const uint8_t *symbols, size_t count)
{
    const struct preset_path *path = encoder->path, *rest = &preset_portable;
    uint8_t *missing = encoder->scratch->missing, *lower = encoder->scratch->lower;
    unsigned saw = 0;
    size_t done = path->encode(out, missing, lower, &saw, symbols, count, table);
    rest->encode(out + preset_codes_size(table, done), missing + done / 8, lower + done / 8, &saw,
                 symbols + done, count - done, table);
    return saw;
}

static unsigned pack_threes(const struct encoder *encoder, const struct preset_table *table,
                            uint8_t *out, const uint8_t *symbols, size_t count)
{
    const struct preset_path *path = encoder->path, *rest = &preset_portable;
    uint8_t *codes = encoder->scratch->codes, *missing = encoder->scratch->missing;
    unsigned saw = 0;
    size_t done = path->map(codes, missing, &saw, symbols, count, table);
    rest->map(codes + done, missing + done / 8, &saw, symbols + done, count - done, table);
    done = path->pack_threes(out, codes, count);
    rest->pack_threes(out + preset_codes_size(table, done), codes + done, count - done);
    return saw;
}

static unsigned pack_ascii(const struct encoder *encoder, uint8_t *out, const uint8_t *symbols,
                           size_t count)
{
    unsigned saw = 0;
    size_t done = encoder->path->encode7(out, &saw, symbols, count);
    preset_portable.encode7(out + done / 8 * 7, &saw, symbols + done, count - done);
    return saw;
}

static unsigned pack_all(const struct encoder *encoder, const struct preset_table *table,
                         uint8_t *out, const uint8_t *symbols, size_t count)
{
    if (table->number == PRESET_ASCII && !pack_ascii(encoder, out, symbols, count))
        return 0;
    memset(encoder->scratch->missing, 0, (count + 7) / 8);
    memset(encoder->scratch->lower, 0, (count + 7) / 8);
    if (table->bits)
        return pack_codes(encoder, table, out, symbols, count);
    return pack_threes(encoder, table, out, symbols, count);
}

/* A chunk as it is written by a table. */
struct chunk {
    size_t plain_size;
    size_t size; /* packed */
    struct preset_lines lines;
    size_t count; /* of symbols */
    const uint8_t *symbols;
};

/* Where a record of FASTA begins behind so much, end the chunk before it: its lines begin anew. */
static bool cut_before_record(struct chunk *chunk, const uint8_t *plain)
{
    for (size_t at = RECORD_MIN; at < chunk->plain_size; at++) {
        const uint8_t *found = memchr(plain + at, '>', chunk->plain_size - at);
        if (!found)
            return false;
        at = (size_t)(found - plain);
        if (plain[at - 1] == '\n') {
            chunk->plain_size = at;
            return true;
        }
    }
    return false;
}

/* Take the lines out of the chunk if the table lacks their ends. */
static void take_lines(const struct encoder *encoder, const struct preset_table *table,
                       struct chunk *chunk, const uint8_t *plain)
{
    chunk->lines.count = 0;
    chunk->symbols = plain;
    if (!table->codes['\n'])
        chunk->lines = preset_lines_find(plain, chunk->plain_size);
    chunk->count = chunk->plain_size - chunk->lines.count;
    if (chunk->lines.count) {
        preset_lines_strip(encoder->scratch->symbols, plain, chunk->plain_size, &chunk->lines);
        chunk->symbols = encoder->scratch->symbols;
    }
}

static uint8_t *write_head(uint8_t *out, const struct chunk *chunk, unsigned flags)
{
    out[0] = (uint8_t)flags;
    preset_store(out + 1, chunk->plain_size - 1, 2);
    if (!chunk->lines.count)
        return out + PRESET_HEAD_SIZE;
    preset_store(out + 3, chunk->lines.first, 2);
    preset_store(out + 5, chunk->lines.stride, 2);
    preset_store(out + 7, chunk->lines.count, 2);
    return out + PRESET_HEAD_SIZE + PRESET_LINES_SIZE;
}

/* Write case and exceptions, as far as they fit; return their flags. */
static unsigned write_sides(const struct encoder *encoder, const struct preset_table *table,
                            const struct chunk *chunk, struct preset_writer *out, unsigned saw)
{
    unsigned flags = 0;
    if (table->number == PRESET_DNA && saw & PRESET_SAW_LOWER) {
        preset_case_write(out, encoder->scratch->lower, chunk->count);
        flags |= PRESET_HAS_CASE;
    }
    if (saw & PRESET_SAW_MISSING) {
        preset_exceptions_write(out, chunk->symbols, encoder->scratch->missing, chunk->count);
        flags |= PRESET_HAS_EXCEPTIONS;
    }
    return flags;
}

/* Write the chunk by a table; false if that does not make it smaller, or if it has been cut. */
static bool write_coded(const struct encoder *encoder, const struct preset_table *table,
                        struct chunk *chunk, const uint8_t *plain, uint8_t *packed)
{
    take_lines(encoder, table, chunk, plain);
    uint8_t *codes = packed + PRESET_HEAD_SIZE + (chunk->lines.count ? PRESET_LINES_SIZE : 0);
    unsigned flags = table->number | (chunk->lines.count ? PRESET_HAS_LINES : 0u);
    unsigned saw = pack_all(encoder, table, codes, chunk->symbols, chunk->count);
    if (table->number == PRESET_DNA && saw & PRESET_SAW_MISSING && cut_before_record(chunk, plain))
        return false;
    struct preset_writer out = {codes + preset_codes_size(table, chunk->count),
                                packed + PRESET_HEAD_SIZE + chunk->plain_size, false};
    if (out.at > out.end)
        return false;
    flags |= write_sides(encoder, table, chunk, &out, saw);
    write_head(packed, chunk, flags);
    chunk->size = (size_t)(out.at - packed);
    return !out.full;
}

static void write_raw(struct chunk *chunk, const uint8_t *plain, uint8_t *packed)
{
    chunk->lines.count = 0;
    memcpy(write_head(packed, chunk, PRESET_RAW), plain, chunk->plain_size);
    chunk->size = PRESET_HEAD_SIZE + chunk->plain_size;
}

/* Write what the best table makes of the chunk; false if it got shorter: then it is to be looked at
 * anew. */
static bool write_best(const struct encoder *encoder, struct chunk *chunk, const uint8_t *plain,
                       uint8_t *packed)
{
    size_t plain_size = chunk->plain_size, least = PRESET_HEAD_SIZE + plain_size;
    unsigned tables = promising(encoder, plain, plain_size);
    const struct preset_table *best = NULL, *last = NULL;
    for (unsigned t = 0; t < TABLES; t++) {
        const struct preset_table *table = &encoder->tables[t];
        if (!(tables >> t & 1) || PRESET_HEAD_SIZE + preset_codes_size(table, plain_size) >= least)
            continue;
        last = table;
        if (write_coded(encoder, table, chunk, plain, packed) && chunk->size < least) {
            least = chunk->size;
            best = table;
        }
        if (chunk->plain_size < plain_size)
            return false;
    }
    if (!best)
        write_raw(chunk, plain, packed);
    else if (best != last) /* another one wrote over it */
        write_coded(encoder, best, chunk, plain, packed);
    return true;
}

size_t preset_packed_bound(size_t plain_size)
{
    return plain_size + (plain_size / RECORD_MIN + 1) * PRESET_HEAD_SIZE + PRESET_LINES_SIZE +
           PRESET_SLACK;
}

size_t preset_raw_size(const uint8_t *plain, size_t plain_size)
{
    size_t chunks = (plain_size + PRESET_CHUNK_MAX - 1) / PRESET_CHUNK_MAX;
    return noise_likely(plain, plain_size) ? plain_size + PRESET_HEAD_SIZE * chunks : 0;
}

size_t preset_encode_raw(uint8_t *packed, const uint8_t *plain, size_t plain_size,
                         const struct preset_table *given)
{
    struct encoder encoder = {.path = NULL};
    uint8_t *out = packed;
    encoder_init(&encoder, given);
    for (size_t at = 0; at < plain_size; at += PRESET_CHUNK_MAX) {
        size_t rest = plain_size - at;
        struct chunk chunk = {.plain_size = rest < PRESET_CHUNK_MAX ? rest : PRESET_CHUNK_MAX};
        write_raw(&chunk, plain + at, out);
        if (promising(&encoder, plain + at, chunk.plain_size))
            return 0;
        out += chunk.size;
    }
    return (size_t)(out - packed);
}

size_t preset_encode(uint8_t *packed, const uint8_t *plain, size_t plain_size,
                     const struct preset_table *given, struct preset_scratch *scratch,
                     const struct preset_path *path)
{
    struct encoder encoder = {.scratch = scratch, .path = path};
    uint8_t *out = packed;
    encoder_init(&encoder, given);
    while (plain_size) {
        struct chunk chunk = {.plain_size = plain_size};
        if (chunk.plain_size > PRESET_CHUNK_MAX)
            chunk.plain_size = PRESET_CHUNK_MAX;
        while (!write_best(&encoder, &chunk, plain, out)) {
            /* It was cut; it is so once at most, as no record begins before its new end. */
        }
        out += chunk.size;
        plain += chunk.plain_size;
        plain_size -= chunk.plain_size;
    }
    return (size_t)(out - packed);
}
