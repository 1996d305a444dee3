"""A version appended to an archive: what is new of some trees, behind what is there already."""

import os
from collections.abc import Callable, Iterable, Set
from functools import partial
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from compressor.archive.leaf import Entry, without_content
from compressor.archive.names import folders_above, name_key, under
from compressor.archive.schema import FILE, FOLDER, fits, shown_name
from compressor.archive.source import GrowingSource
from compressor.archive.writer import VersionLabel
from compressor.engine.access import SeekableArchive
from compressor.engine.archivefile import ArchiveFile, locked
from compressor.engine.externals import Externals
from compressor.engine.links import adopt, orphans
from compressor.engine.nodes import entry_of
from compressor.engine.pack import Packer
from compressor.engine.packoptions import PackOptions, Sources
from compressor.engine.previous import Previous
from compressor.engine.reading import NONE_GIVEN, UnpackOptions
from compressor.engine.states import EarlierStates
from compressor.engine.trees import TOO_LONG, Tally, access_to, pack_open_file
from compressor.errors import UsageError
from compressor.tree.inputs import Input, InputError
from compressor.tree.outputs import identity_in
from compressor.tree.pagecache import written
from compressor.tree.permissions import Access
from compressor.tree.scan import Found
from compressor.tree.walk import Problem


class AppendOptions(Struct, frozen=True):
    """``roots`` are the names of the inputs: what is at and below them is replaced.

    It stays where the scan adds its name, or that of a folder above it, to ``unseen``.
    ``problem`` is told what could not be packed as it is, ``note`` that an earlier append was not finished,
    or that old blocks are damaged. ``checksum``: no content is taken as unchanged for its size and time.
    ``no_cache``: the system keeps nothing of the archive in memory.
    """

    roots: tuple[bytes, ...]
    problem: Problem
    note: Callable[[str], None]
    unseen: Set[bytes] = frozenset()
    checksum: bool = False
    label: str = ""
    time_ns: int | None = None
    no_cache: bool = False


class Appended(Struct, frozen=True):
    """What became of it: the version's number, files in the trees, members changed and removed, bytes."""

    number: int
    files: int
    changed: int
    removed: int
    stored: int


def append_version(
    path: Path, tree: Iterable[Found], packing: PackOptions, options: AppendOptions
) -> Appended:
    """Append a version to the archive at ``path``: what the scan ``tree`` finds, now.

    What fails leaves the archive as it was.

    Raises:
        OSError: the archive can't be opened or written to.
        DamagedError: it is damaged: ``recover`` makes a sound one of it.
        UsageError: it is several archives in a row, or an input would lie below a file.
    """
    with locked(path, options.note) as file:
        file.index()
        externals = packing.sources.externals
        if externals and file.identity in externals.identities:
            raise UsageError("is what is appended to: its own states need no base")
        external = externals or NONE_GIVEN
        archive = SeekableArchive(file.file, UnpackOptions(external=external))
        previous = Previous(archive.indexes[-1])
        _refuse_below_files(previous, options.roots)
        earlier = previous.earlier(packing.table, external)
        packing = replace(packing, sources=_sources(file, archive, previous, externals))
        file.begin()
        try:
            with written(file.file.fileno(), file.write, no_cache=options.no_cache) as write:
                packer = Packer(write, packing, earlier)
                try:
                    appending = _Appending(packer, previous, archive, options)
                    appending.run(tree, file)
                finally:
                    packer.close()
        except BaseException:
            file.take_back()
            raise
    if previous.damaged:
        options.note(
            f"damaged blocks were not referred to: {previous.damaged}; `test` says what they cost"
        )
    packed = appending.packed
    return Appended(
        earlier.before.number + 1,
        packed.files,
        appending.changed,
        appending.removed,
        packer.packed_size,
    )


def _sources(
    file: ArchiveFile, archive: SeekableArchive, previous: Previous, externals: Externals | None
) -> Sources:
    members = {name: entry for name, (entry, _) in previous.members.items()}
    within = GrowingSource(file.file.fileno())
    return Sources(within, externals, partial(EarlierStates, archive, previous.index, members))


