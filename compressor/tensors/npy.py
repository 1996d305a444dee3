"""NumPy's ``.npy``: a magic, a header that looks like a Python dict, then one array's bytes."""

import re
import struct

from msgspec import Struct

from compressor.errors import DamagedError
from compressor.tensors.dtypes import MAX_RANK, MAX_SIZE, size_of
from compressor.tensors.segments import Segment, Sniffed, Tensor, tile
from compressor.tensors.view import View

MAGIC = b"\x93NUMPY"
MAX_HEADER = 64 << 10  # bytes; numpy itself reads no more than 10,000 of them

_LENGTHS = {1: struct.Struct("<H"), 2: struct.Struct("<I"), 3: struct.Struct("<I")}
_STRING = r"'[^'\\]*+'|\"[^\"\\]*+\""
_FIELD = re.compile(
    rf"\s*+({_STRING})\s*+:\s*+"
    rf"(?:({_STRING})|(True|False)|\(([0-9L,\s]*+)\)|(\[[^{{}}]*\]))\s*+(,\s*+|(?=}}))"
)
_DTYPES = {
    "b1": "BOOL",
    "u1": "U8",
    "i1": "I8",
    "u2": "U16",
    "i2": "I16",
    "f2": "F16",
    "u4": "U32",
    "i4": "I32",
    "f4": "F32",
    "u8": "U64",
    "i8": "I64",
    "f8": "F64",
    "c8": "C64",
    "c16": "C128",
    "M8": "I64",  # dates and
    "m8": "I64",  # differences of dates
}
_DESCR = re.compile(r"([<>|])([a-zA-Z][0-9]+)(\[[0-9a-zA-Zμ/]+\])?")


class Array(Struct, frozen=True):
    """One array: where it lies, and what. ``dtype`` is "" for records, objects, strings."""

    start: int
    size: int
    dtype: str
    shape: tuple[int, ...]
    fortran: bool

    def segment(self, name: str | None) -> Segment:
        """Return its segment; ``fortran`` reverses the shape, because the first index is the fastest."""
        shape = self.shape[::-1] if self.fortran else self.shape
        return Segment(self.start, self.size, self.dtype, shape, name)

    def tensor(self, name: str) -> Tensor:
        """Return it as a tensor."""
        strides = fortran_strides(self.shape) if self.fortran and len(self.shape) > 1 else None
        return Tensor(name, self.dtype, self.shape, self.start, self.size, strides)


def fortran_strides(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the strides of an array whose first index is the fastest."""
    strides, step = [], 1
    for length in shape:
        strides.append(step)
        step *= length
    return tuple(strides)


def recognise(view: View) -> Sniffed:
    """Return what the header says; its array has no name. One that is none of numbers is no tensor.

    Raises:
        DamagedError: it breaks the format.
    """
    array = array_at(view, 0, view.size)
    if not array.dtype:
        return Sniffed("npy", tile(view.size, []))
    claims = [array.segment(None)] if array.size else []
    return Sniffed("npy", tile(view.size, claims), (array.tensor(""),))


def array_at(view: View, start: int, end: int) -> Array:
    """Return the array that is stored from ``start`` to ``end``, as far as it is one of numbers.

    Raises:
        DamagedError: it breaks the format.
    """
    if end - start < 10 or view.bytes(start, 6) != MAGIC:
        raise DamagedError("the array has no magic")
    layout = _LENGTHS.get(view.bytes(start + 6, 1)[0])
    if layout is None:
        raise DamagedError("the array is of an unknown version")
    (length,) = view.unpack(layout, start + 8)
    base = start + 8 + layout.size + length
    if length > MAX_HEADER or base > end:
        raise DamagedError("the array's header is too long")
    fields = _fields(view.bytes(base - length, length))
    dtype, fortran, shape = fields["descr"], fields["fortran_order"] == "True", _shape(fields)
    if not dtype:
        return Array(base, end - base, "", (), fortran)
    size = size_of(dtype, shape)
    if size > end - base:
        raise DamagedError("the array goes beyond the end of the file")
    return Array(base, size, dtype, shape, fortran)


def _fields(header: bytes) -> dict[str, str]:
    """Return the three fields, the type as one of ours."""
    text = header.decode("utf-8", "replace").strip()
    if text[:1] != "{" or text[-1:] != "}":
        raise DamagedError("the array's header is not a dict")
    fields: dict[str, str] = {}
    at = 1
    while match := _FIELD.match(text, at):
        key, at = match[1][1:-1], match.end()
        if key in fields or _kind(match) != key:
            raise DamagedError("a field of the array's header comes twice, or is unknown")
        fields[key] = next(value for value in match.groups()[1:5] if value is not None)
    if at != len(text) - 1 or len(fields) != 3:
        raise DamagedError("the array's header lacks a field, or has something else")
    fields["descr"] = _dtype(fields["descr"])
    return fields


def _kind(match: re.Match[str]) -> str:
    """Return which field has a value such as this one."""
    if match[3]:
        return "fortran_order"
    return "descr" if match[4] is None else "shape"


def _dtype(descr: str) -> str:
    match = _DESCR.fullmatch(descr[1:-1])
    if match is None or (match[3] is not None) != (match[2] in ("M8", "m8")):
        return ""
    order, dtype = match[1], _DTYPES.get(match[2], "")
    if not dtype or (order == "|") != (match[2][1:] == "1"):
        return ""
    return f"{dtype}_BE" if order == ">" else dtype


def _shape(fields: dict[str, str]) -> tuple[int, ...]:
    parts = [part.strip().removesuffix("L") for part in fields["shape"].split(",")]
    if parts and not parts[-1]:
        parts.pop()
    if len(parts) > MAX_RANK or not all(part.isdecimal() and len(part) < 20 for part in parts):
        raise DamagedError("the array's shape is none")
    shape = tuple(map(int, parts))
    if max(shape, default=0) > MAX_SIZE:
        raise DamagedError("the array's shape is none")
    return shape
