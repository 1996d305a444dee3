"""Floats under the scales of their rows and columns: docs/format/dense.md."""

from typing import NamedTuple, TypeAlias

from typing_extensions import Buffer

Words: TypeAlias = tuple[int, int]
"""Bytes of an element and bits of its mantissa: (2, 7), (2, 10), (4, 23), (4, 20) of an fp64's upper half;
(1, 3), (1, 2); (1, 0) of int8."""

SYMBOLS: int
CLASSES_MAX: int
SHARES: int
STRENGTHS: int
GROUPS: int
ENDINGS: int
LEVELS_MAX: int
BASE_MAX: int
COLUMNS_MAX: int
BYTE_VALUES: int
ROOM: int
"""Bytes of the tables of codes, and of what they are made of."""

class Side(NamedTuple):
    """What is known of rows and columns: a byte for each; None: the page says what holds then."""

    base: int
    rows: bytes
    scales: bytes | None
    kinds: bytes | None
    leanings: bytes | None
    short_rows: bytes | None
    signed_zeros: bool

class Tables(NamedTuple):
    """What tables of codes are made of: numbers of SHARES by class, of 256 by strength, by level."""

    shapes: list[list[int]]
    odds: list[bytes]
    first_level: int
    endings: list[list[int]]

class ByteTables(NamedTuple):
    """The same of bytes, all of one class; a value on top, and what it has beyond its shape's share."""

    shape: list[int]
    odds: list[bytes]
    top: int
    top_share: int

def encode(plain: Buffer, words: Words, columns: int, scaled: bool) -> tuple[Side, Tables, bytes]:
    """Return what was found of the whole elements of ``plain``, and their codes and bits.

    Columns have scales where ``scaled`` says so. Lets other threads run.

    Raises:
        ValueError: there are no such elements or columns.
    """

def decode(
    packed: Buffer,
    plain_size: int,
    words: Words,
    columns: int,
    side: Side,
    tables: Tables,
    tail: bytes = b"",
) -> bytes | int:
    """Return the elements of these codes and bits, and ``tail`` behind them; or the check that fails.

    Lets other threads run.

    Raises:
        ValueError: side or tables do not fit the elements, or each other.
    """

def encode_bytes(
    plain: Buffer, words: Words, columns: int, scaled: bool
) -> tuple[Side, ByteTables, bytes]:
    """Return what ``encode`` does, of elements of one byte: classes and endings are None.

    Raises:
        ValueError: there are no such elements or columns.
    """

def decode_bytes(
    packed: Buffer,
    plain_size: int,
    words: Words,
    columns: int,
    side: Side,
    tables: ByteTables,
    *,
    vectors: bool = True,
) -> bytes | int:
    """Return what ``decode`` does, of elements of one byte.

    Without ``vectors``, by the loop for any processor; that gives the same.

    Raises:
        ValueError: side or tables do not fit the elements, or each other.
    """
