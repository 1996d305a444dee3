"""Read archives of format 0.1: to be read beside the specification, format/archive.md.

    educational_reader.py ARCHIVE        verify all members, and list their size, BLAKE3 and name
    educational_reader.py ARCHIVE NAME   write the content of one, found through the FOOTER

Clear rather than fast, nothing of the product: codecs store, zlib, bz2, lzma, no filters, no salvage,
members up to 1 GiB. Every flipped bit and every cut is refused. Left out is what only a forged archive
breaks: sizes of lists and UTF-8 (of F-010), the grammar of chains (F-020; here F-021), sizes of streams
(F-023), turns of OPEN and EXTENTS (F-025, F-026, F-033, F-038), which blocks may be referred to (F-029
to F-031), what pages and ROOTs leave out (F-032, F-041), the version's number (F-044), limits (F-047).
"""

import bz2
import io
import lzma
import re
import struct
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace as Row
from typing import Any

from blake3 import blake3
from xxhash import xxh3_64_intdigest as xxh3

MAGIC, SYNC = bytes.fromhex("89435A000D0A1A0A"), bytes.fromhex("C55AD21E")
KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30
HEAD, OPEN, BLOCK, EXTENTS, MEMBERS, ROOT, FOOTER, PAD = 1, 2, 3, 4, 6, 7, 8, 9
COUNT = 2**63 - 1
# The specification's types: MessagePack's, least, most; of bytes and text their length.
TYPES = {"count": (int, 0, COUNT), "number": (int, 0, 2**32 - 1), "signed": (int, ~COUNT, COUNT)}
TYPES |= {"level": (int, 0, 6), "page": (int, 0, 5), "mode": (int, 0, 4095), "unit": (int, 1, GIB)}
TYPES |= {"text": (str, 0, 1024), "name": (bytes, 0, 8000), "hash": (bytes, 32, 32)}
TABLES = {
    "prelude": "major number, minor number, required [text]",
    "head": "major number, minor number, required [text], optional [text], decode_memory count, "
    "reach count, previous count, block_size unit, plan text",
    "open": "member count, name name, kind number",
    "block": "chain text, plain_size number, sizes [count], member count or nil, position count",
    "extents": "member count, level page, position count, spans [span]",
    "span": "offset count, start count, length count",
    "members": "count number, version version or nil",
    "version": "number count, label text, time_ns signed, root_hash hash, removed [name]",
    "entry": "name name, kind number, size count, content_hash hash, level level, spans [span], "
    "mtime_ns signed or nil, mode mode or nil",
    "root": "level level, items [item]",
    "item": "offset count, first name, last name",
}
# Kinds of records: the table of meta, the largest meta, the largest body.
META, LIST, BODY = 64 * KIB, 16 * MIB, 64 * MIB
KINDS = {HEAD: ("prelude", META, 0), OPEN: ("open", META, 0), BLOCK: ("block", META, GIB)}
KINDS |= {EXTENTS: ("extents", META, 0), MEMBERS: ("members", LIST, BODY), ROOT: ("root", LIST, 0)}
KINDS |= {FOOTER: ("", 0, 24), PAD: ("", 0, BODY)}
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


def take(file: Any, size: int, otherwise: str = "F-010: MessagePack is cut short") -> bytes:
    """Return the next bytes, all of them."""
    data: bytes = file.read(size)
    must(len(data) == size, otherwise)
    return data


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


def unpack(data: bytes, what: str) -> Any:
    """Return the one MessagePack value in the data, which must be of this type (F-010)."""
    stream = io.BytesIO(data)
    found = value(stream, 0)
    must(not stream.read(1), "F-010: bytes stand behind the value")
    return typed(found, what)


def typed(value: Any, what: str) -> Any:
    """Compare a value with a type; a table gives a row, whose elements have names."""
    if what.endswith(" or nil"):
        return None if value is None else typed(value, what.removesuffix(" or nil"))
    if what in TYPES:
        kind, least, most = TYPES[what]
        must(type(value) is kind, f"F-010: no {what}")
        must(least <= (value if kind is int else len(value)) <= most, f"F-010: {what}: its range")
        return value
    must(type(value) is list, f"F-010: no {what}")
    if what.startswith("["):
        return [typed(element, what[1:-1]) for element in value]
    table = [element.split(" ", 1) for element in TABLES[what].split(", ")]
    must(len(value) >= len(table), f"F-010: too few elements of {what}")  # more are passed over
    pairs = zip(table, value, strict=False)
    return Row(**{name: typed(element, type_) for (name, type_), element in pairs})


