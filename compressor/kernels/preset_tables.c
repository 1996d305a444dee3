/* The alphabets, and how many bits their codes take. */
#include "preset_tables.h"

#include <string.h>

#define DIGITS "0123456789"
#define CAPITALS "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define SMALL "abcdefghijklmnopqrstuvwxyz"

static const char *const alphabets[] = {
    [PRESET_DNA] = "ACGT",
    [PRESET_DECIMAL] = DIGITS,
    [PRESET_HEX] = DIGITS "abcdef",
    [PRESET_HEX_UPPER] = DIGITS "ABCDEF",
    [PRESET_BASE64] = CAPITALS SMALL DIGITS "+/",
    [PRESET_BASE64_URL] = CAPITALS SMALL DIGITS "-_",
};

/* Nine or ten symbols go three by three into 10 bits: 3.33 bits each, where alone they took 4. */
static unsigned bits_of(size_t count)
{
    unsigned bits = 1;
    if (count == 9 || count == 10)
        return 0;
    while (count > (size_t)1 << bits)
        bits++;
    return bits;
}

static void find_keys(struct preset_table *table)
{
    table->key_symbols[0] = 0xFF;
    table->keyed = true;
    for (unsigned code = 0; code < table->count; code++) {
        uint8_t symbol = table->symbols[code], *known = &table->key_symbols[PRESET_KEY(symbol)];
        if (symbol == 0 || symbol > 0x70 || !(*known == 0 || *known == 0xFF)) {
            table->keyed = false;
            return;
        }
        *known = symbol;
        table->key_codes[PRESET_KEY(symbol)] = (uint8_t)code;
    }
}

bool preset_table_make(struct preset_table *table, unsigned number, const uint8_t *symbols,
                       size_t count)
{
    memset(table, 0, sizeof *table);
    if (count < PRESET_COUNT_MIN || count > PRESET_COUNT_MAX)
        return false;
    table->number = (uint8_t)number;
    table->bits = (uint8_t)bits_of(count);
    table->count = (uint8_t)count;
    for (size_t code = 0; code < count; code++) {
        uint8_t symbol = symbols[code];
        if (table->codes[symbol])
            return false;
        table->codes[symbol] = (uint8_t)(PRESET_MEMBER | code);
        table->symbols[code] = symbol;
        table->rows |= (uint16_t)(1u << (symbol >> 4));
    }
    find_keys(table);
    return true;
}

void preset_table_fixed(struct preset_table *table, unsigned number)
{
    uint8_t ascii[128];
    if (number != PRESET_ASCII) {
        const char *alphabet = alphabets[number];
        preset_table_make(table, number, (const uint8_t *)alphabet, strlen(alphabet));
        return;
    }
    for (unsigned i = 0; i < sizeof ascii; i++)
        ascii[i] = (uint8_t)i;
    preset_table_make(table, number, ascii, sizeof ascii);
}

size_t preset_codes_size(const struct preset_table *table, size_t count)
{
    size_t bits = table->bits ? count * table->bits : (count + 2) / 3 * 10;
    return (bits + 7) / 8;
}
