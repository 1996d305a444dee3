"""Writes an archive record by record, without ever seeking. Format: docs/format/archive.md.

Its memory is bounded: one leaf, and the pages that ``pages`` bounds.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from blake3 import blake3
from msgspec.structs import replace

from compressor.archive import record, schema
from compressor.archive.names import leaf_ref, page_ref
from compressor.archive.pages import PageWriter
from compressor.archive.record import Draft, Kind, draft
from compressor.archive.schema import Entry, LeafRef, Span
from compressor.errors import UsageError
from compressor.stages.base import Bytes

Write = Callable[[Bytes], object]


@dataclass(frozen=True, slots=True)
class VersionLabel:
    """What the user says of a version."""

    label: str = ""
    time_ns: int = 0


class ArchiveWriter:
    """One archive of one version. Calls come in the order of the records; ``finish`` is the last."""

    def __init__(self, write: Write, head: schema.Head) -> None:
        self._write = write
        self._offset = len(record.MAGIC)
        self._leaf: list[Entry] | None = None  # written once it is known whether it is the last
        self._leaves: PageWriter[LeafRef] = PageWriter(self._root_page)
        self._leaf_hashes = blake3()
        self._names: set[bytes] = set()
        self._member = 0  # ordinal of the next member
        self._open: _OpenMember | None = None
        write(record.MAGIC)
        self._put(draft(Kind.HEAD, schema.pack(head)))

    @property
    def offset(self) -> int:
        """Bytes written so far."""
        return self._offset

    def _put(self, item: Draft) -> int:
        offset = self._offset
        self._write(record.header_bytes(item, offset) + item.meta)
        for part in item.parts:
            self._write(part)
        self._write(item.check)
        self._offset += item.size
        return offset

    def claim(self, name: bytes) -> None:
        """Take a name for a member.

        Raises:
            UsageError: another member has it, or no member can.
        """
        if len(name) > schema.MAX_NAME or b"\0" in name:
            raise UsageError(
                f"a member's name has at most {schema.MAX_NAME} bytes, and none is NUL: "
                f"{name[:60].decode(errors='backslashreplace')!r}"
            )
        if name in self._names:
            raise UsageError(
                f"two members would be named {name.decode(errors='backslashreplace')!r}"
            )
        self._names.add(name)

    def block(self, item: Draft) -> int:
        """Write a BLOCK made by ``block_draft``; return its offset."""
        self._flush_leaf(None)
        return self._put(item)

    def open_member(self, name: bytes, kind: int) -> int:
        """Begin a member larger than a block; return its ordinal."""
        self._flush_leaf(None)
        self._put(draft(Kind.OPEN, schema.pack(schema.Open(self._member, name, kind))))
        self._open = _OpenMember(self._member, self._extents_page)
        return self._member

    def extents(self, spans: list[Span]) -> None:
        """Write the next part of the open member's content: extents of blocks already written."""
        member = self._opened()
        first = schema.Extents(member.ordinal, 0, member.position, spans)
        offset = self._put(draft(Kind.EXTENTS, schema.pack(first)))
        member.pages.add((offset, member.position, first.length), 1)
        member.position += first.length

    def _extents_page(self, level: int, spans: list[Span]) -> Span:
        position, length = spans[0][1], sum(span[2] for span in spans)
        page = schema.Extents(self._opened().ordinal, level, position, spans)
        return self._put(draft(Kind.EXTENTS, schema.pack(page))), position, length

    def _opened(self) -> "_OpenMember":
        if self._open is None:
            raise UsageError("no member is open")
        return self._open

    def close_member(self, entry: Entry) -> None:
        """End the open member; the writer fills in where its content is."""
        level, spans = self._opened().pages.finish()
        self._open = None
        self.members([replace(entry, level=level, spans=spans)])

    def members(self, entries: Sequence[Entry]) -> None:
        """Write a leaf: members whose blocks are all written."""
        self._flush_leaf(None)
        self._member += len(entries)
        self._leaf = list(entries)

    def _flush_leaf(self, version: VersionLabel | None) -> int:
        leaf, self._leaf = self._leaf, None
        if leaf is None and version is None:
            return 0
        leaf = leaf or []
        body = schema.pack(leaf)
        self._leaf_hashes.update(blake3(body).digest())
        meta = schema.pack(schema.Members(len(leaf), self._version(version)))
        offset = self._put(draft(Kind.MEMBERS, meta, body))
        self._leaves.add(leaf_ref(offset, leaf))
        return offset

    def _version(self, label: VersionLabel | None) -> schema.Version | None:
        if label is None:
            return None
        return schema.Version(1, label.label, label.time_ns, self._leaf_hashes.digest(), [])

    def _root_page(self, level: int, items: list[LeafRef]) -> LeafRef:
        offset = self._put(draft(Kind.ROOT, schema.pack(schema.Root(level, items))))
        return page_ref(offset, items)

    def pad(self, size: int) -> None:
        """Write a PAD record of ``size`` bytes in all (at least 40)."""
        self._flush_leaf(None)
        self._put(draft(Kind.PAD, b"", bytes(size - record.HEADER_SIZE - record.CHECK_SIZE)))

    def finish(self, version: VersionLabel) -> None:
        """Write the last leaf, the root and the footer."""
        last_leaf = self._flush_leaf(version)
        level, items = self._leaves.finish()
        root = self._root_page(level, items).offset
        footer = schema.pack_footer(schema.Footer(root, last_leaf, 0))
        self._put(draft(Kind.FOOTER, b"", footer))


class _OpenMember:
    """A member whose blocks are being written."""

    def __init__(self, ordinal: int, emit: Callable[[int, list[Span]], Span]) -> None:
        self.ordinal = ordinal
        self.position = 0
        self.pages: PageWriter[Span] = PageWriter(emit)


def block_draft(block: schema.Block, parts: Sequence[Bytes]) -> Draft:
    """Return a BLOCK to be placed; made in the thread that packed it, because the check takes time."""
    return draft(Kind.BLOCK, schema.pack(block), *parts)
