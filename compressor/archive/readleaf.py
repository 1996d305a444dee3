"""Leaves of the index, read: columns into entries, every count compared with what it counts.

Format: docs/format/archive.md, MEMBERS. What unfolds from a hostile leaf is bounded before it is made.
"""

import zlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice, pairwise
from typing import TypeVar

from compressor.archive.leaf import HASH_SIZE, MAX_LEAF, Columns, Entry, Place, Xattrs
from compressor.archive.schema import (
    DEVICES,
    FILE,
    KINDS,
    LINKS,
    MAX_ENTRIES,
    MAX_NAME,
    MAX_XATTRS,
    Members,
    Span,
    covered,
    unpack,
)
from compressor.errors import DamagedError, UnsupportedError
from compressor.stages.base import Bytes

T = TypeVar("T")


def unpack_leaf(meta: Bytes, body: Bytes, offset: int) -> tuple[Members, list[Entry], list[bytes]]:
    """Return the content of a MEMBERS record at ``offset``: meta, entries, removed names.

    Raises:
        DamagedError: it breaks its schema or contradicts itself (F-010, F-027, F-034, F-035, F-038,
            F-048).
        UnsupportedError: a member is of a kind that this release does not know (F-037).
    """
    members = unpack(meta, Members, offset)
    try:
        columns = unpack(_unzipped(members, body), Columns, offset)
        reader = _ColumnReader(columns, bytes(body[members.packed_size :]), members, offset)
        return members, reader.entries(), reader.removed()
    except _ContradictionError as error:
        raise DamagedError(f"a leaf {error}", offset=offset) from error


class _ContradictionError(Exception):
    """What a leaf says contradicts itself."""


def _unzipped(members: Members, body: Bytes) -> bytes:
    if members.plain_size > MAX_LEAF or members.packed_size > len(body):
        raise _ContradictionError("is larger than leaves may be")
    inflater = zlib.decompressobj()
    try:
        plain = inflater.decompress(body[: members.packed_size], members.plain_size + 1)
    except zlib.error as error:
        raise _ContradictionError("can't be inflated") from error
    if len(plain) != members.plain_size or not inflater.eof or inflater.unused_data:
        raise _ContradictionError("has not the size it declares")
    return plain


