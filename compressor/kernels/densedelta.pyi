"""Differences between floats under the scales of rows and columns: docs/format/densedelta.md."""

from typing import NamedTuple, TypeAlias

from typing_extensions import Buffer

Words: TypeAlias = tuple[int, int]
"""Bytes of an element and bits of its mantissa: (2, 7), (2, 10) or (4, 23)."""

CONTEXTS_MAX: int
FACTORS_MAX: int
COLUMNS_MAX: int
ROOM: int
"""Bytes of the tables of codes, and of what they are made of."""
COUNTS: int
"""Bytes of what an encoder counts."""

class Side(NamedTuple):
    """What is known of rows and columns: a byte for each; None: the page says what holds then."""

    lowest: int
    rows: bytes
    scales: bytes | None

class Factors(NamedTuple):
    """What is expected: of each factor a byte for each row, and one for each column."""

    origin: int
    total: int
    left: bytes
    right: bytes

class Tables(NamedTuple):
    """What tables of codes are made of, as a block has it; without leanings, signs are not coded."""

    contexts: int
    symbols: int
    levels: bytes
    leanings: bytes | None

def symbols_max(width: int) -> int:
    """Return how many symbols elements of ``width`` bytes have at most."""

def encode(
    plain: Buffer, base: Buffer, words: Words, columns: int, scaled: bool
) -> tuple[Side, Factors, Tables, bytes]:
    """Return what was found of the whole elements of ``plain``, and their codes and bits.

    Columns have scales where ``scaled`` says so. Lets other threads run.

    Raises:
        ValueError: there are no such elements or columns, or the base has another size.
    """

def decode(
    packed: Buffer,
    base: Buffer,
    words: Words,
    columns: int,
    side: Side,
    factors: Factors,
    tables: Tables,
    tail: bytes = b"",
) -> bytes | int:
    """Return the elements of these codes and bits, and ``tail`` behind them; or the check that fails.

    Lets other threads run.

    Raises:
        ValueError: side or tables do not fit the elements, or each other.
    """
