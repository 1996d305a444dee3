"""What all readers agree on: how to read, where members go, what differences are from."""

from collections.abc import Callable
from typing import Protocol

from msgspec import Struct

from compressor.archive.leaf import Entry
from compressor.archive.schema import Base, Head, shown_name
from compressor.archive.source import RandomSource
from compressor.engine.limits import UNLIMITED, Limits
from compressor.engine.progress import Progress, unheard
from compressor.errors import CompressorError, DamagedError, MissingBaseError
from compressor.stages.base import Bytes


class External(Protocol):
    """Contents outside of an archive, each named by a BASE. Threads may share it."""

    def read(self, base: Base, start: int, length: int) -> Bytes:
        """Return bytes of a content.

        Raises:
            MissingBaseError: it is not here, or not what it was.
        """
        ...

    def need(self, base: Base, start: int, length: int) -> None:
        """Refuse bytes of a content that could not be read, as far as that shows without decoding.

        Raises:
            MissingBaseError: as ``read``.
        """
        ...


def missing(base: Base) -> MissingBaseError:
    """Return the error of a content outside that is not here."""
    return MissingBaseError(shown_name(base.name), base.content_hash.hex())


class _Nothing:
    """No content at all."""

    def read(self, base: Base, _start: int, _length: int) -> Bytes:
        raise missing(base)

    def need(self, base: Base, _start: int, _length: int) -> None:
        raise missing(base)


NONE_GIVEN: External = _Nothing()
"""What a reader has that was given no contents outside."""


class Sink(Protocol):
    """Where members go. Calls come in the order of the archive."""

    def begun(self, head: Head) -> None:
        """Note that an archive begins, or a version of it: then ``previous`` is not 0."""
        ...

    def opened(self, name: bytes, entry: Entry | None) -> None:
        """Note that the content of this file follows; its entry is known now, or only when it closes."""
        ...

    def plain(self, entry: Entry) -> None:
        """Take a member without content: a folder, a link, a file that keeps what it had."""
        ...

    def removed(self, name: bytes) -> None:
        """Take back a member of the version before."""
        ...

    def data(self, piece: Bytes) -> None:
        """Take the next bytes: their block was verified, the member as a whole was not yet."""
        ...

    def hole(self, length: int) -> None:
        """Take ``length`` zero bytes that were a hole."""
        ...

    def closed(self, entry: Entry) -> None:
        """Note that the member is complete, and verified."""
        ...

    def failed(self, name: bytes, error: CompressorError) -> None:
        """Note that the member opened last can't be had, and that no more of it comes."""
        ...

    def damaged(self, error: DamagedError) -> None:
        """Note damage that belongs to no open member."""
        ...


def never() -> bool:
    """Say no: a regular file has all that it will have."""
    return False


class UnpackOptions(Struct, frozen=True):
    """How to unpack.

    ``idle`` says whether reading on would wait: then what has been read is given first. ``random``
    is the same source where it can seek: then blocks that are referred to again are read again.
    ``external`` reads what differences are from outside of the archive; ``at_once``: a block for which
    that can't be had ends it all. ``behind``: a thread of its own may give bytes to the sink, where there
    are several and memory for it.
    """

    threads: int = 1
    limits: Limits = UNLIMITED
    progress: Progress = unheard
    idle: Callable[[], bool] = never
    random: RandomSource | None = None
    external: External = NONE_GIVEN
    at_once: bool = False
    behind: bool = False
