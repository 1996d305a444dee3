"""Whether a seekable archive holds one file's content or a tree, found as cheaply as its state permits."""

from itertools import islice
from typing import BinaryIO

from compressor.archive.ending import judged
from compressor.archive.forward import End, ForwardReader, Leaf
from compressor.archive.leaf import Entry
from compressor.archive.schema import FILE
from compressor.archive.source import RandomSource, Source
from compressor.errors import DamagedError


def holds_tree(file: BinaryIO) -> bool:
    """Say whether any archive in the file has several members, or one that is no file; then go to its start.

    Raises:
        NotAnArchiveError, UnsupportedError: it can't be read at all.
    """
    try:
        found, _ = judged(RandomSource(file))
        return any(_is_tree(list(islice(index.entries(), 2))) for index in found)
    except DamagedError:
        file.seek(0)
        return _scan(file)
    finally:
        file.seek(0)


def _is_tree(first: list[Entry]) -> bool:
    return len(first) > 1 or any(entry.kind != FILE for entry in first)


def _scan(file: BinaryIO) -> bool:
    """Read all records of a damaged archive."""
    first: list[Entry] = []
    for event in ForwardReader(Source(file)).events():
        if isinstance(event, End):
            first = []
        if isinstance(event, Leaf):
            first = [*first, *event.entries][:2]
        if _is_tree(first):
            return True
    return False
