"""An archive, byte by byte, each with its meaning: the example in docs/format/archive.md."""

import struct
from collections.abc import Iterator

import msgspec

from compressor.archive import schema
from compressor.archive.record import HEADER_SIZE, MAGIC, Kind
from tests.archive.sound import SOUND

EXAMPLE = "good-one-small-file"
WIDTH = 16  # bytes a line

SCHEMAS = {
    Kind.HEAD: schema.Head,
    Kind.OPEN: schema.Open,
    Kind.BLOCK: schema.Block,
    Kind.EXTENTS: schema.Extents,
    Kind.MEMBERS: schema.Members,
    Kind.ROOT: schema.Root,
}
INNER = {"version": schema.Version, "items": schema.LeafRef}

Field = tuple[bytes, str]


def names(of: type) -> list[str]:
    return list(of.__struct_fields__)


def array(data: bytes, fields: list[str], prefix: str) -> Iterator[Field]:
    """Split a MessagePack array of fewer than 16 elements into its head and elements."""
    yield data[:1], f"{prefix}array of {data[0] & 15}"
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
    yield from contents(kind, body)
    yield data[begin + meta_size + body_size :][:8], "content_check"


def contents(kind: int, body: bytes) -> Iterator[Field]:
    if kind == Kind.MEMBERS:
        yield body[:1], f"body: array of {body[0] & 15}"
        for entry in msgspec.msgpack.decode(body, type=list[msgspec.Raw]):
            yield from array(bytes(entry), names(schema.Entry), "  entry: ")
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


def dump() -> str:
    lines, at = [], 0
    for part, meaning in fields(SOUND[EXAMPLE].make()):
        for begin in range(0, len(part), WIDTH):
            piece = part[begin : begin + WIDTH]
            lines.append(
                f"{at:04x}  {piece.hex(' '):<{3 * WIDTH}} {'' if begin else meaning}".rstrip()
            )
            at += len(piece)
    return "\n".join(lines)
