"""Leaves: what a writer packs comes back, and what a hostile one declares takes no memory to refuse."""

import io
import random
import struct
import tracemalloc
import zlib
from contextlib import suppress

import pytest
from blake3 import blake3
from hypothesis import given
from hypothesis import strategies as st

from compressor.archive import schema
from compressor.archive.leaf import MAX_LEAF, Entry, Owner, PackedLeaf, pack_leaf, weight
from compressor.archive.readleaf import unpack_leaf
from compressor.archive.schema import FILE, FOLDER, KINDS, MAX_ENTRIES, Members
from compressor.archive.source import Source
from compressor.archive.writer import ArchiveWriter, VersionLabel
from compressor.engine.reading import UnpackOptions
from compressor.engine.unpack import Unpacker
from compressor.errors import CompressorError, DamagedError
from tests.archive import reading
from tests.archive.forge import columns_of, entry, pack
from tests.archive.sound import SOUND

AT = 1 << 40  # of the leaf's record
MIB = 1 << 20


def unpacked(leaf: PackedLeaf, count: int) -> tuple[list[Entry], list[bytes]]:
    meta = schema.pack(Members(count, leaf.plain_size, leaf.packed_size, None))
    _, entries, removed = unpack_leaf(meta, leaf.body, AT)
    return entries, removed


OWNERS = st.builds(
    Owner,
    st.none() | st.integers(0, 2**32 - 1),
    st.none() | st.integers(0, 9),
    st.none() | st.text("ab\u00df", max_size=9),
)
BYTES = st.binary(max_size=12).map(lambda data: data.replace(b"\0", b"."))
XATTRS = st.dictionaries(BYTES, st.binary(max_size=9), max_size=3)
SPANS = st.lists(st.tuples(st.integers(1, 99), st.integers(0, 99), st.integers(1, 99)), max_size=4)


@st.composite
def entries(draw) -> Entry:
    kind = draw(st.sampled_from(sorted(KINDS)))
    kept = (draw(st.integers(1, 9)), draw(st.integers(0, 9))) if draw(st.booleans()) else None
    spans = draw(SPANS) if kind == FILE and not kept else []
    return Entry(
        draw(BYTES),
        kind,
        sum(length for _, _, length in spans),
        draw(st.binary(min_size=32, max_size=32)) if kind == FILE and not kept else b"",
        0,
        spans,
        draw(st.none() | st.integers(-(2**63), 2**63 - 1)),
        draw(st.none() | st.integers(0, 0o7777)),
        draw(OWNERS),
        draw(BYTES) if kind in schema.LINKS else None,
        draw(st.tuples(st.integers(0, 9), st.integers(0, 9))) if kind in schema.DEVICES else None,
        tuple(sorted(draw(XATTRS).items())),
        kept if kind == FILE else None,
    )


@given(st.lists(entries(), max_size=8), st.lists(BYTES, max_size=5))
def test_what_is_packed_comes_back(members, removed) -> None:
    leaf = pack_leaf(members, removed)

    assert unpacked(leaf, len(members)) == (members, removed)


@given(st.binary(max_size=60), st.binary(max_size=40), st.integers(0, 4))
def test_no_columns_whatever_end_in_anything_but_a_clear_error(data, hashes, count) -> None:
    columns = zlib.compress(data)
    with suppress(CompressorError):
        unpacked(PackedLeaf(columns + hashes, len(data), len(columns)), count)


def test_no_flipped_byte_of_columns_ends_in_anything_but_a_clear_error() -> None:
    members = [entry(b"a", b"x" * 9, [[65, 0, 9]]), entry(b"b", kept=[99, 3])]
    members += [entry(b"c%d" % kind, kind=kind, target=b"a") for kind in range(1, 7)]
    plain = pack([*columns_of(members, [b"gone"]).values()])

    for at in range(len(plain)):
        for value in range(256):
            columns = zlib.compress(plain[:at] + bytes([value]) + plain[at + 1 :], 0)
            with suppress(CompressorError):
                unpacked(PackedLeaf(columns + bytes(32), len(plain), len(columns)), len(members))


