"""Arrays without a header: floats are told from each other, and from all that is none."""

import random
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from compressor.tensors.measure import MIN_VALUES, SAMPLE, measured

COUNT = SAMPLE // 2
DRAWN = np.random.default_rng(5)


def bf16(values: np.ndarray) -> bytes:
    return (values.astype("<f4").view("<u4") >> 16).astype("<u2").tobytes()


TO = {
    "BF16": bf16,
    "F16": lambda values: values.astype("<f2").tobytes(),
    "F32": lambda values: values.astype("<f4").tobytes(),
    "F64": lambda values: values.astype("<f8").tobytes(),
}
WEIGHTS = {
    "normal": DRAWN.normal(0, 0.03, COUNT),
    "wide": DRAWN.normal(0, 1, COUNT),
    "laplace": DRAWN.laplace(0, 0.01, COUNT),
    "rows of many sizes": (
        DRAWN.normal(0, 0.02, (128, COUNT // 128)) * 2 ** DRAWN.normal(0, 1, (128, 1))
    ).ravel(),
    "half of them zero": DRAWN.normal(0, 0.03, COUNT) * (DRAWN.random(COUNT) < 0.5),
}


@pytest.mark.parametrize("dtype", TO)
@pytest.mark.parametrize("name", WEIGHTS)
def test_weights_are_known(name: str, dtype: str) -> None:
    assert measured(TO[dtype](WEIGHTS[name])) == dtype


def test_f16_with_exponents_as_bf16_has_them_is_f16() -> None:
    values = (np.abs(WEIGHTS["wide"]) + 0.12) * DRAWN.choice([-1, 1], COUNT)

    assert measured(TO["F16"](values)) == "F16"


@pytest.mark.parametrize("dtype", ["F32", "F64"])
def test_wide_floats_of_one_sign_are_known(dtype: str) -> None:
    assert measured(TO[dtype](np.abs(WEIGHTS["normal"]))) == dtype


@pytest.mark.parametrize("dtype", ["BF16", "F16"])
def test_short_floats_of_one_sign_are_taken_for_nothing_else(dtype: str) -> None:
    assert measured(TO[dtype](np.abs(WEIGHTS["normal"]))) == ""


def sound() -> bytes:
    return (
        (np.sin(np.arange(COUNT) / 30) * 9000 + DRAWN.normal(0, 200, COUNT)).astype("<i2").tobytes()
    )


def image() -> bytes:
    walk = np.cumsum(DRAWN.integers(-3, 4, SAMPLE)) % 256
    return walk.astype("u1").tobytes()


def text() -> bytes:
    return b"".join(path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py")))


def table() -> bytes:
    rows = (f"{DRAWN.normal():.6f},{number}\n" for number in range(4000))
    return "".join(rows).encode()


OTHERS: dict[str, Callable[[], bytes]] = {
    "nothing": lambda: b"",
    "noise": lambda: random.Random(1).randbytes(SAMPLE),
    "zeros": lambda: bytes(SAMPLE),
    "text": text,
    "text of two bytes a letter": lambda: text().decode().encode("utf-16-le"),
    "a table": table,
    "packed text": lambda: zlib.compress(random.Random(2).randbytes(SAMPLE) + text()),
    "packed noise in hex": lambda: random.Random(3).randbytes(SAMPLE).hex().encode(),
    "sound": sound,
    "an image": image,
    "small numbers of two bytes": lambda: DRAWN.integers(0, 30000, COUNT).astype("<u2").tobytes(),
    "numbers about 14,000": lambda: DRAWN.normal(14000, 900, COUNT).astype("<u2").tobytes(),
    "numbers of four bytes": lambda: DRAWN.integers(-90000, 90000, COUNT // 2).astype("<i4").tobytes(),
    "times": lambda: (10**18 + np.cumsum(DRAWN.integers(0, 10**12, 8192))).astype("<i8").tobytes(),
    "addresses": lambda: DRAWN.integers(0x7F0000000000, 0x7FFFFFFFFFFF, 8192).astype("<i8").tobytes(),
    "quantised": lambda: DRAWN.normal(0, 30, SAMPLE).astype("i1").tobytes(),
    "floats with their most significant byte first": lambda: WEIGHTS["wide"].astype(">f4").tobytes(),
    "floats and integers by turns": lambda: b"".join(
        struct.pack("<fi", value, number) for number, value in enumerate(WEIGHTS["wide"][:8000])
    ),
    "floats, one byte off": lambda: TO["BF16"](WEIGHTS["wide"])[1:],
}  # fmt: skip


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_no_float_is_not_taken_for_one(name: str) -> None:
    assert measured(OTHERS[name]()) == ""


@pytest.mark.parametrize("dtype", TO)
def test_too_few_values_are_not_judged(dtype: str) -> None:
    sample = TO[dtype](WEIGHTS["wide"])
    width = len(sample) // COUNT

    assert measured(sample[: (MIN_VALUES - 1) * width]) == ""
    assert measured(sample[: 2 * MIN_VALUES * width + 3]) == dtype
