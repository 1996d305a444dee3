/* lz77_decode.c - chunks to plain bytes.
 *
 * A coded chunk is read in three steps: its four streams by Huffman's code; the new offsets, into
 * an array, from their classes and extra bits; then the sequences, in one loop that copies. */
#include "lz77_format.h"

#include <stdbool.h>

/* The streams of a chunk. What is read in steps may be read SLACK bytes too far. */
struct streams {
    const uint8_t *literals, *literals_end, *commands, *lengths, *lengths_end, *classes;
    size_t command_count, class_count;
    uint32_t *offsets; /* one more than there are classes */
};

struct decoder {
    const uint8_t *in, *in_end;
    uint8_t *out, *out_at, *out_end; /* out_at: where the chunk begins */
    uint32_t repeats[3];
    uint8_t *literal_room, *command_room, *length_room, *class_room, *huffman_scratch;
    uint32_t *offset_room;
    const struct lz77_coder *coder;
};

static size_t place_all(struct decoder *decoder, uint8_t *scratch, size_t plain_nbytes)
{
    size_t chunk = plain_nbytes < LZ77_CHUNK ? plain_nbytes : LZ77_CHUNK;
    size_t sequences = chunk / MATCH_MIN, lengths = LENGTHS_EACH * sequences;
    struct room room = {scratch, 0};
    decoder->literal_room = room_take(&room, chunk + SLACK);
    decoder->command_room = room_take(&room, sequences + SLACK);
    decoder->class_room = room_take(&room, sequences + SLACK);
    decoder->length_room = room_take(&room, lengths + SLACK);
    decoder->offset_room = room_take(&room, (sequences + 1) * sizeof(uint32_t));
    decoder->huffman_scratch = room_take(&room, decoder->coder->huffman->decode_scratch(chunk));
    return room.used;
}

size_t lz77_decode_scratch(size_t plain_nbytes, const struct lz77_coder *coder)
{
    struct decoder decoder = {.coder = coder};
    return place_all(&decoder, NULL, plain_nbytes);
}

enum lz77_status lz77_check_size(size_t packed_nbytes, uint64_t plain_nbytes)
{
    uint64_t whole = plain_nbytes / LZ77_CHUNK, rest = plain_nbytes % LZ77_CHUNK;
    return packed_nbytes / CODED_CHUNK_LEAST < whole ||
                   packed_nbytes - whole * CODED_CHUNK_LEAST < 2 * (rest != 0)
               ? LZ77_UNEARNED_SIZE
               : LZ77_OK;
}

/* ---- A chunk's streams ---- */

/* Read count bytes of Huffman's code; *at is where they are, with SLACK bytes to be read behind. */
static enum lz77_status read_stream(struct decoder *decoder, const uint8_t **at, uint8_t *room,
                                    size_t count)
{
    const struct lz77_coder *coder = decoder->coder;
    if (coder->huffman->view_chunk(at, room, count, &decoder->in, decoder->in_end,
                                   decoder->huffman_scratch, coder->path) != HUFFMAN_OK)
        return LZ77_BAD_STREAM;
    if (*at != room && (size_t)(decoder->in_end - *at) < count + SLACK) {
        memcpy(room, *at, count);
        *at = room;
    }
    return LZ77_OK;
}

static size_t count_new_offsets(const uint8_t *commands, size_t count)
{
    size_t found = 0;
    for (size_t i = 0; i < count; i++)
        found += (commands[i] & 12) == 0;
    return found;
}

