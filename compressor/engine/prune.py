"""The last versions of an archive, rewritten without what only earlier ones needed."""

from collections.abc import Callable, Iterator
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from compressor.archive.index import Index
from compressor.archive.leaf import LEAF_SIZE, Entry
from compressor.archive.record import Kind
from compressor.archive.schema import Base, Block, Head, Span, unpack_block
from compressor.archive.writer import VersionLabel
from compressor.engine.archivefile import ArchiveFile, locked
from compressor.engine.reading import UnpackOptions
from compressor.engine.rewriteversions import rewrite
from compressor.engine.sinks import NullSink
from compressor.engine.unpack import unpack
from compressor.errors import UsageError
from compressor.stages.base import Bytes
from compressor.tree.outputs import Output, opened_output
from compressor.tree.permissions import access_of, shared_permissions


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
        versions = list(file.index().versions())[::-1]
        before = versions[-1].end
        if keep >= len(versions):
            return Pruned(len(versions), 0, before, before)
        with opened_output(path, force=True) as output:
            if not isinstance(output, Output):
                raise UsageError("a device can't be pruned")
            size = rewrite([_Old(version, before) for version in versions[-keep:]], output)
            _prove(output, options)
            _commit(file, output)
        return Pruned(keep, len(versions) - keep, before, size)


def _commit(old: ArchiveFile, output: Output) -> None:
    status = old.status()
    _, owner = shared_permissions([access_of(status)])
    output.commit(mode=status.st_mode & 0o7777, mtime_ns=status.st_mtime_ns, sync=True, owner=owner)


class _Old(Struct, frozen=True):
    """A version that stays, of an archive of ``size`` bytes."""

    index: Index
    size: int

    @property
    def head(self) -> Head:
        """What it declares: to reach as far as what is written could, leaves packed a little worse."""
        head = self.index.head
        return replace(head, reach=self.size + self.size // 16 + LEAF_SIZE if head.reach else 0)

    @property
    def label(self) -> VersionLabel:
        """What it is called."""
        version = self.index.version()
        return VersionLabel(version.label, version.time_ns, version.number)

    def leaves(self) -> Iterator[list[Entry]]:
        """Yield its members."""
        return map(self.index.listed, self.index.leaves())

    def spans(self, entry: Entry) -> Iterator[Span]:
        """Yield the extents of a member."""
        return (span for _, span in self.index.spans(entry))

    def says(self, offset: int) -> Block | Base:
        """Return what the BLOCK, or the BASE, at an offset says."""
        return self.index.says(offset)

    def read(self, offset: int) -> tuple[Block, Bytes]:
        """Return what the BLOCK at an offset says, and its packed bytes."""
        meta, body = self.index.record(offset, Kind.BLOCK).checked()
        return unpack_block(meta, body, offset), body


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
