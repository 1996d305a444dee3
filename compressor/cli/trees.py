"""Folders into an archive, for ``compress`` and ``append``: what is scanned, and what is said of it."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from compressor.cli.progress import Progress
from compressor.cli.report import Report
from compressor.engine.scanning import Tree
from compressor.errors import CompressorError, UsageError
from compressor.tree.attributes import reason_of
from compressor.tree.excludes import lines_of
from compressor.tree.scan import scan
from compressor.tree.walk import ScanOptions


def tree_of(inputs: Sequence[Path], options: ScanOptions, report: Report) -> Tree:
    """Return the inputs of a run; what can't be packed as it is makes the exit code 3."""

    def problem(shown: str, reason: Exception | str) -> None:
        report.warn(_words(reason), shown)
        report.partly()

    return Tree(inputs, options, problem)


def _words(reason: Exception | str) -> str:
    if isinstance(reason, CompressorError):
        return reason.at_shell()
    return reason if isinstance(reason, str) else reason_of(reason)


def measured(tree: Tree, progress: Progress) -> AbstractContextManager[None]:
    """Have the display, if there is any, know how much there is, once a thread has found out."""
    if not progress.shows:
        return nullcontext()
    progress.files = lambda: tree.files
    return tree.measured(progress.expect)


def scan_options(options: Mapping[str, Any]) -> ScanOptions:
    """Return what the options say of scanning; once a run, for a file of patterns may be a pipe.

    Raises:
        UsageError: a file of patterns can't be read.
    """
    patterns = list(options["exclude"])
    for path in options["exclude_from"]:
        try:
            patterns += lines_of(path.read_bytes())
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


def newest_ns(path: Path, options: ScanOptions) -> int:
    """Return the mtime of an input, or of a folder the newest of what is to be packed of it."""
    if not is_folder(path, options):
        return path.stat().st_mtime_ns
    found = scan([path], options, lambda _shown, _reason: None)
    return max((item.node.mtime_ns or 0 for item in found), default=0)


def is_folder(path: Path, options: ScanOptions) -> bool:
    """Whether an input is a folder, or a link to one that is to be followed."""
    return path.is_dir() and (options.follow_links or not path.is_symlink())
