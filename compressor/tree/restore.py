"""Members back into a folder: nothing outside it is touched, whatever an archive says or others do.

Files, folders and special files are made as they come. Links wait for ``finish``, so that no member can
pass through one; what is recorded about a folder waits too, for what is put into it would undo it.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Self

from msgspec.structs import replace

from compressor.errors import CompressorError, UnsafeNameError
from compressor.kernels import smallfile
from compressor.stages.base import Bytes
from compressor.tree.attributes import FAILURES, TURNED, Attributes, Report, reason_of
from compressor.tree.folders import Folder, Folders
from compressor.tree.node import KINDS, Node, NodeKind
from compressor.tree.outputs import (
    Identity,
    Output,
    Place,
    Replacing,
    cleared,
    identity_in,
    temporary_for,
)
from compressor.tree.policy import (
    LinkTargetError,
    NameCollisionError,
    NameTwiceError,
    NotRestoredError,
    SpecialFileError,
    UnsafeLinkError,
    check_link,
    check_name,
    shown,
)
from compressor.tree.restoreoptions import RestoreOptions

NOT_OURS = "which was not restored in this run"


class Restorer:
    """Restores members below ``root``, a descriptor of the target folder.

    One member at a time: beginning one drops a file that was not committed. What is raised, and what
    ``report`` is told, concerns one member; the others can go on. ``report`` hears of links and folders
    that fail at the end, and as MetadataError of members that were restored in part.
    """

    def __init__(self, root: int, options: RestoreOptions, report: Report) -> None:
        self._options = options
        self._report = report
        self._below = os.path.join(options.below, "")
        self._replacing = Replacing(options.force, options.protected)
        self._attributes = Attributes(report, numeric_owner=options.numeric_owner)
        self._folders = Folders(root, sync=options.sync)
        self._made: dict[Identity, bytes] = {}  # what this run made, under the first of its names
        self._first: dict[bytes, bytes] = {}  # of hard links made, the first names of their files
        self._goes_over = False
        self._output: Output | None = None
        self._hard_links: dict[bytes, Node] = {}
        self._symlinks: dict[bytes, Node] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def go_over(self) -> None:
        """Have what comes now, a later version, go over what this run has made so far."""
        self._goes_over = True

    def file(self, name: bytes) -> Output:
        """Begin a regular file, to be written and then committed.

        Raises:
            OutputExistsError: it exists; ``force`` would replace it.
            CompressorError: it can't or must not be restored.
        """
        self._make_room(name)
        with TURNED:
            self._output = Output(self._place(name))
            self._output.open()
        return self._output

    def small(self, node: Node, content: Bytes) -> bool:
        """Make a regular file whose content is verified, in one step, where nothing is in its way.

        Else return False, with nothing left of it: ``file`` and ``commit`` do it, or say why not.
        """
        granted, options = self._attributes.usual(node, self._options.default_mode), self._options
        if granted is None or self._goes_over or options.force or options.sync:
            return False
        self.abort()
        try:
            check_name(node.name)
            folder, _, base = node.name.rpartition(b"/")
            into = self._folders.enter(folder), (temporary_for(base), base)
            identity = smallfile.make(*into, content, *granted, node.mtime_ns)
        except (CompressorError, *FAILURES):
            return False
        if identity is not None:
            self._made[identity] = node.name
        return identity is not None

    def commit(self, node: Node) -> None:
        """Give the file, whose content is whole and verified, its attributes and then its name.

        Raises:
            CompressorError: it can't be had; nothing is left of it.
        """
        output = self._output
        if output is None:
            raise NotRestoredError("its file was not begun")
        try:
            with TURNED:
                status = os.fstat(output.descriptor)
                mode = self._options.default_mode
                self._attributes.give(output.descriptor, status, node, mode)
                output.appear(sync=self._options.sync)
                self._made[identity_in(status)] = node.name
        finally:
            self.abort()

    def abort(self) -> None:
        """Leave nothing of a file that was not committed."""
        output, self._output = self._output, None
        if output is not None:
            output.abort()

    def add(self, node: Node) -> None:
        """Restore a member without content: now, or a link at the end.

        Raises:
            CompressorError: it can't or must not be restored.
        """
        check_name(node.name)
        self._make_room(node.name, folder=node.kind == NodeKind.FOLDER)
        with TURNED:
            if node.kind == NodeKind.FOLDER:
                self._folder(node)
            elif node.kind == NodeKind.HARDLINK:
                check_name(node.target or b"")
                self._hard_links[node.name] = node
            elif node.kind == NodeKind.SYMLINK:
                self._check_link(node.name, node.target or b"")
                if node.name in self._symlinks and not self._goes_over:
                    raise NameTwiceError
                self._symlinks[node.name] = node
            else:
                self._special(node)

    def _make_room(self, name: bytes, *, folder: bool = False) -> None:
        """Let go of what an earlier version has under this name, and of a folder what is in it, too."""
        self.abort()
        if not self._goes_over:
            return
        self._symlinks.pop(name, None)
        self._hard_links.pop(name, None)
        if folder or not self._folders.made(name):
            return
        inside = name + b"/"
        names = (*self._symlinks, *self._hard_links, *self._made.values())
        for inner in [one for one in names if one.startswith(inside)]:
            self.remove(inner)
        with TURNED:
            self._folders.clear(name)

    def _folder(self, node: Node) -> None:
        try:
            self._folders.record(node)
        except UnsafeNameError:
            if not (self._goes_over and self._unlink(node.name)):
                raise
            self._folders.record(node)

    def finish(self) -> None:
        """Make the links, then give the folders their attributes, the deepest first.

        What fails is reported.
        """
        self.abort()
        links = self._hard_links.values()
        late = [node for node in links if node.target in self._symlinks]
        early = [node for node in links if node.target not in self._symlinks]
        for node in early:
            with self._reporting(node.name):
                self._hard_link(node)
        for node in self._symlinks.values():
            with self._reporting(node.name):
                self._symlink(node)
        for node in late:
            with self._reporting(node.name):
                self._check_link(node.name, self._symlinks[node.target or b""].target or b"")
                self._hard_link(node)
        for name, folder in self._folders.deepest_first():
            with self._reporting(name):
                if not folder.dropped:
                    self._complete(name, folder)
                elif folder.made:
                    self._folders.remove(name)

    def close(self) -> None:
        """Leave nothing half-written; before ``finish``, folders that were made stay closed to others."""
        self.abort()
        self._folders.close()

    def again(self, node: Node) -> None:
        """Give a file that this run made what a later version records of it.

        Raises:
            CompressorError: this run made none of that name.
        """
        self.abort()
        with TURNED:
            descriptor = self._ours(node.name)
            try:
                status = os.fstat(descriptor)
                self._attributes.give(descriptor, status, node, self._options.default_mode)
            finally:
                os.close(descriptor)

    def _ours(self, name: bytes) -> int:
        """Open a file that this run made."""
        check_name(name)
        folder, _, base = name.rpartition(b"/")
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        descriptor = os.open(base, flags, dir_fd=self._folders.enter(folder))
        if identity_in(os.fstat(descriptor)) not in self._made:
            os.close(descriptor)
            raise NotRestoredError("it was not restored in this run")
        return descriptor

    def remove(self, name: bytes) -> None:
        """Take back what this run made under a name, and a later version has not; what fails is reported."""
        self.abort()
        self._symlinks.pop(name, None)
        self._hard_links.pop(name, None)
        if self._folders.knows(name):
            self._folders.drop(name)
            return
        with self._reporting(name):
            self._unlink(name)

    def _unlink(self, name: bytes) -> bool:
        """Remove a file that this run made; say whether there was one."""
        folder, _, base = name.rpartition(b"/")
        if self._folders.knows(folder):
            with suppress(FileNotFoundError):
                parent = self._folders.enter(folder)
                status = os.stat(base, dir_fd=parent, follow_symlinks=False)
                if self._made.pop(identity_in(status), None) is not None:
                    os.unlink(base, dir_fd=parent)
                    return True
        return False

    def _place(self, name: bytes) -> Place:
        """Return the place of a member that may be made now; the folders on the way are there."""
        check_name(name)
        folder, _, base = name.rpartition(b"/")
        seen = self._below + shown(name)
        place = Place(base, self._folders.enter(folder), seen, self._replacing)
        status = place.existing()
        if status is None:
            return place
        if self._is_ours(name, status):
            if not self._goes_over:
                raise NameTwiceError
            if not (stat.S_ISREG(status.st_mode) or stat.S_ISLNK(status.st_mode)):
                self._unlink(name)
                return place
            place = Place(base, place.folder, place.shown, replace(self._replacing, force=True))
        place.check()
        if status.st_nlink == 1:  # it goes, and its inode may become anyone's
            self._made.pop(identity_in(status), None)
        return place

    def _is_ours(self, name: bytes, status: os.stat_result) -> bool:
        """Say whether this run made what is there, under this name; refuse it under another."""
        other = self._made.get(identity_in(status))
        if other is not None and other != self._first.get(name, name):
            raise NameCollisionError(name, other)
        return other is not None

    def _check_link(self, name: bytes, target: bytes) -> None:
        if not target:
            raise UnsafeLinkError(f"the link {shown(name)!r} has no target; it is refused")
        if not self._options.unsafe_links:
            check_link(name, target)

    def _special(self, node: Node) -> None:
        fifo = node.kind == NodeKind.FIFO
        what = f"{shown(node.name)!r} is a {'FIFO' if fifo else 'device'}"
        if not self._options.specials:
            raise SpecialFileError(f"{what}; it is refused (specials=True makes it)", "specials")
        if not fifo and (os.geteuid() != 0 or node.device is None):
            raise SpecialFileError(f"{what}; only root makes one")
        mode = 0o600 | _TYPES[node.kind]
        device = 0 if fifo or node.device is None else os.makedev(*node.device)
        place = self._place(node.name)
        with cleared(place):
            os.mknod(place.temporary, mode, device, dir_fd=place.folder)
            self._name(place, node)

    def _symlink(self, node: Node) -> None:
        place = self._place(node.name)
        with cleared(place):
            os.symlink(node.target or b"", place.temporary, dir_fd=place.folder)
            self._name(place, node)

    def _name(self, place: Place, node: Node) -> None:
        """Give something that can't be opened, just made, its attributes and its name."""
        descriptor = os.open(
            place.temporary, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=place.folder
        )
        try:
            status = os.fstat(descriptor)
            if (stat.S_IFMT(status.st_mode), status.st_nlink) != (_TYPES[node.kind], 1):
                raise NotRestoredError("it was replaced by something else while it was made")
            at = f"/proc/self/fd/{descriptor}"
            self._attributes.give(at, status, node, self._options.default_mode)
        finally:
            os.close(descriptor)
        self._take(place, identity_in(status), node.name)

    def _hard_link(self, node: Node) -> None:
        target = node.target or b""
        folder, _, base = target.rpartition(b"/")
        if not self._folders.knows(folder):
            raise LinkTargetError(node.name, target, NOT_OURS)
        source = os.dup(self._folders.enter(folder))
        try:
            self._check_target(source, base, node)  # so that what is not ours gets no name of ours
            place = self._place(node.name)
            with cleared(place):
                self._link(source, base, place, node)
                identity = self._check_target(place.folder, place.temporary, node)
                self._take(place, identity, self._made[identity])
                self._first[node.name] = self._made[identity]
        finally:
            os.close(source)

    def _check_target(self, folder: int, base: bytes, node: Node) -> Identity:
        """Return the identity of a hard link's target; refuse what this run did not make for it."""
        target = node.target or b""
        with suppress(FileNotFoundError):
            identity = identity_in(os.stat(base, dir_fd=folder, follow_symlinks=False))
            if self._made.get(identity) == self._first.get(target, target):
                return identity
        raise LinkTargetError(node.name, target, NOT_OURS)

    def _link(self, source: int, base: bytes, place: Place, node: Node) -> None:
        folder, new = place.folder, place.temporary
        try:
            os.link(base, new, src_dir_fd=source, dst_dir_fd=folder, follow_symlinks=False)
        except OSError as error:
            raise LinkTargetError(node.name, node.target or b"", reason_of(error)) from error

    def _take(self, place: Place, identity: Identity, name: bytes) -> None:
        place.take()
        if self._options.sync:
            os.fsync(place.folder)
        self._made[identity] = name

    def _complete(self, name: bytes, folder: Folder) -> None:
        """Give a folder its attributes; one that was there before keeps its own without ``force``."""
        node = folder.node
        if not folder.made and (node is None or not self._options.force):
            return
        descriptor = self._folders.enter(name)
        mode = self._options.folder_mode
        status = os.fstat(descriptor)
        if node is None:
            os.fchmod(descriptor, mode | status.st_mode & stat.S_ISGID)  # inherited
        else:
            self._attributes.give(descriptor, status, node, mode)
        if self._options.sync:
            os.fsync(descriptor)

    @contextmanager
    def _reporting(self, name: bytes) -> Iterator[None]:
        try:
            with TURNED:
                yield
        except CompressorError as error:
            self._report(name, error)


_TYPES = {kind: bits for bits, kind in KINDS.items()}
