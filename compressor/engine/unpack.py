"""An archive into members: read, checked, decoded in threads, joined in order, verified.

The reader goes forward only, so that pipes and files take the same way; memory is bounded by what
the archive declares and the caller allows.
"""

import io
from collections.abc import Callable
from typing import BinaryIO

from msgspec.structs import replace

from compressor.archive import forward
from compressor.archive.forward import (
    BaseRecord,
    BlockRecord,
    Damage,
    Event,
    ExtentsPage,
    ForwardReader,
    Leaf,
)
from compressor.archive.leaf import Entry
from compressor.archive.record import MAX_BLOCK, Record
from compressor.archive.schema import FILE, Base, Head, Open, Span
from compressor.archive.source import Forward, RandomSource, Source
from compressor.engine import block as blocks
from compressor.engine.bases import fetching
from compressor.engine.behind import held
from compressor.engine.delivery import Delivery
from compressor.engine.limits import INTERPRETER, share, threads_within
from compressor.engine.pool import BATCH, OrderedPool
from compressor.engine.reading import Sink, UnpackOptions, never
from compressor.engine.window import AGAIN, Decoded, Window, too_far
from compressor.errors import CompressorError, DamagedError, UnsupportedError

SPARE_SHARE = 16  # ... for what a version yet unknown may refer back to
KEPT_SHARE = 2  # of memory, one part in so many is for what a later version may refer back to


