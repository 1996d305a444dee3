"""Members of an archive into a folder, for ``extract`` and ``decompress``."""

import os
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from compressor.cli.options import external_from, limits_from
from compressor.cli.report import Report, shown, size
from compressor.engine import heap
from compressor.engine.foreign import ForeignFile
from compressor.engine.live import is_idle
from compressor.engine.reading import UnpackOptions
from compressor.engine.restoring import Restoring, default_mode, restore
from compressor.engine.select import Selection
from compressor.engine.sinks import Outcome
from compressor.errors import UnsupportedError
from compressor.tree.inputs import Input
from compressor.tree.outputs import Identity
from compressor.tree.restoreoptions import RestoreOptions

Unpacked = tuple[Path, Input, BinaryIO | ForeignFile]
"""What is unpacked: its path, its descriptor, and a file of it from where it is to be read."""


def restore_members(
    archive: Unpacked,
    selection: Selection,
    protected: frozenset[Identity],
    options: Mapping[str, Any],
    report: Report,
) -> Outcome:
    """Restore members into the folder that the options name; return what came of it, once it is said.

    Raises:
        CompressorError, OSError: the archive can't be read at all.
    """
    path, source, file = archive
    folder: Path = options["directory"] or Path()
    total = source.stat.st_size if source.regular else None
    progress = report.progress(str(path), total)
    heap.keep_freed(total)
    try:
        reading = UnpackOptions(
            options["threads"],
            limits_from(options),
            progress,
            partial(is_idle, source.descriptor),
            external=external_from(options),
            behind=True,
        )
        what = Restoring(
            selection,
            _restore_options(options, folder, default_mode(source.stat), protected),
            reading,
            options.get("at"),
            skip_existing=options["skip_existing"],
            strip_components=options["strip_components"],
        )
        unfinished = partial(report.fail, path=path)
        outcome = restore(file, folder, what, unfinished, seekable=source.regular)
    finally:
        seconds = progress.close()
    report_outcome(report, path, outcome, seconds)
    return outcome


def _restore_options(
    options: Mapping[str, Any], folder: Path, usual_mode: int, protected: frozenset[Identity]
) -> RestoreOptions:
    return RestoreOptions(
        usual_mode,
        force=options["force"],
        sync=options["sync"] or options.get("remove", False),
        protected=protected,
        unsafe_links=options["unsafe_links"],
        specials=options["specials"],
        numeric_owner=options["numeric_owner"],
        below="" if folder == Path() else str(folder),
    )


def report_outcome(report: Report, path: Path, outcome: Outcome, seconds: float) -> None:
    """Say what came of an archive."""
    for name, error in outcome.failures:
        report.fail(error, path, os.fsdecode(name) if name else None)
    for name in outcome.skipped:
        report.note("is there and not older; skipped", path, os.fsdecode(name))
    if outcome.withheld:
        names = [os.fsdecode(name) for name in outcome.withheld]
        report.notice("withheld", _withheld(path, names), path=str(path), members=names)
    if outcome.members or not outcome.failures:
        plain = sum(entry.size for entry in outcome.members)
        count = len(outcome.members)
        line = (
            f"{shown(path)}: {size(plain)} in {count} member{'s' * (count != 1)}, {seconds:.2f} s"
        )
        fields = {"members": count, "plain_bytes": plain, "seconds": round(seconds, 3)}
        # An archive that needs what is missing here is one failed input, whatever else could be had of it.
        lacks = any(isinstance(error, UnsupportedError) for _, error in outcome.failures)
        say = report.had if lacks else report.result
        say("unpacked", line, path=str(path), **fields)


def _withheld(path: Path, names: list[str]) -> str:
    """Return what people are told of members that a stream does not get behind one that failed."""
    first, others = shown(names[0]) or "a member without a name", len(names) - 1
    who = f"{first} and {others} more were" if others else f"{first} was"
    return (
        f"{path}: {who} not given, being behind what failed: "
        "-C DIR or `compressor recover` saves what is sound"
    )
