"""An archive, byte by byte, each with its meaning: the example in docs/format/archive.md."""

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import msgspec

from compressor.archive import schema
from compressor.archive.leaf import Columns
from compressor.archive.record import HEADER_SIZE, MAGIC, Kind

EXAMPLE = Path(__file__).parents[1] / "vectors/archive/good-one-small-file.cz"
WIDTH = 16  # bytes a line

SCHEMAS = {
    Kind.HEAD: schema.Head,
    Kind.OPEN: schema.Open,
    Kind.BLOCK: schema.Block,
    Kind.EXTENTS: schema.Extents,
    Kind.MEMBERS: schema.Members,
    Kind.ROOT: schema.Root,
    Kind.BASE: schema.Base,
}
INNER = {"version": schema.Version, "items": schema.LeafRef}

Field = tuple[bytes, str]


def names(of: type) -> list[str]:
    return list(of.__struct_fields__)


def array(data: bytes, fields: list[str], prefix: str) -> Iterator[Field]:
    """Split a MessagePack array into its head and elements."""
    head, count = (data[:1], data[0] & 15) if data[0] < 0xA0 else (data[:3], data[2])
    yield head, f"{prefix}array of {count}"
    for name, raw in zip(fields, msgspec.msgpack.decode(data, type=list[msgspec.Raw]), strict=True):
        value = bytes(raw)
        inner = INNER.get(name)
        if name == "items":
            yield value[:1], f"{prefix}items: array of {value[0] & 15}"
            for item in msgspec.msgpack.decode(value, type=list[msgspec.Raw]):
                yield from array(bytes(item), names(schema.LeafRef), f"{prefix}  ")
        elif inner and value != b"\xc0":
            yield from array(value, names(inner), f"{prefix}{name}: ")
        else:
            yield value, f"{prefix}{name}: {shown(value)}"


def shown(raw: bytes) -> str:
    value = msgspec.msgpack.decode(raw)
    if isinstance(value, bytes):
        return repr(value)[1:] if len(value) < 32 else "32 bytes"
    return "nil" if value is None else repr(value).replace("'", '"')


def record(data: bytes, at: int) -> Iterator[Field]:
    sync, kind, _, _, meta_size, body_size, offset, _ = struct.unpack_from("<4sBBHIIQQ", data, at)
    name = Kind(kind).name
    yield sync, f"sync of a record: {name}"
    yield data[at + 4 : at + 8], f"kind {kind}, flags, reserved"
    yield data[at + 8 : at + 16], f"meta_size {meta_size}, body_size {body_size}"
    yield data[at + 16 : at + 24], f"offset {offset}"
    yield data[at + 24 : at + 32], "header_check"
    begin = at + HEADER_SIZE
    meta, body = data[begin : begin + meta_size], data[begin + meta_size :][:body_size]
    if meta:
        yield from array(meta, names(SCHEMAS[Kind(kind)]), "")
    yield from contents(kind, meta, body)
    yield data[begin + meta_size + body_size :][:8], "content_check"


def contents(kind: int, meta: bytes, body: bytes) -> Iterator[Field]:
    if kind == Kind.MEMBERS:
        packed = msgspec.msgpack.decode(meta, type=schema.Members).packed_size
        yield body[:packed], "body: a zlib stream, see below"
        for at in range(packed, len(body), 32):
            yield body[at : at + 32], "body: BLAKE3 of a content"
    elif kind == Kind.FOOTER:
        for number, name in enumerate(names(schema.Footer)):
            part = body[8 * number : 8 * number + 8]
            yield part, f"{name} {int.from_bytes(part, 'little')}"
    elif body:
        yield body, f"body: {body!r}"


def fields(data: bytes) -> Iterator[Field]:
    yield data[:8], "magic"
    at = len(MAGIC)
    while at < len(data):
        size = 0
        for part, meaning in record(data, at):
            size += len(part)
            yield part, meaning
        at += size


def columns(data: bytes) -> bytes:
    """Return the columns of the first leaf."""
    return zlib.decompress(next(part for part, meaning in fields(data) if "zlib" in meaning))


def lines(parts: Iterator[Field]) -> list[str]:
    found, at = [], 0
    for part, meaning in parts:
        for begin in range(0, len(part), WIDTH):
            piece = part[begin : begin + WIDTH]
            shown_bytes = f"{piece.hex(' '):<{3 * WIDTH}}"
            found.append(f"{at:04x}  {shown_bytes} {'' if begin else meaning}".rstrip())
            at += len(piece)
    return found


def dump() -> str:
    data = EXAMPLE.read_bytes()
    inflated = array(columns(data), names(Columns), "")
    return "\n".join([*lines(fields(data)), "", *lines(inflated)])
