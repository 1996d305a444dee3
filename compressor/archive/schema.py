"""What records hold, as typed MessagePack arrays. Format: docs/format/archive.md, one section a kind.

Arrays may grow at their end in later minor versions: readers pass over elements they do not know.
"""

import struct
from collections.abc import Sequence
from typing import Annotated, Any, TypeVar, cast

import msgspec
from xxhash import xxh3_64_intdigest

from compressor.archive.record import CHECK_SIZE, MAX_BLOCK
from compressor.errors import DamagedError, UnsupportedError
from compressor.stages.base import Bytes

MAJOR = 0
MINOR = 3
MAX_PAGE = 1024  # items in an EXTENTS or ROOT record, and in the list of an entry
MAX_LEVEL = 6  # of pages above pages: 1024**6 blocks
MAX_NAME = 65000  # bytes; OPEN and BASE hold one, in 64 KiB of meta
MAX_SLASHES = 4000  # in a name: all folders above take as many names
MAX_ENTRIES = 4096  # in a leaf
MAX_FRESH = 1024  # blocks that may wait for their extents, so that many tiny ones take no memory
MAX_COUNT = (1 << 63) - 1
MAX_XATTRS = 256 << 10  # bytes of names and values of a member's extended attributes
MAX_TEXT = 1024  # code points
PIECE_HASH = 16  # bytes of BLAKE3 that name a piece
MAX_PIECES = 1 << 19  # that a block lists: twice what the largest block has of the smallest
MAX_BASE = 64  # spans of a block's base
MAX_NEEDS = 32  # blocks that have to be decoded before one that is a difference
MAX_BASES = 1024  # BASE records in an archive

Count = Annotated[int, msgspec.Meta(ge=0, le=MAX_COUNT)]
Number = Annotated[int, msgspec.Meta(ge=0, le=(1 << 32) - 1)]
Positive = Annotated[int, msgspec.Meta(ge=1, le=(1 << 32) - 1)]
Level = Annotated[int, msgspec.Meta(ge=0, le=MAX_LEVEL)]
Name = Annotated[bytes, msgspec.Meta(max_length=MAX_NAME)]
Hash = Annotated[bytes, msgspec.Meta(min_length=32, max_length=32)]
Check = Annotated[bytes, msgspec.Meta(max_length=8)]
Text = Annotated[str, msgspec.Meta(max_length=MAX_TEXT)]
Signed = Annotated[int, msgspec.Meta(ge=-(1 << 63), le=(1 << 63) - 1)]
Time = int
"""Nanoseconds since 1970, as far as MessagePack goes: from 1677 to 2554."""

FIRST_TIME, LAST_TIME = -(1 << 63), (1 << 64) - 1

FILE, FOLDER, SYMLINK, HARDLINK, FIFO, CHAR_DEVICE, BLOCK_DEVICE = range(7)
"""The kinds of members."""

KINDS = frozenset(range(7))
LINKS = (SYMLINK, HARDLINK)
DEVICES = (CHAR_DEVICE, BLOCK_DEVICE)

Span = tuple[Count, Count, Count]
"""In a list of level 0 an extent: offset of the block's record (0: a hole), start in the block, length.
Above: offset of a page's record, position in the member of its first byte, length; all in bytes."""


Steps = Annotated[list[tuple[Number, Positive]], msgspec.Meta(max_length=MAX_PIECES)]
"""Of each piece in a block: the bytes between the one before and it, and its size."""


class Prelude(msgspec.Struct, array_like=True, frozen=True):
    """The beginning of HEAD, which never changes: read first, so that "too new" is told from damage."""

    major: Number
    minor: Number
    required: list[Text]


class Head(msgspec.Struct, array_like=True, frozen=True):
    """HEAD: what a reader must know before anything else."""

    major: Number
    minor: Number
    required: list[Text]
    optional: list[Text]
    decode_memory: Count
    reach: Count
    previous: Count
    block_size: Annotated[int, msgspec.Meta(ge=1, le=MAX_BLOCK)]
    plan: Text


class Open(msgspec.Struct, array_like=True, frozen=True):
    """OPEN: a member larger than a block begins."""

    member: Count
    name: Name
    kind: Number


class Block(msgspec.Struct, array_like=True, frozen=True):
    """BLOCK: a packed block; ``member`` is None where it is solid.

    ``pieces`` are those that are no member's whole content: for each, the bytes between the piece
    before and this one, and its size; ``piece_hashes`` has 16 bytes of BLAKE3 for each. Who appends
    reads them without the body: ``pieces_check`` is theirs alone.

    ``base`` is what the block is a difference from: as many bytes as it has, in older blocks or in what
    a BASE names. ``needs`` blocks are decoded for that, and for their own bases.
    """

    chain: Text
    plain_size: Number
    sizes: Annotated[list[Count], msgspec.Meta(max_length=64)]
    member: Count | None
    position: Count
    pieces: Steps = []
    piece_hashes: bytes = b""
    pieces_check: Check = b""
    base: Annotated[list[Span], msgspec.Meta(max_length=MAX_BASE)] = []
    needs: Annotated[int, msgspec.Meta(ge=0, le=MAX_NEEDS)] = 0


