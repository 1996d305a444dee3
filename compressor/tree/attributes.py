"""What is recorded about a file besides its content, given to it by descriptor."""

import errno
import grp
import os
import pwd
from collections.abc import Callable
from functools import lru_cache

from compressor.errors import CompressorError
from compressor.kernels import smallfile
from compressor.tree.node import Node, NodeKind
from compressor.tree.policy import (
    ACL,
    MetadataError,
    NotRestoredError,
    granted,
    shown,
    takes_privilege,
    without_acl,
)

Report = Callable[[bytes, CompressorError], None]
"""Is told what was not done: the member's name and the reason."""

_NOBODY_AT_ALL = (1 << 32) - 1  # as an id it means "leave it as it is"
_UNSUPPORTED = (errno.ENOTSUP, errno.ENOSYS)
FAILURES = (OSError, ValueError, OverflowError)
"""What the os module raises for values that a system, or this one, can't take."""


class Attributes:
    """Gives owner, extended attributes, mode and time, in this order: each would undo the next.

    What can't be given is told as a MetadataError; what concerns all members alike, once.
    """

    def __init__(self, report: Report, *, numeric_owner: bool) -> None:
        self._report = report
        self._numeric_owner = numeric_owner
        self._privileged = os.geteuid() == 0
        self._told: set[str] = set()

    def give(self, at: int | str, status: os.stat_result, node: Node, mode: int) -> None:
        """Give what ``node`` records, and ``mode`` if it records none, to a file of this ``status``.

        ``at`` is a descriptor, or the path of one below /proc where it can't be opened.
        """
        user, group = self._own(at, status, node)
        if node.mode is not None:
            mode = node.mode
        mode = self._xattrs(at, node, mode) if node.xattrs else mode
        if node.kind != NodeKind.SYMLINK:
            kept = granted(mode, user=user, group=group)
            if kept != mode:
                self._lost(node, "its set-id bits are not restored: its owner was not given to it")
            self._try(node, "mode", os.chmod, at, kept)
        if node.mtime_ns is not None:
            times = (node.mtime_ns, node.mtime_ns)
            self._try(node, "time", lambda: os.utime(at, ns=times))

    def usual(self, node: Node, mode: int) -> tuple[tuple[int, int], int] | None:
        """Return user, group (or KEEP) and mode that ``give`` would give to a new file of ours.

        None where that takes more than a look at the node: extended attributes, or something is lost.
        """
        if node.mode is not None:
            mode = node.mode
        if node.xattrs:
            return None
        if not self._privileged:
            kept = granted(mode, user=False, group=False)
            return ((smallfile.KEEP, smallfile.KEEP), mode) if kept == mode else None
        user, group = self._wanted(node)
        if user in (None, _NOBODY_AT_ALL) or group in (None, _NOBODY_AT_ALL):
            return None
        return (user, group), mode

    def _wanted(self, node: Node) -> tuple[int | None, int | None]:
        """Return the ids that a node's owners have here, or None."""
        if self._numeric_owner:
            return node.uid, node.gid
        return _known(_user, node.user, node.uid), _known(_group, node.group, node.gid)

    def _own(self, at: int | str, status: os.stat_result, node: Node) -> tuple[bool, bool]:
        """Give the file to its owner; say whether it has its user, and its group."""
        if not self._privileged:
            return False, False
        user, group = self._wanted(node)
        if user == status.st_uid and group == status.st_gid:
            return True, True
        user, group = _asked(user), _asked(group)
        given = user == group == -1 or self._try(node, "owner", os.chown, at, user, group)
        return given and user != -1, given and group != -1

    def _xattrs(self, at: int | str, node: Node, mode: int) -> int:
        """Set the extended attributes; return the mode, less what an ACL that is lost kept back."""
        for name, value in node.xattrs:
            if not self._xattr(at, node, name, value) and name == ACL:
                mode = without_acl(mode, value)
        return mode

    def _xattr(self, at: int | str, node: Node, name: bytes, value: bytes) -> bool:
        privilege = takes_privilege(name)
        if privilege is None or (privilege and not self._privileged):
            reason = "only root restores it" if privilege else "it is none to be restored"
            space = shown(name.partition(b".")[0])
            self._lost_everywhere(node, f"extended attributes {space[:20]!r}: {reason}")
            return False
        try:
            os.setxattr(at, name, value)
        except FAILURES as error:
            if isinstance(error, OSError) and error.errno in _UNSUPPORTED:
                self._lost_everywhere(node, "extended attributes: this file system keeps none")
            else:
                self._lost(node, f"extended attribute {shown(name)!r}: {reason_of(error)}")
            return False
        return True

    def _try(self, node: Node, what: str, action: Callable[..., None], *values: object) -> bool:
        try:
            action(*values)
        except FAILURES as error:
            self._lost(node, f"its {what} is not restored: {reason_of(error)}")
            return False
        return True

    def _lost(self, node: Node, what: str) -> None:
        self._report(node.name, MetadataError(what))

    def _lost_everywhere(self, node: Node, what: str) -> None:
        if what not in self._told:
            self._told.add(what)
            self._lost(node, f"{what} (not told again for other members)")


def reason_of(error: Exception) -> str:
    """Return what the system said, without the names it used."""
    return (isinstance(error, OSError) and error.strerror) or str(error)


def _known(
    look_up: Callable[[str], int | None], name: str | None, number: int | None
) -> int | None:
    """Return the id that a name has here, else the recorded one."""
    here = look_up(name) if name else None
    return number if here is None else here


def _asked(number: int | None) -> int:
    """Return an id to be given, or -1, which leaves the one that is there."""
    return -1 if number is None or number == _NOBODY_AT_ALL else number


@lru_cache(maxsize=1024)
def _user(name: str) -> int | None:
    try:
        return pwd.getpwnam(name).pw_uid
    except (KeyError, ValueError):
        return None


@lru_cache(maxsize=1024)
def _group(name: str) -> int | None:
    try:
        return grp.getgrnam(name).gr_gid
    except (KeyError, ValueError):
        return None


class _Turned:
    """Turns what the system says of one member into one of our errors."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, FAILURES) and not isinstance(error, CompressorError):
            raise NotRestoredError(reason_of(error)) from error


TURNED = _Turned()
