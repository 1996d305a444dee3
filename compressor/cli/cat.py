"""compressor cat."""

import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import click

from compressor.archive.index import Index
from compressor.archive.leaf import Entry
from compressor.cli import completion, paths
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
from compressor.cli.report import Report, shown
from compressor.cli.sources import opened_archive, stdout_descriptor, write_stdout
from compressor.cli.tensors import files_in, tensors_in
from compressor.engine.access import opened_index
from compressor.engine.foreign import ForeignFile, recognised
from compressor.engine.needs import Part, require
from compressor.errors import UsageError
from compressor.stages.base import Bytes

Write = Callable[[Bytes], object]
Give = Callable[[Write], Iterable[bytes]]
"""Writes what is asked for, and gives the names of the files that it is of."""

Opened = tuple[Path, BinaryIO]

OPEN_END = 1 << 62  # bytes; behind the end of any file
_RANGE = r"([0-9]{0,4000}):([0-9]{0,4000})\Z"  # more than int() takes is no position


@click.command()
@click.argument("archive", type=PATH)
@click.argument(
    "members", nargs=-1, metavar="[MEMBER]...", shell_complete=completion.members_of("archive")
)
@click.option(
    "--range", "part", metavar="START:END", help="Bytes from START up to END, of each member."
)
@at_version
@click.option(
    "--tensor",
    "tensors",
    multiple=True,
    metavar="GLOB",
    help="Tensors by name, as one file of tensors; repeatable.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["safetensors", "npy", "raw"]),
    help="What tensors are written as.  [default: safetensors]",
)
@click.option("-o", "--output", type=OUTPUT, metavar="FILE", help="Write there, not to stdout.")
@click.option("-f", "--force", is_flag=True, help="Overwrite FILE.")
@basing
@resources
@reporting
def cat(archive: Path, members: tuple[str, ...], **options: Any) -> int:
    r"""Write files, bytes of them, or tensors in them; only the blocks they need are read.

    Without a MEMBER: all files, in order. ARCHIVE has to be a file; `decompress -c` reads pipes. For --tensor
    a file of tensors serves, too, as it is; metadata of a safetensors file goes along. Of gzip, bzip2, xz,
    lzma, lz4, zstd, lzop or compress it is read from its start, up to the last byte that is wanted.

    \b
      compressor cat run.cz run/config.json
      compressor cat run.cz run/config.json --at 1
      compressor cat data.bin.cz --range 1000000:1004096 | xxd
      compressor cat model.safetensors.cz --tensor '*.bias' -o biases.safetensors
    """
    report = report_from(options, data_to_stdout=options["output"] in (None, STDIN))
    _refuse_contradictions(options)
    options["part"] = _bounds(options["part"])
    with report.failing(archive), opened_archive(archive) as (source, file):
        found = recognised(source, file)
        if isinstance(found, ForeignFile):
            _refuse_members(found, members, options)
            give = _content_of(found, options)
        elif source.regular:
            plan = _tensors_of if options["tensors"] else _parts_of
            give = plan((archive, file), members, options, report)
        else:
            raise UsageError(
                "cat needs a file to look into; `compressor decompress -c` reads pipes"
            )
        for name in _written(give, archive, options):
            line = shown(name or archive)
            report.result("written", line, path=str(archive), name=os.fsdecode(name))
    return report.exit_code


def _refuse_contradictions(options: dict[str, Any]) -> None:
    refuse_where(
        (options["tensors"] and options["part"], "--range is for bytes, --tensor for tensors"),
        (options["form"] and not options["tensors"], "--format is for what --tensor picks"),
        (options["force"] and not options["output"], "-f is for -o FILE"),
    )


def _refuse_members(file: ForeignFile, members: tuple[str, ...], options: dict[str, Any]) -> None:
    """Refuse to look for what only archives have."""
    if members or options["tensors"] or options["at"]:
        raise UsageError(
            f"this is {file.format.words}, which has no members, tensors or versions: "
            "leave MEMBER, --tensor and --at out"
        )


def _written(give: Give, archive: Path, options: dict[str, Any]) -> Iterator[bytes]:
    """Write what is asked for; yield the names of the files that it is of, once these are where they go.

    On stdout each one is there at once; a file appears when all of it was written.
    """
    path: Path | None = options["output"]
    if path is None or path == STDIN:
        stdout_descriptor()
        yield from give(write_stdout)
        return
    from compressor.engine.restoring import default_mode  # for those who want a file
    from compressor.tree.outputs import opened_output

    protected = paths.identities([archive, *options["bases"]])
    with opened_output(path, force=options["force"], protected=protected) as output:
        names = list(give(output.write))
        output.commit(mode=default_mode(None), mtime_ns=None, sync=False)
    yield from names


def _content_of(file: ForeignFile, options: dict[str, Any]) -> Give:
    """Return what writes another program's file, which has no name inside."""

    def give(write: Write) -> Iterator[bytes]:
        file.copy(write, options["part"], reading_from(options))
        yield b""

    return give


def _parts_of(
    opened: Opened, members: Sequence[str], options: dict[str, Any], report: Report
) -> Give:
    """Return what writes files, or bytes of them, once all is there that these need."""
    path, file = opened
    archive = opened_index(
        file, reading_from(options), lambda error: report.fail(error, path), options["at"]
    )
    require(archive, _parts(files_in(archive, members), options["part"]))

    def give(write: Write) -> Iterator[bytes]:
        for index, entry, begin, end in _parts(files_in(archive, members), options["part"]):
            archive.copy(index, entry, write, (begin, end))
            yield entry.name

    return give


def _tensors_of(
    opened: Opened, members: Sequence[str], options: dict[str, Any], report: Report
) -> Give:
    """Return what writes tensors, once all is there that these need; it gives the files they are of."""
    from compressor.engine.tensorview import picked, write_tensors  # for those who ask for tensors

    chosen = picked(tensors_in(*opened, options, report, members), options["tensors"])
    for one in chosen:
        one.need()

    def give(write: Write) -> Iterable[bytes]:
        write_tensors(chosen, options["form"] or "safetensors", write)
        return dict.fromkeys(one.entry.name for one in chosen)

    return give


def _bounds(part: str | None) -> tuple[int, int] | None:
    if part is None:
        return None
    match = re.match(_RANGE, part)
    if not match:
        raise UsageError(
            f"--range {part}: write START:END in bytes, such as 0:4096; either may be left out"
        )
    begin = int(match[1] or 0)
    end = int(match[2]) if match[2] else max(begin, OPEN_END)
    if begin > end:
        raise UsageError(f"--range {part} ends before it begins")
    return begin, end


def _parts(wanted: Iterable[tuple[Index, Entry]], bounds: tuple[int, int] | None) -> Iterator[Part]:
    """Yield the part of each member that is asked for; what lies behind its end is left out.

    Raises:
        UsageError: all of it does.
    """
    for index, entry in wanted:
        begin, end = bounds or (0, entry.size)
        if begin > entry.size:
            raise UsageError(
                f"--range begins at {begin}, {entry.shown_name!r} has only {entry.size} bytes"
            )
        yield index, entry, begin, min(end, entry.size)


COMMAND = cat
