"""The sound archives among the vectors: one for each thing that the format allows."""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from compressor.archive.leaf import Entry
from compressor.engine.pack import Packer
from compressor.engine.packoptions import PackOptions
from compressor.errors import UnsupportedError
from compressor.stages import chain as chains
from compressor.tree.inputs import Hole
from tests.archive.forge import (
    BLOCK_DEVICE,
    CHAR_DEVICE,
    FIFO,
    FOLDER,
    HARDLINK,
    PAD,
    PARITY,
    SYMLINK,
    Forge,
    entry,
    listing,
)
from tests.stagenames import CODECS

A, B, C = b"first block, 22 bytes\n", b"second\n", b"the third of them\n"

Contents = list[tuple[bytes, bytes]]
"""Names and contents, in the order of the archive."""


@dataclass(frozen=True)
class Sound:
    """``codecs``: whose libraries decide on the bytes; the product packs leaves with zlib.

    ``bases``: contents outside that have to be given.
    """

    make: Callable[[], bytes]
    about: str
    members: Contents
    codecs: tuple[str, ...] = ()
    bases: tuple[bytes, ...] = ()


SOUND: dict[str, Sound] = {}


def sound(
    name: str,
    about: str,
    *members: tuple[bytes, bytes],
    by_hand: bool = False,
    bases: tuple[bytes, ...] = (),
) -> Callable[[Callable[[], bytes]], Callable[[], bytes]]:
    def register(make: Callable[[], bytes]) -> Callable[[], bytes]:
        codecs = () if by_hand else ("zlib",)
        SOUND[name] = Sound(make, about, list(members), codecs, bases)
        return make

    return register


def packed(fill: Callable[[Packer], object], chain: str = "store", **options: Any) -> bytes:
    """What the product writes, in small blocks unless told."""
    out = bytearray()
    options = {"block_size": 4096} | options
    packer = Packer(out.extend, PackOptions(chains.parse(chain), threads=1, **options))
    try:
        fill(packer)
        packer.finish()
    finally:
        packer.close()
    return bytes(out)


def stream(content: bytes, chain: str, block_size: int = 4096) -> bytes:
    """A member without a name, as from a pipe."""

    def fill(packer: Packer) -> None:
        packer.begin(Entry(b""))
        step = packer.block_size
        for at in range(0, len(content), step):
            packer.feed(bytearray(content[at : at + step]))
        packer.end()

    return packed(fill, chain, block_size=block_size)


@sound("good-no-members", "an archive of nothing")
def _no_members() -> bytes:
    return packed(lambda packer: None)


@sound("good-empty-stream", "a pipe that gave nothing", (b"", b""))
def _empty_stream() -> bytes:
    return stream(b"", "store")


@sound("good-one-small-file", "a file with its mode and time", (b"notes/a.txt", A))
def _one_small_file() -> bytes:
    note = Entry(b"notes/a.txt", mtime_ns=1_700_000_000_123_456_789, mode=0o640)
    return packed(lambda packer: packer.add(note, [bytearray(A)]))


@sound("good-empty-file", "a file without content beside one with", (b"empty", b""), (b"b", B))
def _empty_file() -> bytes:
    def fill(packer: Packer) -> None:
        packer.add(Entry(b"empty"), [])
        packer.add(Entry(b"b"), [bytearray(B)])

    return packed(fill)


@sound("good-shared-block", "three members in one solid block", (b"a", A), (b"b", B), (b"c", C))
def _shared_block() -> bytes:
    def fill(packer: Packer) -> None:
        for name, content in ((b"a", A), (b"b", B), (b"c", C)):
            packer.add(Entry(name), [bytearray(content)])

    return packed(fill)


@sound("good-two-blocks", "a member of two blocks", (b"m", A + B))
def _two_blocks() -> bytes:
    pieces = [bytearray(A), bytearray(B)]
    return packed(lambda packer: packer.add(Entry(b"m"), pieces), block_size=len(A))