static enum lz77_status read_streams(struct decoder *decoder, struct streams *streams,
                                     size_t chunk_nbytes)
{
    if (decoder->in_end - decoder->in < HEAD_NBYTES)
        return LZ77_HEAD_CUT;
    size_t command_count = load_le16(decoder->in + 1), length_count = load_le16(decoder->in + 3);
    size_t literal_count = load_le24(decoder->in + 5);
    if (MATCH_MIN * command_count + literal_count > chunk_nbytes ||
        length_count > LENGTHS_EACH * command_count)
        return LZ77_BAD_COUNTS;
    decoder->in += HEAD_NBYTES;
    enum lz77_status status =
        read_stream(decoder, &streams->commands, decoder->command_room, command_count);
    if (status == LZ77_OK)
        status = read_stream(decoder, &streams->lengths, decoder->length_room, length_count);
    if (status != LZ77_OK)
        return status;
    streams->command_count = command_count;
    streams->lengths_end = streams->lengths + length_count;
    streams->class_count = count_new_offsets(streams->commands, command_count);
    status = read_stream(decoder, &streams->classes, decoder->class_room, streams->class_count);
    if (status == LZ77_OK)
        status = read_stream(decoder, &streams->literals, decoder->literal_room, literal_count);
    if (status == LZ77_OK)
        streams->literals_end = streams->literals + literal_count;
    return status;
}

/* ---- New offsets ---- */

/* Return how many bits lie behind the classes, or that one of them is none. */
static enum lz77_status count_extra_bits(size_t *bits, const uint8_t *classes, size_t count)
{
    uint8_t highest = 0;
    size_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        highest = classes[i] > highest ? classes[i] : highest;
        sum += classes[i] >> 2;
    }
    *bits = sum;
    return highest > CLASS_MAX ? LZ77_BAD_CLASS : LZ77_OK;
}

/* Return the 8 bytes at a place, zeros behind the end. */
static uint64_t load_up_to(const uint8_t *at, const uint8_t *end)
{
    uint64_t word = 0;
    for (unsigned i = 0; i < 8 && at + i < end; i++)
        word |= (uint64_t)at[i] << 8 * i;
    return word;
}

static enum lz77_status read_offsets(struct decoder *decoder, struct streams *streams)
{
    size_t bits, bit = 0, i = 0;
    enum lz77_status status = count_extra_bits(&bits, streams->classes, streams->class_count);
    if (status != LZ77_OK)
        return status;
    size_t nbytes = (bits + 7) / 8;
    if ((size_t)(decoder->in_end - decoder->in) < nbytes)
        return LZ77_EXTRAS_CUT;
    const uint8_t *in = decoder->in;
    if (bits % 8 && in[nbytes - 1] >> bits % 8)
        return LZ77_UNUSED_BITS;
    size_t in_nbytes = (size_t)(decoder->in_end - in);
    size_t fast_bits = in_nbytes < 8 ? 0 : (in_nbytes - 8) * 8;
    uint32_t *offsets = decoder->offset_room;
    /* Each turn reads 8 bytes from that of its first bit on. */
    for (; i < streams->class_count; i++) {
        unsigned class = streams->classes[i], low = class >> 2;
        uint64_t word = LIKELY(bit < fast_bits) ? load_le64(in + (bit >> 3))
                                                : load_up_to(in + (bit >> 3), decoder->in_end);
        uint32_t extra = (uint32_t)(word >> (bit & 7)) & ((1u << low) - 1);
        offsets[i] = ((4 + (class & 3)) << low) + extra - OFFSET_BIAS;
        bit += low;
    }
    offsets[i] = 1; /* read for a repeat behind the last new one, and not used */
    streams->offsets = offsets;
    decoder->in += nbytes;
    return LZ77_OK;
}

/* ---- Sequences ---- */

/* Copy to out[0..end) from an offset of 1 or more; up to 31 bytes behind end are written. */
static inline void copy_match(uint8_t *out, uint8_t *end, uint32_t offset)
{
    const uint8_t *from = out - offset;
    if (LIKELY(offset >= 16)) {
        copy_16(out, from);
        while (UNLIKELY((out += 16) < end))
            copy_16(out, from += 16);
        return;
    }
    /* Eight bytes one by one; then in steps of 8 from a multiple of the offset, 8 or more, back. */
    for (unsigned i = 0; i < 8; i++)
        out[i] = from[i];
    uint32_t back = offset;
    while (back < 8)
        back += offset;
    for (out += 8; out < end; out += 8)
        store_le64(out, load_le64(out - back));
}

