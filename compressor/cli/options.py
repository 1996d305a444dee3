"""Options that several commands share."""

import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from compressor.cli.paths import STDIN, literal, names_folder
from compressor.cli.report import Report
from compressor.engine.limits import Limits
from compressor.engine.reading import NONE_GIVEN, External, UnpackOptions
from compressor.errors import UsageError

if TYPE_CHECKING:
    from compressor.engine.externals import Externals

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

MOST = (1 << 63) - 1  # bytes: no file has more, and no call takes more
HIGHEST = 10**18  # of 18 digits none is above
ENVIRONMENT = click.core.ParameterSource.ENVIRONMENT
_POSITIVE = r"([0-9]{1,18}(\.[0-9]*)?|\.[0-9]+)(e-?[0-9]{1,2})?"
_SIZE = r"([0-9]{1,18})(?:\.([0-9]{1,18}))?\s*([kmgt]?)(i?)b?$"


class Size(click.ParamType[int]):
    """Bytes: a number, with k, M, G or T (powers of 1024, as in zstd and xz)."""

    name = "SIZE"

    def __init__(self, most: int = MOST, *, least: int = 1) -> None:
        self._most = most
        self._least = least

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read a size."""
        if isinstance(value, int):
            return value
        match = re.match(_SIZE, str(value).strip(), re.IGNORECASE)
        if not match:
            self.fail(f"{value!r} is not a size; write 500000, 64K, 8M or 1.5G", param, ctx)
        unit, part = 1 << 10 * " kmgt".index(match[3].lower() or " "), match[2] or ""
        size: int = int(match[1] + part) * unit // 10 ** len(part)
        if size < self._least:
            self.fail(f"{value} is less than {_in_bytes(self._least)}, the least", param, ctx)
        if size > self._most:
            self.fail(f"{value} is more than {_in_bytes(self._most)}", param, ctx)
        return size


def _in_bytes(size: int) -> str:
    return f"{size} byte{'s' * (size != 1)}"


class Integer(click.ParamType[int]):
    """A number in ASCII's digits: ``int`` takes those of all scripts, and underscores."""

    name = "N"

    def __init__(self, least: int, most: int | None = None) -> None:
        self._taken = range(least, HIGHEST if most is None else most + 1)
        self._words = f"{least} {'on' if most is None else f'to {most}'}"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read a number.

        Raises:
            UsageError: the environment's is none.
        """
        if isinstance(value, int):
            return value
        number = int(value) if re.fullmatch("[0-9]{1,18}", value) else -1
        if number not in self._taken:
            wrong = f"{value!r} is not a number from {self._words}"
            if param and ctx and ctx.get_parameter_source(param.name or "") is ENVIRONMENT:
                raise UsageError(f"{param.envvar}={wrong}")
            self.fail(wrong, param, ctx)
        return number


class Positive(click.ParamType[float]):
    """A number above 0, in ASCII's digits."""

    name = "NUMBER"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Read a number."""
        if not re.fullmatch(_POSITIVE, value) or not float(value):
            self.fail(f"{value!r} is not a number above 0", param, ctx)
        return float(value)


class FilePath(click.Path):
    """A path; ``-`` is stdin or stdout, ``./-`` a file of that name."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """Read a path."""
        text = os.fsdecode(value)
        if not text:
            self.fail("a path can't be empty", param, ctx)
        return STDIN if text == "-" else literal(text, self._folder(ctx))

    def _folder(self, ctx: click.Context | None) -> Path | None:
        """Return where it is to be found; None is here."""
        del ctx
        return None


class InputPath(FilePath):
    """A path below what -C names, which is read before it."""

    def _folder(self, ctx: click.Context | None) -> Path | None:
        folder = ctx.params.get("directory") if ctx else None
        return folder if isinstance(folder, Path) else None


class OutputPath(FilePath):
    """A path to write to: ``/dev/stdout`` is stdout too, not a link that could be replaced."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """Read a path."""
        path = super().convert("-" if value == "/dev/stdout" else value, param, ctx)
        if names_folder(os.fsdecode(value)) and not path.is_dir():
            raise UsageError(f"{value} is not a folder; name a file")
        return path


class BasePath(FilePath):
    """A path of a file that is looked into; ``-`` would be a pipe."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """Read a path."""
        if value == "-":
            self.fail(
                "a base is read here and there, so that it can't come from stdin: name a file",
                param,
                ctx,
            )
        return super().convert(value, param, ctx)


PATH = FilePath(path_type=Path, allow_dash=True)
INPUT = InputPath(path_type=Path, allow_dash=True)
OUTPUT = OutputPath(path_type=Path, allow_dash=True)
POSITIVE = Positive()


def together(*decorators: Decorator) -> Decorator:
    """Return one decorator that applies all of these, so that the first is the first in the help."""
    return lambda command: reduce(
        lambda done, decorate: decorate(done), reversed(decorators), command
    )


reporting = together(
    click.option(
        "-q", "--quiet", count=True, help="Say only warnings and errors; -qq: only errors."
    ),
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

budget = click.option(
    "--memory",
    type=Size(),
    default=1 << 30,
    help="Memory that the whole process may take; fewer threads if need be.  [default: 1G]",
)

resources = together(
    click.option(
        "-T",
        "--threads",
        type=Integer(0, 1024),
        default=0,
        envvar="COMPRESSOR_THREADS",
        show_envvar=True,
        help="Threads; 0: as many as this process may use.  [default: 0]",
    ),
    budget,
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


@contextmanager
def inside(options: dict[str, Any]) -> Iterator[None]:
    """Change to the folder that paths are read below; outputs keep to where they were named from.

    Raises:
        UsageError: it can't be entered.
    """
    folder: Path | None = options["directory"]
    if folder is None:
        yield
        return
    for name in ("output", "output_dir"):
        path: Path | None = options.get(name)
        if path is not None and path != STDIN:
            options[name] = Path.cwd() / path
    before = Path.cwd()
    try:
        os.chdir(folder)
    except OSError as error:
        raise UsageError(f"-C {folder}: {error.strerror}") from error
    try:
        yield
    finally:
        os.chdir(before)


scanning = together(
    click.option(
        "-C",
        "--directory",
        type=PATH,
        is_eager=True,  # before the paths
        metavar="DIR",
        help="Change to DIR, and read paths from there.",
    ),
    click.option(
        "--exclude",
        multiple=True,
        metavar="PATTERN",
        help="Leave out what matches, as in .gitignore; repeatable.",
    ),
    click.option(
        "--exclude-from",
        multiple=True,
        type=PATH,
        metavar="FILE",
        help="Read such patterns from FILE, one a line; repeatable.",
    ),
    click.option(
        "--exclude-caches", is_flag=True, help="Of folders with a CACHEDIR.TAG keep only that."
    ),
    click.option(
        "--one-file-system", is_flag=True, help="Keep only the folder of what is mounted."
    ),
    click.option("--follow-links", is_flag=True, help="Take what links lead to in their place."),
    click.option("--specials", is_flag=True, help="Record FIFOs and devices, too."),
    click.option("--numeric-owner", is_flag=True, help="Record no names of users and groups."),
    click.option(
        "--no-cache",
        is_flag=True,
        help="Leave the system's cache of files as it was, where possible.",
    ),
)

restoring = together(
    click.option(
        "--strip-components",
        type=Integer(0),
        default=0,
        metavar="N",
        help="Leave out the first N folders of each name.",
    ),
    click.option("--unsafe-links", is_flag=True, help="Make links that lead out of DIR, too."),
    click.option("--specials", is_flag=True, help="Make FIFOs and (as root) devices, too."),
    click.option(
        "--numeric-owner", is_flag=True, help="Give owners by number, not by name (as root)."
    ),
)

at_version = click.option(
    "--at", type=Integer(1), metavar="N", help="What the archive was at version N."
)

limiting = together(
    click.option("--max-output", type=Size(), help="Give at most so many bytes from each archive."),
    click.option(
        "--max-expansion", type=POSITIVE, help="Give at most so many times the archive's bytes."
    ),
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


basing = click.option(
    "--base",
    "bases",
    multiple=True,
    type=BasePath(path_type=Path),
    metavar="FILE",
    help="What tensors are differences from: a file, or an archive that holds it; repeatable.",
)

EXTERNALS = "compressor.externals"
"""Where click's context keeps the files of --base while they are open."""


