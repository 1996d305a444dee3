"""compressor recover."""

import os
from pathlib import Path
from typing import Any

import click

from compressor.cli import paths
from compressor.cli.options import (
    OUTPUT,
    PATH,
    basing,
    external_from,
    reading_from,
    report_from,
    reporting,
    resources,
)
from compressor.cli.paths import STDIN
from compressor.cli.report import Report, shown, size
from compressor.cli.sources import opened_archive
from compressor.engine.recover import Recovered, recover
from compressor.engine.sinks import NullSink
from compressor.engine.unpack import unpack
from compressor.errors import (
    CompressorError,
    DamagedBaseError,
    DamagedError,
    MissingBaseError,
    UsageError,
)
from compressor.tree.outputs import Output, opened_output
from compressor.tree.permissions import access_of, shared_permissions

NO_FILE = "recover needs a file to write: it reads again what it wrote"


@click.command(
    name="recover", epilog="Exit codes: 0 all recovered, 3 something is missing, 4 nothing was."
)
@click.argument("damaged", type=PATH, metavar="BAD")
@click.option(
    "-o", "--output", type=OUTPUT, required=True, metavar="GOOD", help="The archive to write."
)
@click.option("-f", "--force", is_flag=True, help="Overwrite GOOD.")
@basing
@resources
@reporting
def recover_archive(damaged: Path, output: Path, *, force: bool, **options: Any) -> int:
    r"""Make a sound archive of all that is whole in a damaged or unfinished one.

    Every version stays that is still known. Members that lack a part are left out and named; sound blocks
    that belong to no whole member go to lost+found/OFFSET in the last version. BAD is not changed.

    \b
      compressor recover run.cz -o rescued.cz
    """
    report = report_from(options)
    protected = paths.identities([damaged, *options["bases"]])
    paths.refuse_input(output, protected)
    with report.failing(damaged), opened_archive(damaged) as (source, file):
        if not source.regular:
            raise UsageError("recover needs a file: it reads it twice")
        if output == STDIN:
            raise UsageError(NO_FILE)
        with opened_output(output, force=force, protected=protected) as target:
            if not isinstance(target, Output):
                raise UsageError(NO_FILE)
            outcome = recover(file, target, options["memory"], external_from(options))
            if not outcome.any_member and not outcome.lost_found:
                report.fail(DamagedError("nothing whole was found"), damaged)
                return report.exit_code
            unproven = _prove(target, options)
            mode, owner = shared_permissions([access_of(source.stat)])
            target.commit(mode=mode, mtime_ns=None, sync=True, owner=owner)
        for name, error in unproven:
            report.warn(
                f"kept, not verified: {error.at_shell()}", output, os.fsdecode(name) or None
            )
            report.partly()
        _say(outcome, damaged, output, report)
    return report.exit_code


def _prove(target: Output, options: dict[str, Any]) -> list[tuple[bytes, CompressorError]]:
    """Read what was written to its end, before it gets its name; return what lacks a base for that."""
    sink = NullSink()
    with target.reading() as file:
        unpack(file, sink, reading_from(options), seekable=True)
    unproven: list[tuple[bytes, CompressorError]] = []
    for name, error in sink.outcome.failures:
        if not isinstance(error, MissingBaseError | DamagedBaseError):
            raise error
        unproven.append((name or b"", error))
    return unproven


def _say(outcome: Recovered, damaged: Path, output: Path, report: Report) -> None:
    for error in outcome.damage:
        report.note(f"damage: {error.at_shell()}", damaged)
    for gap in outcome.gaps:
        report.warn(gap, damaged)
    for name, reason in outcome.left_out:
        report.warn(f"left out: {reason}", damaged, os.fsdecode(name))
    for name, length in outcome.lost_found:
        report.warn(f"{size(length)} that belong to no whole member", output, os.fsdecode(name))
    fields = {
        "output": str(output),
        "members": outcome.kept,
        "versions": outcome.versions,
        "left_out": [os.fsdecode(name) for name, _ in outcome.left_out],
        "lost_found": [os.fsdecode(name) for name, _ in outcome.lost_found],
    }
    line = f"{shown(output)}: {outcome.kept} whole member{'s' * (outcome.kept != 1)}"
    if len(set(outcome.versions)) > 1:
        line += f" in the last of versions {', '.join(map(str, outcome.versions))}"
    report.result("recovered", line, **fields)
    if not outcome.complete:
        report.partly()


COMMAND = recover_archive
