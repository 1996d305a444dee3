"""What dense is tried for, and what it must not cost: odd tensors at the level that tries it first."""

import random
import struct
from collections.abc import Iterator

import pytest

import compressor
from compressor.plan import numbers
from tests.tensors.files import entry, safetensors_file

ROWS, COLUMNS = 900, 100
TYPES = {"F64": 8, "F32": 4, "BF16": 2, "F16": 2, "F8_E4M3": 1, "F8_E5M2": 1, "I8": 1}


def bells(dtype: str, count: int) -> bytes:
    """Return numbers of a normal distribution, those of 8 bits with few values."""
    rng, width = random.Random(7), TYPES[dtype]
    if width == 1:
        return bytes(max(-99, min(99, round(rng.gauss(0, 20)))) % 256 for _ in range(count))
    form = {"F16": "<e", "F64": "<d"}.get(dtype, "<f")
    return b"".join(struct.pack(form, rng.gauss(0, 0.05))[-width:] for _ in range(count))


def odd(dtype: str) -> Iterator[tuple[tuple[int, ...], bytes]]:
    """Yield shapes, and what tensors of them hold."""
    width, count = TYPES[dtype], ROWS * COLUMNS
    some = bells(dtype, count)
    row, element = COLUMNS * width, some[-width:]
    kept = [some[at : at + width] if at % 7 else bytes(width) for at in range(0, len(some), width)]
    sparse = [one if at % 20 == 0 else bytes(width) for at, one in enumerate(kept)]
    yield (count,), some
    yield (50, 11), some[: 550 * width]
    yield (ROWS, COLUMNS), element * count
    yield (ROWS, COLUMNS), bytes(count * width)
    yield (ROWS, COLUMNS), b"".join(sparse)
    yield (ROWS, COLUMNS), (some[: 3 * row] + bytes(6 * row)) * (ROWS // 9)
    yield (ROWS, COLUMNS), some[: 7 * row] * (ROWS // 7) + some[: ROWS % 7 * row]
    yield (ROWS, COLUMNS), random.Random(1).randbytes(count * width)


@pytest.mark.parametrize("dtype", TYPES)
def test_odd_tensors_are_no_larger_than_without_dense(
    dtype: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [
        safetensors_file({"one": entry(dtype, shape, 0, len(content))}, content)
        for shape, content in odd(dtype)
    ]
    tried = [len(compressor.compress(file, level=numbers.DENSE_LEVEL)) for file in files]
    monkeypatch.setattr(numbers, "DENSE_LEVEL", 10)
    numbers.codings_for.cache_clear()
    usual = [len(compressor.compress(file, level=7)) for file in files]
    numbers.codings_for.cache_clear()

    assert [
        (size, most) for size, most in zip(tried, usual, strict=True) if size > 1.001 * most + 16
    ] == []
