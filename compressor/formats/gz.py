"""gzip (RFC 1952): by ISA-L, which decodes about twice as fast as zlib; by zlib where that is missing."""

import struct
import zlib
from collections.abc import Iterator
from importlib import import_module
from types import ModuleType
from typing import Any

from compressor.formats.base import Format, Recorded
from compressor.formats.packed import PIECE, READ, Packed
from compressor.formats.writing import Writing
from compressor.stages.base import Bytes

ISAL_MOST = 3  # the level up to which ISA-L packs; it has no more
FIXED = 10  # bytes that every header has
CHECKED, EXTRA, NAME, COMMENT = 2, 4, 8, 16
"""Flags of what follows these: a field of a size of two bytes, a name and a comment, each of which a NUL
ends, the low half of a CRC-32 of all that; CHECKED comes last."""
RESERVED = 0xE0  # flags of what no reader knows
MOST_TEXT = 1 << 20  # bytes of a name or a comment
BLOCKED = 16  # where BGZF's size of the member stands, less one, in a field of name BC
MOST_BLOCKED = 64 << 10  # plain bytes of a member of BGZF
MOST_NAME = 4096  # bytes, as Linux has paths
WITH_HEADER = 31  # zlib's word for gzip's header and trailer around 32 KiB of window
PLAIN_HEADER = b"\x1f\x8b\x08" + bytes(FIXED - 3)  # one that says nothing


def isal() -> ModuleType | None:
    """Return ISA-L's zlib, where it is installed: it has wheels for x86-64 and arm64."""
    try:
        return import_module("isal.isal_zlib")
    except ImportError:
        return None


def _read(packed: Packed, _memory: int) -> Iterator[bytes]:
    library: Any = isal() or zlib
    decoder = library.decompressobj(WITH_HEADER)
    # ISA-L (python-isal 1.9.1) errs where a header with optional fields comes in two pieces.
    _skip_header(packed)
    plain = decoder.decompress(PLAIN_HEADER)
    while not decoder.eof:
        data = decoder.unconsumed_tail or packed.some()
        if not data and len(plain) < PIECE:  # else more may come of what it has
            raise packed.truncated()
        try:
            plain = decoder.decompress(data, PIECE)
        except library.error as error:
            raise packed.damaged(error) from error
        if plain:
            yield plain
    packed.give_back(decoder.unused_data)


def _skip_header(packed: Packed) -> None:
    """Pass over all that stands before a member's blocks."""
    start = packed.exactly(FIXED)
    flags, check = start[3], zlib.crc32(start)
    if flags & RESERVED:
        raise packed.damaged("its header has flags that gzip does not know")
    if flags & EXTRA:
        size = packed.exactly(2)
        field = packed.exactly(int.from_bytes(size, "little"))
        check = zlib.crc32(size + field, check)
    for flag in (NAME, COMMENT):
        if flags & flag:
            check = _skip_text(packed, check)
    if flags & CHECKED and int.from_bytes(packed.exactly(2), "little") != check & 0xFFFF:
        raise packed.damaged("its header fails its check")


def _skip_text(packed: Packed, check: int) -> int:
    """Pass over a text and the NUL that ends it; return the CRC-32 of what went before and of these."""
    left = MOST_TEXT
    while data := packed.some(min(left, READ)):
        text, nul, rest = data.partition(b"\0")
        check = zlib.crc32(text + nul, check)
        if nul:
            packed.give_back(rest)
            return check
        left -= len(text)
        if not left:
            raise packed.damaged(f"it has a name or a comment of more than {MOST_TEXT} bytes")
    raise packed.truncated()


def _unit(packed: Packed) -> tuple[int, int]:
    """Find the end of a member that says where it is: BGZF, as bgzip and samtools write it."""
    start = packed.peek(BLOCKED + 2)
    size = int.from_bytes(start[BLOCKED:], "little") + 1
    known = (
        start[:4] == b"\x1f\x8b\x08\x04" and start[12:BLOCKED] == b"BC\2\0" and size > BLOCKED + 2
    )
    return (size, MOST_BLOCKED) if known and len(packed.peek(size)) == size else (0, 0)


def _recorded(packed: Packed) -> Recorded:
    """Look at the first member's header; gzip goes by that one, too."""
    start = packed.peek(FIXED)
    if len(start) < FIXED:
        raise packed.truncated()
    flags, seconds = start[3], int.from_bytes(start[4:8], "little")
    if not flags & NAME:
        return Recorded(b"", seconds)
    at = FIXED
    if flags & EXTRA:
        at += 2 + int.from_bytes(packed.peek(at + 2)[at:], "little")
    name, end, _ = packed.peek(at + MOST_NAME)[at:].partition(b"\0")
    if not end:
        raise packed.damaged(f"it has a name of more than {MOST_NAME} bytes, or ends within it")
    return Recorded(name, seconds)


class _Coder:
    """One member of blocks that go on from each other's last 32 KiB, as pigz writes it.

    Its parts are packed at once; it has no name and no time, so that the same content gives the same
    bytes.
    """

    part_size = 512 << 10  # bytes: 5 for the end of a part cost nothing
    overlap = 32 << 10  # bytes that deflate can refer back
    memory = 1 << 20  # bytes: tables of zlib; ISA-L's take less
    threads = 0

    def __init__(self, level: int) -> None:
        library = isal() if level <= ISAL_MOST else None
        self._library: Any = library or zlib
        self._level = level if library else max(level, 1)
        self._size = self._crc = 0

    def start(self) -> bytes:
        """Return the header: deflate, no flags, no time, fastest or smallest or neither, Unix."""
        effort = 4 if self._level <= 1 else 2 if self._level == 9 else 0
        return b"\x1f\x8b\x08\0\0\0\0\0" + bytes([effort, 3])

    def note(self, part: Bytes) -> None:
        """Go on with check and size."""
        self._size += len(part)
        self._crc = (isal() or zlib).crc32(part, self._crc)

    def encode(self, part: Bytes, before: Bytes) -> bytes:
        """Return blocks that end with a whole byte; none of them is the last."""
        library = self._library
        options = (self._level, library.DEFLATED, -15, 8, library.Z_DEFAULT_STRATEGY)
        coder = (
            library.compressobj(*options, zdict=before) if before else library.compressobj(*options)
        )
        packed: bytes = coder.compress(part) + coder.flush(library.Z_SYNC_FLUSH)
        return packed

    def end(self) -> bytes:
        """Return an empty last block, check and size."""
        return b"\x03\0" + struct.pack("<II", self._crc, self._size & 0xFFFFFFFF)


FORMAT = Format(
    name="gz",
    words="a gzip file",
    endings={".gz": "", ".tgz": ".tar", ".taz": ".tar"},
    begins=lambda start: start.startswith(b"\x1f\x8b\x08"),
    read=_read,
    writing=Writing(_Coder, 6),
    padding=1,
    unit=_unit,
    recorded=_recorded,
)
