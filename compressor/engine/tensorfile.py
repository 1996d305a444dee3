"""The tensors of one file, or of one member of an archive: which there are, and their bytes into memory."""

import os
from collections.abc import Sequence
from typing import Protocol, Self

from msgspec import Struct

from compressor.archive.index import Index
from compressor.archive.leaf import Entry
from compressor.archive.record import MAGIC
from compressor.archive.schema import FILE
from compressor.archive.source import DescriptorSource
from compressor.engine.access import SeekableArchive
from compressor.engine.externals import external_of
from compressor.engine.into import Target, read_into
from compressor.engine.limits import STREAMING, Limits
from compressor.engine.pool import spread
from compressor.engine.processors import processors
from compressor.engine.reading import UnpackOptions
from compressor.engine.settled import settled
from compressor.engine.tensorview import look_at
from compressor.errors import (
    DamagedError,
    MemberNotFoundError,
    TruncatedError,
    UnsupportedError,
    UsageError,
)
from compressor.tensors.segments import Sniffed, Tensor, opaque
from compressor.tensors.sniff import sniff

NAMED = 8  # members that an error lists at most
STRIDE = 4 << 20  # bytes of a plain file that a thread reads at once

Path = str | bytes | os.PathLike[str] | os.PathLike[bytes]


_Found = tuple[Index, Entry, Sniffed]


class Choice(Struct, frozen=True):
    """What is read, and how: ``at`` is a version, ``threads`` 0 stands for all processors.

    ``base`` holds absolute paths of what tensors are differences from.
    """

    member: str | None = None
    at: int | None = None
    threads: int = 0
    limits: Limits = STREAMING
    base: tuple[str, ...] = ()


class _Content(Protocol):
    """Bytes that tensors lie in; threads share it."""

    sniffed: Sniffed

    def fill(self, targets: Sequence[Target]) -> None:
        """Fill the targets, which do not overlap."""
        ...

    def check(self, size: int) -> None:
        """Refuse to give so many bytes, if a limit says so."""
        ...

    def again(self) -> Self:
        """Return the same, without locks that another process may hold."""
        ...


class TensorFile:
    """Tensors by name. Threads share it, and so do processes: forked ones, or by a pickle of its path."""

    def __init__(self, path: Path, choice: Choice) -> None:
        self.path = os.path.abspath(os.fsdecode(path))  # noqa: PTH100  for who is elsewhere later
        self.choice = choice
        self._content: _Content | None = _content(path, choice)
        self._process = os.getpid()
        found = self._content.sniffed.tensors
        self.tensors = {one.name: one for one in sorted(found, key=lambda one: one.name)}
        self.metadata = self._content.sniffed.metadata

    def __reduce__(self) -> tuple[type[Self], tuple[str, Choice]]:
        self._opened()
        return type(self), (self.path, self.choice)

    def close(self) -> None:
        """Let go of the file; reads that are under way in other threads end well."""
        self._content = None

    def tensor(self, name: str) -> Tensor:
        """Return the tensor of this name.

        Raises:
            MemberNotFoundError: there is none.
        """
        self._opened()
        if name not in self.tensors:
            raise MemberNotFoundError(f"{self.path} has no tensor named {name!r}")
        return self.tensors[name]

    def fill(self, targets: Sequence[Target]) -> None:
        """Fill the targets with bytes of the file or member; each block is checked before it is decoded.

        Raises:
            DamagedError: something is damaged; ``member`` and ``tensor`` say whose. Nothing may be used.
        """
        self._opened().fill(targets)

    def check(self, size: int) -> None:
        """Compare what is asked for with the limits, before memory is taken for it.

        Raises:
            LimitError: it is too much.
        """
        self._opened().check(size)

    def _opened(self) -> _Content:
        content = self._content
        if content is None:
            raise UsageError(f"{self.path} was closed")
        if self._process != os.getpid():
            content = self._content = content.again()
            self._process = os.getpid()
        return content


