#include "lz77_streams.h"

_Static_assert(SEQUENCES_MAX <= 0xFFFF, "sequence_count has two bytes");

/* Bytes: a length for six plain bytes or more, or three for 227; at most 29 bits a sequence. */
#define LENGTHS_MAX (LZ77_CHUNK / 6)
#define EXTRAS_MAX (SEQUENCES_MAX * 4)

_Static_assert(LENGTHS_MAX <= 0xFFFF, "length_count has two bytes");

void lz77_streams_place(struct lz77_streams *streams, struct room *room)
{
    streams->literals = room_take(room, LZ77_CHUNK + SLACK);
    streams->commands = room_take(room, SEQUENCES_MAX);
    streams->classes = room_take(room, SEQUENCES_MAX + 1);
    streams->lengths = room_take(room, LENGTHS_MAX + 1);
    streams->extras = room_take(room, EXTRAS_MAX + SLACK);
}

/* Write a length, if one is needed: whether it is, is a coin's toss, so nothing hangs on that. */
static inline uint8_t *put_length(uint8_t *out, uint32_t length, uint32_t needed)
{
    out[0] = (uint8_t)length;
    if (LIKELY(length < LENGTH_LONG || !needed))
        return out + needed;
    length -= LENGTH_LONG;
    out[0] = (uint8_t)(LENGTH_LONG + (length >> 16));
    out[1] = (uint8_t)length;
    out[2] = (uint8_t)(length >> 8);
    return out + 3;
}

/* Copy, with up to 15 bytes too many where the block has them. */
static inline uint8_t *put_literals(uint8_t *out, const uint8_t *from, size_t nbytes,
                                    const uint8_t *plain_end)
{
    if (LIKELY(nbytes <= 16 && plain_end - from >= 16))
        copy_16(out, from);
    else
        memcpy(out, from, nbytes);
    return out + nbytes;
}

struct extra_writer {
    uint8_t *out;
    uint64_t pending; /* bits not yet in front of out, the earliest lowest */
    unsigned count;   /* of them; 0 to 7 between calls */
};

/* Write the extra bits of an offset, if it is new, and return its class. */
static inline uint8_t put_offset(struct extra_writer *extras, uint32_t offset, uint32_t is_new)
{
    unsigned bits;
    uint32_t class = lz77_offset_class(offset, &bits), biased = offset + OFFSET_BIAS;
    bits = is_new ? bits : 0;
    extras->pending |= (uint64_t)(biased & ((1u << bits) - 1)) << extras->count;
    extras->count += bits;
    store_le64(extras->out, extras->pending);
    extras->out += extras->count >> 3;
    extras->pending >>= extras->count & ~7u;
    extras->count &= 7;
    return (uint8_t)class;
}

void lz77_fill_streams(struct lz77_streams *streams, const struct lz77_parser *parser,
                       struct lz77_span span, uint32_t repeats[3])
{
    uint8_t *literals = streams->literals, *commands = streams->commands;
    uint8_t *lengths = streams->lengths, *classes = streams->classes;
    struct extra_writer extras = {streams->extras, 0, 0};
    uint32_t kept[3] = {repeats[0], repeats[1], repeats[2]}; /* as out may alias everything */
    const uint8_t *at = span.start;
    for (size_t i = 0; i < parser->sequence_count; i++) {
        struct lz77_sequence sequence = parser->sequences[i];
        literals = put_literals(literals, at, sequence.literal_nbytes, parser->plain_end);
        at += sequence.literal_nbytes + sequence.match_nbytes;
        uint32_t few = sequence.literal_nbytes, rest = sequence.match_nbytes - MATCH_MIN;
        lengths = put_length(lengths, few - LITERALS_MORE, few >= LITERALS_MORE);
        lengths = put_length(lengths, rest - MATCH_MORE, rest >= MATCH_MORE);
        few = few < LITERALS_MORE ? few : LITERALS_MORE;
        rest = rest < MATCH_MORE ? rest : MATCH_MORE;
        uint32_t kind = lz77_offset_kind(kept, sequence.offset);
        *classes = put_offset(&extras, sequence.offset, kind == 0);
        classes += kind == 0;
        *commands++ = (uint8_t)(few | kind << 2 | rest << 4);
    }
    size_t tail = (size_t)(span.end - at);
    memcpy(literals, at, tail);
    memcpy(repeats, kept, sizeof kept);
    streams->literal_count = (size_t)(literals - streams->literals) + tail;
    streams->command_count = (size_t)(commands - streams->commands);
    streams->length_count = (size_t)(lengths - streams->lengths);
    streams->class_count = (size_t)(classes - streams->classes);
    streams->extra_count = (size_t)(extras.out - streams->extras) + (extras.count != 0);
}

uint8_t *lz77_write_streams(uint8_t *out, struct lz77_streams *streams,
                            const struct lz77_coder *coder, uint8_t *huffman_scratch)
{
    const struct {
        const uint8_t *at;
        size_t count;
    } parts[] = {
        {streams->commands, streams->command_count},
        {streams->lengths, streams->length_count},
        {streams->classes, streams->class_count},
        {streams->literals, streams->literal_count},
    };
    uint64_t counts = streams->command_count | (uint64_t)streams->length_count << 16 |
                      (uint64_t)streams->literal_count << 32;
    store_le64(out, MODE_CODED | counts << 8);
    out += HEAD_NBYTES;
    for (unsigned i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        size_t nbytes = coder->huffman->encode_chunk(out, parts[i].at, parts[i].count,
                                                     huffman_scratch, coder->path);
        streams->packed_literals = nbytes; /* they are the last */
        out += nbytes;
    }
    memcpy(out, streams->extras, streams->extra_count);
    return out + streams->extra_count;
}
