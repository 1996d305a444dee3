"""What a program is told of a member."""

from dataclasses import dataclass, field
from typing import NoReturn, Self

from compressor.archive.index import Index
from compressor.archive.leaf import Entry
from compressor.archive.schema import (
    BLOCK_DEVICE,
    CHAR_DEVICE,
    FIFO,
    FILE,
    FOLDER,
    HARDLINK,
    SYMLINK,
)

KINDS = {
    FILE: "file",
    FOLDER: "folder",
    SYMLINK: "symlink",
    HARDLINK: "hardlink",
    FIFO: "fifo",
    CHAR_DEVICE: "char device",
    BLOCK_DEVICE: "block device",
}
"""What kinds of members are called."""


@dataclass(frozen=True, slots=True)
class Member:
    """A member of an archive. None stands for what was not recorded.

    ``name`` holds bytes that are not UTF-8 as surrogates (``os.fsencode`` gives them back), ``kind`` is
    one of ``KINDS``; ``size`` is bytes and ``blake3`` the 32 bytes of the content's hash: 0 and empty for
    what is no file. ``mtime_ns`` is nanoseconds since 1970, ``mode`` permission bits (at most 0o7777).
    ``target`` is what a symbolic link holds, or the name of the member that a hard link is another name
    of; ``device`` major and minor number; ``xattrs`` pairs of name and value, sorted.
    """

    name: str
    size: int
    mtime_ns: int | None
    mode: int | None
    blake3: bytes
    kind: str
    uid: int | None
    gid: int | None
    user: str | None
    group: str | None
    target: str | None
    device: tuple[int, int] | None
    xattrs: tuple[tuple[str, bytes], ...]
    _place: tuple[Index, Entry] = field(repr=False, compare=False)

    def __copy__(self) -> Self:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("cannot pickle 'Member' object: send the archive's path and its name")


def member_of(index: Index, entry: Entry) -> Member:
    """Return a member of the archive that ``index`` is of."""
    owner = entry.owner
    return Member(
        text_of(entry.name),
        entry.size,
        entry.mtime_ns,
        entry.mode,
        entry.content_hash,
        KINDS[entry.kind],
        owner.uid,
        owner.gid,
        owner.user,
        owner.group,
        None if entry.target is None else text_of(entry.target),
        entry.device,
        tuple((text_of(name), value) for name, value in entry.xattrs),
        (index, entry),
    )


def text_of(name: bytes) -> str:
    """Return bytes as text; those that are not UTF-8 as surrogates."""
    return name.decode("utf-8", "surrogateescape")
