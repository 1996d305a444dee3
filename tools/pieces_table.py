"""Write compressor/kernels/pieces_gear.h: `python tools/pieces_table.py > ...`.

The rule is that of docs/format/pieces.md: 32 numbers of 32 bits, little-endian, from the first 128
bytes that SHAKE256 gives for a name; a byte's gear is the number of its low half xor that of its
high half.
"""

import hashlib
import struct
import sys

NAME = b"compressor pieces 0"  # with it no run of one byte value ends a piece

HEAD = """\
/* pieces_gear.h - written by tools/pieces_table.py, which says what the numbers are. */
#ifndef COMPRESSOR_PIECES_GEAR_H
#define COMPRESSOR_PIECES_GEAR_H

#include <stdint.h>

/* clang-format off */
"""

TAIL = """\
/* clang-format on */

#endif
"""


def numbers() -> tuple[int, ...]:
    """Return 16 numbers for a byte's low half, and 16 for its high half."""
    return struct.unpack("<32I", hashlib.shake_256(NAME).digest(128))


def array(name: str, values: list[int], digits: int) -> str:
    """Return an array as C, about 96 characters a line."""
    each = {2: 16, 8: 8}[digits]
    cells = [f"0x{value:0{digits}x}" + ("u" if digits == 8 else "") for value in values]
    rows = "".join(
        "    " + ", ".join(cells[i : i + each]) + ",\n" for i in range(0, len(cells), each)
    )
    kind = {2: "uint8_t", 8: "uint32_t"}[digits]
    return f"static const {kind} {name}[{len(values)}] = {{\n{rows}}};\n"


def halves() -> str:
    """Return the low 16 bits of the numbers, a byte each: what pshufb looks up."""
    low, high = numbers()[:16], numbers()[16:]
    return (
        "\n#ifdef PIECES_GEAR_HALVES\n"
        + "".join(
            f"/* Bits {8 * byte} to {8 * byte + 7} of the numbers of a byte's {side} half. */\n"
            + array(f"pieces_gear_{side}_{byte}", [value >> 8 * byte & 0xFF for value in half], 2)
            for side, half in (("low", low), ("high", high))
            for byte in (0, 1)
        )
        + "#endif\n"
    )


def main() -> None:
    """Write the header."""
    low, high = numbers()[:16], numbers()[16:]
    gear = [low[byte & 15] ^ high[byte >> 4] for byte in range(256)]
    sys.stdout.write(HEAD + "\n" + array("pieces_gear", gear, 8) + halves() + "\n" + TAIL)


if __name__ == "__main__":
    main()