def array(element: bytes, count: int) -> bytes:
    return b"\xdd" + struct.pack(">I", count) + element * count


def hostile(count: int = 0, hashes: int = 0, **columns: bytes) -> tuple[PackedLeaf, int]:
    """A leaf of MessagePack as told, and as many entries."""
    names = columns_of([], [])
    parts = [columns.pop(name, b"\xc4\0" if name == "kinds" else b"\x90") for name in names]
    plain = b"\xdc\x00\x14" + b"".join(parts)
    packed = zlib.compress(plain)
    return PackedLeaf(packed + bytes(hashes), len(plain), len(packed)), count


def shared_names(column: str, beginning: int) -> dict[str, bytes]:
    """Names that are almost all the one before: 6 bytes each."""
    first = b"\xc5" + struct.pack(">H", 65000) + b"n" * 65000
    shared = b"\xcd" + struct.pack(">H", beginning)
    return {
        f"{column}shared": b"\xdc" + struct.pack(">H", 4096) + b"\0" + shared * 4095,
        f"{column}rests": b"\xdc" + struct.pack(">H", 4096) + first + b"\xc4\x01n" * 4095,
    }


def most_spans() -> tuple[PackedLeaf, int]:
    """As many spans as fit, none of whose numbers is another's."""
    per_file = (MAX_LEAF - 40 * MAX_ENTRIES) // 3 // MAX_ENTRIES
    total = per_file * MAX_ENTRIES
    return hostile(
        MAX_ENTRIES,
        32 * MAX_ENTRIES,
        shared=array(b"\0", MAX_ENTRIES),
        rests=array(b"\xc4\x01n", MAX_ENTRIES),
        kinds=b"\xc5" + struct.pack(">H", MAX_ENTRIES) + bytes(MAX_ENTRIES),
        mtimes=array(b"\xc0", MAX_ENTRIES),
        modes=array(b"\xc0", MAX_ENTRIES),
        owner_of=array(b"\0", MAX_ENTRIES),
        owners=b"\x91\x90",
        xattrs_of=array(b"\0", MAX_ENTRIES),
        xattrs=b"\x91\x90",
        sizes=array(b"\xce\x00\x10\x00\x00", MAX_ENTRIES),
        levels=array(b"\0", MAX_ENTRIES),
        span_counts=array(b"\xcd" + struct.pack(">H", per_file), MAX_ENTRIES),
        offsets=array(b"\x7f", total),
        starts=array(b"\x7f", total),
        lengths=array(b"\x7f", total - MAX_ENTRIES),
    )


