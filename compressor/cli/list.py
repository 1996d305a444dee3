"""compressor list."""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import click

from compressor.archive.leaf import Entry
from compressor.archive.source import Source
from compressor.cli import paths
from compressor.cli.options import PATH, budget, report_from, reporting
from compressor.cli.report import Report, shown
from compressor.cli.sources import opened_archive
from compressor.engine.survey import Survey, glance, survey
from compressor.errors import DamagedError


@click.command(name="list")
@click.argument("inputs", nargs=-1, type=PATH, metavar="[PATH]...")
@budget
@reporting
def list_members(**options: Any) -> int:
    r"""List the members of archives, or of stdin: size, time, name.

    \b
      compressor list all.cz
      compressor list --json all.cz | jq .name
    """
    report = report_from(options)
    for path in paths.gather(options["inputs"], None, zero=False):
        with report.failing(path):
            _list(path, options["memory"], report)
            report.succeeded()
    return report.exit_code


def _list(path: Path, memory: int, report: Report) -> None:
    with opened_archive(path) as (source, file):
        for found in _surveys(file, memory, seekable=source.regular):
            if found.anything:
                _show(path, found, report)
            for error in found.damage:
                report.fail(error, path)


def _surveys(file: BinaryIO, memory: int, *, seekable: bool) -> Iterator[Survey]:
    if seekable:
        try:
            yield from list(glance(file, memory))
        except DamagedError:
            file.seek(0)
        else:
            return
    yield from survey(Source(file), memory)


def _show(path: Path, found: Survey, report: Report) -> None:
    for entry in found.entries:
        report.output(
            "member",
            f"{entry.size:>15,}  {_when(entry)}  {shown(entry.name) or '-'}",
            path=str(path),
            name=os.fsdecode(entry.name),
            size=entry.size,
            mtime_ns=entry.mtime_ns,
            mode=entry.mode,
            blake3=entry.content_hash.hex(),
        )
    plain, count = found.plain_size, len(found.entries)
    percent = f"{100 * found.size / plain:.1f} %" if plain else "-"
    report.output(
        "archive",
        f"{plain:>15,}  {count} member{'s' * (count != 1)} in {found.size:,} bytes, {percent}  {shown(path)}",
        path=str(path),
        members=count,
        plain_bytes=plain,
        packed_bytes=found.size,
    )


def _when(entry: Entry) -> str:
    if entry.mtime_ns is None:
        return " " * 16
    try:
        return time.strftime("%Y-%m-%d %H:%M", time.localtime(entry.mtime_ns // 10**9))
    except (OverflowError, ValueError, OSError):
        return f"@{entry.mtime_ns // 10**9}".ljust(16)


COMMAND = list_members
