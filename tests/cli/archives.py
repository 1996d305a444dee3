"""Archives made field by field, or damaged on purpose."""

from collections.abc import Sequence

from blake3 import blake3

from compressor.archive import record, schema
from compressor.archive.leaf import Entry
from compressor.archive.schema import FILE, MAJOR, MINOR, Block, Head
from compressor.archive.writer import ArchiveWriter, VersionLabel, block_draft

FOOTER = record.FOOTER_SIZE


def hostile(names: Sequence[bytes], *, mode: int | None = 0o644, chain: str = "store") -> bytes:
    """Return an archive whose members have these names and hold them too."""
    parts: list[bytes] = []
    head = Head(MAJOR, MINOR, [], [], 1 << 20, 0, 0, 1 << 20, "store")
    writer = ArchiveWriter(lambda data: parts.append(bytes(data)), head)
    content = b"".join(names) or b"?"
    at = writer.block(block_draft(Block(chain, len(content), [], None, 0), [content]))
    entries, start = [], 0
    for name in names:
        spans = [(at, start, len(name))] if name else []
        digest = blake3(name).digest()
        entries.append(Entry(name, FILE, len(name), digest, 0, spans, 10**18, mode))
        start += len(name)
    writer.members(entries)
    writer.finish(VersionLabel())
    return b"".join(parts)


def needing(feature: str) -> bytes:
    """Return an archive that requires a feature."""
    parts: list[bytes] = []
    head = Head(MAJOR, MINOR, [feature], [], 1 << 20, 0, 0, 1 << 20, "store")
    writer = ArchiveWriter(lambda data: parts.append(bytes(data)), head)
    writer.members([Entry(b"a", FILE, 0, blake3(b"").digest(), 0, [], None, None)])
    writer.finish(VersionLabel())
    return b"".join(parts)


def flipped(archive: bytes, at: int, bit: int = 0) -> bytes:
    """Return the archive with one bit turned."""
    damaged = bytearray(archive)
    damaged[at] ^= 1 << bit
    return bytes(damaged)


__all__ = ["FOOTER", "flipped", "hostile", "needing", "schema"]