def decode(block: Row) -> bytes:
    """Return the plain bytes of a BLOCK, as many as it promises; its stream is used up (F-024)."""
    chain, plain, size = block.said.chain, block.body, block.said.plain_size
    lzma2 = [{"id": lzma.FILTER_LZMA2, "dict_size": max(4096, size)}]
    codecs: dict[str, Any] = {"zlib": zlib.decompressobj, "bz2": bz2.BZ2Decompressor}
    codecs["lzma"] = lambda: lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=lzma2)
    must(chain in codecs or chain == "store", f"F-021: unsupported: {chain}")
    if chain != "store":
        decoder = codecs[chain]()
        try:
            plain = decoder.decompress(block.body, size + 1)
        except (zlib.error, lzma.LZMAError, OSError, EOFError, ValueError) as error:
            raise RefusedError(f"F-024: {chain}: {error}") from None
        must(decoder.eof and not decoder.unused_data, f"F-024: {chain}: its end is elsewhere")
    must(len(plain) == size, "F-024: not as many bytes as promised")
    return plain


class Archive:
    """The archive whose magic is at `begin` of a file."""

    def __init__(self, file: Any, begin: int) -> None:
        self.file, self.begin, self.block_size = file, begin, GIB
        must(begin >= 0 and self.read(0, 8) == MAGIC, f"F-001, F-018, F-045: no magic at {begin}")
        self.head = self.record(len(MAGIC))
        must(self.head.kind == HEAD, "F-014: the first record is not HEAD")
        must((self.head.said.major, self.head.said.minor) == (0, 1), "F-011: unsupported: version")
        must(not self.head.said.required, f"F-012: unsupported: {self.head.said.required}")
        said = unpack(self.head.meta, "head")  # only now: other versions may have another
        must(said.previous == 0, "F-015: the first HEAD has a version before it")
        must(said.block_size + said.decode_memory <= GIB, "F-022: limit: memory")
        self.block_size = said.block_size

    def read(self, offset: int, size: int) -> bytes:
        """Return the bytes at an offset."""
        self.file.seek(self.begin + offset)
        return take(self.file, size, "F-002: truncated")

    def record(self, offset: int, wanted: int | None = None) -> Row:
        """Return the record at an offset; its frame is tested before anything in it is used."""
        header = self.read(offset, 32)
        sync, kind, flags, zero, meta, body, stands, check = struct.unpack("<4sBBHIIQQ", header)
        must(sync == SYNC, f"F-003: no record at {offset}")
        must(check == xxh3(header[:24]), f"F-004: the header's check at {offset}")
        must(stands == offset, f"F-005: the record at {offset} is that of {stands}")
        must(flags <= (kind not in KINDS) and zero == 0, f"F-006: flags or zeros at {offset}")
        table, most_meta, most = KINDS.get(kind, ("", LIST, BODY))
        least, most = 24 if kind == FOOTER else 0, self.block_size if kind == BLOCK else most
        must(meta <= most_meta and least <= body <= most, f"F-007: the sizes at {offset}")
        must(wanted in (None, kind), f"F-046: kind {kind} instead of {wanted} at {offset}")
        data = self.read(offset + 32, meta + body + 8)
        must(data[-8:] == struct.pack("<Q", xxh3(data[:-8])), f"F-008: the content at {offset}")
        must(flags or kind in KINDS, f"F-009: unsupported: kind {kind}")
        said, end = unpack(data[:meta], table) if table else None, offset + 32 + len(data)
        return Row(kind=kind, at=offset, said=said, meta=data[:meta], body=data[meta:-8], end=end)

    def entries(self, leaf: Row) -> list[Row]:
        """Return the entries of a leaf."""
        entries = unpack(leaf.body, "[entry]")
        must(len(entries) == leaf.said.count, "F-034: not as many entries as the leaf counts")
        for entry in entries:
            must(b"\0" not in entry.name, "F-035: a name holds a NUL")
            must(entry.kind == 0, f"F-037: unsupported: a member of kind {entry.kind}")
            must(entry.size == sum(span.length for span in entry.spans), "F-039: a member's size")
        return entries

    def content(self, entry: Row, leaf: int) -> bytes:
        """Return the content of a member whose entry is in the leaf at this offset."""
        must(entry.size <= GIB, f"F-022: limit: {entry.name!a} is too large for this reader")
        content = b"".join(self.covered(entry.spans, entry.level, leaf, 0))
        must(blake3(content).digest() == entry.content_hash, f"F-039: the hash of {entry.name!a}")
        return content

    def covered(self, spans: list[Row], level: int, at: int, position: int) -> Iterator[bytes]:
        """Give the bytes that a list of spans covers, in the record at the offset `at`."""
        for span in spans:
            must(span.length, "F-027: a span without length")
            must(span.offset < at, "F-028: what a span refers to does not stand before it")
            if level:  # EXTENTS list what the span covers
                page = self.record(span.offset, EXTENTS).said
                found = page.level, page.position, sum(inner.length for inner in page.spans)
                must(found == (level - 1, position, span.length), "F-046: another page")
                yield from self.covered(page.spans, page.level, span.offset, position)
            elif span.offset:
                block = self.record(span.offset, BLOCK)
                must(len(block.body) <= block.said.plain_size <= self.block_size, "F-019: sizes")
                plain = decode(block)
                must(span.start + span.length <= len(plain), "F-028: an extent exceeds its block")
                yield plain[span.start : span.start + span.length]
            else:
                must(span.start == 0, "F-027: a hole has a start")
                yield bytes(span.length)
            position += span.length

    def members(self) -> Iterator[Row]:
        """Read all records; give each member's entry when its content is verified."""
        names, hashes = set(), blake3()
        record, last_leaf, root = self.head, 0, 0
        while record.kind != FOOTER:
            record = self.record(record.end)
            late = last_leaf and record.kind in (OPEN, BLOCK, EXTENTS, MEMBERS)
            must(not late, f"F-016: kind {record.kind} behind the last leaf")
            must(record.kind != HEAD, "F-014: a second HEAD")
            must(record.kind != PAD or not any(record.body), "F-043: a pad holds something")
            root = record.at if record.kind == ROOT else root
            for entry in self.entries(record) if record.kind == MEMBERS else ():
                must(entry.name not in names, f"F-036: the name {entry.name!a} comes twice")
                names.add(entry.name)
                self.content(entry, record.at)
                yield entry
            hashes.update(blake3(record.body).digest() if record.kind == MEMBERS else b"")
            if record.kind == MEMBERS and record.said.version:
                must(record.said.version.root_hash == hashes.digest(), "F-040: the root hash")
                last_leaf = record.at
        must(last_leaf, "F-017: FOOTER before the last leaf")
        must(record.body == struct.pack("<3Q", root, last_leaf, 0), "F-042: FOOTER's offsets")
        self.end = self.begin + record.end

    def find(self, name: bytes, root: int, below: int | None = None) -> Iterator[bytes]:
        """Give the content of the member of that name, if the ROOT at this offset leads to it."""
        said = self.record(root, ROOT).said
        must(below in (None, said.level + 1), "F-046: a ROOT of another level")
        for item in said.items:
            first, key, last = (n.replace(b"/", b"\0") for n in (item.first, name, item.last))
            if first <= key <= last and said.level:  # names sort with `/` below all others
                yield from self.find(name, item.offset, said.level)
            elif first <= key <= last:
                for entry in self.entries(self.record(item.offset, MEMBERS)):
                    if entry.name == name:
                        yield self.content(entry, item.offset)


