"""Tensors in the members of an archive, or in a file: for `list --tensors` and `cat --tensor`."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from compressor.archive.index import Index
from compressor.archive.leaf import Entry
from compressor.archive.schema import FILE
from compressor.archive.source import RandomSource
from compressor.cli.options import reading_from
from compressor.cli.report import Report, shown
from compressor.cli.sources import opened_archive
from compressor.engine.access import SeekableArchive, opened_index
from compressor.engine.select import as_recorded
from compressor.errors import UsageError

if TYPE_CHECKING:
    from compressor.engine.tensorview import Held


def tensors_in(
    path: Path, file: BinaryIO, options: dict[str, Any], report: Report, members: Sequence[str] = ()
) -> Iterable[tuple[Entry, "list[Held]"]]:
    """Return the tensors in an archive, or some members of it, by file; or in a file of tensors itself.

    Raises:
        UsageError: a version or a member of a file that is no archive is meant.
        CompressorError: it is neither, or broken, or has no such member.
    """
    from compressor.engine.tensorview import held_by, held_plainly  # for those who ask for tensors

    plain = held_plainly(RandomSource(file), os.fsencode(path.name))
    if plain is not None:
        if members or options["at"] is not None:
            raise UsageError("members and versions are for archives: this is a file of tensors")
        return plain
    file.seek(0)
    opened = opened_index(
        file,
        reading_from(options),
        lambda error: report.fail(error, path),
        options["at"],
    )
    found = files_in(opened, members)
    if members:  # one that is named twice is one
        found = {(index.start, entry.name): (index, entry) for index, entry in found}.values()
    return held_by(opened, found)


def files_in(opened: SeekableArchive, members: Sequence[str]) -> Iterable[tuple[Index, Entry]]:
    """Return the files that are named, in that order, or all."""
    if members:
        return [opened.find_file(as_recorded(os.fsencode(name))) for name in members]
    return ((index, entry) for index, entry in opened.entries() if entry.kind == FILE)


def list_tensors(path: Path, options: dict[str, Any], report: Report) -> None:
    """Say of each member which tensors it holds, or of a file of tensors.

    Raises:
        UsageError: it is no file to look into.
    """
    with opened_archive(path) as (source, file):
        if not source.regular:
            raise UsageError("--tensors needs a file to look into, not a pipe")
        any_there = False
        for entry, tensors in tensors_in(path, file, options, report):
            any_there = True
            if not report.as_json:
                report.output("member", f"{shown(entry.name or path.name)}:")
            report.outputs(
                "tensor", tensors, _lines, lambda held: {"path": str(path), **_fields(held)}
            )
        if not any_there:
            report.note("it holds no tensors that are known", path)


def _lines(tensors: "Sequence[Held]") -> list[str]:
    rows = [
        (f"{one.tensor.size:,}", one.tensor.dtype, _shape(one.tensor.shape), one.tensor.name)
        for one in tensors
    ]
    types, shapes = (max(len(row[at]) for row in rows) for at in (1, 2))
    return [
        f"{size:>15}  {dtype:<{types}}  {shape:<{shapes}}  {shown(name)}"
        for size, dtype, shape, name in rows
    ]


def _shape(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape)) or "scalar"


def _fields(held: "Held") -> dict[str, Any]:
    tensor = held.tensor
    return {
        "member": os.fsdecode(held.entry.name),
        "name": tensor.name,
        "dtype": tensor.dtype,
        "shape": list(tensor.shape),
        "bytes": tensor.size,
    }
