/* lzw_kernel.c - see lzw_kernel.h for the contract and docs/format/lzw.md for the format.
 *
 * Encoding. The dictionary is a tree: a phrase's node hangs below the node of the phrase without
 * its last byte. Walking it byte by byte costs a cache miss a byte, so the walk goes four bytes a
 * step while it can, then two, then one. A node at depth 4k is an anchor. Each node is reached in
 * one way only, and so stands in one place only:
 *
 *     depth 4k + 4   from its anchor at 4k by 4 bytes
 *     depth 4k + 2   from its anchor at 4k by 2 bytes (at the root: directly, in pairs[])
 *     depth 4k + 1   from its anchor at 4k by 1 byte  (at the root: a byte is its own code)
 *     depth 4k + 3   from its parent at 4k + 2 by 1 byte
 *
 * As every prefix of a phrase is a phrase, the first step that fails is the longest of its kind.
 * And the step that would have led to the new node is always among those that failed, so the walk
 * has already found the slot where the new node goes.
 *
 * Decoding. Phrase n is the previous phrase and the byte behind it in the output: it needs no
 * dictionary of strings, only (where it starts in the output, how long it is), in one word. Every
 * code is one load and one copy.
 */
#include "lzw_kernel.h"
#include "noise.h"
#include "words.h"

#include <stdbool.h>
#include <string.h>

#define LIKELY(x) __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)

enum {
    RAW = 0, /* in the place of max_bits */
    CLEAR = 256,
    FIRST_PHRASE = 257,
    LOOK_GAP = 8192, /* plain bytes between two looks at a full dictionary; specification */
    LIFETIME = 8,    /* in plain bytes, by those that filled the dictionary; specification */
};

_Static_assert(sizeof(size_t) == 8, "phrases hold 48-bit positions");

/* ---- Encoding ---- */

/* A key is a node and the bytes of a step from it. Codes 1 and 2 are never anchors, so they mark
 * the shorter steps. */
#define KEY_4(anchor, four) ((uint64_t)(anchor) << 32 | (four))
#define KEY_2(anchor, two) (UINT64_C(1) << 32 | (uint64_t)(anchor) << 16 | (two))
#define KEY_1(node, one) (UINT64_C(2) << 32 | (uint64_t)(node) << 8 | (one))

/* A slot is 16 bits of its key's hash, and the code of the node that the key leads to; or 0. The
 * whole key is in keys[code]: failed steps, the most, touch slots alone, which fit in a cache of
 * 512 KiB. */
#define HASH(key) ((key) * UINT64_C(0x9E3779B97F4A7C15))
#define TAG(hash) ((uint32_t)((hash) >> 16) & 0xFFFF0000)

struct tree {
    struct lzw_encode_tables *tables;
    unsigned hash_shift;
    uint32_t slot_mask;
};

/* The longest phrase at some place; and where the node below it goes, should the plain go on. */
struct match {
    uint32_t code;
    uint32_t slot;
    uint64_t key;
    size_t nbytes;
};

static void tree_clear(struct tree *tree)
{
    memset(tree->tables->pairs, 0, sizeof tree->tables->pairs);
    memset(tree->tables->slots, 0, (tree->slot_mask + 1) * sizeof tree->tables->slots[0]);
}

/* Return the node that key leads to; or 0, and its slot. At most half of the slots are taken. */
static inline uint32_t tree_step(const struct tree *tree, uint64_t key, uint32_t *slot)
{
    uint64_t hash = HASH(key);
    uint32_t at = (uint32_t)(hash >> tree->hash_shift), tag = TAG(hash), found;
    for (; (found = tree->tables->slots[at]) != 0; at = (at + 1) & tree->slot_mask)
        if ((found ^ tag) < 0x10000 && LIKELY(tree->tables->keys[found & 0xFFFF] == key))
            return found & 0xFFFF;
    *slot = at;
    return 0;
}

/* Go on from match, an anchor, by two bytes and one. next4 are the bytes that follow, rest their
 * number (4 stands for more); slot4 is where the step by all four ended. */
