/* lz77_streams.h - sequences to the five streams of a coded chunk, and these to bytes. */
#ifndef COMPRESSOR_LZ77_STREAMS_H
#define COMPRESSOR_LZ77_STREAMS_H

#include "lz77_parser.h"

/* The streams of a chunk before Huffman's code, for sequences of MATCH_MIN bytes or more. */
struct lz77_streams {
    uint8_t *literals, *commands, *lengths, *classes, *extras;
    size_t literal_count, command_count, length_count, class_count, extra_count;
    size_t packed_literals; /* bytes of the literals, once they are written */
};

/* Give the streams their rooms. */
void lz77_streams_place(struct lz77_streams *streams, struct room *room);

/* The class of an offset of 1 or more, and how many extra bits there are behind it. */
static inline uint32_t lz77_offset_class(uint32_t offset, unsigned *extra_bits)
{
    uint32_t biased = offset + OFFSET_BIAS;
    unsigned low = 29 - (unsigned)__builtin_clz(biased); /* of its bits, but for the upper 3 */
    *extra_bits = low;
    return low * 4 + ((biased >> low) & 3);
}

/* Return the kind of an offset (0 new, 1 to 3 which of the repeats), and move it to their front. */
static inline uint32_t lz77_offset_kind(uint32_t repeats[3], uint32_t offset)
{
    uint32_t first = repeats[0], second = repeats[1], third = repeats[2];
    uint32_t kind = offset == third ? 3 : 0;
    kind = offset == second ? 2 : kind;
    kind = offset == first ? 1 : kind;
    repeats[0] = offset;
    repeats[1] = kind == 1 ? second : first;
    repeats[2] = kind == 1 || kind == 2 ? third : second;
    return kind;
}

/* Fill the streams from the sequences of the span; repeats are as the decoder has them before it,
 * and become what it has behind. */
void lz77_fill_streams(struct lz77_streams *streams, const struct lz77_parser *parser,
                       struct lz77_span span, uint32_t repeats[3]);

/* Write a coded chunk to out and return its end. huffman_scratch is what encode_chunk() asks for
 * chunks of LZ77_CHUNK bytes. */
uint8_t *lz77_write_streams(uint8_t *out, struct lz77_streams *streams,
                            const struct lz77_coder *coder, uint8_t *huffman_scratch);

#endif
