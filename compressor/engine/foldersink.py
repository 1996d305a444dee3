"""Members into a folder: each under its recorded name, or what a rule makes of it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Self

from msgspec.structs import replace

from compressor.archive.leaf import Entry
from compressor.archive.schema import HARDLINK, Head
from compressor.engine.nodes import node_of
from compressor.engine.sinks import NullSink
from compressor.errors import CompressorError, OutputExistsError
from compressor.stages.base import Bytes
from compressor.tree.attributes import TURNED
from compressor.tree.node import Node
from compressor.tree.outputs import Output
from compressor.tree.policy import MetadataError
from compressor.tree.restore import Restorer
from compressor.tree.restoreoptions import RestoreOptions

Rename = Callable[[bytes], bytes | None]
"""What a member is to be called; None: it is passed over."""


class FolderSink(NullSink):
    """Restores members below the folder ``root`` (a descriptor); ``close`` makes the links, too."""

    def __init__(
        self,
        root: int,
        options: RestoreOptions,
        *,
        skip_existing: bool = False,
        rename: Rename = lambda name: name,
    ) -> None:
        super().__init__()
        self._skip_existing = skip_existing
        self._rename = rename
        self._restorer = Restorer(root, options, self._not_restored)
        self._output: Output | None = None
        self._name = b""  # of the member that was opened last
        self._existing: OutputExistsError | None = None
        self._begun = False
        self._failed: set[bytes] = set()  # names in the folder that were not had after all

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def _reported(self, name: bytes, error: CompressorError) -> None:
        self.outcome.failures.append((name, error))

    def begun(self, head: Head) -> None:
        """Have a later version, or another archive, go over what this run made."""
        if self._begun:
            self._restorer.go_over()
        self._begun = True

    def _not_restored(self, name: bytes, error: CompressorError) -> None:
        """Note what the restorer says of ``name``, as the folder has it: a link may fail at the end."""
        if not isinstance(error, MetadataError):
            self._failed.add(name)
        self._reported(name, error)

    def opened(self, name: bytes, entry: Entry | None) -> None:
        """Open the file under a temporary name."""
        del entry
        self._output = self._existing = None
        self._name = name
        target = self._rename(name)
        if target is None:
            return
        try:
            self._output = self._restorer.file(target)
        except OutputExistsError as error:
            if self._skip_existing:
                self._existing = error
            else:
                self._reported(name, error)
        except CompressorError as error:
            self._reported(name, error)

    def data(self, piece: Bytes) -> None:
        """Write the bytes; where that fails, others may still fit: on a full disk, too."""
        if self._output:
            with self._writing():
                self._output.write(piece)

    def hole(self, length: int) -> None:
        """Leave a hole."""
        if self._output:
            with self._writing():
                self._output.hole(length)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Leave nothing of a file that can't be written."""
        try:
            with TURNED:
                yield
        except CompressorError as error:
            self.failed(self._name, error)

    def closed(self, entry: Entry) -> None:
        """Give the file what is recorded of it, and its name."""
        if self._output is None:
            self._skip(entry)
            return
        self._output = None
        self._try(entry, self._restorer.commit)

    def plain(self, entry: Entry) -> None:
        """Make a folder, now; a link, at the end; go over a file that this run made."""
        self._try(entry, self._restorer.add if entry.kept is None else self._restorer.again)

    def removed(self, name: bytes) -> None:
        """Take back what this run made."""
        target = self._rename(name)
        if target is not None:
            self._restorer.remove(target)

    def _try(self, entry: Entry, restore: Callable[[Node], None]) -> None:
        target = self._rename(entry.name)
        if target is None:
            return
        renamed = entry if target == entry.name else replace(entry, name=target)
        if entry.kind == HARDLINK:
            renamed = replace(renamed, target=self._rename(entry.target or b"") or entry.target)
        try:
            restore(node_of(renamed))
        except OutputExistsError as error:
            self._existing = error
            self._skip(entry)
        except CompressorError as error:
            self._reported(entry.name, error)
        else:
            self.outcome.members.append(entry)

    def _skip(self, entry: Entry) -> None:
        """Pass over a member that is there already, if that was asked for and it is not older."""
        error, self._existing = self._existing, None
        if error is None:
            return
        if self._skip_existing and error.mtime_ns >= (entry.mtime_ns or 0):
            self.outcome.skipped.append(entry.name)
        else:
            self._reported(entry.name, error)

    def whole(self, entry: Entry, content: Bytes) -> None:
        """Make the file in one step; where that can't be done, in several, which say why."""
        target = self._rename(entry.name)
        if target is None:
            return
        renamed = entry if target == entry.name else replace(entry, name=target)
        if self._restorer.small(node_of(renamed), content):
            self.outcome.members.append(entry)
        else:
            super().whole(entry, content)

    def failed(self, name: bytes, error: CompressorError) -> None:
        """Leave nothing of the file."""
        self._output = None
        self._restorer.abort()
        super().failed(name, error)

    def close(self) -> None:
        """Leave nothing of a file that is not complete; make the links, give the folders their modes."""
        with self._restorer:
            self._restorer.finish()
        if self._failed:
            restored = self.outcome.members
            self.outcome.members = [
                entry for entry in restored if self._rename(entry.name) not in self._failed
            ]
