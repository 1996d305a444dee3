/* dotz_kernel.c - see dotz_kernel.h for the contract and docs/format/dotz.md for the format. */
#include "dotz_kernel.h"

#include <string.h>

enum {
    CLEAR = 256,
    LOOK_GAP = 10000, /* plain bytes between two looks at the ratio, as compress has it */
};

/* Return the last code that may be defined before codes get another bit. With max_bits 9 all
 * programs go on to ten bits: the page of the format tells. */
static uint32_t last_code(unsigned bits, unsigned max_bits)
{
    return ((uint32_t)1 << bits) - (bits != max_bits || max_bits == DOTZ_MIN_BITS);
}

/* ---- Decoding ---- */

void dotz_decoder_begin(struct dotz_decoder *decoder, unsigned max_bits, bool clears)
{
    memset(decoder, 0, sizeof *decoder);
    decoder->max_bits = max_bits;
    decoder->clears = clears;
    decoder->bits = DOTZ_MIN_BITS;
    decoder->next = clears ? CLEAR + 1 : CLEAR;
    decoder->previous = -1;
}

/* Skip what is left of the group of eight codes: where the width changes, a new one begins. */
static void end_group(struct dotz_decoder *decoder)
{
    if (decoder->group_nbytes)
        decoder->skipped_nbytes = decoder->bits - decoder->group_nbytes;
    decoder->group_nbytes = 0;
    decoder->group_bits = 0;
}

/* Return the next code of the group, which has all its bits. */
static uint32_t code_in_group(struct dotz_decoder *decoder)
{
    unsigned at = decoder->group_bits / 8, shift = decoder->group_bits % 8;
    uint32_t word = 0;
    for (unsigned i = 0; i < 3 && at + i < DOTZ_MAX_BITS; i++)
        word |= (uint32_t)decoder->group[at + i] << 8 * i;
    decoder->group_bits += decoder->bits;
    return word >> shift & (((uint32_t)1 << decoder->bits) - 1);
}

/* Put the phrase of code to what waits, and define the next phrase. */
static enum dotz_status take_code(struct dotz_decoder *decoder, uint32_t code)
{
    uint8_t *end = decoder->waiting + sizeof decoder->waiting, *at = end;
    uint32_t node = code;
    if (decoder->previous < 0) {
        if (code >= 256)
            return DOTZ_BAD_FIRST_CODE;
    } else if (code >= decoder->next) {
        if (code > decoder->next || code >= (uint32_t)1 << decoder->max_bits)
            return DOTZ_UNDEFINED_CODE;
        *--at = decoder->first; /* the very phrase that this code defines */
        node = (uint32_t)decoder->previous;
    }
    /* Each prefix is a smaller code: at most 65536 - 256 turns, and one byte from above. */
    for (; node >= 256; node = decoder->prefixes[node])
        *--at = decoder->lasts[node];
    *--at = (uint8_t)node;
    decoder->first = (uint8_t)node;
    decoder->waiting_nbytes = (uint32_t)(end - at);
    if (decoder->previous >= 0 && decoder->next < (uint32_t)1 << decoder->max_bits) {
        decoder->prefixes[decoder->next] = (uint16_t)decoder->previous;
        decoder->lasts[decoder->next++] = (uint8_t)node;
    }
    decoder->previous = (int32_t)code;
    return DOTZ_OK;
}

/* Fill the group from packed; say whether it holds another code. */
static bool fill_group(struct dotz_decoder *decoder, const uint8_t *packed, size_t packed_nbytes,
                       size_t *taken)
{
    if (decoder->group_bits == 8 * decoder->bits)
        end_group(decoder);
    size_t left = packed_nbytes - *taken;
    size_t step = left < decoder->skipped_nbytes ? left : decoder->skipped_nbytes;
    decoder->skipped_nbytes -= (unsigned)step;
    *taken += step;
    left -= step;
    size_t wanted = decoder->bits - decoder->group_nbytes;
    step = left < wanted ? left : wanted;
    if (step) {
        memcpy(decoder->group + decoder->group_nbytes, packed + *taken, step);
        decoder->group_nbytes += (unsigned)step;
        *taken += step;
    }
    return decoder->group_bits + decoder->bits <= 8 * decoder->group_nbytes;
}

