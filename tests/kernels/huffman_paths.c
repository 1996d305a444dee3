/* Every path of the huffman kernel beside kernel 0: huffman_paths ROUNDS [PLAIN PACKED]...
 *
 * First golden files, then ROUNDS blocks of written seeds, each packed, unpacked, and unpacked
 * again after damage: all paths must give the same bytes, and find the same damage. Built for the
 * processor at hand, or for another one that is emulated. Buffers end, or begin, at a page that
 * must not be touched. */
#include "../../compressor/kernels/huffman_kernel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PLAIN_MAX ((size_t)300000) /* bytes: more than a chunk of any size */

enum place { AT_END, AT_BEGIN };

struct buffer {
    uint8_t *bytes, *pages;
    size_t page_bytes;
};

static size_t path_count;
static uint64_t state;

static void fail(const char *what, const char *where)
{
    printf("%s: %s\n", where, what);
    exit(1);
}

static uint32_t next_random(uint32_t below)
{
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)((state >> 33) % below);
}

static struct buffer take(size_t size, enum place place)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t inner = (size + page - 1) / page * page;
    struct buffer b = {NULL, NULL, inner + 2 * page};
    b.pages = mmap(NULL, b.page_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (b.pages == MAP_FAILED ||
        (inner && mprotect(b.pages + page, inner, PROT_READ | PROT_WRITE))) {
        fail("no memory", "take");
    }
    b.bytes = b.pages + page + (place == AT_END ? inner - size : 0);
    return b;
}

static struct buffer take_copy(const uint8_t *bytes, size_t size, enum place place)
{
    struct buffer b = take(size, place);
    if (size) {
        memcpy(b.bytes, bytes, size);
    }
    return b;
}

static void give_back(struct buffer b)
{
    munmap(b.pages, b.page_bytes);
}

/* Pack into a buffer of its own; the caller gives it back. */
static struct buffer encode(const uint8_t *plain, size_t n, size_t path, enum place place,
                            size_t *packed_size)
{
    const size_t chunk = (size_t)1 << HUFFMAN_CHUNK_LOG_DEFAULT;
    struct buffer in = take_copy(plain, n, place), out = take(huffman_packed_bound(n), place);
    struct buffer scratch = take(huffman_encode_scratch(n < chunk ? n : chunk), place);
    *packed_size =
        huffman_encode_block(out.bytes, in.bytes, n, scratch.bytes, huffman_path_at(path));
    give_back(in);
    give_back(scratch);
    return out;
}

static struct buffer decode(const uint8_t *packed, size_t packed_size, size_t n, size_t path,
                            enum place place, int *result)
{
    size_t chunk = 0;
    struct buffer in = take_copy(packed, packed_size, place), out = take(n, place);
    *result = huffman_check_block(&chunk, in.bytes, packed_size, n);
    if (*result == HUFFMAN_OK) {
        struct buffer scratch = take(huffman_decode_scratch(n < chunk ? n : chunk), place);
        *result = huffman_decode_block(out.bytes, n, in.bytes, packed_size, scratch.bytes,
                                       huffman_path_at(path));
        give_back(scratch);
    }
    give_back(in);
    return out;
}

static void check_encoding(const uint8_t *plain, size_t n, const uint8_t *packed,
                           size_t packed_size, const char *where)
{
    for (size_t path = 0; path < path_count; path++) {
        size_t size;
        struct buffer out = encode(plain, n, path, path % 2 ? AT_END : AT_BEGIN, &size);
        if (size != packed_size || memcmp(out.bytes, packed, size) != 0) {
            fail(huffman_path_name(huffman_path_at(path)), where);
        }
        give_back(out);
    }
}

