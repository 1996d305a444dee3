"""Tensors in the members of an archive, as lines: for `list --tensors`."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from compressor.cli.options import external_from
from compressor.cli.report import Report, shown
from compressor.cli.sources import opened_archive
from compressor.engine.access import opened_index
from compressor.engine.limits import Limits
from compressor.engine.reading import UnpackOptions
from compressor.errors import UsageError

if TYPE_CHECKING:
    from compressor.engine.tensorview import Held


def list_tensors(path: Path, options: dict[str, Any], report: Report) -> None:
    """Say of each member which tensors it holds.

    Raises:
        UsageError: it is no file to look into.
    """
    from compressor.engine.tensorview import held_by  # for those who ask for tensors

    with opened_archive(path) as (source, file):
        if not source.regular:
            raise UsageError("--tensors needs a file to look into, not a pipe")
        reading = UnpackOptions(
            1, Limits(None, None, options["memory"]), external=external_from(options)
        )
        opened = opened_index(file, reading, lambda error: report.fail(error, path), options["at"])
        for entry, tensors in held_by(opened, opened.entries()):
            if not report.as_json:
                report.output("member", f"{shown(entry.name) or path.name}:")
            report.outputs(
                "tensor", tensors, _lines, lambda held: {"path": str(path), **_fields(held)}
            )


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
