"""Zip files, as far as their members are stored: where each one's bytes lie.

A zip tells everything twice, in its directory at the end and before each member. Both are read,
and must agree on what is used here; what is packed or encrypted is passed over.
"""

import struct
from typing import Any

from msgspec import Struct

from compressor.errors import DamagedError
from compressor.tensors.view import View

MAGIC = b"PK\x03\x04"
MAX_DIRECTORY = 32 << 20  # bytes
MAX_MEMBERS = 1 << 17

_END = struct.Struct("<4s4H2IH")
_LOCATOR = struct.Struct("<4sIQI")
_END64 = struct.Struct("<4sQ2H2I4Q")
_ENTRY = struct.Struct("<4s2H2H2H3I3H2H2I")
_LOCAL = struct.Struct("<4s3H2H3I2H")
_EXTRA = struct.Struct("<2H")
_QUAD = struct.Struct("<Q")
_LARGE, _MANY = 0xFFFFFFFF, 0xFFFF  # the value is in the larger record
_COMMENT = 0xFFFF  # bytes that may follow the end record
_HIDDEN = 0x0001 | 0x0040 | 0x2000  # encrypted, in one of three ways


class Member(Struct, frozen=True):
    """A stored member: its name, where its own header lies, its size; all in bytes."""

    name: bytes
    header: int
    size: int

    @property
    def text(self) -> str:
        """The name as text; bytes that are not UTF-8 are escaped."""
        return self.name.decode("utf-8", "backslashreplace")


class Directory(Struct, frozen=True):
    """The stored members of a zip, by name, and where its directory begins."""

    view: View
    start: int
    members: dict[bytes, Member]

    def locate(self, member: Member) -> int:
        """Return the position of a member's first byte.

        Raises:
            DamagedError: its own header says something else than the directory.
        """
        data = self.view.bytes(member.header, _LOCAL.size + len(member.name))
        fixed, name = _LOCAL.unpack_from(data), data[_LOCAL.size :]
        magic, flags, method, name_size, extra_size = (fixed[i] for i in (0, 2, 3, 9, 10))
        if magic != MAGIC or flags & _HIDDEN or method or name_size != len(name):
            raise DamagedError("a member's header is not what the directory says")
        start: int = member.header + _LOCAL.size + name_size + extra_size
        if name != member.name or start + member.size > self.start:
            raise DamagedError("a member's header is not what the directory says")
        return start


def directory(view: View) -> Directory:
    """Return what the directory says.

    Raises:
        DamagedError: it breaks the format.
    """
    count, size, start, end = _ends(view)
    if count > MAX_MEMBERS or size > MAX_DIRECTORY or size < count * _ENTRY.size:
        raise DamagedError("the directory is too large, or too small for its members")
    if start + size != end:
        raise DamagedError("the directory is not where it should be")
    data = view.bytes(start, size)
    members: dict[bytes, Member] = {}
    seen: set[bytes] = set()
    at = 0
    for _ in range(count):
        name, member, at = _entry(data, at)
        if name in seen:
            raise DamagedError("two members have one name")
        seen.add(name)
        if member is not None:
            members[name] = member
    if at != size:
        raise DamagedError("the directory is longer than its members")
    return Directory(view, start, members)


def _ends(view: View) -> tuple[int, int, int, int]:
    """Return how many members there are, the directory's size and start, and where it must end."""
    at, fields = _end_record(view)
    *disks, here, count, size, start = fields[1:7]
    if at >= _LOCATOR.size:
        magic, disk, at64, disk_count = view.unpack(_LOCATOR, at - _LOCATOR.size)
        if magic == b"PK\x06\x07":
            if disk or disk_count > 1 or at64 + _END64.size != at - _LOCATOR.size:
                raise DamagedError("the directory's end is not where it should be")
            large = view.unpack(_END64, at64)
            _check_large(fields[1:7], large)
            at, *disks, here, count, size, start = at64, *large[4:]
    if any(disks) or here != count:
        raise DamagedError("the zip goes on in another file")
    return count, size, start, at


def _check_large(fields: tuple[int, ...], large: tuple[Any, ...]) -> None:
    limits = (_MANY, _MANY, _MANY, _MANY, _LARGE, _LARGE)
    same = all(
        field in (limit, value)
        for field, limit, value in zip(fields, limits, large[4:], strict=True)
    )
    if large[0] != b"PK\x06\x06" or not same:
        raise DamagedError("the directory's two ends differ")


def _end_record(view: View) -> tuple[int, tuple[int, ...]]:
    """Return the position and the fields of the record at the end, which a comment may follow."""
    for length in (_END.size, min(view.size, _END.size + _COMMENT)):
        base = view.size - length
        tail = view.bytes(base, length)
        at = tail.rfind(b"PK\x05\x06", 0, length - _END.size + 4)
        if at >= 0:
            fields = _END.unpack_from(tail, at)
            if at + _END.size + fields[7] == length:
                return base + at, fields
    raise DamagedError("the zip has no end")


def _entry(data: bytes, at: int) -> tuple[bytes, Member | None, int]:
    """Return the name, the member if it is a stored one, and the position of the next entry."""
    if at + _ENTRY.size > len(data):
        raise DamagedError("the directory ends too early")
    fields = _ENTRY.unpack_from(data, at)
    magic, flags, method = fields[0], fields[3], fields[4]
    packed, size, name_size, extra_size, comment_size, disk = fields[8:14]
    at += _ENTRY.size
    end = at + name_size + extra_size + comment_size
    if magic != b"PK\x01\x02" or end > len(data):
        raise DamagedError("the directory ends too early")
    name = data[at : at + name_size]
    if method or flags & _HIDDEN:
        return name, None, end
    extra = data[at + name_size : at + name_size + extra_size]
    size, packed, header = _large(extra, [size, packed, fields[16]])
    if size != packed or disk:
        raise DamagedError("a stored member has two sizes, or is in another file")
    return name, Member(name, header, size), end


def _large(extra: bytes, values: list[int]) -> list[int]:
    """Return a member's sizes and place, from the larger fields where they are too large for their own."""
    if _LARGE not in values:
        return values
    at = 0
    while at + _EXTRA.size <= len(extra):
        kind, length = _EXTRA.unpack_from(extra, at)
        at += _EXTRA.size
        if kind == 1:
            quads = extra[at : at + length]
            wanted = [i for i, value in enumerate(values) if value == _LARGE]
            if len(quads) < 8 * len(wanted):
                break
            for number, i in enumerate(wanted):
                (values[i],) = _QUAD.unpack_from(quads, 8 * number)
            return values
        at += length
    raise DamagedError("a member's sizes are missing")
