"""Hard links that stay in an archive while the file that they link to is replaced or removed."""

from collections.abc import Iterator, Set
from itertools import groupby

from msgspec.structs import replace

from compressor.archive.leaf import Entry, without_content
from compressor.archive.names import name_key
from compressor.archive.schema import FILE, HARDLINK
from compressor.engine.access import SeekableArchive
from compressor.engine.pack import Packer
from compressor.engine.previous import Previous
from compressor.stages.base import Bytes


def orphans(previous: Previous, replaced: Set[bytes], gone: Set[bytes]) -> Iterator[list[Entry]]:
    """Yield the links to each file whose content is ``gone``, but for those that are ``replaced``."""
    found = [
        entry
        for entry, _ in previous.members.values()
        if entry.kind == HARDLINK and entry.target in gone and entry.name not in replaced
    ]
    found.sort(key=lambda entry: (entry.target or b"", name_key(entry.name)))
    for _, links in groupby(found, lambda entry: entry.target):
        yield list(links)


def adopt(packer: Packer, previous: Previous, archive: SeekableArchive, links: list[Entry]) -> None:
    """Add links that have lost their file: the first has its content and metadata from now on."""
    first = links[0]
    file, _ = previous.members[first.target or b""]
    if file.kind != FILE:  # a link to nothing, as before
        return
    pieces = _cut(archive.pieces(previous.index, file), packer.piece_size)
    packer.add(replace(without_content(file), name=first.name), pieces)
    for link in links[1:]:
        packer.add_plain(replace(link, target=first.name))
    for link in links:
        previous.drop(link.name)


def _cut(content: Iterator[Bytes], size: int) -> Iterator[bytearray]:
    """Yield the same bytes in pieces of one size; the last may be smaller."""
    piece = bytearray()
    for part in content:
        piece += part
        while len(piece) >= size:
            yield piece[:size]
            del piece[:size]
    if piece:
        yield piece
