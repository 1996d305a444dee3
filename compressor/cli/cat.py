"""compressor cat."""

import os
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from compressor.archive.index import Index
from compressor.archive.leaf import Entry
from compressor.archive.schema import FILE
from compressor.cli import completion, paths
from compressor.cli.options import (
    PATH,
    basing,
    external_from,
    refuse_where,
    report_from,
    reporting,
    resources,
)
from compressor.cli.paths import STDIN
from compressor.cli.report import shown
from compressor.cli.sources import opened_archive, stdout_descriptor, write_stdout
from compressor.engine.access import SeekableArchive
from compressor.engine.foreign import ForeignFile, recognised
from compressor.engine.limits import Limits
from compressor.engine.restoring import default_mode, opened_index
from compressor.engine.select import as_recorded
from compressor.engine.unpack import UnpackOptions
from compressor.errors import UsageError
from compressor.stages.base import Bytes
from compressor.tree.outputs import opened_output

Write = Callable[[Bytes], object]

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
@click.option("-o", "--output", type=PATH, metavar="FILE", help="Write there, not to stdout.")
@click.option("-f", "--force", is_flag=True, help="Overwrite FILE.")
@basing
@resources
@reporting
def cat(archive: Path, members: tuple[str, ...], **options: Any) -> int:
    r"""Write files, bytes of them, or tensors in them; only the blocks they need are read.

    Without a MEMBER: all files, in order. ARCHIVE has to be a file; `decompress -c` reads pipes. Of
    gzip, bzip2, xz, lzma, lz4, zstd, lzop or compress it is read from its start, up to the last byte
    that is wanted.

    \b
      compressor cat run.cz run/config.json
      compressor cat run.cz run/config.json --at 1
      compressor cat data.bin.cz --range 1000000:1004096 | xxd
      compressor cat model.safetensors.cz --tensor '*.bias' -o biases.safetensors
    """
    report = report_from(options, data_to_stdout=options["output"] in (None, STDIN))
    _refuse_contradictions(options)
    bounds = _bounds(options["part"])
    with report.failing(archive), opened_archive(archive) as (source, file):
        found = recognised(source, file)
        if isinstance(found, ForeignFile):
            _refuse_members(found, members, options)
            with _output(archive, options) as write:
                found.copy(write, bounds, _reading(options))
            report.result("written", shown(archive), path=str(archive), name="")
            return report.exit_code
        if not source.regular:
            raise UsageError(
                "cat needs a file to look into; `compressor decompress -c` reads pipes"
            )
        reading = _reading(options)
        opened = opened_index(
            file, reading, lambda error: report.fail(error, archive), options["at"]
        )
        wanted = _wanted(opened, members)
        with _output(archive, options) as write:
            if options["tensors"]:
                written = _write_tensors(opened, wanted, options, write)
            else:
                written = _write_parts(opened, wanted, bounds, write)
            for entry in written:
                name = os.fsdecode(entry.name)
                report.result("written", shown(entry.name), path=str(archive), name=name)
    return report.exit_code


def _reading(options: dict[str, Any]) -> UnpackOptions:
    limits = Limits(None, None, options["memory"])
    return UnpackOptions(options["threads"], limits, external=external_from(options))


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


@contextmanager
def _output(archive: Path, options: dict[str, Any]) -> Iterator[Write]:
    """Give what writes: to stdout, or to a file that appears when all of it was written."""
    path: Path | None = options["output"]
    if path is None or path == STDIN:
        stdout_descriptor()
        yield write_stdout
        return
    protected = paths.identities([archive, *options["bases"]])
    with opened_output(path, force=options["force"], protected=protected) as output:
        yield output.write
        output.commit(mode=default_mode(None), mtime_ns=None, sync=False)


def _write_parts(
    opened: SeekableArchive,
    wanted: Iterable[tuple[Index, Entry]],
    bounds: tuple[int, int] | None,
    write: Write,
) -> Iterator[Entry]:
    for index, entry in wanted:
        opened.copy(index, entry, write, _piece(bounds, entry))
        yield entry


def _write_tensors(
    opened: SeekableArchive,
    wanted: Iterable[tuple[Index, Entry]],
    options: dict[str, Any],
    write: Write,
) -> Iterable[Entry]:
    """Write tensors; return the members that they are of."""
    from compressor.engine.tensorview import picked, write_tensors  # for those who ask for tensors

    chosen = picked(opened, wanted, options["tensors"])
    write_tensors(opened, chosen, options["form"] or "safetensors", write)
    return {one.entry.name: one.entry for one in chosen}.values()


def _wanted(opened: SeekableArchive, members: tuple[str, ...]) -> Iterable[tuple[Index, Entry]]:
    if members:
        return [opened.find_file(as_recorded(os.fsencode(name))) for name in members]
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
