"""What other archivers' files hold: members one after the other, each with its content."""

from collections.abc import Callable, Iterator
from enum import Enum

from msgspec import Struct

MAX_HEADER = 16 << 20  # bytes of a header's long names and attributes: more is an attack


class Kind(Enum):
    """The kinds of members, named as a listing has them."""

    FILE = "file"
    FOLDER = "folder"
    SYMLINK = "symlink"
    HARDLINK = "hardlink"
    FIFO = "fifo"
    CHAR_DEVICE = "char device"
    BLOCK_DEVICE = "block device"
    UNKNOWN = "unknown"


class Member(Struct, frozen=True):
    """A member as it is recorded there: nothing in it is to be trusted. None: not recorded.

    ``data`` says where the bytes of a file lie that is not all of zeros elsewhere: (offset, length) in
    order; None: everywhere. ``take`` gives the next of these bytes, as many as asked for, fewer only at
    their end; it is of use until the next member comes. ``odd`` says, for people, what of the member can't
    be had; of one of unknown kind, what it is, if that can be said.
    """

    name: bytes
    kind: Kind
    size: int = 0
    mode: int | None = None
    mtime_ns: int | None = None
    uid: int | None = None
    gid: int | None = None
    user: str | None = None
    group: str | None = None
    target: bytes | None = None
    device: tuple[int, int] | None = None
    xattrs: tuple[tuple[bytes, bytes], ...] = ()
    data: list[tuple[int, int]] | None = None
    take: Callable[[int], bytes] = lambda _size: b""
    odd: str = ""


Members = Iterator[Member]
