"""Versions of one archive written into another: the first in full, of each other one what it changes."""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from typing import BinaryIO, Protocol

from msgspec.structs import replace

from compressor.archive.index import indexes
from compressor.archive.leaf import Entry, without_content
from compressor.archive.names import name_key
from compressor.archive.schema import FILE, MAX_COUNT, Head, Span
from compressor.archive.source import RandomSource
from compressor.archive.writer import ArchiveWriter, VersionLabel
from compressor.engine.previous import Previous
from compressor.engine.rewrite import OldBlocks, Placed, Rewriter
from compressor.stages.base import Bytes


class OldVersion(OldBlocks, Protocol):
    """A version of the old archive; ``head`` declares the reach that it needs as the first version."""

    @property
    def head(self) -> Head:
        """What it declares."""
        ...

    @property
    def label(self) -> VersionLabel:
        """What it is called, with its number: more than that of the version before."""
        ...

    def leaves(self) -> Iterator[list[Entry]]:
        """Yield its members, no name twice, each file with its content."""
        ...

    def spans(self, entry: Entry) -> Iterable[Span]:
        """Return the extents of a member whose level is above 0, in order."""
        ...


class Target(Protocol):
    """Where the new archive goes: what was written can be read again."""

    def write(self, data: Bytes, /) -> object:
        """Write all of ``data``."""
        ...

    def reading(self) -> AbstractContextManager[BinaryIO]:
        """Give what was written so far as a file of its own."""
        ...


def rewrite(versions: Iterable[OldVersion], target: Target) -> int:
    """Write an archive of these versions; return its bytes."""
    placed: Placed = {}
    size = 0
    for version in versions:
        if not size:
            size = _first(version, target, placed)
            continue
        with target.reading() as file:
            previous = Previous(indexes(RandomSource(file))[-1])
            size = _next(version, previous, target, placed)
    return size


def _first(version: OldVersion, target: Target, placed: Placed) -> int:
    writer = ArchiveWriter(target.write, replace(version.head, previous=0))
    rewriter = Rewriter(writer, version, placed)
    for entries in version.leaves():
        _write(rewriter, version, entries)
    writer.finish(version.label)
    return writer.offset


def _next(version: OldVersion, previous: Previous, target: Target, placed: Placed) -> int:
    """Write a version behind the one that was written before."""
    head = replace(version.head, previous=0, reach=MAX_COUNT)
    writer = ArchiveWriter(target.write, head, previous.before())
    rewriter = Rewriter(writer, version, placed)
    found: set[bytes] = set()
    new: set[bytes] = set()
    for entries in version.leaves():
        changed = list(_changed(entries, previous, found))
        new.update(entry.name for entry in changed)
        _write(rewriter, version, changed)
    gone = [name for name in previous.members if name not in found]
    for name in (*new, *gone):
        previous.drop(name)
    rewriter.small(list(previous.listed_again(new.union(gone))))
    writer.removed(sorted(gone, key=name_key))
    writer.finish(version.label, previous.kept())
    return writer.offset


def _changed(entries: list[Entry], previous: Previous, found: set[bytes]) -> Iterator[Entry]:
    """Yield the entries that the version before has not; those with its content keep that."""
    for entry in entries:
        found.add(entry.name)
        known = previous.members.get(entry.name)
        before = known[0] if known else None
        if before is None or entry.kind != FILE or before.kind != FILE:
            if before is None or without_content(before) != without_content(entry):
                yield replace(entry, kept=None)
        elif (before.size, before.content_hash) != (entry.size, entry.content_hash):
            yield replace(entry, kept=None)
        elif without_content(before) != without_content(entry):
            yield previous.keeping(without_content(entry))


def _write(rewriter: Rewriter, version: OldVersion, entries: list[Entry]) -> None:
    small = [entry for entry in entries if not entry.level]
    rewriter.small(
        [replace(entry, kept=entry.kept if not entry.content_hash else None) for entry in small]
    )
    for entry in entries:
        if entry.level:
            rewriter.large(replace(entry, kept=None), partial(version.spans, entry))
