"""compressor decompress."""

import os
from pathlib import Path
from typing import Any, BinaryIO

import click

from compressor.archive.source import Source
from compressor.cli import naming, paths
from compressor.cli.options import (
    PATH,
    Size,
    batch,
    report_from,
    reporting,
    resources,
    together,
    writing,
)
from compressor.cli.paths import STDIN
from compressor.cli.report import Report, size
from compressor.cli.sources import opened_archive, stdout_descriptor
from compressor.engine.contents import holds_several
from compressor.engine.limits import Limits
from compressor.engine.sinks import FolderSink, NullSink, StreamSink
from compressor.engine.unpack import Unpacker, UnpackOptions
from compressor.errors import CompressorError, UsageError
from compressor.tree.inputs import Input
from compressor.tree.outputs import Output, opened_output, umask, write_full

limiting = together(
    click.option("--max-output", type=Size(), help="Give at most so many bytes from each archive."),
    click.option(
        "--max-expansion", type=float, help="Give at most so many times the archive's bytes."
    ),
)


def limits_from(options: dict[str, Any]) -> Limits:
    """Return the limits asked for; at the shell there are none unless asked."""
    return Limits(options["max_output"], options["max_expansion"], options["memory"])


@click.command(
    epilog="Exit codes: 0 done, 1 a problem, 2 wrong usage, 3 some inputs failed or an end was missing, "
    "4 damaged or over a limit, 5 something needed is not installed.",
)
@click.argument("inputs", nargs=-1, type=PATH, metavar="[PATH]...")
@click.option(
    "-o", "--output", type=PATH, metavar="FILE", help="Where the content of one archive goes."
)
@click.option("-C", "--directory", type=PATH, metavar="DIR", help="Where members go.  [default: .]")
@click.option("-N", "--name-stored", is_flag=True, help="Use the recorded name, not the archive's.")
@limiting
@writing
@batch
@resources
@reporting
def decompress(**options: Any) -> int:
    r"""Restore what .cz archives hold.

    X.cz of one file gives X beside it; an archive of several members gives each its recorded name
    under -C. Without a PATH, or for -, stdin is unpacked to stdout.

    \b
      compressor decompress model.bin.cz         model.bin
      compressor decompress all.cz -C restored/  every member
      compressor decompress -c log.cz | grep x
      ssh host 'compressor < f' | compressor -d > f
    """
    return _Run(options).run()


