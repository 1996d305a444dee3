"""Read archives of format 0.3: to be read beside the specification, format/archive.md.

    educational_reader.py ARCHIVE        verify all versions; list the last: BLAKE3 or kind, and name
    educational_reader.py ARCHIVE NAME   write the content of one member

Clear rather than fast, nothing of the product: codecs store and zlib, no filters or differences, no salvage;
front to back, so no list of pages is followed. Every flipped bit and every cut is refused. Left out is what
only a forged archive breaks: F-007, F-016, F-019, F-020, F-022, F-023, F-025, F-026, F-029 to F-033, F-038,
F-041, F-044 to F-047, F-049, F-051 to F-057, and some of F-010, F-035 and F-048.
"""

import io
import re
import struct
import sys
import zlib
from pathlib import Path
from types import SimpleNamespace as Row
from typing import Any

from blake3 import blake3
from xxhash import xxh3_64_intdigest as xxh3

MAGIC, SYNC, MIB = bytes.fromhex("89435A000D0A1A0A"), bytes.fromhex("C55AD21E"), 1 << 20
HEAD, OPEN, BLOCK, EXTENTS, MEMBERS, ROOT, FOOTER, PAD, BASE = 1, 2, 3, 4, 6, 7, 8, 9, 12
TABLES = {
    "prelude": "major minor required",
    "head": "major minor required optional memory reach previous block_size plan",
    "block": "chain plain_size sizes member position pieces piece_hashes check base needs",
    "extents": "member level position spans",
    "members": "count plain_size packed_size version",
    "columns": "shared rests kinds mtimes modes owner_of owners xattrs_of xattrs targets devices kept "
    "sizes levels span_counts offsets starts lengths removed_shared removed_rests",
}
METAS = {HEAD: "prelude", BLOCK: "block", EXTENTS: "extents", MEMBERS: "members"}
MEANT = (OPEN, ROOT, FOOTER, PAD, BASE, *METAS)
# MessagePack from C0 on: the form, and how many bytes of its size or value follow.
FORMS = """nil0 never0 bool0 bool0 bin1 bin2 bin4 ext1 ext2 ext4 float4 float8 uint1 uint2 uint4 uint8
int1 int2 int4 int8 fixext1 fixext2 fixext4 fixext8 fixext16 str1 str2 str4 array2 array4 map2 map4"""
FORMATS = re.findall(r"([a-z]+)([0-9]+)", FORMS)


class RefusedError(Exception):
    """The archive breaks a check; the message begins with the check's number."""


def must(holds: object, why: str) -> None:
    """Refuse the archive unless the check holds."""
    if not holds:
        raise RefusedError(why)


def take(data: io.BytesIO, size: int) -> bytes:
    """Return the next bytes, all of them."""
    must(len(found := data.read(size)) == size, "F-010: MessagePack is cut short")
    return found


def value(data: io.BytesIO, depth: int) -> Any:
    """Return the next value of MessagePack; `...` for one that no table has."""
    lead = take(data, 1)[0]
    if lead < 0x80 or lead >= 0xE0:  # the number itself
        return lead if lead < 0x80 else lead - 256
    if lead < 0xC0:  # a size is in the lower bits
        form = "map" if lead < 0x90 else "array" if lead < 0xA0 else "str"
        return formed(data, form, lead & (31 if form == "str" else 15), depth)
    form, width = FORMATS[lead - 0xC0]
    size = int.from_bytes(take(data, int(width)), "big", signed=form == "int")
    return formed(data, form, size, depth)


def formed(data: io.BytesIO, form: str, size: int, depth: int) -> Any:
    """Return the value of this form and size; of integers, the size is the value."""
    must(form != "never" and depth <= 64, "F-010: MessagePack is malformed, or too deep")
    if form in ("uint", "int"):
        return size
    if form in ("array", "map"):
        values = [value(data, depth + 1) for _ in range(size * (2 if form == "map" else 1))]
        return values if form == "array" else ...
    if form in ("bin", "str"):
        return take(data, size) if form == "bin" else take(data, size).decode(errors="replace")
    take(data, {"ext": size + 1, "fixext": 1}.get(form, 0))
    return None if form == "nil" else ...


def unpack(data: bytes, table: str) -> Row:
    """Return the elements of the array in the data under their names; later versions may have more."""
    stream, names = io.BytesIO(data), TABLES[table].split()
    values = value(stream, 0)
    must(not stream.read(1), "F-010: bytes stand behind the value")
    must(type(values) is list and len(values) >= len(names), f"F-010: too short: {table}")
    return Row(**dict(zip(names, values, strict=False)))


def inflated(packed: bytes, size: int, check: str) -> bytes:
    """Return what a zlib stream unpacks to: as much as is promised; and the stream is used up."""
    stream = zlib.decompressobj()
    try:
        plain = stream.decompress(packed, size + 1)
    except zlib.error as error:
        raise RefusedError(f"{check}: {error}") from None
    must(stream.eof and not stream.unused_data and len(plain) == size, f"{check}: another size")
    return plain


