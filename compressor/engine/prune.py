"""The last versions of an archive, rewritten without what only earlier ones needed."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from compressor.archive.index import Index, indexes
from compressor.archive.leaf import Entry, without_content
from compressor.archive.names import name_key
from compressor.archive.record import FOOTER_SIZE, Kind
from compressor.archive.schema import FILE, MAX_COUNT, Base, Block, Span, unpack_block
from compressor.archive.source import RandomSource
from compressor.archive.writer import ArchiveWriter, Before, VersionLabel
from compressor.engine.archivefile import ArchiveFile, locked
from compressor.engine.reading import UnpackOptions
from compressor.engine.rewrite import Placed, Rewriter
from compressor.engine.sinks import NullSink
from compressor.engine.unpack import unpack
from compressor.engine.versions import Previous
from compressor.errors import UsageError
from compressor.stages.base import Bytes
from compressor.tree.outputs import Output, access_of, opened_output, shared_permissions


class Pruned(Struct, frozen=True):
    """How many versions stay, how many went, and the archive's bytes before and now."""

    kept: int
    dropped: int
    size_before: int
    size: int


def prune(path: Path, keep: int, note: Callable[[str], None], options: UnpackOptions) -> Pruned:
    """Rewrite the archive at ``path`` with its last ``keep`` versions, verify it, and put it in place.

    Raises:
        UsageError: ``keep`` is none, or the file is several archives in a row.
        DamagedError: the archive is damaged; it stays as it was.
    """
    if keep < 1:
        raise UsageError("at least one version has to stay")
    path = path.resolve()  # a link stays a link
    with locked(path, note) as file:
        versions = _versions(file.index())
        before = versions[-1].end
        if keep >= len(versions):
            return Pruned(len(versions), 0, before, before)
        with opened_output(path, force=True) as output:
            if not isinstance(output, Output):
                raise UsageError("a device can't be pruned")
            size = _rewrite(versions[-keep:], output)
            _prove(output, options)
            _commit(file, output)
        return Pruned(keep, len(versions) - keep, before, size)


def _versions(last: Index) -> list[Index]:
    found = [last]
    while (before := found[-1].before()) is not None:
        found.append(before)
    return found[::-1]


def _commit(old: ArchiveFile, output: Output) -> None:
    status = old.status()
    _, owner = shared_permissions([access_of(status)])
    output.commit(mode=status.st_mode & 0o7777, mtime_ns=status.st_mtime_ns, sync=True, owner=owner)


def _rewrite(versions: list[Index], output: Output) -> int:
    """Write the versions; return the bytes that they take."""
    placed: Placed = {}
    size = _first(versions[0], output, placed)
    for index in versions[1:]:
        with output.reading() as file:
            previous = Previous(indexes(RandomSource(file))[-1])
            size = _next(index, previous, output, placed)
    return size


def _first(index: Index, output: Output, placed: Placed) -> int:
    head = replace(index.head, previous=0, reach=MAX_COUNT if index.head.reach else 0)
    writer = ArchiveWriter(output.write, head)
    rewriter = Rewriter(writer, _Old(index), placed)
    for ref in index.leaves():
        _write(rewriter, index, index.listed(ref))
    writer.finish(_label(index))
    return writer.offset


def _next(index: Index, previous: Previous, output: Output, placed: Placed) -> int:
    """Write a version behind the one that was written before."""
    end = previous.index.end
    before = Before(end, end - FOOTER_SIZE, previous.index.version().number)
    writer = ArchiveWriter(output.write, replace(index.head, previous=0, reach=MAX_COUNT), before)
    rewriter = Rewriter(writer, _Old(index), placed)
    found: set[bytes] = set()
    new: set[bytes] = set()
    for ref in index.leaves():
        changed = list(_changed(index.listed(ref), previous, found))
        new.update(entry.name for entry in changed)
        _write(rewriter, index, changed)
    gone = [name for name in previous.members if name not in found]
    for name in (*new, *gone):
        previous.drop(name)
    rewriter.small(list(previous.listed_again(new.union(gone))))
    writer.removed(sorted(gone, key=name_key))
    writer.finish(_label(index), previous.kept())
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


def _write(rewriter: Rewriter, index: Index, entries: list[Entry]) -> None:
    small = [entry for entry in entries if not entry.level]
    rewriter.small(
        [replace(entry, kept=entry.kept if not entry.content_hash else None) for entry in small]
    )
    for entry in entries:
        if entry.level:
            rewriter.large(replace(entry, kept=None), partial(_spans, index, entry))


def _spans(index: Index, entry: Entry) -> Iterator[Span]:
    return (span for _, span in index.spans(entry))


class _Old(Struct, frozen=True):
    """The blocks of a version."""

    index: Index

    def says(self, offset: int) -> Block | Base:
        """Return what the BLOCK, or the BASE, at an offset says."""
        return self.index.says(offset)

    def read(self, offset: int) -> tuple[Block, Bytes]:
        """Return what the BLOCK at an offset says, and its packed bytes."""
        meta, body = self.index.record(offset, Kind.BLOCK).checked()
        return unpack_block(meta, body, offset), body


def _label(index: Index) -> VersionLabel:
    version = index.version()
    return VersionLabel(version.label, version.time_ns, version.number)


def _prove(output: Output, options: UnpackOptions) -> None:
    """Read the new archive from front to back, every bit.

    Raises:
        DamagedError: it is not what it should be; the old one stays.
    """
    with output.reading() as file:
        sink = NullSink()
        unpack(file, sink, options, seekable=True)
    for _, error in sink.outcome.failures:
        raise error