class _Run:
    """One call of the command."""

    def __init__(self, options: dict[str, Any]) -> None:
        self._options = options
        self._inputs = paths.gather(options["inputs"], options["files_from"], zero=options["zero"])
        self._output: Path | None = options["output"]
        named = self._output is not None or options["directory"] is not None
        piped = self._inputs == [STDIN] and not named and not options["name_stored"]
        self._to_stdout = options["to_stdout"] or piped or self._output == STDIN
        self._report = report_from(options, data_to_stdout=self._to_stdout)
        self._limits = limits_from(options)
        self._refuse_contradictions()

    def _refuse_contradictions(self) -> None:
        options = self._options
        if options["remove"] and (self._to_stdout or STDIN in self._inputs):
            raise UsageError("--rm needs input and output files")
        if options["remove"] and options["keep"]:
            raise UsageError("--rm and -k exclude each other")
        if self._output and (
            options["to_stdout"] or options["directory"] or options["name_stored"]
        ):
            raise UsageError("-o excludes -c, -C and -N")
        if self._output and len(self._inputs) > 1:
            raise UsageError("-o takes the content of one archive")

    def run(self) -> int:
        for path in self._inputs:
            try:
                follow = self._options["force"] or self._to_stdout
                with opened_archive(path, follow=follow) as (source, file):
                    self._unpack(path, source, file)
            except (CompressorError, OSError) as error:
                if isinstance(error, BrokenPipeError):
                    raise
                self._report.fail(error, path)
        return self._report.exit_code

    def _unpack(self, path: Path, source: Input, file: BinaryIO) -> None:
        if self._to_stdout:
            self._to_stream(path, source, file)
            return
        several = source.regular and holds_several(source.descriptor)
        target = self._target(path, several=several)
        if target is None:
            self._to_folder(path, source, file)
        else:
            self._to_file(path, source, file, target)

    def _target(self, path: Path, *, several: bool) -> Path | None:
        """Return the one file that the content goes to; None where members have their own names."""
        if self._output:
            if several:
                raise UsageError(
                    "-o takes one file's content, and the archive holds several members"
                )
            return self._output
        if several or self._options["name_stored"] or path == STDIN:
            return None
        plain = naming.plain_path(path)
        folder = self._options["directory"]
        if folder is None:
            return plain
        folder.mkdir(parents=True, exist_ok=True)
        return Path(folder / plain.name)

    def _planned(self, path: Path, target: Path | str) -> bool:
        if self._options["dry_run"]:
            self._report.output("plan", f"{path} -> {target}", path=str(path), output=str(target))
        return bool(self._options["dry_run"])

    def _to_stream(self, path: Path, source: Input, file: BinaryIO) -> None:
        if self._planned(path, "stdout"):
            return
        descriptor = stdout_descriptor()
        self._run((path, source, file), StreamSink(lambda data: write_full(descriptor, data)))

    def _to_folder(self, path: Path, source: Input, file: BinaryIO) -> None:
        folder: Path = self._options["directory"] or Path()
        if self._planned(path, folder):
            return
        folder.mkdir(parents=True, exist_ok=True)
        root = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        sync = self._options["sync"] or self._options["remove"]
        sink = FolderSink(root, force=self._options["force"], sync=sync)
        try:
            self._run((path, source, file), sink)
        finally:
            sink.close()
            os.close(root)
        self._remove(path, source, sink)

    def _to_file(self, path: Path, source: Input, file: BinaryIO, target: Path) -> None:
        options = self._options
        if options["skip_existing"] and paths.is_up_to_date(path, target):
            self._report.note("has an output that is not older; skipped", path)
            return
        paths.refuse_same_file(path, target)
        if self._planned(path, target):
            return
        with opened_output(target, force=options["force"]) as output:
            sink = StreamSink(output.write, output.hole)
            self._run((path, source, file), sink)
            if any(error.exit_code != 3 for _, error in sink.outcome.failures):
                return  # nothing half-written
            self._commit(output, source, sink)
        self._remove(path, source, sink)

    def _commit(self, output: Output, source: Input, sink: NullSink) -> None:
        entry = sink.outcome.members[-1] if sink.outcome.members else None
        mode = entry.mode if entry and entry.mode is not None else source.stat.st_mode & 0o666
        if not source.regular and (entry is None or entry.mode is None):
            mode = 0o666 & ~umask()
        mtime_ns = entry.mtime_ns if entry else None
        sync = self._options["sync"] or self._options["remove"]
        output.commit(mode=mode & 0o777, mtime_ns=mtime_ns, sync=sync)

    def _remove(self, path: Path, source: Input, sink: NullSink) -> None:
        if not self._options["remove"] or sink.outcome.failures:
            return
        if not source.remove(path):
            self._report.warn("changed while it was unpacked; it is kept", path)
            self._report.partly()

    def _run(self, archive: tuple[Path, Input, BinaryIO], sink: NullSink) -> None:
        path, source, file = archive
        total = source.stat.st_size if source.regular else None
        progress = self._report.progress(str(path), total)
        options = UnpackOptions(self._options["threads"], self._limits, progress)
        try:
            Unpacker(Source(file), sink, options).run()
        finally:
            seconds = progress.close()
        report_outcome(self._report, path, sink, seconds)


def report_outcome(report: Report, path: Path, sink: NullSink, seconds: float) -> None:
    """Say what came of an archive."""
    outcome = sink.outcome
    for name, error in outcome.failures:
        member = f"{path}: {name.decode(errors='backslashreplace')}" if name else path
        report.fail(error, member)
    if outcome.members or not outcome.failures:
        plain = sum(entry.size for entry in outcome.members)
        count = len(outcome.members)
        line = f"{path}: {size(plain)} in {count} member{'s' * (count != 1)}, {seconds:.2f} s"
        fields = {"members": count, "plain_bytes": plain, "seconds": round(seconds, 3)}
        report.result("unpacked", line, path=str(path), **fields)


COMMAND = decompress