/* Return the bits behind the last code, which are too few for another. */
static uint32_t rest_of_group(const struct dotz_decoder *decoder)
{
    uint32_t rest = 0;
    for (unsigned at = decoder->group_bits; at < 8 * decoder->group_nbytes; at++)
        rest |= (uint32_t)(decoder->group[at / 8] >> at % 8 & 1);
    return rest;
}

/* Give what waits, as far as out goes. */
static void give(struct dotz_decoder *decoder, uint8_t *out, size_t out_nbytes, size_t *written)
{
    size_t step = out_nbytes - *written;
    if (step > decoder->waiting_nbytes)
        step = decoder->waiting_nbytes;
    if (!step)
        return;
    const uint8_t *end = decoder->waiting + sizeof decoder->waiting;
    memcpy(out + *written, end - decoder->waiting_nbytes, step);
    *written += step;
    decoder->waiting_nbytes -= (uint32_t)step;
}

enum dotz_status dotz_decode(struct dotz_decoder *decoder, uint8_t *out, size_t out_nbytes,
                             size_t *written, const uint8_t *packed, size_t packed_nbytes,
                             size_t *taken, bool last)
{
    *written = *taken = 0;
    for (;;) {
        give(decoder, out, out_nbytes, written);
        if (*written == out_nbytes)
            return DOTZ_OK;
        if (decoder->next > last_code(decoder->bits, decoder->max_bits)) {
            end_group(decoder);
            decoder->bits++;
        }
        if (!fill_group(decoder, packed, packed_nbytes, taken))
            return last && rest_of_group(decoder) ? DOTZ_TRUNCATED : DOTZ_OK;
        uint32_t code = code_in_group(decoder);
        if (code == CLEAR && decoder->clears) {
            decoder->next = CLEAR + 1;
            decoder->previous = -1;
            end_group(decoder);
            decoder->bits = DOTZ_MIN_BITS;
            continue;
        }
        enum dotz_status status = take_code(decoder, code);
        if (status != DOTZ_OK)
            return status;
    }
}

/* ---- Encoding ---- */

void dotz_encoder_begin(struct dotz_encoder *encoder, unsigned max_bits)
{
    memset(encoder, 0, sizeof *encoder);
    encoder->max_bits = max_bits;
    encoder->bits = DOTZ_MIN_BITS;
    encoder->next = CLEAR + 1;
    encoder->phrase = -1;
    encoder->fresh = true;
    encoder->look_at = LOOK_GAP;
}

static uint8_t *put_bytes(struct dotz_encoder *encoder, uint8_t *out)
{
    for (; encoder->held_bits >= 8; encoder->held_bits -= 8, encoder->held >>= 8) {
        *out++ = (uint8_t)encoder->held;
        encoder->group_nbytes = (encoder->group_nbytes + 1) % encoder->bits;
        encoder->packed_nbytes++;
    }
    return out;
}

/* Fill up the group of eight codes: where the width changes, a new one begins. */
static uint8_t *put_group_end(struct dotz_encoder *encoder, uint8_t *out)
{
    encoder->held_bits = (encoder->held_bits + 7) / 8 * 8;
    out = put_bytes(encoder, out);
    while (encoder->group_nbytes) {
        encoder->held_bits = 8; /* of zeros: nothing else is held */
        out = put_bytes(encoder, out);
    }
    return out;
}

/* Write a code, at the width that a decoder expects. */
static uint8_t *put_code(struct dotz_encoder *encoder, uint8_t *out, uint32_t code)
{
    if (encoder->next > last_code(encoder->bits, encoder->max_bits)) {
        out = put_group_end(encoder, out);
        encoder->bits++;
    }
    encoder->held |= (uint64_t)code << encoder->held_bits;
    encoder->held_bits += encoder->bits;
    return put_bytes(encoder, out);
}

