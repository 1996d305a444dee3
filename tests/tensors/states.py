"""States of small models, one after the other, as safetensors files."""

import json
from collections.abc import Mapping

import numpy as np

WIDTHS = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I8": 1}
ROWS = 64
COUNT = ROWS * 1024  # elements of a tensor: 128 KiB of bf16

Tensor = tuple[str, list[int], bytes]
"""Type, shape and bytes."""


def weights(seed: int, step: int, dtype: str = "BF16", count: int = COUNT) -> bytes:
    """Return a tensor after so many steps of training: each moves a third of its elements a little."""
    values = np.random.default_rng(seed).normal(0, 0.05, count)
    for number in range(1, step + 1):
        chance = np.random.default_rng([seed, number])
        values = values + (chance.random(count) < 0.3) * chance.normal(0, 1e-4, count)
    if dtype == "BF16":
        return (values.astype("<f4").view("<u4") >> 16).astype("<u2").tobytes()
    if dtype == "I8":
        return np.rint(values * 500).clip(-127, 127).astype("i1").tobytes()
    return values.astype({"F64": "<f8", "F32": "<f4", "F16": "<f2"}[dtype]).tobytes()


def tensor(seed: int, step: int, dtype: str = "BF16", count: int = COUNT) -> Tensor:
    return dtype, [count // ROWS, ROWS], weights(seed, step, dtype, count)


def safetensors(tensors: Mapping[str, Tensor]) -> bytes:
    header, at = {}, 0
    for name, (dtype, shape, data) in tensors.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [at, at + len(data)]}
        at += len(data)
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + b"".join(one[2] for one in tensors.values())


def state(step: int, *, dtype: str = "BF16", layers: int = 2) -> bytes:
    """Return a model after so many steps."""
    return safetensors({f"layer.{n}": tensor(n, step, dtype) for n in range(layers)})