static inline void tree_finish(const struct tree *tree, struct match *match, uint32_t next4,
                               unsigned rest, uint32_t slot4)
{
    uint32_t anchor = match->code, slot2 = 0, node = 0;
    uint64_t key2 = KEY_2(anchor, next4 & 0xFFFF);
    if (rest >= 2)
        node = match->nbytes ? tree_step(tree, key2, &slot2) : tree->tables->pairs[next4 & 0xFFFF];
    if (node) {
        match->key = KEY_1(node, next4 >> 16 & 0xFF);
        match->code = node;
        match->nbytes += 2;
        if (rest >= 3 && (node = tree_step(tree, match->key, &match->slot))) {
            *match = (struct match){node, slot4, KEY_4(anchor, next4), match->nbytes + 1};
        }
        return;
    }
    match->key = KEY_1(anchor, next4 & 0xFF);
    if (match->nbytes == 0)
        *match = (struct match){next4 & 0xFF, 0, 0, 1};
    else if (rest >= 1 && (node = tree_step(tree, match->key, &match->slot)))
        *match = (struct match){node, slot2, key2, match->nbytes + 1};
}

/* Find the longest phrase that plain begins with; there is at least one byte. */
static inline struct match tree_walk(const struct tree *tree, const uint8_t *plain,
                                     const uint8_t *end)
{
    struct match match = {0, 0, 0, 0};
    /* Each turn reads 4 bytes, and they are there. */
    while (LIKELY((size_t)(end - plain) >= match.nbytes + 4)) {
        uint32_t next4 = load_le32(plain + match.nbytes), slot4 = 0;
        uint32_t node = tree_step(tree, KEY_4(match.code, next4), &slot4);
        if (!node) {
            tree_finish(tree, &match, next4, 4, slot4);
            return match;
        }
        match.code = node;
        match.nbytes += 4;
    }
    uint32_t next4 = 0;
    unsigned rest = (unsigned)((size_t)(end - plain) - match.nbytes);
    for (unsigned i = 0; i < rest; i++)
        next4 |= (uint32_t)plain[match.nbytes + i] << 8 * i;
    tree_finish(tree, &match, next4, rest, 0);
    return match;
}

/* Hang the node of a new phrase below match; plain is where the phrase begins. */
static inline void tree_grow(struct tree *tree, const struct match *match, const uint8_t *plain,
                             uint32_t code)
{
    if (match->nbytes == 1) {
        tree->tables->pairs[(uint32_t)plain[1] << 8 | plain[0]] = (uint16_t)code;
        return;
    }
    tree->tables->slots[match->slot] = TAG(HASH(match->key)) | code;
    tree->tables->keys[code] = match->key;
}

struct bit_writer {
    uint8_t *out;
    uint64_t pending; /* bits not yet in front of out, the earliest lowest */
    unsigned count;   /* of them; 0 to 7 between calls */
};

/* Each call writes 8 bytes, of which it keeps at most 2: lzw_encode_bound() has them. */
static inline void put_code(struct bit_writer *bits, uint32_t code, unsigned width)
{
    bits->pending |= (uint64_t)code << bits->count;
    bits->count += width;
    store_le64(bits->out, bits->pending);
    bits->out += bits->count >> 3;
    bits->pending >>= bits->count & ~7u;
    bits->count &= 7;
}

/* Return the bits of all codes so far; out is where the header stands. */
static uint64_t bits_written(const struct bit_writer *bits, const uint8_t *out)
{
    return (uint64_t)(bits->out - out - 1) * 8 + bits->count;
}

/* A place in both streams: plain bytes and packed bits before it. */
struct place {
    size_t plain;
    uint64_t bits;
};

/* Where the dictionary was begun, full, and last looked at. */
struct service {
    struct place start, full, look;
};

/* Say whether a full dictionary has served long enough: its codes since the last look cost more
 * bits a byte than those that filled it, or it is old. No product reaches 2^53. */
static bool service_ends(struct service *service, struct place now)
{
    size_t plain = now.plain - service->look.plain;
    uint64_t bits = now.bits - service->look.bits;
    size_t fill_plain = service->full.plain - service->start.plain;
    uint64_t fill_bits = service->full.bits - service->start.bits;
    service->look = now;
    return bits * fill_plain > fill_bits * plain ||
           now.plain - service->start.plain > LIFETIME * fill_plain;
}

