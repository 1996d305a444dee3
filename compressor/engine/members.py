"""An archive of members: listed, opened one by one, read in part, tested."""

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import TracebackType
from typing import NoReturn, Self

from compressor.archive.index import Forward, Index
from compressor.archive.leaf import Entry
from compressor.archive.source import Source
from compressor.engine.access import SeekableArchive
from compressor.engine.file import CompressorFile, PathOrFile, below
from compressor.engine.limits import DEFAULT, STREAMING, Limits
from compressor.engine.readindexed import IndexedReader
from compressor.engine.sinks import NullSink
from compressor.engine.unpack import Unpacker, UnpackOptions
from compressor.errors import MemberNotFoundError, UsageError


@dataclass(frozen=True, slots=True)
class Member:
    """A member of an archive.

    ``name`` holds bytes that are not UTF-8 as surrogates (``os.fsencode`` gives them back); ``size``
    is bytes, ``mtime_ns`` nanoseconds since 1970, ``mode`` permission bits, ``blake3`` the 32 bytes of
    its content's hash. ``mtime_ns`` and ``mode`` are None where they were not recorded.
    """

    name: str
    size: int
    mtime_ns: int | None
    mode: int | None
    blake3: bytes
    _place: tuple[Index, Entry] = field(repr=False, compare=False)


def _member(index: Index, entry: Entry) -> Member:
    return Member(
        _text(entry.name),
        entry.size,
        entry.mtime_ns,
        entry.mode,
        entry.content_hash,
        (index, entry),
    )


class _Nameplate(io.BytesIO):
    """Stands below a member's file: it has the name; the archive's descriptor would mislead."""

    def __init__(self, name: bytes) -> None:
        super().__init__()
        self.name = _text(name)


def _text(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")


class Archive:
    """The members of all archives in a seekable file. Threads may share it.

    ``limits`` bounds what is given; by default ``read`` gives at most 4 GiB, while what ``open`` gives
    bit by bit has no such bound. With ``salvage`` a file that is whole but for its end is read, too,
    at the price of a scan. A name stands for the last member of that name.

    Raises:
        NotAnArchiveError, DamagedError: there is no sound index; UnfinishedError where ``salvage`` may help.
        UsageError: the file can't seek.
    """

    def __init__(
        self,
        file: PathOrFile,
        *,
        threads: int = 1,
        limits: Limits | None = None,
        salvage: bool = False,
    ) -> None:
        self._threads = threads
        self._limits = limits or DEFAULT
        self._streaming = limits or STREAMING
        self._file, self._owned = below(file, "rb")
        try:
            if not self._file.seekable():
                raise UsageError("Archive needs a file to look into; open() reads pipes")
            self._archive = SeekableArchive(
                self._file, threads=threads, limits=self._limits, salvage=salvage
            )
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()

    def __reduce__(self) -> NoReturn:
        raise TypeError("cannot pickle 'Archive' object")

    def close(self) -> None:
        """Close the file, if it was opened here; members can't be read any more."""
        if self._owned:
            self._file.close()

    def __iter__(self) -> Iterator[Member]:
        """Yield the members in the order of the archive."""
        for index, entry in self._archive.entries():
            yield _member(index, entry)

    def __len__(self) -> int:
        """Return the number of members; the whole index is read."""
        return sum(1 for _ in self._archive.entries())

    def names(self) -> list[str]:
        """Return the names of the members, in the order of the archive."""
        return [member.name for member in self]

    def __contains__(self, name: object) -> bool:
        if not isinstance(name, str):
            return False
        try:
            self[name]
        except MemberNotFoundError:
            return False
        return True

    def __getitem__(self, name: str) -> Member:
        """Return the member of this name.

        Raises:
            MemberNotFoundError: there is none (a KeyError, too).
        """
        try:
            recorded = name.encode("utf-8", "surrogateescape")
        except UnicodeEncodeError as error:  # no bytes read as this
            raise MemberNotFoundError(f"the archive has no member named {name!r}") from error
        return _member(*self._archive.find(recorded))

    def _place(self, member: Member | str) -> tuple[Index, Entry]:
        found = self[member] if isinstance(member, str) else member
        return found._place  # noqa: SLF001  a member's way back, of no use to others

    def open(self, member: Member | str) -> CompressorFile:
        """Return a member's content as a file that reads and seeks.

        Raises:
            MemberNotFoundError: there is none of this name.
        """
        index, entry = self._place(member)
        reader = IndexedReader(self._archive, [(index, entry)], self._streaming)
        return CompressorFile(_Nameplate(entry.name), reader, owned=False)

    def read(self, member: Member | str, start: int = 0, end: int | None = None) -> bytes:
        """Return a member's bytes ``[start:end]``, as a slice gives them; a whole one is verified.

        Raises:
            MemberNotFoundError: there is none of this name.
            DamagedError: a block that is needed is damaged, or the whole does not match its hash.
            LimitError: they are more than the limits allow.
        """
        index, entry = self._place(member)
        begin, stop, _ = slice(start, end).indices(entry.size)
        stop = max(begin, stop)
        self._limits.check(stop - begin, self._archive.source.size)
        if (begin, stop) == (0, entry.size):
            return b"".join(self._archive.pieces(index, entry))
        return self._archive.read(index, entry, begin, stop)

    def test(self) -> None:
        """Read the archive from front to back, and check every bit.

        Raises:
            DamagedError: the first damage; UnfinishedError where only an end is missing.
            LimitError: its content exceeds the limits that were given.
        """
        sink = NullSink()
        options = UnpackOptions(self._threads, self._streaming)
        Unpacker(Source(Forward(self._archive.source)), sink, options).run()
        for _, error in sink.outcome.failures:
            raise error
