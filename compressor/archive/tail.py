"""What stands behind the last complete version of a file that lacks its end.

A version is whole once its last leaf is on disk, for all before that was on disk already. So a tail
without a last leaf is unfinished and can be dropped; one that is sound up to its last leaf is a whole
version; any other is damage. Format: docs/format/archive.md, Versions.
"""

from msgspec import Struct

from compressor.archive import record
from compressor.archive.forward import BlockRecord, Damage, Event, Finished, ForwardReader, Leaf
from compressor.archive.index import Index, RebuiltIndex, indexes
from compressor.archive.readleaf import unpack_leaf
from compressor.archive.record import FOOTER_SIZE, HEADER_SIZE, MAGIC, SYNC, Kind, Record
from compressor.archive.schema import Footer, Head, LeafRef
from compressor.archive.source import Forward, RandomSource, Source
from compressor.archive.unfinished import cut_off, without_end
from compressor.errors import CompressorError, DamagedError, UnfinishedError

STEP = 1 << 20  # bytes looked through at a time


class Whole(Struct, frozen=True):
    """A version that lacks its root and its FOOTER: the offsets of its leaves, the last one the last."""

    leaves: tuple[LeafRef, ...]
    last_leaf: int


class Tail(Struct, frozen=True):
    """The end of a file: its last archive begins at ``start``.

    ``end`` is where the last version with a FOOTER ends, an offset in the archive; 0: there is none.
    ``whole`` stands behind that.
    """

    start: int
    end: int
    whole: Whole | None


def examine(source: RandomSource, *, blocks: bool = False) -> Tail:
    """Read all of a file, and tell what its end is.

    ``blocks``: damage to a block of the last version counts, too; a reader can do without it.

    Raises:
        DamagedError: it is damaged in another way than by not being finished.
        NotAnArchiveError, UnsupportedError: it can't be read at all.
    """
    reader = ForwardReader(Source(Forward(source)))
    seen = _Seen(blocks=blocks)
    for event in reader.events():
        seen.take(event, reader.start)
    if seen.damage is None:
        return Tail(seen.start, seen.end, seen.whole)
    behind = seen.start + seen.end
    if _was_whole(source, seen.start, behind) or _begins_anew(source, behind):
        raise seen.damage
    return Tail(seen.start, seen.end, None)


class _Seen:
    """What the events so far say of the last version."""

    def __init__(self, *, blocks: bool) -> None:
        self.start = self.end = 0
        self.whole: Whole | None = None
        self.damage: DamagedError | None = None
        self._torn: DamagedError | None = None  # what is wrong behind the last leaf
        self._blocks = blocks
        self._block: DamagedError | None = None  # of the version that is under way

    def take(self, event: Event, start: int) -> None:
        match event:
            case Head():
                self._head(event, start)
            case BlockRecord() if self._blocks and self._block is None:
                self._block = _damage_of(event.record)
            case Leaf() if event.version:
                self._last_leaf(event)
            case Damage():
                self._damaged(event.error)
            case Finished():
                self._finished(event)
            case _:
                pass

    def _head(self, head: Head, start: int) -> None:
        """Begin a version; one that stands behind a torn end was not written by an append."""
        self.damage = self.damage or self._torn
        self._torn = self._block = None
        if not head.previous:
            self.start, self.end, self.whole = start, 0, None

    def _last_leaf(self, leaf: Leaf) -> None:
        self.damage = self.damage or self._block
        if self.damage is None:
            self.whole = Whole(tuple(leaf.leaves), leaf.offset)

    def _damaged(self, error: DamagedError) -> None:
        if isinstance(error, UnfinishedError):
            self._torn = self._torn or DamagedError(error.what, offset=error.offset)
        else:
            self.damage = self.damage or error

    def _finished(self, end: Finished) -> None:
        if self.damage is not None:
            raise self.damage
        if self._torn is None:
            self.end, self.whole = end.end, None


def _damage_of(item: Record) -> DamagedError | None:
    try:
        item.checked()
    except DamagedError as error:
        return error
    return None


def _begins_anew(source: RandomSource, at: int) -> bool:
    """Say whether another archive begins there whose magic is damaged: it has a HEAD of its own."""
    try:
        header = record.parse_header(source.read(at + len(MAGIC), HEADER_SIZE), len(MAGIC))
    except DamagedError:
        return False
    return header.kind == Kind.HEAD


def _was_whole(source: RandomSource, start: int, at: int) -> bool:
    """Say whether a version was whole once: what is written only then stands anywhere behind ``at``."""
    while at < source.size - HEADER_SIZE:
        data = source.read(at, min(STEP, source.size - at))
        found = data.find(SYNC)
        while found >= 0:
            if _shows_whole(source, start, at + found):
                return True
            found = data.find(SYNC, found + 1)
        at += max(len(data) - len(SYNC) + 1, 1)
    return False


def _shows_whole(source: RandomSource, start: int, at: int) -> bool:
    """Say whether a sound last leaf is here, or what comes only once that is on disk."""
    try:
        header = record.parse_header(source.read(at, HEADER_SIZE), at - start)
        if header.kind not in (Kind.MEMBERS, Kind.ROOT, Kind.FOOTER):
            return False
        item = Record(header, source.read(at + HEADER_SIZE, header.rest))
        meta, body = item.checked()
        if header.kind != Kind.MEMBERS:
            return True
        return unpack_leaf(meta, body, at - start)[0].version is not None
    except CompressorError:
        return False


def rebuilt(source: RandomSource) -> tuple[list[Index], UnfinishedError]:
    """Return the archives in a file that lacks its end, first to last, and what there is to say of it.

    All bytes are read.

    Raises:
        DamagedError: it is damaged in another way, or holds no version that is whole.
    """
    tail = examine(source)
    whole, begin = tail.whole, tail.start
    if whole is None:
        found = indexes(source, begin + tail.end)
        return found, cut_off(found[-1].version().number, tail.end)
    before = indexes(source, begin) if begin else []
    footer = Footer(0, whole.last_leaf, tail.end - FOOTER_SIZE if tail.end else 0)
    last = RebuiltIndex(source, begin, source.size, footer, list(whole.leaves))
    return [*before, last], without_end(last.version().number, source.size - begin)
