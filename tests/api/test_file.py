"""compressor.open: what its files do beyond the cases of CPython's own suites."""

import copy
import io
import os
import random
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import compressor
from compressor.archive.record import Kind
from tests.api.build import archive_of, archive_with_a_hole, offset_of, without_end
from tests.conftest import descriptors

PLAIN = random.Random(9).randbytes(300_000) + b"line\n" * 40_000
PACKED = compressor.compress(PLAIN, block_size=50_000)


class Pipe(io.RawIOBase):
    """A file that gives a few bytes at a time, and can't seek."""

    def __init__(self, data: bytes) -> None:
        self._data = io.BytesIO(data)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        return self._data.readinto(memoryview(buffer)[:1000])


class Counting(io.BytesIO):
    """A file that counts the bytes read from it."""

    read_size = 0

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        self.read_size += len(data)
        return data


# Writing


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("size", [0, 1, 300_000, 300_001, 600_000])
def test_a_file_has_the_bytes_of_compress(size: int, threads: int) -> None:
    plain = (PLAIN * 2)[:size]
    target = io.BytesIO()

    with compressor.open(target, "wb", block_size=300_000, threads=threads) as file:
        for at in range(0, size, 7001):
            file.write(plain[at : at + 7001])

    assert target.getvalue() == compressor.compress(plain, block_size=300_000)


def test_what_was_flushed_can_be_read_while_the_writer_runs() -> None:
    reading, writing = os.pipe()
    with (
        os.fdopen(writing, "wb", buffering=0) as below,
        compressor.open(below, "wb") as writer,
        os.fdopen(reading, "rb", buffering=0) as source,
        compressor.open(source) as reader,
    ):
        for line in (b"first\n", b"second\n", b"third\n"):
            writer.write(line)
            writer.flush()

            assert reader.readline() == line
        writer.close()
        below.close()

        assert reader.read() == b""


@pytest.mark.timeout(60)
def test_what_was_flushed_is_given_although_threads_could_wait_for_more() -> None:
    reading, writing = os.pipe()
    noise = random.Random(11).randbytes(600_000)  # too much to be decoded at once

    def write() -> None:
        with os.fdopen(writing, "wb", buffering=0) as below, compressor.open(below, "wb") as writer:
            for _ in range(3):
                writer.write(noise)
                writer.flush()
                assert turn.acquire(timeout=30)

    turn = threading.Semaphore(0)
    thread = threading.Thread(target=write)
    thread.start()
    with (
        os.fdopen(reading, "rb") as source,
        compressor.open(source, threads=2) as reader,
    ):
        for _ in range(3):
            assert reader.read(len(noise)) == noise
            turn.release()
        assert reader.read() == b""
    thread.join()


def test_a_growing_file_is_read_as_far_as_it_was_flushed(tmp_path: Path) -> None:
    path = tmp_path / "log.cz"
    with compressor.open(path, "wt", encoding="utf-8") as writer:
        writer.write("first\n")
        writer.flush()

        with compressor.open(path) as reader:
            assert reader.read1() == b"first\n"
            with pytest.raises(EOFError):
                reader.read1()
        writer.write("second\n")
    with compressor.open(path, "rt", encoding="utf-8") as reader:
        assert reader.read() == "first\nsecond\n"


def test_a_flush_with_nothing_new_writes_nothing() -> None:
    target = io.BytesIO()
    with compressor.open(target, "wb") as file:
        file.write(b"abc")
        file.flush()
        before = target.getvalue()

        file.flush()
        file.flush()

        assert target.getvalue() == before


@pytest.mark.parametrize(
    "options",
    [
        {"codec": "nonsense"},
        {"level": 99},
        {"block_size": -1},
        {"memory": 1},
        {"limits": compressor.Limits()},
        {"salvage": True},
        {"mode": "wt", "encoding": "nonsense"},
        {"mode": "wt", "newline": "nonsense"},
    ],
)
def test_a_wrong_option_leaves_the_file_as_it_was(
    options: dict[str, object], tmp_path: Path
) -> None:
    path = tmp_path / "kept.cz"
    path.write_bytes(b"precious")
    before = descriptors()

    with pytest.raises((compressor.CompressorError, LookupError, ValueError)):
        compressor.open(path, **{"mode": "wb", **options})  # type: ignore[call-overload]

    assert path.read_bytes() == b"precious"
    assert descriptors() == before


