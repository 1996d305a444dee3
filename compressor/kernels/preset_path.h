/* preset_path.h - the inner loops of preset codes, for one kind of processor.
 *
 * Each loop does whole turns from the beginning and returns how many symbols it has done: all, or
 * so many that what is left is too little for another turn. That is a multiple of 8, and of the
 * threes' loops of 24, unless it is all. The portable loops do all.
 *
 * Bounds: what is read is read exactly, but for packed bytes, where the loops are told where all of
 * them end. What encoders write may be written PRESET_SLACK bytes too far, and so may what
 * `unpack_threes` writes; other symbols are written exactly.
 */
#ifndef COMPRESSOR_PRESET_PATH_H
#define COMPRESSOR_PRESET_PATH_H

#include "preset_kernel.h"

/* What encoding saw. */
enum { PRESET_SAW_MISSING = 1, PRESET_SAW_LOWER = 2 };

struct preset_path {
    const char *name;

    /* Pack the codes of in[0..n), of 1 to 7 bits: those of eight symbols to as many bytes, the
     * first lowest. What has no code has code 0. Bit i of missing, which is zero before, says that
     * in[i] has none; bit i of lower becomes bit 5 of in[i] where the table is DNA, which takes
     * that bit for clear. Sets bits in *saw. */
    size_t (*encode)(uint8_t *out, uint8_t *missing, uint8_t *lower, unsigned *saw,
                     const uint8_t *in, size_t n, const struct preset_table *table);

    /* The way back; *most is raised to the largest code. */
    size_t (*decode)(uint8_t *out, uint8_t *most, size_t n, const uint8_t *in,
                     const uint8_t *in_end, const struct preset_table *table);

    /* The same for a table whose codes of 7 bits are the symbols; PRESET_SAW_MISSING is all that is
     * told of others. */
    size_t (*encode7)(uint8_t *out, unsigned *saw, const uint8_t *in, size_t n);
    size_t (*decode7)(uint8_t *out, size_t n, const uint8_t *in, const uint8_t *in_end);

    /* As encode and decode, but the codes are not packed, and below 128 all. */
    size_t (*map)(uint8_t *codes, uint8_t *missing, unsigned *saw, const uint8_t *in, size_t n,
                  const struct preset_table *table);
    size_t (*unmap)(uint8_t *out, uint8_t *most, const uint8_t *codes, size_t n,
                    const struct preset_table *table);

    /* Twelve codes below 10 to 5 bytes: four numbers of 10 bits, and back, where *most is raised to
     * the largest number. */
    size_t (*pack_threes)(uint8_t *out, const uint8_t *codes, size_t n);
    size_t (*unpack_threes)(uint8_t *codes, uint16_t *most, size_t n, const uint8_t *in,
                            const uint8_t *in_end);
};

extern const struct preset_path preset_portable;

#if defined(__x86_64__) && defined(__GNUC__) /* clang says so too */
#define PRESET_HAVE_X86 1
extern const struct preset_path preset_ssse3;
extern const struct preset_path preset_avx2;
#else
#define PRESET_HAVE_X86 0
#endif

/* Bytes as a word, the first lowest. */
static inline uint64_t preset_load(const uint8_t *at, size_t size)
{
    uint64_t word = 0;
    for (size_t i = 0; i < size; i++)
        word |= (uint64_t)at[i] << 8 * i;
    return word;
}

static inline void preset_store(uint8_t *at, uint64_t word, size_t size)
{
    for (size_t i = 0; i < size; i++)
        at[i] = (uint8_t)(word >> 8 * i);
}

#endif