class _ColumnReader:
    """Turns columns into entries; every count is compared with what it counts."""

    def __init__(self, columns: Columns, hashes: bytes, members: Members, offset: int) -> None:
        self._columns = columns
        self._hashes = hashes
        self._count = members.count
        self._offset = offset

    def removed(self) -> list[bytes]:
        """Return the names that the version before had and this one has not."""
        return self._names(self._columns.removed_shared, self._columns.removed_rests)

    def entries(self) -> list[Entry]:
        """Return the members."""
        kinds = self._columns.kinds
        _expect(kinds, self._count, "its members")
        if unknown := set(kinds) - KINDS:
            raise UnsupportedError(
                f"a member needs feature 'kind {min(unknown)}', "
                "which this release does not have; read it with a newer one"
            )
        return list(self._entries())

    def _entries(self) -> Iterator[Entry]:
        columns, count = self._columns, self._count
        for column in (columns.mtimes, columns.modes, columns.owner_of, columns.xattrs_of):
            _expect(column, count, "its members")
        xattrs = [_sorted_xattrs(pairs) for pairs in columns.xattrs]
        for owner in columns.owners:
            _no_nul((owner.user, owner.group))
        rows = zip(
            self._names(columns.shared, columns.rests, count),
            columns.kinds,
            self._contents(),
            columns.mtimes,
            columns.modes,
            _looked_up(columns.owner_of, columns.owners),
            self._targets(),
            self._devices(),
            _looked_up(columns.xattrs_of, xattrs),
            strict=True,
        )
        for name, kind, content, mtime_ns, mode, owner, target, device, pairs in rows:
            size, digest, level, spans, kept = content
            yield Entry(
                name,
                kind,
                size,
                digest,
                level,
                spans,
                mtime_ns,
                mode,
                owner,
                target,
                device,
                pairs,
                kept,
            )

    def _names(
        self, shared: list[int], rests: list[bytes], count: int | None = None
    ) -> list[bytes]:
        _expect(shared, len(rests) if count is None else count, "its names")
        _expect(rests, len(shared), "its names")
        names, before, size = [], b"", 0
        for common, rest in zip(shared, rests, strict=True):
            size += common + len(rest)
            if common > len(before) or common + len(rest) > MAX_NAME or size > MAX_LEAF:
                raise _ContradictionError("shares more of a name than there is, or may be")
            before = before[:common] + rest
            names.append(before)
        _no_nul(rests)
        return names

    def _targets(self) -> Iterator[bytes | None]:
        targets = iter(self._columns.targets)
        kinds = self._columns.kinds
        _expect(self._columns.targets, sum(map(kinds.count, LINKS)), "its links")
        _no_nul(self._columns.targets)
        for kind in kinds:
            yield next(targets) if kind in LINKS else None

    def _devices(self) -> Iterator[tuple[int, int] | None]:
        devices = iter(self._columns.devices)
        kinds = self._columns.kinds
        _expect(self._columns.devices, sum(map(kinds.count, DEVICES)), "its devices")
        for kind in kinds:
            yield next(devices) if kind in DEVICES else None

    def _kept(self) -> dict[int, Place]:
        found: dict[int, Place] = {}
        number = leaf = index = 0
        for gap, leaf_step, index_step in self._columns.kept:
            number, leaf, index = number + gap, leaf + leaf_step, index + index_step
            if not 0 < leaf < self._offset or not 0 <= index < MAX_ENTRIES:
                raise _ContradictionError("keeps content of what does not stand before it")
            if number >= self._count or self._columns.kinds[number] != FILE:
                raise _ContradictionError("keeps content of what is no file")
            found[number] = leaf, index
            number, index = number + 1, index + 1
        return found

    def _contents(self) -> Iterator[tuple[int, bytes, int, list[Span], Place | None]]:
        columns, kept = self._columns, self._kept()
        files = columns.kinds.count(FILE) - len(kept)
        for column in (columns.sizes, columns.levels, columns.span_counts):
            _expect(column, files, "its files")
        _expect(self._hashes, files * HASH_SIZE, "its files")
        spans = self._spans()
        own = zip(columns.sizes, columns.levels, spans, strict=True)
        hashes, at = self._hashes, 0
        for number, kind in enumerate(columns.kinds):
            if kind != FILE:
                yield 0, b"", 0, [], None
            elif number in kept:
                yield 0, b"", 0, [], kept[number]
            else:
                size, level, extents = next(own)
                yield size, hashes[at : at + HASH_SIZE], level, extents, None
                at += HASH_SIZE

    def _spans(self) -> Iterator[list[Span]]:
        columns = self._columns
        total = sum(columns.span_counts)
        _expect(columns.offsets, total, "its extents")
        _expect(columns.starts, total, "its extents")
        _expect(columns.lengths, total - sum(map(bool, columns.span_counts)), "its extents")
        steps = zip(columns.offsets, columns.starts, strict=True)
        lengths = iter(columns.lengths)
        at, expected = 0, 0
        for size, level, count in zip(
            columns.sizes, columns.levels, columns.span_counts, strict=True
        ):
            extents: list[Span] = []
            left = size
            for (offset_step, start_step), length in zip(
                islice(steps, count),
                chain(islice(lengths, count - 1 if count else 0), (None,)),
                strict=False,
            ):
                offset = at + offset_step
                start = start_step + (expected if not offset_step else 0)
                taken = left if length is None else length
                left -= taken
                at, expected = offset, start + taken
                extents.append((offset, start, taken))
            if (left and count == 0) or covered(level, 0, extents, self._offset) != size:
                raise _ContradictionError("has a member whose size is not that of its extents")
            yield extents


def _expect(column: Sequence[object], count: int, what: str) -> None:
    if len(column) != count:
        raise _ContradictionError(f"has a column that does not fit {what}")


def _looked_up(numbers: list[int], values: Sequence[T]) -> Iterator[T]:
    try:
        return iter([values[number] for number in numbers])
    except IndexError:
        raise _ContradictionError("refers to an owner or attributes that it lacks") from None


def _sorted_xattrs(pairs: list[tuple[bytes, bytes]]) -> Xattrs:
    if sum(len(name) + len(value) for name, value in pairs) > MAX_XATTRS:
        raise _ContradictionError("has a member with more attributes than there may be")
    names = [name for name, _ in pairs]
    if any(a >= b for a, b in pairwise(names)):
        raise _ContradictionError("has attributes out of order")
    _no_nul(names)
    return tuple(pairs)


def _no_nul(names: Iterable[bytes | str | None]) -> None:
    """Refuse a NUL, which no system takes in a name (F-035)."""
    for name in names:
        if name and ("\0" if isinstance(name, str) else b"\0") in name:  # type: ignore[operator]
            raise _ContradictionError("has a name that holds a NUL")