def test_an_option_of_writing_is_refused_where_it_reads() -> None:
    with pytest.raises(compressor.UsageError, match="for writing"):
        compressor.open(io.BytesIO(PACKED), codec="zstd")


@pytest.mark.parametrize(
    "content", [b"not an archive, but long enough", PACKED[:-1], without_end(PACKED)]
)
def test_append_refuses_to_write_behind_what_is_no_whole_archive(
    content: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "x.cz"
    path.write_bytes(content)

    with pytest.raises(compressor.CompressorError):
        compressor.open(path, "ab")

    assert path.read_bytes() == content


def test_append_adds_an_archive(tmp_path: Path) -> None:
    path = tmp_path / "x.cz"
    for _ in range(3):
        with compressor.open(path, "ab") as file:
            file.write(PLAIN)

    with compressor.open(path) as file:
        assert file.read() == PLAIN * 3


class Full(io.RawIOBase):
    """A disk that has room for so many bytes."""

    def __init__(self, room: int) -> None:
        self.data = b""
        self.room = room

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        if not self.room:
            raise OSError(28, "No space left on device")
        taken = bytes(data[: self.room])
        self.room -= len(taken)
        self.data += taken
        return len(taken)


def test_after_an_error_of_writing_no_end_is_written() -> None:
    disk = Full(100_000)
    file = compressor.open(disk, "wb", codec="store", block_size=60_000)  # type: ignore[call-overload]

    with pytest.raises(OSError, match="No space"):
        file.write(PLAIN)
    disk.room = 1 << 20
    file.close()

    with pytest.raises(compressor.TruncatedError):
        compressor.decompress(disk.data)


def test_after_an_error_of_flushing_no_end_is_written() -> None:
    disk = Full(1 << 20)
    file = compressor.open(disk, "wb", codec="store", block_size=1 << 20, threads=2)  # type: ignore[call-overload]

    file.write(PLAIN)
    file.flush()
    disk.room = 0
    file.write(PLAIN)
    with pytest.raises(OSError, match="No space"):
        file.flush()  # a thread has the block; here it is written
    disk.room = 1 << 20
    file.close()

    with pytest.raises(compressor.TruncatedError):
        compressor.decompress(disk.data)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "latin-1"])
def test_text_comes_back_in_every_encoding(encoding: str) -> None:
    target = io.BytesIO()

    with compressor.open(target, "wt", encoding=encoding, newline="") as file:
        file.write("größer\n" * 1000)
    target.seek(0)

    with compressor.open(target, "rt", encoding=encoding, newline="") as file:
        assert file.read() == "größer\n" * 1000


# Reading


@given(
    parts=st.lists(st.binary(max_size=400), min_size=1, max_size=4),
    block_size=st.integers(200, 500),
    threads=st.integers(1, 2),
    moves=st.lists(st.tuples(st.integers(-100, 1300), st.integers(0, 2), st.integers(0, 600))),
)
def test_a_file_reads_and_seeks_as_the_plain_one_does(
    parts: list[bytes], block_size: int, threads: int, moves: list[tuple[int, int, int]]
) -> None:
    packed = b"".join(archive_of([(b"", part)], block_size=block_size) for part in parts)
    plain = io.BytesIO(b"".join(parts))

    with compressor.open(io.BytesIO(packed), threads=threads) as file:
        for offset, whence, size in moves:
            target = offset + (0, plain.tell(), len(plain.getvalue()))[whence]
            plain.seek(max(0, min(target, len(plain.getvalue()))))

            assert file.seek(offset, whence) == plain.tell()
            assert file.read(size) == plain.read(size)


def test_a_seek_costs_the_blocks_it_touches() -> None:
    source = Counting(compressor.compress(bytes(1_000_000), codec="store", block_size=10_000))

    with compressor.open(source) as file:
        file.seek(500_000)
        file.read(10)

    assert source.read_size < 40_000