size_t lzw_encode_bound(size_t plain_nbytes, unsigned max_bits)
{
    /* Every byte a code, a CLEAR each LOOK_GAP bytes or for each dictionary, whichever is more
     * often; the header; what put_code() overwrites. */
    size_t phrases = ((size_t)1 << max_bits) - FIRST_PHRASE;
    size_t codes = plain_nbytes + plain_nbytes / (phrases < LOOK_GAP ? phrases : LOOK_GAP);
    return codes / 8 * max_bits + 2 * max_bits + 1 + 8;
}

/* Say whether three quarters of the plain are noise; copy as noise_look() does. */
static bool is_noise(uint8_t *copy, const uint8_t *plain, size_t plain_nbytes)
{
    struct noise_look look;
    noise_look(&look, copy, plain, plain_nbytes);
    return noise_is(&look, plain_nbytes - plain_nbytes / 4);
}

size_t lzw_raw_size(const uint8_t *plain, size_t plain_nbytes)
{
    return noise_likely(plain, plain_nbytes) ? 1 + plain_nbytes : 0;
}

size_t lzw_encode_raw(uint8_t *out, const uint8_t *plain, size_t plain_nbytes)
{
    out[0] = RAW;
    return is_noise(out + 1, plain, plain_nbytes) ? 1 + plain_nbytes : 0;
}

size_t lzw_encode(uint8_t *out, const uint8_t *plain, size_t plain_nbytes, struct lzw_way way,
                  struct lzw_encode_tables *tables)
{
    struct tree tree = {tables, 63 - way.max_bits, (2u << way.max_bits) - 1};
    struct bit_writer bits = {out + 1, 0, 0};
    struct service service = {{0, 0}, {0, 0}, {0, 0}};
    uint32_t next = FIRST_PHRASE, limit = 1u << way.max_bits;
    unsigned width = LZW_MIN_BITS;
    size_t at = 0;

    if (is_noise(NULL, plain, plain_nbytes)) {
        out[0] = RAW;
        memcpy(out + 1, plain, plain_nbytes);
        return plain_nbytes + 1;
    }
    out[0] = (uint8_t)way.max_bits;
    tree_clear(&tree);
    while (at < plain_nbytes) {
        struct match match = tree_walk(&tree, plain + at, plain + plain_nbytes);
        put_code(&bits, match.code, width);
        size_t start = at;
        at += match.nbytes;
        if (UNLIKELY(at == plain_nbytes))
            break;
        if (LIKELY(next < limit)) {
            tree_grow(&tree, &match, plain + start, next);
            width += next >> width; /* = one more once next does not fit */
            if (LIKELY(++next < limit))
                continue;
            service.full = service.look = (struct place){at, bits_written(&bits, out)};
            if (way.reset != LZW_RESET_FULL)
                continue;
        } else if (LIKELY(at - service.look.plain < LOOK_GAP) ||
                   !service_ends(&service, (struct place){at, bits_written(&bits, out)})) {
            continue;
        }
        put_code(&bits, CLEAR, width);
        service.start = (struct place){at, bits_written(&bits, out)};
        next = FIRST_PHRASE;
        width = LZW_MIN_BITS;
        tree_clear(&tree);
    }
    return (size_t)(bits.out - out) + (bits.count != 0);
}

/* ---- Decoding ---- */

/* A phrase is its position in the output << 16 | its length. A phrase is one byte longer than an
 * older one at most, so that lengths fit. */
#define PHRASE(at, nbytes) ((uint64_t)(at) << 16 | (nbytes))

_Static_assert((1 << LZW_MAX_BITS) - FIRST_PHRASE + 2 <= 0xFFFF, "lengths fit in 16 bits");

struct decoder {
    struct lzw_decode_tables *tables;
    const uint8_t *in;
    size_t in_nbytes;
    size_t in_bit; /* where the next code begins */
    uint8_t *out;
    size_t out_nbytes;
    size_t out_at;
    size_t previous_at; /* the previous phrase, unless next is CLEAR: then there is none */
    size_t previous_nbytes;
    uint32_t next; /* the phrase that the next code defines */
    uint32_t limit;
    unsigned max_bits;
};

