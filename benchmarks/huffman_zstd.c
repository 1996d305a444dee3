/* The paths of the huffman kernel against zstd's own Huffman, chunk by chunk; huffman_zstd.py
 * builds this, gives it files, and reads a line for each path:
 *
 *   NAME size encode decode encode decode
 *
 * each by zstd's: the size, the speeds by medians, the speeds by the least times.
 *
 * zstd's Huffman coder is not public: its functions are declared here as in zstd 1.5.4, and are
 * found only in the static library. Every round times each side on the same chunk in turn; a side's
 * time is a sum over the chunks. Of zstd's two decoders the faster one counts. */
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

#define PATHS_MAX 8
enum { ENCODE, X1, X2, ZSTD_SIDES, SIDES = ZSTD_SIDES + 2 * PATHS_MAX };

static uint8_t plain[CHUNKS * CHUNK], packed[2 * CHUNK], again[CHUNK];
static double times[SIDES][CHUNKS][ROUNDS];
static size_t zstd_size, our_size;

static double now(void)
{
    struct timespec t;
    timespec_get(&t, TIME_UTC);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void require(int truth, const char *what)
{
    if (!truth) {
        fprintf(stderr, "%s\n", what);
        exit(1);
    }
}

static void time_zstd(size_t chunk, size_t round)
{
    static size_t codes[257], encode_work[2048], decode_work[2048];
    static uint32_t table[1 + (1 << 12)];
    const uint8_t *in = plain + chunk * CHUNK;
    int repeat = 0;
    double start = now();
    size_t size = HUF_compress4X_repeat(packed, sizeof packed, in, CHUNK, 255, 11, encode_work,
                                        (8 << 10) + 512, codes, &repeat, BMI2);
    times[ENCODE][chunk][round] = now() - start;
    require(size > 1 && !HUF_isError(size), "zstd does not shrink this chunk");
    zstd_size += size;
    for (int x2 = 0; x2 < 2; x2++) {
        table[0] = (x2 ? 12u : 11u) * 0x01000001u;
        start = now();
        size_t head = (x2 ? HUF_readDTableX2_wksp : HUF_readDTableX1_wksp)(
            table, packed, size, decode_work, sizeof decode_work, BMI2);
        HUF_decompress4X_usingDTable(again, CHUNK, packed + head, size - head, table, BMI2);
        times[x2 ? X2 : X1][chunk][round] = now() - start;
        require(memcmp(again, in, CHUNK) == 0, "zstd does not give back this chunk");
    }
}

static void time_path(size_t chunk, size_t round, size_t index, uint8_t *scratch)
{
    const struct huffman_path *path = huffman_path_at(index);
    const uint8_t *in = plain + chunk * CHUNK, *at = packed;
    size_t side = ZSTD_SIDES + 2 * index;
    double start = now();
    size_t size = huffman_encode_chunk(packed, in, CHUNK, scratch, path);
    times[side][chunk][round] = now() - start;
    our_size += index == 0 ? size : 0;
    start = now();
    int result = huffman_decode_chunk(again, CHUNK, &at, packed + size, scratch, path);
    times[side + 1][chunk][round] = now() - start;
    require(result == 0 && memcmp(again, in, CHUNK) == 0, "we do not give back this chunk");
}

static int compare_times(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Of each chunk the rank-th of its times, from the least on; times are sorted. */
static double time_of(size_t side, size_t chunks, size_t rank)
{
    double sum = 0;
    for (size_t k = 0; k < chunks; k++) {
        sum += times[side][k][rank];
    }
    return sum;
}

static void print_row(size_t path, size_t chunks)
{
    const size_t ranks[] = {ROUNDS / 2, 0}, side = ZSTD_SIDES + 2 * path;
    printf("%s %.4f", huffman_path_name(huffman_path_at(path)),
           (double)our_size / (double)zstd_size);
    for (size_t i = 0; i < 2; i++) {
        double x1 = time_of(X1, chunks, ranks[i]), x2 = time_of(X2, chunks, ranks[i]);
        printf(" %.3f %.3f", time_of(ENCODE, chunks, ranks[i]) / time_of(side, chunks, ranks[i]),
               (x1 < x2 ? x1 : x2) / time_of(side + 1, chunks, ranks[i]));
    }
    putchar('\n');
}

static void compare(const char *name, uint8_t *scratch)
{
    FILE *file = fopen(name, "rb");
    require(file != NULL, name);
    size_t chunks = fread(plain, CHUNK, CHUNKS, file), paths = 0;
    fclose(file);
    require(chunks > 0, "a file has no whole chunk");
    while (paths < PATHS_MAX && huffman_path_at(paths)) {
        paths++;
    }
    for (size_t round = 0; round < ROUNDS; round++) {
        for (size_t k = 0; k < chunks; k++) {
            time_zstd(k, round);
            for (size_t path = 0; path < paths; path++) {
                time_path(k, round, path, scratch);
            }
        }
    }
    for (size_t i = 0; i < SIDES * CHUNKS; i++) {
        qsort(times[i / CHUNKS][i % CHUNKS], ROUNDS, sizeof(double), compare_times);
    }
    for (size_t path = 0; path < paths; path++) {
        print_row(path, chunks);
    }
}

int main(int argc, char **argv)
{
    size_t encode = huffman_encode_scratch(CHUNK), decode = huffman_decode_scratch(CHUNK);
    uint8_t *scratch = malloc(encode > decode ? encode : decode);
    require(scratch != NULL && argc == 2, "huffman_zstd FILE");
    compare(argv[1], scratch);
    free(scratch);
    return 0;
}
