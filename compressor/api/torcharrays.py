"""Tensors of torch, which is imported here alone, when the first one is asked for."""

import ctypes
from typing import Any

from compressor.api.arrays import View
from compressor.errors import UnsupportedError
from compressor.tensors.dtypes import BLOCKS

_NAMES = {
    "BOOL": "bool",
    "U8": "uint8",
    "I8": "int8",
    "U16": "uint16",
    "I16": "int16",
    "F16": "float16",
    "BF16": "bfloat16",
    "U32": "uint32",
    "I32": "int32",
    "F32": "float32",
    "U64": "uint64",
    "I64": "int64",
    "F64": "float64",
    "C64": "complex64",
    "C128": "complex128",
    "F4": "float4_e2m1fn_x2",
    "F8_E4M3": "float8_e4m3fn",
    "F8_E5M2": "float8_e5m2",
    "F8_E8M0": "float8_e8m0fnu",
    "F8_E4M3FNUZ": "float8_e4m3fnuz",
    "F8_E5M2FNUZ": "float8_e5m2fnuz",
}


class Torch:
    """Tensors on one device; the bytes are always turned to this machine's order."""

    def __init__(self, device: Any) -> None:
        try:
            import torch
        except ImportError as error:
            raise UnsupportedError("tensors need torch: pip install torch") from error
        self._torch = torch
        self._device = device

    def refuse(self, dtype: str) -> str:
        """Return why there is no such type."""
        name = _NAMES.get(dtype.removesuffix("_BE"))
        if name is None:
            return "torch has no such type; `compressor cat --tensor --format raw` gives its bytes"
        return "" if hasattr(self._torch, name) else "it needs a newer torch"

    def buffer(self, size: int) -> tuple[Any, memoryview]:
        """Return fresh memory."""
        buffer = self._torch.empty(size, dtype=self._torch.uint8, device="cpu")
        if not size:
            return buffer, memoryview(bytearray())
        memory = (ctypes.c_uint8 * size).from_address(buffer.data_ptr())
        memory.owner = buffer  # type: ignore[attr-defined]  # who writes to it keeps it
        return buffer, memoryview(memory).cast("B")

    def array(self, buffer: Any, view: View) -> Any:
        """Return a tensor that looks at a buffer, or at its copy on the device."""
        name = view.dtype.removesuffix("_BE")
        width = BLOCKS[view.dtype][1]
        if name != view.dtype:
            buffer = _turned(buffer, width // 2 if name.startswith("C") else width)
        rest = buffer[view.offset : len(buffer) - (len(buffer) - view.offset) % width]
        if view.offset % width:  # torch wants elements at multiples of their size
            rest = rest.clone()
        typed = rest.view(getattr(self._torch, _NAMES[name]))
        return typed.as_strided(view.shape, view.strides, typed.storage_offset()).to(self._device)

    def compact(self, array: Any) -> Any:
        """Return a copy of a tensor."""
        return array.contiguous()


def _turned(buffer: Any, width: int) -> Any:
    """Return numbers of ``width`` bytes in the other order."""
    return buffer.view(-1, width).flip(1).reshape(-1)
