"""Both readers, each reduced to one call: what came out, or the class of what was refused."""

import io

from compressor.archive.index import Index
from compressor.archive.schema import Entry
from compressor.archive.source import Source
from compressor.engine.access import SeekableArchive
from compressor.engine.limits import Limits
from compressor.engine.sinks import NullSink
from compressor.engine.unpack import Unpacker, UnpackOptions
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


class Collector(NullSink):
    """Keeps verified members with their content."""

    def __init__(self) -> None:
        super().__init__()
        self.contents: Contents = []
        self._content = bytearray()

    def opened(self, name: bytes) -> None:
        self._content = bytearray()

    def data(self, piece: Bytes) -> None:
        self._content += piece

    def hole(self, length: int) -> None:
        self._content += bytes(length)

    def closed(self, entry: Entry) -> None:
        self.contents.append((entry.name, bytes(self._content)))


def forward(data: bytes, threads: int = 1) -> tuple[Contents, list[CompressorError]]:
    """Return the members that came whole, and all that was refused, in order."""
    sink = Collector()
    try:
        Unpacker(Source(io.BytesIO(data)), sink, UnpackOptions(threads, LIMITS)).run()
    except CompressorError as error:
        return sink.contents, [*(error for _, error in sink.outcome.failures), error]
    return sink.contents, [error for _, error in sink.outcome.failures]


def opened(data: bytes) -> SeekableArchive:
    """Open an archive through its index."""
    return SeekableArchive(io.BytesIO(data), limits=LIMITS)


def seekable(data: bytes) -> Contents:
    """Return all members of an archive, found through its index and read whole.

    Raises:
        CompressorError: anything is wrong.
    """
    archive = opened(data)
    return [(entry.name, _content(archive, index, entry)) for index, entry in archive.entries()]


def _content(archive: SeekableArchive, index: Index, entry: Entry) -> bytes:
    content = bytearray()
    archive.copy(index, entry, content.extend)
    return bytes(content)


def refusal(data: bytes) -> str | None:
    """Return the class of error that the seekable reader raises."""
    try:
        seekable(data)
    except CompressorError as error:
        return class_of(error)
    return None
