"""Where unpacked members go: nowhere, into one stream, into files below a folder."""

import os
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field

from compressor.archive.schema import Entry
from compressor.engine.zeros import zeros
from compressor.errors import CompressorError, DamagedError
from compressor.stages.base import Bytes
from compressor.tree.below import Folder, opened_below
from compressor.tree.outputs import NOTHING, Identity, Output, OutputExistsError


@dataclass(slots=True)
class Outcome:
    """What became of an archive: members that came whole, and all that went wrong."""

    members: list[Entry] = field(default_factory=list)
    failures: list[tuple[bytes | None, CompressorError]] = field(default_factory=list)
    skipped: list[bytes] = field(default_factory=list)
    """Members whose file was there already."""


class NullSink:
    """Takes everything, keeps only what happened: for ``test`` and ``list``."""

    def __init__(self) -> None:
        self.outcome = Outcome()

    def begun(self) -> None:
        """Nothing to prepare for an archive."""

    def opened(self, name: bytes) -> None:
        """Nothing to prepare for a member."""

    def data(self, piece: Bytes) -> None:
        """Drop the bytes."""

    def hole(self, length: int) -> None:
        """Drop the hole."""

    def closed(self, entry: Entry) -> None:
        """Note the member."""
        self.outcome.members.append(entry)

    def failed(self, name: bytes, error: CompressorError) -> None:
        """Note the failure."""
        self.outcome.failures.append((name, error))

    def damaged(self, error: DamagedError) -> None:
        """Note the damage."""
        self.outcome.failures.append((None, error))


class StreamSink(NullSink):
    """All members one after the other, into ``write``; stops at the first failure.

    What follows a failed member is not given: a reader could not tell where it belongs.
    """

    def __init__(
        self, write: Callable[[Bytes], object], hole: Callable[[int], object] | None = None
    ) -> None:
        super().__init__()
        self._write = write
        self._hole = hole or self._zeros

    def data(self, piece: Bytes) -> None:
        """Write the bytes."""
        if not self._stopped():
            self._write(piece)

    def hole(self, length: int) -> None:
        """Write zero bytes, or leave a hole where the target can hold one."""
        if not self._stopped():
            self._hole(length)

    def _stopped(self) -> bool:
        return any(error.exit_code != 3 for _, error in self.outcome.failures)

    def _zeros(self, length: int) -> None:
        for piece in zeros(length):
            self._write(piece)


@dataclass(frozen=True, slots=True)
class FolderOptions:
    """How files are made below a folder; ``default_mode`` is for members without a recorded one."""

    default_mode: int
    force: bool = False
    sync: bool = False
    skip_existing: bool = False
    protected: frozenset[Identity] = NOTHING


class FolderSink(NullSink):
    """Each member into a file of its recorded name below the folder ``root``."""

    def __init__(self, root: Folder, options: FolderOptions) -> None:
        super().__init__()
        self._root = root
        self._options = options
        self._stack = ExitStack()
        self._output: Output | None = None
        self._existing: OutputExistsError | None = None

    def opened(self, name: bytes) -> None:
        """Open the file under a temporary name."""
        options = self._options
        self._output = self._existing = None
        below = opened_below(
            self._root, name, force=options.force, sync=options.sync, protected=options.protected
        )
        try:
            self._output = self._stack.enter_context(below)
        except OutputExistsError as error:
            self._existing = error
            if not options.skip_existing:
                self._refused(error)
        except CompressorError as error:
            self._refused(error)
        except OSError as error:
            path = self._root.shown / os.fsdecode(name)
            self._refused(ProblemError(f"{path}: {error.strerror or error}"))

    def _refused(self, error: CompressorError) -> None:
        """Note an error that names the file itself."""
        self.outcome.failures.append((None, error))

    def data(self, piece: Bytes) -> None:
        """Write the bytes; a write that fails ends the run, for the disk is full."""
        if self._output:
            self._output.write(piece)

    def hole(self, length: int) -> None:
        """Leave a hole."""
        if self._output:
            self._output.hole(length)

    def closed(self, entry: Entry) -> None:
        """Give the file its mode, its time and its name."""
        if self._output is None:
            self._skip(entry)
            return
        mode = self._options.default_mode if entry.mode is None else entry.mode & 0o777
        try:
            self._output.commit(mode=mode, mtime_ns=entry.mtime_ns, sync=self._options.sync)
        except CompressorError as error:
            self._refused(error)
        else:
            super().closed(entry)
        self.close()

    def _skip(self, entry: Entry) -> None:
        """Pass over a member whose file is there already, if that was asked for and it is not older."""
        if self._existing is None or not self._options.skip_existing:
            return
        if self._existing.mtime_ns >= (entry.mtime_ns or 0):
            self.outcome.skipped.append(entry.name)
        else:
            self._refused(self._existing)

    def failed(self, name: bytes, error: CompressorError) -> None:
        """Leave nothing of the file."""
        self.close()
        super().failed(name, error)

    def close(self) -> None:
        """Leave nothing of a file that is not complete."""
        self._output = None
        self._stack.close()


class ProblemError(CompressorError):
    """A problem that the system reported, in its words."""
