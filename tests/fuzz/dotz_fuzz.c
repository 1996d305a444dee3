/* dotz_fuzz.c - hostile streams, and round trips, for dotz_kernel.c; see campaign.py.
 *
 * The first byte chooses: bits 0 and 1 the mode, bit 2 whether a plain is stretched (so that
 * dictionaries fill up), bit 3 whether there is CLEAR, bits 4 to 6 max_bits - 9. The second is the
 * size of the pieces that streams come and go in, less one. Every buffer has its exact size and
 * comes from malloc(), so that a byte too far is a finding.
 */
#include "../../compressor/kernels/dotz_kernel.h"
#include "buffers.h"

enum { DECODE = 0, ROUND_TRIP = 1, DAMAGE = 2 }; /* 3 is DAMAGE too */
enum { STRETCH = 64, STRETCHABLE = 1536, LARGEST_OUTPUT = 1 << 20 };

static struct dotz_decoder decoder;
static struct dotz_encoder encoder;

static void append(struct bytes *to, const uint8_t *from, size_t nbytes)
{
    to->at = realloc(to->at, to->size + nbytes + 1);
    if (!to->at)
        abort();
    if (nbytes)
        memcpy(to->at + to->size, from, nbytes);
    to->size += nbytes;
}

/* Pack plain in pieces of step bytes. */
static struct bytes encoded(struct bytes plain, unsigned max_bits, size_t step)
{
    struct bytes packed = bytes_new(0);
    dotz_encoder_begin(&encoder, max_bits);
    for (size_t at = 0;; at += step) {
        size_t left = plain.size - at, nbytes = left < step ? left : step;
        struct bytes piece = bytes_new(nbytes), room = bytes_new(dotz_encode_bound(nbytes));
        if (nbytes)
            memcpy(piece.at, plain.at + at, nbytes);
        size_t used = dotz_encode(&encoder, room.at, piece.at, nbytes, left <= step);
        if (used > room.size)
            abort();
        append(&packed, room.at, used);
        free(piece.at);
        free(room.at);
        if (left <= step)
            return packed;
    }
}

/* Unpack in pieces of step bytes, to buffers of as many; stop at an error, or when it is much. */
static enum dotz_status decode(struct bytes *plain, struct bytes packed, unsigned max_bits,
                               bool clears, size_t step)
{
    dotz_decoder_begin(&decoder, max_bits, clears);
    for (size_t at = 0;; at += step) {
        size_t left = packed.size - at, nbytes = left < step ? left : step, done = 0;
        struct bytes piece = bytes_new(nbytes), out = bytes_new(step);
        if (nbytes)
            memcpy(piece.at, packed.at + at, nbytes);
        enum dotz_status status;
        size_t written, taken;
        do {
            status = dotz_decode(&decoder, out.at, step, &written, piece.at + done, nbytes - done,
                                 &taken, left <= step);
            if (written > step || taken > nbytes - done)
                abort();
            done += taken;
            if (status == DOTZ_OK)
                append(plain, out.at, written);
        } while (status == DOTZ_OK && written == step && plain->size < LARGEST_OUTPUT);
        if (status == DOTZ_OK && written < step && done != nbytes)
            abort(); /* all was to be taken */
        free(piece.at);
        free(out.at);
        if (status != DOTZ_OK || left <= step || plain->size >= LARGEST_OUTPUT)
            return status;
    }
}

static void round_trip(struct bytes plain, unsigned max_bits, size_t step, const uint8_t *damage)
{
    struct bytes packed = encoded(plain, max_bits, step), back = bytes_new(0);
    if (damage && packed.size)
        packed.at[(damage[0] | (size_t)damage[1] << 8) % packed.size] ^= damage[2];
    enum dotz_status status = decode(&back, packed, max_bits, true, step);
    if (!damage && (status != DOTZ_OK || back.size != plain.size ||
                    memcmp(back.at, plain.at, plain.size) != 0))
        abort();
    free(packed.at);
    free(back.at);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 5)
        return 0;
    unsigned mode = data[0] & 3, max_bits = 9 + (data[0] >> 4 & 7);
    size_t step = (size_t)data[1] + 1;
    const uint8_t *damage = mode >= DAMAGE ? data + 2 : NULL;
    size_t head = damage ? 5 : 2, nbytes = size - head;
    if (mode == DECODE) {
        struct bytes packed = bytes_copy(data + head, nbytes), plain = bytes_new(0);
        decode(&plain, packed, max_bits, data[0] & 8, step);
        free(packed.at);
        free(plain.at);
        return 0;
    }
    bool stretch = data[0] & 4 && nbytes && nbytes <= STRETCHABLE;
    const uint8_t *text = data + head;
    struct bytes plain = stretch ? stretched(text, nbytes, STRETCH) : bytes_copy(text, nbytes);
    round_trip(plain, max_bits < 10 ? 10 : max_bits, step, damage);
    free(plain.at);
    return 0;
}