class Base(msgspec.Struct, array_like=True, frozen=True):
    """BASE: a file outside of the archive that blocks are differences from; it had this name."""

    name: Name
    size: Count
    content_hash: Hash


class Extents(msgspec.Struct, array_like=True, frozen=True):
    """EXTENTS: the next part of the open member's content, or a page of such pages."""

    member: Count
    level: Annotated[int, msgspec.Meta(ge=0, le=MAX_LEVEL - 1)]  # its span goes one level up
    position: Count
    spans: Annotated[list[Span], msgspec.Meta(min_length=1, max_length=MAX_PAGE)]

    @property
    def length(self) -> int:
        """Bytes of the member that the spans cover."""
        return sum(length for _, _, length in self.spans)


def shown_name(name: bytes) -> str:
    """Return a name for people; bytes that are not UTF-8 are escaped."""
    return name.decode("utf-8", "backslashreplace")


class Version(msgspec.Struct, array_like=True, frozen=True):
    """What the last leaf says of its version."""

    number: Count
    label: Text
    time_ns: Time
    root_hash: Hash


class Members(msgspec.Struct, array_like=True, frozen=True):
    """MEMBERS, its meta: the body holds ``count`` entries by columns, inflated ``plain_size`` bytes.

    The first ``packed_size`` bytes of the body are a zlib stream, the rest are hashes of contents.
    """

    count: Annotated[int, msgspec.Meta(ge=0, le=MAX_ENTRIES)]
    plain_size: Number
    packed_size: Number
    version: Version | None


class LeafRef(msgspec.Struct, array_like=True, frozen=True):
    """ROOT, an item: a MEMBERS record (height 0) or a ROOT record, and the names it may hold."""

    offset: Count
    first: Name
    last: Name
    height: Annotated[int, msgspec.Meta(ge=0, le=MAX_LEVEL)] = 0


class Root(msgspec.Struct, array_like=True, frozen=True):
    """ROOT: the leaves of a version, and records of ROOT that list more of them."""

    items: Annotated[list[LeafRef], msgspec.Meta(min_length=1, max_length=MAX_PAGE)]

    @property
    def height(self) -> int:
        """How many records lie on the longest way to a leaf."""
        return 1 + max(item.height for item in self.items)


class Footer(msgspec.Struct, array_like=True, frozen=True):
    """FOOTER, its body: where the root, the last leaf and the footer before are; 0: there is none."""

    root: int
    last_leaf: int
    previous: int


_FOOTER = struct.Struct("<QQQ")
_ENCODER = msgspec.msgpack.Encoder()
_T = TypeVar("_T")
_DECODERS: dict[Any, msgspec.msgpack.Decoder[Any]] = {}


def pack(value: object) -> bytes:
    """Return ``value`` as MessagePack."""
    return _ENCODER.encode(value)


def unpack(data: Bytes, schema: type[_T], offset: int) -> _T:
    """Return the typed content of a record at ``offset``.

    Raises:
        DamagedError: it breaks its schema (F-010).
    """
    decoder = _DECODERS.get(schema)
    if decoder is None:
        decoder = _DECODERS[schema] = msgspec.msgpack.Decoder(schema)
    try:
        return cast("_T", decoder.decode(data))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise DamagedError(f"a record breaks its schema ({error})", offset=offset) from error


def unpack_head(data: Bytes, offset: int) -> Head:
    """Return the content of a HEAD of a version that this release reads.

    Raises:
        UnsupportedError: the version is unknown, or a required feature is missing (F-011, F-012).
        DamagedError: it breaks its schema (F-010).
    """
    prelude = unpack(data, Prelude, offset)
    if (prelude.major, prelude.minor) != (MAJOR, MINOR):
        raise UnsupportedError(
            f"the archive has format version {prelude.major}.{prelude.minor}, this release reads "
            f"{MAJOR}.{MINOR}; use a release that reads that version"
        )
    if prelude.required:
        raise UnsupportedError(
            f"the archive needs feature {', '.join(map(repr, prelude.required))}, which this release "
            "does not have; read it with a newer one"
        )
    return unpack(data, Head, offset)


def unpack_block(meta: Bytes, body: Bytes, offset: int, block_size: int = MAX_BLOCK) -> Block:
    """Return the content of a BLOCK of an archive that declares ``block_size``.

    Raises:
        DamagedError: it breaks its schema, is larger than declared, or lists what it can't hold
            (F-010, F-019, F-029, F-049, F-054).
    """
    block = unpack(meta, Block, offset)
    if not 0 < block.plain_size <= block_size:
        raise DamagedError("a block is larger than its archive declares, or empty", offset=offset)
    if len(body) > block.plain_size:
        raise DamagedError("a block's packed bytes are more than its plain ones", offset=offset)
    if block.member is None and block.position:
        raise DamagedError("a solid block says that it has a position", offset=offset)
    check_pieces(block, offset)
    check_base(block, offset)
    return block