def test_an_archive_in_the_middle_of_a_file_is_read_from_there() -> None:
    source = io.BytesIO(b"something else" + PACKED)
    source.seek(14)

    with compressor.open(source) as file:
        assert file.read() == PLAIN
        file.seek(-5, os.SEEK_END)
        assert file.read() == b"line\n"


def test_a_pipe_is_read_forward() -> None:
    with compressor.open(Pipe(PACKED + PACKED)) as file:  # type: ignore[call-overload]
        assert not file.seekable()
        assert file.read(10) == PLAIN[:10]
        assert file.seek(1000) == 1000
        assert file.read(10) == PLAIN[1000:1010]
        assert file.seek(5, os.SEEK_CUR) == 1015
        with pytest.raises(io.UnsupportedOperation):
            file.seek(0)
        with pytest.raises(io.UnsupportedOperation):
            file.seek(0, os.SEEK_END)
        assert file.read() == (PLAIN * 2)[1015:]


@pytest.mark.parametrize("below", [io.BytesIO, Pipe])
def test_a_hole_is_read_as_zeros(below: Callable[[bytes], io.BytesIO]) -> None:
    packed = archive_with_a_hole(3 << 20, before=b"before", after=b"after")

    with compressor.open(below(packed)) as file:
        assert file.read() == b"before" + bytes(3 << 20) + b"after"


@pytest.mark.parametrize("below", [io.BytesIO, Pipe])
def test_a_bomb_is_stopped_by_default(below: Callable[[bytes], io.BytesIO]) -> None:
    bomb = archive_with_a_hole(200 << 20)

    with compressor.open(below(bomb)) as file, pytest.raises(compressor.LimitError):
        list(iter(lambda: file.read(1 << 20), b""))


@pytest.mark.parametrize("below", [io.BytesIO, Pipe])
def test_the_output_is_limited_only_where_it_is_asked_for(
    below: Callable[[bytes], io.BytesIO],
) -> None:
    with compressor.open(below(PACKED)) as file:
        assert len(file.read()) == len(PLAIN)
    limits = compressor.Limits(max_output=100_000)

    with (
        compressor.open(below(PACKED), limits=limits) as file,
        pytest.raises(compressor.LimitError),
    ):
        file.read()


def test_several_members_are_refused_when_a_file_is_opened(tmp_path: Path) -> None:
    path = tmp_path / "x.cz"
    path.write_bytes(archive_of([(b"a", b"1"), (b"b", b"2")]))
    before = descriptors()

    with pytest.raises(compressor.UsageError, match="Archive"):
        compressor.open(path)

    assert descriptors() == before


def test_several_members_behind_an_archive_of_none_are_refused() -> None:
    packed = archive_of([]) + archive_of([(b"a", b"1"), (b"b", b"2")])

    with pytest.raises(compressor.UsageError, match="several members"):
        compressor.open(io.BytesIO(packed))


def test_several_members_are_refused_when_a_pipe_is_read() -> None:
    packed = archive_of([(b"a", b"1"), (b"b", b"2")])

    with (
        compressor.open(Pipe(packed)) as file,  # type: ignore[call-overload]
        pytest.raises(compressor.UsageError, match="Archive"),
    ):
        file.read()


@pytest.mark.parametrize("below", [io.BytesIO, Pipe])
def test_damage_is_reported_behind_all_that_is_sound(
    below: Callable[[bytes], io.BytesIO],
) -> None:
    packed = bytearray(compressor.compress(PLAIN, codec="store", block_size=50_000))
    packed[125_000] ^= 1

    with compressor.open(below(bytes(packed))) as file:
        assert file.read(100_000) == PLAIN[:100_000]
        for _ in range(2):
            with pytest.raises(compressor.DamagedError):
                file.read(1)


def test_blocks_behind_damage_can_be_reached() -> None:
    packed = bytearray(compressor.compress(PLAIN, codec="store", block_size=50_000))
    packed[125_000] ^= 1

    with compressor.open(io.BytesIO(packed)) as file:
        with pytest.raises(compressor.DamagedError):
            file.read()
        file.seek(200_000)
        assert file.read() == PLAIN[200_000:]


