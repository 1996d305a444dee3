"""What codecs of numbers under the scales of rows and columns have in common."""

from collections.abc import Mapping

from msgspec import Struct

from compressor.stages.base import Option, word_option

FLOATS = {"fp32": (4, 23), "bf16": (2, 7), "fp16": (2, 10)}
"""Type of the elements -> their bytes, and the bits of their mantissa."""
BYTES = {"fp8_e4m3": (1, 3), "fp8_e5m2": (1, 2), "int8": (1, 0)}
BLOCK = 1 << 18  # elements: of larger blocks, scales fit each part less well
ROWS = 256  # of fewer, the scales of columns take more than .1 % of a block
WIDE_BLOCK = 1 << 20  # elements: more would make a row read alone, and a difference, cost too much
LEAST_ROWS = 24  # scales of columns are known too badly, and cost too much, of fewer
COLUMNS_USUAL = 1 << 16
WRONG = {
    11: "its words or bits run out",
    12: "a state does not end as it began",
    13: "words or bits are left over",
}
"""What is wrong by the checks of docs/format/dense.md that all codes of this kind have."""


def block_of(columns: int) -> int:
    """Return the elements of a block whose rows have so many: as many as its columns' scales are worth."""
    return min(max(BLOCK, ROWS * columns), WIDE_BLOCK)


class Rows(Struct, frozen=True):
    """Elements of ``width`` bytes in rows of ``columns``."""

    width: int
    columns: int

    @property
    def block_size(self) -> int:
        """The bytes of a block."""
        return block_of(self.columns) * self.width

    def scaled(self, plain_size: int) -> bool:
        """Say whether the columns of a block get scales."""
        return plain_size // self.width >= LEAST_ROWS * self.columns

    def shape(self, plain_size: int) -> tuple[int, int]:
        """Return how many rows a block has, and how many columns."""
        count = plain_size // self.width
        return -(-count // self.columns), min(count, self.columns)

    def most(self, plain_size: int) -> tuple[int, int]:
        """Return the same with as many columns as the archiver may ask for, who knows the numbers."""
        count = plain_size // self.width
        return -(-count // self.columns), min(count, max(self.columns, COLUMNS_USUAL))


def options(layouts: Mapping[str, object], columns_max: int) -> tuple[Option, ...]:
    """Return the options of a codec for these types."""
    return (
        word_option("dtype", "bf16", tuple(layouts), "type of the elements", wire=True),
        Option("columns", 64, 1, columns_max, "elements to a row", wire=True),
    )
