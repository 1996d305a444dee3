"""The inputs of a command: its arguments, and the lists that it is told to read."""

import os
import stat
import sys
from pathlib import Path

from compressor.errors import CompressorError, UsageError
from compressor.tree.inputs import open_input

STDIN = Path("-")


def gather(paths: tuple[Path, ...], files_from: Path | None, *, zero: bool) -> list[Path]:
    """Return all inputs in order, each once; stdin where none is given."""
    found = list(paths)
    if files_from is not None:
        if files_from == STDIN and STDIN in found:
            raise UsageError("stdin can't be both the list of paths and an input")
        found += _listed(files_from, zero=zero)
    elif not found:
        found = [STDIN]
    return list(dict.fromkeys(found))


def _listed(files_from: Path, *, zero: bool) -> list[Path]:
    data = sys.stdin.buffer.read() if files_from == STDIN else files_from.read_bytes()
    lines = data.split(b"\0" if zero else b"\n")
    return [Path(os.fsdecode(line)) for line in lines if line]


def refuse_same_file(source: Path, target: Path) -> None:
    """Refuse to read and write one file.

    Raises:
        CompressorError: both paths name it.
    """
    try:
        one, other = source.stat(), target.stat()
    except OSError:
        return
    if (one.st_dev, one.st_ino) == (other.st_dev, other.st_ino):
        raise CompressorError(f"{target} is the input itself; name another output")


def is_up_to_date(source: Path, target: Path) -> bool:
    """Whether the output is there and not older than its input."""
    try:
        return target.stat().st_mtime_ns >= source.stat().st_mtime_ns
    except OSError:
        return False


def check_input(path: Path, *, follow: bool) -> os.stat_result:
    """Look at an input before anything is written.

    Raises:
        InputError, OSError: it can't be read as asked.
    """
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
