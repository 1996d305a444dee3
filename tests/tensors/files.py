"""Files with tensors in them, built field by field, and the look at them that every test takes."""

import io
import json
import struct
import zipfile
from collections.abc import Sequence

from compressor.tensors.dtypes import size_of
from compressor.tensors.segments import Sniffed
from compressor.tensors.sniff import sniff
from compressor.tensors.view import MAX_READ


def looked(data: bytes) -> Sniffed:
    """Sniff some bytes; whatever they are, what must hold of every answer holds."""
    left = MAX_READ

    def read(start: int, length: int) -> bytes:
        nonlocal left
        assert start >= 0
        assert 0 < length <= len(data) - start
        left -= length
        assert left >= 0
        return data[start : start + length]

    sniffed = sniff(read, len(data))
    check(sniffed, len(data))
    return sniffed


def check(sniffed: Sniffed, size: int) -> None:
    """Assert that the segments tile the file, and that all the rest fits to them."""
    at, before = 0, "at the beginning"
    for segment in sniffed.segments:
        assert segment.start == at
        assert segment.size > 0
        assert segment.dtype or before, "two opaque segments are neighbours"
        if segment.dtype:
            assert segment.size == size_of(segment.dtype, segment.shape)
        else:
            assert segment.shape is None
            assert segment.name is None
        at, before = segment.end, segment.dtype
    assert at == size
    for tensor in sniffed.tensors:
        assert 0 <= tensor.start <= tensor.start + tensor.size <= size
        if tensor.strides is None:
            assert tensor.size == size_of(tensor.dtype, tensor.shape)
    assert len({tensor.name for tensor in sniffed.tensors}) == len(sniffed.tensors)
    if not sniffed.format:
        assert not sniffed.tensors
        assert len(sniffed.segments) == bool(size)


def typed(sniffed: Sniffed) -> list[tuple[int, int, str, tuple[int, ...] | None, str | None]]:
    """Return the segments that are not opaque, as plain tuples."""
    return [
        (segment.start, segment.size, segment.dtype, segment.shape, segment.name)
        for segment in sniffed.segments
        if segment.dtype
    ]


def entry(dtype: str, shape: Sequence[int], start: int, end: int) -> dict[str, object]:
    """Return what safetensors' header says of a tensor."""
    return {"dtype": dtype, "shape": list(shape), "data_offsets": [start, end]}


def safetensors_file(header: object, data: bytes = b"", *, padding: bytes = b"") -> bytes:
    """Return a safetensors file; the header is JSON already if it is bytes."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text + padding)) + text + padding + data


def npy_file(header: str, data: bytes = b"", *, version: int = 1) -> bytes:
    """Return a ``.npy`` file with a header as it stands."""
    text = header.encode()
    length = struct.pack("<H" if version == 1 else "<I", len(text))
    return b"\x93NUMPY" + bytes([version, 0]) + length + text + data


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    """Return a zip of some members."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return buffer.getvalue()


def text(value: str) -> bytes:
    """Return a string as GGUF writes it."""
    return struct.pack("<Q", len(value.encode())) + value.encode()


def pair(key: str, kind: int, value: bytes) -> bytes:
    """Return a key of GGUF with its value."""
    return text(key) + struct.pack("<I", kind) + value


def info(name: str, dimensions: Sequence[int], kind: int, offset: int) -> bytes:
    """Return what GGUF says of a tensor; the fastest dimension comes first."""
    fields = struct.pack(f"<I{len(dimensions)}QIQ", len(dimensions), *dimensions, kind, offset)
    return text(name) + fields


def gguf_file(
    pairs: Sequence[bytes],
    infos: Sequence[bytes],
    data: bytes,
    *,
    version: int = 3,
    align: int = 32,
) -> bytes:
    """Return a GGUF file."""
    counts = struct.pack("<IQQ", version, len(infos), len(pairs))
    head = b"GGUF" + counts + b"".join(pairs) + b"".join(infos)
    return head + bytes(-len(head) % align) + data
