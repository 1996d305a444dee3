"""compressor versions."""

import os
from pathlib import Path
from typing import Any

import click

from compressor.cli import listing
from compressor.cli.options import PATH, report_from, reporting
from compressor.cli.report import Report, shown
from compressor.cli.sources import opened_archive
from compressor.engine.history import Version, history
from compressor.errors import UsageError


@click.command()
@click.argument("archive", type=PATH)
@reporting
def versions(archive: Path, **options: Any) -> int:
    r"""List the versions of an archive: number, time (local), members, bytes added, label.

    \b
      compressor versions run.cz
      compressor versions --json run.cz
    """
    report = report_from(options)
    with report.failing(archive):
        _list(archive, report)
    return report.exit_code


def _list(archive: Path, report: Report) -> None:
    with opened_archive(archive) as (source, file):
        if not source.regular:
            raise UsageError("versions needs a file to look into; `compressor list` reads pipes")
        for stamp in history(file, lambda error: report.fail(error, archive)):
            _say(archive, stamp, report)
    report.succeeded()


def _say(archive: Path, stamp: Version, report: Report) -> None:
    when = listing.when(stamp.time_ns) if stamp.time_ns else "-".ljust(16)
    line = (
        f"{stamp.number:>6}  {when}  {stamp.members:>9,}  {stamp.added:>15,}  {shown(stamp.label)}"
    )
    report.output(
        "version",
        line.rstrip(),
        path=os.fspath(archive),
        number=stamp.number,
        label=stamp.label,
        time_ns=stamp.time_ns,
        members=stamp.members,
        added_bytes=stamp.added,
    )


COMMAND = versions