static inline void copy_literals(uint8_t *out, uint8_t *end, const uint8_t *from)
{
    copy_16(out, from);
    while (UNLIKELY((out += 16) < end))
        copy_16(out, from += 16);
}

static inline uint32_t take_long(const uint8_t **lengths, uint32_t first)
{
    uint32_t value = LENGTH_LONG + ((first - LENGTH_LONG) << 16 | load_le16(*lengths));
    *lengths += 2;
    return value;
}

struct sequence {
    size_t literal_nbytes, match_nbytes;
    uint32_t offset;
};

/* What the loop over the sequences moves on. */
struct cursor {
    const uint8_t *lengths, *literals;
    const uint32_t *offsets;
    uint8_t *out;
    uint32_t repeats[3];
};

static inline struct sequence next_sequence(struct cursor *cursor, uint32_t command)
{
    struct sequence sequence = {command & 3, (command >> 4) + MATCH_MIN, 0};
    /* Whether literals have a length is a coin's toss, so its byte is read in any case; but that
     * a match has one is seldom. */
    uint32_t more = sequence.literal_nbytes == LITERALS_MORE, byte = *cursor->lengths;
    cursor->lengths += more;
    byte = more ? byte : 0;
    if (UNLIKELY(byte >= LENGTH_LONG))
        byte = take_long(&cursor->lengths, byte);
    sequence.literal_nbytes += byte;
    if (UNLIKELY(sequence.match_nbytes == MATCH_MORE + MATCH_MIN)) {
        byte = *cursor->lengths++;
        if (UNLIKELY(byte >= LENGTH_LONG))
            byte = take_long(&cursor->lengths, byte);
        sequence.match_nbytes += byte;
    }
    uint32_t kind = command >> 2 & 3, *repeats = cursor->repeats, offset = *cursor->offsets;
    cursor->offsets += kind == 0;
    offset = kind == 1 ? repeats[0] : offset;
    offset = kind == 2 ? repeats[1] : offset;
    offset = kind == 3 ? repeats[2] : offset;
    repeats[2] = kind == 1 || kind == 2 ? repeats[2] : repeats[1];
    repeats[1] = kind == 1 ? repeats[1] : repeats[0];
    repeats[0] = offset;
    sequence.offset = offset;
    return sequence;
}

/* Say which check a sequence fails, in their order. */
static enum lz77_status check_sequence(const struct decoder *decoder, const struct streams *streams,
                                       const struct cursor *cursor, struct sequence sequence,
                                       const uint8_t *chunk_end)
{
    if (cursor->lengths > streams->lengths_end)
        return LZ77_LENGTHS_CUT;
    if (sequence.literal_nbytes > (size_t)(streams->literals_end - cursor->literals))
        return LZ77_LITERALS_CUT;
    if (sequence.literal_nbytes + sequence.match_nbytes > (size_t)(chunk_end - cursor->out))
        return LZ77_CHUNK_OVERRUN;
    if (sequence.offset > (size_t)(cursor->out - decoder->out) + sequence.literal_nbytes)
        return LZ77_FAR_OFFSET;
    return LZ77_OK;
}

static void write_exactly(struct cursor *cursor, struct sequence sequence)
{
    memcpy(cursor->out, cursor->literals, sequence.literal_nbytes);
    uint8_t *out = cursor->out + sequence.literal_nbytes;
    for (size_t i = 0; i < sequence.match_nbytes; i++)
        out[i] = out[(ptrdiff_t)i - (ptrdiff_t)sequence.offset];
}

/* Write the chunk. Each turn reads at most 6 bytes of lengths too many and 16 of literals, and
 * writes up to 31 bytes of out too many where these are there; else it writes byte by byte. */
