"""Leaves of the index: entries of members, stored by columns. Format: docs/format/archive.md, MEMBERS.

Columns of like values pack to half of what rows do: names share their beginnings, modes and owners
repeat, extents follow one another. Hashes can't shrink and stand beside what is packed.
"""

import zlib
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from typing import Annotated, NamedTuple, TypeVar

import msgspec
from msgspec import Meta
from msgspec.structs import replace

from compressor.archive.schema import (
    DEVICES,
    FILE,
    KINDS,
    LINKS,
    MAX_ENTRIES,
    MAX_NAME,
    MAX_PAGE,
    MAX_XATTRS,
    Count,
    Level,
    Members,
    Name,
    Number,
    Signed,
    Span,
    covered,
    pack,
    shown_name,
    unpack,
)
from compressor.errors import DamagedError, UnsupportedError
from compressor.stages.base import Bytes

T = TypeVar("T")

HASH_SIZE = 32  # bytes of BLAKE3
MAX_LEAF = 4 << 20  # bytes of columns: a hostile leaf unfolds to some 100 MB at most
LEAF_SIZE = 1 << 20  # bytes, roughly, from which a writer begins another leaf
ZLIB_LEVEL = 6  # 75 ms for 60,000 entries, 5 % smaller than level 1

Xattrs = tuple[tuple[bytes, bytes], ...]
"""Pairs of name and value, sorted by name."""

Place = tuple[int, int]
"""Offset of a leaf's record, and number of an entry in it from 0."""


class Owner(msgspec.Struct, array_like=True, frozen=True):
    """Whose a member is; None where it was not recorded."""

    uid: Number | None = None
    gid: Number | None = None
    user: Annotated[str, Meta(max_length=256)] | None = None
    group: Annotated[str, Meta(max_length=256)] | None = None


NOBODY = Owner()


class Entry(msgspec.Struct, frozen=True):
    """A member: its name, its content, and what is restored with it.

    ``kept`` is the place of the entry whose content this member still has: one of the same name in an
    earlier version. Until it is looked up, size, hash and extents are empty.
    """

    name: bytes
    kind: int = FILE
    size: int = 0
    content_hash: bytes = b""
    level: int = 0
    spans: list[Span] = []
    mtime_ns: int | None = None
    mode: int | None = None
    owner: Owner = NOBODY
    target: bytes | None = None
    device: tuple[int, int] | None = None
    xattrs: Xattrs = ()
    kept: Place | None = None

    @property
    def shown_name(self) -> str:
        """The name for people."""
        return shown_name(self.name)


class Columns(msgspec.Struct, array_like=True, frozen=True):
    """A leaf as it is stored, one list for each field; see the page for what each number counts."""

    shared: list[Number]
    rests: list[Name]
    kinds: bytes
    mtimes: list[Signed | None]
    modes: list[Annotated[int, Meta(ge=0, le=0o7777)] | None]
    owner_of: list[Number]
    owners: list[Owner]
    xattrs_of: list[Number]
    xattrs: list[Annotated[list[tuple[bytes, bytes]], Meta(max_length=1024)]]
    targets: list[Name]
    devices: list[tuple[Number, Number]]
    kept: list[tuple[Number, Signed, Signed]]
    sizes: list[Count]
    levels: list[Level]
    span_counts: list[Annotated[int, Meta(ge=0, le=MAX_PAGE)]]
    offsets: list[Signed]
    starts: list[Signed]
    lengths: list[Count]
    removed_shared: list[Number]
    removed_rests: list[Name]


def keeps(entry: Entry, origin: Entry) -> bool:
    """Say whether ``entry`` may have the content of ``origin``, an entry of an earlier version."""
    return origin.name == entry.name and origin.kind == FILE and origin.kept is None


def with_content(entry: Entry, origin: Entry) -> Entry:
    """Return ``entry`` with the content of ``origin``."""
    return replace(
        entry,
        size=origin.size,
        content_hash=origin.content_hash,
        level=origin.level,
        spans=origin.spans,
    )


def weight(entry: Entry) -> int:
    """Return how much an entry adds to a leaf's columns, in bytes, not less than it does."""
    extra = sum(len(name) + len(value) + 10 for name, value in entry.xattrs)
    return 128 + len(entry.name) + len(entry.target or b"") + extra + 30 * len(entry.spans)


class PackedLeaf(NamedTuple):
    """The body of a MEMBERS record, and what its meta says of it; sizes in bytes."""

    body: bytes
    plain_size: int
    packed_size: int


