"""GGUF, versions 2 and 3, least significant byte first: keys and values, tensors' places, their bytes."""

import struct

from msgspec import Struct

from compressor.errors import DamagedError
from compressor.tensors.dtypes import BLOCKS, size_of
from compressor.tensors.segments import (
    MAX_TENSORS,
    Sniffed,
    Tensor,
    check_tensors,
    segment_of,
    tile,
)
from compressor.tensors.view import Cursor, View

MAGIC = b"GGUF"
MAX_HEAD = 32 << 20  # bytes before the tensors that are looked at; vocabularies have about 10 MiB
MAX_NAME = 4096  # bytes of a tensor's name or a key; the program that made the format stops at 64
MAX_TEXT = 64 << 10  # bytes of a value that is kept
MAX_KEYS = 1 << 16
MAX_RANK = 8  # of a tensor; the program that made the format stops at 4

_HEAD = struct.Struct("<4sIQQ")
_NUMBER = struct.Struct("<I")
_COUNT = struct.Struct("<Q")
_STRING, _ARRAY = 8, 9
_SCALARS = {
    kind: struct.Struct(f"<{code}")
    for kind, code in zip((0, 1, 2, 3, 4, 5, 6, 7, 10, 11, 12), "BbHhIif?Qqd", strict=True)
}
_ALIGNMENT = "general.alignment"
_TYPES = {
    number: name
    for name, number in {
        "F32": 0, "F16": 1, "Q4_0": 2, "Q4_1": 3, "Q5_0": 6, "Q5_1": 7, "Q8_0": 8, "Q8_1": 9,
        "Q2_K": 10, "Q3_K": 11, "Q4_K": 12, "Q5_K": 13, "Q6_K": 14, "Q8_K": 15, "IQ2_XXS": 16,
        "IQ2_XS": 17, "IQ3_XXS": 18, "IQ1_S": 19, "IQ4_NL": 20, "IQ3_S": 21, "IQ2_S": 22,
        "IQ4_XS": 23, "I8": 24, "I16": 25, "I32": 26, "I64": 27, "F64": 28, "IQ1_M": 29,
        "BF16": 30, "TQ1_0": 34, "TQ2_0": 35, "MXFP4": 39, "NVFP4": 40, "Q1_0": 41,
    }.items()
}  # fmt: skip
"""The types by number; those that are missing were taken back."""


def recognise(view: View) -> Sniffed:
    """Return what the head says.

    Raises:
        DamagedError: it breaks the format, or its version is another.
    """
    _, version, tensor_count, key_count = view.unpack(_HEAD, 0)
    if version not in (2, 3):
        raise DamagedError("the version is unknown, or the byte order another")
    if tensor_count > MAX_TENSORS or key_count > MAX_KEYS:
        raise DamagedError("there are too many tensors or keys")
    cursor = Cursor(view, _HEAD.size, min(view.size, MAX_HEAD))
    metadata = _metadata(cursor, key_count)
    alignment = _checked_alignment(metadata)
    infos = [_info(cursor) for _ in range(tensor_count)]
    base = cursor.at + -cursor.at % alignment
    tensors = [_tensor(info, base, alignment) for info in infos if info.type in _TYPES]
    check_tensors(tensors, view.size)
    segments = tile(view.size, [segment_of(tensor) for tensor in tensors if tensor.size])
    return Sniffed("gguf", segments, tuple(tensors), metadata)


def _metadata(cursor: Cursor, key_count: int) -> dict[str, str]:
    """Return the single values as text; arrays and long texts are passed over."""
    metadata: dict[str, str] = {}
    seen = set()
    for _ in range(key_count):
        key = _name(cursor)
        if key in seen:
            raise DamagedError("a key comes twice")
        seen.add(key)
        value = _value(cursor)
        if value is not None:
            metadata[key] = value
    return metadata


def _checked_alignment(metadata: dict[str, str]) -> int:
    text = metadata.get(_ALIGNMENT, "32")
    if not text.isdecimal() or len(text) > 10 or not (alignment := int(text)) or alignment % 8:
        raise DamagedError("the alignment is none")
    return alignment


def _value(cursor: Cursor) -> str | None:
    kind = _number(cursor)
    if kind in _SCALARS:
        return str(_SCALARS[kind].unpack(cursor.take(_SCALARS[kind].size))[0])
    if kind == _STRING:
        length = _count(cursor)
        if length <= MAX_TEXT:
            return cursor.take(length).decode("utf-8", "replace")
        cursor.skip(length)
        return None
    if kind == _ARRAY:
        _skip_array(cursor)
        return None
    raise DamagedError("a value is of an unknown type")


def _skip_array(cursor: Cursor) -> None:
    kind, count = _number(cursor), _count(cursor)
    if kind in _SCALARS:
        cursor.skip(count * _SCALARS[kind].size)
    elif kind == _STRING:
        for _ in range(count):  # ends with the head at the latest: each has a length of 8 bytes
            cursor.skip(_count(cursor))
    else:
        raise DamagedError("an array is of arrays, or of an unknown type")


class _Info(Struct, frozen=True):
    name: str
    shape: tuple[int, ...]
    type: int
    offset: int


def _info(cursor: Cursor) -> _Info:
    name, rank = _name(cursor), _number(cursor)
    if rank > MAX_RANK:
        raise DamagedError("a tensor has too many dimensions")
    shape = tuple(_count(cursor) for _ in range(rank))[::-1]  # in the file the fastest comes first
    return _Info(name, shape, _number(cursor), _count(cursor))


def _tensor(info: _Info, base: int, alignment: int) -> Tensor:
    dtype = _TYPES[info.type]
    if info.offset % alignment:
        raise DamagedError("a tensor is not aligned")
    if info.shape and info.shape[-1] % BLOCKS[dtype][0]:
        raise DamagedError("a row ends inside a block of its type")
    return Tensor(info.name, dtype, info.shape, base + info.offset, size_of(dtype, info.shape))


def _number(cursor: Cursor) -> int:
    return _NUMBER.unpack_from(cursor.take(4))[0]  # type: ignore[no-any-return]


def _count(cursor: Cursor) -> int:
    return _COUNT.unpack_from(cursor.take(8))[0]  # type: ignore[no-any-return]


def _name(cursor: Cursor) -> str:
    length = _count(cursor)
    if length > MAX_NAME:
        raise DamagedError("a name is too long")
    try:
        return cursor.take(length).decode()
    except UnicodeDecodeError as error:
        raise DamagedError("a name is no text") from error