@sound(
    "good-hole",
    "a member with a hole in the middle, and one that is a hole",
    (b"m", A + bytes(3000) + B),
    (b"h", bytes(77)),
)
def _hole() -> bytes:
    def fill(packer: Packer) -> None:
        packer.add(Entry(b"m"), [bytearray(A), Hole(3000), bytearray(B)])
        packer.add(Entry(b"h"), [Hole(77)])

    return packed(fill, block_size=len(A))


@sound("good-two-leaves", "two solid blocks, each with its leaf", (b"a", A), (b"b", B))
def _two_leaves() -> bytes:
    def fill(packer: Packer) -> None:
        packer.add(Entry(b"a"), [bytearray(A)])
        packer.add(Entry(b"b"), [bytearray(B)])

    return packed(fill, block_size=len(A))


@sound("good-version", "a version with a label, a time and the number 7", (b"a", A), by_hand=True)
def _version() -> bytes:
    forge = Forge()
    forge.head()
    spans = [[forge.block(A), 0, 22]]
    return forge.finish([entry(b"a", A, spans)], number=7, label="nightly", time=1_700_000_000)


@sound("good-features", "optional features, known and not", (b"a", A), by_hand=True)
def _features() -> bytes:
    forge = Forge()
    forge.head(optional=["clock", "teleportation"])
    return forge.finish([entry(b"a", A, [[forge.block(A), 0, 22]])])


_ODD = (b"\xff\xfe not UTF-8", b"with/parts", b"with.dot", b"line\nbreak", b"n" * 300)


@sound("good-odd-names", "names that are not plain text", *((name, b"") for name in _ODD))
def _odd_names() -> bytes:
    return packed(lambda packer: [packer.add(Entry(name), []) for name in _ODD])


@sound("good-concatenated", "two archives in a row, with one name twice", (b"a", A), (b"a", B))
def _concatenated() -> bytes:
    parts = [packed(lambda packer, c=c: packer.add(Entry(b"a"), [bytearray(c)])) for c in (A, B)]
    return b"".join(parts)


@sound(
    "good-padding", "padding that aligns the body of a block to 256 bytes", (b"a", A), by_hand=True
)
def _padding() -> bytes:
    forge = Forge()
    forge.head()
    meta = 18  # bytes, of this block
    gap = -(len(forge.data) + 32 + meta) % 256
    forge.put(PAD, b"", bytes(gap - 40))
    at = forge.block(A)
    assert (at + 32 + meta) % 256 == 0
    forge.put(PAD)
    return forge.finish([entry(b"a", A, [[at, 0, 22]])])


@sound(
    "good-skippable",
    "records that may be passed over: parity, and kind 200",
    (b"a", A),
    by_hand=True,
)
def _skippable() -> bytes:
    forge = Forge()
    forge.head()
    forge.put(PARITY, b"meta", b"body", flags=1)
    at = forge.block(A)
    forge.leaf([entry(b"a", A, [[at, 0, 22]])], last=True)
    forge.put(200, b"\xff" * 9, b"", flags=1)
    forge.root()
    forge.footer()
    return bytes(forge.data)


@sound(
    "good-reach",
    "two members that share a block, the second within reach of it",
    (b"a", A),
    (b"b", A[6:]),
    (b"m", B + A),
    by_hand=True,
)
def _reach() -> bytes:
    forge = Forge()
    forge.head(reach=600)
    at = forge.block(A)
    forge.leaf([entry(b"a", A, [[at, 0, 22]])])
    forge.leaf([entry(b"b", A[6:], [[at, 6, 16]])])
    forge.open(2, b"m")
    second = forge.block(B, member=2)
    page = forge.extents(0, [[second, 0, 7], [at, 0, 22]], member=2)
    return forge.finish([entry(b"m", B + A, [[page, 0, 29]], level=1)])