def externals_from(options: Mapping[str, Any]) -> "Externals | None":
    """Return the contents that --base names, open until the command ends; None where it names none.

    Raises:
        OSError, CompressorError: one can't be read.
    """
    if not options["bases"]:
        return None
    from compressor.engine.externals import Externals  # for those who ask for it

    context = click.get_current_context()
    if EXTERNALS not in context.meta:
        limits = Limits(None, None, options["memory"])
        context.meta[EXTERNALS] = context.with_resource(Externals(options["bases"], limits))
    found: Externals = context.meta[EXTERNALS]
    return found


def external_from(options: Mapping[str, Any]) -> External:
    """Return what differences are from, outside of their archive."""
    return externals_from(options) or NONE_GIVEN


def reading_from(options: Mapping[str, Any]) -> UnpackOptions:
    """Return how an archive is looked into."""
    limits = Limits(None, None, options["memory"])
    return UnpackOptions(options.get("threads", 1), limits, external=external_from(options))


def limits_from(options: Mapping[str, Any]) -> Limits:
    """Return the limits asked for; at the shell there are none unless asked."""
    return Limits(options["max_output"], options["max_expansion"], options["memory"])


def refuse_where(*rules: tuple[object, str]) -> None:
    """Refuse options that contradict each other: the words of the first rule that is broken.

    Raises:
        UsageError: there is such a rule; nothing was written yet.
    """
    for broken, words in rules:
        if broken:
            raise UsageError(words)


REPORT = "compressor.report"
"""Where click's context keeps the report, so that an error that ends the run is said the same way."""


def report_from(options: Mapping[str, Any], *, data_to_stdout: bool = False) -> Report:
    """Return the report that the shared options ask for."""
    stream = (sys.stderr if data_to_stdout else sys.stdout) if options["as_json"] else None
    report = Report(
        json_to=stream,
        quiet=options["quiet"],
        verbose=options["verbose"],
        progress=options["progress"],
    )
    click.get_current_context().meta[REPORT] = report
    return report
