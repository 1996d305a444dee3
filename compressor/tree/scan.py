"""Whole folders to be packed: what there is, what is recorded of it, and how to read it."""

import os
import stat
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from msgspec import Struct

from compressor.kernels import smallfile
from compressor.kernels.status import Status
from compressor.tree.excludes import excluder
from compressor.tree.inputs import Input, InputError
from compressor.tree.metadata import Recorder
from compressor.tree.node import Node, NodeKind
from compressor.tree.outputs import Identity, identity_in
from compressor.tree.roots import Root, order, plan
from compressor.tree.walk import Entry, Problem, ScanOptions, Unseen, Walk

_FOLDER = NodeKind.FOLDER

_READING = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC

Links = dict[Identity, bytes]
"""The first name of each file that has more than one."""


class Found(Struct, eq=False):
    """One object of a tree. ``open`` is for a FILE, until the scan goes on; nobody has to call it."""

    node: Node
    status: Status
    """What the system said of it; of what a followed link leads to."""
    _entry: Entry
    _links: Links
    _no_cache: bool = False

    @property
    def shown(self) -> str:
        """What a user would call it: below the input as it was typed."""
        return self._entry.shown

    def open(self) -> Input:
        """Open the file, by its name in the open folder. The caller closes the descriptor.

        When that fails, it is ``lost``.

        Raises:
            InputError: its name stands for something else by now.
            OSError: it can't be opened.
        """
        try:
            return self._opened()
        except (OSError, InputError):
            self.lost()
            raise

    def small(self, most: int) -> bytearray | None:
        """Return the content of a file of at most so many bytes, in one step, where that is all it takes.

        None: ``open`` it. That is for files with holes, that were replaced, or change meanwhile.
        """
        entry, status = self._entry, self.status
        size = status.st_size
        if size > most or status.st_blocks * 512 < size or entry.followed or self._no_cache:
            return None
        return smallfile.read(entry.folder.descriptor, entry.base, identity_in(status), size)

    def lost(self) -> None:
        """Note that the file can't be had by this name: its next name, if it has one, is no link to it."""
        self._links.pop(identity_in(self.status), None)

    def _opened(self) -> Input:
        entry = self._entry
        flags = _READING if entry.followed else _READING | os.O_NOFOLLOW
        descriptor = os.open(entry.base, flags, dir_fd=entry.folder.descriptor)
        status = os.fstat(descriptor)
        if stat.S_ISREG(status.st_mode) and identity_in(status) == identity_in(entry.status):
            return Input(descriptor, status, regular=True, no_cache=self._no_cache)
        os.close(descriptor)
        raise InputError("was replaced while it was looked at")


def _unheard(_name: bytes) -> None:
    """Take no note."""


def scan(
    paths: Sequence[Path], options: ScanOptions, problem: Problem, unseen: Unseen = _unheard
) -> Iterator[Found]:
    """Yield what is at and below the paths, each once, in the order of names, folders first.

    Of a file's second and later names, a HARDLINK to the first is all that is recorded. What can't be
    archived is told to ``problem``, and the scan goes on; ``unseen`` gets the names of what can't even be
    looked at: inputs that are not there, folders that can't be opened.

    Raises:
        UsageError: an input has no name, two would get the same, or a pattern is wrong; at once.
    """
    return _recorded(entries(paths, options, problem, unseen), options, problem, unseen)


def _recorded(
    walked: Iterator[Entry], options: ScanOptions, problem: Problem, unseen: Unseen
) -> Iterator[Found]:
    recorder = Recorder(problem, numeric=options.numeric_owner)
    links: Links = {}
    for entry in walked:
        status = entry.status
        if status.st_nlink > 1 and entry.kind is not _FOLDER:
            first = links.setdefault(identity_in(status), entry.name)
            if first is not entry.name:
                yield Found(Node(entry.name, NodeKind.HARDLINK, target=first), status, entry, links)
                continue
        try:
            node = recorder.node(entry)
        except OSError as error:
            links.pop(identity_in(status), None)
            problem(entry.shown, error)
            unseen(entry.name)
            continue
        yield Found(node, status, entry, links, options.no_cache)


def entries(
    paths: Sequence[Path], options: ScanOptions, problem: Problem, unseen: Unseen
) -> Iterator[Entry]:
    """Yield what a scan comes to, before it is known what is recorded of it. Raises: as ``scan``."""
    roots = plan(paths, follow=options.follow_links)
    excluded = excluder(options.exclude) if options.exclude else None

    def walk(root: Root) -> Iterator[Entry]:
        return iter(Walk(root, options, excluded, problem, unseen))

    return _merged(roots, walk)


def _merged(roots: Sequence[Root], walk: Callable[[Root], Iterator[Entry]]) -> Iterator[Entry]:
    """Yield the entries of all roots in the order of names, those of roots within roots included."""
    for root in roots:
        others = deque(root.others)
        if not others:
            yield from walk(root)
            continue
        for entry in walk(root):
            key = entry.name.replace(b"/", b"\0")
            while others and order(others[0]) < key:
                yield from _merged((others.popleft(),), walk)
            yield entry
        yield from _merged(others, walk)