class _Appending:
    """One version in the making."""

    def __init__(
        self,
        packer: Packer,
        previous: Previous,
        archive: SeekableArchive,
        options: AppendOptions,
    ) -> None:
        self._packer = packer
        self._previous = previous
        self._archive = archive
        self._options = options
        self._problem = options.problem
        self._found: set[bytes] = set()  # names that have an entry in this version, or keep theirs
        self._new: set[bytes] = set()  # of these, with a new entry
        self._lost: set[bytes] = set()  # of these, without the content that they had
        self._same: set[bytes] = set()  # links and the like that were found as they were
        self._permitted: set[Access] = set()
        self.packed = Tally()
        self.changed = self.removed = 0

    def run(self, tree: Iterable[Found], file: ArchiveFile) -> None:
        """Take the tree, but for the archive itself, and write the version to its end."""
        own = file.identity
        for found in tree:
            if identity_in(found.status) == own:
                continue
            if not fits(found.node.name):
                self._problem(found.shown, TOO_LONG)
                continue
            self._found.add(found.node.name)
            self._restrict(file, access_to(found))
            if self._take(found):
                self.packed.note(found)
        self._finish(file.sync)

    def _restrict(self, file: ArchiveFile, access: Access | None) -> None:
        """Have nobody read the archive who may not read all that is put into it."""
        if access is not None and access not in self._permitted:
            self._permitted.add(access)
            file.restrict(access)

    def _take(self, found: Found) -> bool:
        entry = entry_of(found.node)
        known = self._previous.members.get(entry.name)
        before = known[0] if known else None
        if entry.kind != FILE:
            if before is None or without_content(before) != entry:
                self._add(entry)
                self._lost.add(entry.name)
            else:
                self._same.add(entry.name)
            return True
        if before is not None and before.kind == FILE:
            if not self._unchanged(found, before):
                return self._read(found, before)
            self._keep(entry, before)
            return True
        return self._read(found, None)

    def _keep(self, entry: Entry, before: Entry) -> None:
        """Have a file keep its content; where nothing else changed, its entry stays, too."""
        if without_content(before) != entry:
            self._add(self._previous.keeping(entry))

    def _add(self, entry: Entry) -> None:
        self._previous.drop(entry.name)
        self._new.add(entry.name)
        self._packer.add_plain(entry)

    def _unchanged(self, found: Found, before: Entry) -> bool:
        """Say whether a file's content is taken as what it was: by size and time (DESIGN 5, Append).

        A file as young as the youngest of the version before may have been written to after it was read.
        """
        node, newest = found.node, self._previous.newest_ns
        same = (found.status.st_size, node.mtime_ns) == (before.size, before.mtime_ns)
        return not self._options.checksum and same and (node.mtime_ns or 0) < newest

    def _read(self, found: Found, before: Entry | None) -> bool:
        """Pack a file, unless its content turns out to be what it was."""
        try:
            source = found.open()
        except (InputError, OSError) as error:
            self._problem(found.shown, error)
            return False
        try:
            if before is not None and self._holds_still(source, before):
                self._keep(entry_of(found.node), before)
                return True
            if not pack_open_file(self._packer, found, source, self._problem):
                return False
        finally:
            os.close(source.descriptor)
        self._previous.drop(found.node.name)
        self._new.add(found.node.name)
        self._lost.add(found.node.name)
        return True

    def _holds_still(self, source: Input, before: Entry) -> bool:
        """Say whether a file holds what it did, and the archive has that unharmed."""
        same = source.holds(before.size, before.content_hash)
        return same and self._previous.has_sound(before)

    def _adopt(self, gone: list[bytes]) -> None:
        """Have links outside of what is replaced keep the content of a file within it."""
        lost, replaced = self._lost.union(gone), self._new.union(gone, self._same)
        for links in orphans(self._previous, replaced, lost):
            adopt(self._packer, self._previous, self._archive, links)
            self._new.update(link.name for link in links)

    def _gone(self) -> list[bytes]:
        """Return the names that are no longer there."""
        absent = [name for name in self._previous.members if name not in self._found]
        missing = list(under(absent, self._options.roots))
        unseen = set(under(missing, self._options.unseen))
        return [name for name in missing if name not in unseen]

    def _finish(self, sync: Callable[[], object]) -> None:
        previous, packer = self._previous, self._packer
        gone = self._gone()
        for name in gone:
            previous.drop(name)
        self._adopt(gone)
        for entry in previous.listed_again(self._new.union(gone)):
            packer.add_plain(entry)
        if gone:
            packer.remove(sorted(gone, key=name_key))
        self.changed, self.removed = len(self._new), len(gone)
        time_ns = self._options.time_ns
        newest = self.packed.newest_ns if time_ns is None else time_ns
        packer.finish(VersionLabel(self._options.label, newest), previous.kept(), sync)


def _refuse_below_files(previous: Previous, roots: tuple[bytes, ...]) -> None:
    """Refuse to put members below one that is no folder, and stays.

    Raises:
        UsageError: an input would.
    """
    known = previous.members
    for root in roots:
        for above in folders_above(root):
            if above in known and known[above][0].kind != FOLDER and not any(under([above], roots)):
                file, path = known[above][0].shown_name, shown_name(root)
                raise UsageError(f"{file} is no folder in the archive: append it as well as {path}")