@pytest.mark.parametrize("below", [io.BytesIO, Pipe])
def test_what_lacks_its_end_is_read_and_then_said(below: Callable[[bytes], io.BytesIO]) -> None:
    cut = without_end(PACKED)

    with compressor.open(below(cut)) as file:
        assert file.read(len(PLAIN)) == PLAIN
        with pytest.raises(compressor.UnfinishedError):
            file.read(1)
    with compressor.open(below(cut), salvage=True) as file:
        assert file.read() == PLAIN


def test_what_lost_its_index_is_sought_by_reading() -> None:
    with compressor.open(io.BytesIO(without_end(PACKED))) as file:
        file.seek(200_000)
        assert file.read(5) == PLAIN[200_000:200_005]
        file.seek(3)
        assert file.read(5) == PLAIN[3:8]


def test_what_was_salvaged_is_sought_by_its_index() -> None:
    plain = bytes(1_000_000)
    packed = compressor.compress(plain, codec="store", block_size=10_000)
    source = Counting(packed[: offset_of(packed, Kind.FOOTER)])

    with compressor.open(source, salvage=True) as file:
        before = source.read_size
        file.seek(-100, os.SEEK_END)
        assert file.read() == bytes(100)

    assert source.read_size - before < 40_000


def test_an_error_of_the_file_below_does_not_look_like_an_end() -> None:
    class Failing(Pipe):
        def readinto(self, buffer: bytearray) -> int:
            if self._data.tell() > 100_000:
                raise OSError(5, "Input/output error")
            return super().readinto(buffer)

    with compressor.open(Failing(PACKED)) as file:  # type: ignore[call-overload]
        for _ in range(3):
            with pytest.raises(OSError, match="Input/output"):
                file.read()


# Files as such


def test_threads_share_a_file() -> None:
    pieces: list[bytes] = []
    with compressor.open(io.BytesIO(PACKED), threads=2) as file:

        def read() -> None:
            while piece := file.read(5000):
                pieces.append(piece)

        threads = [threading.Thread(target=read) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert sorted(pieces) == sorted(PLAIN[at : at + 5000] for at in range(0, len(PLAIN), 5000))


class Overtaken:
    """A lock before which another thread comes first, and closes the file."""

    def __init__(self, file: compressor.CompressorFile) -> None:
        self._file = file
        self._lock = threading.RLock()
        self._first = True

    def __enter__(self) -> None:
        self._lock.acquire()
        if self._first:
            self._first = False
            self._file.close()

    def __exit__(self, *_error: object) -> None:
        self._lock.release()


@pytest.mark.parametrize("call", [lambda file: file.write(PLAIN), lambda file: file.flush()])
def test_nothing_is_written_behind_the_end_though_a_close_comes_first(
    call: Callable[[compressor.CompressorFile], object],
) -> None:
    target = io.BytesIO()
    file = compressor.open(target, "wb", block_size=4096)
    file.write(b"begun")
    file._lock = Overtaken(file)  # type: ignore[assignment]

    with pytest.raises(ValueError, match="closed file"):
        call(file)

    assert compressor.decompress(target.getvalue()) == b"begun"


@pytest.mark.parametrize("mode", ["rb", "wb"])
def test_a_file_is_not_copied_nor_pickled(mode: str) -> None:
    with compressor.open(io.BytesIO(PACKED), mode) as file, pytest.raises(TypeError):
        copy.copy(file)


def test_a_file_closes_what_it_opened_and_no_more(tmp_path: Path) -> None:
    path = tmp_path / "x.cz"
    before = descriptors()
    for mode in ("wb", "ab", "rb", "wt", "rt"):
        compressor.open(path, mode).close()
    below = io.BytesIO(PACKED)
    compressor.open(below).close()

    assert descriptors() == before
    assert not below.closed


def test_a_file_that_nobody_closed_is_whole_once_it_is_gone(tmp_path: Path) -> None:
    path = tmp_path / "x.cz"
    compressor.open(path, "wb").write(PLAIN)

    assert compressor.decompress(path.read_bytes()) == PLAIN


def test_a_file_knows_its_name_and_mode(tmp_path: Path) -> None:
    path = tmp_path / "x.cz"

    with compressor.open(path, "xb") as file:
        assert (file.name, file.mode) == (str(path), "wb")
    with compressor.open(path, "rt") as text:
        assert text.name == str(path)