@sound(
    "good-pages",
    "pages of pages: three levels of EXTENTS, two of ROOT",
    (b"m", A + B + C + A),
    (b"n", b""),
    by_hand=True,
)
def _pages() -> bytes:
    forge = Forge()
    forge.head()
    forge.open(0, b"m")
    pages, position = [], 0
    for content in (A, B, C, A):
        at = forge.block(content, member=0, position=position)
        page = forge.extents(position, [[at, 0, len(content)]])
        pages.append([page, position, len(content)])
        position += len(content)
        if len(pages) == 2 and position < 50:
            left = forge.extents(0, pages, level=1)
            pages = []
    right = forge.extents(29, pages, level=1)
    top = forge.extents(0, [[left, 0, 29], [right, 29, 40]], level=2)
    forge.leaf([entry(b"m", A + B + C + A, [[top, 0, 69]], level=3)])
    leaves = forge.leaves
    first = listing(forge.root(), leaves)
    forge.leaves = []
    forge.leaf([entry(b"n")], last=True)
    second = listing(forge.root(), forge.leaves)
    forge.root([first, second])
    forge.footer()
    return bytes(forge.data)


@sound(
    "good-every-kind",
    "every kind of record that has a meaning, two blocks, two leaves",
    (b"a", A),
    (b"m", B + bytes(5) + C),
    by_hand=True,
)
def _every_kind() -> bytes:
    forge = Forge()
    forge.head()
    forge.put(PAD, b"", bytes(3))
    forge.leaf([entry(b"a", A, [[forge.block(A), 0, 22]])])
    forge.open(1, b"m")
    first = [forge.block(B, member=1), 0, 7]
    one = forge.extents(0, [first, [0, 0, 5]], member=1)
    second = [forge.block(C, member=1, position=12), 0, 18]
    two = forge.extents(12, [second], member=1)
    spans = [[one, 0, 12], [two, 12, 18]]
    return forge.finish([entry(b"m", B + bytes(5) + C, spans, level=1)])


@sound(
    "good-folder",
    "every kind of member, with owners, modes, times, extended attributes and device numbers",
    (b"d", b""),
    (b"d/file", A),
    (b"d/other name", b"d/file"),
    (b"d/pipe", b""),
    (b"d/null", b""),
    (b"d/disk", b""),
    (b"link", b"d/file"),
    by_hand=True,
)
def _folder() -> bytes:
    forge = Forge()
    forge.head()
    at = forge.block(A)
    user, root = [1000, 100, "ann", "users"], [0, 0, "root", None]
    xattrs = [[b"security.capability", bytes(20)], [b"user.note", b"kept \xff"]]
    common = {"mtime": 1_700_000_000_123_456_789, "mode": 0o755, "owner": user}
    return forge.finish(
        [
            entry(b"d", kind=FOLDER, **common),
            entry(b"d/file", A, [[at, 0, 22]], xattrs=xattrs, **common | {"mode": 0o4711}),
            entry(b"d/other name", kind=HARDLINK, target=b"d/file", **common),
            entry(b"d/pipe", kind=FIFO, **common),
            entry(b"d/null", kind=CHAR_DEVICE, device=[1, 3], owner=root),
            entry(b"d/disk", kind=BLOCK_DEVICE, device=[259, (1 << 32) - 1], mtime=-1),
            entry(b"link", kind=SYMLINK, target=b"d/file", **common),
        ]
    )


@sound(
    "good-dedup",
    "extents in older blocks and in the middle of new ones, pieces listed",
    (b"a", A),
    (b"m", B + A + C + B + A[6:11] + C),
    (b"b", C + A),
    by_hand=True,
)
def _dedup() -> bytes:
    forge = Forge()
    forge.head(reach=1 << 16)
    solid = forge.block(A, listed=[(0, A[:11]), (3, A[14:])])
    forge.leaf([entry(b"a", A, [[solid, 0, 22]])])
    forge.open(1, b"m")
    first = forge.block(B, member=1, position=0, listed=[(0, B)])
    spans = [[first, 0, 7], [solid, 0, 22]]
    one = forge.extents(0, spans, member=1)
    second = forge.block(C, member=1, position=29)
    spans = [[second, 0, 18], [first, 0, 7], [solid, 6, 5], [second, 0, 9], [second, 9, 9]]
    two = forge.extents(29, spans, member=1)
    content = B + A + C + B + A[6:11] + C
    spans = [[one, 0, 29], [two, 29, len(content) - 29]]
    forge.leaf([entry(b"m", content, spans, level=1)])
    return forge.finish([entry(b"b", C + A, [[second, 0, 18], [solid, 0, 22]])])


