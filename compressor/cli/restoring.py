"""Members of an archive into a folder, for ``extract`` and ``decompress``."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from compressor.cli import paths
from compressor.cli.options import limits_from
from compressor.cli.report import Report
from compressor.engine.access import SeekableArchive
from compressor.engine.extract import Chosen, Extraction, members_of
from compressor.engine.foldersink import FolderSink, Rename
from compressor.engine.limits import Limits
from compressor.engine.live import is_idle
from compressor.engine.select import Selection, chosen_of
from compressor.engine.unpack import UnpackOptions, unpack
from compressor.errors import DamagedError, UnfinishedError
from compressor.tree.inputs import Input
from compressor.tree.outputs import Identity
from compressor.tree.policy import stripped
from compressor.tree.restore import RestoreOptions

Opened = tuple[Path, Input, BinaryIO]
"""An archive: its path, its descriptor, and a file of it from where it is to be read."""


class Restoring:
    """One archive's members into the folder that the options name."""

    def __init__(
        self,
        options: Mapping[str, Any],
        report: Report,
        selection: Selection,
        protected: frozenset[Identity],
    ) -> None:
        self._options = options
        self._report = report
        self._selection = selection
        self._protected = protected

    def run(self, archive: Opened, default_mode: int) -> FolderSink:
        """Restore the members; return what came of it.

        Raises:
            CompressorError, OSError: the archive can't be read at all.
        """
        folder: Path = self._options["directory"] or Path()
        paths.make_folder(folder)
        root = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            with self._progress(archive) as options:
                return self._fill(
                    archive, root, self._restore_options(folder, default_mode), options
                )
        finally:
            os.close(root)

    def _restore_options(self, folder: Path, default_mode: int) -> RestoreOptions:
        options = self._options
        return RestoreOptions(
            default_mode,
            force=options["force"],
            sync=options["sync"] or options.get("remove", False),
            protected=self._protected,
            unsafe_links=options["unsafe_links"],
            specials=options["specials"],
            numeric_owner=options["numeric_owner"],
            below="" if folder == Path() else str(folder),
        )

    @contextmanager
    def _progress(self, archive: Opened) -> Iterator[UnpackOptions]:
        path, source, _ = archive
        total = source.stat.st_size if source.regular else None
        progress = self._report.progress(str(path), total, total_is_packed=True)
        try:
            yield UnpackOptions(
                self._options["threads"],
                limits_from(self._options),
                lambda read, given: progress(given, read),
                partial(is_idle, source.descriptor),
            )
        finally:
            self.seconds = progress.close()

    def _fill(
        self, archive: Opened, root: int, how: RestoreOptions, options: UnpackOptions
    ) -> FolderSink:
        path, source, file = archive
        found = self._chosen(path, file, options) if source.regular else None
        skip: bool = self._options["skip_existing"]
        with FolderSink(
            root, how, skip_existing=skip, rename=self._rule(by_name=found is None)
        ) as sink:
            if found is not None:
                Extraction(found[0], sink, options).run(found[1])
            else:
                unpack(file, sink, options, seekable=source.regular)
        return sink

    def _rule(self, *, by_name: bool) -> Rename:
        """Return what members are called; ``by_name``: those that are not meant are passed over here."""
        count: int = self._options["strip_components"]
        selection = self._selection

        def renamed(name: bytes) -> bytes | None:
            if by_name and not selection.named(name):
                return None
            return stripped(name, count) if count else name

        return renamed

    def _chosen(
        self, path: Path, file: BinaryIO, options: UnpackOptions
    ) -> tuple[SeekableArchive, list[Chosen]] | None:
        """Return what the index leads to; None where it is damaged: then reading forward finds more.

        Raises:
            DamagedError: a version is asked for by its number, and can't be found.
        """
        version = self._options.get("at")
        try:
            way = options.threads, options.limits
            archive = opened_index(path, file, way, self._report, version)
            return archive, chosen_of(members_of(archive), self._selection)
        except DamagedError:
            if version is not None:  # what reading forward gives is the last one
                raise
            return None


def opened_index(
    path: Path,
    file: BinaryIO,
    way: tuple[int, Limits],
    report: Report,
    version: int | None = None,
) -> SeekableArchive:
    """Open an archive by its index, at a version if one is named; say if its end had to be found.

    ``way`` is how it may be read: threads and limits.

    Raises:
        DamagedError: it has no sound index.
        MemberNotFoundError: it has no such version.
    """
    threads, limits = way
    try:
        archive = SeekableArchive(file, threads=threads, limits=limits)
    except UnfinishedError as error:
        archive = SeekableArchive(file, threads=threads, limits=limits, salvage=True)
        report.fail(error, path)
    if version is not None:
        archive.go_to(version)
    return archive
