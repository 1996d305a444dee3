"""Where unpacked members go: nowhere, or into one stream."""

from collections.abc import Callable

from msgspec import Struct, field

from compressor.archive.leaf import Entry
from compressor.archive.schema import Head
from compressor.engine.zeros import zeros
from compressor.errors import CompressorError, DamagedError, UsageError
from compressor.stages.base import Bytes


class Outcome(Struct):
    """What became of an archive: members that came whole, and all that went wrong."""

    members: list[Entry] = field(default_factory=list)
    failures: list[tuple[bytes | None, CompressorError]] = field(default_factory=list)
    skipped: list[bytes] = field(default_factory=list)
    """Members whose file was there already."""
    withheld: list[bytes] = field(default_factory=list)
    """Members that are sound, and were not given because something before them failed."""


class NullSink:
    """Takes everything, keeps only what happened: for ``test`` and ``list``."""

    def __init__(self) -> None:
        self.outcome = Outcome()

    def begun(self, head: Head) -> None:
        """Nothing to prepare for an archive."""

    def opened(self, name: bytes, entry: Entry | None) -> None:
        """Nothing to prepare for a member."""

    def plain(self, entry: Entry) -> None:
        """Note the member."""
        self.outcome.members.append(entry)

    def removed(self, name: bytes) -> None:
        """Nothing is there to be taken back."""

    def data(self, piece: Bytes) -> None:
        """Drop the bytes."""

    def hole(self, length: int) -> None:
        """Drop the hole."""

    def closed(self, entry: Entry) -> None:
        """Note the member."""
        self.outcome.members.append(entry)

    def whole(self, entry: Entry, content: Bytes) -> None:
        """Take a file that lies in one block, and is verified."""
        self.opened(entry.name, entry)
        self.data(content)
        self.closed(entry)

    def failed(self, name: bytes, error: CompressorError) -> None:
        """Note the failure."""
        self.outcome.failures.append((name, error))

    def damaged(self, error: DamagedError) -> None:
        """Note the damage."""
        self.outcome.failures.append((None, error))


class StreamSink(NullSink):
    """All members one after the other, into ``write``; stops at the first failure.

    What follows a failed member is not given: a reader could not tell where it belongs. It is read all
    the same, and named in ``outcome.withheld`` where it is sound.
    """

    def __init__(
        self, write: Callable[[Bytes], object], hole: Callable[[int], object] | None = None
    ) -> None:
        super().__init__()
        self._write = write
        self._hole = hole or self._zeros
        self._over = False  # the present version goes over what was written
        self._told: UsageError | None = None

    def begun(self, head: Head) -> None:
        """Refuse a version that goes over what was written; another archive goes behind it."""
        self._over = bool(head.previous)
        if self._over and self._told is None:
            what = "has several versions: from a pipe the first is given; read a file"
            self._told = UsageError(what)
            self.outcome.failures.append((None, self._told))

    def plain(self, entry: Entry) -> None:
        """Note the member, unless it has to stay away."""
        if not self._stopped():
            super().plain(entry)

    def closed(self, entry: Entry) -> None:
        """Note the member, and whether it was written."""
        if not self._stopped():
            super().closed(entry)
        elif not self._over:
            self.outcome.withheld.append(entry.name)

    def data(self, piece: Bytes) -> None:
        """Write the bytes."""
        if not self._stopped():
            self._write(piece)

    def hole(self, length: int) -> None:
        """Write zero bytes, or leave a hole where the target can hold one."""
        if not self._stopped():
            self._hole(length)

    def _stopped(self) -> bool:
        failures = (error for _, error in self.outcome.failures if error is not self._told)
        return self._over or any(error.exit_code != 3 for error in failures)

    def _zeros(self, length: int) -> None:
        for piece in zeros(length):
            self._write(piece)