def _first_version(forge: Forge) -> int:
    """Members a, b, gone in a leaf, s in another; return their block's offset."""
    forge.head(reach=1 << 16)
    at = forge.block(A + B)
    forge.leaf(
        [
            entry(b"a", A, [[at, 0, 22]], mode=0o644),
            entry(b"b", B, [[at, 22, 7]]),
            entry(b"gone", b""),
        ]
    )
    forge.finish([entry(b"s", kind=SYMLINK, target=b"a")])
    return at


@sound(
    "good-appended",
    "a second version: b changed, a kept with another mode, gone removed, new added, s untouched",
    (b"s", b"a"),
    (b"b", C),
    (b"a", A),
    (b"new", B + C),
    by_hand=True,
)
def _appended() -> bytes:
    forge = Forge()
    block = _first_version(forge)
    old = forge.leaves[0][0]
    forge.append(old, reach=1 << 16)
    at = forge.block(C)
    entries = [entry(b"b", C, [[at, 0, 18]]), entry(b"a", kept=[old, 0], mode=0o600)]
    forge.leaf(entries, removed=[b"gone"])
    spans = [[block, 22, 7], [at, 0, 18]]
    return forge.finish([entry(b"new", B + C, spans)], number=2, label="second")


@sound(
    "good-appended-unchanged",
    "a second version without any change, a third that adds; both list the first ROOT",
    (b"a", A),
    (b"b", B),
    (b"c", C),
    by_hand=True,
)
def _unchanged() -> bytes:
    forge = Forge()
    forge.head(reach=1 << 16)
    forge.leaf([entry(b"a", A, [[forge.block(A), 0, 22]])])
    forge.finish([entry(b"b", B, [[forge.block(B), 0, 7]])])
    first = listing(forge.root_at, forge.leaves)
    old = forge.leaves
    forge.append(reach=1 << 16)
    forge.leaves = []
    forge.leaf([], last=True, number=2)
    forge.root([first, *forge.leaves])
    forge.footer()
    forge.leaves = old
    forge.append(reach=1 << 16)
    forge.leaves = []
    forge.leaf([entry(b"c", C, [[forge.block(C), 0, 18]])], last=True, number=3)
    forge.root([first, *forge.leaves])
    forge.footer()
    return bytes(forge.data)


@sound(
    "good-appended-pages",
    "behind ROOTs of ROOTs a version that changes one member: three pages stay, one is taken apart",
    *((b"%d" % number, b"") for number in (0, 1, 2, 4, 5)),
    (b"3", B),
    by_hand=True,
)
def _appended_pages() -> bytes:
    forge = Forge()
    forge.head(reach=1 << 16)
    leaves = [forge.leaf([entry(b"%d" % number)], last=number == 5) for number in range(6)]
    items = forge.leaves
    low = [listing(forge.root(items[at : at + 2]), items[at : at + 2]) for at in (0, 2, 4)]
    top = listing(forge.root(low[:2]), low[:2])
    forge.root([top, low[2]])
    forge.footer()
    forge.append(leaves[3], reach=1 << 16)
    forge.leaves = []
    forge.leaf([entry(b"3", B, [[forge.block(B), 0, 7]])], last=True, number=2)
    forge.root([low[0], items[2], low[2], *forge.leaves])
    forge.footer()
    return bytes(forge.data)


