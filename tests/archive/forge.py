"""A writer without scruples: archives record by record, each field as told, checks made to fit.

Nothing here uses the product's writer or schemas: what docs/format/archive.md says is said again.
"""

import struct
import zlib
from dataclasses import dataclass, field
from typing import Any

import msgspec
from blake3 import blake3
from xxhash import xxh3_64_intdigest

MAGIC = b"\x89CZ\0\r\n\x1a\n"
SYNC = b"\xc5Z\xd2\x1e"
HEAD, OPEN, BLOCK, EXTENTS, TENSORS, MEMBERS, ROOT, FOOTER, PAD, PARITY, CRYPT, BASE = range(1, 13)
FILE, FOLDER, SYMLINK, HARDLINK, FIFO, CHAR_DEVICE, BLOCK_DEVICE = range(7)


def pack(value: Any) -> bytes:
    return msgspec.msgpack.encode(value)


def check(data: bytes) -> bytes:
    return struct.pack("<Q", xxh3_64_intdigest(data))


def digest(data: bytes) -> bytes:
    return blake3(data).digest()


def stored(plain: bytes) -> bytes:
    """A zlib stream that packs nothing: its bytes depend on no library."""
    size = len(plain)
    assert size < 1 << 16
    head = struct.pack("<BHH", 1, size, size ^ 0xFFFF)
    return b"\x78\x01" + head + plain + struct.pack(">I", zlib.adler32(plain))


DIFFERENCE = "floatdelta:dtype=bf16"


def difference(plain: bytes, base: bytes) -> bytes:
    """What `floatdelta` makes of bf16 whose differences take a byte: one class, nothing packed."""
    steps = [new - old for new, old in zip(_in_order(plain), _in_order(base), strict=True)]
    low = bytes(2 * step if step >= 0 else -2 * step - 1 for step in steps)
    return bytes(3) + b"\0" + low + b"\1"


def _in_order(floats: bytes) -> list[int]:
    return [
        bits ^ (0xFFFF if bits >> 15 else 0x8000) for (bits,) in struct.iter_unpack("<H", floats)
    ]


Entry = dict[str, Any]
"""An entry, field by field."""


def entry(name: bytes, content: bytes = b"", spans: Any = (), **changes: Any) -> Entry:
    fields = {
        "name": name,
        "kind": FILE,
        "size": len(content),
        "hash": digest(content),
        "level": 0,
        "spans": spans,
        "mtime": None,
        "mode": None,
        "owner": [None] * 4,
        "target": b"",
        "device": [0, 0],
        "xattrs": [],
        "kept": None,
    }
    assert changes.keys() <= fields.keys()
    return fields | changes


def _array(fields: dict[str, Any], changes: dict[str, Any]) -> list[Any]:
    """The elements of an array; ``more`` are added at its end."""
    more = changes.pop("more", [])
    assert changes.keys() <= fields.keys()
    return [*(fields | changes).values(), *more]


def columns_of(entries: list[Entry], removed: list[bytes]) -> dict[str, Any]:
    """The columns of a leaf, the tables without any repetition."""
    shared, rests = _front_coded([one["name"] for one in entries])
    removed_shared, removed_rests = _front_coded(removed)
    own = [one for one in entries if one["kind"] == FILE and one["kept"] is None]
    owners, xattrs = ([one[key] for one in entries] for key in ("owner", "xattrs"))
    owner_table, xattrs_table = _distinct(owners), _distinct(xattrs)
    return {
        "shared": shared,
        "rests": rests,
        "kinds": bytes(one["kind"] for one in entries),
        "mtimes": [one["mtime"] for one in entries],
        "modes": [one["mode"] for one in entries],
        "owner_of": [owner_table.index(owner) for owner in owners],
        "owners": owner_table,
        "xattrs_of": [xattrs_table.index(pairs) for pairs in xattrs],
        "xattrs": xattrs_table,
        "targets": [one["target"] for one in entries if one["kind"] in (SYMLINK, HARDLINK)],
        "devices": [one["device"] for one in entries if one["kind"] in (CHAR_DEVICE, BLOCK_DEVICE)],
        "kept": _kept(entries),
        "sizes": [one["size"] for one in own],
        "levels": [one["level"] for one in own],
        "span_counts": [len(one["spans"]) for one in own],
        **_span_columns(own),
        "removed_shared": removed_shared,
        "removed_rests": removed_rests,
    }


def _distinct(values: list[Any]) -> list[Any]:
    return [value for number, value in enumerate(values) if value not in values[:number]]


def _front_coded(names: list[bytes]) -> tuple[list[int], list[bytes]]:
    shared = []
    for before, name in zip([b"", *names], names, strict=False):
        same = [a == b for a, b in zip(before, name, strict=False)]
        shared.append([*same, False].index(False))
    return shared, [name[common:] for common, name in zip(shared, names, strict=True)]


def _kept(entries: list[Entry]) -> list[list[int]]:
    rows, expected, leaf, number = [], 0, 0, 0
    for at, one in enumerate(entries):
        if one["kept"] is not None:
            rows.append([at - expected, one["kept"][0] - leaf, one["kept"][1] - number])
            expected, leaf, number = at + 1, one["kept"][0], one["kept"][1] + 1
    return rows


def _span_columns(own: list[Entry]) -> dict[str, list[int]]:
    offsets, starts, lengths = [], [], []
    last, end = 0, 0
    for one in own:
        for offset, start, length in one["spans"]:
            offsets.append(offset - last)
            starts.append(start - end if offset == last else start)
            last, end = offset, start + length
        lengths += [length for _, _, length in one["spans"][:-1]]
    return {"offsets": offsets, "starts": starts, "lengths": lengths}


