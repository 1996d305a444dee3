/* lz77_kernel.c - a block, chunk by chunk: is it noise, parse it, write it or its bytes. */
#include "lz77_efforts.h"
#include "lz77_prices.h"
#include "noise.h"

#include <stdbool.h>

_Static_assert(LZ77_CHUNK == NOISE_PART, "a chunk is judged at once");

enum {
    LITERALS_ENOUGH = 2048, /* of a chunk, to go by what they took */
    USUAL_TENTHS = 50,      /* until that is known */
};

struct encoder {
    struct lz77_parser parser;
    struct lz77_streams streams;
    const struct lz77_coder *coder;
    uint8_t *huffman_scratch;
};

size_t lz77_encode_bound(size_t plain_nbytes)
{
    /* Raw chunks; and one that was coded in vain, at worst in sequences of MATCH_MIN bytes: a
     * command, a class and 29 bits for each. */
    size_t last = plain_nbytes < LZ77_CHUNK ? plain_nbytes : LZ77_CHUNK;
    return plain_nbytes + plain_nbytes / LZ77_CHUNK + 1 + CODED_CHUNK_LEAST + 2 * last + SLACK;
}

/* Give everything its part of scratch, which begins with the encoder itself. */
static size_t place_all(struct encoder *encoder, uint8_t *scratch, size_t plain_nbytes, int level)
{
    struct room room = {scratch, 0};
    (void)room_take(&room, sizeof *encoder);
    lz77_streams_place(&encoder->streams, &room);
    encoder->huffman_scratch =
        room_take(&room, encoder->coder->huffman->encode_scratch(LZ77_CHUNK));
    encoder->parser.sequences = room_take(&room, SEQUENCES_MAX * sizeof(struct lz77_sequence));
    lz77_place_tables(&encoder->parser, &room, plain_nbytes, level);
    return room.used;
}

size_t lz77_encode_scratch(size_t plain_nbytes, int level, const struct lz77_coder *coder)
{
    struct encoder encoder = {.coder = coder};
    return place_all(&encoder, NULL, plain_nbytes, level);
}

static uint8_t *write_raw(uint8_t *out, struct lz77_span span)
{
    size_t nbytes = (size_t)(span.end - span.start);
    *out++ = MODE_RAW;
    memcpy(out, span.start, nbytes);
    return out + nbytes;
}

static void parse(struct encoder *encoder, struct lz77_span span, uint32_t repeats[3])
{
    struct lz77_parser *parser = &encoder->parser;
    memcpy(repeats, parser->repeats, sizeof parser->repeats);
    parser->sequence_count = 0;
    if (span.match_limit > span.start)
        parser->effort->parse(parser, span);
    lz77_fill_streams(&encoder->streams, parser, span, repeats);
    if (parser->prices)
        lz77_learn_prices(parser->prices, &encoder->streams);
}

/* Tell the parser what literals cost, where there were enough to tell. */
static void note_literals(struct encoder *encoder)
{
    const struct lz77_streams *streams = &encoder->streams;
    if (streams->literal_count >= LITERALS_ENOUGH)
        encoder->parser.literal_tenths =
            (unsigned)(80 * streams->packed_literals / streams->literal_count);
}

/* Write the chunk coded, if that is smaller; else leave the repeats as they are. */
static uint8_t *write_coded(struct encoder *encoder, uint8_t *out, struct lz77_span span)
{
    uint32_t repeats[3];
    if (encoder->parser.prices && span.start == encoder->parser.plain) {
        parse(encoder, span, repeats); /* only to learn prices, as there are none yet */
        lz77_clear_tables(&encoder->parser);
    }
    parse(encoder, span, repeats);
    uint8_t *end =
        lz77_write_streams(out, &encoder->streams, encoder->coder, encoder->huffman_scratch);
    if (end - out > span.end - span.start)
        return write_raw(out, span);
    memcpy(encoder->parser.repeats, repeats, sizeof repeats);
    note_literals(encoder);
    return end;
}

static struct lz77_span span_at(const uint8_t *start, const uint8_t *plain_end)
{
    struct lz77_span span = {start, plain_end, start};
    if ((size_t)(plain_end - start) > LZ77_CHUNK)
        span.end = start + LZ77_CHUNK;
    if (span.end - start >= CHUNK_LEAST) {
        span.match_limit = span.end - MATCH_ROOM;
        if (plain_end - span.match_limit < LOOKAHEAD)
            span.match_limit = plain_end - LOOKAHEAD;
    }
    return span;
}

size_t lz77_raw_size(const uint8_t *plain, size_t plain_nbytes)
{
    size_t chunks = (plain_nbytes + LZ77_CHUNK - 1) / LZ77_CHUNK;
    return noise_likely(plain, plain_nbytes) ? plain_nbytes + chunks : 0;
}

size_t lz77_encode_raw(uint8_t *out, const uint8_t *plain, size_t plain_nbytes)
{
    struct noise_look look;
    uint8_t *out_at = out;
    noise_begin(&look, plain_nbytes);
    for (size_t at = 0, part; at < plain_nbytes; at += part) {
        part = noise_part(plain_nbytes - at);
        const uint8_t *start = plain + at, *end = start + part;
        const uint8_t *cut = part < LZ77_CHUNK ? end : start + LZ77_CHUNK;
        out_at = write_raw(out_at, (struct lz77_span){start, cut, start});
        if (cut < end)
            out_at = write_raw(out_at, (struct lz77_span){cut, end, cut});
        noise_next(&look, start, part);
        if (look.nbytes != at + part || noise_repeats(&look))
            return 0;
    }
    return (size_t)(out_at - out);
}

size_t lz77_encode(uint8_t *out, const uint8_t *plain, size_t plain_nbytes, int level,
                   uint8_t *scratch, const struct lz77_coder *coder)
{
    struct encoder *encoder = (struct encoder *)(void *)scratch;
    const uint32_t repeats[3] = REPEATS_START;
    const uint8_t *end = plain + plain_nbytes;
    uint8_t *out_at = out;
    struct noise_look look;
    noise_look(&look, NULL, plain, plain_nbytes);
    bool all_noise = noise_is(&look, plain_nbytes), some_noise = !noise_repeats(&look);
    memset(encoder, 0, sizeof *encoder);
    encoder->coder = coder;
    place_all(encoder, scratch, plain_nbytes, level);
    encoder->parser.plain = plain;
    encoder->parser.plain_end = end;
    memcpy(encoder->parser.repeats, repeats, sizeof repeats);
    encoder->parser.rows.portable = coder->portable;
    encoder->parser.rows.bmi2 = coder->bmi2;
    encoder->parser.literal_tenths = USUAL_TENTHS;
    lz77_clear_tables(&encoder->parser);
    if (encoder->parser.prices)
        lz77_guess_prices(encoder->parser.prices, plain, (size_t)(span_at(plain, end).end - plain));
    for (const uint8_t *at = plain; at < end;) {
        struct lz77_span span = span_at(at, end);
        if (all_noise || (some_noise && noise_likely(at, (size_t)(span.end - at)))) {
            out_at = write_raw(out_at, span);
            lz77_index_raw(&encoder->parser, span);
        } else {
            out_at = write_coded(encoder, out_at, span);
        }
        at = span.end;
    }
    return (size_t)(out_at - out);
}
