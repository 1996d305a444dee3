"""What is asked of an archive needs contents outside of it: found missing before a byte is given.

Blocks say themselves what they are differences from, and nothing else does, so it is their headers that are
looked at: of each member the first ones and some of the rest, evenly spread, for a base serves most of the
tensors of a file, and to look at all of a large one would take a read for each block. A need that none of
these has is told when its block comes.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import islice
from typing import BinaryIO

from compressor.archive.index import Index
from compressor.archive.leaf import Entry
from compressor.archive.schema import FILE, MAX_NEEDS, Base, Span
from compressor.engine.access import SeekableArchive
from compressor.engine.reading import External, UnpackOptions
from compressor.errors import CompressorError, DamagedError, MissingBaseError

FIRST = 512  # blocks of a member that are looked at: 256 MiB of bf16
SPREAD = 256  # more of them, in what follows: a read each, and one of a page of extents
MOST_LOOKS = 1 << 13  # at blocks, in all; each is a read of a few bytes

Part = tuple[Index, Entry, int, int]
"""A member, and the bytes of it that are asked for: from one position to another."""


def whole(members: Iterable[tuple[Index, Entry]]) -> Iterator[Part]:
    """Yield the files among members, each as a whole."""
    return ((index, entry, 0, entry.size) for index, entry in members if entry.kind == FILE)


def require(archive: SeekableArchive, parts: Iterable[Part]) -> None:
    """Refuse parts of members whose blocks are differences from what is not here.

    What is damaged is passed over: who reads it says so.

    Raises:
        MissingBaseError: a content outside of the archive is missing (F-057).
        LimitError: it needs too many others in turn.
    """
    looks: dict[int, Looks] = {}
    for index, entry, begin, end in islice(parts, MOST_LOOKS):
        look = looks.setdefault(index.start, Looks(index, archive.external))
        with suppress(DamagedError):
            for span in _some(index, entry, begin, end):
                look.at(span)


def _some(index: Index, entry: Entry, begin: int, end: int) -> Iterator[Span]:
    """Yield the extents of a part of a member that are looked at."""
    for at, span in islice(index.spans(entry, begin, end), FIRST):
        begin = at + span[2]
        yield span
    for number in range(SPREAD if begin < end else 0):
        at = begin + (end - begin) * number // SPREAD
        yield from (span for _, span in islice(index.spans(entry, at, at + 1), 1))


def require_all(file: BinaryIO, options: UnpackOptions) -> None:
    """Refuse a seekable file's contents as ``require`` does; one without a sound index is passed over."""
    try:
        archive = SeekableArchive(file, options)
        require(archive, whole(archive.entries()))
    except MissingBaseError:
        raise
    except CompressorError:  # said by who reads it
        return
    finally:
        file.seek(0)


class Looks:
    """Looks at blocks of one archive, each once."""

    def __init__(self, index: Index, external: External) -> None:
        self._index = index
        self._external = external
        self._seen: set[int] = set()

    def at(self, span: Span, most: int = MAX_NEEDS) -> None:
        """Look at the block that an extent names, and at those, ``most`` deep, that it needs."""
        offset, start, length = span
        if not offset or offset in self._seen or len(self._seen) >= MOST_LOOKS:
            return
        said = self._index.says(offset)
        if isinstance(said, Base):
            self._external.need(said, start, length)
        elif said.needs <= most:  # F-055: else this could go deep
            self._seen.add(offset)
            for below in said.base:
                self.at(below, said.needs - 1)