def pack_leaf(entries: Sequence[Entry], removed: Sequence[bytes] = ()) -> PackedLeaf:
    """Return entries, and names that the version before had, as a leaf."""
    plain = pack(_columns(entries, removed))
    packed = zlib.compress(plain, ZLIB_LEVEL)
    hashes = b"".join(e.content_hash for e in entries if e.kind == FILE and e.kept is None)
    return PackedLeaf(packed + hashes, len(plain), len(packed))


def _columns(entries: Sequence[Entry], removed: Sequence[bytes]) -> Columns:
    shared, rests = _front_coded([entry.name for entry in entries])
    owners: dict[Owner, int] = {}
    xattrs: dict[Xattrs, int] = {}
    contents = [entry for entry in entries if entry.kind == FILE and entry.kept is None]
    offsets, starts, lengths = _span_columns(contents)
    removed_shared, removed_rests = _front_coded(removed)
    return Columns(
        shared,
        rests,
        bytes(entry.kind for entry in entries),
        [entry.mtime_ns for entry in entries],
        [entry.mode for entry in entries],
        [owners.setdefault(entry.owner, len(owners)) for entry in entries],
        list(owners),
        [xattrs.setdefault(entry.xattrs, len(xattrs)) for entry in entries],
        [list(pairs) for pairs in xattrs],
        [entry.target or b"" for entry in entries if entry.kind in LINKS],
        [entry.device or (0, 0) for entry in entries if entry.kind in DEVICES],
        _kept_column(entries),
        [entry.size for entry in contents],
        [entry.level for entry in contents],
        [len(entry.spans) for entry in contents],
        offsets,
        starts,
        lengths,
        removed_shared,
        removed_rests,
    )


def _front_coded(names: Sequence[bytes]) -> tuple[list[int], list[bytes]]:
    """Return of each name how many bytes it shares with the one before, and its rest."""
    shared, rests, before = [], [], b""
    for name in names:
        common = _common(before, name)
        shared.append(common)
        rests.append(name[common:])
        before = name
    return shared, rests


def _common(a: bytes, b: bytes) -> int:
    size = min(len(a), len(b))
    if a[:size] == b[:size]:
        return size
    low = 0  # the first difference, by halving: comparing slices is quicker than bytes one by one
    while size - low > 1:
        middle = (low + size) // 2
        if a[low:middle] == b[low:middle]:
            low = middle
        else:
            size = middle
    return low


def _span_columns(contents: Sequence[Entry]) -> tuple[list[int], list[int], list[int]]:
    """Return the extents as differences from where one expects them: mostly zeros."""
    offsets, starts, lengths = [], [], []
    at, expected = 0, 0
    for entry in contents:
        for offset, start, length in entry.spans:
            offsets.append(offset - at)
            starts.append(start - (expected if offset == at else 0))
            lengths.append(length)
            at, expected = offset, start + length
        if entry.spans:
            lengths.pop()  # the last one's follows from the size
    return offsets, starts, lengths


def _kept_column(entries: Sequence[Entry]) -> list[tuple[int, int, int]]:
    column: list[tuple[int, int, int]] = []
    number = leaf = index = 0  # what the next one is expected to be
    for at, entry in enumerate(entries):
        if entry.kept is not None:
            column.append((at - number, entry.kept[0] - leaf, entry.kept[1] - index))
            number, leaf, index = at + 1, entry.kept[0], entry.kept[1] + 1
    return column


def unpack_leaf(meta: Bytes, body: Bytes, offset: int) -> tuple[Members, list[Entry], list[bytes]]:
    """Return the content of a MEMBERS record at ``offset``: meta, entries, removed names.

    Raises:
        DamagedError: it breaks its schema or contradicts itself (F-010, F-027, F-034, F-035, F-038,
            F-039, F-048).
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
        names = self._names(self._columns.removed_shared, self._columns.removed_rests)
        if len(names) > MAX_ENTRIES:
            raise _ContradictionError("removes too many names")
        return names

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
        names, before = [], b""
        for common, rest in zip(shared, rests, strict=True):
            if common > len(before) or common + len(rest) > MAX_NAME:
                raise _ContradictionError("shares more of a name than there is")
            before = before[:common] + rest
            names.append(before)
        if any(b"\0" in rest for rest in rests):
            raise _ContradictionError("has a name that holds a NUL")
        return names

    def _targets(self) -> Iterator[bytes | None]:
        targets = iter(self._columns.targets)
        kinds = self._columns.kinds
        _expect(self._columns.targets, sum(map(kinds.count, LINKS)), "its links")
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
    return tuple(pairs)