static unsigned code_width(const struct decoder *decoder)
{
    unsigned width = 32 - (unsigned)__builtin_clz(decoder->next);
    return width < decoder->max_bits ? width : decoder->max_bits;
}

/* Return how many codes of this width begin where 8 bytes can be read. */
static size_t loadable_codes(const struct decoder *decoder, unsigned width)
{
    if (decoder->in_nbytes < 8)
        return 0;
    size_t last_bit = (decoder->in_nbytes - 8) * 8 + 7;
    return decoder->in_bit > last_bit ? 0 : (last_bit - decoder->in_bit) / width + 1;
}

/* Copy nbytes and up to 15 more. The two may overlap by less than these. */
static inline void copy_16s(uint8_t *out, const uint8_t *from, size_t nbytes)
{
    size_t at = 0;
    do {
        uint64_t low = load_le64(from + at), high = load_le64(from + at + 8);
        store_le64(out + at, low);
        store_le64(out + at + 8, high);
        at += 16;
    } while (UNLIKELY(at < nbytes));
}

/* Decode codes of one width as long as they are plain: no CLEAR, no phrase that is defined only by
 * its own code, no error, neither end near. Whatever stops it is left to decode_code().
 *
 * A phrase below next ends at or before out_at: its last byte was the first of a phrase that is
 * written. So a copy never meets its own output, but in the bytes that it copies too much. */
static inline void decode_run(struct decoder *decoder, bool growing)
{
    struct decoder d = *decoder; /* a copy, as out may alias everything */
    unsigned width = code_width(&d);
    uint32_t mask = (1u << width) - 1;
    size_t codes = loadable_codes(&d, width);
    size_t same_width = (1u << width) - d.next;
    if (growing && codes > same_width)
        codes = same_width;

    /* Each turn reads 8 bytes of in, which are there; and writes, and reads in out, up to 15 bytes
     * more than its phrase, which it asks for. */
    for (; codes; codes--) {
        uint32_t code = (uint32_t)(load_le64(d.in + (d.in_bit >> 3)) >> (d.in_bit & 7)) & mask;
        uint64_t phrase = d.tables->phrases[code];
        size_t nbytes = phrase & 0xFFFF;
        if (UNLIKELY(code == CLEAR || (growing && code >= d.next)))
            break;
        if (UNLIKELY(d.out_nbytes - d.out_at < nbytes + 16))
            break;
        const uint8_t *from = (code < 256 ? d.tables->bytes : d.out) + (phrase >> 16);
        if (growing)
            d.tables->phrases[d.next++] = PHRASE(d.previous_at, d.previous_nbytes + 1);
        copy_16s(d.out + d.out_at, from, nbytes);
        d.previous_at = d.out_at;
        d.previous_nbytes = nbytes;
        d.out_at += nbytes;
        d.in_bit += width;
    }
    *decoder = d;
}

/* Read a code, wherever it is. */
static enum lzw_status take_code(struct decoder *decoder, uint32_t *code)
{
    unsigned width = code_width(decoder);
    if (decoder->in_nbytes * 8 - decoder->in_bit < width)
        return LZW_TRUNCATED;
    uint32_t bits = 0;
    size_t last = (decoder->in_bit + width - 1) >> 3;
    for (size_t at = decoder->in_bit >> 3, shift = 0; at <= last; at++, shift += 8)
        bits |= (uint32_t)decoder->in[at] << shift;
    *code = bits >> (decoder->in_bit & 7) & ((1u << width) - 1);
    decoder->in_bit += width;
    return LZW_OK;
}

