/* The huffman kernel against zstd's own Huffman, chunk by chunk: the figures that its targets name.
 *
 *   cc -O3 benchmarks/huffman_zstd.c compressor/kernels/huffman_*.c -l:libzstd.a -o
 * build/huffman_zstd build/huffman_zstd FILE...
 *
 * zstd's Huffman coder is not public: its functions are declared here as in zstd 1.5.4, and are
 * found only in the static library. Every round times each side on the same chunk in turn; the
 * least time of a chunk counts, as other work on the machine only ever adds. */
#include "../compressor/kernels/huffman_kernel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CHUNK ((size_t)1 << HUFFMAN_CHUNK_LOG_DEFAULT)
#define CHUNKS 16
#define ROUNDS 15
#define BMI2 1 /* HUF_flags_bmi2 */

size_t HUF_compress4X_repeat(void *, size_t, const void *, size_t, unsigned, unsigned, void *,
                             size_t, size_t *, int *, int);
size_t HUF_readDTableX1_wksp(uint32_t *, const void *, size_t, void *, size_t, int);
size_t HUF_readDTableX2_wksp(uint32_t *, const void *, size_t, void *, size_t, int);
size_t HUF_decompress4X_usingDTable(void *, size_t, const void *, size_t, const uint32_t *, int);
unsigned HUF_isError(size_t);

enum side {
    ZSTD_ENCODE,
    ZSTD_X1,
    ZSTD_X2,
    OUR_ENCODE,
    OUR_DECODE = OUR_ENCODE + 2,
    SIDES = OUR_DECODE + 2
};

static uint8_t plain[CHUNKS * CHUNK], packed[2 * CHUNK], again[CHUNK];
static double best[CHUNKS][SIDES];
static size_t zstd_total, our_total;

static double now(void)
{
    struct timespec t;
    timespec_get(&t, TIME_UTC);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void keep_least(double *least, double start)
{
    double took = now() - start;
    if (*least == 0 || took < *least) {
        *least = took;
    }
}

static void require(int truth, const char *what)
{
    if (!truth) {
        fprintf(stderr, "%s\n", what);
        exit(1);
    }
}

static void time_zstd(const uint8_t *in, double least[SIDES])
{
    static size_t codes[257], encode_work[2048], decode_work[2048];
    static uint32_t table[1 + (1 << 12)];
    int repeat = 0;
    double start = now();
    size_t size = HUF_compress4X_repeat(packed, sizeof packed, in, CHUNK, 255, 11, encode_work,
                                        (8 << 10) + 512, codes, &repeat, BMI2);
    keep_least(&least[ZSTD_ENCODE], start);
    require(size > 1 && !HUF_isError(size), "zstd does not shrink this chunk");
    zstd_total += size;
    for (int x2 = 0; x2 < 2; x2++) {
        table[0] = (x2 ? 12u : 11u) * 0x01000001u;
        start = now();
        size_t head = (x2 ? HUF_readDTableX2_wksp : HUF_readDTableX1_wksp)(
            table, packed, size, decode_work, sizeof decode_work, BMI2);
        HUF_decompress4X_usingDTable(again, CHUNK, packed + head, size - head, table, BMI2);
        keep_least(&least[x2 ? ZSTD_X2 : ZSTD_X1], start);
        require(memcmp(again, in, CHUNK) == 0, "zstd does not give back this chunk");
    }
}

static void time_ours(const uint8_t *in, double least[SIDES], int which, uint8_t *scratch)
{
    const struct huffman_path *path = huffman_path_named(which ? "portable" : NULL);
    const uint8_t *at = packed;
    double start = now();
    size_t size = huffman_encode_chunk(packed, in, CHUNK, scratch, path);
    keep_least(&least[OUR_ENCODE + which], start);
    our_total += size;
    start = now();
    int result = huffman_decode_chunk(again, CHUNK, &at, packed + size, scratch, path);
    keep_least(&least[OUR_DECODE + which], start);
    require(result == 0 && memcmp(again, in, CHUNK) == 0, "we do not give back this chunk");
}

static void compare(const char *name, uint8_t *scratch)
{
    FILE *file = fopen(name, "rb");
    require(file != NULL, name);
    size_t count = fread(plain, CHUNK, CHUNKS, file);
    double sum[SIDES] = {0};
    fclose(file);
    memset(best, 0, sizeof best);
    zstd_total = our_total = 0;
    for (int round = 0; round < ROUNDS; round++) {
        for (size_t k = 0; k < count; k++) {
            time_zstd(plain + k * CHUNK, best[k]);
            time_ours(plain + k * CHUNK, best[k], 0, scratch);
            time_ours(plain + k * CHUNK, best[k], 1, scratch);
        }
    }
    for (size_t k = 0; k < count * SIDES; k++) {
        sum[k % SIDES] += best[k / SIDES][k % SIDES];
    }
    double bytes = (double)(count * CHUNK * ROUNDS);
    double decode = sum[ZSTD_X1] < sum[ZSTD_X2] ? sum[ZSTD_X1] : sum[ZSTD_X2];
    printf("%s: size %.4f, zstd %.4f; times zstd's speed: encode %.2f, portable %.2f; "
           "decode %.2f, portable %.2f\n",
           name, (double)our_total / 2 / bytes, (double)zstd_total / bytes,
           sum[ZSTD_ENCODE] / sum[OUR_ENCODE], sum[ZSTD_ENCODE] / sum[OUR_ENCODE + 1],
           decode / sum[OUR_DECODE], decode / sum[OUR_DECODE + 1]);
}

int main(int argc, char **argv)
{
    size_t encode = huffman_encode_scratch(CHUNK), decode = huffman_decode_scratch(CHUNK);
    uint8_t *scratch = malloc(encode > decode ? encode : decode);
    require(scratch != NULL, "no memory");
    printf("%s\n", huffman_path_name(huffman_path_named(NULL)));
    for (int i = 1; i < argc; i++) {
        compare(argv[i], scratch);
    }
    free(scratch);
    return 0;
}
