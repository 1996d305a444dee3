"""Arrays of numpy; it and ml_dtypes are imported here alone, when the first array is asked for."""

from typing import Any

from compressor.api.arrays import View
from compressor.errors import UnsupportedError

INSTALL = "pip install 'compressor-cz[tensors]'"

_OWN = {
    "BOOL": "?",
    "U8": "u1",
    "I8": "i1",
    "U16": "u2",
    "I16": "i2",
    "F16": "f2",
    "U32": "u4",
    "I32": "i4",
    "F32": "f4",
    "U64": "u8",
    "I64": "i8",
    "F64": "f8",
    "C64": "c8",
    "C128": "c16",
}
_ADDED = {
    "BF16": "bfloat16",
    "F8_E4M3": "float8_e4m3fn",
    "F8_E5M2": "float8_e5m2",
    "F8_E8M0": "float8_e8m0fnu",
    "F8_E4M3FNUZ": "float8_e4m3fnuz",
    "F8_E5M2FNUZ": "float8_e5m2fnuz",
}
"""The types that ml_dtypes adds."""


class Numpy:
    """Types of the other byte order keep it, as in ``numpy.load``; bf16 is turned."""

    def __init__(self) -> None:
        try:
            import numpy as np
        except ImportError as error:
            raise UnsupportedError(f"arrays need numpy: {INSTALL}") from error
        self._np: Any = np

    def refuse(self, dtype: str) -> str:
        """Return why there is no such type."""
        name = dtype.removesuffix("_BE")
        if name in _OWN:
            return ""
        if name not in _ADDED:
            return "numpy has no such type; `compressor cat --tensor --format raw` gives its bytes"
        try:
            import ml_dtypes
        except ImportError:
            return f"numpy needs ml_dtypes for it: {INSTALL}"
        has_it = hasattr(ml_dtypes, _ADDED[name])
        return "" if has_it else f"numpy needs a newer ml_dtypes for it: {INSTALL} --upgrade"

    def _dtype(self, dtype: str) -> Any:
        name = dtype.removesuffix("_BE")
        if name in _OWN:
            return self._np.dtype((">" if name != dtype else "<") + _OWN[name])
        import ml_dtypes

        return self._np.dtype(getattr(ml_dtypes, _ADDED[name]))

    def buffer(self, size: int) -> tuple[Any, memoryview]:
        """Return fresh memory."""
        buffer = self._np.empty(size, self._np.uint8)
        return buffer, memoryview(buffer)

    def array(self, buffer: Any, view: View) -> Any:
        """Return an array that looks at a buffer."""
        if view.dtype == "BF16_BE":
            buffer = buffer.view(">u2").astype("<u2").view(self._np.uint8)
        dtype = self._dtype(view.dtype)
        strides = tuple(stride * dtype.itemsize for stride in view.strides)
        return self._np.ndarray(view.shape, dtype, buffer, view.offset, strides)

    def compact(self, array: Any) -> Any:
        """Return a copy of an array."""
        return array.copy("C")
