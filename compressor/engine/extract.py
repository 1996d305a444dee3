"""Chosen members of a seekable archive into a sink, each block decoded once and ahead, in threads."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import islice
from typing import BinaryIO

from blake3 import blake3

from compressor.archive.index import Index
from compressor.archive.leaf import Entry
from compressor.archive.schema import FILE, LeafRef, Span, shown_name
from compressor.engine.access import Chosen, SeekableArchive, cut, opened_index
from compressor.engine.delivery import Delivery
from compressor.engine.pool import BATCH, SMALL, OrderedPool
from compressor.engine.reading import UnpackOptions
from compressor.engine.sinks import NullSink
from compressor.errors import CompressorError, DamagedError, UnfinishedError, UnsupportedError
from compressor.stages.base import Bytes


def by_place(chosen: Chosen) -> tuple[int, int, int]:
    """Return what members are sorted by, so that those that share a block follow each other."""
    index, entry = chosen
    offset, start, _ = entry.spans[0] if entry.spans else (0, 0, 0)
    return index.start, offset, start


class Extraction:
    """One run over the chosen members of an archive; what fails is told to the sink, the rest goes on."""

    def __init__(self, archive: SeekableArchive, sink: NullSink, options: UnpackOptions) -> None:
        self._archive = archive
        self._delivery = Delivery(sink, apart=archive.apart)
        self._options = options
        self._pool = OrderedPool(archive.threads, archive.together)
        self._submitted: tuple[int, int] | None = None  # the block that was asked for last
        self._block: Bytes | CompressorError = b""  # what came of the block that was met last
        self._entry = Entry(b"")
        self._given = 0  # bytes of the present member
        self._total = 0
        self._sizes: dict[tuple[int, int], int] = {}  # bytes of records that were decoded ahead
        self._packed = 0  # bytes of those that were met
        self._done = 0, 0  # bytes given before the block that was met last, and of their records
        self._read = 0  # where that one begins
        self._error: CompressorError | None = None

    def run(self, chosen: Sequence[Chosen]) -> None:
        """Give the members: files, in the order of their places, then the others.

        Raises:
            LimitError: they are more than the caller allows.
        """
        files = [item for item in chosen if item[1].kind == FILE]
        try:
            for index, entry in sorted(files, key=by_place):
                self._file(index, entry)
            self._pool.drain()
            self._options.progress(self._read, self._total, self._packed)
            for _, entry in chosen:
                if entry.kind != FILE:
                    self._delivery.sink.plain(entry)
        finally:
            self._pool.close()
            self._delivery.close()

    def _file(self, index: Index, entry: Entry) -> None:
        if entry.level == 0 and [(index.start, span[0]) for span in entry.spans] == [
            self._submitted
        ]:
            self._pool.then(lambda: self._whole(entry))
            return
        self._pool.then(lambda: self._begin(entry))
        try:
            for _, span in index.spans(entry):
                self._span(index, span, large=entry.size > BATCH)
        except (DamagedError, UnsupportedError) as error:
            self._pool.then(partial(self._fail, error))
        self._pool.then(self._end)

    def _span(self, index: Index, span: Span, *, large: bool) -> None:
        offset, start, length = span
        place = (index.start, offset)
        if not offset:
            self._pool.then(lambda: self._hole(length))
        elif place == self._submitted:
            self._pool.then(lambda: self._give(span))
        else:
            self._submitted = place
            # Large files have blocks of their own; of others how much there is of a block is not known.
            alone = large and not start
            self._pool.submit(
                lambda: self._decoded(index, offset),
                lambda block: self._take(block, span, place),
                max(length, SMALL) if alone else index.head.block_size,
            )

    def _decoded(self, index: Index, offset: int) -> Bytes | CompressorError:
        try:
            return self._block_at(index, offset)
        except (DamagedError, UnsupportedError) as error:
            return error

    def _block_at(self, index: Index, offset: int) -> Bytes:
        plain = self._archive.kept(index, offset)
        if plain is None:
            plain, self._sizes[index.start, offset] = self._archive.decode(index, offset)
            self._archive.keep(index, offset, plain)
        return plain

    def _take(self, block: Bytes | CompressorError, span: Span, place: tuple[int, int]) -> None:
        self._block, self._read = block, sum(place)
        self._done = self._total, self._packed
        self._packed += self._sizes.pop(place, 0)
        self._give(span)

    def _begin(self, entry: Entry) -> None:
        self._entry, self._given, self._error = entry, 0, None
        self._delivery.begin().opened(entry.name, entry)

    def _whole(self, entry: Entry) -> None:
        """Give a file that lies in the block that was met last, at once where it is sound."""
        block, span = self._block, entry.spans[0]
        if not isinstance(block, CompressorError) and span[1] + span[2] <= len(block):
            piece = cut(block, span)
            if len(piece) == entry.size and blake3(piece).digest() == entry.content_hash:
                self._count(len(piece))
                self._delivery.sink.whole(entry, piece)
                return
        self._begin(entry)
        self._give(span)
        self._end()

    def _give(self, span: Span) -> None:
        if self._error is not None:
            return
        block = self._block
        try:
            if isinstance(block, CompressorError):
                raise block
            piece = cut(block, span)
        except (DamagedError, UnsupportedError) as error:
            self._fail(error)
            return
        self._count(len(piece))
        self._delivery.data(piece)

    def _hole(self, length: int) -> None:
        if self._error is None:
            self._count(length)
            self._delivery.hole(length)

    def _count(self, length: int) -> None:
        self._given += length
        self._total += length
        self._options.limits.check(self._total, self._archive.source.size)
        self._options.progress(self._read, *self._done)

    def _fail(self, error: CompressorError) -> None:
        if self._error is None:
            self._error = error
            self._delivery.sink.failed(self._entry.name, error)

    def _end(self) -> None:
        entry = self._entry
        if self._error is not None:
            return
        if (self._given, self._delivery.digest()) != (entry.size, entry.content_hash):  # F-039
            self._fail(DamagedError("a member's content does not match its hash"))
        else:
            self._delivery.sink.closed(entry)


def members_of(
    archive: SeekableArchive,
    wanted: Callable[[LeafRef], bool],
    lost: Callable[[DamagedError], object] | None = None,
) -> Iterable[Chosen]:
    """Yield the members in the leaves of all archives in a file that are ``wanted``; of one name, the last.

    ``lost`` hears of leaves that are damaged; the others are read all the same.

    Raises:
        DamagedError: a leaf is damaged, and there is no ``lost``; or what leads to the leaves is.
    """
    last: dict[bytes, Chosen] = {}
    for index in archive.indexes:
        for ref in filter(wanted, index.leaves()):
            try:
                entries = index.listed(ref)
            except DamagedError as error:
                if lost is None:
                    raise
                between = f"members from {shown_name(ref.first)!r} to {shown_name(ref.last)!r}"
                lost(DamagedError(f"{between} are lost: {error.what}", offset=error.offset))
                continue
            for entry in entries:
                last[entry.name] = index, entry
    return last.values()


def give_by_index(file: BinaryIO, sink: NullSink, options: UnpackOptions) -> bool:
    """Give the files of a seekable file by the index; say whether that is the way.

    It is for archives of one file each whose extents refer back, for the blocks that they need are
    then decoded ahead, in threads; and for what has versions, for the last one is wanted.
    """
    unfinished: list[UnfinishedError] = []
    try:
        archive = opened_index(file, options, unfinished.append)
        # Read forward, what is left of an append that was cut off would stand in the way.
        cut_off = archive.indexes[-1].end < archive.source.size
        appended = cut_off or any(index.head.previous for index in archive.indexes)
        if not appended and not any(index.head.reach for index in archive.indexes):
            return False
        files = ((index, entry) for index, entry in archive.entries() if entry.kind == FILE)
        chosen = list(islice(files, None if appended else len(archive.indexes) + 1))
    except CompressorError:  # reading forward tells more of what is wrong
        return False
    begun = [index.start for index, _ in chosen]
    if not appended and begun != [index.start for index in archive.indexes]:
        return False
    Extraction(archive, sink, options).run(chosen)
    for error in unfinished:
        sink.damaged(error)
    return True
