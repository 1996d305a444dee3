"""Archives in memory, for the tests of the engine."""

import io
from collections.abc import Iterator

import pytest

from compressor.archive.leaf import Entry
from compressor.archive.source import Source
from compressor.engine.pack import Hole, Packer
from compressor.engine.packoptions import PackOptions
from compressor.engine.reading import UnpackOptions
from compressor.engine.sinks import NullSink
from compressor.engine.unpack import Unpacker
from compressor.engine.unpack import unpack as unpack_file
from compressor.stages.chain import parse


class MemorySink(NullSink):
    """Keeps what complete members hold."""

    def __init__(self) -> None:
        super().__init__()
        self.contents: dict[bytes, bytes] = {}
        self._current = bytearray()

    def opened(self, name: bytes, entry: Entry | None) -> None:
        self._current = bytearray()

    def data(self, piece) -> None:
        self._current += piece

    def hole(self, length: int) -> None:
        self._current += bytes(length)

    def closed(self, entry: Entry) -> None:
        super().closed(entry)
        self.contents[entry.name] = bytes(self._current)


def cut(content: bytes, size: int) -> Iterator[bytearray]:
    for at in range(0, len(content), size):
        yield bytearray(content[at : at + size])


def from_pipe(archive: bytes, threads: int = 1) -> MemorySink:
    """Read an archive from front to back, once."""
    sink = MemorySink()
    Unpacker(Source(io.BytesIO(archive)), sink, UnpackOptions(threads)).run()
    return sink


def from_file(archive: bytes) -> MemorySink:
    """Read an archive from front to back, and what it refers back to once more."""
    sink = MemorySink()
    unpack_file(io.BytesIO(archive), sink, UnpackOptions(), seekable=True)
    return sink


@pytest.fixture
def pack():
    """Return a function from members (content, or pieces with holes) to an archive."""

    def run(members: dict[bytes, bytes | list[bytearray | Hole]], chain="zstd", **options) -> bytes:
        target = io.BytesIO()
        packer = Packer(target.write, PackOptions(parse(chain), **options))
        for name, content in members.items():
            pieces = cut(content, packer.block_size) if isinstance(content, bytes) else content
            packer.add(Entry(name), pieces)
        packer.finish()
        return target.getvalue()

    return run


@pytest.fixture
def unpack():
    """Return a function from an archive to a sink that holds its members and its failures."""

    def run(archive: bytes, **options) -> MemorySink:
        sink = MemorySink()
        Unpacker(Source(io.BytesIO(archive)), sink, UnpackOptions(**options)).run()
        return sink

    return run