def read_leaf(leaf: Row) -> tuple[list[Row], list[bytes]]:
    """Return the entries of a MEMBERS record, and the names that it removes."""
    said, body = leaf.said, leaf.body
    must(said.plain_size <= 2 * MIB and said.packed_size <= len(body), "F-048: too large")
    columns = unpack(inflated(body[: said.packed_size], said.plain_size, "F-048"), "columns")
    columns.hashes = [body[at : at + 32] for at in range(said.packed_size, len(body), 32)]
    must(len(columns.kinds) == said.count, "F-034: not as many entries as it counts")
    must(max(columns.kinds, default=0) <= 6, "F-037: unsupported: a kind of member")
    try:
        return entries(columns), full_names(columns.removed_shared, columns.removed_rests)
    except (ValueError, IndexError, StopIteration) as error:  # zip and next count for us
        raise RefusedError(f"F-048: columns do not fit each other: {error}") from None


def full_names(shared: list[int], rests: list[bytes]) -> list[bytes]:
    """Return names of which each begins as the one before it."""
    names = [name := b""]
    for common, rest in zip(shared, rests, strict=True):
        must(0 <= common <= min(len(name), 65000 - len(rest)), "F-048: a name's beginning")
        must(b"\0" not in rest, "F-035: a name holds a NUL")
        names.append(name := name[:common] + rest)
    must(max(name.count(b"/") for name in names) <= 4000, "F-048: a name is too deep")
    return names[1:]


def entries(columns: Row) -> list[Row]:
    """Return the entries that columns give."""
    rows = zip(full_names(columns.shared, columns.rests), columns.kinds, strict=True)
    found = [Row(name=name, kind=kind, kept=None, target=b"") for name, kind in rows]
    links = [one for one in found if one.kind in (2, 3)]
    for one, target in zip(links, columns.targets, strict=True):
        one.target = target
    number = at = index = 0
    for step in columns.kept:
        number, at, index = (a + b for a, b in zip((number, at, index), step, strict=True))
        found[number].kept = (at, index)
        number, index = number + 1, index + 1
    own = [one for one in found if one.kind == 0 and not one.kept]
    per_file = columns.sizes, columns.levels, columns.hashes, span_lists(columns)
    for one, size, level, digest, spans in zip(own, *per_file, strict=True):
        one.content = Row(size=size, level=level, hash=digest, spans=spans)
    return found


def span_lists(columns: Row) -> list[list[tuple[int, int, int]]]:
    """Return the spans of each own file: offset, start, length."""
    steps, lengths = list(zip(columns.offsets, columns.starts, strict=True)), iter(columns.lengths)
    found, offset, end = [], 0, 0
    for size, count in zip(columns.sizes, columns.span_counts, strict=True):
        spans, left = [], size
        for number in range(count):
            step, start = steps.pop(0)
            offset, start = offset + step, start + (0 if step else end)
            length = next(lengths) if number < count - 1 else left
            must(min(offset, start, length - 1) >= 0, "F-027: a span lies nowhere")
            spans.append((offset, start, length))
            end, left = start + length, left - length
        found.append(spans)
    must(not steps and next(lengths, None) is None, "F-048: more spans than files have")
    return found


