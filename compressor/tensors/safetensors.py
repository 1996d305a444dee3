"""safetensors: eight bytes of length, a header in JSON, then the tensors' bytes.

The header names each tensor once, with its type, shape and place. The library also wants the
tensors to follow each other without a gap up to the end; here gaps and trailing bytes are opaque.
"""

import re
import struct
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta, Raw, Struct

from compressor.errors import DamagedError
from compressor.tensors.dtypes import BLOCKS, MAX_RANK, MAX_SIZE, size_of
from compressor.tensors.segments import Sniffed, Tensor, check_tensors, segment_of, tile
from compressor.tensors.view import View

MAX_HEADER = 16 << 20  # bytes; the format allows 100 MB, the largest models' have about 10 MiB
METADATA = "__metadata__"

_LENGTH = struct.Struct("<Q")
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"(?:[ \t\r\n]*+(:))?', re.DOTALL)
_MALFORMED = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
_T = TypeVar("_T")

_Size = Annotated[int, Meta(ge=0, le=MAX_SIZE)]


class _Entry(Struct, frozen=True, forbid_unknown_fields=True):
    dtype: str
    shape: Annotated[tuple[_Size, ...], Meta(max_length=MAX_RANK)]
    data_offsets: tuple[_Size, _Size]


_HEADER = msgspec.json.Decoder(dict[str, Raw])
_ENTRY = msgspec.json.Decoder(_Entry)
_METADATA = msgspec.json.Decoder(dict[str, str] | None)


def looks_like(head: bytes, size: int) -> bool:
    """Say whether a file of ``size`` bytes that begins with ``head`` (9 bytes at least) may be one."""
    return head[8:9] == b"{" and 2 <= _LENGTH.unpack(head[:8])[0] <= size - 8


def recognise(view: View) -> Sniffed:
    """Return what the header says.

    Raises:
        DamagedError: it breaks the format.
    """
    (length,) = view.unpack(_LENGTH, 0)
    if length > MAX_HEADER:
        raise DamagedError("the header is larger than 16 MiB")
    entries, metadata = _header(view.bytes(8, length))
    tensors = [
        _tensor(name, entry, 8 + length, view.size)
        for name, entry in entries.items()
        if entry.dtype in BLOCKS  # a type of the future stays opaque
    ]
    check_tensors(tensors, view.size)
    segments = tile(view.size, [segment_of(tensor) for tensor in tensors if tensor.size])
    return Sniffed("safetensors", segments, tuple(tensors), metadata)


def _header(text: bytes) -> tuple[dict[str, _Entry], dict[str, str]]:
    fields = _decoded(_HEADER, text)
    metadata = _decoded(_METADATA, fields.pop(METADATA, Raw(b"null")))
    entries = {name: _decoded(_ENTRY, entry) for name, entry in fields.items()}
    # The decoder keeps the last of two equal keys; here both are counted.
    keys = sum(1 for string in _STRING.finditer(text) if string[1])
    has_metadata = metadata is not None
    if keys != 4 * len(entries) + len(metadata or ()) + has_metadata:
        raise DamagedError("a key of the header comes twice")
    return entries, metadata or {}


def _decoded(decoder: "msgspec.json.Decoder[_T]", text: bytes | Raw) -> _T:
    try:
        return decoder.decode(text)
    except _MALFORMED as error:
        raise DamagedError(f"the header breaks its schema ({error})") from error


def _tensor(name: str, entry: _Entry, base: int, size: int) -> Tensor:
    start, end = entry.data_offsets
    if not start <= end <= size - base:
        raise DamagedError("a tensor goes beyond the end of the file, or ends before it begins")
    if end - start != size_of(entry.dtype, entry.shape):
        raise DamagedError("a tensor's size is not that of its type and shape")
    return Tensor(name, entry.dtype, entry.shape, base + start, end - start)
