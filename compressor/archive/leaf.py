"""Leaves of the index: entries of members, stored by columns. Format: docs/format/archive.md, MEMBERS.

Columns of like values pack to half of what rows do: names share their beginnings, modes and owners
repeat, extents follow one another. Hashes can't shrink and stand beside what is packed.
"""

import zlib
from collections.abc import Sequence
from typing import Annotated, NamedTuple, TypeVar

import msgspec
from msgspec import Meta
from msgspec.structs import replace

from compressor.archive.schema import (
    DEVICES,
    FILE,
    LINKS,
    MAX_ENTRIES,
    MAX_PAGE,
    Count,
    Level,
    Name,
    Number,
    Signed,
    Span,
    Time,
    pack,
    shown_name,
    unpack,
)
from compressor.errors import DamagedError, UsageError
from compressor.kernels.prefixes import front_coded

T = TypeVar("T")

HASH_SIZE = 32  # bytes of BLAKE3
MAX_LEAF = 2 << 20  # bytes of columns, and of all its names: a hostile leaf unfolds to 140 MB
LEAF_SIZE = 1 << 20  # bytes, roughly, from which a writer begins another leaf
ZLIB_LEVEL = 6  # 75 ms for 60,000 entries, 5 % smaller than level 1

Xattrs = tuple[tuple[bytes, bytes], ...]
"""Pairs of name and value, sorted by name."""

Pairs = Annotated[list[tuple[bytes, bytes]], Meta(max_length=1024)]

Place = tuple[int, int]
"""Offset of a leaf's record, and number of an entry in it from 0."""


class Owner(msgspec.Struct, array_like=True, frozen=True):
    """Whose a member is; None where it was not recorded."""

    uid: Number | None = None
    gid: Number | None = None
    user: Annotated[str, Meta(max_length=256)] | None = None
    group: Annotated[str, Meta(max_length=256)] | None = None


NOBODY = Owner()


class Entry(msgspec.Struct, frozen=True, gc=False):  # a quarter less time to read an index
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


PerEntry = Meta(max_length=MAX_ENTRIES)  # of whatever an entry has one at most


class Columns(msgspec.Struct, array_like=True, frozen=True):
    """A leaf as it is stored, one list for each field; see the page for what each number counts."""

    shared: Annotated[list[Number], PerEntry]
    rests: Annotated[list[Name], PerEntry]
    kinds: Annotated[bytes, PerEntry]
    mtimes: Annotated[list[Time | None], PerEntry]
    modes: Annotated[list[Annotated[int, Meta(ge=0, le=0o7777)] | None], PerEntry]
    owner_of: Annotated[list[Number], PerEntry]
    owners: Annotated[list[Owner], PerEntry]
    xattrs_of: Annotated[list[Number], PerEntry]
    xattrs: Annotated[list[Pairs], PerEntry]
    targets: Annotated[list[Name], PerEntry]
    devices: Annotated[list[tuple[Number, Number]], PerEntry]
    kept: Annotated[list[tuple[Number, Signed, Signed]], PerEntry]
    sizes: Annotated[list[Count], PerEntry]
    levels: Annotated[list[Level], PerEntry]
    span_counts: Annotated[list[Annotated[int, Meta(ge=0, le=MAX_PAGE)]], PerEntry]
    offsets: list[Signed]
    starts: list[Signed]
    lengths: list[Count]
    removed_shared: Annotated[list[Number], PerEntry]
    removed_rests: Annotated[list[Name], PerEntry]


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


def without_content(entry: Entry, kept: Place | None = None) -> Entry:
    """Return ``entry`` with all but its content; ``kept`` says where that stands, if anywhere."""
    return replace(entry, size=0, content_hash=b"", level=0, spans=[], kept=kept)


def weight(entry: Entry) -> int:
    """Return how much an entry adds to a leaf's columns, in bytes, not less than it does."""
    extra = 0
    if entry.xattrs:
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
    try:
        unpack(plain, Columns, 0)  # what no reader would take is not written
    except DamagedError as error:
        raise UsageError(f"a member can't be recorded: {error.what}") from error
    packed = zlib.compress(plain, ZLIB_LEVEL)
    hashes = b"".join(e.content_hash for e in entries if e.kind == FILE and e.kept is None)
    return PackedLeaf(packed + hashes, len(plain), len(packed))


def _columns(entries: Sequence[Entry], removed: Sequence[bytes]) -> Columns:
    shared, rests = front_coded([entry.name for entry in entries])
    owners: dict[Owner, int] = {}
    xattrs: dict[Xattrs, int] = {}
    contents = [entry for entry in entries if entry.kind == FILE and entry.kept is None]
    offsets, starts, lengths = _span_columns(contents)
    removed_shared, removed_rests = front_coded(removed)
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