class Archive:
    """The archive whose magic is at `begin` of the data."""

    def __init__(self, data: bytes, begin: int) -> None:
        self.data, self.begin = data, begin
        must(self.read(0, 8) == MAGIC, f"F-001, F-018: no magic at {begin}")
        self.live: dict[bytes, Any] = {}  # the entries of the version that was read last
        self.hashes: dict[int, bytes] = {}  # of all leaves, by their offsets
        self.spans: list[tuple[int, int, int]] = []  # of the large member that is open

    def read(self, offset: int, size: int) -> bytes:
        """Return the bytes at an offset."""
        at = self.begin + offset
        must(len(found := self.data[at : at + size]) == size, "F-002: truncated")
        return found

    def record(self, offset: int) -> Row:
        """Return the record at an offset; its frame is tested before anything in it is used."""
        header = self.read(offset, 32)
        sync, kind, flags, zero, meta, body, stands, check = struct.unpack("<4sBBHIIQQ", header)
        must(sync == SYNC, f"F-003: no record at {offset}")
        must(check == xxh3(header[:24]), f"F-004: the header's check at {offset}")
        must(stands == offset, f"F-005: the record at {offset} is that of {stands}")
        must(flags <= (kind not in MEANT) and zero == 0, f"F-006: flags or zeros at {offset}")
        data = self.read(offset + 32, meta + body + 8)
        must(data[-8:] == struct.pack("<Q", xxh3(data[:-8])), f"F-008: the content at {offset}")
        must(flags or kind in MEANT, f"F-009: unsupported: kind {kind}")
        said = unpack(data[:meta], METAS[kind]) if kind in METAS else None
        end = offset + 40 + meta + body
        return Row(kind=kind, at=offset, said=said, meta=data[:meta], body=data[meta:-8], end=end)

    def block(self, offset: int) -> bytes:
        """Return the plain bytes of the block at an offset."""
        record = self.record(offset)
        must(record.kind == BLOCK, "F-028: an extent in what is no block")
        chain, size = record.said.chain, record.said.plain_size
        must(chain in ("store", "zlib"), f"F-021: unsupported: {chain}")
        plain = inflated(record.body, size, "F-024") if chain == "zlib" else record.body
        must(len(plain) == size, "F-024: not as many bytes as promised")
        return plain

    def content(self, entry: Row) -> bytes:
        """Return the content of a member."""
        said, content = entry.content, bytearray()
        must(said.size <= 1024 * MIB, f"F-022: limit: {entry.name!a} is too large for this reader")
        for offset, start, length in said.spans:
            must(0 < length <= said.size, "F-027, F-039: a span without length, or too long")
            must(offset < entry.leaf, "F-028: a block does not stand before what refers to it")
            plain = self.block(offset) if offset else bytes(length)
            must(start + length <= len(plain), "F-027, F-028: a span ends behind its block or hole")
            content += plain[start : start + length]
        must(blake3(content).digest() == said.hash, f"F-039: the hash of {entry.name!a}")
        return bytes(content)

    def leaf(self, leaf: Row, begin: int) -> None:
        """Apply a leaf of the version that begins there to what lives, and verify what is new."""
        found, removed = read_leaf(leaf)
        for name in removed:
            must(self.live.pop(name, None), "F-044, F-051: what is removed is not there")
        for number, one in enumerate(found):
            before: Any = self.live.get(one.name)
            must(not before or before.leaf < begin, f"F-036: the name {one.name!a} comes twice")
            one.leaf, one.place = leaf.at, one.kept or (leaf.at, number)
            if one.kept:
                must(before and before.kind == 0 and before.place == one.kept, "F-044, F-050: kept")
                one.content = before.content
            elif one.kind == 0:
                one.content.spans = self.spans if one.content.level else one.content.spans
                self.content(one)
            self.live[one.name] = one
        self.spans, self.hashes[leaf.at] = [], blake3(leaf.body).digest()

    def root_hash(self, begin: int) -> bytes:
        """Return the hash of all leaves that count in the version that begins there."""
        living = {one.leaf for one in self.live.values()}
        leaves = [at for at in sorted(self.hashes) if at > begin or at in living]
        return blake3(b"".join(self.hashes[at] for at in leaves)).digest()

    def version(self, begin: int, footer: int) -> Row:
        """Read the version whose HEAD is there, behind this FOOTER or none; return its own."""
        record = self.record(begin)
        must(record.kind == HEAD, "F-014, F-018: no HEAD begins a version")
        must((record.said.major, record.said.minor) == (0, 3), "F-011: unsupported: version")
        must(not record.said.required, f"F-012: unsupported: {record.said.required}")
        head = unpack(record.meta, "head")  # only now: other versions may have another
        must(head.previous == (begin - footer if footer else 0), "F-015: another FOOTER before")
        self.spans, last, root = [], 0, 0
        while record.kind != FOOTER:
            record = self.record(record.end)
            must(record.kind != HEAD, "F-014: a second HEAD")
            must(record.kind != PAD or not any(record.body), "F-043: a pad holds something")
            root = record.at if record.kind == ROOT else root
            if record.kind == EXTENTS and record.said.level == 0:
                self.spans += record.said.spans
            if record.kind == MEMBERS:
                self.leaf(record, begin)
                if record.said.version:  # number, label, time_ns, root_hash
                    last = record.at
                    must(self.root_hash(begin) == record.said.version[3], "F-040: the root hash")
        must(last, "F-017: FOOTER before the last leaf")
        must(record.body == struct.pack("<3Q", root, last, footer), "F-042: FOOTER's offsets")
        return record


def archives(data: bytes) -> list[Archive]:
    """Return all archives in the data, each verified."""
    must(data, "F-002: truncated: no byte at all")
    found, end = list[Archive](), 0
    while end < len(data):
        found.append(Archive(data, end))
        footer, end = Row(end=len(MAGIC), at=0), end + len(MAGIC)
        while not footer.at or data[end : end + 4] == SYNC:
            try:
                footer = found[-1].version(footer.end, footer.at)
            except (TypeError, ValueError) as error:
                raise RefusedError(f"F-010: an element of another type: {error}") from None
            end = found[-1].begin + footer.end
    return found


def main(path: str, *names: str) -> None:
    """Write members, or list all."""
    for archive in archives(Path(path).read_bytes()):
        for name, one in archive.live.items():
            if name.decode(errors="surrogateescape") in names:
                sys.stdout.buffer.write(archive.content(one))
            elif not names:
                what = one.content.hash.hex() if one.kind == 0 else f"kind {one.kind}"
                print(what, name.decode(errors="backslashreplace"), one.target)


if __name__ == "__main__":
    main(*sys.argv[1:])
