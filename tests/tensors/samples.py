"""A sound file of each format: what damage and fuzzing begin with."""

import struct

from tests.tensors.checkpoints import checkpoint, mapping, storage, tensor
from tests.tensors.files import (
    entry,
    gguf_file,
    info,
    npy_file,
    pair,
    safetensors_file,
    text,
    zipped,
)

HEADER = "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }"
SIX = struct.pack("<6f", *range(6))
NPY = npy_file(HEADER, bytes(8))
SAFETENSORS = safetensors_file(
    {"__metadata__": {"a": "b"}, "x": entry("F32", [2, 1], 0, 8), "y": entry("I8", [0], 8, 8)},
    bytes(8),
)
GGUF = gguf_file(
    [pair("a", 8, text("b")), pair("words", 9, struct.pack("<IQ", 8, 2) + text("c") + text("d"))],
    [info("x", [2, 3], 0, 0), info("y", [32], 8, 32)],
    bytes(66),
)
TORCH = checkpoint(
    mapping({"a": tensor(storage("0", 6), [2, 3]), "b": tensor(storage("1", 3), [3])}),
    {"0": SIX, "1": SIX[:12]},
)
NPZ = zipped({"a.npy": NPY, "b.npy": NPY, "words": b"text"})
SOUND = {"npy": NPY, "safetensors": SAFETENSORS, "gguf": GGUF, "torch": TORCH, "npz": NPZ}
