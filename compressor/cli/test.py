"""compressor test."""

from pathlib import Path
from typing import Any, BinaryIO

import click

from compressor.cli import paths
from compressor.cli.options import (
    PATH,
    basing,
    external_from,
    limiting,
    limits_from,
    report_from,
    reporting,
    resources,
)
from compressor.cli.report import Report
from compressor.cli.restoring import report_outcome
from compressor.cli.sources import opened_archive
from compressor.engine import heap
from compressor.engine.foreign import recognised, unpack_any
from compressor.engine.history import told_apart
from compressor.engine.reading import UnpackOptions
from compressor.engine.sinks import NullSink
from compressor.errors import CompressorError, DamagedError, UnfinishedError

Failure = tuple[bytes | None, CompressorError]
"""The member that failed, if it is known, and why."""


@click.command(
    epilog="Exit codes: 0 sound, 4 damaged or unfinished, 5 a stage or a base is missing."
)
@click.argument("inputs", nargs=-1, type=PATH, metavar="[PATH]...")
@limiting
@basing
@resources
@reporting
def test(**options: Any) -> int:
    r"""Read archives, or stdin, to the end and check every bit; write nothing.

    Files of gzip, bzip2, xz, lzma, lz4, zstd, lzop and compress are read, too.

    \b
      compressor test *.cz
      ssh host 'cat run.cz' | compressor test
    """
    report = report_from(options)
    for path in paths.gather(options["inputs"], None, zero=False):
        with report.failing(path):
            _test(path, options, report)
    return report.exit_code


def _test(path: Path, options: dict[str, Any], report: Report) -> None:
    sink = NullSink()
    with opened_archive(path) as (source, file):
        total = source.stat.st_size if source.regular else None
        progress = report.progress(str(path), total)
        heap.keep_freed(total)
        unpack_options = UnpackOptions(
            options["threads"],
            limits_from(options),
            progress,
            external=external_from(options),
            behind=True,
        )
        try:
            found = recognised(source, file)
            unpack_any(found, sink, unpack_options, seekable=source.regular)
        finally:
            seconds = progress.close()
        if source.regular:
            sink.outcome.failures = _told_apart(file, sink.outcome.failures)
    failures = sink.outcome.failures
    sink.outcome.failures = [(name, _final(error)) for name, error in failures]
    report_outcome(report, path, sink.outcome, seconds)


def _told_apart(file: BinaryIO, failures: list[Failure]) -> list[Failure]:
    """Return what went wrong, with one error for all that an append left that was not finished."""
    members = [(name, error) for name, error in failures if name is not None]
    others = [error for name, error in failures if name is None]
    damage = [error for error in others if isinstance(error, DamagedError)]
    rest: list[Failure] = [(None, error) for error in others if not isinstance(error, DamagedError)]
    return members + rest + [(None, error) for error in told_apart(file, damage)]


def _final(error: CompressorError) -> CompressorError:
    """Return ``error`` as a tester has to see it: an unfinished end is damage."""
    if isinstance(error, UnfinishedError):
        return DamagedError(error.what, offset=error.offset)
    return error


COMMAND = test
