/* floatsplit_lanes.h - the loops for registers of one or more lanes of 16 bytes.
 *
 * Included once for each kind of processor, by a file that defines before:
 *
 *     TARGET     the attribute of functions
 *     LANES      lanes of a register
 *     vec        a register
 *     OP(name)   the intrinsic of that name for it; AND, ANDNOT and OR for these three
 *     load_lanes(p, gap), store_lanes(p, gap, v)   lane k from and to p + k * gap
 *     in_each(p)   the 16 bytes at p in each lane
 *
 * A turn takes 16 words a lane: lane k has words 16 k to 16 k + 15, as the shuffles of lanes keep
 * to themselves. So of each stream a turn touches 16 * LANES bytes in a row, and of plain 16 *
 * LANES words in a row; both are free where i + TURN <= count.
 *
 * Register j of W holds bytes 16 j to 16 j + 15 of each lane's words, of W bytes each.
 */
#include "floatsplit_path.h"

#define TURN ((size_t)16 * LANES)

/* Registers are numbered by the order of their words or, as bytes of words, from the lowest byte;
 * streams begin with the highest. */

TARGET static inline void load_words(vec words[], const uint8_t *plain, unsigned width)
{
    for (unsigned j = 0; j < width; j++) {
        words[j] = load_lanes(plain + 16 * j, 16 * width);
    }
}

TARGET static inline void store_words(uint8_t *plain, const vec words[], unsigned width)
{
    for (unsigned j = 0; j < width; j++) {
        store_lanes(plain + 16 * j, 16 * width, words[j]);
    }
}

TARGET static inline void load_bytes(vec bytes[], const uint8_t *const streams[], size_t i,
                                     unsigned width)
{
    for (unsigned k = 0; k < width; k++) {
        bytes[width - 1 - k] = load_lanes(streams[k] + i, 16);
    }
}

TARGET static inline void store_bytes(uint8_t *const streams[], size_t i, const vec bytes[],
                                      unsigned width)
{
    for (unsigned k = 0; k < width; k++) {
        store_lanes(streams[k] + i, 16, bytes[width - 1 - k]);
    }
}

/* ---- words of a byte ---- */

TARGET static inline vec rotate1(vec v, unsigned bits)
{
    vec up = OP(sll_epi16)(v, _mm_cvtsi32_si128((int)bits));
    vec down = OP(srl_epi16)(v, _mm_cvtsi32_si128((int)(8 - bits)));
    vec kept = OP(set1_epi8)((char)(uint8_t)(255u << bits)); /* not what the next byte gave */
    return OR(AND(kept, up), ANDNOT(kept, down));
}

TARGET static size_t split1(uint8_t *const streams[], const uint8_t *plain, size_t first,
                            size_t count, struct floatsplit_layout layout)
{
    const vec offset = OP(set1_epi8)((char)layout.offset);
    size_t i = first;
    for (; i + TURN <= count; i += TURN) {
        vec w = OP(sub_epi8)(load_lanes(plain + i, 16), offset);
        store_lanes(streams[0] + i, 16, rotate1(w, layout.rotation));
    }
    return i;
}

TARGET static size_t merge1(uint8_t *plain, const uint8_t *const streams[], size_t first,
                            size_t count, struct floatsplit_layout layout)
{
    const vec offset = OP(set1_epi8)((char)layout.offset);
    size_t i = first;
    for (; i + TURN <= count; i += TURN) {
        vec w = rotate1(load_lanes(streams[0] + i, 16), 8 - layout.rotation);
        store_lanes(plain + i, 16, OP(add_epi8)(w, offset));
    }
    return i;
}

/* ---- words of 2 bytes ---- */

TARGET static inline vec rotate2(vec v, unsigned bits)
{
    return OR(OP(sll_epi16)(v, _mm_cvtsi32_si128((int)bits)),
              OP(srl_epi16)(v, _mm_cvtsi32_si128((int)(16 - bits))));
}

