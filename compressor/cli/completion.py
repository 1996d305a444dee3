"""What the shell is told to complete a word with. Nothing here may fail, or take long."""

import os
from collections.abc import Callable
from contextlib import suppress
from itertools import islice
from pathlib import Path

import click

from compressor.errors import CompressorError
from compressor.stages import BASED, TABLE

Completer = Callable[[click.Context, click.Parameter, str], list[str]]

LOOKED_AT = 10_000
"""Members of an archive that are looked at: the first of those that may begin so."""


def codecs(ctx: click.Context, param: click.Parameter, begun: str) -> list[str]:
    """Return what of the table may be asked for and begins so; none is loaded."""
    del ctx, param
    return [name for name in TABLE if name.startswith(begun) and name not in BASED]


def members_of(argument: str) -> Completer:
    """Return what names the members of the archive that ``argument`` holds."""

    def members(ctx: click.Context, param: click.Parameter, begun: str) -> list[str]:
        del param
        path: Path | None = ctx.params.get(argument)
        with suppress(CompressorError, OSError):
            return _names(path, begun) if path and path.is_file() else []
        return []

    return members


def _names(path: Path, begun: str) -> list[str]:
    from compressor.archive.index import indexes  # imported late: for this only
    from compressor.archive.source import RandomSource

    with path.open("rb") as file:
        beginning = os.fsencode(begun)
        entries = (
            entry for index in indexes(RandomSource(file)) for entry in index.beginning(beginning)
        )
        names = [entry.shown_name for entry in islice(entries, LOOKED_AT)]
    return [name for name in names if name.startswith(begun) and name.isprintable()]
