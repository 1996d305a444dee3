"""zip archives, by the standard library; they can be read only where the file can seek."""

import lzma
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import IO

from compressor.errors import CompressorError, DamagedError, UnsupportedError
from compressor.formats.members import Kind, Member, Members

MAGICS = (b"PK\x03\x04", b"PK\x05\x06")  # of a member, of an empty archive
UNIX = 3  # made by: then the upper half of the attributes is a mode
ENCRYPTED, UTF8 = 1, 1 << 11  # flags
TIMES, OWNERS = 0x5455, 0x7875  # extra fields: seconds since 1970; user and group
MAX_LINK = 1 << 16  # bytes of a symbolic link's target

INSTEAD = "; unzip it by another program, and `compressor compress` what comes out"
CHANGED = "this zip file is damaged: a content does not match its check"

BROKEN = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, ValueError, struct.error,
    RuntimeError, OSError,
)  # fmt: skip
"""What the library raises for what is damaged: bz2 knows no better than OSError."""

_KINDS = {
    stat.S_IFDIR: Kind.FOLDER,
    stat.S_IFLNK: Kind.SYMLINK,
    stat.S_IFREG: Kind.FILE,
    0: Kind.FILE,
}


def members(file: IO[bytes]) -> Members:
    """Yield the members of a zip file; of those with one name the last one.

    Raises:
        DamagedError: it breaks its format, or a check.
        UnsupportedError: it is encrypted, or packed by a method that is not known here.
    """
    with _opened(file) as archive:
        for info in {info.filename: info for info in archive.infolist()}.values():
            name = _name(info)
            if info.flag_bits & ENCRYPTED:
                raise UnsupportedError(f"{name!r} is encrypted{INSTEAD}")
            with _told(name), archive.open(info) as content:
                yield _member(name, info, content)


def _opened(file: IO[bytes]) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(file)
    except BROKEN as error:
        what = (
            "this zip file was cut short, or is damaged: it has no sound list of members at its end"
        )
        raise DamagedError(what) from error


@contextmanager
def _told(name: str) -> Iterator[None]:
    """Turn the library's errors into ours; ``name`` is of the member that is read."""
    try:
        yield
    except NotImplementedError as error:
        why = "is packed by a method, or needs a feature, that is not known here"
        raise UnsupportedError(f"{name!r} {why}{INSTEAD}") from error
    except CompressorError:
        raise
    except BROKEN as error:
        what = CHANGED if "CRC" in str(error) else f"this zip file is damaged ({error})"
        raise DamagedError(what, member=name) from error


def _name(info: zipfile.ZipInfo) -> str:
    """Return a name: from Unix in the bytes that it has there, which the library takes for CP437."""
    told = info.flag_bits & UTF8 or info.filename != info.orig_filename  # by a field of its own
    if told or info.create_system != UNIX:
        return info.filename
    return info.filename.encode("cp437").decode("utf-8", "surrogateescape")


def _member(name: str, info: zipfile.ZipInfo, content: IO[bytes]) -> Member:
    mode = info.external_attr >> 16 if info.create_system == UNIX else 0
    kind = Kind.FOLDER if info.is_dir() else _KINDS.get(stat.S_IFMT(mode), Kind.UNKNOWN)
    extra = _extra(info.extra)
    uid, gid = _owner(extra.get(OWNERS, b""))
    return Member(
        name.encode("utf-8", "surrogateescape"),
        kind,
        info.file_size if kind is Kind.FILE else 0,
        mode & 0o7777 if mode else None,
        _mtime(info, extra.get(TIMES, b"")),
        uid,
        gid,
        target=content.read(MAX_LINK) if kind is Kind.SYMLINK else None,
        take=partial(_take, content, name),
    )


def _take(content: IO[bytes], name: str, size: int) -> bytes:
    with _told(name):
        return content.read(size)


def _extra(data: bytes) -> dict[int, bytes]:
    found = {}
    while len(data) >= 4:
        kind, size = struct.unpack_from("<HH", data)
        found[kind] = data[4 : 4 + size]
        data = data[4 + size :]
    return found


def _mtime(info: zipfile.ZipInfo, times: bytes) -> int | None:
    """Return the time in nanoseconds: without that field it has no time zone, and is taken for UTC."""
    if len(times) >= 5 and times[0] & 1:
        return int(struct.unpack_from("<i", times, 1)[0]) * 10**9
    try:
        return int(datetime(*info.date_time, tzinfo=UTC).timestamp()) * 10**9
    except ValueError:
        return None


def _owner(data: bytes) -> tuple[int | None, int | None]:
    """Return user and group: each is a size and a little-endian number."""
    if len(data) < 3 or len(data) < 3 + data[1] or len(data) < 3 + data[1] + data[2 + data[1]]:
        return None, None
    uid, rest = data[2 : 2 + data[1]], data[2 + data[1] :]
    return int.from_bytes(uid, "little"), int.from_bytes(rest[1 : 1 + rest[0]], "little")