@dataclass
class Forge:
    """One archive; every method adds a record and returns its offset."""

    data: bytearray = field(default_factory=lambda: bytearray(MAGIC))
    hashes: dict[int, bytes] = field(default_factory=dict)
    """Of the leaves that count for the root hash, by their offsets."""
    leaves: list[Any] = field(default_factory=list)
    """Items of the next ROOT."""
    root_at: int = 0
    leaf_at: int = 0
    footer_at: int = 0

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
            "minor": 3,
            "required": [],
            "optional": [],
            "decode_memory": 64,
            "reach": 0,
            "previous": 0,
            "block_size": 64,
            "plan": "store",
        }
        return self.put(HEAD, pack(_array(fields, changes)))

    def append(self, *dead: int, **changes: Any) -> int:
        """Begin another version, in which these leaves do not live."""
        empty = [at for at, first, last, height in self.leaves if (first, height) == (b"", 0)]
        self.leaves = [item for item in self.leaves if item[0] not in (*dead, *empty)]
        alive = {item[0] for item in self.leaves}
        self.hashes = {at: value for at, value in self.hashes.items() if at in alive}
        return self.head(**({"previous": len(self.data) - self.footer_at} | changes))

    def open(self, member: int, name: bytes, **changes: Any) -> int:
        return self.put(OPEN, pack(_array({"member": member, "name": name, "kind": 0}, changes)))

    def block(self, plain: bytes, **changes: Any) -> int:
        body = changes.pop("body", plain)
        frame = changes.pop("frame", {})
        listed = changes.pop("listed", [])
        fields = {
            "chain": "store",
            "plain_size": len(plain),
            "sizes": [],
            "member": None,
            "position": 0,
            "pieces": [[gap, len(piece)] for gap, piece in listed],
            "piece_hashes": b"".join(digest(piece)[:16] for _, piece in listed),
            "pieces_check": b"",
            "base": [],
            "needs": 0,
        }
        said = [(fields | changes)[key] for key in ("plain_size", "pieces", "piece_hashes")]
        fields["pieces_check"] = check(pack(said)) if said[1] else b""
        return self.put(BLOCK, pack(_array(fields, changes)), body, **frame)

    def difference(self, plain: bytes, base: bytes, spans: list[Any], **changes: Any) -> int:
        """Add a block of bf16 that is a difference from ``base``, which lies in the spans."""
        fields = {
            "chain": DIFFERENCE,
            "body": difference(plain, base),
            "base": spans,
            "needs": len(spans),
        }
        return self.block(plain, **(fields | changes))

    def base(self, content: bytes, **changes: Any) -> int:
        fields = {"name": b"base", "size": len(content), "hash": digest(content)}
        frame = changes.pop("frame", {})
        return self.put(BASE, pack(_array(fields, changes)), **frame)

    def extents(self, position: int, spans: list[Any], **changes: Any) -> int:
        fields = {"member": 0, "level": 0, "position": position, "spans": spans}
        return self.put(EXTENTS, pack(_array(fields, changes)))

    def leaf(self, entries: list[Entry], *, last: bool = False, **changes: Any) -> int:
        """Add a leaf; the changes are to its columns, its body, its meta or its version."""
        columns = columns_of(entries, changes.pop("removed", []))
        columns |= {key: changes.pop(key) for key in [*changes] if key in columns}
        grown = changes.pop("grown", [])
        plain = changes.pop("plain", pack([*columns.values(), *grown]))
        packed = changes.pop("packed", stored(plain))
        own = [one["hash"] for one in entries if one["kind"] == FILE and one["kept"] is None]
        body = packed + changes.pop("hashes", b"".join(own))
        meta = [
            changes.pop("count", len(entries)),
            changes.pop("plain_size", len(plain)),
            changes.pop("packed_size", len(packed)),
        ]
        at = self.leaf_at = len(self.data)
        self.hashes[at] = digest(body)
        version = self._version(changes) if last else None
        self.put(MEMBERS, pack([*meta, version, *grown]), body)
        names = sorted((one["name"] for one in entries), key=lambda name: name.replace(b"/", b"\0"))
        if names or last:
            self.leaves.append([at, *([names[0], names[-1]] if names else [b"", b""]), 0])
        return at

    def _version(self, changes: dict[str, Any]) -> list[Any]:
        hashes = b"".join(self.hashes[at] for at in sorted(self.hashes))
        fields = {"number": 1, "label": "", "time": 0, "root_hash": digest(hashes)}
        return _array(fields, changes)

    def root(self, items: list[Any] | None = None, **changes: Any) -> int:
        fields = {"items": self.leaves if items is None else items}
        self.root_at = self.put(ROOT, pack(_array(fields, changes)))
        return self.root_at

    def footer(self, **changes: Any) -> int:
        fields = {"root": self.root_at, "last_leaf": self.leaf_at, "previous": self.footer_at}
        body = struct.pack("<3Q", *(fields | changes).values())
        self.footer_at = self.put(FOOTER, b"", body)
        return self.footer_at

    def finish(self, entries: list[Entry], **changes: Any) -> bytes:
        """Add the last leaf, the root and the footer; return the archive."""
        self.leaf(entries, last=True, **changes)
        self.root()
        self.footer()
        return bytes(self.data)


def listing(at: int, items: list[Any]) -> list[Any]:
    """The item of a ROOT that lists these items."""
    first = min((item[1] for item in items), key=lambda name: name.replace(b"/", b"\0"))
    last = max((item[2] for item in items), key=lambda name: name.replace(b"/", b"\0"))
    return [at, first, last, 1 + max(item[3] for item in items)]
