"""compressor prune."""

from pathlib import Path
from typing import Any

import click

from compressor.cli.options import (
    PATH,
    Integer,
    basing,
    reading_from,
    report_from,
    reporting,
    resources,
)
from compressor.cli.report import Report, shown, size
from compressor.engine.prune import prune as prune_archive


@click.command()
@click.argument("archive", type=PATH)
@click.option(
    "--keep-last",
    type=Integer(1),
    required=True,
    metavar="N",
    help="How many versions stay, counted from the last.",
)
@basing
@resources
@reporting
def prune(archive: Path, **options: Any) -> int:
    r"""Forget all but the last versions of an archive, and the bytes that only they needed.

    The archive is written anew beside itself, verified, and put in place. Versions keep their numbers.

    \b
      compressor prune run.cz --keep-last 7
    """
    report = report_from(options)
    with report.failing(archive):
        _prune(archive, options, report)
    return report.exit_code


def _prune(archive: Path, options: dict[str, Any], report: Report) -> None:
    keep, reading = options["keep_last"], reading_from(options)
    done = prune_archive(archive, keep, lambda text: report.warn(text, archive), reading)
    line = (
        f"{shown(archive)}: {done.dropped} versions dropped, {done.kept} kept, "
        f"{size(done.size_before)} -> {size(done.size)}"
    )
    report.result(
        "pruned",
        line,
        path=str(archive),
        kept=done.kept,
        dropped=done.dropped,
        bytes_before=done.size_before,
        packed_bytes=done.size,
    )


COMMAND = prune
