"""Members of an archive into a folder, for ``extract`` and ``decompress``."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from compressor.cli.options import external_from, limits_from
from compressor.cli.report import Report, shown, size
from compressor.engine import heap
from compressor.engine import restoring as engine
from compressor.engine.foreign import ForeignFile
from compressor.engine.live import is_idle
from compressor.engine.reading import UnpackOptions
from compressor.engine.select import Selection
from compressor.engine.sinks import Outcome
from compressor.tree.inputs import Input
from compressor.tree.outputs import Identity, OutputRefusedError
from compressor.tree.restoreoptions import RestoreOptions

Unpacked = tuple[Path, Input, BinaryIO | ForeignFile]
"""What is unpacked: its path, its descriptor, and a file of it from where it is to be read."""


class Restoring:
    """One archive's members into the folder that the options name."""

    def __init__(
        self,
        options: Mapping[str, Any],
        report: Report,
        selection: Selection,
        protected: frozenset[Identity],
    ) -> None:
        self._options = options
        self._report = report
        self._selection = selection
        self._protected = protected

    def run(self, archive: Unpacked) -> Outcome:
        """Restore the members; return what came of it.

        Raises:
            CompressorError, OSError: the archive can't be read at all.
        """
        path, source, file = archive
        options = self._options
        folder: Path = options["directory"] or Path()
        how = self._restore_options(folder, engine.default_mode(source.stat))
        with self._progress(archive) as reading:
            what = engine.Restoring(
                self._selection,
                how,
                reading,
                options.get("at"),
                skip_existing=options["skip_existing"],
                strip_components=options["strip_components"],
            )
            return engine.restore(
                file,
                folder,
                what,
                lambda error: self._report.fail(error, path),
                seekable=source.regular,
            )

    def _restore_options(self, folder: Path, default_mode: int) -> RestoreOptions:
        options = self._options
        return RestoreOptions(
            default_mode,
            force=options["force"],
            sync=options["sync"] or options.get("remove", False),
            protected=self._protected,
            unsafe_links=options["unsafe_links"],
            specials=options["specials"],
            numeric_owner=options["numeric_owner"],
            below="" if folder == Path() else str(folder),
        )

    @contextmanager
    def _progress(self, archive: Unpacked) -> Iterator[UnpackOptions]:
        path, source, _ = archive
        total = source.stat.st_size if source.regular else None
        progress = self._report.progress(str(path), total, total_is_packed=True)
        heap.keep_freed(total)
        try:
            yield UnpackOptions(
                self._options["threads"],
                limits_from(self._options),
                lambda read, given: progress(given, read),
                partial(is_idle, source.descriptor),
                external=external_from(self._options),
                behind=True,
            )
        finally:
            self.seconds = progress.close()


def report_outcome(report: Report, path: Path, outcome: Outcome, seconds: float) -> None:
    """Say what came of an archive."""
    for name, error in outcome.failures:
        told = isinstance(error, OutputRefusedError)  # says itself what is there
        report.fail(error, path, None if told else name)
    for name in outcome.skipped:
        report.note("is there and not older; skipped", f"{path}: {os.fsdecode(name)}")
    if outcome.members or not outcome.failures:
        plain = sum(entry.size for entry in outcome.members)
        count = len(outcome.members)
        line = (
            f"{shown(path)}: {size(plain)} in {count} member{'s' * (count != 1)}, {seconds:.2f} s"
        )
        fields = {"members": count, "plain_bytes": plain, "seconds": round(seconds, 3)}
        report.result("unpacked", line, path=str(path), **fields)
