/* words.h - little-endian loads and stores, at any address. */
#ifndef COMPRESSOR_WORDS_H
#define COMPRESSOR_WORDS_H

#include <stdint.h>
#include <string.h>

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define WORDS_LE16(word) __builtin_bswap16(word)
#define WORDS_LE32(word) __builtin_bswap32(word)
#define WORDS_LE64(word) __builtin_bswap64(word)
#else
#define WORDS_LE16(word) (word)
#define WORDS_LE32(word) (word)
#define WORDS_LE64(word) (word)
#endif

static inline uint64_t load_le64(const uint8_t *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof word);
    return WORDS_LE64(word);
}

static inline uint32_t load_le32(const uint8_t *at)
{
    uint32_t word;
    memcpy(&word, at, sizeof word);
    return WORDS_LE32(word);
}

static inline uint32_t load_le16(const uint8_t *at)
{
    uint16_t word;
    memcpy(&word, at, sizeof word);
    return WORDS_LE16(word);
}

static inline uint32_t load_le24(const uint8_t *at)
{
    return load_le16(at) | (uint32_t)at[2] << 16;
}

static inline void store_le64(uint8_t *at, uint64_t word)
{
    word = WORDS_LE64(word);
    memcpy(at, &word, sizeof word);
}

static inline void store_le32(uint8_t *at, uint32_t word)
{
    word = WORDS_LE32(word);
    memcpy(at, &word, sizeof word);
}

static inline void store_le24(uint8_t *at, uint32_t word)
{
    at[0] = (uint8_t)word;
    at[1] = (uint8_t)(word >> 8);
    at[2] = (uint8_t)(word >> 16);
}

static inline void store_le16(uint8_t *at, uint32_t word)
{
    uint16_t low = WORDS_LE16((uint16_t)word);
    memcpy(at, &low, sizeof low);
}

#endif