@sound(
    "good-grown-arrays",
    "arrays with elements that a later minor version may have added",
    (b"m", A),
    by_hand=True,
)
def _grown_arrays() -> bytes:
    more: list[Any] = ["new", -1, None, 1.5, [b"x", {"k": True}]]
    forge = Forge()
    forge.head(more=more)
    forge.open(0, b"m", more=more)
    at = forge.block(A, member=0, more=more)
    page = forge.extents(0, [[at, 0, 22]], more=more)
    owners = [[1, 2, "u", "g", *more]]
    forge.leaf(
        [entry(b"m", A, [[page, 0, 22]], level=1)],
        last=True,
        more=more,
        grown=more,
        owners=owners,
    )
    forge.root([[*item, *more] for item in forge.leaves], more=more)
    forge.footer()
    return bytes(forge.data)


_INNER = packed(lambda packer: packer.add(Entry(b"inner"), [bytearray(B)]))


@sound("good-archive-inside", "an archive stored raw in an archive", (b"inner.cz", _INNER))
def _archive_inside() -> bytes:
    return packed(lambda packer: packer.add(Entry(b"inner.cz"), [bytearray(_INNER)]))


TEXT = b"".join(b"line %d of a text that every codec can shrink\n" % n for n in range(12))


def _codec(name: str) -> None:
    make = lambda: stream(TEXT, name, 300)  # noqa: E731
    about = f"a stream of two blocks under {name}"
    SOUND[f"good-codec-{name}"] = Sound(make, about, [(b"", TEXT)], tuple(sorted({name, "zlib"})))


for _name in CODECS:
    _codec(_name)


FLOATS = b"".join(struct.pack("<f", (n * n % 97 - 48) / 64)[2:] for n in range(400)) + b"!"


@sound("good-filter-floatsplit", "a stream of two blocks of bf16, and a byte", (b"", FLOATS))
def _floatsplit() -> bytes:
    return stream(FLOATS, "floatsplit:dtype=bf16:mantissa_bits=1(huffman,store)", 512)


PRUNED = b"".join(FLOATS[at : at + 2] if at % 6 else b"\0\0" for at in range(0, len(FLOATS) - 1, 2))


@sound("good-filter-zeromask", "a stream of two blocks under a filter in a filter", (b"", PRUNED))
def _zeromask() -> bytes:
    inner = "floatsplit:dtype=bf16:mantissa_bits=0(huffman,store)"
    return stream(PRUNED, f"zeromask:width=2(store,{inner})", 512)


SCALED = (
    b"".join(struct.pack("<e", n % 7 / 8) + bytes(range(n, n + 16)) for n in range(60)) + b"end"
)


@sound("good-filter-fields", "a stream of three blocks of scales and quants", (b"", SCALED))
def _fields() -> bytes:
    inner = "floatsplit:dtype=fp16:mantissa_bits=0(huffman,store)"
    return stream(SCALED, f"fields:a=2:b=16({inner},huffman)", 18 * 25)


# Differences


def state(number: int) -> bytes:
    """64 elements of bf16: each state a few steps from the one before; one is a NaN, one is -0."""
    bits = [(n % 2 << 15) + 0x3C00 + 7 * n + number * (n % 5) for n in range(62)]
    return struct.pack("<64H", *bits, 0xFFC1 + number, 0x8000)


S0, S1, S2, S3 = (state(number) for number in range(4))
STATES: dict[str, Any] = {"reach": 1 << 16, "block_size": 256, "decode_memory": 1 << 20}


@sound(
    "good-difference",
    "a block that is a difference from one of another member, and a part of one from a part",
    (b"a", S0),
    (b"b", S1),
    (b"c", S1[20:80]),
    by_hand=True,
)
def _difference() -> bytes:
    forge = Forge()
    forge.head(**STATES)
    old = forge.block(S0)
    forge.leaf([entry(b"a", S0, [[old, 0, 128]])])
    new = forge.difference(S1, S0, [[old, 0, 128]])
    forge.leaf([entry(b"b", S1, [[new, 0, 128]])])
    part = forge.difference(S1[20:80], S0[20:80], [[old, 20, 60]])
    return forge.finish([entry(b"c", S1[20:80], [[part, 0, 60]])])


