"""Members of an archive into a folder: by the index, or read forward where that is damaged."""

import os
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from msgspec import Struct

from compressor.engine.access import SeekableArchive, opened_index
from compressor.engine.extract import Extraction, members_of
from compressor.engine.foldersink import FolderSink
from compressor.engine.foreign import ForeignFile
from compressor.engine.reading import UnpackOptions
from compressor.engine.select import Selection, chosen_of
from compressor.engine.sinks import Outcome
from compressor.errors import DamagedError, MemberNotFoundError, UnfinishedError, UsageError
from compressor.tree.outputs import make_folder
from compressor.tree.permissions import umask
from compressor.tree.policy import shown, stripped
from compressor.tree.restoreoptions import RestoreOptions

Fill = Callable[[FolderSink], None]


class Restoring(Struct, frozen=True):
    """Which members are restored, and how.

    ``version`` is the number of the one that is wanted, None for the last; ``skip_existing`` passes over
    files that are there and not older; ``strip_components`` leaves out as many folders of each name.
    """

    selection: Selection
    how: RestoreOptions
    reading: UnpackOptions
    version: int | None = None
    skip_existing: bool = False
    strip_components: int = 0

    def renamed(self, name: bytes) -> bytes | None:
        """Return what a member is called in the folder; None where nothing is left of its name."""
        return stripped(name, self.strip_components) if self.strip_components else name

    def named(self, name: bytes) -> bytes | None:
        """Return the same; None for members that are not meant, too."""
        return self.renamed(name) if self.selection.named(name) else None


def restore(
    file: BinaryIO | ForeignFile,
    folder: Path,
    what: Restoring,
    unfinished: Callable[[UnfinishedError], object],
    *,
    seekable: bool,
) -> Outcome:
    """Restore members of the archives in ``file``; ``unfinished`` hears of an end that is missing.

    Another program's file is one member, of the name that it was given.

    Raises:
        CompressorError, OSError: they can't be read at all, or the folder can't be had.
    """
    if isinstance(file, ForeignFile):
        return _filled(folder, what, lambda sink: file.unpack(sink, what.reading))

    def forward(sink: FolderSink) -> None:
        from compressor.engine.unpack import unpack  # for what has no index that can be read

        unpack(file, sink, what.reading, seekable=seekable)

    if not seekable:
        if what.version is not None:
            raise UsageError("a version can be had from a file only; a pipe gives the last one")
        return _filled(folder, what, forward)
    try:
        archive = opened_index(file, what.reading, unfinished, what.version)
    except DamagedError:
        if what.version is not None:  # what reading forward gives is the last one
            raise
        return _filled(folder, what, forward)
    return restore_archive(archive, folder, what)


def restore_archive(archive: SeekableArchive, folder: Path, what: Restoring) -> Outcome:
    """Restore members of an open archive, at the version that it is at; raises as ``restore`` does."""
    lost: list[DamagedError] = []
    appended = any(index.head.previous for index in archive.indexes)
    try:
        # Read forward, an earlier version would stand in for what the last one has lost.
        wanted = what.selection.may_be_in
        members = members_of(archive, wanted, lost.append if appended else None)
        chosen = chosen_of(members, what.selection)
    except DamagedError:
        if what.version is not None or appended:
            raise
        from compressor.engine.unpack import unpack_seekable

        source = archive.source
        return _filled(folder, what, lambda sink: unpack_seekable(source, sink, what.reading))

    def fill(sink: FolderSink) -> None:
        for error in lost:
            sink.damaged(error)
        Extraction(archive, sink, what.reading).run(chosen)

    return _filled(folder, what, fill, by_name=False)


def _filled(folder: Path, what: Restoring, fill: Fill, *, by_name: bool = True) -> Outcome:
    """Have ``fill`` give members to a folder; ``by_name``: those that are not meant, too."""
    make_folder(folder)
    rename = what.named if by_name else what.renamed
    root = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with FolderSink(root, what.how, skip_existing=what.skip_existing, rename=rename) as sink:
            fill(sink)
    finally:
        os.close(root)
    sink.outcome.failures += [
        (None, MemberNotFoundError(f"no member matches {shown(word)!r}"))
        for word in sorted(what.selection.unmatched)
    ]
    return sink.outcome


def default_mode(archive: os.stat_result | None) -> int:
    """Return the mode of what was recorded without one: that of the archive's file, or a new file's."""
    mode = 0o666 & ~umask()
    if archive is not None and stat.S_ISREG(archive.st_mode):
        mode &= archive.st_mode
    return mode


def status_of(file: BinaryIO) -> os.stat_result | None:
    """Return what the system says of a file; None if it is none, such as one in memory."""
    with suppress(OSError, AttributeError):
        return os.fstat(file.fileno())
    return None
