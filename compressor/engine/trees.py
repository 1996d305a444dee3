"""Whole folders into an archive: what a scan finds, packed member by member."""

import os
from collections.abc import Iterable

from msgspec import Struct, field
from msgspec.structs import replace

from compressor.archive.schema import MAX_NAME, MAX_SLASHES, fits
from compressor.engine.nodes import entry_of
from compressor.engine.pack import Packer
from compressor.errors import CompressorError
from compressor.tree.inputs import Input, InputError
from compressor.tree.node import NodeKind
from compressor.tree.outputs import NOTHING, Identity, identity_in
from compressor.tree.permissions import Access
from compressor.tree.policy import ACL, without_acl
from compressor.tree.scan import Found
from compressor.tree.walk import Problem

# Looking these up in the class for each member would take as long as noting it.
_FILE, _SYMLINK, _HARDLINK = NodeKind.FILE, NodeKind.SYMLINK, NodeKind.HARDLINK

TOO_LONG = f"its name has more than {MAX_NAME} bytes or {MAX_SLASHES} slashes; it is left out"


def access_to(found: Found) -> Access | None:
    """Return who may read what a scan found; None for a link, which hides nothing."""
    status, node = found.status, found.node
    if node.kind is _SYMLINK:
        return None
    acl = dict(node.xattrs).get(ACL) if node.xattrs else None
    mode = status.st_mode if acl is None else without_acl(status.st_mode, acl)
    return mode, status.st_uid, status.st_gid


class Tally(Struct):
    """What was packed: how many of which, and who may read and own all of it.

    ``newest_ns`` is the newest mtime of all, ``mtime_ns`` the one that the archive's file gets, if any.
    ``access`` holds mode, user and group of what was packed, links left out. Sizes are bytes: of content,
    and written, once that is known.
    """

    files: int = 0
    others: int = 0
    newest_ns: int = 0
    mtime_ns: int | None = None
    access: set[Access] = field(default_factory=set)
    plain_size: int = 0
    packed_size: int = 0

    def note(self, found: Found) -> None:
        """Take down a member."""
        node, status = found.node, found.status
        kind, mtime_ns = node.kind, node.mtime_ns
        if mtime_ns is not None and mtime_ns > self.newest_ns:
            self.newest_ns = mtime_ns
        if kind is _FILE or kind is _HARDLINK:
            self.files += 1
        else:
            self.others += 1
        if node.xattrs or kind is _SYMLINK:
            access = access_to(found)
            if access is not None:
                self.access.add(access)
        else:  # most of all, so without the call
            self.access.add((status.st_mode, status.st_uid, status.st_gid))


def pack_tree(
    packer: Packer,
    tree: Iterable[Found],
    problem: Problem,
    avoid: frozenset[Identity] = NOTHING,
) -> Tally:
    """Pack what a scan finds, but for the files ``avoid``: the archive itself, and the one it replaces.

    A file that changes while it is read, or can't be opened, is told to ``problem``.

    Raises:
        InputError: a file could be read in part only; the archive can't be finished.
        CompressorError: nothing is left that could be packed.
    """
    packed = Tally()
    for found in tree:
        if avoid and identity_in(found.status) in avoid:
            continue
        if not fits(found.node.name):
            problem(found.shown, TOO_LONG)
            continue
        if found.node.kind is not _FILE:
            packer.add_plain(entry_of(found.node))
        elif not _pack_file(packer, found, problem):
            continue
        packed.note(found)
    if not packed.files and not packed.others:
        raise CompressorError("no input is left that could be packed")
    return packed


def _pack_file(packer: Packer, found: Found, problem: Problem) -> bool:
    small = found.small(packer.small_size)
    if small is not None:
        packer.add_small(entry_of(found.node), small)
        return True
    try:
        source = found.open()
    except (InputError, OSError) as error:
        problem(found.shown, error)
        return False
    try:
        return pack_open_file(packer, found, source, problem)
    finally:
        os.close(source.descriptor)


def pack_open_file(packer: Packer, found: Found, source: Input, problem: Problem) -> bool:
    """Pack a file's content; say whether it is in the archive now.

    Raises:
        InputError: it could be read in part only.
    """
    before = packer.plain_size
    try:
        small = source.whole(packer.small_size)
        if small is not None:
            packer.add_small(entry_of(found.node), small)
        else:
            entry = replace(entry_of(found.node), size=source.stat.st_size)
            packer.add(entry, packer.content_of(source))
    except InputError as error:
        if packer.plain_size != before:  # half a member can't be taken back: this ends the archive
            raise InputError(f"{found.shown} {error}") from error
        found.lost()
        problem(found.shown, error)
        return False
    if source.changed():
        problem(found.shown, "was written to while it was packed")
    return True
