"""Records in a row, from a file or a pipe: where archives begin and end, and what to do at damage."""

from collections.abc import Iterator
from typing import NoReturn

from compressor.archive import record
from compressor.archive.record import (
    FOOTER_SIZE,
    HEADER_SIZE,
    MAGIC,
    MAX_BLOCK,
    SYNC,
    Header,
    Kind,
    Record,
)
from compressor.archive.source import Source, foreign_format
from compressor.errors import DamagedError, NotAnArchiveError, TruncatedError

SCAN_SIZE = 1 << 16  # bytes looked through at a time in search of a sync mark


class RecordStream:
    """The records of one archive or several in a row; ``block_size``: what HEAD says, once that is known.

    ``salvage``: what stands behind a FOOTER and begins neither a version nor an archive is looked through,
    for a version whose HEAD is damaged.
    """

    def __init__(self, source: Source, *, salvage: bool = False) -> None:
        self._source = source
        self._salvage = salvage
        self.start = 0  # where the present archive began in the source
        self.end = 0  # where it, or its last version so far, ended
        self.block_size = MAX_BLOCK
        self.over = False  # the source has ended too early, or goes on with what is no archive
        self._last: Kind | int | None = None  # kind of the last record; None: a magic comes next
        self._first = False  # HEAD comes next
        self._lost = False  # a header was damaged: its record's end is unknown
        self._lost_at = 0

    def archives(self) -> Iterator[Iterator[Record | DamagedError]]:
        """Yield each archive, to be read to its end: its records, and damage as it is met.

        Raises:
            NotAnArchiveError, UnsupportedError: nothing can be read from here on.
        """
        while not self.over:
            damage = None
            try:
                if not self._begin():
                    return
            except DamagedError as error:
                self.over = isinstance(error, TruncatedError) or error.offset != 0
                damage = error
            self.block_size = MAX_BLOCK
            yield self._records(damage)

    def _records(self, damage: DamagedError | None) -> Iterator[Record | DamagedError]:
        if damage:
            yield damage
        while not self.over:
            try:
                item = self._next()
                if item is None and not self._goes_on():
                    return
                if item is not None:
                    yield item
            except DamagedError as error:
                self.over = isinstance(error, TruncatedError)
                yield error

    def _begin(self) -> bool:
        """Read the magic of the next archive; False at the end of the source.

        Raises:
            NotAnArchiveError: the source begins with anything else.
            TruncatedError: the source is empty, or ends within the magic.
            DamagedError: the magic is damaged, or bytes stand behind an archive (F-001, F-018).
        """
        first = self._source.position == 0
        self.start = self._source.position
        magic = bytes(self._source.take(len(MAGIC)))
        self._first = True
        if magic == MAGIC:
            self._last = Kind.PAD
            return True
        if not magic and not first:
            return False
        if MAGIC.startswith(magic):
            if not magic:
                raise TruncatedError("the input is empty")
            raise TruncatedError("the input ends within the magic", offset=self.start)
        if not first:
            raise DamagedError("bytes that are no archive stand behind its end", offset=self.start)
        self._refuse(magic)
        return True

    def _goes_on(self) -> bool:
        """Whether another version follows: a HEAD that goes on counting."""
        self.end = self._source.position
        ahead = bytes(self._source.take(HEADER_SIZE))
        self._source.give_back(ahead)
        try:
            header = record.parse_header(ahead.ljust(HEADER_SIZE, b"\0"), self.end - self.start)
        except DamagedError:
            if not self._salvage or MAGIC.startswith(ahead[: len(MAGIC)]):
                return False
            self._last, self._lost, self._lost_at = Kind.PAD, True, self.end
            raise DamagedError("no version begins here", offset=self.end - self.start) from None
        self._last, self._first = Kind.PAD, True
        return header.kind == Kind.HEAD

    def _refuse(self, magic: bytes) -> None:
        """Tell a damaged archive from a stranger's file."""
        head = self._source.take(512)
        self._source.give_back(head)
        try:
            record.parse_header(bytes(head).ljust(HEADER_SIZE, b"\0"), len(MAGIC))
        except DamagedError:
            if sum(a == b for a, b in zip(magic, MAGIC, strict=False)) < 6:
                raise NotAnArchiveError(foreign_format(magic + head)) from None
        self._last = Kind.PAD
        raise DamagedError("the magic is damaged: was the transfer binary?", offset=0)

    def _next(self) -> Record | None:
        """Return the next record; None behind a FOOTER. After damage, the next sound one.

        Raises:
            TruncatedError: the source ends before the record does, or before a FOOTER (F-002).
            DamagedError: its header is damaged (F-003 to F-007), it is a BLOCK whose body has more
                than ``block_size`` bytes (F-007), or it comes first and is no HEAD (F-014). Then
                nothing behind the header was read.
        """
        if self._last == Kind.FOOTER:
            return None
        first, self._first = self._first, False
        header = self._found() if self._lost else self._header()
        if header is None:
            self._last = Kind.FOOTER
            return None
        if first and header.kind != Kind.HEAD:
            self._refuse_header("an archive begins with its HEAD", header)
        if header.kind == Kind.BLOCK and header.body_size > self.block_size:
            self._refuse_header("a block is larger than its archive declares", header)
        payload = self._source.take(header.rest)
        if len(payload) < header.rest:
            self._last = Kind.FOOTER
            raise TruncatedError("the archive ends within a record", offset=header.offset)
        self._last = header.kind
        return Record(header, payload)

    def _refuse_header(self, what: str, header: Header) -> NoReturn:
        """Raise before any memory is taken for the record; the next one is found by a scan."""
        self._lost, self._lost_at = True, self._source.position
        raise DamagedError(what, offset=header.offset)

    def _header(self) -> Header:
        offset = self._source.position - self.start
        data = self._source.take(HEADER_SIZE)
        if len(data) < HEADER_SIZE:
            self._last = Kind.FOOTER
            raise TruncatedError("the archive ends too early", offset=offset)
        try:
            return record.parse_header(data, offset)
        except DamagedError:
            self._lost, self._lost_at = True, self._source.position - HEADER_SIZE
            self._source.give_back(data[1:])
            raise

    def _found(self) -> Header | None:
        """Scan for the next record that says of itself that it belongs where it stands."""
        while True:
            if self._at_next_archive():
                self._lost = False
                return None
            data = bytes(self._source.take(SCAN_SIZE))
            at = data.find(SYNC)
            keep = len(data) - len(SYNC) + 1 if at < 0 else at
            if at < 0 and len(data) < SCAN_SIZE:
                self._last = Kind.FOOTER
                raise TruncatedError("no sound record follows", offset=self._lost_at - self.start)
            self._source.give_back(data[keep:])
            if at >= 0 and (header := self._candidate()):
                self._lost = False
                return header

    def _candidate(self) -> Header | None:
        offset = self._source.position - self.start
        data = self._source.take(HEADER_SIZE)
        try:
            return record.parse_header(bytes(data).ljust(HEADER_SIZE, b"\0"), offset)
        except DamagedError:
            self._source.give_back(data[1:])
            return None

    def _at_next_archive(self) -> bool:
        """Whether the lost record was the FOOTER, so that the next archive follows at its size."""
        if self._last != Kind.ROOT or self._source.position != self._lost_at + 1:
            return False
        ahead = bytes(self._source.take(FOOTER_SIZE - 1 + len(MAGIC)))
        if ahead[FOOTER_SIZE - 1 :] not in (MAGIC, b"") or len(ahead) < FOOTER_SIZE - 1:
            self._source.give_back(ahead)
            return False
        self._source.give_back(ahead[FOOTER_SIZE - 1 :])
        return True
