"""Differences between floats under the scales of rows and columns. Format: docs/format/densedelta.md."""

from struct import Struct

from compressor import __version__
from compressor.errors import DamagedError
from compressor.kernels import densedelta as kernel
from compressor.kernels import huffman
from compressor.stages.base import Bytes, Option, Provider, StageInfo, word_option
from compressor.stages.parts import PartReader, pack_part

LAYOUTS = {"fp32": (4, 23), "bf16": (2, 7), "fp16": (2, 10)}
"""Type of the elements -> their bytes, and the bits of their mantissa."""
HEAD = Struct("<BBBBhh")
COLUMNS, SIGNS = 1, 2  # flags
BLOCK = 1 << 18  # elements: of larger blocks, scales fit each part less well
LEAST_ROWS = 24  # scales of columns are known too badly, and cost too much, of fewer
COLUMNS_USUAL = 1 << 16
SLACK = 128 << 10  # bytes: parts of tables, and what holds them


class DenseDelta:
    """One block: scales, what the tables of codes are made of, codes and bits."""

    def __init__(self, dtype: str = "bf16", columns: int = 64) -> None:
        self._words = LAYOUTS[dtype]
        self._columns = columns
        self.block_size = BLOCK * self._words[0]

    def encode(self, plain: Bytes, base: Bytes) -> Bytes:
        """Return one packed block."""
        width = self._words[0]
        scaled = len(plain) // width >= LEAST_ROWS * self._columns
        side, factors, tables, coded = kernel.encode(
            plain, base, self._words, self._columns, scaled
        )
        flags = COLUMNS * scaled | SIGNS * (tables.leanings is not None)
        last = tables.contexts - 1, tables.symbols - 1
        head = HEAD.pack(flags, *last, factors.total, side.lowest, factors.origin)
        sides = [factors.left, factors.right] if factors.total else []
        known = (side.rows, side.scales, *sides, tables.levels, tables.leanings)
        parts = [pack_part(part) for part in known if part is not None]
        return b"".join([head, plain[len(plain) // width * width :], *parts, coded])

    def decode(self, packed: Bytes, plain_size: int, base: Bytes) -> Bytes:
        """Return the content of one packed block."""
        reader = _Reader(packed)
        width = self._words[0]
        count = plain_size // width
        flags, contexts, symbols, factors, lowest, origin = reader.head(width)
        tail = bytes(reader.take(plain_size % width))
        rows, across = -(-count // self._columns), min(count, self._columns)
        by_row = bytes(reader.part(rows))
        scales = bytes(reader.part(across)) if flags & COLUMNS else None
        sides = [bytes(reader.part(factors * size)) for size in (rows, across) if factors]
        levels = bytes(reader.part(contexts * symbols))
        leanings = bytes(reader.part(contexts * (symbols - 1))) if flags & SIGNS else None
        side = kernel.Side(lowest, by_row, scales)
        left, right = sides or (b"", b"")
        expected = kernel.Factors(origin, factors, left, right)
        tables = kernel.Tables(contexts, symbols, levels, leanings)
        shape = self._words, self._columns
        found = kernel.decode(reader.rest(), base, *shape, side, expected, tables, tail)
        if isinstance(found, int):
            raise damaged(found)
        return found

    def encode_memory(self, plain_size: int) -> int:
        """Return symbols, words and bits twice, and the result; and what is counted of columns."""
        count = plain_size // self._words[0]
        coding = count + 2 * plain_size + 2 * 2 * count
        rows = -(-count // self._columns)
        sums = 8 * rows + 14 * self._across(count)
        return coding + plain_size + sums + self._sides(count) + kernel.ROOM + kernel.COUNTS

    def decode_memory(self, plain_size: int) -> int:
        """Return the result, what is known of rows and columns, and the tables."""
        return plain_size + self._sides(plain_size // self._words[0]) + kernel.ROOM

    def _across(self, count: int) -> int:
        """Return as many columns as the archiver may ask for when it knows more of the numbers."""
        return min(count, max(self._columns, COLUMNS_USUAL))

    def _sides(self, count: int) -> int:
        """Return the bytes for what is known of rows and columns, and for coding some of it."""
        rows = -(-count // self._columns)
        each = 1 + kernel.FACTORS_MAX
        sides = 2 * each * (rows + self._across(count))
        return sides + huffman.encode_memory(each * rows) + SLACK


_WRONG = {
    1: "its head is cut",
    2: "its head has flags that are unknown",
    3: "it has too many contexts, symbols or factors",
    4: "a level is out of range",
    5: "a context has no symbol",
    6: "a leaning is out of range",
    11: "its words or bits run out",
    12: "a state does not end as it began",
    13: "words or bits are left over",
}
_OF_CODES = 11  # the first of the checks that docs/format/dense.md numbers


class _Reader(PartReader):
    """Reads a block from its first byte on."""

    def head(self, width: int) -> tuple[int, int, int, int, int, int]:
        """Return flags, the numbers of contexts, symbols and factors, the lowest scale, the origin."""
        if len(self._packed) < HEAD.size:
            raise damaged(1)
        flags, context, symbol, factors, lowest, origin = HEAD.unpack(self.take(HEAD.size))
        if flags & ~(COLUMNS | SIGNS):
            raise damaged(2)
        most = kernel.FACTORS_MAX
        if context >= kernel.CONTEXTS_MAX or symbol >= kernel.symbols_max(width) or factors > most:
            raise damaged(3)
        return flags, context + 1, symbol + 1, factors, lowest, origin

    def rest(self) -> memoryview:
        """Return all that is left."""
        return self.take(len(self._packed))


def damaged(check: int) -> DamagedError:
    """Return the error for a check of docs/format/densedelta.md, or for one of the codes."""
    name = "DN" if check >= _OF_CODES else "DD"
    return DamagedError(f"a densedelta block is damaged: {_WRONG[check]} ({name}-{check:03})")


STAGE = StageInfo(
    name="densedelta",
    summary="floats as differences from a base, by the scales of rows and columns: smaller, and slow",
    make=DenseDelta,
    provider=lambda: Provider("compressor", __version__, "Apache-2.0"),
    options=(
        word_option("dtype", "bf16", tuple(LAYOUTS), "type of the elements", wire=True),
        Option("columns", 64, 1, kernel.COLUMNS_MAX, "elements to a row", wire=True),
    ),
    native=True,
    based=True,
)