static enum lz77_status run_sequences(struct decoder *decoder, const struct streams *streams,
                                      uint8_t *chunk_end)
{
    const uint8_t *commands = streams->commands, *commands_end = commands + streams->command_count;
    struct cursor cursor = {streams->lengths,
                            streams->literals,
                            streams->offsets,
                            decoder->out_at,
                            {decoder->repeats[0], decoder->repeats[1], decoder->repeats[2]}};
    while (commands < commands_end) {
        struct sequence sequence = next_sequence(&cursor, *commands++);
        enum lz77_status status = check_sequence(decoder, streams, &cursor, sequence, chunk_end);
        if (UNLIKELY(status != LZ77_OK))
            return status;
        uint8_t *match = cursor.out + sequence.literal_nbytes;
        uint8_t *end = match + sequence.match_nbytes;
        if (LIKELY((size_t)(decoder->out_end - end) >= SLACK)) {
            copy_literals(cursor.out, match, cursor.literals);
            copy_match(match, end, sequence.offset);
        } else {
            write_exactly(&cursor, sequence);
        }
        cursor.literals += sequence.literal_nbytes;
        cursor.out = end;
    }
    if (cursor.lengths != streams->lengths_end)
        return LZ77_LENGTHS_LEFT;
    if (streams->literals_end - cursor.literals != chunk_end - cursor.out)
        return LZ77_LITERALS_LEFT;
    memcpy(cursor.out, cursor.literals, (size_t)(chunk_end - cursor.out));
    memcpy(decoder->repeats, cursor.repeats, sizeof cursor.repeats);
    return LZ77_OK;
}

/* ---- Chunks ---- */

static enum lz77_status decode_raw(struct decoder *decoder, size_t chunk_nbytes)
{
    if ((size_t)(decoder->in_end - decoder->in) < chunk_nbytes + 1)
        return LZ77_RAW_CUT;
    memcpy(decoder->out_at, decoder->in + 1, chunk_nbytes);
    decoder->in += chunk_nbytes + 1;
    return LZ77_OK;
}

static enum lz77_status decode_chunk(struct decoder *decoder, size_t chunk_nbytes)
{
    struct streams streams;
    if (decoder->in == decoder->in_end)
        return LZ77_MODE_CUT;
    if (*decoder->in == MODE_RAW)
        return decode_raw(decoder, chunk_nbytes);
    if (*decoder->in != MODE_CODED)
        return LZ77_BAD_MODE;
    enum lz77_status status = read_streams(decoder, &streams, chunk_nbytes);
    if (status == LZ77_OK)
        status = read_offsets(decoder, &streams);
    if (status == LZ77_OK)
        status = run_sequences(decoder, &streams, decoder->out_at + chunk_nbytes);
    return status;
}

enum lz77_status lz77_decode(uint8_t *out, size_t out_nbytes, const uint8_t *packed,
                             size_t packed_nbytes, uint8_t *scratch, const struct lz77_coder *coder)
{
    struct decoder decoder = {.in = packed,
                              .in_end = packed + packed_nbytes,
                              .out = out,
                              .out_at = out,
                              .out_end = out + out_nbytes,
                              .repeats = REPEATS_START,
                              .coder = coder};
    enum lz77_status status = lz77_check_size(packed_nbytes, out_nbytes);
    place_all(&decoder, scratch, out_nbytes);
    while (status == LZ77_OK && decoder.out_at < decoder.out_end) {
        size_t left = (size_t)(decoder.out_end - decoder.out_at);
        size_t chunk_nbytes = left < LZ77_CHUNK ? left : LZ77_CHUNK;
        status = decode_chunk(&decoder, chunk_nbytes);
        decoder.out_at += chunk_nbytes;
    }
    if (status == LZ77_OK && decoder.in != decoder.in_end)
        return LZ77_TRAILING_BYTES;
    return status;
}
