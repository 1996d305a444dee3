"""A writer without scruples: archives record by record, each field as told, checks made to fit.

Nothing here uses the product's writer or schemas: what docs/format/archive.md says is said again.
"""

import struct
from dataclasses import dataclass, field
from typing import Any

import msgspec
from blake3 import blake3
from xxhash import xxh3_64_intdigest

MAGIC = b"\x89CZ\0\r\n\x1a\n"
SYNC = b"\xc5Z\xd2\x1e"
HEAD, OPEN, BLOCK, EXTENTS, TENSORS, MEMBERS, ROOT, FOOTER, PAD, PARITY, CRYPT, BASE = range(1, 13)


def pack(value: Any) -> bytes:
    return msgspec.msgpack.encode(value)


def check(data: bytes) -> bytes:
    return struct.pack("<Q", xxh3_64_intdigest(data))


def digest(data: bytes) -> bytes:
    return blake3(data).digest()


def entry(name: bytes, content: bytes, spans: list[Any], **changes: Any) -> list[Any]:
    """An entry's elements; ``more`` are added at its end."""
    fields = {
        "name": name,
        "kind": 0,
        "size": len(content),
        "hash": digest(content),
        "level": 0,
        "spans": spans,
        "mtime": None,
        "mode": None,
    }
    return _array(fields, changes)


def _array(fields: dict[str, Any], changes: dict[str, Any]) -> list[Any]:
    more = changes.pop("more", [])
    assert changes.keys() <= fields.keys()
    return [*(fields | changes).values(), *more]


@dataclass
class Forge:
    """One archive; every method adds a record and returns its offset."""

    data: bytearray = field(default_factory=lambda: bytearray(MAGIC))
    hashes: bytes = b""
    leaves: list[Any] = field(default_factory=list)
    root_at: int = 0
    leaf_at: int = 0

    def put(self, kind: int, meta: bytes = b"", body: bytes = b"", **changes: Any) -> int:
        """Add any record; the changes are to its frame."""
        at = len(self.data)
        fields = {
            "sync": SYNC,
            "kind": kind,
            "flags": 0,
            "zero": 0,
            "meta_size": len(meta),
            "body_size": len(body),
            "offset": at,
        }
        header_check = changes.pop("header_check", None)
        content_check = changes.pop("content_check", None)
        header = struct.pack("<4sBBHIIQ", *(fields | changes).values())
        self.data += header + (header_check or check(header))
        self.data += meta + body + (content_check or check(meta + body))
        return at

    def head(self, **changes: Any) -> int:
        fields = {
            "major": 0,
            "minor": 1,
            "required": [],
            "optional": [],
            "decode_memory": 64,
            "reach": 0,
            "previous": 0,
            "block_size": 64,
            "plan": "store",
        }
        return self.put(HEAD, pack(_array(fields, changes)))

    def open(self, member: int, name: bytes, **changes: Any) -> int:
        return self.put(OPEN, pack(_array({"member": member, "name": name, "kind": 0}, changes)))

    def block(self, plain: bytes, **changes: Any) -> int:
        body = changes.pop("body", plain)
        frame = changes.pop("frame", {})
        fields = {
            "chain": "store",
            "plain_size": len(plain),
            "sizes": [],
            "member": None,
            "position": 0,
        }
        return self.put(BLOCK, pack(_array(fields, changes)), body, **frame)

    def extents(self, position: int, spans: list[Any], **changes: Any) -> int:
        fields = {"member": 0, "level": 0, "position": position, "spans": spans}
        return self.put(EXTENTS, pack(_array(fields, changes)))

    def leaf(self, entries: list[Any], *, last: bool = False, **changes: Any) -> int:
        count = changes.pop("count", len(entries))
        grown = changes.pop("grown", [])
        body = pack(entries)
        self.hashes += digest(body)
        version = None
        if last:
            fields = {
                "number": 1,
                "label": "",
                "time": 0,
                "root_hash": digest(self.hashes),
                "removed": [],
            }
            version = _array(fields, changes)
        at = self.put(MEMBERS, pack([count, version, *grown]), body)
        names = [name if isinstance(name, bytes) else name.encode() for name, *_ in entries]
        names.sort(key=lambda name: name.replace(b"/", b"\0"))
        self.leaves.append([at, *([names[0], names[-1]] if names else [b"", b""])])
        self.leaf_at = at
        return at

    def root(self, items: list[Any] | None = None, level: int = 0, **changes: Any) -> int:
        fields = {"level": level, "items": self.leaves if items is None else items}
        self.root_at = self.put(ROOT, pack(_array(fields, changes)))
        return self.root_at

    def footer(self, **changes: Any) -> int:
        fields = {"root": self.root_at, "last_leaf": self.leaf_at, "previous": 0}
        return self.put(FOOTER, b"", struct.pack("<3Q", *(fields | changes).values()))

    def finish(self, entries: list[Any], **changes: Any) -> bytes:
        """Add the last leaf, the root and the footer; return the archive."""
        self.leaf(entries, last=True, **changes)
        self.root()
        self.footer()
        return bytes(self.data)
