"""Whole archives with a thread that writes: the same bytes both ways, and what goes wrong is told."""

import io
import random
import threading

import pytest
from msgspec.structs import replace

from compressor.archive.leaf import Entry
from compressor.archive.source import Source
from compressor.archive.writer import ArchiveWriter
from compressor.engine import pool
from compressor.engine.access import CACHED_BLOCKS, SeekableArchive
from compressor.engine.behind import HELD, held
from compressor.engine.extract import Extraction
from compressor.engine.limits import DEFAULT_MEMORY, INTERPRETER, Limits
from compressor.engine.pack import Packer
from compressor.engine.packoptions import PackOptions
from compressor.engine.pool import BATCH, SMALL
from compressor.engine.reading import UnpackOptions
from compressor.engine.unpack import Unpacker
from compressor.stages.chain import parse
from tests.engine.conftest import MemorySink, cut

BLOCK = 1 << 20  # bytes; large enough for the threads
CONTENT = random.Random(5).randbytes(BLOCK) * (HELD // BLOCK + 2) + b"and a rest"
BEHIND = UnpackOptions(threads=2, behind=True)


def packed(*, behind: bool) -> tuple[bytes, set[str]]:
    """Return an archive of CONTENT twice, and the names of the threads that wrote it."""
    parts: list[bytes] = []
    writers = set[str]()

    def write(data: bytes) -> None:
        parts.append(bytes(data))
        writers.add(threading.current_thread().name)

    options = PackOptions(parse("lz4"), BLOCK, threads=2, behind=behind)
    packer = Packer(write, options)
    for name in (b"a", b"b"):
        packer.add(Entry(name), cut(CONTENT, BLOCK))
    packer.finish()
    return b"".join(parts), writers


class ThreadSink(MemorySink):
    """Notes who gives it bytes; fails at those of ``bad``."""

    def __init__(self, bad: bytes = b"") -> None:
        super().__init__()
        self.givers: set[str] = set()
        self._bad = bad
        self._name = b""

    def opened(self, name, entry) -> None:
        self._name = name
        super().opened(name, entry)

    def data(self, piece) -> None:
        self.givers.add(threading.current_thread().name)
        if self._name == self._bad:
            raise OSError("full")
        super().data(piece)


def unpack_into(sink: ThreadSink) -> None:
    archive = packed(behind=False)[0]
    Unpacker(Source(io.BytesIO(archive)), sink, BEHIND).run()


def test_who_writes_changes_no_byte() -> None:
    alone, behind = packed(behind=False), packed(behind=True)

    assert alone[0] == behind[0]
    assert "compressor-write" not in alone[1]
    assert "compressor-write" in behind[1]


def test_a_thread_writes_where_there_is_memory_for_its_block() -> None:
    options = PackOptions(parse("lz4"), threads=2, behind=True)
    two = INTERPRETER + 2 * options.per_task(BLOCK)

    enough = replace(options, memory=two + held(BLOCK)).workers(BLOCK, 0)
    too_little = replace(options, memory=two + held(BLOCK) - 1).workers(BLOCK, 0)

    assert enough == (2, True)
    assert too_little == (2, False)


def test_members_come_whole_through_the_thread_that_writes() -> None:
    sink = ThreadSink()

    unpack_into(sink)

    assert sink.contents == {b"a": CONTENT, b"b": CONTENT}
    assert "compressor-write" in sink.givers


def test_what_can_not_be_written_ends_the_run() -> None:
    with pytest.raises(OSError, match="full"):
        unpack_into(ThreadSink(b"b"))


def test_a_wrong_hash_is_found_by_the_thread_that_writes(monkeypatch) -> None:
    close = ArchiveWriter.close_member

    def lie(self, entry):
        close(self, replace(entry, content_hash=bytes(32)))

    monkeypatch.setattr(ArchiveWriter, "close_member", lie)
    sink = ThreadSink()

    unpack_into(sink)

    assert sorted(name for name, _ in sink.outcome.failures) == [b"a", b"b"]


def extract_into(sink: ThreadSink, memory: int = DEFAULT_MEMORY) -> SeekableArchive:
    limits = Limits(memory=memory)
    file = io.BytesIO(packed(behind=False)[0])
    archive = SeekableArchive(file, replace(BEHIND, limits=limits))
    Extraction(archive, sink, BEHIND).run(list(archive.entries()))
    return archive


def test_chosen_members_come_whole_through_the_thread_that_writes() -> None:
    sink = ThreadSink()

    extract_into(sink)

    assert sink.contents == {b"a": CONTENT, b"b": CONTENT}
    assert "compressor-write" in sink.givers


def test_chosen_members_are_written_at_once_where_memory_is_short() -> None:
    head = extract_into(ThreadSink()).indexes[0].head
    two = INTERPRETER + (CACHED_BLOCKS + 2) * BLOCK + 2 * (BLOCK + head.decode_memory)

    assert extract_into(ThreadSink(), two + held(BLOCK)).apart
    assert not extract_into(ThreadSink(), two + held(BLOCK) - 1).apart
    assert extract_into(ThreadSink(), two + held(BLOCK) - 1).threads == 2


def test_what_can_not_be_written_ends_the_extraction() -> None:
    with pytest.raises(OSError, match="full"):
        extract_into(ThreadSink(b"b"))


def small_blocks() -> tuple[bytes, bytes]:
    """Return a content, and an archive of it under two names whose blocks are smaller than it says."""
    content = random.Random(7).randbytes(BATCH + 3 * SMALL)
    parts: list[bytes] = []
    packer = Packer(parts.append, PackOptions(parse("store"), BLOCK))
    for name in (b"a", b"b"):
        packer.add(Entry(name), cut(content, SMALL))
    packer.finish()
    return content, b"".join(parts)


def test_small_blocks_are_handed_over_together(monkeypatch) -> None:
    content, data = small_blocks()
    runs, run = [], pool._Batch.run
    monkeypatch.setattr(pool._Batch, "run", lambda self: (runs.append(self.left), run(self))[1])
    archive, sink = SeekableArchive(io.BytesIO(data), BEHIND), ThreadSink()

    Extraction(archive, sink, BEHIND).run(list(archive.entries()))

    assert sink.contents == {b"a": content, b"b": content}
    assert sum(runs) >= 2 * len(content) // SMALL
    assert max(runs) == archive.together // SMALL == BLOCK // SMALL


def test_a_damaged_block_among_others_costs_its_member_alone() -> None:
    content, data = small_blocks()
    broken = bytearray(data)
    broken[data.index(content[5 * SMALL : 5 * SMALL + 100])] ^= 1
    archive, sink = SeekableArchive(io.BytesIO(broken), BEHIND), ThreadSink()

    Extraction(archive, sink, BEHIND).run(list(archive.entries()))

    assert [name for name, _ in sink.outcome.failures] == [b"a"]
    assert sink.contents[b"b"] == content


def test_nothing_is_handed_over_together_where_memory_is_short() -> None:
    head = extract_into(ThreadSink()).indexes[0].head
    apart = INTERPRETER + (CACHED_BLOCKS + 2) * BLOCK + 2 * (BLOCK + head.decode_memory)
    apart += held(BLOCK)

    assert extract_into(ThreadSink(), apart + 3 * BLOCK).together == BLOCK
    assert extract_into(ThreadSink(), apart + 3 * BLOCK - 1).together == 0
    assert extract_into(ThreadSink(), apart + 3 * BLOCK - 1).apart