TARGET static size_t split2(uint8_t *const streams[], const uint8_t *plain, size_t first,
                            size_t count, struct floatsplit_layout layout)
{
    const vec offset = OP(set1_epi16)((short)layout.offset);
    const vec low = OP(set1_epi16)(255);
    size_t i = first;
    for (; i + TURN <= count; i += TURN) {
        vec w[2], b[2];
        load_words(w, plain + 2 * i, 2);
        w[0] = rotate2(OP(sub_epi16)(w[0], offset), layout.rotation);
        w[1] = rotate2(OP(sub_epi16)(w[1], offset), layout.rotation);
        b[0] = OP(packus_epi16)(AND(w[0], low), AND(w[1], low));
        b[1] = OP(packus_epi16)(OP(srli_epi16)(w[0], 8), OP(srli_epi16)(w[1], 8));
        store_bytes(streams, i, b, 2);
    }
    return i;
}

TARGET static size_t merge2(uint8_t *plain, const uint8_t *const streams[], size_t first,
                            size_t count, struct floatsplit_layout layout)
{
    const vec offset = OP(set1_epi16)((short)layout.offset);
    size_t i = first;
    for (; i + TURN <= count; i += TURN) {
        vec w[2], b[2];
        load_bytes(b, streams, i, 2);
        w[0] = OP(add_epi16)(rotate2(OP(unpacklo_epi8)(b[0], b[1]), 16 - layout.rotation), offset);
        w[1] = OP(add_epi16)(rotate2(OP(unpackhi_epi8)(b[0], b[1]), 16 - layout.rotation), offset);
        store_words(plain + 2 * i, w, 2);
    }
    return i;
}

/* ---- words of 4 bytes ---- */

TARGET static inline vec rotate4(vec v, unsigned bits)
{
    return OR(OP(sll_epi32)(v, _mm_cvtsi32_si128((int)bits)),
              OP(srl_epi32)(v, _mm_cvtsi32_si128((int)(32 - bits))));
}

/* The 4 words of each lane by byte, the lowest bytes first. */
static const uint8_t by_byte4[16] = {0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15};

TARGET static size_t split4(uint8_t *const streams[], const uint8_t *plain, size_t first,
                            size_t count, struct floatsplit_layout layout)
{
    const vec offset = OP(set1_epi32)((int)layout.offset);
    const vec by_byte = in_each(by_byte4);
    size_t i = first;
    for (; i + TURN <= count; i += TURN) {
        vec w[4], h[4], b[4];
        load_words(w, plain + 4 * i, 4);
        for (unsigned j = 0; j < 4; j++) {
            w[j] = OP(shuffle_epi8)(rotate4(OP(sub_epi32)(w[j], offset), layout.rotation), by_byte);
        }
        for (unsigned j = 0; j < 4; j += 2) { /* bytes 0 and 1, 2 and 3 of 8 words */
            h[j] = OP(unpacklo_epi32)(w[j], w[j + 1]);
            h[j + 1] = OP(unpackhi_epi32)(w[j], w[j + 1]);
        }
        for (unsigned j = 0; j < 2; j++) {
            b[2 * j] = OP(unpacklo_epi64)(h[j], h[j + 2]);
            b[2 * j + 1] = OP(unpackhi_epi64)(h[j], h[j + 2]);
        }
        store_bytes(streams, i, b, 4);
    }
    return i;
}

TARGET static size_t merge4(uint8_t *plain, const uint8_t *const streams[], size_t first,
                            size_t count, struct floatsplit_layout layout)
{
    const vec offset = OP(set1_epi32)((int)layout.offset);
    size_t i = first;
    for (; i + TURN <= count; i += TURN) {
        vec b[4], h[4], w[4];
        load_bytes(b, streams, i, 4);
        for (unsigned j = 0; j < 2; j++) { /* half a word: of words 0 to 7, of words 8 to 15 */
            h[j] = OP(unpacklo_epi8)(b[2 * j], b[2 * j + 1]);
            h[j + 2] = OP(unpackhi_epi8)(b[2 * j], b[2 * j + 1]);
        }
        for (unsigned j = 0; j < 4; j += 2) {
            w[j] = OP(add_epi32)(rotate4(OP(unpacklo_epi16)(h[j], h[j + 1]), 32 - layout.rotation),
                                 offset);
            w[j + 1] = OP(add_epi32)(
                rotate4(OP(unpackhi_epi16)(h[j], h[j + 1]), 32 - layout.rotation), offset);
        }
        store_words(plain + 4 * i, w, 4);
    }
    return i;
}

