"""Leaves of the index, read: columns into entries, every count compared with what it counts.

Format: docs/format/archive.md, MEMBERS. What unfolds from a hostile leaf is bounded before it is made.
"""

import zlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, islice, pairwise
from operator import itemgetter
from typing import TypeVar

from msgspec import Struct

from compressor.archive.leaf import HASH_SIZE, MAX_LEAF, Columns, Entry, Place, Xattrs
from compressor.archive.schema import (
    DEVICES,
    FILE,
    KINDS,
    LINKS,
    MAX_COUNT,
    MAX_ENTRIES,
    MAX_SLASHES,
    MAX_XATTRS,
    Members,
    Span,
    covered,
    fits,
    unpack,
)
from compressor.errors import DamagedError, UnsupportedError
from compressor.stages.base import Bytes

T = TypeVar("T")

LONG = 2 * MAX_SLASHES  # bytes: no shorter name is too deep


def unpack_leaf(meta: Bytes, body: Bytes, offset: int) -> tuple[Members, list[Entry], list[bytes]]:
    """Return the content of a MEMBERS record at ``offset``: meta, entries, removed names.

    Raises:
        DamagedError: it breaks its schema or contradicts itself (F-010, F-027, F-034, F-035, F-038,
            F-048).
        UnsupportedError: a member is of a kind that this release does not know (F-037).
    """
    members = unpack(meta, Members, offset)
    try:
        reader = _reader(members, body, offset)
        return members, reader.entries(), reader.removed()
    except _ContradictionError as error:
        raise DamagedError(f"a leaf {error}", offset=offset) from error


def unpack_contents(meta: Bytes, body: Bytes, offset: int) -> list[Entry]:
    """Return the files of a MEMBERS record that do not keep an earlier content: no more than that.

    They lack their names, and all that is recorded of them beside; raises as ``unpack_leaf`` does.
    """
    try:
        return _reader(unpack(meta, Members, offset), body, offset).contents()
    except _ContradictionError as error:
        raise DamagedError(f"a leaf {error}", offset=offset) from error


def _reader(members: Members, body: Bytes, offset: int) -> "_ColumnReader":
    columns = unpack(_unzipped(members, body), Columns, offset)
    return _ColumnReader(columns, bytes(body[members.packed_size :]), members, offset)


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

    def contents(self) -> list[Entry]:
        """Return the files that have a content of their own, by that alone."""
        found = self._contents()
        rows = zip(found.sizes, found.hashes, found.levels, found.spans, strict=True)
        return [Entry(b"", FILE, *row) for row in rows if row[3]]

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
            _no_nul(text.encode() for text in (owner.user, owner.group) if text)
        contents = self._contents()
        return map(
            Entry,
            self._names(columns.shared, columns.rests, count),
            columns.kinds,
            contents.sizes,
            contents.hashes,
            contents.levels,
            contents.spans,
            columns.mtimes,
            columns.modes,
            _looked_up(columns.owner_of, columns.owners),
            self._targets(),
            self._devices(),
            _looked_up(columns.xattrs_of, xattrs),
            contents.kept,
        )

    def _names(
        self, shared: list[int], rests: list[bytes], count: int | None = None
    ) -> list[bytes]:
        _expect(shared, len(rests) if count is None else count, "its names")
        _expect(rests, len(shared), "its names")
        names, before, size = [], b"", 0
        length = 0  # of the one before
        for common, rest in zip(shared, rests, strict=True):
            if common > length:
                raise _ContradictionError("shares more of a name than there is")
            before = before[:common] + rest
            length = len(before)
            size += length
            if size > MAX_LEAF or (length > LONG and not fits(before)):
                raise _ContradictionError("has longer names than there may be")
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

    def _contents(self) -> "_Contents":
        columns, kept = self._columns, self._kept()
        own = [
            number
            for number, kind in enumerate(columns.kinds)
            if kind == FILE and number not in kept
        ]
        for column in (columns.sizes, columns.levels, columns.span_counts):
            _expect(column, len(own), "its files")
        _expect(self._hashes, len(own) * HASH_SIZE, "its files")
        found = _Contents.empty(self._count)
        starts = range(0, len(self._hashes), HASH_SIZE)
        hashes = [self._hashes[at : at + HASH_SIZE] for at in starts]
        rows = zip(own, columns.sizes, hashes, columns.levels, self._spans(), strict=True)
        for number, size, digest, level, spans in rows:
            found.sizes[number] = size
            found.hashes[number] = digest
            found.levels[number] = level
            found.spans[number] = spans
        for number, place in kept.items():
            found.kept[number] = place
        return found

    def _spans(self) -> Iterator[list[Span]]:
        """Yield the extents of each file; those of all are made and checked at once, which is quicker."""
        columns = self._columns
        total = sum(columns.span_counts)
        _expect(columns.offsets, total, "its extents")
        _expect(columns.starts, total, "its extents")
        _expect(columns.lengths, total - sum(map(bool, columns.span_counts)), "its extents")
        lengths = self._lengths()
        offsets = accumulate(columns.offsets)
        spans = list(zip(offsets, self._starts(lengths), lengths, strict=True))
        in_order = iter(spans)
        each = [list(islice(in_order, count)) for count in columns.span_counts]
        if spans:
            self._check(spans, each)
        return iter(each)

    def _lengths(self) -> list[int]:
        """Return the length of each extent; that of a member's last one follows from its size."""
        columns, given = self._columns, iter(self._columns.lengths)
        lengths: list[int] = []
        for size, count in zip(columns.sizes, columns.span_counts, strict=True):
            left = size
            if count > 1:
                first = list(islice(given, count - 1))
                lengths += first
                left -= sum(first)
            if count:
                lengths.append(left)
            elif left:
                raise _ContradictionError("has a member whose size is not that of its extents")
        return lengths

    def _starts(self, lengths: list[int]) -> Iterator[int]:
        expected = 0
        for step, start, length in zip(
            self._columns.offsets, self._columns.starts, lengths, strict=True
        ):
            if not step:
                start += expected
            yield start
            expected = start + length

    def _check(self, spans: list[Span], each: list[list[Span]]) -> None:
        """Refuse extents that are none; their lengths are above 0 and add up to sizes, so none is large."""
        offsets, starts, lengths = (list(map(itemgetter(part), spans)) for part in range(3))
        plain = min(offsets) > 0 <= min(starts) and min(lengths) > 0
        if plain and max(offsets) <= MAX_COUNT and max(starts) <= MAX_COUNT:
            return
        for level, extents in zip(self._columns.levels, each, strict=True):  # a hole, or damage
            covered(level, 0, extents, self._offset)


class _Contents(Struct, frozen=True):
    """What entries say of content: a list for each field, an item for each entry."""

    sizes: list[int]
    hashes: list[bytes]
    levels: list[int]
    spans: list[list[Span]]
    kept: list[Place | None]

    @classmethod
    def empty(cls, count: int) -> "_Contents":
        """Return that of ``count`` entries that have none."""
        return cls([0] * count, [b""] * count, [0] * count, [[]] * count, [None] * count)


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


def _no_nul(names: Iterable[bytes]) -> None:
    """Refuse a NUL, which no system takes in a name (F-035)."""
    if b"\0" in b"".join(names):
        raise _ContradictionError("has a name that holds a NUL")
