"""How long the rows of a tensor are taken to be."""

import pytest

from compressor.plan.columns import FLAT, MOST, columns_of


@pytest.mark.parametrize(
    ("shape", "columns"),
    [
        (None, FLAT),
        ((), FLAT),
        ((5000,), FLAT),
        ((1, 5000), FLAT),
        ((0, 300), 300),
        ((300, 0), FLAT),
        ((1000, 300), 300),
        ((1000, 1, 300, 1), 300),
        ((64, 32, 3, 3), 288),
        ((1000, 1, 3, 3), 9),
        ((1000, 4), FLAT),
        ((1000, 5), 65),
        ((8, 4096, 1024), 1024),
        ((8, 64, 1024), MOST),
        ((4, MOST + 1), FLAT),
    ],
)
def test_rows_are_of_the_first_index_if_they_are_short(
    shape: tuple[int, ...] | None, columns: int
) -> None:
    assert columns_of(shape) == columns
