"""Archives to be looked at: opened by name, or stdin."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from compressor.archive.source import widen_pipe
from compressor.cli.paths import STDIN
from compressor.engine.settled import settled
from compressor.errors import UsageError
from compressor.stages.base import Bytes
from compressor.tree.inputs import Input, InputError, descriptor_input, open_input
from compressor.tree.outputs import write_full

STDOUT = 1  # the descriptor


@contextmanager
def opened_archive(path: Path, *, follow: bool = True) -> Iterator[tuple[Input, BinaryIO]]:
    """Give an archive as an input and as an unbuffered file; ``-`` is stdin, from where it stands on.

    A regular file is ``settled``: nothing is seen of an append that is under way.

    Raises:
        InputError, OSError: it can't be opened.
    """
    if path != STDIN and path.is_dir():
        raise InputError("is a folder, not an archive")
    if path == STDIN and os.isatty(0):
        raise UsageError("stdin is a terminal: name an archive, or send one through a pipe")
    source = descriptor_input(0) if path == STDIN else open_input(path, follow=follow)
    widen_pipe(source.descriptor)
    with os.fdopen(source.descriptor, "rb", buffering=0, closefd=path != STDIN) as file:
        yield source, settled(file) if source.regular else file


def stdout_descriptor() -> int:
    """Return stdout's descriptor, with nothing left unwritten before it."""
    sys.stdout.flush()
    return STDOUT


def write_stdout(data: Bytes) -> None:
    """Write all of ``data`` to stdout.

    Raises:
        OSError: it names stdout.
    """
    try:
        write_full(STDOUT, data)
    except OSError as error:
        error.filename = "stdout"
        raise
