"""Write compressor/kernels/huffman_tables.h: `python tools/huffman_tables.py > ...`.

Each table is indexed by a byte of a bitmap: the mask m of 8 symbols, of which bit i says whether
symbol i is one of the zeros or one of the ones.
"""

import sys
from collections.abc import Iterable

MASKS = range(256)
EACH_BYTE = 0x0101010101010101

HEAD = """\
/* huffman_tables.h - written by tools/huffman_tables.py, which says what the rows are. */
#ifndef COMPRESSOR_HUFFMAN_TABLES_H
#define COMPRESSOR_HUFFMAN_TABLES_H

#include <stdint.h>

/* clang-format off */
"""

TAIL = """\
/* clang-format on */

#endif
"""


def places(mask: int, bit: int) -> list[int]:
    """Return the positions of the bits of ``mask`` that equal ``bit``, ascending."""
    return [i for i in range(8) if mask >> i & 1 == bit]


def word(octets: Iterable[int]) -> int:
    """Return 8 bytes as one little-endian number."""
    return int.from_bytes(bytes(octets), "little")


def spread(mask: int) -> int:
    """Byte i is 0xff where bit i is set."""
    return word(0xFF * (mask >> i & 1) for i in range(8))


def route(order: list[int], step: int) -> list[int] | None:
    """Find the byte swaps at distances ``step``, step / 2, ... that sort ``order``.

    The swaps of one distance are returned as one mask of the lower bytes to be swapped.
    """
    if step == 0:
        return [] if order == sorted(order) else None
    lower = [i for i in range(8) if not i & step]
    for choice in range(16):
        swapped, mask = order[:], 0
        for k, i in enumerate(lower):
            if choice >> k & 1:
                swapped[i], swapped[i + step] = swapped[i + step], swapped[i]
                mask |= 1 << i
        if any((place ^ i) & step for i, place in enumerate(swapped)):
            continue  # nothing later crosses this distance
        rest = route(swapped, step // 2)
        if rest is not None:
            return [mask, *rest]
    return None


def swap_row(mask: int) -> list[int]:
    """Return how to interleave zeros, ascending from byte 0, with ones, descending from byte 7.

    Such an order needs only one round of swaps at distances 4, 2 and 1 (a butterfly network; found
    by trial for each mask), and the same rounds backwards take it apart. The last word selects
    the bytes of the ones.
    """
    order = places(mask, 0) + places(mask, 1)[::-1]
    rounds = route(order, 4)
    if rounds is None:
        raise AssertionError(f"mask {mask} cannot be routed")
    ones = mask.bit_count()
    return [*map(spread, rounds), word([0] * (8 - ones) + [0xFF] * ones)]


def expand_row(mask: int) -> list[int]:
    """Return how to move bytes 0, 1, ... up to the places of the ones of the mask.

    The first word keeps as many bytes as there are ones; the next say which bytes then rise by 4,
    by 2 and by 1, in this order, which never lets two meet.
    """
    goals = places(mask, 1)
    at, rows = list(range(len(goals))), []
    for step in (4, 2, 1):
        rises = [bool((goal - i) & step) for i, goal in enumerate(goals)]
        rows.append(sum(1 << place for place, up in zip(at, rises, strict=True) if up))
        at = [place + step * up for place, up in zip(at, rises, strict=True)]
    return [spread((1 << len(goals)) - 1), *map(spread, rows)]


def merge_row(mask: int) -> list[int]:
    """Return the control of a shuffle that merges zeros (bytes 0-7) and ones (bytes 8-15)."""
    zeros, ones = iter(range(8)), iter(range(8, 16))
    return [word(next(ones) if mask >> i & 1 else next(zeros) for i in range(8))]


def quad_row(mask: int) -> list[int]:
    """Return what to add to a quad's control where the mask has its ones, as one number.

    There the sum of the other rows is 8 + 3, and the symbol is the next of the rest: 0, 1, ...
    """
    goals = enumerate(places(mask, 1))
    return [sum((number - 11) << 8 * place for number, place in goals) % (1 << 64)]


def split_row(mask: int) -> list[int]:
    """Return the control of a shuffle that puts zeros from byte 0 on, ones from byte 8 on."""
    return [word((places(mask, bit) + [0x80] * 8)[:8]) for bit in (0, 1)]


def table(name: str, rows: list[list[int]]) -> str:
    """Return one table as C; one row of one word is a plain array."""
    columns = len(rows[0])
    lines = [", ".join(f"0x{value:016x}u" for value in row) for row in rows]
    if columns == 1:
        body = "".join("    " + ", ".join(lines[i : i + 4]) + ",\n" for i in range(0, 256, 4))
        return f"static const uint64_t {name}[256] = {{\n{body}}};\n"
    body = "".join(f"    {{{line}}},\n" for line in lines)
    return f"static const uint64_t {name}[256][{columns}] = {{\n{body}}};\n"


def columns(name: str, rows: list[list[int]]) -> str:
    """Return one array for each column: most machines scale an index by 8 within an address."""
    lines = [[f"0x{row[k]:016x}u" for row in rows] for k in range(len(rows[0]))]
    bodies = (
        "    {\n"
        + "".join("        " + ", ".join(line[i : i + 4]) + ",\n" for i in range(0, 256, 4))
        + "    },\n"
        for line in lines
    )
    return f"static const uint64_t {name}[{len(lines)}][256] = {{\n{''.join(bodies)}}};\n"


def portable_tables() -> str:
    """Return what huffman_portable.c alone uses."""
    return (
        "/* Byte i is 0xff where bit i of the index is set. */\n"
        + table("huffman_spread", [[spread(m)] for m in MASKS])
        + "\n/* Swaps at distances of 4, 2 and 1 bytes, and the select mask: see the script. */\n"
        + columns("huffman_swaps", [swap_row(m) for m in MASKS])
        + "\n/* Bytes to keep, and to raise by 4, 2 and 1 bytes. */\n"
        + columns("huffman_expands", [expand_row(m) for m in MASKS])
    )


def count_table() -> str:
    """Return what counts, where no instruction does."""
    counts = [f"{m.bit_count()}," for m in MASKS]
    rows = "".join("    " + " ".join(counts[i : i + 32]) + "\n" for i in range(0, 256, 32))
    return (
        "/* The set bits of the index. */\n"
        f"static const uint8_t huffman_ones[256] = {{\n{rows}}};\n"
    )


def merge_tables() -> str:
    """Return what decoders use that shuffle bytes by 8."""
    return (
        "/* Controls of a shuffle: 8 symbols from 8 zeros and 8 ones. */\n"
        + table("huffman_merges", [merge_row(m) for m in MASKS])
        + "\n/* The sum of three words controls a quad: 8 + 2 high + low, */\n"
        + table("huffman_quad_high", [[2 * (spread(m) & EACH_BYTE)] for m in MASKS])
        + table("huffman_quad_low", [[8 * EACH_BYTE + (spread(m) & EACH_BYTE)] for m in MASKS])
        + "/* and where both bits are set, the next of the rest: 0, 1, ... */\n"
        + table("huffman_quad_rest", [quad_row(m) for m in MASKS])
    )


def split_tables() -> str:
    """Return what encoders use that shuffle bytes by 8."""
    return "/* Controls of a shuffle: zeros and ones of 8 symbols apart. */\n_Alignas(16) " + table(
        "huffman_splits", [split_row(m) for m in MASKS]
    )


def section(name: str, text: str) -> str:
    """Return tables that a file gets only when it asks for them."""
    return f"\n#ifdef HUFFMAN_TABLES_{name}\n{text}#endif\n"


def main() -> None:
    """Write the header; each C file asks for its own tables."""
    sections = (
        section("PORTABLE", portable_tables())
        + section("COUNT", count_table())
        + section("MERGE", merge_tables())
        + section("SPLIT", split_tables())
    )
    sys.stdout.write(HEAD + sections + "\n" + TAIL)


if __name__ == "__main__":
    main()
