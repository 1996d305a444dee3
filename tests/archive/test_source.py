"""Where archives are read from: what is read of a file, by how many calls, and where its position stays."""

import io
import os
from pathlib import Path

import pytest

from compressor.archive.source import AHEAD, FileFrom, Forward, RandomSource
from compressor.errors import TruncatedError

DATA = bytes(range(256)) * 64


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "data"
    made.write_bytes(DATA)
    return made


@pytest.fixture
def reads(monkeypatch):
    """Return the places and sizes that are read by position, as they are asked for."""
    asked: list[tuple[int, int]] = []
    pread = os.pread

    def noted(descriptor: int, size: int, offset: int) -> bytes:
        asked.append((offset, size))
        return pread(descriptor, size, offset)

    monkeypatch.setattr(os, "pread", noted)
    return asked


def test_a_file_of_the_system_is_read_by_position_and_stays_where_it_is(path, reads) -> None:
    for buffering in (0, -1):
        with path.open("rb", buffering=buffering) as file:
            source = RandomSource(file)
            file.seek(7)
            assert source.read(100, 50) == DATA[100:150]
            assert file.tell() == 7
    assert reads == [(100, 50)] * 2


def test_a_part_of_a_file_begins_and_ends_where_it_is_said_to(path, reads) -> None:
    with path.open("rb", buffering=0) as file:
        file.seek(1000)
        source = RandomSource(FileFrom(FileFrom(file), 500))
        assert (source.size, source.read(0, 500)) == (500, DATA[1000:1500])
        with pytest.raises(TruncatedError) as caught:
            source.read(400, 101)
    assert caught.value.offset == 500
    assert reads[0] == (1000, 500)


class Counted(io.FileIO):
    """A file with a reading of its own."""

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(size).upper()


def test_a_file_that_reads_in_a_way_of_its_own_is_read_in_that_way(path, reads) -> None:
    path.write_bytes(b"abc" * 100)
    for file in (Counted(path), io.BytesIO(b"ABC" * 100)):
        with file:
            assert RandomSource(file).read(3, 6) == b"ABCABC"
    assert reads == []


def test_bytes_that_were_written_and_not_yet_given_to_the_system_are_read(path, reads) -> None:
    with path.open("r+b") as file:
        file.write(b"new")
        assert RandomSource(file).read(0, 3) == b"new"
    assert reads == []


def test_a_closed_file_is_not_read(path) -> None:
    file = path.open("rb", buffering=0)
    source = RandomSource(file)
    file.close()
    with path.open("rb", buffering=0), pytest.raises(ValueError, match="closed"):
        source.read(0, 1)


def test_what_comes_in_pieces_is_put_together(path, monkeypatch) -> None:
    pread = os.pread
    monkeypatch.setattr(os, "pread", lambda one, size, offset: pread(one, min(size, 7), offset))
    with path.open("rb", buffering=0) as file:
        source = RandomSource(file)
        assert source.read(10, 100) == DATA[10:110]
        assert source.read_on(10, 100, 50) == DATA[10:110]
        assert b"".join(map(Forward(source).read, (5, 40, 3))) == DATA[:48]


def test_small_pieces_behind_a_large_one_are_read_with_it(path, reads) -> None:
    with path.open("rb", buffering=0) as file:
        forward = Forward(RandomSource(file))
        found = [bytes(forward.read(size)) for size in (9000, 32, 60, 32, AHEAD, len(DATA), 1)]
    assert b"".join(found) == DATA
    behind = 9000 + 32 + 60 + 32
    assert reads[:2] == [(0, 9000 + AHEAD), (behind, len(DATA) - behind)]
    assert len(reads) == 2


def test_reading_on_does_not_go_beyond_the_part(path, reads) -> None:
    with path.open("rb", buffering=0) as file:
        forward = Forward(RandomSource(file), 10, 110)
        assert bytes(forward.read(90)) + bytes(forward.read(90)) == DATA[10:110]
    assert reads == [(10, 100)]
