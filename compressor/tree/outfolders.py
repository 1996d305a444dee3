"""Folders that outputs go to: they must take new names, but need not be ones that may be read."""

import errno
import os
from pathlib import Path

from compressor.errors import CompressorError


def open_folder(path: Path) -> int:
    """Open the folder that an output at ``path`` goes to.

    Raises:
        CompressorError: it is not there, or is none.
        OSError: it can't be opened.
    """
    flags = os.O_DIRECTORY | os.O_CLOEXEC
    try:
        return os.open(path.parent, flags | os.O_RDONLY)
    except PermissionError:
        return os.open(path.parent, flags | os.O_PATH)
    except FileNotFoundError:
        raise CompressorError(f"{path}: its folder is not there; make it first") from None
    except NotADirectoryError:
        raise CompressorError(
            f"{path}: {path.parent} is not a folder; name another output"
        ) from None


def sync_folder(folder: int) -> None:
    """Have on disk which names are in an open folder."""
    try:
        os.fsync(folder)
    except OSError as error:
        if error.errno != errno.EBADF:
            raise
        os.sync()  # a folder that may not be read can't be had on disk by itself
