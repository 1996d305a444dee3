"""Folders below a target, entered by descriptor: no step follows a link, none goes up."""

import errno
import os
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import suppress

from msgspec import Struct

from compressor.errors import UnsafeNameError
from compressor.tree.node import Node
from compressor.tree.outputs import Identity, identity_of
from compressor.tree.policy import NameCollisionError, shown

MAX_OPEN = 64  # descriptors kept; in order of name, folders rarely need more than their depth
_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NOT_A_FOLDER = (errno.ELOOP, errno.EMLINK, errno.ENOTDIR)


class Folder(Struct):
    """A folder that was entered; ``made`` by this run, ``node`` where the archive recorded it.

    ``dropped``: a later version has it no more.
    """

    identity: Identity
    made: bool
    node: Node | None = None
    dropped: bool = False


class Folders:
    """The folders below ``root`` (a descriptor), by name; made where they are missing, for us alone.

    A folder that is open stays the one that was entered, wherever others move it; opened again, it must
    be the same one.
    """

    def __init__(self, root: int, *, sync: bool) -> None:
        self._root = root
        self._sync = sync
        self._open: OrderedDict[bytes, int] = OrderedDict()  # the one used last comes last
        self._known: dict[bytes, Folder] = {}
        self._names: dict[Identity, bytes] = {identity_of(root): b""}

    def enter(self, name: bytes) -> int:
        """Return a descriptor of a folder, good until another is entered; ``b""`` is the root.

        ``name`` has been checked.

        Raises:
            UnsafeNameError: on the way there is a link or a file, or another folder than before.
            NameCollisionError: it is a folder of this run under another name.
        """
        if not name:
            return self._root
        descriptor = self._open.get(name)
        if descriptor is not None:
            self._open.move_to_end(name)
            return descriptor
        missing = []
        while name and name not in self._open:
            missing.append(name)
            name = name.rpartition(b"/")[0]
        descriptor = self.enter(name)
        for inner in reversed(missing):
            descriptor = self._step(descriptor, inner)
        return descriptor

    def knows(self, name: bytes) -> bool:
        """Whether the folder was entered before."""
        return not name or name in self._known

    def made(self, name: bytes) -> bool:
        """Whether the folder was made by this run."""
        return name in self._known and self._known[name].made

    def record(self, node: Node) -> None:
        """Have a folder, which gets what ``node`` says of it later. Raises as ``enter`` does."""
        if node.name not in self._known:
            self.enter(node.name)
        folder = self._known[node.name]
        folder.node, folder.dropped = node, False

    def drop(self, name: bytes) -> None:
        """Have a folder removed at the end, if this run made it and it is empty then."""
        self._known[name].dropped = True

    def clear(self, name: bytes) -> None:
        """Remove a folder and those in it that this run made, unless something else is in there."""
        inside = name + b"/"
        inner = [one for one in self._known if one.startswith(inside)]
        for one in (*sorted(inner, reverse=True), name):
            if self._known[one].made:
                self.remove(one)

    def remove(self, name: bytes) -> None:
        """Remove a folder, unless something is in it."""
        self._close(name)
        folder, _, base = name.rpartition(b"/")
        try:
            os.rmdir(base, dir_fd=self.enter(folder))
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
        else:
            del self._names[self._known.pop(name).identity]

    def _close(self, name: bytes) -> None:
        descriptor = self._open.pop(name, None)
        if descriptor is not None:
            os.close(descriptor)

    def deepest_first(self) -> Iterator[tuple[bytes, Folder]]:
        """Yield every folder that was entered, before the one it lies in."""
        for name in sorted(self._known, reverse=True):
            yield name, self._known[name]

    def close(self) -> None:
        """Close the descriptors."""
        while self._open:
            os.close(self._open.popitem()[1])

    def _step(self, parent: int, name: bytes) -> int:
        """Enter ``name``, whose parent is open; make it if need be."""
        base = name.rpartition(b"/")[2]
        known = self._known.get(name)
        made = known is None and self._make(parent, base)
        try:
            descriptor = os.open(base, _FLAGS, dir_fd=parent)
        except OSError as error:
            if error.errno not in _NOT_A_FOLDER:
                raise
            what = f"{shown(name)!r} is a link or a file, and no folder to restore into"
            raise UnsafeNameError(f"{what}; it is refused") from error
        try:
            self._check(name, known or Folder(identity_of(descriptor), made), descriptor)
        except BaseException:
            os.close(descriptor)
            raise
        self._keep(name, descriptor)
        return descriptor

    def _make(self, parent: int, base: bytes) -> bool:
        with suppress(FileExistsError):
            os.mkdir(base, 0o700, dir_fd=parent)
            if self._sync:
                os.fsync(parent)
            return True
        return False

    def _check(self, name: bytes, folder: Folder, descriptor: int) -> None:
        """Take down which folder has this name; refuse one that is not the one it was, or is taken."""
        identity = identity_of(descriptor)
        if identity != folder.identity:
            what = f"{shown(name)!r} was replaced by another folder meanwhile"
            raise UnsafeNameError(f"{what}; what belongs there is not restored")
        other = self._names.setdefault(identity, name)
        if other != name:
            raise NameCollisionError(name, other)
        self._known[name] = folder

    def _keep(self, name: bytes, descriptor: int) -> None:
        self._open[name] = descriptor
        if len(self._open) > MAX_OPEN:
            os.close(self._open.popitem(last=False)[1])
