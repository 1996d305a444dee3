"""Files of tensors for these tests, plain and packed, and what numpy says is in them."""

from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
from safetensors.numpy import save

import compressor

DRAWN = np.random.default_rng(6)


def normal(shape: tuple[int, ...], dtype: Any = np.float32) -> Any:
    return (DRAWN.standard_normal(shape) * 0.05).astype(dtype)


def model() -> dict[str, Any]:
    """Return arrays of every size that matters: many blocks, a part of one, one element, none."""
    return {
        "layer.weight": normal((600, 1000)),
        "embed": normal((3, 400, 257), np.float16),
        "layer.bias": normal((1000,)),
        "steps": np.arange(70_000, dtype=np.int64).reshape(7, 100, 100),
        "mask": DRAWN.integers(0, 2, (5, 9)).astype(bool),
        "scale": np.array(0.125),
        "empty": np.zeros((0, 4), np.float32),
        "noise": DRAWN.integers(0, 256, 300_000).astype(np.uint8),
    }


def save_bf16(arrays: dict[str, Any], metadata: dict[str, str] | None = None) -> bytes:
    """Return a safetensors file of arrays, those of 16 bits relabelled: numpy's saver has no bf16."""
    raw = {name: array.view(np.uint16) for name, array in arrays.items()}
    return save(raw, metadata).replace(b'"U16"', b'"BF16"').replace(b" ", b"", len(raw))


def packed(folder: Path, files: dict[str, bytes], **options: Any) -> Path:
    """Return an archive of these files."""
    (folder / "in").mkdir()
    for name, content in files.items():
        (folder / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "in" / name).write_bytes(content)
    paths = [folder / "in" / name.split("/")[0] for name in files]
    compressor.pack(list(dict.fromkeys(paths)), folder / "model.cz", **options)
    return folder / "model.cz"


def same(got: Any, expected: Any) -> bool:
    """Say whether two arrays have the same type, shape and bytes."""
    return (
        got.dtype == expected.dtype
        and got.shape == expected.shape
        and got.tobytes() == np.asarray(expected).tobytes()
    )


BF16 = ml_dtypes.bfloat16
