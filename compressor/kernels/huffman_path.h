/* huffman_path.h - the inner loops of the bitmap tree, one set of them for a kind of processor.
 *
 * A sequence is the symbols that pass one node, in order, a byte each: leaf numbers while encoding,
 * symbols while decoding. Bitmaps and digits are as the specification lays them out; the unused
 * bits of what is written are zero, those of what is read are ignored.
 *
 * Bounds: bitmaps, digits and out are touched exactly. A sequence that is read may be read up to
 * HUFFMAN_SLACK bytes behind its end, a sequence that split() and split_quad() write may be written
 * so far: their owner leaves that room.
 */
#ifndef COMPRESSOR_HUFFMAN_PATH_H
#define COMPRESSOR_HUFFMAN_PATH_H

#include <stddef.h>
#include <stdint.h>

#define HUFFMAN_SLACK 64u /* bytes: one AVX-512 register */

#define HUFFMAN_NEAR 12u /* symbols; as many sums leave a few registers of sixteen */

/* One side of a node: the sequence of its symbols, or NULL and the symbol of a leaf. */
struct huffman_side {
    const uint8_t *sequence;
    uint8_t leaf;
};

struct huffman_path {
    const char *name;

    /* Decoding: count set bits, or positions set in both bitmaps, among the first n. */
    size_t (*count_ones)(const uint8_t *bitmap, size_t n);
    size_t (*count_both)(const uint8_t *high, const uint8_t *low, size_t n);

    /* out[i] is the next symbol of the side that bit i names. */
    void (*merge)(uint8_t *out, size_t n, const uint8_t *bitmap, struct huffman_side zeros,
                  struct huffman_side ones);

    /* out[i] is leaves[0..2] by bits i of high and low, or the next symbol of rest for 3. */
    void (*merge_quad)(uint8_t *out, size_t n, const uint8_t *high, const uint8_t *low,
                       const uint8_t leaves[3], const uint8_t *rest);

    /* out[i] is the leaf of digit i; digits of 2, 3 and 4 bits. */
    void (*unpack2)(uint8_t *out, size_t n, const uint8_t *digits, const uint8_t leaves[4]);
    void (*unpack3)(uint8_t *out, size_t n, const uint8_t *digits, const uint8_t leaves[8]);
    void (*unpack4)(uint8_t *out, size_t n, const uint8_t *digits, const uint8_t leaves[16]);

    /* Encoding: count the symbols of in, most of which are first to first + HUFFMAN_NEAR - 1, which
     * is at most 255. NULL where huffman_count() is as fast. */
    void (*count_near)(uint32_t counts[256], const uint8_t *in, size_t n, uint8_t first);

    /* out[i] = map[in[i]]; in holds only symbols s of which bit s / 16 of rows is set. */
    void (*map)(uint8_t *out, const uint8_t *in, size_t n, const uint8_t map[256], uint32_t rows);

    /* Bit i of the bitmap says whether in[i] >= middle; it goes to zeros or to ones accordingly,
     * where these are not NULL. */
    void (*split)(uint8_t *bitmap, uint8_t *zeros, uint8_t *ones, const uint8_t *in, size_t n,
                  uint8_t middle);

    /* The digit of in[i] is in[i] - first, at most 3; bits to high and low, in[i] of digit 3 to
     * rest. */
    void (*split_quad)(uint8_t *high, uint8_t *low, uint8_t *rest, const uint8_t *in, size_t n,
                       uint8_t first);

    /* The digit of in[i] is in[i] - first, below 4, 8, 16. */
    void (*pack2)(uint8_t *digits, const uint8_t *in, size_t n, uint8_t first);
    void (*pack3)(uint8_t *digits, const uint8_t *in, size_t n, uint8_t first);
    void (*pack4)(uint8_t *digits, const uint8_t *in, size_t n, uint8_t first);
};

extern const struct huffman_path huffman_portable;

#if defined(__x86_64__) && defined(__GNUC__) /* clang says so too */
#define HUFFMAN_HAVE_SSSE3 1
#define HUFFMAN_HAVE_AVX2 1
#define HUFFMAN_HAVE_AVX512 1
extern const struct huffman_path huffman_ssse3, huffman_avx2, huffman_avx512;
/* Of the AVX2 path; that for AVX-512 counts so, too. */
void huffman_avx2_count_near(uint32_t counts[256], const uint8_t *in, size_t n, uint8_t first);
#else
#define HUFFMAN_HAVE_SSSE3 0
#define HUFFMAN_HAVE_AVX2 0
#define HUFFMAN_HAVE_AVX512 0
#endif

#if defined(__aarch64__) && defined(__ARM_NEON) && defined(__AARCH64EL__)
#define HUFFMAN_HAVE_NEON 1
extern const struct huffman_path huffman_neon;
#else
#define HUFFMAN_HAVE_NEON 0
#endif

#endif
