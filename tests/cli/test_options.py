"""Options that several commands share."""

import pytest

from compressor.cli.options import Size


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("9007199254740993", 2**53 + 1),  # between two floats
        ("8191.999999999T", 8191999999999 * 2**40 // 10**9),
        ("1.5G", 3 << 29),
        ("1.1M", 1153433),
        ("0.5kib", 512),
    ],
)
def test_a_size_is_exact(text: str, size: int) -> None:
    assert Size().convert(text, None, None) == size
