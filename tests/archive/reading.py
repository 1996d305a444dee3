"""Both readers, each reduced to one call: what came out, or the class of what was refused."""

import io
import struct
from collections.abc import Iterator, Sequence

from blake3 import blake3

from compressor.archive.index import Index
from compressor.archive.leaf import Entry
from compressor.archive.record import CHECK_SIZE, HEADER_SIZE, MAGIC
from compressor.archive.schema import FILE, Base, Head
from compressor.archive.source import RandomSource, Source
from compressor.engine.access import SeekableArchive
from compressor.engine.limits import Limits
from compressor.engine.reading import UnpackOptions, missing
from compressor.engine.sinks import NullSink
from compressor.engine.unpack import Unpacker
from compressor.errors import (
    CompressorError,
    DamagedError,
    LimitError,
    NotAnArchiveError,
    TruncatedError,
    UnfinishedError,
    UnsupportedError,
)
from compressor.stages.base import Bytes

CLASSES = {
    NotAnArchiveError: "not an archive",
    TruncatedError: "truncated",
    UnfinishedError: "unfinished",
    DamagedError: "damaged",  # behind its subclasses
    UnsupportedError: "unsupported",
    LimitError: "limit",
}
LIMITS = Limits()

Contents = list[tuple[bytes, bytes]]


def class_of(error: CompressorError) -> str:
    """Name a refusal as docs/format/archive.md does."""
    return next(name for kind, name in CLASSES.items() if isinstance(error, kind))


class Outside:
    """Contents that an archive names as bases."""

    def __init__(self, contents: Sequence[bytes]) -> None:
        self._known = {(len(data), blake3(data).digest()): data for data in contents}

    def read(self, base: Base, start: int, length: int) -> Bytes:
        self.need(base, start, length)
        return self._known[base.size, base.content_hash][start : start + length]

    def need(self, base: Base, _start: int, _length: int) -> None:
        if (base.size, base.content_hash) not in self._known:
            raise missing(base)


class Collector(NullSink):
    """Keeps the verified members of the last version of each archive, with their content.

    What has no content counts with its target, if it has one.
    """

    def __init__(self) -> None:
        super().__init__()
        self._archives: list[dict[bytes, bytes]] = [{}]
        self._content = bytearray()
        self.entries: dict[bytes, Entry] = {}

    @property
    def contents(self) -> Contents:
        return [item for archive in self._archives for item in archive.items()]

    def begun(self, head: Head) -> None:
        if not head.previous:
            self._archives.append({})

    def opened(self, name: bytes, entry: Entry | None) -> None:
        self._content = bytearray()

    def plain(self, entry: Entry) -> None:
        before = self._archives[-1].pop(entry.name, None)
        content = before if entry.kind == FILE else entry.target or b""
        if content is not None:
            self._note(entry, content)

    def removed(self, name: bytes) -> None:
        self._archives[-1].pop(name, None)

    def data(self, piece: Bytes) -> None:
        self._content += piece

    def hole(self, length: int) -> None:
        self._content += bytes(length)

    def closed(self, entry: Entry) -> None:
        self._archives[-1].pop(entry.name, None)
        self._note(entry, bytes(self._content))

    def _note(self, entry: Entry, content: bytes) -> None:
        self._archives[-1][entry.name] = content
        self.entries[entry.name] = entry

    def failed(self, name: bytes, error: CompressorError) -> None:
        super().failed(name, error)
        self._archives[-1].pop(name, None)


def forward(
    data: bytes, threads: int = 1, *, seeks: bool = False, bases: Sequence[bytes] = ()
) -> tuple[Contents, list[CompressorError]]:
    """Return the members that came whole, and all that was refused, in order."""
    sink = Collector()
    random = RandomSource(io.BytesIO(data)) if seeks else None
    options = UnpackOptions(threads, LIMITS, random=random, external=Outside(bases))
    try:
        Unpacker(Source(io.BytesIO(data)), sink, options).run()
    except CompressorError as error:
        return sink.contents, [*(error for _, error in sink.outcome.failures), error]
    return sink.contents, [error for _, error in sink.outcome.failures]


def opened(data: bytes, bases: Sequence[bytes] = ()) -> SeekableArchive:
    """Open an archive through its index."""
    return SeekableArchive(io.BytesIO(data), UnpackOptions(limits=LIMITS, external=Outside(bases)))


def seekable(data: bytes, bases: Sequence[bytes] = ()) -> Contents:
    """Return all members of an archive, found through its index and read whole.

    Raises:
        CompressorError: anything is wrong.
    """
    archive = opened(data, bases)
    return [(entry.name, content_of(archive, index, entry)) for index, entry in archive.entries()]


def content_of(archive: SeekableArchive, index: Index, entry: Entry) -> bytes:
    """Return the content of a file, verified; of anything else its target, if it has one."""
    if entry.kind != FILE:
        return entry.target or b""
    content = bytearray()
    archive.copy(index, entry, content.extend)
    assert archive.read(index, entry, 0, entry.size) == content
    return bytes(content)


def refusal(data: bytes, bases: Sequence[bytes] = ()) -> str | None:
    """Return the class of error that the seekable reader raises."""
    try:
        seekable(data, bases)
    except CompressorError as error:
        return class_of(error)
    return None


def records(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield where each record begins and ends."""
    at = 0
    while at < len(data):
        if data[at : at + 4] == MAGIC[:4]:
            at += len(MAGIC)
        meta_size, body_size = struct.unpack_from("<II", data, at + 8)
        end = at + HEADER_SIZE + meta_size + body_size + CHECK_SIZE
        yield at, end
        at = end
