"""The walk through one input: depth first, by descriptors, in the order of names.

No path is ever put together for the system, so that neither its length nor its depth matters, and no
link that appears meanwhile is followed. Of the folders that lead to where the walk is, only the first
and the deepest are open; the others are opened again, and compared, when it comes back to them: by
``..``, or else from the first one down.
"""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress

from msgspec import Struct, field

from compressor.kernels.status import Status, look
from compressor.tree.excludes import CACHE_TAG, Excluded, is_cache
from compressor.tree.inputs import InputError
from compressor.tree.node import KINDS, NodeKind
from compressor.tree.outputs import Identity, identity_in
from compressor.tree.policy import SpecialFileError
from compressor.tree.roots import Root

OPEN_FOLDERS = 64  # descriptors; programs may have no more than 256 on some systems

Problem = Callable[[str, Exception | str], None]
"""What is told of each thing that can't be archived: how it is shown, and why."""

Unseen = Callable[[bytes], None]
"""What is told the name of each thing that is there, it may be, and can't be looked at."""

_TYPE = 0o170000  # bits of a mode: stat.S_IFMT, without the call
_ENCODING = sys.getfilesystemencoding(), sys.getfilesystemencodeerrors()  # as os.fsencode has them

# Looking these up in the class for each entry would take as long as making it.
_FILE, _FOLDER, _SYMLINK, _FIFO = NodeKind.FILE, NodeKind.FOLDER, NodeKind.SYMLINK, NodeKind.FIFO
_ORDINARY = (_FILE, _FOLDER, _SYMLINK)


class ScanOptions(Struct, frozen=True):
    """What a scan takes.

    ``exclude`` holds patterns in gitignore's syntax, matched against members' names. Of a folder
    tagged as a cache, ``exclude_caches`` takes only the tag. ``one_file_system`` takes of a mount
    point only the folder. ``follow_links`` takes what links lead to in their place, ``specials``
    FIFOs and devices. ``numeric_owner`` leaves out users' and groups' names, and ``no_cache`` asks
    the system to forget what was read.
    """

    exclude: tuple[str, ...] = ()
    exclude_caches: bool = False
    one_file_system: bool = False
    follow_links: bool = False
    specials: bool = False
    numeric_owner: bool = False
    no_cache: bool = False


class Folder(Struct, eq=False):
    """A folder on the way to where the walk is; ``descriptor`` is -1 while it is closed.

    ``prefix`` is what members' names in it begin with; ``names`` are those left to be looked at.
    """

    descriptor: int
    base: bytes
    prefix: bytes
    names: Iterator[bytes]
    identity: Identity
    device: int | None  # None above an input, which may be anywhere


class Entry(Struct, eq=False):
    """What the walk came to; ``followed`` if by a link, so that ``status`` is what it leads to."""

    root: Root
    folder: Folder
    base: bytes
    name: bytes
    status: Status
    kind: NodeKind
    followed: bool = False

    @property
    def shown(self) -> str:
        """What a user would call it."""
        return self.root.shown(self.name)


