"""Whether a seekable archive holds several members, found as cheaply as its state permits."""

import os
from itertools import islice
from typing import BinaryIO

from compressor.archive.forward import End, ForwardReader, Leaf
from compressor.archive.index import RandomSource, indexes
from compressor.archive.source import Source
from compressor.errors import DamagedError


def holds_several(descriptor: int) -> bool:
    """Say whether any archive in the file has more than one member; its position stays.

    Raises:
        NotAnArchiveError, UnsupportedError: it can't be read at all.
    """
    with os.fdopen(os.dup(descriptor), "rb", buffering=0) as file:
        begin = file.tell()
        try:
            return any(
                len(list(islice(index.entries(), 2))) > 1 for index in indexes(RandomSource(file))
            )
        except DamagedError:
            file.seek(begin)
            return _scan(file)
        finally:
            file.seek(begin)


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