static uint8_t *put_clear(struct dotz_encoder *encoder, uint8_t *out)
{
    out = put_group_end(encoder, put_code(encoder, out, CLEAR));
    memset(encoder->slots, 0, sizeof encoder->slots);
    encoder->bits = DOTZ_MIN_BITS;
    encoder->next = CLEAR + 1;
    encoder->fresh = true;
    encoder->plain_nbytes = encoder->packed_nbytes = encoder->best = 0;
    encoder->look_at = LOOK_GAP;
    return out;
}

/* Return the slot of the phrase by one byte longer: free, or its own. At most half are taken. */
static uint64_t *slot_of(struct dotz_encoder *encoder, uint32_t phrase, uint8_t byte)
{
    uint64_t pair = (uint64_t)1 << 24 | (uint64_t)phrase << 8 | byte;
    uint32_t mask = (2 << DOTZ_MAX_BITS) - 1;
    uint32_t at = (uint32_t)(pair * UINT64_C(0x9E3779B97F4A7C15) >> 40) & mask;
    while (encoder->slots[at] && encoder->slots[at] >> 16 != pair)
        at = (at + 1) & mask;
    return &encoder->slots[at];
}

/* Write the phrase, and define it by one byte longer if there is room. */
static uint8_t *put_phrase(struct dotz_encoder *encoder, uint8_t *out, uint64_t *slot, uint8_t byte)
{
    uint32_t phrase = (uint32_t)encoder->phrase, full = (uint32_t)1 << encoder->max_bits;
    out = put_code(encoder, out, phrase);
    if (!encoder->fresh && encoder->next < full)
        encoder->next++;
    encoder->fresh = false;
    if (encoder->next < full)
        *slot = ((uint64_t)1 << 24 | (uint64_t)phrase << 8 | byte) << 16 | encoder->next;
    return out;
}

/* Say whether a full dictionary codes worse than it did: then another one is worth its price. */
static bool wears_out(struct dotz_encoder *encoder)
{
    if (encoder->next < (uint32_t)1 << encoder->max_bits ||
        encoder->plain_nbytes < encoder->look_at)
        return false;
    encoder->look_at = encoder->plain_nbytes + LOOK_GAP;
    uint64_t ratio = (encoder->plain_nbytes << 16) / (encoder->packed_nbytes + 1);
    if (ratio < encoder->best)
        return true;
    encoder->best = ratio;
    return false;
}

size_t dotz_encode_bound(size_t plain_nbytes)
{
    /* A code a byte; seven times a group's end and a CLEAR's for each dictionary; what was held. */
    return 2 * plain_nbytes + 32 * (plain_nbytes / 1000 + 16);
}

size_t dotz_encode(struct dotz_encoder *encoder, uint8_t *out, const uint8_t *plain,
                   size_t plain_nbytes, bool last)
{
    uint8_t *at = out;
    for (size_t i = 0; i < plain_nbytes; i++) {
        encoder->plain_nbytes++;
        if (encoder->phrase < 0) {
            encoder->phrase = plain[i];
            continue;
        }
        uint64_t *slot = slot_of(encoder, (uint32_t)encoder->phrase, plain[i]);
        if (*slot) {
            encoder->phrase = (int32_t)(*slot & 0xFFFF);
            continue;
        }
        at = put_phrase(encoder, at, slot, plain[i]);
        encoder->phrase = plain[i];
        if (wears_out(encoder))
            at = put_clear(encoder, at);
    }
    if (!last)
        return (size_t)(at - out);
    if (encoder->phrase >= 0)
        at = put_code(encoder, at, (uint32_t)encoder->phrase);
    encoder->held_bits = (encoder->held_bits + 7) / 8 * 8;
    return (size_t)(put_bytes(encoder, at) - out);
}
