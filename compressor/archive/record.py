"""Records: the frame around everything in an archive. Format: docs/format/archive.md, Records.

Knows bytes and checks only; what a record means is written in ``schema``.
"""

import struct
from collections.abc import Callable
from enum import IntEnum

from msgspec import Struct
from xxhash import xxh3_64, xxh3_64_intdigest

from compressor.errors import DamagedError, UnsupportedError
from compressor.stages.base import Bytes

MAGIC = b"\x89CZ\x00\r\n\x1a\n"  # the NUL and the line ends break where a transfer is not binary
SYNC = b"\xc5Z\xd2\x1e"
HEADER_SIZE = 32
CHECK_SIZE = 8
FOOTER_SIZE = 64  # header, three offsets, check
MAX_META = 64 << 10  # bytes
MAX_LIST = 16 << 20  # bytes of meta that lists names
MAX_BODY = 64 << 20  # bytes, of other records than blocks
MAX_BLOCK = 1 << 30  # bytes of plain data in a block, and so of packed data
FOOTER_BODY = FOOTER_SIZE - HEADER_SIZE - CHECK_SIZE

STEP = 1 << 20  # bytes read at once of a record that is only to be checked

_HEADER = struct.Struct("<4sBBHIIQ")
_CHECK = struct.Struct("<Q")


class Kind(IntEnum):
    """What a record is."""

    HEAD = 1
    OPEN = 2
    BLOCK = 3
    EXTENTS = 4
    TENSORS = 5
    MEMBERS = 6
    ROOT = 7
    FOOTER = 8
    PAD = 9
    PARITY = 10
    CRYPT = 11
    BASE = 12


MEANT = frozenset(Kind) - {Kind.TENSORS, Kind.PARITY, Kind.CRYPT}
"""Kinds with a meaning in this version."""

BEFORE_LAST_LEAF = frozenset({Kind.OPEN, Kind.BLOCK, Kind.EXTENTS, Kind.MEMBERS, Kind.BASE})
"""Kinds of which none stands behind the last leaf of its version (F-016)."""

_LARGEST: dict[int, tuple[int, int]] = {
    Kind.HEAD: (MAX_META, 0),
    Kind.OPEN: (MAX_META, 0),
    Kind.BLOCK: (MAX_LIST, MAX_BLOCK),
    Kind.EXTENTS: (MAX_META, 0),
    Kind.ROOT: (MAX_LIST, 0),
    Kind.FOOTER: (0, FOOTER_BODY),
    Kind.PAD: (0, MAX_BODY),
    Kind.BASE: (MAX_META, 0),
}
"""The most bytes of meta and of body, by kind; for all others (MAX_LIST, MAX_BODY)."""

RESERVED: dict[int, str] = {
    Kind.TENSORS: "tensors",
    Kind.PARITY: "recovery",
    Kind.CRYPT: "encryption",
}
"""Kinds that have a name and a number, and no meaning in this version: the feature they belong to."""

SKIPPABLE = 1
"""The flag of records that a reader may pass over where it does not know their kind."""


class Header(Struct, frozen=True):
    """The first 32 bytes of a record; ``offset`` counts from the archive's first byte."""

    kind: int
    flags: int
    meta_size: int
    body_size: int
    offset: int

    @property
    def rest(self) -> int:
        """Bytes of the record behind the header."""
        return self.meta_size + self.body_size + CHECK_SIZE

    @property
    def end(self) -> int:
        """Offset of the byte behind the record."""
        return self.offset + HEADER_SIZE + self.rest


class Record(Struct, frozen=True):
    """A record as it was read; ``payload`` is meta, body and check, not yet tested."""

    header: Header
    payload: Bytes

    def checked(self) -> tuple[memoryview, memoryview]:
        """Return meta and body.

        Raises:
            DamagedError: the check does not fit (F-008).
        """
        view = memoryview(self.payload)
        content, check = view[:-CHECK_SIZE], view[-CHECK_SIZE:]
        if xxh3_64_intdigest(content) != _CHECK.unpack(check)[0]:
            name = kind_name(self.header.kind)
            raise DamagedError(f"{name} record fails its check", offset=self.header.offset)
        return content[: self.header.meta_size], content[self.header.meta_size :]


class Draft(Struct, frozen=True):
    """A record that lacks its offset: made in any thread, placed by the writer."""

    kind: Kind
    meta: bytes
    parts: tuple[Bytes, ...]
    check: bytes
    flags: int = 0

    @property
    def body_size(self) -> int:
        """Bytes of the body."""
        return sum(len(part) for part in self.parts)

    @property
    def size(self) -> int:
        """Bytes of the whole record."""
        return HEADER_SIZE + len(self.meta) + self.body_size + CHECK_SIZE


def draft(kind: Kind, meta: bytes = b"", *parts: Bytes, flags: int = 0) -> Draft:
    """Return a record with its content checked and its place open."""
    digest = xxh3_64(meta)
    for part in parts:
        digest.update(part)
    return Draft(kind, meta, parts, _CHECK.pack(digest.intdigest()), flags)


def header_bytes(record: Draft, offset: int) -> bytes:
    """Return the header of ``record`` at this place."""
    fields = _HEADER.pack(
        SYNC, record.kind, record.flags, 0, len(record.meta), record.body_size, offset
    )
    return fields + _CHECK.pack(xxh3_64_intdigest(fields))


def parse_header(data: Bytes, offset: int) -> Header:
    """Read the 32 bytes at ``offset`` of the archive.

    Raises:
        DamagedError: they are no header, or that of another place, or too large (F-003 to F-007).
    """
    sync, kind, flags, zero, meta_size, body_size, own_offset = _HEADER.unpack_from(data)
    if sync != SYNC:
        raise DamagedError("no record begins here", offset=offset)
    if xxh3_64_intdigest(data[: _HEADER.size]) != _CHECK.unpack_from(data, _HEADER.size)[0]:
        raise DamagedError("a record's header fails its check", offset=offset)
    if own_offset != offset:
        raise DamagedError(f"a record says that it belongs at byte {own_offset}", offset=offset)
    if zero or flags & ~SKIPPABLE or (flags and kind in MEANT):
        raise DamagedError("a record's header holds what it must not", offset=offset)
    most_meta, most_body = _LARGEST.get(kind, (MAX_LIST, MAX_BODY))
    if meta_size > most_meta or body_size > most_body:
        raise DamagedError("a record is larger than its kind may be", offset=offset)
    return Header(kind, flags, meta_size, body_size, own_offset)


def is_sound(header: Header, read: Callable[[int], Bytes]) -> bool:
    """Say whether a record passes its check; ``read`` gives the next bytes, from behind its header on."""
    digest = xxh3_64()
    left = header.rest - CHECK_SIZE
    while left:
        size = min(left, STEP)
        digest.update(read(size))
        left -= size
    return bool(digest.intdigest() == _CHECK.unpack(read(CHECK_SIZE))[0])


def kind_name(kind: int) -> str:
    """Return the name of a kind, or its number."""
    return Kind(kind).name if kind in Kind.__members__.values() else f"kind {kind}"


def refuse_unknown(header: Header) -> None:
    """Raise for a kind without meaning here, unless it may be passed over.

    Raises:
        UnsupportedError: it needs a feature, which the message names (F-009).
    """
    if header.flags & SKIPPABLE:
        return
    feature = RESERVED.get(header.kind, f"record kind {header.kind}")
    raise UnsupportedError(
        f"the archive needs feature {feature!r}, which this release does not have; "
        "read it with a newer one"
    )