/* ---- words of 8 bytes ---- */

TARGET static inline vec rotate8(vec v, unsigned bits)
{
    return OR(OP(sll_epi64)(v, _mm_cvtsi32_si128((int)bits)),
              OP(srl_epi64)(v, _mm_cvtsi32_si128((int)(64 - bits))));
}

/* The 2 words of each lane by byte, the lowest bytes first. */
static const uint8_t by_byte8[16] = {0, 8, 1, 9, 2, 10, 3, 11, 4, 12, 5, 13, 6, 14, 7, 15};

TARGET static size_t split8(uint8_t *const streams[], const uint8_t *plain, size_t first,
                            size_t count, struct floatsplit_layout layout)
{
    const vec offset = OP(set1_epi64x)((long long)layout.offset);
    const vec by_byte = in_each(by_byte8);
    size_t i = first;
    for (; i + TURN <= count; i += TURN) {
        vec w[8], q[8], h[8], b[8];
        load_words(w, plain + 8 * i, 8);
        for (unsigned j = 0; j < 8; j++) {
            w[j] = OP(shuffle_epi8)(rotate8(OP(sub_epi64)(w[j], offset), layout.rotation), by_byte);
        }
        for (unsigned j = 0; j < 8; j += 2) { /* bytes 0 to 3, 4 to 7 of 4 words */
            q[j] = OP(unpacklo_epi16)(w[j], w[j + 1]);
            q[j + 1] = OP(unpackhi_epi16)(w[j], w[j + 1]);
        }
        for (unsigned j = 0; j < 8; j += 4) { /* two bytes of 8 words */
            for (unsigned k = 0; k < 2; k++) {
                h[j + 2 * k] = OP(unpacklo_epi32)(q[j + k], q[j + k + 2]);
                h[j + 2 * k + 1] = OP(unpackhi_epi32)(q[j + k], q[j + k + 2]);
            }
        }
        for (unsigned j = 0; j < 4; j++) {
            b[2 * j] = OP(unpacklo_epi64)(h[j], h[j + 4]);
            b[2 * j + 1] = OP(unpackhi_epi64)(h[j], h[j + 4]);
        }
        store_bytes(streams, i, b, 8);
    }
    return i;
}

TARGET static size_t merge8(uint8_t *plain, const uint8_t *const streams[], size_t first,
                            size_t count, struct floatsplit_layout layout)
{
    const vec offset = OP(set1_epi64x)((long long)layout.offset);
    size_t i = first;
    for (; i + TURN <= count; i += TURN) {
        vec b[8], q[8], h[8], w[8];
        load_bytes(b, streams, i, 8);
        for (unsigned j = 0; j < 4; j++) { /* 2 bytes: of words 0 to 7, of words 8 to 15 */
            q[j] = OP(unpacklo_epi8)(b[2 * j], b[2 * j + 1]);
            q[j + 4] = OP(unpackhi_epi8)(b[2 * j], b[2 * j + 1]);
        }
        for (unsigned j = 0; j < 8; j += 4) { /* 4 bytes, of 4 words */
            for (unsigned k = 0; k < 2; k++) {
                h[j + k] = OP(unpacklo_epi16)(q[j + 2 * k], q[j + 2 * k + 1]);
                h[j + k + 2] = OP(unpackhi_epi16)(q[j + 2 * k], q[j + 2 * k + 1]);
            }
        }
        for (unsigned j = 0; j < 8; j += 2) {
            w[j] = OP(add_epi64)(rotate8(OP(unpacklo_epi32)(h[j], h[j + 1]), 64 - layout.rotation),
                                 offset);
            w[j + 1] = OP(add_epi64)(
                rotate8(OP(unpackhi_epi32)(h[j], h[j + 1]), 64 - layout.rotation), offset);
        }
        store_words(plain + 8 * i, w, 8);
    }
    return i;
}
