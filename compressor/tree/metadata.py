"""What is recorded of an entry besides its content.

Extended attributes are recorded by a list of what is to be kept, not of what is not: ``user.*``,
``security.capability`` and POSIX ACLs belong to the file and can be given to it anywhere. The rest
belongs to one machine or file system: SELinux labels follow from its policy (restorecon gives them),
IMA and EVM sign with its keys, ``trusted.*`` is where overlayfs, GlusterFS and Lustre keep their own
state, and NFSv4 ACLs name a server's users. tar leaves these out too unless told otherwise.
"""

import errno
import grp
import os
import pwd
from collections.abc import Callable
from functools import cache
from pathlib import Path

from compressor.tree.node import Node, NodeKind
from compressor.tree.walk import Entry, Problem

MAX_XATTRS = 256 << 10  # bytes of names and values of one node; XFS permits 64 KiB each, any number

_DESCRIPTORS = "/proc/self/fd"
_KEPT = (b"security.capability", b"system.posix_acl_access", b"system.posix_acl_default")
_SYMLINK = NodeKind.SYMLINK
_DEVICES = (NodeKind.CHAR_DEVICE, NodeKind.BLOCK_DEVICE)
_NO_XATTRS = (errno.ENOTSUP, errno.ENODATA)  # there are none here; one was removed meanwhile

Xattrs = tuple[tuple[bytes, bytes], ...]


def user_name(uid: int) -> str | None:
    """Return a user's name, or None where there is none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return None


def group_name(gid: int) -> str | None:
    """Return a group's name, or None where there is none."""
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return None


def _unnamed(_number: int) -> None:
    """Return what is recorded where names are not wanted."""


class Recorder:
    """Makes nodes of entries; ``problem`` is told what could not be recorded."""

    def __init__(self, problem: Problem, *, numeric: bool) -> None:
        self._problem = problem
        self._user: Callable[[int], str | None] = _unnamed if numeric else cache(user_name)
        self._group: Callable[[int], str | None] = _unnamed if numeric else cache(group_name)
        self._sees_xattrs = Path(_DESCRIPTORS).is_dir()
        if not self._sees_xattrs:
            problem(_DESCRIPTORS, "is missing (mount /proc): no extended attributes are recorded")

    def node(self, entry: Entry) -> Node:
        """Return what is recorded of an entry.

        Raises:
            OSError: it is gone, or no link any more.
        """
        status, kind = entry.status, entry.kind
        target = device = None
        if kind is _SYMLINK:
            target = os.readlink(entry.base, dir_fd=entry.folder.descriptor)
        elif kind in _DEVICES:
            device = os.major(status.st_rdev), os.minor(status.st_rdev)
        return Node(
            entry.name,
            kind,
            status.st_mode & 0o7777,
            status.st_mtime_ns,
            status.st_uid,
            status.st_gid,
            self._user(status.st_uid),
            self._group(status.st_gid),
            target,
            device,
            () if status.bare else self._xattrs(entry),  # none of those kept is for links
        )

    def _xattrs(self, entry: Entry) -> Xattrs:
        if not self._sees_xattrs:
            return ()
        path = b"/proc/self/fd/%d/%b" % (entry.folder.descriptor, entry.base)
        try:
            names = os.listxattr(path, follow_symlinks=entry.followed)
            return self._values(entry, path, names) if names else ()
        except OSError as error:
            if error.errno not in _NO_XATTRS:
                reason = f"its extended attributes are not recorded: {error.strerror}"
                self._problem(entry.shown, reason)
            return ()

    def _values(self, entry: Entry, path: bytes, names: list[str]) -> Xattrs:
        found, left = [], MAX_XATTRS
        for name in sorted(map(os.fsencode, names)):
            if name.startswith(b"user.") or name in _KEPT:
                value = os.getxattr(path, name, follow_symlinks=entry.followed)
                found.append((name, value))
                left -= len(name) + len(value)
                if left < 0:
                    kib = MAX_XATTRS >> 10
                    reason = f"has more than {kib} KiB of extended attributes; none is recorded"
                    self._problem(entry.shown, reason)
                    return ()
        return tuple(found)
