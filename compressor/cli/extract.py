"""compressor extract."""

import os
from pathlib import Path
from typing import Any

import click

from compressor.cli import completion, paths
from compressor.cli.options import (
    PATH,
    at_version,
    basing,
    limiting,
    report_from,
    reporting,
    resources,
    restoring,
)
from compressor.cli.report import Report
from compressor.cli.restoring import restore_members
from compressor.cli.sources import opened_archive
from compressor.engine.select import Selection


@click.command(
    epilog="Exit codes: 0 done, 1 a problem, 2 wrong usage, 3 something was left out, 4 damaged or over a "
    "limit, 5 a stage or a base is missing.",
)
@click.argument("archive", type=PATH)
@click.argument(
    "patterns", nargs=-1, metavar="[PATTERN]...", shell_complete=completion.members_of("archive")
)
@click.option("-C", "--directory", type=PATH, metavar="DIR", help="Where members go.  [default: .]")
@at_version
@click.option(
    "--exclude", multiple=True, metavar="PATTERN", help="Leave out what matches; repeatable."
)
@click.option("-f", "--force", is_flag=True, help="Overwrite files.")
@click.option("--skip-existing", is_flag=True, help="Skip files that are there and not older.")
@click.option("--sync", is_flag=True, help="Have all on disk before going on (fsync).")
@restoring
@limiting
@basing
@resources
@reporting
def extract(archive: Path, patterns: tuple[str, ...], **options: Any) -> int:
    r"""Restore a folder, or some members of an archive; - is stdin.

    A PATTERN is a member's name, which stands for all below it, or a pattern as in .gitignore.

    \b
      compressor extract run.cz -C restored/
      compressor extract run.cz run/config.yaml
      compressor extract run.cz '*.json' --exclude 'cache/'
      compressor extract run.cz --at 3 run/state
    """
    report = report_from(options)
    selection = Selection([os.fsencode(word) for word in patterns], options["exclude"])
    with report.failing(archive):
        _extract(archive, selection, options, report)
    return report.exit_code


def _extract(archive: Path, selection: Selection, options: dict[str, Any], report: Report) -> None:
    with opened_archive(archive) as (source, file):
        protected = paths.identities(options["bases"])
        if source.regular:
            protected |= {source.identity}
        restore_members((archive, source, file), selection, protected, options, report)


COMMAND = extract
