"""compressor.Archive."""

import copy
import io
import os
import random
import shutil
import threading
from pathlib import Path

import pytest
from blake3 import blake3
from hypothesis import given
from hypothesis import strategies as st

import compressor
from tests.api.build import archive_of, archive_with_a_hole, without_end
from tests.conftest import descriptors

LARGE = random.Random(10).randbytes(500_000)
MEMBERS = [(b"dir/a.txt", b"alpha"), (b"big.bin", LARGE), (b"\xff", b""), (b"z", b"omega")]
PACKED = archive_of(MEMBERS)


def opened(packed: bytes = PACKED, **options: object) -> compressor.Archive:
    return compressor.Archive(io.BytesIO(packed), **options)  # type: ignore[arg-type]


def test_members_come_in_order_with_what_was_recorded() -> None:
    members = list(opened())

    assert [member.name for member in members] == ["dir/a.txt", "big.bin", "\udcff", "z"]
    assert [member.size for member in members] == [5, 500_000, 0, 5]
    assert {member.mode for member in members} == {0o640}
    assert {member.mtime_ns for member in members} == {1_700_000_000_000_000_000}
    assert members[1].blake3 == blake3(LARGE).digest()


def test_an_archive_counts_and_names_its_members() -> None:
    archive = opened()

    assert len(archive) == 4
    assert archive.names()[2] == "\udcff"
    assert "z" in archive
    assert "y" not in archive


def test_a_member_is_found_by_name() -> None:
    assert opened()["\udcff"].size == 0
    with pytest.raises(KeyError, match="no member named 'y'"):
        opened()["y"]
    with pytest.raises(KeyError, match="no member named"):
        opened()["\ud800"]  # half a character: no bytes read as this


@given(start=st.integers(-1500, 1500), end=st.none() | st.integers(-1500, 1500), data=st.randoms())
def test_a_range_is_the_slice_of_the_content(
    start: int, end: int | None, data: random.Random
) -> None:
    content = data.randbytes(1300)
    archive = opened(archive_of([(b"a", b"x"), (b"b", content)], block_size=300))

    assert archive.read("b", start, end) == content[start:end]


def test_an_empty_range_of_a_hole_is_empty() -> None:
    assert opened(archive_with_a_hole(1 << 20)).read("sparse", 10, 5) == b""


def test_a_whole_member_is_verified() -> None:
    wrong = PACKED.replace(blake3(LARGE).digest(), bytes(32))
    # The leaf's own check still fails first; a lie needs a writer that lies.
    with pytest.raises(compressor.DamagedError):
        opened(wrong).read("big.bin")


def test_a_member_opens_as_a_file() -> None:
    with opened() as archive, archive.open("big.bin") as file:
        assert isinstance(file, io.BufferedIOBase)
        assert file.name == "big.bin"
        file.seek(-10, os.SEEK_END)
        assert file.read() == LARGE[-10:]
        with pytest.raises(OSError, match="fileno"):
            file.fileno()


@pytest.mark.parametrize("threads", [1, 3])
def test_files_of_members_are_read_by_turns(threads: int) -> None:
    target, other = io.BytesIO(), io.BytesIO()
    packed = archive_of([(b"1", LARGE), (b"2", LARGE[::-1])], block_size=30_000)
    with opened(packed, threads=threads) as archive:
        one, two = archive.open("1"), archive.open("2")
        while piece := one.read(9000):
            target.write(piece)
            other.write(two.read(9000))

    assert target.getvalue() == LARGE
    assert other.getvalue() == LARGE[::-1]


def test_threads_share_an_archive() -> None:
    packed = archive_of([(str(n).encode(), LARGE[n:]) for n in range(8)], block_size=40_000)
    wrong: list[int] = []
    with opened(packed, threads=2) as archive:

        def read(number: int) -> None:
            plain = LARGE[number:]
            parts = [slice(at, at + 1000) for at in range(0, 400_000, 50_000)]
            if any(archive.read(str(number), p.start, p.stop) != plain[p] for p in parts):
                wrong.append(number)
            if archive.read(str(number)) != plain:
                wrong.append(number)

        threads = [threading.Thread(target=read, args=(n,)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert wrong == []


def test_of_archives_in_a_row_the_last_one_has_the_name() -> None:
    archive = opened(archive_of([(b"a", b"old")]) + archive_of([(b"a", b"new")]))

    assert archive.read("a") == b"new"
    assert [archive.read(member) for member in archive] == [b"old", b"new"]


def test_an_archive_without_an_end_is_read_by_those_who_ask() -> None:
    cut = without_end(PACKED)

    with pytest.raises(compressor.UnfinishedError):
        opened(cut)
    archive = opened(PACKED + cut, salvage=True)

    assert len(archive) == 8
    assert archive.read("big.bin", 100, 200) == LARGE[100:200]
    assert archive["dir/a.txt"].size == 5


def test_an_archive_without_its_last_leaf_is_not_read() -> None:
    with pytest.raises(compressor.DamagedError):
        opened(PACKED[: len(PACKED) // 2], salvage=True)


def test_a_sound_archive_passes_the_test() -> None:
    opened().test()


def test_test_finds_one_wrong_bit() -> None:
    damaged = bytearray(PACKED)
    damaged[300_000] ^= 4

    archive = opened(bytes(damaged))

    assert archive.read("dir/a.txt") == b"alpha"
    with pytest.raises(compressor.DamagedError):
        archive.test()
    with pytest.raises(compressor.DamagedError):
        archive.read("big.bin")


def test_test_does_not_pass_over_a_missing_end() -> None:
    with pytest.raises(compressor.UnfinishedError):
        opened(without_end(PACKED), salvage=True).test()


def test_read_is_bounded_and_a_file_is_not() -> None:
    bomb = archive_with_a_hole(200 << 20)

    with pytest.raises(compressor.LimitError):
        opened(bomb).read("sparse")
    with pytest.raises(compressor.LimitError):
        opened(bomb).open("sparse").read()
    assert opened(bomb).read("sparse", 100 << 20, 101 << 20) == bytes(1 << 20)


def test_given_limits_hold_everywhere() -> None:
    archive = opened(limits=compressor.Limits(max_output=1000))

    assert archive.read("big.bin", 0, 1000) == LARGE[:1000]
    for call in (lambda: archive.read("big.bin"), archive.open("big.bin").read, archive.test):
        with pytest.raises(compressor.LimitError):
            call()


def test_a_pipe_is_refused() -> None:
    reading, writing = os.pipe()
    os.close(writing)

    with os.fdopen(reading, "rb") as pipe, pytest.raises(compressor.UsageError, match="open"):
        compressor.Archive(pipe)


@pytest.mark.parametrize("content", [b"", b"nonsense" * 20, PACKED[:-3], b"\x1f\x8b" + bytes(99)])
def test_no_descriptor_is_left_open_by_a_file_that_is_refused(
    content: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "x.cz"
    path.write_bytes(content)
    before = descriptors()

    with pytest.raises(compressor.CompressorError):
        compressor.Archive(path)

    assert descriptors() == before


def test_an_archive_is_not_copied_nor_pickled() -> None:
    with pytest.raises(TypeError):
        copy.copy(opened())


def test_a_member_is_copied_with_the_standard_library(tmp_path: Path) -> None:
    path = tmp_path / "x.cz"
    path.write_bytes(PACKED)

    with (
        compressor.Archive(path) as archive,
        archive.open("big.bin") as file,
        (tmp_path / "out").open("wb") as out,
    ):
        shutil.copyfileobj(file, out)

    assert (tmp_path / "out").read_bytes() == LARGE
