"""Writes an archive record by record, without ever seeking. Format: docs/format/archive.md.

Its memory is bounded: one leaf, and the pages that ``pages`` bounds.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from blake3 import blake3
from msgspec.structs import replace

from compressor.archive import record, schema
from compressor.archive.leaf import LEAF_SIZE, Entry, pack_leaf, weight
from compressor.archive.names import leaf_ref, page_ref
from compressor.archive.pages import PageWriter
from compressor.archive.record import Draft, Kind, draft
from compressor.archive.schema import MAX_ENTRIES, MAX_LEVEL, LeafRef, Span
from compressor.errors import LimitError, UsageError
from compressor.stages.base import Bytes

Write = Callable[[Bytes], object]


@dataclass(frozen=True, slots=True)
class VersionLabel:
    """What the user says of a version."""

    label: str = ""
    time_ns: int = 0


@dataclass(frozen=True, slots=True)
class Before:
    """What a version is appended to. Offsets count from the archive's first byte.

    ``kept`` lists the leaves that stay, as items of ROOT; ``leaf_hashes`` has the hash of each leaf, in
    the order of their offsets. Lists grow by one in height each time that they overflow: who appends
    keeps leaves where they have become high, else LimitError ends it at ``schema.MAX_LEVEL``.
    """

    offset: int
    footer: int
    number: int
    kept: Sequence[LeafRef]
    leaf_hashes: Sequence[bytes]


class ArchiveWriter:
    """One version of an archive. Calls come in the order of the records; ``finish`` is the last.

    Without ``before`` it is the first, and the magic is written; else the bytes go behind a FOOTER.
    """

    def __init__(self, write: Write, head: schema.Head, before: Before | None = None) -> None:
        self._write = write
        self._before = before
        self._pending: list[Entry] | None = None  # written once it is known whether it is the last
        self._leaf_hashes = blake3()
        self._names: set[bytes] = set()
        self._member = 0  # ordinal of the next member
        self._open: _OpenMember | None = None
        self._leaves: PageWriter[LeafRef] = PageWriter(self._root_page)
        if before is None:
            self._offset = len(record.MAGIC)
            write(record.MAGIC)
        else:
            self._offset = before.offset
            for digest in before.leaf_hashes:
                self._leaf_hashes.update(digest)
            head = replace(head, previous=before.offset - before.footer)
        self._put(draft(Kind.HEAD, schema.pack(head)))
        for item in before.kept if before else ():
            self._leaves.add(item)

    @property
    def offset(self) -> int:
        """Bytes of the archive so far."""
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
        self._flush_leaf()
        return self._put(item)

    def open_member(self, name: bytes) -> int:
        """Begin a file larger than a block; return its ordinal."""
        self._flush_leaf()
        opened = schema.Open(self._member, name, schema.FILE)
        self._put(draft(Kind.OPEN, schema.pack(opened)))
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
        """Write a leaf, or several: members whose blocks are all written."""
        for leaf in _leaves(entries):
            self._flush_leaf()
            self._member += len(leaf)
            self._pending = leaf

    def removed(self, names: Sequence[bytes]) -> None:
        """Write names that the version before had and this one has not."""
        for leaf in _leaves([Entry(name) for name in names]):
            self._flush_leaf()
            if leaf:
                self._leaf([], [entry.name for entry in leaf])

    def _flush_leaf(self) -> None:
        pending, self._pending = self._pending, None
        if pending is not None:
            self._leaf(pending)

    def _leaf(
        self, entries: list[Entry], removed: Sequence[bytes] = (), label: VersionLabel | None = None
    ) -> int:
        leaf = pack_leaf(entries, removed)
        self._leaf_hashes.update(blake3(leaf.body).digest())
        meta = schema.Members(len(entries), leaf.plain_size, leaf.packed_size, self._version(label))
        offset = self._put(draft(Kind.MEMBERS, schema.pack(meta), leaf.body))
        if entries or label:
            self._leaves.add(leaf_ref(offset, entries))
        return offset

    def _version(self, label: VersionLabel | None) -> schema.Version | None:
        if label is None:
            return None
        number = self._before.number + 1 if self._before else 1
        return schema.Version(number, label.label, label.time_ns, self._leaf_hashes.digest())

    def _root_page(self, _level: int, items: list[LeafRef]) -> LeafRef:
        if max(item.height for item in items) >= MAX_LEVEL:  # none could list this one
            raise LimitError("the lists of the index are too deep; keep leaves, not lists of them")
        return page_ref(self._root(items), items)

    def _root(self, items: list[LeafRef]) -> int:
        return self._put(draft(Kind.ROOT, schema.pack(schema.Root(items))))

    def pad(self, size: int) -> None:
        """Write a PAD record of ``size`` bytes in all (at least 40)."""
        self._flush_leaf()
        self._put(draft(Kind.PAD, b"", bytes(size - record.HEADER_SIZE - record.CHECK_SIZE)))

    def finish(self, label: VersionLabel, sync: Callable[[], object] | None = None) -> None:
        """Write the last leaf, the root and the footer; ``sync`` stands between: then it is complete."""
        pending, self._pending = self._pending, None
        last_leaf = self._leaf(pending or [], (), label)
        if sync is not None:
            sync()
        _, items = self._leaves.finish()
        root = self._root(items)
        previous = self._before.footer if self._before else 0
        footer = schema.pack_footer(schema.Footer(root, last_leaf, previous))
        self._put(draft(Kind.FOOTER, b"", footer))


def _leaves(entries: Sequence[Entry]) -> "list[list[Entry]]":
    """Return the entries in leaves of a size that readers take."""
    leaves: list[list[Entry]] = [[]]
    size = 0
    for entry in entries:
        size += weight(entry)
        if leaves[-1] and (size > LEAF_SIZE or len(leaves[-1]) == MAX_ENTRIES):
            leaves.append([])
            size = weight(entry)
        leaves[-1].append(entry)
    return leaves


class _OpenMember:
    """A member whose blocks are being written."""

    def __init__(self, ordinal: int, emit: Callable[[int, list[Span]], Span]) -> None:
        self.ordinal = ordinal
        self.position = 0
        self.pages: PageWriter[Span] = PageWriter(emit)


def block_draft(block: schema.Block, parts: Sequence[Bytes]) -> Draft:
    """Return a BLOCK to be placed; made in the thread that packed it, because the check takes time."""
    return draft(Kind.BLOCK, schema.pack(block), *parts)