@sound(
    "good-difference-chain",
    "three differences, each from the one before; the last one is a large member's, and then another's",
    *((b"%d" % number, state(number)) for number in range(4)),
    (b"m", S2 + S3),
    by_hand=True,
)
def _difference_chain() -> bytes:
    forge = Forge()
    forge.head(**STATES)
    at = forge.block(S0)
    forge.leaf([entry(b"0", S0, [[at, 0, 128]])])
    before = S0
    for number in range(1, 4):
        now = state(number)
        forge.open(number, b"%d" % number)
        at = forge.difference(now, before, [[at, 0, 128]], needs=number, member=number)
        page = forge.extents(0, [[at, 0, 128]], member=number)
        forge.leaf([entry(b"%d" % number, now, [[page, 0, 128]], level=1)])
        before = now
    again = forge.block(S2)
    return forge.finish([entry(b"m", S2 + S3, [[again, 0, 128], [at, 0, 128]])])


@sound(
    "good-difference-spans",
    "a base of parts of two blocks: one that no member has, and one as new as the difference",
    (b"a", S0[:100]),
    (b"b", S1),
    by_hand=True,
)
def _difference_spans() -> bytes:
    forge = Forge()
    forge.head(**STATES)
    lone = forge.block(b"nobody's" + S0[64:])
    forge.leaf([])
    fresh = forge.block(S0[:100])
    spans = [[fresh, 0, 64], [lone, 8, 64]]
    new = forge.difference(S1, S0, spans)
    entries = [entry(b"a", S0[:100], [[fresh, 0, 100]]), entry(b"b", S1, [[new, 0, 128]])]
    return forge.finish(entries)


@sound(
    "good-difference-appended",
    "a difference from a block of an earlier version, and one from that difference in a third",
    (b"a", S2),
    by_hand=True,
)
def _difference_appended() -> bytes:
    forge = Forge()
    forge.head(**STATES)
    old = forge.block(S0)
    forge.finish([entry(b"a", S0, [[old, 0, 128]])])
    forge.append(forge.leaf_at, **STATES)
    new = forge.difference(S1, S0, [[old, 0, 128]])
    forge.finish([entry(b"a", S1, [[new, 0, 128]])], number=2)
    forge.append(forge.leaf_at, **STATES)
    newest = forge.difference(S2, S1, [[new, 0, 128]], needs=2)
    return forge.finish([entry(b"a", S2, [[newest, 0, 128]])], number=3)


@sound(
    "good-difference-outside",
    "a difference from a content outside, and one of which half is that and half a block",
    (b"a", S1),
    (b"b", S2),
    by_hand=True,
    bases=(b"head" + S0,),
)
def _difference_outside() -> bytes:
    forge = Forge()
    forge.head(**STATES)
    base = forge.base(b"head" + S0, name=b"models/base", more=["new"])
    first = forge.difference(S1, S0, [[base, 4, 128]], needs=0)
    forge.leaf([entry(b"a", S1, [[first, 0, 128]])])
    half = S0[:64] + S1[64:]
    second = forge.difference(S2, half, [[base, 4, 64], [first, 64, 64]], needs=1)
    return forge.finish([entry(b"b", S2, [[second, 0, 128]])])


def makers(sound: Sound) -> str:
    """Name the libraries that decide on the bytes, with their versions; empty where one is missing."""
    found = [provider(codec) for codec in sound.codecs]
    return ", ".join(found) if all(found) else ""


def provider(codec: str) -> str:
    """Name the library that encodes under a codec, with its version; empty where it is missing."""
    try:
        info = chains.parse(codec).info.provider()
    except UnsupportedError:
        return ""
    return f"{info.name} {info.version}" if info.version else ""
