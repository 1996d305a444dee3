"""Whether a seekable archive holds several members, found as cheaply as its state permits."""

import os
from itertools import islice
from typing import BinaryIO, cast

from compressor.archive.forward import End, ForwardReader, Leaf
from compressor.archive.index import RandomSource, indexes
from compressor.archive.source import FileFrom, Source
from compressor.errors import DamagedError


def holds_several(descriptor: int) -> bool:
    """Say whether any archive in the file has more than one member; its position stays.

    Raises:
        NotAnArchiveError, UnsupportedError: it can't be read at all.
    """
    with os.fdopen(os.dup(descriptor), "rb", buffering=0) as file:
        view = FileFrom(file)
        try:
            found = indexes(RandomSource(cast("BinaryIO", view)))
            return any(len(list(islice(index.entries(), 2))) > 1 for index in found)
        except DamagedError:
            view.seek(0)
            return _scan(file)
        finally:
            view.seek(0)


def _scan(file: BinaryIO) -> bool:
    """Read all records of a damaged archive."""
    members = 0
    for event in ForwardReader(Source(file)).events():
        if isinstance(event, End):
            members = 0
        if isinstance(event, Leaf):
            members += len(event.entries)
        if members > 1:
            return True
    return False