def check_base(block: Block, offset: int) -> None:
    """Refuse a base that is not as long as the block, or does not stand before it (F-054)."""
    if not block.base:
        if block.needs:
            raise DamagedError("a block without a base says that it needs others", offset=offset)
        return
    if sum(length for _, _, length in block.base) != block.plain_size:
        raise DamagedError("a block's base is not as long as the block", offset=offset)
    for at, _, length in block.base:
        if not 0 < at < offset or not length:
            raise DamagedError("a block's base does not stand before it", offset=offset)


def unpack_base(meta: Bytes, offset: int) -> Base:
    """Return the content of a BASE.

    Raises:
        DamagedError: it breaks its schema, or its name holds a NUL (F-010, F-035).
    """
    base = unpack(meta, Base, offset)
    if b"\0" in base.name:
        raise DamagedError(f"the name {shown_name(base.name)!r} holds a NUL", offset=offset)
    return base


def pieces_check(plain_size: int, pieces: Steps, hashes: bytes) -> bytes:
    """Return the check of what a block says of its pieces; nothing where it has none."""
    if not pieces:
        return b""
    return xxh3_64_intdigest(pack((plain_size, pieces, hashes))).to_bytes(CHECK_SIZE, "little")


def check_pieces(block: Block, offset: int) -> None:
    """Refuse pieces that a block can't hold, or that are not those that were written (F-049)."""
    if not (block.pieces or block.piece_hashes or block.pieces_check):
        return
    sizes = sum(gap + size for gap, size in block.pieces)
    if sizes > block.plain_size or len(block.piece_hashes) != PIECE_HASH * len(block.pieces):
        raise DamagedError("a block lists pieces that it can't hold", offset=offset)
    if block.pieces_check != pieces_check(block.plain_size, block.pieces, block.piece_hashes):
        raise DamagedError("a block's list of pieces fails its check", offset=offset)


Owner = tuple[int, int] | None
"""The ordinal of the open member and the position in it of an extent; None: a solid block."""


def belongs(block: Block, start: int, owner: Owner, *, met: bool) -> bool:
    """Say whether a new block is whose it says (F-029).

    The first extent that refers to it (it was not ``met`` yet), if it has its first byte, stands where
    the block says.
    """
    if owner is None or block.member is None:
        return owner is None and block.member is None
    return block.member == owner[0] and (met or start > 0 or block.position == owner[1])


def unpack_extents(meta: Bytes, offset: int) -> Extents:
    """Return the content of an EXTENTS.

    Raises:
        DamagedError: it breaks its schema, or its spans are none (F-010, F-027).
    """
    extents = unpack(meta, Extents, offset)
    covered(extents.level, extents.position, extents.spans, offset)
    return extents


def fits(name: bytes) -> bool:
    """Say whether a name is no longer, and no deeper, than names may be."""
    return len(name) <= 2 * MAX_SLASHES or (
        len(name) <= MAX_NAME and name.count(b"/") <= MAX_SLASHES
    )


def unpack_open(meta: Bytes, offset: int) -> Open:
    """Return the content of an OPEN.

    Raises:
        DamagedError: it breaks its schema, or its name is too deep or holds a NUL (F-010, F-048, F-035).
        UnsupportedError: a member of a kind that this release does not know begins (F-037).
    """
    opened = unpack(meta, Open, offset)
    if not fits(opened.name):
        raise DamagedError("a member's name is too deep", offset=offset)
    if opened.kind != FILE:
        raise UnsupportedError(
            f"member {shown_name(opened.name)!r} needs feature 'kind {opened.kind}', "
            "which this release does not have; read it with a newer one"
        )
    if b"\0" in opened.name:
        raise DamagedError(f"the name {shown_name(opened.name)!r} holds a NUL", offset=offset)
    return opened


def covered(level: int, position: int, spans: Sequence[Span], offset: int) -> int:
    """Return the position behind the last of the spans, which begin at ``position``.

    Raises:
        DamagedError: they are none (F-027).
    """
    for at, start, length in spans:
        if length <= 0 or (level == 0 and at == 0 and start):
            raise DamagedError("a span has no length, or a hole a start", offset=offset)
        if not (0 <= at <= MAX_COUNT and 0 <= start <= MAX_COUNT):
            raise DamagedError("a span begins where nothing can be", offset=offset)
        position += length
    if position > MAX_COUNT:
        raise DamagedError("a member is larger than numbers go", offset=offset)
    return position


def pack_footer(footer: Footer) -> bytes:
    """Return the body of a FOOTER."""
    return _FOOTER.pack(footer.root, footer.last_leaf, footer.previous)


def unpack_footer(meta: Bytes, body: Bytes, offset: int) -> Footer:
    """Return the content of a FOOTER.

    Raises:
        DamagedError: its size is wrong (F-007).
    """
    if len(meta) or len(body) != _FOOTER.size:
        raise DamagedError("a footer has the wrong size", offset=offset)
    return Footer(*_FOOTER.unpack(body))