class _Plain:
    """A file that is no archive."""

    def __init__(self, source: DescriptorSource, sniffed: Sniffed, threads: int) -> None:
        self._source = source
        self._threads = threads or processors()
        self.sniffed = sniffed

    def again(self) -> Self:
        return self

    def check(self, size: int) -> None:
        """Allow all: there is no more than the file has."""

    def fill(self, targets: Sequence[Target]) -> None:
        pieces = [
            Target(one.start + at, one.buffer[at : at + STRIDE], one.tensor)
            for one in targets
            for at in range(0, len(one.buffer), STRIDE)
        ]
        spread(self._threads, pieces, self._read)

    def _read(self, piece: Target) -> None:
        try:
            self._source.read_into(piece.start, piece.buffer)
        except TruncatedError as error:
            error.tensor = piece.tensor
            raise


class _Packed:
    """A member of an archive."""

    def __init__(self, source: DescriptorSource, choice: Choice) -> None:
        self._source = source
        self._choice = choice
        with source.as_file() as file:  # an append may be under way
            source.size = settled(file).seek(0, os.SEEK_END)
        self._archive = self._fresh()
        if choice.at is not None:
            self._archive.go_to(choice.at)
        self._index, self._entry, self.sniffed = _member(self._archive, choice.member)

    def _fresh(self) -> SeekableArchive:
        choice = self._choice
        external = external_of(choice.base, choice.limits)
        reading = UnpackOptions(choice.threads, choice.limits, external=external)
        return SeekableArchive(self._source, reading)

    def again(self) -> Self:
        self._archive = self._fresh()
        return self

    def check(self, size: int) -> None:
        self._choice.limits.check(size, self._source.size)

    def fill(self, targets: Sequence[Target]) -> None:
        read_into(self._archive, self._index, self._entry, targets)


def _content(path: Path, choice: Choice) -> _Content:
    source = DescriptorSource(path)
    if source.read(0, min(len(MAGIC), source.size)) != MAGIC:
        sniffed = sniff(source.read, source.size)
        if sniffed.format or sniffed.problem:
            if choice.member is not None or choice.at is not None:
                raise UsageError("member and at are for archives: this file is none")
            _refuse_broken(sniffed, None)
            return _Plain(source, sniffed, choice.threads)
    return _Packed(source, choice)


def _member(archive: SeekableArchive, name: str | None) -> _Found:
    """Return the member that is named, or else the one that holds tensors."""
    if name is not None:
        index, entry = archive.find_file(os.fsencode(name))
        sniffed = look_at(archive, index, entry)
        _refuse_broken(sniffed, name)
        if not sniffed.format:
            raise UnsupportedError(f"member {name!r} holds no tensors in a format that is known")
        return index, entry, sniffed
    files = {entry.name: (index, entry) for index, entry in archive.entries() if entry.kind == FILE}
    looked = ((index, entry, _looked_at(archive, index, entry)) for index, entry in files.values())
    seen = [one for one in looked if one[2].format or one[2].problem]
    # What holds none only if all do, and what is broken only then.
    found = sorted(seen, key=lambda one: (not one[2].tensors, not one[2].format))
    if not found:
        raise UnsupportedError("no member holds tensors in a format that is known")
    if len(found) > 1 and found[1][2].tensors:
        raise UsageError(_several([one[1].shown_name for one in found if one[2].tensors]))
    _refuse_broken(found[0][2], found[0][1].shown_name)
    return found[0]


def _looked_at(archive: SeekableArchive, index: Index, entry: Entry) -> Sniffed:
    """Return what is seen in a member; one that is damaged is of no format, and others may do."""
    try:
        return look_at(archive, index, entry)
    except DamagedError as error:
        return opaque(entry.size, error.what)


def _several(names: list[str]) -> str:
    more = ", ..." if len(names) > NAMED else ""
    listed = ", ".join(map(repr, names[:NAMED]))
    return f"several members hold tensors, name one by member=: {listed}{more}"


def _refuse_broken(sniffed: Sniffed, member: str | None) -> None:
    if sniffed.problem:
        raise DamagedError(f"its tensors can't be told: {sniffed.problem}", member=member)
