"""compressor list."""

import os
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO

import click
from msgspec.structs import replace

from compressor.archive.leaf import Entry
from compressor.archive.names import name_key
from compressor.archive.source import Source
from compressor.cli import listing, naming, paths
from compressor.cli.options import (
    PATH,
    at_version,
    basing,
    budget,
    refuse_where,
    report_from,
    reporting,
)
from compressor.cli.report import Report, shown
from compressor.cli.sources import opened_archive
from compressor.engine.foreign import ForeignFile, recognised
from compressor.engine.glance import Survey, glance
from compressor.engine.limits import Limits
from compressor.errors import DamagedError, UsageError

Lines = Callable[[Sequence[Entry]], Iterable[str]]


@click.command(name="list")
@click.argument("inputs", nargs=-1, type=PATH, metavar="[PATH]...")
@click.option("-l", "--long", is_flag=True, help="Say type, mode, links and owner, too.")
@click.option("--tree", is_flag=True, help="Show folders as a tree.")
@click.option(
    "--tensors", is_flag=True, help="Show the tensors in files: bytes, type, shape, name."
)
@at_version
@basing
@budget
@reporting
def list_members(**options: Any) -> int:
    r"""List the members of archives, or of stdin, by name: size, time (local, as `ls -l`), name.

    Of an archive with several versions the last one; from a pipe each one, under its number. Files of
    gzip, bzip2, xz, lzma, lz4, zstd, lzop and compress are read to their end.

    \b
      compressor list run.cz
      compressor list -l run.cz
      compressor list --tree run.cz --at 3
      compressor list --tensors model.safetensors.cz
      compressor list --json run.cz | jq .name
    """
    report = report_from(options)
    ways = [options["long"], options["tree"], options["tensors"]]
    refuse_where((sum(ways) > 1, "-l, --tree and --tensors exclude each other"))
    for path in paths.gather(options["inputs"], None, zero=False):
        with report.failing(path):
            if options["tensors"]:
                from compressor.cli.tensors import list_tensors  # for those who ask for them

                list_tensors(path, options, report)
            else:
                _Listing(path, options, report).run()
            report.succeeded()
    return report.exit_code


class _Listing:
    """What is said of one file."""

    def __init__(self, path: Path, options: dict[str, Any], report: Report) -> None:
        self._path = path
        self._memory: int = options["memory"]
        self._at: int | None = options["at"]
        self._report = report
        self._lines = _lines(path, options)

    def run(self) -> None:
        with opened_archive(self._path) as (source, file):
            found = recognised(source, file)
            if isinstance(found, ForeignFile):
                self._foreign(found)
            elif source.regular:
                self._seekable(file)
            elif self._at is not None:
                raise UsageError("--at needs a file to look into, not a pipe")
            else:
                self._forward(found)

    def _foreign(self, file: ForeignFile) -> None:
        """List the content of another program's file: only reading all of it tells its size."""
        if self._at is not None:
            raise UsageError(f"--at is for versions; this is {file.format.words}")
        from compressor.engine.reading import UnpackOptions  # for such files
        from compressor.engine.sinks import NullSink

        sink, found = NullSink(), Survey(ended=True)

        def note(read: int, _plain: int, _packed: int) -> None:
            found.size = read

        reading = UnpackOptions(limits=Limits(None, None, self._memory), progress=note)
        file.unpack(sink, reading)
        for _, error in sink.outcome.failures:
            self._report.fail(error, self._path)
        name = os.fsencode(naming.content_name(self._path) or "")
        for entry in sink.outcome.members:
            found.members[name] = replace(entry, name=name)
            self._members(found)
            self._total(found, 1, found.plain_size, file.format.name)

    def _seekable(self, file: BinaryIO) -> None:
        try:
            found = glance(
                file, self._memory, lambda error: self._report.fail(error, self._path), self._at
            )
        except DamagedError:
            if self._at is not None:
                raise
            from compressor.engine.survey import survey  # for what is damaged

            file.seek(0)
            for one in survey(Source(file), self._memory):
                self._whole(one)
        else:
            for one in found:
                self._whole(one)

    def _whole(self, found: Survey) -> None:
        if found.anything:
            self._members(found)
            self._total(found, len(found.members), found.plain_size)
        self._damage(found)

    def _forward(self, file: BinaryIO) -> None:
        """List each version once it has come; what follows may change members."""
        from compressor.engine.survey import by_version  # for pipes

        totals: tuple[int, int] | None = None  # of the version before
        for found in by_version(Source(file), self._memory):
            if not found.ended:
                self._heading(found)
                self._members(found)
                totals = len(found.members), found.plain_size
            elif totals is None:
                self._whole(found)
            else:
                self._total(found, *totals)
                self._damage(found)
                totals = None

    def _heading(self, found: Survey) -> None:
        version = found.version
        if version is not None and not self._report.as_json:  # there each member says it
            label = f", {shown(version.label)}" if version.label else ""
            self._report.output("version", f"version {version.number}{label}")

    def _members(self, found: Survey) -> None:
        entries = sorted(found.members.values(), key=lambda entry: name_key(entry.name))
        number = found.version.number if found.version else None
        common = {"path": str(self._path), "version": number}
        self._report.outputs(
            "member", entries, self._lines, lambda entry: {**common, **listing.fields(entry)}
        )

    def _total(self, found: Survey, count: int, plain: int, form: str = "cz") -> None:
        percent = f"{100 * found.size / plain:.1f} %" if plain else "-"
        self._report.output(
            "archive",
            f"{plain:>15,}  {count} member{'s' * (count != 1)} in {found.size:,} bytes, {percent}"
            f"  {shown(self._path)}",
            path=str(self._path),
            format=form,
            members=count,
            plain_bytes=plain,
            packed_bytes=found.size,
        )

    def _damage(self, found: Survey) -> None:
        for error in found.damage:
            self._report.fail(error, self._path)


def _lines(path: Path, options: dict[str, Any]) -> Lines:
    if options["tree"]:
        return lambda entries: chain([shown(path)], listing.tree(entries))
    return listing.long if options["long"] else listing.short


COMMAND = list_members