def read_forward(file: Any) -> Iterator[Row]:
    """Give the entries of all archives of a file; the content of each is verified before."""
    begin, size = 0, file.seek(0, 2)
    must(size, "F-002: truncated: no byte at all")
    while begin < size:
        archive = Archive(file, begin)
        yield from archive.members()
        begin = archive.end


def read_member(file: Any, name: bytes) -> bytes:
    """Return the content of the member of that name, of the last archive that has one."""
    end = file.seek(0, 2)
    while end:
        must(end >= 72, "F-002: truncated: too short for an archive")
        file.seek(end - 48)
        footer = int.from_bytes(file.read(8), "little")  # its own offset, so the begin is known
        archive = Archive(file, end - 64 - footer)
        root, _, previous = struct.unpack("<3Q", archive.record(footer, FOOTER).body)
        must(previous == 0, "F-013: unsupported: versions")
        for content in archive.find(name, root):
            return content
        end = archive.begin
    raise RefusedError(f"no member {name!a}")


def main(path: str, *names: str) -> None:
    """Write a member, or list all."""
    with Path(path).open("rb") as file:
        for name in names:
            sys.stdout.buffer.write(read_member(file, name.encode()))
        for one in () if names else read_forward(file):
            print(one.size, one.content_hash.hex(), one.name.decode(errors="backslashreplace"))


if __name__ == "__main__":
    main(*sys.argv[1:])
