"""Other programs' files in the library: read by content, as the commands read them."""

import bz2
import gzip
import io
import lzma
import os
from pathlib import Path

import pytest

import compressor
from compressor.formats.table import WRITTEN
from tests.formats.samples import PACK, TEXT, Peer, piped

GZ = gzip.compress(TEXT)


@pytest.mark.parametrize("name", PACK)
def test_every_format_is_read_from_memory_and_from_a_file(
    name: str, peer: Peer, tmp_path: Path
) -> None:
    packed = piped(peer, PACK[name], TEXT)
    path = tmp_path / "any name"
    path.write_bytes(packed)

    assert compressor.decompress(packed) == TEXT
    with compressor.open(path) as file:
        assert file.read() == TEXT


def test_a_file_reads_seeks_and_tells_as_that_of_gzip() -> None:
    with compressor.open(io.BytesIO(GZ)) as file, gzip.open(io.BytesIO(GZ)) as other:
        assert file.seekable()
        for offset, whence in ((5000, 0), (-100, 1), (10, 0), (0, 2), (7, 0)):
            where = other.seek(offset, whence) if whence != 2 else other.seek(len(TEXT))
            assert file.seek(offset, whence) == where == file.tell()
            assert file.readline() == other.readline()


def test_text_has_lines() -> None:
    with compressor.open(io.BytesIO(lzma.compress(TEXT)), "rt", encoding="ascii") as file:
        assert file.readline() == "step 0 loss 0\n"
        assert sum(1 for _ in file) == TEXT.count(b"\n") - 1


def test_a_pipe_is_not_looked_at_before_something_is_asked_of_it() -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as below, compressor.open(below) as file:
        with os.fdopen(writing, "wb") as pipe:
            pipe.write(bz2.compress(TEXT[:9000]))

        assert not file.seekable()
        assert file.read(10) == TEXT[:10]
        assert file.seek(8000) == 8000
        assert file.read() == TEXT[8000:9000]


def test_a_file_is_read_from_where_it_stands() -> None:
    source = io.BytesIO(b"before" + GZ)
    source.seek(6)

    with compressor.open(source) as file:
        assert file.read(5) == TEXT[:5]
        assert file.seek(0) == 0
        assert file.read() == TEXT


def test_what_is_sound_comes_before_the_error() -> None:
    plain = os.urandom(1 << 20)
    packed = gzip.compress(plain)[: 900 << 10]

    with compressor.open(io.BytesIO(packed)) as file:
        assert file.read(500_000) == plain[:500_000]
        with pytest.raises(EOFError):
            file.read()
        with pytest.raises(compressor.TruncatedError, match="a gzip file that ends too early"):
            file.read()
    with pytest.raises(compressor.TruncatedError):
        compressor.decompress(packed)


def test_damage_is_raised() -> None:
    damaged = bytearray(GZ)
    damaged[-5] ^= 1

    with pytest.raises(compressor.DamagedError, match="gzip"):
        compressor.decompress(damaged)
    with pytest.raises(compressor.DamagedError, match="followed by something else"):
        compressor.decompress(GZ + compressor.compress(b""))
    with pytest.raises(compressor.DamagedError, match="damaged or too short"):
        compressor.decompress(b"BZh and so on")


def test_limits_hold() -> None:
    bomb = gzip.compress(bytes(1 << 20))
    small = compressor.Limits(max_output=1 << 19)

    with pytest.raises(compressor.LimitError, match="max_output"):
        compressor.decompress(bomb, limits=small)
    with (
        compressor.open(io.BytesIO(bomb), limits=small) as file,
        pytest.raises(compressor.LimitError),
    ):
        file.read()
    tight = compressor.Limits(memory=66 << 20)
    with pytest.raises(compressor.LimitError, match="memory"):
        compressor.decompress(lzma.compress(TEXT, preset=9), limits=tight)


@pytest.mark.parametrize("name", WRITTEN)
def test_what_is_written_is_read(name: str) -> None:
    packed = compressor.compress(TEXT, format=name, verify=True, threads=2)

    assert compressor.decompress(packed) == TEXT
    assert compressor.decompress(compressor.compress(b"", format=name)) == b""


def test_a_level_is_that_of_the_format() -> None:
    sizes = [len(compressor.compress(TEXT, format="gz", level=level)) for level in (0, 6)]

    assert sizes[0] > sizes[1] == len(compressor.compress(TEXT, format="gz"))
    assert gzip.decompress(compressor.compress(memoryview(TEXT), format="gz", level=9)) == TEXT


def test_what_a_format_has_no_place_for_is_refused() -> None:
    for wrong in ({"codec": "lz4"}, {"block_size": 1 << 20}, {"name": "x"}):
        with pytest.raises(compressor.UsageError, match="for archives"):
            compressor.compress(b"", format="gz", **wrong)  # type: ignore[arg-type]
    with pytest.raises(compressor.UsageError, match="choose from gz, bz2"):
        compressor.compress(b"", format="lzma")
    with pytest.raises(compressor.UsageError, match="0 to 9"):
        compressor.compress(b"", format="gz", level=10)
