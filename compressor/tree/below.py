"""Files below a folder, under recorded names that nobody vouches for: no step follows a link."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from compressor.errors import CompressorError
from compressor.tree.outputs import NOTHING, Identity, Output, made


class UnsafeNameError(CompressorError):
    """A recorded name would leave the target folder, or passes through a link."""


@dataclass(frozen=True, slots=True)
class Folder:
    """An open folder; ``shown`` is what the user called it."""

    descriptor: int
    shown: Path = Path()


@contextmanager
def opened_below(
    root: Folder,
    name: bytes,
    *,
    force: bool,
    sync: bool = False,
    protected: frozenset[Identity] = NOTHING,
) -> Iterator[Output]:
    """Give an output for a recorded ``name`` below the folder ``root``; folders on the way are made.

    No step follows a link, so that nothing outside ``root`` can be reached.

    Raises:
        UnsafeNameError: the name is absolute, empty, has ``.`` or ``..``, or meets a link.
    """
    shown = name.decode(errors="backslashreplace")
    parts = os.fsdecode(name).split("/")
    if not name:
        raise UnsafeNameError("a member has no name (it was piped); say where it goes: -o or -c")
    if any(part in ("", ".", "..") or "\0" in part for part in parts):
        raise UnsafeNameError(f"the recorded name {shown!r} would leave the folder; it is refused")
    folder = os.dup(root.descriptor)
    try:
        for part in parts[:-1]:
            folder = _enter(folder, part, shown, sync=sync)
        output = Output(
            parts[-1], folder, str(root.shown / shown), force=force, protected=protected
        )
        with made(output):
            yield output
    finally:
        os.close(folder)


def _enter(folder: int, part: str, shown: str, *, sync: bool) -> int:
    """Step into a folder, made if need be; the descriptor given is closed."""
    try:
        with suppress(FileExistsError):
            os.mkdir(part, dir_fd=folder)
            if sync:
                os.fsync(folder)
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
        inner = os.open(part, flags, dir_fd=folder)
    except OSError as error:
        if error.errno in _LINK_ERRORS:
            raise UnsafeNameError(
                f"{part!r} on the way to {shown!r} is a link or a file; it is refused"
            ) from error
        raise
    os.close(folder)
    return inner


_LINK_ERRORS = (errno.ELOOP, errno.EMLINK, errno.ENOTDIR)
