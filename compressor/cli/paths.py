"""The inputs of a command, and what is looked at before an output is written."""

import os
import stat
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

from compressor.cli.report import Report
from compressor.errors import CompressorError, OutputExistsError, OutputRefusedError, UsageError
from compressor.tree.inputs import file_identities, open_input
from compressor.tree.outputs import Identity, identity_in

STDIN = Path("-")


def literal(text: str, folder: Path | None = None) -> Path:
    """Return the path of a file, even one that is named ``-``; it is to be found below ``folder``.

    Raises:
        UsageError: it ends as a folder's does, and a file is there: ``Path`` drops the slash.
    """
    path = Path(text)
    there = (folder or Path()) / path
    if names_folder(text) and os.path.lexists(there) and not there.is_dir():
        raise UsageError(f"{text} is not a folder")
    return Path.cwd() / path if path == STDIN else path


def names_folder(text: str) -> bool:
    """Whether a path can be that of a folder only."""
    return text.endswith(("/", "/."))


def is_piped(options: Mapping[str, Any]) -> bool:
    """Whether the only input is stdin, by the command line alone."""
    return set(options["inputs"]) <= {STDIN} and options["files_from"] is None


def gather(
    paths: tuple[Path, ...], files_from: Path | None, folder: Path | None = None, *, zero: bool
) -> list[Path]:
    """Return all inputs in order, each once; stdin where none is given, no list either.

    Those that a list names are to be found below ``folder``.
    """
    if zero and files_from is None:
        raise UsageError("-0 is for --files-from")
    found = list(paths)
    if files_from is not None:
        if files_from == STDIN and STDIN in found:
            raise UsageError("stdin can't be both the list of paths and an input")
        found += [literal(text, folder) for text in _listed(files_from, zero=zero)]
    elif not found:
        found = [STDIN]
    unique: dict[Path, Path] = {}
    for path in found:
        # What is not there is to be told as it was typed, though without x/.. it might be something.
        there = path == STDIN or os.path.lexists(path)
        unique.setdefault(place(path) if there else path, path)
    return list(unique.values())


def note_none(inputs: Sequence[Path], report: Report) -> None:
    """Say that there is nothing to do, where that is so: it is no error, as with ``xargs -r``."""
    if not inputs:
        report.note("the list of inputs is empty: nothing is done")


def _listed(files_from: Path, *, zero: bool) -> list[str]:
    data = sys.stdin.buffer.read() if files_from == STDIN else files_from.read_bytes()
    if not zero and b"\0" in data:
        raise UsageError(f"{files_from} holds NUL bytes: -0 takes them for the ends of paths")
    lines = data.split(b"\0" if zero else b"\n")
    return [os.fsdecode(line) for line in lines if line]


def place(path: Path) -> Path:
    """Return what is the same for two ways to type one path; links at its end are not followed."""
    if path == STDIN or path.name in ("", ".."):
        return path
    return Path(_real(str(path.parent))) / path.name


@lru_cache(maxsize=1024)
def _real(folder: str) -> str:
    return os.path.realpath(folder)


def identities(paths: Iterable[Path]) -> frozenset[Identity]:
    """Return device and inode of all inputs that are files: no output may replace one of them."""
    found = set(paths)
    files = file_identities(found - {STDIN})
    if STDIN in found:
        with suppress(OSError):
            status = os.fstat(0)
            if stat.S_ISREG(status.st_mode):
                files |= {identity_in(status)}
    return files


def refuse_input(target: Path, protected: frozenset[Identity]) -> None:
    """Refuse to write to an input of this run.

    Raises:
        OutputRefusedError: the output is one, by whatever name.
    """
    if identities([target]) & protected:
        raise OutputRefusedError(f"{target} is an input; name another output")


def total_size(statuses: Iterable[os.stat_result]) -> int | None:
    """Return the bytes of all inputs; None where one is a pipe or the like, whose size nobody knows."""
    found = list(statuses)
    known = all(stat.S_ISREG(status.st_mode) for status in found)
    return sum(status.st_size for status in found) if known else None


def is_up_to_date(
    sources: Iterable[Path],
    target: Path,
    newest_ns: Callable[[Path], int] = lambda source: source.stat().st_mtime_ns,
) -> bool:
    """Whether the output is there and not older than any input."""
    try:
        written = target.stat().st_mtime_ns
        return all(written >= newest_ns(source) for source in sources)
    except OSError:
        return False


def refuse_existing(target: Path, *, force: bool) -> None:
    """Refuse an output that is there, as opening it would.

    Raises:
        OutputExistsError: it is, and ``force`` was not given.
    """
    if not force and os.path.lexists(target) and (target.is_symlink() or target.is_file()):
        raise OutputExistsError(target)


def check_input(path: Path, *, follow: bool) -> os.stat_result:
    """Look at an input before anything is written; a FIFO is not opened, for that can be done once.

    Raises:
        InputError, OSError: it can't be read as asked.
    """
    status = path.stat() if follow else path.lstat()
    if follow and not (stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)):
        return status
    opened = open_input(path, follow=follow)
    os.close(opened.descriptor)
    return opened.stat


def refuse_terminal(descriptor: int) -> None:
    """Refuse to write packed bytes to a terminal.

    Raises:
        CompressorError: the descriptor is one.
    """
    if stat.S_ISCHR(os.fstat(descriptor).st_mode) and os.isatty(descriptor):
        raise CompressorError(
            "packed bytes are not for a terminal: redirect stdout, or use -o or -f"
        )
