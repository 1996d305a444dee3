"""Options that several commands share."""

import re
import sys
from collections.abc import Callable, Mapping
from functools import reduce
from pathlib import Path
from typing import Any

import click

from compressor.cli.report import Report

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([kmgt]?)(i?)b?$", re.IGNORECASE)


class Size(click.ParamType[int]):
    """Bytes: a number, with k, M, G or T (powers of 1024, as in zstd and xz)."""

    name = "SIZE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read a size."""
        if isinstance(value, int):
            return value
        match = _SIZE.match(str(value).strip())
        if not match:
            self.fail(f"{value!r} is not a size; write 500000, 64K, 8M or 1.5G", param, ctx)
        return int(float(match[1]) * 1024 ** " kmgt".index(match[2].lower() or " "))


PATH = click.Path(path_type=Path, allow_dash=True)


def together(*decorators: Decorator) -> Decorator:
    """Return one decorator that applies all of these, so that the first is the first in the help."""
    return lambda command: reduce(
        lambda done, decorate: decorate(done), reversed(decorators), command
    )


reporting = together(
    click.option("-q", "--quiet", count=True, help="Say only errors; -qq: no warnings either."),
    click.option("-v", "--verbose", count=True, help="Say more; -vv: with tracebacks."),
    click.option(
        "--progress",
        type=click.Choice(["auto", "bar", "json", "none"]),
        default="auto",
        show_default=True,
        help="Progress on stderr; json: a line a second.",
    ),
    click.option("--json", "as_json", is_flag=True, help="JSON Lines for machines (docs/json.md)."),
)

resources = together(
    click.option(
        "-T",
        "--threads",
        type=click.IntRange(0, 1024),
        default=0,
        envvar="COMPRESSOR_THREADS",
        help="Threads; 0: as many as this process may use.  [default: 0]",
    ),
    click.option(
        "--memory",
        type=Size(),
        default=1 << 30,
        help="Memory that the whole process may take; fewer threads if need be.  [default: 1G]",
    ),
)

batch = together(
    click.option(
        "--files-from",
        type=PATH,
        metavar="FILE",
        help="Read more paths from FILE (-: stdin), one a line.",
    ),
    click.option("-0", "zero", is_flag=True, help="Paths in --files-from end with NUL."),
    click.option(
        "--skip-existing", is_flag=True, help="Skip what has an output that is not older."
    ),
    click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing."),
)

writing = together(
    click.option("-c", "--stdout", "to_stdout", is_flag=True, help="Write to stdout."),
    click.option(
        "-f", "--force", is_flag=True, help="Overwrite outputs; follow links; read devices."
    ),
    click.option("--rm", "remove", is_flag=True, help="Remove each input once its output is safe."),
    click.option("-k", "--keep", is_flag=True, help="Keep inputs (the default; for gzip's users)."),
    click.option("--sync", is_flag=True, help="Have outputs on disk before going on (fsync)."),
)


def report_from(options: Mapping[str, Any], *, data_to_stdout: bool = False) -> Report:
    """Return the report that the shared options ask for."""
    stream = (sys.stderr if data_to_stdout else sys.stdout) if options["as_json"] else None
    return Report(
        json_to=stream,
        quiet=options["quiet"],
        verbose=options["verbose"],
        progress=options["progress"],
    )
