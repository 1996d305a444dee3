"""How much an archive asks of the system: a call a block, and no question whose answer is known."""

import os
import random
from pathlib import Path

import pytest

from compressor.engine import pool
from compressor.engine.into import Target
from compressor.engine.limits import DEFAULT_MEMORY, INTERPRETER, Limits
from compressor.engine.reading import UnpackOptions
from compressor.engine.tensorfile import Choice, TensorFile
from compressor.engine.unpack import unpack as unpack_file
from tests.engine.conftest import MemorySink

BLOCK = 512 << 10  # bytes; large enough for the threads
COUNT = 9
CONTENT = random.Random(9).randbytes(BLOCK * COUNT)


@pytest.fixture
def archive(pack, tmp_path: Path) -> Path:
    path = tmp_path / "x.cz"
    path.write_bytes(pack({b"": CONTENT}, "lz4", block_size=BLOCK))
    return path


@pytest.fixture
def reads(monkeypatch) -> list[int]:
    """Return the sizes of what is read by position."""
    asked: list[int] = []
    pread = os.pread

    def noted(descriptor: int, size: int, offset: int) -> bytes:
        asked.append(size)
        return pread(descriptor, size, offset)

    monkeypatch.setattr(os, "pread", noted)
    return asked


def unpacked(path: Path, **options) -> bytes:
    sink = MemorySink()
    with path.open("rb", buffering=0) as file:
        unpack_file(file, sink, UnpackOptions(**options), seekable=True)
    return sink.contents[b""]


def test_a_block_and_the_extents_behind_it_are_read_by_one_call(archive, reads) -> None:
    assert unpacked(archive) == CONTENT
    assert 0 <= len(reads) - COUNT <= 2


def test_a_file_that_was_unpacked_was_read_for_those_who_share_it(archive) -> None:
    with archive.open("rb", buffering=0) as file:
        unpack_file(file, MemorySink(), UnpackOptions(), seekable=True)
        assert file.tell() == archive.stat().st_size


def test_a_file_that_can_seek_is_not_asked_whether_it_waits(archive) -> None:
    def asked() -> bool:
        raise AssertionError

    for threads in (1, 2):
        assert unpacked(archive, threads=threads, idle=asked) == CONTENT


@pytest.mark.parametrize("room", [True, False])
def test_small_blocks_go_to_a_thread_together_where_memory_allows(
    archive, monkeypatch, room: bool
) -> None:
    sizes: list[int] = []
    run = pool._Batch.run
    monkeypatch.setattr(pool._Batch, "run", lambda one: sizes.append(one.size) or run(one))
    limits = Limits(memory=DEFAULT_MEMORY if room else INTERPRETER + (8 << 20))
    assert unpacked(archive, threads=2, limits=limits) == CONTENT
    assert max(sizes) == (pool.BATCH if room else BLOCK)


def test_each_block_that_goes_into_memory_is_read_by_one_call(tmp_path, pack, reads) -> None:
    header = b'{"a":{"dtype":"U8","shape":[%d],"data_offsets":[0,%d]}}' % ((len(CONTENT),) * 2)
    header += b" " * (-len(header) % 8)
    content = len(header).to_bytes(8, "little") + header + CONTENT
    path = tmp_path / "m.cz"
    path.write_bytes(pack({b"m": content}, "lz4", block_size=BLOCK))
    file = TensorFile(path, Choice(threads=1))
    buffer = bytearray(len(CONTENT))
    reads.clear()
    file.fill([Target(file.tensor("a").start, memoryview(buffer), "a")])
    assert buffer == CONTENT
    blocks = [size for size in reads if size > BLOCK // 2]
    # The first is kept from the look at the header; pages of extents, and the rest, are small.
    assert len(blocks) == COUNT - 1
    assert len(reads) - len(blocks) <= COUNT + 2
