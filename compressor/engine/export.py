"""An archive into a tar file: what one version holds, in order, hard links behind what they lead to."""

from collections.abc import Callable, Iterator

from compressor.archive.index import Index
from compressor.archive.leaf import Entry
from compressor.archive.schema import FILE, HARDLINK
from compressor.engine.access import SeekableArchive
from compressor.engine.member import KINDS
from compressor.errors import UsageError
from compressor.formats.members import Kind, Member
from compressor.formats.tarwrite import END, RECORD, header, padding
from compressor.stages.base import Bytes

Write = Callable[[Bytes], object]


class TarWriter:
    """A tar file being written: its bytes so far, how many members, and the bytes of their contents."""

    def __init__(self, write: Write) -> None:
        self._write = write
        self.size = 0
        self.members = 0
        self.plain_size = 0

    def _give(self, data: Bytes) -> None:
        self._write(data)
        self.size += len(data)

    def add(self, archive: SeekableArchive, index: Index, entry: Entry) -> None:
        """Add a member.

        Raises:
            DamagedError: its content is damaged; the file can't be finished.
        """
        data = _data(index, entry) if entry.kind == FILE else None
        self._give(header(_member(entry, data)))
        if entry.kind == FILE:
            begun = self.size
            for piece in _without_holes(archive.pieces(index, entry), data):
                self._give(piece)
            self._give(padding(self.size - begun))
        self.members += 1
        self.plain_size += entry.size

    def end(self) -> None:
        """Write the end."""
        self._give(END)
        self._give(bytes(-self.size % RECORD))


def export(archive: SeekableArchive, write: Write) -> TarWriter:
    """Write all members as a tar file; return what was written.

    Raises:
        DamagedError: a member is damaged.
        UsageError: a member has no name.
    """
    writer = TarWriter(write)
    links: list[tuple[Index, Entry]] = []
    for index, entry in archive.entries():
        if not entry.name:
            raise UsageError(
                "a member has no name (it was piped): `decompress -c` gives its content"
            )
        if entry.kind == HARDLINK:
            links.append((index, entry))
        else:
            writer.add(archive, index, entry)
    for index, entry in links:
        writer.add(archive, index, entry)
    writer.end()
    return writer


def _member(entry: Entry, data: list[tuple[int, int]] | None) -> Member:
    owner = entry.owner
    return Member(
        entry.name,
        Kind(KINDS[entry.kind]),
        entry.size,
        entry.mode,
        entry.mtime_ns,
        owner.uid,
        owner.gid,
        owner.user,
        owner.group,
        entry.target,
        entry.device,
        entry.xattrs,
        data,
    )


def _data(index: Index, entry: Entry) -> list[tuple[int, int]] | None:
    """Return where a file has data, None where that is everywhere."""
    found: list[tuple[int, int]] = []
    holes = False
    for at, (offset, _, length) in index.spans(entry):
        if not offset:
            holes = True
        elif found and sum(found[-1]) == at:
            found[-1] = found[-1][0], found[-1][1] + length
        else:
            found.append((at, length))
    return found if holes else None


def _without_holes(pieces: Iterator[Bytes], data: list[tuple[int, int]] | None) -> Iterator[Bytes]:
    """Yield what of the pieces lies in ``data``; a piece lies in one of these, or in a hole."""
    if data is None:
        yield from pieces
        return
    rest = iter(data)
    begin, length = next(rest, (0, 0))
    at = 0
    for piece in pieces:
        while at >= begin + length and (following := next(rest, None)) is not None:
            begin, length = following
        if begin <= at < begin + length:
            yield piece
        at += len(piece)
