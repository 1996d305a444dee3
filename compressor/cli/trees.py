"""Folders into an archive, for ``compress`` and ``append``: what is scanned, and what is said of it."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any

from compressor.cli.progress import Progress
from compressor.cli.report import Report
from compressor.errors import UsageError
from compressor.tree.node import NodeKind
from compressor.tree.scan import Found, measure, scan
from compressor.tree.walk import ScanOptions

MEASURED = 256 << 20  # bytes of files: a tree of no more is measured before it is packed


class Tree:
    """The inputs of a run, to be scanned; what can't be packed as it is makes the exit code 3."""

    def __init__(self, inputs: Sequence[Path], options: Mapping[str, Any], report: Report) -> None:
        self._inputs = inputs
        self._report = report
        self._options = scan_options(options)
        self._progress: Progress | None = None

    def __iter__(self) -> Iterator[Found]:
        """Scan."""
        found = scan(self._inputs, self._options, self.problem)
        return found if self._progress is None else self._counted(found, self._progress)

    def _counted(self, tree: Iterator[Found], progress: Progress) -> Iterator[Found]:
        progress.files = 0
        for found in tree:
            if found.node.kind is NodeKind.FILE:
                progress.files += 1
            yield found

    def problem(self, shown: str, reason: Exception | str) -> None:
        """Say what could not be packed as it is."""
        text = reason.strerror if isinstance(reason, OSError) and reason.strerror else str(reason)
        self._report.warn(text, shown)
        self._report.partly()

    def size(self) -> int | None:
        """Return the bytes of all files, or None if they are more than a short look can tell."""
        _, size = measure(self._inputs, self._options, most=MEASURED)
        return size if size <= MEASURED else None

    @contextmanager
    def measured(self, progress: Progress) -> Iterator[None]:
        """Have the display know how much there is, once a thread has found out."""
        ended = Event()

        def look() -> None:
            _, size = measure(self._inputs, self._options, cancelled=ended)
            if not ended.is_set():
                progress.total = size

        if progress.shows:
            self._progress = progress
            Thread(target=look, daemon=True).start()
        try:
            yield
        finally:
            ended.set()


def scan_options(options: Mapping[str, Any]) -> ScanOptions:
    """Return what the options say of scanning.

    Raises:
        UsageError: a file of patterns can't be read.
    """
    patterns = list(options["exclude"])
    for path in options["exclude_from"]:
        try:
            patterns += path.read_text(errors="surrogateescape").splitlines()
        except OSError as error:
            raise UsageError(f"--exclude-from {path}: {error.strerror}") from error
    return ScanOptions(
        tuple(patterns),
        exclude_caches=options["exclude_caches"],
        one_file_system=options["one_file_system"],
        follow_links=options["follow_links"],
        specials=options["specials"],
        numeric_owner=options["numeric_owner"],
        no_cache=options["no_cache"],
    )


def is_folder(path: Path) -> bool:
    """Whether an input is a folder, and no link to one."""
    return path.is_dir() and (not path.is_symlink() or os.fspath(path).endswith("/"))
