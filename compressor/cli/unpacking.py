"""Archives into files, as ``decompress`` was told; and what came of an archive, said."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from compressor.cli import naming, paths
from compressor.cli.options import external_from, limits_from
from compressor.cli.paths import STDIN
from compressor.cli.report import Report, shown
from compressor.cli.restoring import Unpacked, report_outcome, restore_members
from compressor.cli.sources import opened_archive, stdout_descriptor, write_stdout
from compressor.engine import heap
from compressor.engine.contents import holds_tree
from compressor.engine.extract import give_by_index
from compressor.engine.foreign import ForeignFile, recognised, unpack_any
from compressor.engine.live import is_idle
from compressor.engine.needs import require_all
from compressor.engine.reading import UnpackOptions
from compressor.engine.restoring import default_mode
from compressor.engine.select import Selection
from compressor.engine.sinks import NullSink, Outcome, StreamSink
from compressor.errors import CompressorError, UsageError
from compressor.tree.inputs import Input
from compressor.tree.outputs import DeviceOutput, Output, make_folder, opened_output


class Unpacking:
    """One run, with the options of the command."""

    def __init__(
        self, inputs: list[Path], options: Mapping[str, Any], report: Report, *, to_stdout: bool
    ) -> None:
        self._inputs = inputs
        self._options = options
        self._report = report
        self._to_stdout = to_stdout
        self._follow: bool = options["force"] or to_stdout
        self._protected = paths.identities([*inputs, *options["bases"]])

    def run(self) -> int:
        """Unpack all inputs, each on its own; return the exit code."""
        self._refuse_clashes()
        for path in self._inputs:
            with self._report.failing(path), opened_archive(path, follow=self._follow) as opened:
                source, file = opened
                self._unpack(path, source, file)
        return self._report.exit_code

    def _refuse_clashes(self) -> None:
        """Refuse two archives of one file each whose content would get one name."""
        if self._to_stdout or self._options["output"] or self._options["name_stored"]:
            return
        named: dict[Path, list[Path]] = {}
        for path in self._inputs:
            if naming.is_packed(path):
                named.setdefault(paths.place(self._beside(path)), []).append(path)
        for same in named.values():
            if len(same) > 1:  # rare; only now it is worth a look inside
                single = [path for path in same if not self._holds_tree(path)]
                naming.refuse_clashes((path, self._beside(path)) for path in single)

    def _beside(self, path: Path) -> Path:
        folder: Path | None = self._options["directory"]
        plain = naming.plain_path(path)
        return plain if folder is None else folder / plain.name

    def _holds_tree(self, path: Path) -> bool:
        try:
            with opened_archive(path, follow=self._follow) as (source, file):
                if not source.regular or isinstance(recognised(source, file), ForeignFile):
                    return False
                return holds_tree(file)
        except (CompressorError, OSError):  # said when its turn comes
            return True

    def _unpack(self, path: Path, source: Input, raw: BinaryIO) -> None:
        file = recognised(source, raw)
        if self._to_stdout:
            if not self._planned(path, "stdout"):
                stdout_descriptor()
                self._run((path, source, file), StreamSink(write_stdout))
        else:
            target = self._target(path, source, file)
            if target is None:
                self._to_folder((path, source, file))
            else:
                self._to_file((path, source, file), target)

    def _target(self, path: Path, source: Input, file: BinaryIO | ForeignFile) -> Path | None:
        """Return the one file that the content goes to; None where members have their own names."""
        output: Path | None = self._options["output"]
        recorded = self._options["name_stored"] or path == STDIN
        if isinstance(file, ForeignFile):
            if recorded and not output and not file.take_name():
                raise UsageError(
                    f"this {file.format.words.partition(' ')[2]} does not say what its content is "
                    "called: say where that goes with -o or -c"
                )
        elif source.regular and holds_tree(file):
            if output:
                raise UsageError(
                    "-o takes one file's content; the archive holds a folder or several members: use -C"
                )
            return None
        return output or (None if recorded else self._beside(path))

    def _planned(self, path: Path, target: Path | str) -> bool:
        if not self._options["dry_run"]:
            return False
        line = f"{shown(path)} -> {shown(target)}"
        self._report.output("plan", line, path=str(path), output=str(target))
        self._report.succeeded()
        return True

    def _to_folder(self, archive: Unpacked) -> None:
        path, source, _ = archive
        folder: Path = self._options["directory"] or Path()
        if self._planned(path, folder):
            return
        every = Selection(())
        outcome = restore_members(archive, every, self._protected, self._options, self._report)
        self._remove(path, source, outcome)

    def _to_file(self, archive: Unpacked, target: Path) -> None:
        path, source, _ = archive
        options = self._options
        if options["skip_existing"] and paths.is_up_to_date([path], target):
            self._report.note("is there and not older; skipped", target)
            self._report.succeeded()
            return
        paths.refuse_input(target, self._protected)
        if options["dry_run"]:
            paths.refuse_existing(target, force=options["force"])
            self._planned(path, target)
            return
        if options["directory"]:
            make_folder(target.parent)
        with opened_output(target, force=options["force"], protected=self._protected) as output:
            if options["remove"] and not output.is_file:
                raise UsageError("--rm needs an output that is a file: a device keeps nothing")
            sink = StreamSink(output.write, output.hole if isinstance(output, Output) else None)
            if not self._run(archive, sink, whole=True):
                return  # nothing half-written
            self._commit(output, source, sink)
        self._remove(path, source, sink.outcome)

    def _commit(self, output: Output | DeviceOutput, source: Input, sink: NullSink) -> None:
        entry = sink.outcome.members[-1] if sink.outcome.members else None
        mode = (
            default_mode(source.stat) if entry is None or entry.mode is None else entry.mode & 0o777
        )
        status = source.stat
        output.commit(
            mode=mode,
            mtime_ns=entry.mtime_ns if entry else None,
            sync=self._options["sync"] or self._options["remove"],
            owner=(status.st_uid, status.st_gid) if source.regular else None,
        )

    def _remove(self, path: Path, source: Input, outcome: Outcome) -> None:
        if not self._options["remove"] or outcome.failures or outcome.skipped:
            return
        reason = source.remove(path)
        if reason is not None:
            self._report.warn(reason, path)
            self._report.partly()

    def _run(self, archive: Unpacked, sink: NullSink, *, whole: bool = False) -> bool:
        """Give the archive to the sink; say whether all of it came, but for its very end.

        ``whole``: where not all came, nothing is kept, so that nothing is said to be done.
        """
        path, source, file = archive
        total = source.stat.st_size if source.regular else None
        progress = self._report.progress(str(path), total)
        heap.keep_freed(total)
        options = UnpackOptions(
            self._options["threads"],
            limits_from(self._options),
            progress,
            partial(is_idle, source.descriptor),
            external=external_from(self._options),
            at_once=True,
            behind=True,
        )
        try:
            if not (source.regular and _by_index(file, sink, options)):
                unpack_any(file, sink, options, seekable=source.regular)
        finally:
            seconds = progress.close()
        came = all(error.exit_code == 3 for _, error in sink.outcome.failures)
        if whole and not came:
            sink.outcome.members.clear()
            sink.outcome.withheld.clear()
        report_outcome(self._report, path, sink.outcome, seconds)
        return came


def _by_index(file: BinaryIO | ForeignFile, sink: NullSink, options: UnpackOptions) -> bool:
    """Give an archive by its index, if it has one and what it needs is here; say whether that was done."""
    if isinstance(file, ForeignFile):
        return False
    require_all(file, options)
    return give_by_index(file, sink, options)
