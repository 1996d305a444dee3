"""An archive of members: listed, opened one by one, read in part, tested."""

import io
import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import starmap
from pathlib import Path
from types import TracebackType
from typing import NoReturn, Self

from compressor.archive.index import Index
from compressor.archive.leaf import Entry
from compressor.archive.schema import FILE, HARDLINK, SYMLINK
from compressor.archive.source import Forward, Source
from compressor.engine.access import SeekableArchive
from compressor.engine.asked import whole, words
from compressor.engine.externals import Externals, Paths, paths_of
from compressor.engine.file import CompressorFile, PathOrFile, below
from compressor.engine.history import Version, versions_of
from compressor.engine.limits import DEFAULT, STREAMING, Limits, limits_or
from compressor.engine.member import Member, member_of, text_of
from compressor.engine.readindexed import IndexedReader
from compressor.engine.reading import NONE_GIVEN, External, UnpackOptions
from compressor.engine.restoring import Restoring, default_mode, restore_archive, status_of
from compressor.engine.select import Selection
from compressor.engine.settled import settled
from compressor.engine.sinks import NullSink
from compressor.engine.unpack import Unpacker
from compressor.errors import CompressorError, DamagedError, MemberNotFoundError, UsageError
from compressor.tree.outputs import identity_in
from compressor.tree.restoreoptions import RestoreOptions
from compressor.tree.walk import Problem