/* The first path decides what the others must say. plain is NULL where anything may come out. */
static void check_decoding(const uint8_t *packed, size_t packed_size, size_t n,
                           const uint8_t *plain, const char *where)
{
    for (enum place place = AT_END; place <= AT_BEGIN; place++) {
        int expected, result;
        struct buffer first = decode(packed, packed_size, n, 0, place, &expected);
        if (plain && (expected || (n && memcmp(first.bytes, plain, n) != 0))) {
            fail("does not come back", where);
        }
        for (size_t path = 1; path < path_count; path++) {
            struct buffer out = decode(packed, packed_size, n, path, place, &result);
            if (result != expected || (!result && n && memcmp(out.bytes, first.bytes, n) != 0)) {
                fail(huffman_path_name(huffman_path_at(path)), where);
            }
            give_back(out);
        }
        give_back(first);
    }
}

/* Symbols whose weights fall by a factor from each to the next, so that trees of all shapes and
 * depths come up. */
static size_t make_plain(uint8_t *plain)
{
    size_t n = next_random(20) ? next_random(5000) : next_random((uint32_t)PLAIN_MAX);
    unsigned symbols = 1 + next_random(next_random(2) ? 20 : 256), offset = next_random(256);
    unsigned factor = next_random(3) ? 2 + next_random(14) : 15, stride = 1 + 2 * next_random(128);
    unsigned run = next_random(8) ? 1 : 1 + next_random(200);
    for (size_t i = 0; i < n;) {
        unsigned rank = 0;
        while (rank + 1 < symbols && next_random(16) < factor) {
            rank++;
        }
        if (factor == 15) {
            rank = next_random(symbols); /* even weights */
        }
        for (unsigned k = 0; k < run && i < n; k++) {
            plain[i++] = (uint8_t)(offset + rank * stride);
        }
    }
    return n;
}

static void check_damaged(uint8_t *packed, size_t packed_size, size_t n, const char *where)
{
    for (unsigned k = 0; k < 4; k++) {
        size_t size = next_random(4) ? packed_size : next_random((uint32_t)packed_size + 1);
        size_t told = next_random(4) ? n : n + next_random(130) - (n > 65 ? 65 : 0);
        size_t within = next_random(2) || packed_size < 80 ? packed_size : 80;
        packed[next_random((uint32_t)within)] ^= (uint8_t)(1u << next_random(8));
        check_decoding(packed, size, told, NULL, where);
    }
}

static uint8_t *read_file(const char *name, size_t *size)
{
    FILE *file = fopen(name, "rb");
    uint8_t *bytes = malloc(PLAIN_MAX);
    if (!file || !bytes) {
        fail("cannot be read", name);
    }
    *size = fread(bytes, 1, PLAIN_MAX, file);
    fclose(file);
    return bytes;
}

static void check_files(const char *plain_name, const char *packed_name)
{
    size_t n, packed_size;
    uint8_t *plain = read_file(plain_name, &n), *packed = read_file(packed_name, &packed_size);
    check_encoding(plain, n, packed, packed_size, packed_name);
    check_decoding(packed, packed_size, n, plain, packed_name);
    free(plain);
    free(packed);
}

static void check_round(unsigned long seed)
{
    static uint8_t plain[PLAIN_MAX];
    char where[40];
    size_t n, packed_size;
    state = seed;
    snprintf(where, sizeof where, "seed %lu", seed);
    n = make_plain(plain);
    struct buffer packed = encode(plain, n, 0, AT_END, &packed_size);
    check_encoding(plain, n, packed.bytes, packed_size, where);
    check_decoding(packed.bytes, packed_size, n, plain, where);
    check_damaged(packed.bytes, packed_size, n, where);
    give_back(packed);
}

int main(int argc, char **argv)
{
    unsigned long rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
    while (huffman_path_at(path_count)) {
        printf("%s ", huffman_path_name(huffman_path_at(path_count++)));
    }
    for (int i = 2; i + 1 < argc; i += 2) {
        check_files(argv[i], argv[i + 1]);
    }
    for (unsigned long seed = 1; seed <= rounds; seed++) {
        check_round(seed);
    }
    printf("agree on %d golden files and %lu blocks\n", argc / 2 - 1, rounds);
    return 0;
}
