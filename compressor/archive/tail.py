"""What stands behind the last complete version of a file that lacks its end.

A version is whole once its last leaf is on disk, for all before that was on disk already. So a tail
without a last leaf is unfinished and can be dropped; one that is sound up to its last leaf is a whole
version; any other is damage. Format: docs/format/archive.md, Versions.
"""

from dataclasses import dataclass

from compressor.archive import record
from compressor.archive.forward import Damage, Event, Finished, ForwardReader, Leaf
from compressor.archive.index import Forward, Index, RandomSource, RebuiltIndex, indexes
from compressor.archive.readleaf import unpack_leaf
from compressor.archive.record import FOOTER_SIZE, HEADER_SIZE, SYNC, Kind, Record
from compressor.archive.schema import Footer, Head, LeafRef
from compressor.archive.source import Source
from compressor.errors import CompressorError, DamagedError, UnfinishedError

STEP = 1 << 20  # bytes looked through at a time


@dataclass(frozen=True, slots=True)
class Whole:
    """A version that lacks its root and its FOOTER: the offsets of its leaves, the last one the last."""

    leaves: tuple[LeafRef, ...]
    last_leaf: int


@dataclass(frozen=True, slots=True)
class Tail:
    """The end of a file: its last archive begins at ``start``.

    ``end`` is where the last version with a FOOTER ends, an offset in the archive; 0: there is none.
    ``whole`` stands behind that.
    """

    start: int
    end: int
    whole: Whole | None


def examine(source: RandomSource) -> Tail:
    """Read all of a file, and tell what its end is.

    Raises:
        DamagedError: it is damaged in another way than by not being finished.
        NotAnArchiveError, UnsupportedError: it can't be read at all.
    """
    reader = ForwardReader(Source(Forward(source)))
    seen = _Seen()
    for event in reader.events():
        seen.take(event, reader.start)
    if seen.damage is None:
        return Tail(seen.start, seen.end, seen.whole)
    if _holds_last_leaf(source, seen.start, seen.end):
        raise seen.damage
    return Tail(seen.start, seen.end, None)


class _Seen:
    """What the events so far say of the last version."""

    def __init__(self) -> None:
        self.start = self.end = 0
        self.whole: Whole | None = None
        self.damage: DamagedError | None = None

    def take(self, event: Event, start: int) -> None:
        if isinstance(event, Head) and not event.previous:
            self.start, self.end, self.whole = start, 0, None
        elif isinstance(event, Leaf) and event.version and self.damage is None:
            self.whole = Whole(tuple(event.leaves), event.offset)
        elif isinstance(event, Damage) and not isinstance(event.error, UnfinishedError):
            self.damage = self.damage or event.error
        elif isinstance(event, Finished):
            if self.damage is not None:
                raise self.damage
            self.end, self.whole = event.end, None


def _holds_last_leaf(source: RandomSource, start: int, begin: int) -> bool:
    """Say whether a sound last leaf stands anywhere behind ``begin``, whatever is before it."""
    at = start + begin
    while at < source.size - HEADER_SIZE:
        data = source.read(at, min(STEP, source.size - at))
        found = data.find(SYNC)
        while found >= 0:
            if _is_last_leaf(source, start, at + found):
                return True
            found = data.find(SYNC, found + 1)
        at += max(len(data) - len(SYNC) + 1, 1)
    return False


def _is_last_leaf(source: RandomSource, start: int, at: int) -> bool:
    try:
        header = record.parse_header(source.read(at, HEADER_SIZE), at - start)
        if header.kind != Kind.MEMBERS:
            return False
        leaf = Record(header, source.read(at + HEADER_SIZE, header.rest))
        return unpack_leaf(*leaf.checked(), at - start)[0].version is not None
    except CompressorError:
        return False


def rebuilt(source: RandomSource) -> list[Index]:
    """Return the archives in a file that lacks its end, first to last; all bytes are read.

    Raises:
        DamagedError: it is damaged in another way, or holds no version that is whole.
    """
    tail = examine(source)
    whole, begin = tail.whole, tail.start
    if whole is None:
        return indexes(source, begin + tail.end)
    before = indexes(source, begin) if begin else []
    footer = Footer(0, whole.last_leaf, tail.end - FOOTER_SIZE if tail.end else 0)
    return [*before, RebuiltIndex(source, begin, source.size, footer, list(whole.leaves))]