class Unpacker:
    """The members of a source that holds one archive or several in a row."""

    def __init__(self, source: Source, sink: Sink, options: UnpackOptions) -> None:
        self._source = source
        self._options = options
        self._reader = ForwardReader(source)
        self._events = self._reader.events()
        self._pool = OrderedPool(1)
        self._window = Window(self._fetch if options.random else None, options.external)
        self._assembler = _Assembler(sink, self._window, self._count)
        self._head: Head | None = None
        self._start = 0  # of the archive whose members are given; the reader may be ahead
        self._share = share(1, options.limits.memory, 0)  # bytes that decoding a block may take
        self._given = 0
        self._done = 0, 0  # bytes given by the records that were done, and of these

    def _fetch(self, offset: int) -> Record | Base:
        assert self._options.random is not None  # noqa: S101  else the window does not ask
        return fetching(self._options.random, self._start, self._head)(offset)

    def _count(self, length: int) -> None:
        self._given += length
        self._options.limits.check(self._given, self._source.position)
        self._options.progress(self._source.position, *self._done)

    def step(self) -> bool:
        """Read one record and do what there is to do; False once all is done.

        Raises:
            NotAnArchiveError, UnsupportedError, LimitError: nothing more can be had.
        """
        if (self._pool.busy or self._assembler.delivery.waits) and self._options.idle():
            self._drain()
            return True
        event = next(self._events, None)
        if event is None:
            self._drain()
            return False
        if isinstance(event, Head):
            self._begin(event)
        elif isinstance(event, BlockRecord):
            self._decode(event.record)
        elif isinstance(event, BaseRecord):
            self._window.base(event.base, event.offset)
        else:
            self._then(event)
        return True

    def run(self) -> None:
        """Read to the end. Raises as ``step`` does."""
        try:
            while self.step():
                pass
        finally:
            self.close()

    def close(self) -> None:
        """Give up the threads."""
        self._pool.close()
        self._assembler.delivery.close()

    def _drain(self) -> None:
        self._pool.drain()
        self._assembler.delivery.flush()

    def _begin(self, head: Head) -> None:
        """Take what the archive, or its next version, declares, if it may be had (F-022)."""
        self._pool.drain()
        self._pool.close()
        self._head, self._start = head, self._reader.start
        limits = self._options.limits
        kept = 0 if self._options.random else head.reach
        if head.previous and kept:  # what came so far is there; what comes may be too much
            kept = min(kept, limits.memory // KEPT_SHARE)
        if kept > limits.memory:
            raise too_far()
        per_task = head.block_size + head.decode_memory
        again = AGAIN if head.reach else 0  # old blocks, decoded again, beside the threads
        fixed = kept + 2 * head.block_size + again * per_task
        what = "reading this archive"
        if kept:
            what += " from a pipe (from a file that can seek it needs less)"
        threads = threads_within(self._options.threads, limits.memory, per_task, fixed, what)
        free = limits.memory - fixed - threads * per_task
        written = held(head.block_size)
        apart = self._options.behind and threads > 1 and free - INTERPRETER >= written
        if apart:
            fixed, free = fixed + written, free - written
        together, batches = head.block_size, (threads + 1) * BATCH
        if together < BATCH and threads > 1 and free - INTERPRETER >= batches:
            together, fixed, free = BATCH, fixed + batches, free - batches
        spare = self._spare(free)
        self._pool = OrderedPool(threads, together)
        self._share = share(threads + again, limits.memory, fixed + spare - again * per_task)
        self._assembler.delivery.set_apart(apart=apart)
        self._assembler.begin(head, self._share, kept + spare)

    def _spare(self, free: int) -> int:
        """Return the bytes of old blocks to keep beyond reach: for a version that may follow."""
        if self._options.random:
            return 0
        return max(0, min(self._options.limits.memory // SPARE_SHARE, free - INTERPRETER))

    def _then(self, event: Event) -> None:
        read = self._source.position
        self._pool.then(lambda: self._take(event, read))

    def _take(self, event: Event, read: int) -> None:
        self._assembler.take(event)
        self._done = self._given, read
        self._options.progress(self._source.position, *self._done)

    def _decode(self, record: Record) -> None:
        window, memory, assembler = self._window, self._share, self._assembler
        known = blocks.glimpse(record)
        if self._options.at_once and known and known.base:
            self._window.need(record, known)
        work = min(known.plain_size, MAX_BLOCK) if known else record.header.body_size
        if self._options.random is None and known and known.base:
            self._pool.drain()  # so that the window has all blocks before this one
            work = 0
        self._pool.submit(
            lambda: _decoded(window, record, memory),
            lambda decoded: assembler.block(record, decoded),
            work,
        )


def _decoded(window: Window, record: Record, memory: int) -> Decoded | CompressorError:
    try:
        return window.unpack(record, memory)
    except (DamagedError, UnsupportedError) as error:
        return error


def unpack(file: BinaryIO, sink: Sink, options: UnpackOptions, *, seekable: bool) -> None:
    """Give the members of a file, read from front to back, to ``sink``.

    Where it can seek, what is referred to again is read again; from a pipe it has to be kept.

    Raises:
        NotAnArchiveError, UnsupportedError, LimitError: nothing more can be had.
    """
    if seekable:
        unpack_seekable(RandomSource(file), sink, options)
        file.seek(0, io.SEEK_END)  # stdin may be shared: it was read
    else:
        Unpacker(Source(file), sink, options).run()


def unpack_seekable(source: RandomSource, sink: Sink, options: UnpackOptions) -> None:
    """Give the members of a source that can seek, and so never waits; raises as ``unpack`` does."""
    options = replace(options, random=source, idle=never)
    Unpacker(Source(Forward(source)), sink, options).run()


class _Assembler:
    """Joins extents to members, and verifies each as a whole."""

    def __init__(self, sink: Sink, window: Window, count: Callable[[int], None]) -> None:
        self.delivery = Delivery(sink, apart=False)
        self._count = count
        self._window = window
        self._member: _Member | None = None

    def begin(self, head: Head, memory: int, kept: int) -> None:
        """Begin an archive, or a version that goes over what the one before gave."""
        self._window.begin(head, memory, kept)
        self.delivery.sink.begun(head)

    def block(self, record: Record, decoded: Decoded | CompressorError) -> None:
        """Hold a decoded block until extents refer to it."""
        try:
            self._window.add(record, decoded)
        except DamagedError as error:
            self.delivery.sink.damaged(error)

    def take(self, event: Event) -> None:
        """Do what a record says."""
        if isinstance(event, Open):
            self._fail(DamagedError("a member has no end"))
            self._begin_member(event.name, event.member, None)
        elif isinstance(event, ExtentsPage):
            self._extents(event)
        elif isinstance(event, Leaf):
            self._leaf(event)
        elif isinstance(event, Damage):
            self.delivery.sink.damaged(event.error)
        elif isinstance(event, forward.End):
            self._fail(DamagedError("a member has no end"))

    def _fail(self, error: CompressorError) -> None:
        member, self._member = self._member, None
        if member is None or member.failed:
            return
        self.delivery.sink.failed(member.name, error)

    def _begin_member(self, name: bytes, ordinal: int | None, entry: Entry | None) -> "_Member":
        self._member = member = _Member(name, ordinal)
        self.delivery.begin().opened(name, entry)
        return member

    def _extents(self, page: ExtentsPage) -> None:
        member = self._member
        if member is not None and not member.failed:
            try:
                if page.extents.position != member.size:
                    raise DamagedError("a part is lost", offset=page.offset)
                self._give(member, page.extents.spans, page.offset)
            except (DamagedError, UnsupportedError) as error:
                self._fail(error)
                self._member = member
                member.failed = True
        self._settle()

    def _give(self, member: "_Member", spans: list[Span], at: int) -> None:
        for offset, start, length in spans:
            position = member.size
            self._count(length)
            member.size += length
            if not offset:
                self.delivery.hole(length)
                continue
            owner = None if member.ordinal is None else (member.ordinal, position)
            self.delivery.data(self._window.piece((offset, start, length), at, owner))

    def _leaf(self, leaf: Leaf) -> None:
        entries = leaf.entries
        if self._member is not None and entries and entries[0].name == self._member.name:
            self._close(entries[0], leaf.offset)
            entries = entries[1:]
        self._fail(DamagedError("a member has no end"))
        for name in leaf.removed:
            self.delivery.sink.removed(name)
        for entry in entries:
            if entry.kind == FILE and entry.kept is None:
                self._small(entry, leaf.offset)
            else:
                self.delivery.sink.plain(entry)
        self._settle()

    def _settle(self) -> None:
        """Let go of the new blocks; tell of damage in those that nothing refers to."""
        unmet = self._window.settle()
        if self._member is None or not self._member.failed:
            for error in unmet:
                self.delivery.sink.damaged(error)

    def _small(self, entry: Entry, at: int) -> None:
        member = self._begin_member(entry.name, None, entry)
        try:
            if entry.level:
                raise DamagedError("a member's content is lost", offset=at)
            self._give(member, entry.spans, at)
        except (DamagedError, UnsupportedError) as error:
            self._fail(error)
            return
        self._close(entry, at)

    def _close(self, entry: Entry, at: int) -> None:
        member = self._member
        if member is None or member.failed:
            self._member = None
            return
        # F-039
        if (member.size, self.delivery.digest()) != (entry.size, entry.content_hash):
            self._fail(DamagedError("a member's content does not match its hash", offset=at))
            return
        self._member = None
        self.delivery.sink.closed(entry)


class _Member:
    """The member whose content is being given."""

    def __init__(self, name: bytes, ordinal: int | None) -> None:
        self.name = name
        self.ordinal = ordinal  # None: a small member, whose blocks are solid
        self.size = 0
        self.failed = False