class _Nameplate(io.BytesIO):
    """Stands below a member's file: it has the name; the archive's descriptor would mislead."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name


class Archive:
    """The members of all archives in a seekable file. Threads may share it.

    ``limits`` bounds what is given; by default ``read`` gives at most 4 GiB, while what ``open`` gives
    bit by bit has no such bound. With ``salvage`` a file that is whole but for its end is read, too,
    at the price of a scan. A name stands for the last member of that name. ``at`` is the number of the
    version that is read, by default the last. ``base`` names files, or archives, that hold what its tensors
    are differences from, where that is not in the archive.

    Raises:
        NotAnArchiveError, DamagedError: there is no sound index; UnfinishedError where ``salvage`` may help.
        UsageError: the file can't seek.
        VersionNotFoundError: there is no version ``at``.
    """

    def __init__(  # noqa: PLR0913  each is an option of its own, by keyword
        self,
        file: PathOrFile,
        *,
        threads: int = 1,
        limits: Limits | None = None,
        salvage: bool = False,
        at: int | None = None,
        base: Paths = (),
    ) -> None:
        self._at = at
        self._externals: Externals | None = None
        self._threads = threads
        self._limits = limits_or(limits, DEFAULT)
        self._streaming = limits_or(limits, STREAMING)
        self._closed = False
        self._file, self._owned = below(file, "rb")
        try:
            if not self._file.seekable():
                raise UsageError("Archive needs a file to look into; open() reads pipes")
            view = settled(self._file) if self._owned else self._file
            self._externals = Externals(paths_of(base), self._limits) if base else None
            reading = UnpackOptions(threads, self._limits, external=self._external)
            self._archive = SeekableArchive(view, reading, salvage=salvage)
            self._last = self._archive.indexes
            if at is not None:
                self._archive.go_to(at)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        self._opened()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()

    def __reduce__(self) -> NoReturn:
        raise TypeError("cannot pickle 'Archive' object: send its path")

    def close(self) -> None:
        """Close the file, if it was opened here; members can't be read any more."""
        self._closed = True
        if self._externals is not None:
            self._externals.close()
        if self._owned:
            self._file.close()

    def _opened(self) -> SeekableArchive:
        """Return what reads the file, as long as this is open.

        Raises:
            ValueError: it is closed.
        """
        if self._closed:
            raise ValueError("the archive is closed")
        return self._archive

    @property
    def _external(self) -> External:
        return NONE_GIVEN if self._externals is None else self._externals

    def __iter__(self) -> Iterator[Member]:
        """Return the members in the order of the archive."""
        return starmap(member_of, self._opened().entries())

    def __len__(self) -> int:
        """Return the number of members; the whole index is read."""
        return sum(1 for _ in self._opened().entries())

    def names(self) -> list[str]:
        """Return the names of the members, in the order of the archive."""
        return [member.name for member in self]

    def __contains__(self, name: object) -> bool:
        self._opened()
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
        archive = self._opened()
        try:
            recorded = name.encode("utf-8", "surrogateescape")
        except UnicodeEncodeError as error:  # no bytes read as this
            raise MemberNotFoundError(f"the archive has no member named {name!r}") from error
        return member_of(*archive.find(recorded))

    def _place(self, member: Member | str) -> tuple[Index, Entry]:
        """Return the file that holds a member's content: itself, or the one that it is a name of."""
        self._opened()
        found = self[member] if isinstance(member, str) else member
        index, entry = found._place  # noqa: SLF001  a member's way back, of no use to others
        if entry.kind == HARDLINK:
            file = index.find(entry.target or b"")
            if file is None or file.kind != FILE:
                raise DamagedError("a hard link leads to no file", member=found.name)
            return index, file
        if entry.kind != FILE:
            leads = f" to {found.target!r}" if entry.kind == SYMLINK else ""
            raise UsageError(f"{found.name!r} is a {found.kind}{leads}: it has no content to read")
        return index, entry

    def open(self, member: Member | str) -> CompressorFile:
        """Return a member's content as a file that reads and seeks; of a hard link, that of its file.

        Raises:
            MemberNotFoundError: there is none of this name.
            UsageError: it is a folder or the like.
        """
        index, entry = self._place(member)
        reader = IndexedReader(self._archive, [(index, entry)], self._streaming)
        name = member if isinstance(member, str) else member.name
        return CompressorFile(_Nameplate(name), reader, owned=False)

    def read(self, member: Member | str, start: int = 0, end: int | None = None) -> bytes:
        """Return a member's bytes ``[start:end]``, as a slice gives them; a whole one is verified.

        Raises:
            MemberNotFoundError: there is none of this name.
            UsageError: it is a folder or the like.
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

    def versions(self) -> list[Version]:
        """Return all versions, first to last; of archives in a row, those of each."""
        self._opened()
        return versions_of(self._last)

    def extract(  # noqa: PLR0913  each is an option of its own, by keyword
        self,
        directory: str | os.PathLike[str] = ".",
        patterns: str | Iterable[str] = (),
        *,
        exclude: str | Iterable[str] = (),
        strip_components: int = 0,
        force: bool = False,
        skip_existing: bool = False,
        sync: bool = False,
        unsafe_links: bool = False,
        specials: bool = False,
        numeric_owner: bool = False,
        on_problem: Problem | None = None,
    ) -> list[str]:
        """Restore members into a folder, which is made; return the names of those that came whole.

        A pattern is a name, which stands for all below it, or a pattern as in .gitignore; without any,
        all are restored. The other keywords are options of ``compressor extract``. What fails goes to
        ``on_problem``, with the member's name or "". Without that, the first error is raised once
        all that can be restored is; a note on it says how many others there are.

        Raises:
            CompressorError: of a member that can't be restored, a pattern that matches none, or damage.
            LimitError: ``limits`` would be exceeded; the rest is not restored.
            OSError: the folder can't be written to.
        """
        archive, folder = self._opened(), Path(directory)
        status = status_of(self._file)
        how = RestoreOptions(
            default_mode(status),
            force=force,
            sync=sync,
            protected=frozenset([identity_in(status)] if status else ()),
            unsafe_links=unsafe_links,
            specials=specials,
            numeric_owner=numeric_owner,
            below="" if folder == Path() else str(folder),
        )
        what = Restoring(
            _selection(patterns, exclude),
            how,
            UnpackOptions(self._threads, self._streaming, external=self._external),
            self._at,
            skip_existing=skip_existing,
            strip_components=whole("strip_components", strip_components, 0),
        )
        outcome = restore_archive(archive, folder, what)
        _tell(outcome.failures, on_problem)
        return [text_of(entry.name) for entry in outcome.members]

    def test(self) -> None:
        """Read the archive from front to back, and check every bit.

        Raises:
            DamagedError: the first damage; UnfinishedError where only an end is missing.
            LimitError: its content exceeds the limits that were given.
        """
        sink = NullSink()
        options = UnpackOptions(self._threads, self._streaming, external=self._external)
        Unpacker(Source(Forward(self._opened().source)), sink, options).run()
        for _, error in sink.outcome.failures:
            raise error


def _selection(patterns: str | Iterable[str], exclude: str | Iterable[str]) -> Selection:
    names = [os.fsencode(word) for word in words("patterns", patterns)]
    return Selection(names, words("exclude", exclude))


def _tell(
    failures: Sequence[tuple[bytes | None, CompressorError]], on_problem: Problem | None
) -> None:
    if on_problem is None and failures:
        name, error = failures[0]
        if isinstance(error, DamagedError) and error.member is None and name:
            error.member = text_of(name)
        if len(failures) > 1:
            error.add_note(f"{len(failures) - 1} other problems; on_problem would hear of each")
        raise error
    for name, error in failures:
        if on_problem is not None:
            on_problem(text_of(name or b""), error)