LARGE = MAX_LEAF - 4096
BOMBS = {
    "owners": hostile(owners=array(b"\x90", LARGE)),
    "attributes": hostile(xattrs=array(b"\x90", LARGE)),
    "pairs": hostile(xattrs=b"\x91" + array(b"\x92\xc4\0\xc4\0", LARGE // 5)),
    "kept": hostile(kept=array(b"\x93\0\0\0", LARGE // 4)),
    "devices": hostile(devices=array(b"\x92\0\0", LARGE // 3)),
    "times": hostile(mtimes=array(b"\xc0", LARGE)),
    "removed": hostile(**shared_names("removed_", 64999)),
    "names": hostile(4096, **shared_names("", 64999)),
    "spans": most_spans(),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_leaf_of_a_few_kib_unfolds_to_no_more_than_the_page_says(name: str) -> None:
    leaf, count = BOMBS[name]
    tracemalloc.start()
    try:
        unpacked(leaf, count)
    except DamagedError as error:
        refused = str(error)
    else:
        refused = ""
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert len(leaf.body) < 200_000
    assert peak < (120 * MIB if name == "spans" else 16 * MIB)
    assert bool(refused) == (name != "spans")


def test_more_attributes_than_a_member_may_have_are_refused() -> None:
    pairs = ((b"a", bytes(200_000)), (b"b", bytes(70_000)))

    with pytest.raises(DamagedError, match="more attributes"):
        unpacked(pack_leaf([Entry(b"a", FOLDER, xattrs=pairs)]), 1)


def test_a_block_lists_no_more_pieces_than_its_meta_is_worth() -> None:
    meta = b"\x97\xa5store\x01\x90\xc0\0" + array(b"\x92\0\0", 5 * MIB) + b"\xc4\0"
    tracemalloc.start()

    with pytest.raises(DamagedError):
        schema.unpack_block(meta, b"x", AT)

    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < MIB


def test_the_leaves_of_a_writer_are_such_as_a_reader_takes() -> None:
    noise = random.Random(4)
    names = sorted(noise.randbytes(4000).replace(b"\0", b".") for _ in range(700))
    spans = [(noise.randrange(1, 1 << 20), noise.randrange(1 << 62), 1) for _ in range(1000)]
    data = bytearray()
    head = schema.Head(0, schema.MINOR, [], [], 64, 0, 0, 64, "store")
    writer = ArchiveWriter(data.extend, head)
    writer.members([Entry(name, FOLDER) for name in names])
    writer.removed(names)
    files = [Entry(b"%d" % n, size=1000, content_hash=bytes(32), spans=spans) for n in range(60)]
    writer.members(files)
    writer.finish(VersionLabel())

    [index] = reading.opened(bytes(data)).indexes

    assert len(list(index.entries())) == 760


@pytest.mark.parametrize("slashes", [schema.MAX_SLASHES, schema.MAX_SLASHES + 1])
def test_a_name_has_so_many_slashes_and_no_more(slashes: int) -> None:
    name = b"a/" * slashes + b"a"
    leaf = pack_leaf([Entry(name, FOLDER)])
    if slashes > schema.MAX_SLASHES:
        with pytest.raises(DamagedError, match="longer names"):
            unpacked(leaf, 1)
    else:
        unpacked(leaf, 1)


@pytest.mark.parametrize("size", [10, 4000])  # bytes of a name: one leaf, three
def test_a_weight_that_is_known_changes_no_byte(size: int) -> None:
    entries = [Entry(b"%04d" % n + b"x" * size, FOLDER) for n in range(600)]
    written = []
    for known in (None, sum(map(weight, entries))):
        data = bytearray()
        head = schema.Head(0, schema.MINOR, [], [], 64, 0, 0, 64, "store")
        writer = ArchiveWriter(data.extend, head)
        writer.members(entries, known)
        writer.finish(VersionLabel())
        written.append(bytes(data))

    assert written[0] == written[1]
    assert len(list(reading.opened(written[1]).indexes[0].leaves())) == (1 if size == 10 else 3)


def test_both_readers_give_all_that_is_recorded_of_a_member() -> None:
    data = SOUND["good-folder"].make()
    sink = reading.Collector()
    Unpacker(Source(io.BytesIO(data)), sink, UnpackOptions()).run()

    indexed = {one.name: one for _, one in reading.opened(data).entries()}

    assert sink.entries == indexed
    user = Owner(1000, 100, "ann", "users")
    xattrs = ((b"security.capability", bytes(20)), (b"user.note", b"kept \xff"))
    file = indexed[b"d/file"]
    assert (file.mode, file.owner, file.xattrs) == (0o4711, user, xattrs)
    assert file.content_hash == blake3(dict(sink.contents)[b"d/file"]).digest()
    assert indexed[b"d/null"].device == (1, 3)
    assert indexed[b"d/null"].owner == Owner(0, 0, "root", None)
    assert indexed[b"d/disk"].device == (259, 2**32 - 1)
    assert (indexed[b"d/disk"].mtime_ns, indexed[b"d/disk"].mode) == (-1, None)
    assert [one.kind for one in indexed.values()] == [1, 0, 3, 4, 5, 6, 2]
    assert (indexed[b"link"].target, indexed[b"d"].target) == (b"d/file", None)
