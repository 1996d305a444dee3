"""lzop's files: a header, and blocks of LZO1X with checks of their own.

Source: lzop 1.04, ``conf.h`` and ``lzop.c``, read for the order and the meaning of the fields.
"""

import io
import struct
import zlib
from collections.abc import Iterator

from msgspec import Struct

from compressor.errors import DamagedError, MemoryBudgetError, UnsupportedError
from compressor.formats.base import Format, Recorded
from compressor.formats.packed import INSIDE, Packed
from compressor.formats.writing import Writing
from compressor.stages.base import Bytes
from compressor.stages.codecs.lzo import STAGE, Lzo

MAGIC = b"\x89LZO\0\r\n\x1a\n"
WITH_LEVEL = 0x0940  # the version from which on headers have a level, and all of the time
MOST_HEADER = 9 + 38 + 255 + 8 + (64 << 10)  # bytes: magic, fields, a name, an extra field
MAX_BLOCK = 64 << 20  # plain bytes
VERSION, LIBRARY = 0x1040, 0x20A0  # of lzop and liblzo2 whose format this is
STRONG_FROM = 7  # level of LZO1X-999
UNIX = 0x03000000  # flag: where it was made
METHODS = (1, 2, 3)  # LZO1X-1, LZO1X-1(15), LZO1X-999: one decoder for all

ADLER_PLAIN, ADLER_PACKED, EXTRA = 0x1, 0x2, 0x40
CRC_PLAIN, CRC_PACKED, MULTIPART, FILTER, CRC_HEADER = 0x100, 0x200, 0x400, 0x800, 0x1000


class Check(Struct, frozen=True):
    """A check of a block: the flag that says it is there, how it is reckoned."""

    flag: int
    crc: bool

    def of(self, data: bytes) -> int:
        """Return what the check of these bytes is."""
        return zlib.crc32(data) if self.crc else zlib.adler32(data)


PLAIN_CHECKS = (Check(ADLER_PLAIN, crc=False), Check(CRC_PLAIN, crc=True))
PACKED_CHECKS = (Check(ADLER_PACKED, crc=False), Check(CRC_PACKED, crc=True))


class _Header:
    """A header as it is read: its bytes are kept for its check."""

    def __init__(self, packed: Packed) -> None:
        self._packed = packed
        self._data = bytearray()
        self.recorded = Recorded(b"", 0)

    def raw(self, size: int) -> bytes:
        data = self._packed.exactly(size)
        self._data += data
        return data

    def field(self, size: int) -> int:
        return int.from_bytes(self.raw(size), "big")

    def flags(self) -> int:
        """Read all of it, return the flags.

        Raises:
            DamagedError: its check fails.
            UnsupportedError: it needs what is not known here.
        """
        version = self.field(2)
        self.field(2)
        recent = version >= WITH_LEVEL
        if recent:
            self.field(2)
        method = self.field(1)
        if recent:
            self.field(1)
        flags = self.field(4)
        if flags & FILTER:
            self.field(4)
        self.field(4)  # mode
        seconds = self.field(4) | (self.field(4) << 32 if recent else 0)
        self.recorded = Recorded(self.raw(self.field(1)), seconds)
        self._check(crc=bool(flags & CRC_HEADER))
        if flags & EXTRA:
            self.field(self.field(4) & 0xFFFF)
            self.field(4)
        if flags & MULTIPART:
            raise UnsupportedError("this lzop file holds several files; `lzop -x` unpacks them")
        if method not in METHODS or flags & FILTER:
            raise UnsupportedError(
                "this lzop file needs a method or a filter that is not known here"
            )
        return flags

    def _check(self, *, crc: bool) -> None:
        found = Check(0, crc).of(bytes(self._data))
        if found != int.from_bytes(self._packed.exactly(4), "big"):
            raise self._packed.damaged("its header fails its check")


def _read(packed: Packed, memory: int) -> Iterator[bytes]:
    packed.exactly(len(MAGIC))
    flags = _Header(packed).flags()
    codec = Lzo()
    while plain_size := int.from_bytes(packed.exactly(4), "big"):
        packed_size = int.from_bytes(packed.exactly(4), "big")
        if not 0 < packed_size <= plain_size <= MAX_BLOCK:
            raise packed.damaged("a block has an impossible size")
        needed = 3 * plain_size + INSIDE
        if needed > memory:
            raise MemoryBudgetError("reading this lzop file", needed, memory)
        plain_checks = _checks(packed, flags, PLAIN_CHECKS)
        stored = packed_size == plain_size
        packed_checks = [] if stored else _checks(packed, flags, PACKED_CHECKS)
        data = packed.exactly(packed_size)
        _compare(packed, data, packed_checks)
        plain = data if stored else _decoded(packed, codec, data, plain_size)
        _compare(packed, plain, plain_checks)
        yield plain


def _recorded(packed: Packed) -> Recorded:
    start = io.BytesIO(packed.peek(MOST_HEADER))
    ahead = Packed(start.read, packed.words)
    ahead.exactly(len(MAGIC))
    header = _Header(ahead)
    header.flags()
    return header.recorded


def _checks(packed: Packed, flags: int, kinds: tuple[Check, ...]) -> list[tuple[Check, int]]:
    return [
        (kind, struct.unpack(">I", packed.exactly(4))[0]) for kind in kinds if flags & kind.flag
    ]


def _compare(packed: Packed, data: bytes, checks: list[tuple[Check, int]]) -> None:
    for kind, wanted in checks:
        if kind.of(data) != wanted:
            raise packed.damaged("a block fails its check")


def _decoded(packed: Packed, codec: Lzo, data: bytes, plain_size: int) -> bytes:
    try:
        return bytes(codec.decode(data, plain_size))
    except DamagedError as error:
        raise packed.damaged(error) from error


class _Coder:
    """Blocks of 256 KiB, as lzop has them, with the checks that it makes by default."""

    part_size = 256 << 10
    overlap = 0
    memory = 4 << 20
    threads = 0

    def __init__(self, level: int) -> None:
        self._level = max(level, 1)
        strong = self._level >= STRONG_FROM
        self._method = METHODS[2 if strong else 0]
        self._codec = Lzo(9 if strong else 1)

    def start(self) -> bytes:
        """Return a header without name and time."""
        versions = struct.pack(">HHH", VERSION, LIBRARY, WITH_LEVEL)
        how = struct.pack(">BBI", self._method, self._level, ADLER_PLAIN | UNIX)
        fields = versions + how + struct.pack(">III", 0o100644, 0, 0) + b"\0"
        return MAGIC + fields + struct.pack(">I", zlib.adler32(fields))

    def note(self, part: Bytes) -> None:
        """Nothing is to be known of what follows."""

    def encode(self, part: Bytes, before: Bytes) -> bytes:
        """Return a block: packed, or as it is where that is not smaller."""
        del before
        packed = bytes(self._codec.encode(part))
        data = packed if len(packed) < len(part) else bytes(part)
        return struct.pack(">III", len(part), len(data), zlib.adler32(part)) + data

    def end(self) -> bytes:
        """Return the mark of the end."""
        return bytes(4)


FORMAT = Format(
    name="lzo",
    words="an lzop file",
    endings={".lzo": "", ".tzo": ".tar"},
    begins=lambda start: start.startswith(MAGIC),
    read=_read,
    writing=Writing(_Coder, 3, notice=STAGE.notice),
    padding=1,
    recorded=_recorded,
)