class Walk(Struct, eq=False):
    """One walk through ``root``."""

    root: Root
    options: ScanOptions
    excluded: Excluded | None
    problem: Problem
    unseen: Unseen
    _way: list[Folder] = field(default_factory=list)
    _others: frozenset[bytes] = frozenset()

    def __post_init__(self) -> None:
        self._others = frozenset(other.name for other in self.root.others)

    def __iter__(self) -> Iterator[Entry]:
        """Yield what is taken; a folder before its contents, all in the order of names."""
        way = self._way
        try:
            self._begin()
            while way:
                base = next(way[-1].names, None)
                if base is None:
                    self._leave()
                    continue
                entry = self._at(way[-1], base)
                if entry is not None and self._is_taken(entry):
                    yield entry
                    if entry.kind is _FOLDER:
                        self._enter(entry)
        finally:
            for folder in way:
                _close(folder)

    def _begin(self) -> None:
        """Open the folder that holds the input, or which it is if its name is empty."""
        path, name = self.root.path, self.root.name
        if self._is_excluded_above():
            return
        above, _, base = path.rstrip(b"/").rpartition(b"/")
        if not name:
            above = path
        elif not above:
            above = b"/" if path.startswith(b"/") else b"."
        try:
            reading = os.O_PATH if name else os.O_RDONLY  # only what is listed has to be readable
            descriptor = os.open(above, reading | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            self._lose(name, error)
            return
        status = os.fstat(descriptor)
        prefix = name[: len(name) - len(base)] if name else b""
        folder = Folder(descriptor, b"", prefix, iter((base,)), identity_in(status), None)
        self._way.append(folder)  # from here on it is closed whatever happens
        if not name:
            folder.device = status.st_dev
            folder.names = self._names(folder)

    def _is_excluded_above(self) -> bool:
        """Whether a folder that the input's name leads through is left out."""
        parts = self.root.name.split(b"/")[:-1]
        return self.excluded is not None and any(
            self.excluded(b"/".join(parts[: count + 1]), is_folder=True)
            for count in range(len(parts))
        )

    def _at(self, folder: Folder, base: bytes) -> Entry | None:
        """Look at one name in the deepest folder."""
        name = folder.prefix + base
        if folder.descriptor < 0 and not self._reopened():
            return None
        try:
            status = look(folder.descriptor, base)
        except FileNotFoundError as error:
            self.problem(self.root.shown(name), error)
            if name == self.root.name:  # an input that is not there; all others were, a moment ago
                self.unseen(name)
            return None
        except OSError as error:
            self._lose(name, error)
            return None
        kind = KINDS.get(status.st_mode & _TYPE)
        if kind is None:
            self._refuse_socket(name)
            return None
        entry = Entry(self.root, folder, base, name, status, kind)
        if kind is _SYMLINK and self.options.follow_links:
            self._follow(entry)
        return entry

    def _refuse_socket(self, name: bytes) -> None:
        if self.excluded is None or not self.excluded(name, is_folder=False):
            reason = "is a socket, which its program makes anew; it is left out"
            self.problem(self.root.shown(name), reason)

    def _follow(self, entry: Entry) -> None:
        """Put what a link leads to in its place, unless that is nothing, or a folder around it."""
        try:
            status = look(entry.folder.descriptor, entry.base, follow=True)
        except OSError:
            return
        kind = KINDS.get(status.st_mode & _TYPE)
        if kind is not None and not self._is_around(identity_in(status)):
            entry.status, entry.kind, entry.followed = status, kind, True

    def _is_around(self, identity: Identity) -> bool:
        start = 1 if self.root.name else 0  # what holds the input is not part of it
        return any(folder.identity == identity for folder in self._way[start:])

    def _is_taken(self, entry: Entry) -> bool:
        """Whether an entry belongs into the archive; if not, and nobody wanted that, it is told."""
        kind = entry.kind
        if self.excluded is not None and self.excluded(entry.name, is_folder=kind is _FOLDER):
            return False
        if self._others and entry.name in self._others:  # it appeared since the names were compared
            return False
        if kind not in _ORDINARY and not self.options.specials:
            what = "a FIFO" if kind is _FIFO else "a device"
            text = f"is {what}; it is left out (specials=True takes it)"
            self.problem(entry.shown, SpecialFileError(text, "specials"))
            return False
        if kind is _SYMLINK and self.options.follow_links:
            self._tell(
                entry, "can't be followed, or leads to a folder around it; it is archived as a link"
            )
        return True

    def _lose(self, name: bytes, error: Exception) -> None:
        """Tell that a thing, and what may be below it, can't be looked at."""
        self.problem(self.root.shown(name), error)
        self.unseen(name)

    def _tell(self, entry: Entry, reason: str) -> None:
        self.problem(entry.shown, reason)

    def _enter(self, entry: Entry) -> None:
        """Go on with a folder's contents."""
        folder, status = entry.folder, entry.status
        identity = identity_in(status)
        if self._is_mount(entry):
            return
        if self.options.follow_links and self._is_around(identity):
            self._tell(entry, "is above itself, by way of a link; its contents are not taken again")
            return
        try:
            descriptor = self._opened(folder.descriptor, entry.base, identity)
            inner = Folder(
                descriptor, entry.base, entry.name + b"/", iter(()), identity, status.st_dev
            )
        except (OSError, InputError) as error:
            self._lose(entry.name, error)
            return
        self._way.append(inner)
        inner.names = self._names(inner)
        self._close_above(len(self._way) - 1)

    def _is_mount(self, entry: Entry) -> bool:
        return (
            self.options.one_file_system
            and entry.folder.device not in (None, entry.status.st_dev)
            and entry.name not in self.root.explicit
        )

    def _names(self, folder: Folder) -> Iterator[bytes]:
        """Return the names in an open folder, sorted."""
        try:
            listed = os.listdir(folder.descriptor)
        except OSError as error:
            self._lose(folder.prefix[:-1], error)
            return iter(())
        names = sorted([name.encode(*_ENCODING) for name in listed])
        if self.options.exclude_caches and CACHE_TAG in names and is_cache(folder.descriptor):
            names = [CACHE_TAG]
        return iter(names)

    def _leave(self) -> None:
        """Go back to the folder above; if that was closed, ``..`` leads there, or fails to."""
        way = self._way
        left = way.pop()
        if way and way[-1].descriptor < 0 <= left.descriptor:
            with suppress(
                OSError, InputError
            ):  # moved, or come to by a link: it will be looked for
                way[-1].descriptor = self._opened(left.descriptor, b"..", way[-1].identity)
        _close(left)

    def _reopened(self) -> bool:
        """Open the deepest folders again, from the first on; else give up what is left in the deepest.

        Where links are followed, this is the only way back.
        """
        way = self._way
        try:
            for depth in range(1, len(way)):
                folder = way[depth]
                if folder.descriptor < 0:
                    above = way[depth - 1].descriptor
                    folder.descriptor = self._opened(above, folder.base, folder.identity)
                self._close_above(depth)
        except (OSError, InputError) as error:
            self._lose(way[-1].prefix[:-1], error)
            way[-1].names = iter(())
            return False
        return True

    def _close_above(self, depth: int) -> None:
        """Have no more folders open than may be; the first stays."""
        if depth > OPEN_FOLDERS:
            _close(self._way[depth - OPEN_FOLDERS])

    def _opened(self, above: int, base: bytes, identity: Identity) -> int:
        """Open a folder that was seen before.

        Raises:
            InputError: its name stands for something else by now.
            OSError: it can't be opened.
        """
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
        if not self.options.follow_links:
            flags |= os.O_NOFOLLOW
        descriptor = os.open(base, flags, dir_fd=above)
        if identity_in(os.fstat(descriptor)) != identity:
            os.close(descriptor)
            raise InputError("was replaced while it was looked at")
        return descriptor


def _close(folder: Folder) -> None:
    if folder.descriptor >= 0:
        os.close(folder.descriptor)
        folder.descriptor = -1
