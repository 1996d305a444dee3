"""compressor export."""

from pathlib import Path
from typing import Any

import click

from compressor.cli import paths
from compressor.cli.options import (
    OUTPUT,
    PATH,
    at_version,
    basing,
    reading_from,
    refuse_where,
    report_from,
    reporting,
    resources,
)
from compressor.cli.paths import STDIN
from compressor.cli.report import shown, size
from compressor.cli.sources import opened_archive, stdout_descriptor, write_stdout
from compressor.engine.access import SeekableArchive, opened_index
from compressor.engine.export import TarWriter, export
from compressor.engine.needs import require, whole
from compressor.tree.inputs import Input
from compressor.tree.outputs import opened_output
from compressor.tree.permissions import access_of, shared_permissions


@click.command(
    name="export",
    epilog="Exit codes: 0 done, 1 a problem, 2 wrong usage, 4 damaged, 5 a stage or a base is missing.",
)
@click.argument("archive", type=PATH)
@click.option(
    "-o", "--output", type=OUTPUT, required=True, metavar="FILE", help="The tar file; -: stdout."
)
@click.option("-f", "--force", is_flag=True, help="Overwrite it.")
@click.option("--sync", is_flag=True, help="Have it on disk before going on (fsync).")
@at_version
@basing
@resources
@reporting
def export_archive(archive: Path, **options: Any) -> int:
    r"""Make a tar file of an archive: pax format, with times to the nanosecond, attributes and holes.

    \b
      compressor export run.cz -o run.tar
      compressor export run.cz --at 2 -o - | tar -t
      compressor export run.cz -o - | compressor --format zst > run.tar.zst
    """
    output: Path = options["output"]
    report = report_from(options, data_to_stdout=output == STDIN)
    with report.failing(archive), opened_archive(archive) as (source, file):
        refuse_where((not source.regular, "export needs a file to look into, not a pipe"))
        opened = opened_index(
            file, reading_from(options), lambda error: report.fail(error, archive), options["at"]
        )
        require(opened, whole(opened.entries()))  # before a byte is written
        written = _written(archive, source, opened, options)
        line = f"{shown(output)}: {written.members} members, {size(written.plain_size)}"
        fields = {"members": written.members, "plain_bytes": written.plain_size}
        report.result("exported", line, path=str(archive), output=str(output), **fields)
    return report.exit_code


def _written(
    path: Path, source: Input, archive: SeekableArchive, options: dict[str, Any]
) -> TarWriter:
    target: Path = options["output"]
    if target == STDIN:
        stdout_descriptor()
        return export(archive, write_stdout)
    protected = paths.identities([path, *options["bases"]])
    paths.refuse_input(target, protected)
    with opened_output(target, force=options["force"], protected=protected) as output:
        written = export(archive, output.write)
        mode, owner = shared_permissions([access_of(source.stat)])
        output.commit(mode=mode, mtime_ns=None, sync=options["sync"], owner=owner)
    return written


COMMAND = export_archive
