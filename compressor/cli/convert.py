"""compressor convert."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import click
from msgspec.structs import replace

from compressor.archive.record import MAGIC
from compressor.archive.source import GrowingSource
from compressor.cli import naming, paths
from compressor.cli.coding import coding, packing_from, versioning
from compressor.cli.options import (
    OUTPUT,
    PATH,
    limiting,
    limits_from,
    refuse_where,
    report_from,
    reporting,
    resources,
)
from compressor.cli.paths import STDIN
from compressor.cli.progress import Progress
from compressor.cli.report import Report, shown, size
from compressor.cli.sources import opened_archive, stdout_descriptor, write_stdout
from compressor.engine.clashes import Fates, fates_of
from compressor.engine.convert import ARCHIVE, Conversion, NameTwiceError, members_of
from compressor.engine.foreign import recognised
from compressor.engine.limits import INTERPRETER
from compressor.engine.pack import Packer
from compressor.engine.packfile import commit, pack_all
from compressor.engine.packoptions import PIPED_REACH, PackOptions, Sources
from compressor.engine.reading import UnpackOptions
from compressor.engine.trees import Tally
from compressor.errors import CompressorError, MemoryBudgetError, UsageError
from compressor.formats.members import Members
from compressor.formats.table import without_ending
from compressor.stages.base import Bytes
from compressor.tree.inputs import Input, InputError
from compressor.tree.outputs import Output, opened_output
from compressor.tree.permissions import access_of

READING_SHARE = 4  # of the memory budget one part in so many is for reading


@click.command(
    epilog="Exit codes: 0 done, 1 a problem, 2 wrong usage, 3 something was left out, "
    "4 damaged or over a limit."
)
@click.argument("source", type=PATH, metavar="FILE")
@click.option(
    "-o", "--output", type=OUTPUT, metavar="FILE", help="The archive.  [default: beside FILE]"
)
@click.option("-f", "--force", is_flag=True, help="Overwrite the archive.")
@click.option("--sync", is_flag=True, help="Have it on disk before going on (fsync).")
@coding
@versioning
@limiting
@resources
@reporting
def convert(source: Path, **options: Any) -> int:
    r"""Make an archive of a tar file, packed by whatever `decompress` reads, or of a zip file.

    Names, times, modes, owners, links, holes and attributes are kept. Nothing is unpacked to disk; - is
    stdin, for tar files.

    \b
      compressor convert run.tar.gz                run.cz
      compressor convert data.zip -o data.cz
      ssh host 'tar -c run' | compressor convert - -o run.cz
    """
    output: Path | None = options["output"]
    report = report_from(options, data_to_stdout=output == STDIN)
    refuse_where((source == STDIN and output is None, "stdin has no name to go by: add -o FILE"))
    with report.failing(source):
        if source != STDIN and source.is_dir():
            raise InputError("is a folder: `compressor compress` packs it")
        target = output or _target(source)
        with opened_archive(source) as (opened, file):
            if opened.regular and os.pread(opened.descriptor, len(MAGIC), 0) == MAGIC:
                raise CompressorError(ARCHIVE)
            run = _Converting(source, opened, options, report)
            tally = _twice(run, file, target)
        percent = f"{100 * tally.packed_size / tally.plain_size:.1f} %" if tally.plain_size else "-"
        line = f"{shown(target)}: {size(tally.plain_size)} -> {size(tally.packed_size)}, {percent}"
        fields = {"plain_bytes": tally.plain_size, "packed_bytes": tally.packed_size}
        report.result("converted", line, path=str(source), output=str(target), **fields)
    return report.exit_code


def _target(source: Path) -> Path:
    name = naming.content_name(source) or source.name
    for ending in (".tar", ".zip"):
        name = without_ending(name, ending) or name
    return source.with_name(name + naming.SUFFIX)


def _twice(run: "_Converting", file: BinaryIO, target: Path) -> Tally:
    """Convert; where a name comes twice, once more, for now the last of each name has to be found first."""
    try:
        return run.to(file, target, None)
    except NameTwiceError as error:
        if not run.source.regular or target == STDIN:
            raise UsageError(
                f"{error}, and the last one counts, which takes two looks: name a file, not a pipe, "
                "to read, and one to write (-o FILE)"
            ) from error
        return run.to(file, target, fates_of(run.members(file)))


class _Converting:
    """One run over one file."""

    def __init__(self, path: Path, source: Input, options: dict[str, Any], report: Report) -> None:
        self.source = source
        self._path = path
        self._options = options
        self._report = report

    def members(self, file: BinaryIO) -> Members:
        """Return the members, from the first."""
        if self.source.regular:
            file.seek(0)
        memory = INTERPRETER + self._options["memory"] // READING_SHARE
        reading = UnpackOptions(1, replace(limits_from(self._options), memory=memory))
        return members_of(recognised(self.source, file), reading, seekable=self.source.regular)

    def to(self, file: BinaryIO, target: Path, fates: Fates | None) -> Tally:
        """Write the archive."""
        options = self._options
        if target == STDIN:
            stdout_descriptor()
            return self._pack(file, write_stdout, None, fates)
        protected = paths.identities([self._path])
        paths.refuse_input(target, protected)
        with opened_output(target, force=options["force"], protected=protected) as output:
            within = GrowingSource(output.descriptor) if isinstance(output, Output) else None
            tally = self._pack(file, output.write, within, fates)
            commit(output, tally, sync=options["sync"])
        return tally

    def _pack(
        self,
        file: BinaryIO,
        write: Callable[[Bytes], object],
        within: GrowingSource | None,
        fates: Fates | None,
    ) -> Tally:
        options, status = self._options, self.source.stat
        total = status.st_size if self.source.regular else None
        progress = self._report.progress(str(self._path), None)
        packing = self._pack_options(within, progress)
        conversion = Conversion(packing, self._problem)
        limits = limits_from(options)

        def limit(plain: int) -> None:
            limits.check(plain, plain if total is None else total)

        def content(packer: Packer) -> Tally:
            return conversion.pack(packer, self.members(file), limit, fates)

        try:
            tally = pack_all(write, packing, content, options["label"], options["time"])
        except MemoryBudgetError as error:
            raise self._of_all(error) from error
        finally:
            progress.close()
        tally.access.add(access_of(status))
        return tally

    def _of_all(self, error: MemoryBudgetError) -> MemoryBudgetError:
        """Return the error with figures of the whole budget, of which each side has a share."""
        memory: int = self._options["memory"]
        if error.allowed == memory - memory // READING_SHARE:
            needed = error.needed * READING_SHARE // (READING_SHARE - 1)
        else:
            needed = (error.needed - INTERPRETER) * READING_SHARE
        return MemoryBudgetError(error.what, needed, memory)

    def _problem(self, name: str, reason: str) -> None:
        self._report.warn(reason, self._path, name or None)
        self._report.partly()

    def _pack_options(self, within: GrowingSource | None, progress: Progress) -> PackOptions:
        options = self._options
        memory: int = options["memory"]
        return replace(
            packing_from({**options, "bases": ()}, self._report),
            memory=memory - memory // READING_SHARE,
            reach=None if within else PIPED_REACH,
            sources=Sources(within),
            progress=progress,
        )


COMMAND = convert
