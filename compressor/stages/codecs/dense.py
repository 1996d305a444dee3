"""Numbers under the scales of their rows and columns, densely. Format: docs/format/dense.md."""

from struct import Struct

from compressor.errors import DamagedError
from compressor.kernels import dense as kernel
from compressor.kernels import huffman
from compressor.stages.base import Bytes, StageInfo, ours
from compressor.stages.parts import PartReader, pack_part
from compressor.stages.rows import BYTES, FLOATS, WRONG, Rows, options

LAYOUTS = {**FLOATS, "fp64": (4, 20), **BYTES}
"""Type of the elements -> bytes, and bits of their mantissa, of an element or of an fp64's upper half."""
WIDE, LOW = 8, 4  # bytes of an fp64, and of its lower half
HEAD = Struct("<BBh")
COLUMNS, LEANINGS, ENDINGS, SIGNED_ZEROS = 1, 2, 4, 8  # flags
SLACK = 256 << 10  # bytes: tables, and what holds them


class Dense:
    """One block: scales, what the tables of codes are made of, codes and bits."""

    def __init__(self, dtype: str = "bf16", columns: int = 64) -> None:
        self._words = LAYOUTS[dtype]
        self._width = WIDE if dtype == "fp64" else self._words[0]
        self._rows = Rows(self._width, columns)
        self.block_size = self._rows.block_size

    def encode(self, plain: Bytes) -> Bytes:
        """Return one packed block."""
        width, scaled = self._width, self._rows.scaled(len(plain))
        if width == 1:
            return self._encode_bytes(plain, scaled=scaled)
        lows, coded_plain = _parted(plain) if width == WIDE else ([], plain)
        side, tables, coded = kernel.encode(coded_plain, self._words, self._rows.columns, scaled)
        flags = (
            COLUMNS * (side.scales is not None)
            | LEANINGS * bool(tables.odds)
            | ENDINGS * bool(tables.endings)
        )
        flags |= SIGNED_ZEROS * side.signed_zeros
        parts = [
            HEAD.pack(flags, len(tables.shapes) - 1, side.base),
            plain[len(plain) // width * width :],
        ]
        parts += [pack_part(part) for part in [*_parts(side), *lows]]
        parts += [_shares(shape) for shape in tables.shapes]
        parts += tables.odds
        if tables.endings:
            parts.append(bytes([tables.first_level, len(tables.endings) - 1]))
            parts += [_shares(row) for row in tables.endings]
        return b"".join([*parts, coded])

    def _encode_bytes(self, plain: Bytes, *, scaled: bool) -> Bytes:
        side, tables, coded = kernel.encode_bytes(plain, self._words, self._rows.columns, scaled)
        flags = COLUMNS * (side.scales is not None) | LEANINGS * bool(tables.odds)
        parts: list[Bytes] = [HEAD.pack(flags, 0, side.base)]
        parts += [pack_part(part) for part in _parts(side)]
        parts += [_shares(tables.shape), bytes([tables.top]), _shares([tables.top_share])]
        return b"".join([*parts, *tables.odds, coded])

    def decode(self, packed: Bytes, plain_size: int) -> Bytes:
        """Return the content of one packed block."""
        reader = _Reader(packed)
        width = self._width
        flags, classes, base = reader.head(self._words)
        tail = bytes(reader.take(plain_size % width))
        side = reader.side(flags, classes, *self._rows.shape(plain_size))
        side = side._replace(base=base)
        given = plain_size // width * self._words[0], self._words, self._rows.columns, side
        lows = [reader.part(plain_size // width) for _ in range(LOW if width == WIDE else 0)]
        if width == 1:
            byte_tables = reader.byte_tables(flags)
            found = kernel.decode_bytes(reader.rest(), *given, byte_tables)
        else:
            tables = reader.tables(flags, classes)
            found = kernel.decode(reader.rest(), *given, tables, b"" if lows else tail)
        if isinstance(found, int):
            raise damaged(found, _WRONG[found])
        return _joined(lows, found, tail) if lows else found

    def encode_memory(self, plain_size: int) -> int:
        """Return symbols, words and bits twice, and the result; and what is counted of columns."""
        _, columns = self._rows.most(plain_size)
        symbols = plain_size // self._words[0]
        halves = plain_size if self._width == WIDE else 0
        return symbols + 3 * plain_size + halves + 24 * columns + self._sides(plain_size)

    def decode_memory(self, plain_size: int) -> int:
        """Return the result, what is known of rows and columns, and the tables."""
        halves = plain_size if self._width == WIDE else 0
        return plain_size + halves + self._sides(plain_size) + kernel.ROOM

    def _sides(self, plain_size: int) -> int:
        """Return the bytes for what is known of rows and columns, and for coding some of it."""
        rows, columns = self._rows.most(plain_size)
        return 2 * rows + 3 * columns + huffman.encode_memory(rows) + SLACK


_WRONG = {**WRONG, 14: "an element is out of range"}


class _Reader(PartReader):
    """Reads a block from its first byte on."""

    def head(self, words: tuple[int, int]) -> tuple[int, int, int]:
        """Return flags, number of classes, and the base of row scales."""
        if len(self._packed) < HEAD.size:
            raise damaged(1, "its head is cut")
        flags, last, base = HEAD.unpack(self.take(HEAD.size))
        scaled = flags & COLUMNS
        if flags > 15 or last >= kernel.CLASSES_MAX or (not scaled and (flags & LEANINGS or last)):
            raise damaged(2, "its head is out of range")
        if abs(base) > kernel.BASE_MAX:
            raise damaged(3, "its base is out of range")
        if flags & ENDINGS and words != FLOATS["fp32"]:
            raise damaged(4, "it has endings, and is not of fp32")
        if words[0] == 1 and (last or flags & SIGNED_ZEROS):
            raise damaged(15, "it has classes of bytes, or zeros of their own")
        return flags, last + 1, base

    def side(self, flags: int, classes: int, rows: int, columns: int) -> kernel.Side:
        """Return what is known of rows and columns."""
        by_row = bytes(self.part(rows))
        scales = bytes(self.part(columns)) if flags & COLUMNS else None
        kinds = bytes(self.part(columns)) if classes > 1 else None
        leanings = bytes(self.part(columns)) if flags & LEANINGS else None
        shorts = bytes(self.part(rows)) if flags & ENDINGS else None
        for known, most in ((kinds, classes - 1), (leanings, 15), (shorts, 1)):
            if known and max(known) > most:
                raise damaged(5, "what it says of a row or column is out of range")
        zeros = bool(flags & SIGNED_ZEROS)
        return kernel.Side(0, by_row, scales, kinds, leanings, shorts, zeros)

    def tables(self, flags: int, classes: int) -> kernel.Tables:
        """Return what the tables of codes are made of."""
        shapes = [self._shares(kernel.SYMBOLS) for _ in range(classes)]
        if any(sum(shape) != kernel.SHARES or not shape[0] for shape in shapes):
            raise damaged(7, "a shape does not sum up")
        odds = self._odds(flags)
        first, last, endings = 0, 0, []
        if flags & ENDINGS:
            first, last = self.take(2)
            if last >= kernel.LEVELS_MAX:
                raise damaged(9, "it has too many tables of endings")
            endings = [self._shares(kernel.ENDINGS) for _ in range(last + 1)]
            if any(sum(row) not in (0, kernel.SHARES) for row in endings):
                raise damaged(10, "a table of endings does not sum up")
        return kernel.Tables(shapes, odds, first, endings)

    def byte_tables(self, flags: int) -> kernel.ByteTables:
        """Return what the tables of bytes are made of."""
        shape = self._shares(kernel.SYMBOLS)
        top = self.take(1)[0]
        (top_share,) = self._shares(1)
        if sum(shape) + top_share != kernel.SHARES or not shape[0]:
            raise damaged(7, "a shape does not sum up")
        if top >= kernel.BYTE_VALUES:
            raise damaged(16, "its value on top is out of range")
        return kernel.ByteTables(shape, self._odds(flags), top, top_share)

    def _odds(self, flags: int) -> list[bytes]:
        if not flags & LEANINGS:
            return []
        odds = [bytes(self.take(kernel.GROUPS)) for _ in range(kernel.STRENGTHS - 1)]
        if not all(map(all, odds)):
            raise damaged(8, "a sign is impossible")
        return odds

    def _shares(self, count: int) -> list[int]:
        found = []
        for _ in range(count):
            number = self.take(1)[0]
            if number > 127:
                number = (number & 127) << 8 | self.take(1)[0]
                if not 127 < number <= kernel.SHARES:
                    raise damaged(6, "a share is out of range")
            found.append(number)
        return found


def _parted(plain: Bytes) -> tuple[list[bytes], bytes]:
    """Return the lower halves of fp64, each place's bytes by themselves, and the upper halves."""
    numbers = memoryview(plain)[: len(plain) // WIDE * WIDE]
    lows = [bytes(numbers[place::WIDE]) for place in range(LOW)]
    return lows, bytes(numbers.cast("I")[1::2])


def _joined(lows: list[Bytes], upper: bytes, tail: bytes) -> bytearray:
    plain = bytearray(2 * len(upper))
    for place, low in enumerate(lows):
        plain[place::WIDE] = low
    memoryview(plain).cast("I")[1::2] = memoryview(upper).cast("I")
    return plain + tail


def _parts(side: kernel.Side) -> list[bytes]:
    """Return what a block says of rows and columns, in its order."""
    parts = (side.rows, side.scales, side.kinds, side.leanings, side.short_rows)
    return [part for part in parts if part is not None]


def _shares(row: list[int]) -> bytes:
    packed = bytearray()
    for share in row:
        packed += bytes([share]) if share < 128 else bytes([128 | share >> 8, share & 255])
    return bytes(packed)


def damaged(check: int, what: str) -> DamagedError:
    """Return the error for a check of docs/format/dense.md."""
    return DamagedError(f"a dense block is damaged: {what} (DN-{check:03})")


STAGE = StageInfo(
    name="dense",
    summary="numbers by the scales of their rows and columns: the smallest, and slow",
    make=Dense,
    provider=ours,
    options=options(LAYOUTS, kernel.COLUMNS_MAX),
    native=True,
)
