"""Differences between numbers under the scales of rows and columns. Format: docs/format/densedelta.md."""

from struct import Struct

from compressor.errors import DamagedError
from compressor.kernels import densedelta as kernel
from compressor.kernels import huffman
from compressor.stages.base import Bytes, StageInfo, ours
from compressor.stages.parts import PartReader, pack_part
from compressor.stages.rows import BYTES, FLOATS, WRONG, Rows, options

LAYOUTS = {**FLOATS, **BYTES}
HEAD = Struct("<BBBBhh")
COLUMNS, SIGNS = 1, 2  # flags
SLACK = 128 << 10  # bytes: parts of tables, and what holds them


class DenseDelta:
    """One block: scales, what the tables of codes are made of, codes and bits."""

    def __init__(self, dtype: str = "bf16", columns: int = 64) -> None:
        self._words = LAYOUTS[dtype]
        self._rows = Rows(self._words[0], columns)
        self.block_size = self._rows.block_size

    def encode(self, plain: Bytes, base: Bytes) -> Bytes:
        """Return one packed block."""
        width, scaled = self._words[0], self._rows.scaled(len(plain))
        side, factors, tables, coded = kernel.encode(
            plain, base, self._words, self._rows.columns, scaled
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
        flags, contexts, symbols, factors, lowest, origin = reader.head(width)
        tail = bytes(reader.take(plain_size % width))
        rows, across = self._rows.shape(plain_size)
        by_row = bytes(reader.part(rows))
        scales = bytes(reader.part(across)) if flags & COLUMNS else None
        sides = [bytes(reader.part(factors * size)) for size in (rows, across) if factors]
        levels = bytes(reader.part(contexts * symbols))
        leanings = bytes(reader.part(contexts * (symbols - 1))) if flags & SIGNS else None
        side = kernel.Side(lowest, by_row, scales)
        left, right = sides or (b"", b"")
        expected = kernel.Factors(origin, factors, left, right)
        tables = kernel.Tables(contexts, symbols, levels, leanings)
        shape = self._words, self._rows.columns
        found = kernel.decode(reader.rest(), base, *shape, side, expected, tables, tail)
        if isinstance(found, int):
            raise damaged(found)
        return found

    def encode_memory(self, plain_size: int) -> int:
        """Return symbols, words and bits twice, and the result; and what is counted of columns."""
        count = plain_size // self._words[0]
        coding = count + 2 * plain_size + 2 * 2 * count
        rows, columns = self._rows.most(plain_size)
        sums = 8 * rows + 14 * columns
        return coding + plain_size + sums + self._sides(plain_size) + kernel.ROOM + kernel.COUNTS

    def decode_memory(self, plain_size: int) -> int:
        """Return the result, what is known of rows and columns, and the tables."""
        return plain_size + self._sides(plain_size) + kernel.ROOM

    def _sides(self, plain_size: int) -> int:
        """Return the bytes for what is known of rows and columns, and for coding some of it."""
        rows, columns = self._rows.most(plain_size)
        each = 1 + kernel.FACTORS_MAX
        sides = 2 * each * (rows + columns)
        return sides + huffman.encode_memory(each * rows) + SLACK


_WRONG = {
    **WRONG,
    1: "its head is cut",
    2: "its head has flags that are unknown",
    3: "it has too many contexts, symbols or factors",
    4: "a level is out of range",
    5: "a context has no symbol",
    6: "a leaning is out of range",
}


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


def damaged(check: int) -> DamagedError:
    """Return the error for a check of docs/format/densedelta.md, or for one of the codes."""
    name = "DN" if check in WRONG else "DD"
    return DamagedError(f"a densedelta block is damaged: {_WRONG[check]} ({name}-{check:03})")


STAGE = StageInfo(
    name="densedelta",
    summary="numbers as differences from a base, by the scales of rows and columns: smaller, and slow",
    make=DenseDelta,
    provider=ours,
    options=options(LAYOUTS, kernel.COLUMNS_MAX),
    native=True,
    based=True,
)
