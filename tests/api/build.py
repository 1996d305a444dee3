"""Archives for these tests: of several members, with holes, without an end."""

import io
from collections.abc import Iterable

from compressor.archive.leaf import Entry
from compressor.archive.record import Kind, Record
from compressor.archive.source import Source
from compressor.archive.stream import RecordStream
from compressor.engine.pack import Packer
from compressor.engine.packoptions import PackOptions
from compressor.stages import chain as chains
from compressor.tree.inputs import Hole


def archive_of(
    members: Iterable[tuple[bytes, bytes]], *, codec: str = "zstd", block_size: int = 1 << 16
) -> bytes:
    """Return one archive of members, each a name and a content."""
    parts: list[bytes] = []
    packer = Packer(
        lambda data: parts.append(bytes(data)),
        PackOptions(chains.parse(codec), block_size, threads=1),
    )
    for name, content in members:
        size = packer.block_size
        pieces = [bytearray(content[at : at + size]) for at in range(0, len(content), size)]
        packer.add(Entry(name, mtime_ns=1_700_000_000_000_000_000, mode=0o640), pieces)
    packer.finish()
    return b"".join(parts)


def archive_with_a_hole(size: int, *, before: bytes = b"", after: bytes = b"") -> bytes:
    """Return an archive of one member with ``size`` zero bytes that nobody stores."""
    parts: list[bytes] = []
    packer = Packer(
        lambda data: parts.append(bytes(data)), PackOptions(chains.parse("store"), threads=1)
    )
    packer.begin(Entry(b"sparse"))
    for piece in (bytearray(before), Hole(size), bytearray(after)):
        if isinstance(piece, Hole) or piece:
            packer.feed(piece)
    packer.end()
    packer.finish()
    return b"".join(parts)


def offset_of(archive: bytes, kind: Kind) -> int:
    """Return where the first record of a kind begins."""
    for records in RecordStream(Source(io.BytesIO(archive))).archives():
        for record in records:
            if isinstance(record, Record) and record.header.kind == kind:
                return record.header.offset
    raise LookupError(kind)


def without_end(archive: bytes) -> bytes:
    """Return the archive cut behind its last leaf: whole, but for root and footer."""
    return archive[: offset_of(archive, Kind.ROOT)]
