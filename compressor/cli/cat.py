"""compressor cat."""

import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from compressor.archive.index import Index
from compressor.archive.leaf import Entry
from compressor.archive.schema import FILE
from compressor.cli import completion
from compressor.cli.options import PATH, report_from, reporting, resources
from compressor.cli.report import shown
from compressor.cli.sources import opened_archive, stdout_descriptor, write_stdout
from compressor.engine.access import SeekableArchive
from compressor.engine.limits import Limits
from compressor.engine.restoring import opened_index
from compressor.engine.unpack import UnpackOptions
from compressor.errors import UsageError

_RANGE = re.compile(r"([0-9]*):([0-9]*)$")


@click.command()
@click.argument("archive", type=PATH)
@click.argument(
    "members", nargs=-1, metavar="[MEMBER]...", shell_complete=completion.members_of("archive")
)
@click.option(
    "--range", "part", metavar="START:END", help="Bytes from START up to END, of each member."
)
@click.option(
    "--at", type=click.IntRange(1), metavar="N", help="What the archive was at version N."
)
@resources
@reporting
def cat(archive: Path, members: tuple[str, ...], part: str | None, **options: Any) -> int:
    r"""Write files, or bytes of them, to stdout; only the blocks they need are read.

    Without a MEMBER: all files, in order. ARCHIVE has to be a file; `decompress -c` reads pipes.

    \b
      compressor cat run.cz run/config.json
      compressor cat run.cz run/config.json --at 1
      compressor cat data.bin.cz --range 1000000:1004096 | xxd
    """
    report = report_from(options, data_to_stdout=True)
    bounds = _bounds(part)
    stdout_descriptor()
    with report.failing(archive), opened_archive(archive) as (source, file):
        if not source.regular:
            raise UsageError(
                "cat needs a file to look into; `compressor decompress -c` reads pipes"
            )
        reading = UnpackOptions(options["threads"], Limits(None, None, options["memory"]))
        opened = opened_index(
            file, reading, lambda error: report.fail(error, archive), options["at"]
        )
        for index, entry in _wanted(opened, members):
            opened.copy(index, entry, write_stdout, _piece(bounds, entry))
            report.result(
                "written", shown(entry.name), path=str(archive), name=os.fsdecode(entry.name)
            )
    return report.exit_code


def _wanted(opened: SeekableArchive, members: tuple[str, ...]) -> Iterable[tuple[Index, Entry]]:
    if members:
        return [opened.find_file(os.fsencode(name)) for name in members]
    return ((index, entry) for index, entry in opened.entries() if entry.kind == FILE)


def _bounds(part: str | None) -> tuple[int, int] | None:
    if part is None:
        return None
    match = _RANGE.match(part)
    if not match:
        raise UsageError(
            f"--range {part}: write START:END in bytes, such as 0:4096; either may be left out"
        )
    begin, end = int(match[1] or 0), int(match[2] or (1 << 62))
    if begin > end:
        raise UsageError(f"--range {part} ends before it begins")
    return begin, end


def _piece(bounds: tuple[int, int] | None, entry: Entry) -> tuple[int, int] | None:
    """Return the part of a member that is asked for; what lies behind its end is left out.

    Raises:
        UsageError: all of it does.
    """
    if bounds is None:
        return None
    if bounds[0] > entry.size:
        raise UsageError(
            f"--range begins at {bounds[0]}, {entry.shown_name!r} has only {entry.size} bytes"
        )
    return bounds[0], min(bounds[1], entry.size)


COMMAND = cat