/* Write a phrase that is defined, or the one that this code defines (code == next). */
static enum lzw_status write_phrase(struct decoder *decoder, uint32_t code)
{
    bool own = decoder->next < decoder->limit && code == decoder->next;
    uint64_t phrase = own ? PHRASE(decoder->previous_at, decoder->previous_nbytes + 1)
                          : decoder->tables->phrases[code];
    size_t nbytes = phrase & 0xFFFF;
    const uint8_t *from = (code < 256 ? decoder->tables->bytes : decoder->out) + (phrase >> 16);
    uint8_t *out = decoder->out + decoder->out_at;
    if (decoder->out_nbytes - decoder->out_at < nbytes)
        return LZW_PHRASE_TOO_LONG;
    memcpy(out, from, nbytes - own);
    if (own)
        out[nbytes - 1] = out[0];
    if (decoder->next < decoder->limit && decoder->next != CLEAR)
        decoder->tables->phrases[decoder->next] =
            PHRASE(decoder->previous_at, decoder->previous_nbytes + 1);
    decoder->next += decoder->next < decoder->limit;
    decoder->previous_at = decoder->out_at;
    decoder->previous_nbytes = nbytes;
    decoder->out_at += nbytes;
    return LZW_OK;
}

/* Decode one code with every check: the plain form of decode_run(). */
static enum lzw_status decode_code(struct decoder *decoder)
{
    uint32_t code = 0;
    enum lzw_status status = take_code(decoder, &code);
    if (status != LZW_OK)
        return status;
    if (decoder->next == CLEAR && code >= 256)
        return LZW_BAD_FIRST_CODE;
    if (code == CLEAR) {
        decoder->next = CLEAR;
        return LZW_OK;
    }
    if (decoder->next != CLEAR && code > decoder->next)
        return LZW_UNDEFINED_CODE;
    return write_phrase(decoder, code);
}

/* Look behind the last code: the rest of its byte is zero, and nothing follows. */
static enum lzw_status check_end(const struct decoder *decoder)
{
    size_t used = decoder->in_bit & 7;
    if (used && decoder->in[decoder->in_bit >> 3] >> used)
        return LZW_UNUSED_BITS;
    return (decoder->in_bit + 7) >> 3 == decoder->in_nbytes ? LZW_OK : LZW_TRAILING_BYTES;
}

enum lzw_status lzw_check_size(const uint8_t *packed, size_t packed_nbytes, uint64_t plain_nbytes)
{
    if (packed_nbytes == 0)
        return LZW_NO_HEADER;
    if (packed[0] == RAW)
        return plain_nbytes == packed_nbytes - 1 ? LZW_OK : LZW_BAD_RAW_SIZE;
    if (packed[0] < LZW_MIN_BITS || packed[0] > LZW_MAX_BITS)
        return LZW_BAD_MAX_BITS;
    /* The n-th code stands for n bytes at most, and for no more than the longest phrase. */
    uint64_t codes = (uint64_t)(packed_nbytes - 1) * 8 / LZW_MIN_BITS;
    uint64_t longest = (1u << packed[0]) - 256;
    uint64_t rising = codes < longest ? codes : longest;
    uint64_t most = rising * (rising + 1) / 2 + (codes - rising) * longest;
    return plain_nbytes <= most ? LZW_OK : LZW_UNEARNED_SIZE;
}

enum lzw_status lzw_decode(uint8_t *out, size_t out_nbytes, const uint8_t *packed,
                           size_t packed_nbytes, struct lzw_decode_tables *tables)
{
    enum lzw_status status = lzw_check_size(packed, packed_nbytes, out_nbytes);
    if (status != LZW_OK)
        return status;
    if (packed[0] == RAW) {
        if (out_nbytes)
            memcpy(out, packed + 1, out_nbytes);
        return LZW_OK;
    }
    struct decoder decoder = {.tables = tables,
                              .in = packed,
                              .in_nbytes = packed_nbytes,
                              .in_bit = 8,
                              .out = out,
                              .out_nbytes = out_nbytes,
                              .next = CLEAR,
                              .limit = 1u << packed[0],
                              .max_bits = packed[0]};
    memset(tables->bytes, 0, sizeof tables->bytes);
    for (unsigned byte = 0; byte < 256; byte++) {
        tables->bytes[byte] = (uint8_t)byte;
        tables->phrases[byte] = PHRASE(byte, 1);
    }
    while (decoder.out_at < out_nbytes) {
        if (decoder.next == decoder.limit)
            decode_run(&decoder, false);
        else if (decoder.next != CLEAR)
            decode_run(&decoder, true);
        status = decoder.out_at < out_nbytes ? decode_code(&decoder) : LZW_OK;
        if (status != LZW_OK)
            return status;
    }
    return check_end(&decoder);
}
