"""What an archive may ask of a folder, and what is refused whoever asks. For users: docs/extraction.md."""

import stat
import struct

from compressor.errors import CompressorError, UnsafeNameError


class NamelessError(UnsafeNameError):
    """The member was piped: it has no name of its own that it could get back."""

    def __init__(self) -> None:
        super().__init__(
            "a member has no name (it was piped): read it, and write it where it is to go"
        )

    def at_shell(self) -> str:
        """Return the message as the command line's options have it."""
        return "a member has no name (it was piped); say where it goes: -o or -c"


class UnsafeLinkError(CompressorError):
    """A symbolic link would lead out of the target folder, and ``unsafe_links`` was not given."""


class LinkTargetError(CompressorError):
    """A hard link can't be made, for ``target`` was not restored in this run or takes no links.

    The member's content can be restored as a file of its own.
    """

    def __init__(self, name: bytes, target: bytes, why: str) -> None:
        super().__init__(f"{shown(name)!r} can't be linked to {shown(target)!r}, {why}")
        self.target = target


class NameCollisionError(CompressorError):
    """A member's name is, to this file system, that of ``other``, a member restored before."""

    def __init__(self, name: bytes, other: bytes) -> None:
        super().__init__(
            f"this file system takes {shown(name)!r} and {shown(other)!r} for one name; restore "
            "them into different folders"
        )
        self.other = other


class SpecialFileError(CompressorError):
    """A FIFO or a device, and it was not asked for or takes privileges."""


class NotRestoredError(CompressorError):
    """A member that the system would not take; the message says why."""


class NameTwiceError(NotRestoredError):
    """A member whose name another one of the run has got, such as by leaving out folders."""

    def __init__(self) -> None:
        super().__init__("another member was restored under its name")


class MetadataError(CompressorError):
    """A member was restored, but not all that was recorded about it."""

    exit_code = 3


def shown(name: bytes) -> str:
    """Return a recorded name for people; bytes that are not UTF-8 are escaped."""
    return name.decode(errors="backslashreplace")


_FORBIDDEN = frozenset((b"", b".", b".."))


def check_name(name: bytes) -> None:
    """Refuse a name that is not a plain path below the target folder.

    Raises:
        UnsafeNameError: it is absolute or empty, or has a component that is empty, ``.`` or ``..``.
    """
    if not name:
        raise NamelessError
    if b"\0" in name or not _FORBIDDEN.isdisjoint(name.split(b"/")):
        raise UnsafeNameError(
            f"the recorded name {shown(name)!r} would leave the folder; it is refused"
        )


def stripped(name: bytes, count: int) -> bytes | None:
    """Return a name without its first ``count`` components; None where nothing is left.

    Targets of hard links are names of members, and so stripped alike; those of symbolic links are not.
    """
    parts = name.split(b"/", min(count, len(name)))
    return parts[count] if len(parts) > count else None


def check_link(name: bytes, target: bytes) -> None:
    """Refuse a symbolic link that could lead out of the target folder, alone or through others.

    ``..`` may stand only in front, at most as often as the link's name has folders. Sound, because the
    link's own folder was reached through no link: its real parents are those of its name, so that
    ``..`` in front stays inside, and behind a component that may be a link there is none.

    Raises:
        UnsafeLinkError: it could.
    """
    climbed, named = 0, False
    for part in target.split(b"/"):
        if part == b"..":
            climbed += 1
            if named or climbed > name.count(b"/"):
                break
        elif part not in _FORBIDDEN:
            named = True
    else:
        if target and not target.startswith(b"/") and b"\0" not in target:
            return
    raise UnsafeLinkError(
        f"the link {shown(name)!r} -> {shown(target)!r} may lead out of the folder; it is refused "
        "(unsafe_links=True makes it)",
        "unsafe_links",
    )


def granted(mode: int, *, user: bool, group: bool) -> int:
    """Return a mode without set-id bits for whom the recorded owner was not given."""
    if not user:
        mode &= ~stat.S_ISUID
    if not group:
        mode &= ~stat.S_ISGID
    return mode


ACL = b"system.posix_acl_access"
_PRIVILEGED = (b"system.posix_acl_default", b"security.capability", ACL)


def takes_privilege(xattr: bytes) -> bool | None:
    """Whether only root restores this extended attribute; None: nobody does."""
    if xattr.startswith(b"user."):
        return False
    return True if xattr in _PRIVILEGED or xattr.startswith(b"trusted.") else None


_ACL_ENTRY = struct.Struct("<HHI")  # tag, permissions, id
_ACL_GROUP, _ACL_MASK = 0x04, 0x10


def without_acl(mode: int, acl: bytes) -> int:
    """Return a mode for a file whose ACL is not restored: the group gets what the ACL gave it.

    Where there is an ACL, the group's bits of the mode are its mask, which may permit more.
    """
    entries = acl[4 : 4 + (len(acl) - 4) // _ACL_ENTRY.size * _ACL_ENTRY.size]
    bits = mode >> 3 & 0o7
    for tag, permissions, _ in _ACL_ENTRY.iter_unpack(entries):
        if tag in (_ACL_GROUP, _ACL_MASK):
            bits &= permissions
    return mode & ~0o070 | bits << 3
