/* preset_tables.h - the alphabets of docs/format/preset.md, ready for both directions. */
#ifndef COMPRESSOR_PRESET_TABLES_H
#define COMPRESSOR_PRESET_TABLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum preset_number {
    PRESET_RAW = 0,
    PRESET_ASCII = 1,
    PRESET_DNA = 2,
    PRESET_DECIMAL = 3,
    PRESET_HEX = 4,
    PRESET_HEX_UPPER = 5,
    PRESET_BASE64 = 6,
    PRESET_BASE64_URL = 7,
    PRESET_GIVEN = 8
};

enum { PRESET_COUNT_MIN = 2, PRESET_COUNT_MAX = 128 };

/* Of digits, and of letters beside them: for look-ups in 16 bytes. */
#define PRESET_KEY(symbol) (((symbol) + ((symbol) > 0x39 ? 9 : 0)) & 15)

#define PRESET_MEMBER 0x80u /* in codes, beside the code */

struct preset_table {
    uint8_t number;          /* of enum preset_number */
    uint8_t bits;            /* a code's, 1 to 7; 0: three codes share 10 */
    uint8_t count;           /* symbols */
    uint16_t rows;           /* bit r: a symbol is in 16 r to 16 r + 15 */
    bool keyed;              /* no two symbols have one key */
    uint8_t key_symbols[16]; /* by key; 0, or for key 0 0xFF, where no symbol has it */
    uint8_t key_codes[16];   /* by key */
    uint8_t codes[256];      /* PRESET_MEMBER | code, or 0 */
    uint8_t symbols[128];    /* by code; 0 behind the last */
};

/* Make the table of an alphabet of PRESET_COUNT_MIN to PRESET_COUNT_MAX different bytes; false
 * where it is none. */
bool preset_table_make(struct preset_table *table, unsigned number, const uint8_t *symbols,
                       size_t count);

/* Make the table of a number from PRESET_ASCII to PRESET_BASE64_URL. */
void preset_table_fixed(struct preset_table *table, unsigned number);

/* Return the bytes that so many codes take. */
size_t preset_codes_size(const struct preset_table *table, size_t count);

#endif
