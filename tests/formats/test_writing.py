"""What is written is what the formats' own programs read."""

import io
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compressor.archive.leaf import Entry
from compressor.engine.foreignpack import ForeignOptions, ForeignPacker
from compressor.errors import CompressorError, DamagedError
from compressor.formats.packed import Packed
from compressor.formats.table import MODULES, WRITTEN, format_by_name, read
from compressor.tree.inputs import Hole
from tests.formats.samples import CONTENTS, NOISE, TEXT, UNPACK, Peer, piped

MEMORY = 1 << 30


def packer_of(
    name: str, write: Callable[[bytes], object], level: int | None = None, threads: int = 1
) -> ForeignPacker:
    found = format_by_name(name)
    assert found.writing
    options = ForeignOptions(found, found.writing, level, threads, MEMORY, lambda *_: None)
    return ForeignPacker(write, options)


def packed_of(name: str, *contents: bytes, level: int | None = None, threads: int = 1) -> bytes:
    out = io.BytesIO()
    packer = packer_of(name, out.write, level, threads)
    for content in contents:
        packer.add(Entry(b""), [content])
    packer.close()
    assert packer.packed_size == out.tell()
    assert packer.plain_size == sum(map(len, contents))
    return out.getvalue()


def plain_of(name: str, packed: bytes) -> bytes:
    found = format_by_name(name)
    return b"".join(read(found, Packed(io.BytesIO(packed).read, ""), MEMORY))


@pytest.mark.parametrize("name", WRITTEN)
@pytest.mark.parametrize("content", CONTENTS)
def test_its_own_program_reads_what_is_written(name: str, content: str, peer: Peer) -> None:
    packed = packed_of(name, CONTENTS[content])

    assert piped(peer, UNPACK[name], packed) == CONTENTS[content]
    assert plain_of(name, packed) == CONTENTS[content]


def test_gzip_reads_what_is_written_as_dot_z(peer: Peer) -> None:
    assert piped(peer, UNPACK["gz"], packed_of("Z", TEXT)) == TEXT


HUNGRY = {("xz", 8), ("xz", 9)}  # levels that take too long here
LEVELS = [(name, level) for name in WRITTEN for level in range(10) if (name, level) not in HUNGRY]


@pytest.mark.parametrize(("name", "level"), LEVELS)
def test_each_level_is_read_back(name: str, level: int) -> None:
    content = TEXT + NOISE + TEXT
    if name == "lzo" and level >= 7:
        pytest.importorskip("lzo")

    assert plain_of(name, packed_of(name, content, level=level)) == content


@pytest.mark.parametrize("name", ["gz", "bz2", "lz4", "lzo", "Z"])
def test_threads_change_no_byte(name: str, peer: Peer) -> None:
    content = (TEXT + NOISE) * 7

    packed = packed_of(name, content, level=1, threads=1)

    assert packed_of(name, content, level=1, threads=3) == packed
    assert piped(peer, UNPACK[name], packed) == content


@pytest.mark.parametrize("name", [name for name in WRITTEN if name != "Z"])
def test_contents_in_a_row_are_read_as_one(name: str, peer: Peer) -> None:
    packed = packed_of(name, TEXT, b"", NOISE)

    assert piped(peer, UNPACK[name], packed) == TEXT + NOISE
    assert plain_of(name, packed) == TEXT + NOISE


@pytest.mark.parametrize("name", [name for name in WRITTEN if name != "Z"])
@pytest.mark.parametrize("level", [None, 1])
def test_what_is_written_has_a_check_of_its_content(name: str, level: int | None) -> None:
    """Noise is stored as it is, or nearly so: a bit of it, turned, breaks nothing but a check."""
    packed = bytearray(packed_of(name, NOISE, level=level))
    packed[len(packed) // 2] ^= 1

    with pytest.raises(DamagedError, match="is damaged"):
        plain_of(name, bytes(packed))


def test_gzip_files_have_neither_name_nor_time() -> None:
    assert packed_of("gz", TEXT)[:10] == b"\x1f\x8b\x08\0\0\0\0\0\0\3"


def test_a_gzip_file_is_one_member_whatever_its_size(peer: Peer) -> None:
    """Readers that know of one member only get all of it; ``gzip -l`` says its size."""
    content = TEXT * 15
    packed = packed_of("gz", content, threads=2)

    assert int.from_bytes(packed[-4:], "little") == len(content) > 1 << 20
    assert packed.count(b"\x1f\x8b\x08\0\0\0\0\0") == 1
    assert len(packed) < 1.02 * len(piped(peer, ("gzip", "-c"), content))


def test_every_level_fits_into_the_default_budget() -> None:
    for name in WRITTEN:
        for level in range(10):
            if name == "lzo" and level >= 7:
                pytest.importorskip("lzo")
            packer_of(name, lambda _data: None, level, threads=0).close()


def test_holes_are_zeros() -> None:
    out = io.BytesIO()
    packer = packer_of("gz", out.write)
    packer.add(Entry(b""), [TEXT, Hole(100_000), NOISE])
    packer.close()

    assert plain_of("gz", out.getvalue()) == TEXT + bytes(100_000) + NOISE


def test_verification_finds_what_is_wrong() -> None:
    out = io.BytesIO()
    packer = packer_of("zst", out.write)
    packer.add(Entry(b""), [TEXT])
    packer.close()
    packed = out.getvalue()

    packer.verify(io.BytesIO(packed))
    with pytest.raises(CompressorError, match="can't be read"):
        packer.verify(io.BytesIO(packed[:-1]))
    with pytest.raises(CompressorError, match="does not stand for"):
        packer.verify(io.BytesIO(packed + packed))


@pytest.mark.parametrize("name", WRITTEN)
@settings(max_examples=15, deadline=None)
@given(content=st.binary(max_size=300), times=st.integers(1, 40))
def test_any_content_comes_back(name: str, content: bytes, times: int) -> None:
    assert plain_of(name, packed_of(name, content * times)) == content * times


def test_all_but_lzma_are_written() -> None:
    assert {name for name in MODULES if format_by_name(name).writing} == set(WRITTEN)
