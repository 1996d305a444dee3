"""What a run says: lines for people, JSON lines for machines, and the exit code."""

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import IO, Any, TypeVar

from compressor.cli.progress import Progress
from compressor.errors import CompressorError, DamagedError, OutputRefusedError

T = TypeVar("T")

About = tuple[Path | str | None, str | None]
"""A file, and a member of it where not all of it is meant."""

LINES = 1000  # that are written at once


def shown(name: Path | str | bytes) -> str:
    """Return a name as one line for people: what a terminal would not print is escaped, a backslash too."""
    recorded = name if isinstance(name, bytes) else os.fsencode(name)
    return _printable(recorded.replace(b"\\", b"\\\\"))


def _printable(line: bytes) -> str:
    text = line.decode("utf-8", "backslashreplace")
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def say_error(text: str) -> None:
    """Write an error for people to stderr; it may hold names that nobody vouches for."""
    safe = "\n".join(_printable(os.fsencode(line)) for line in text.split("\n"))
    sys.stderr.write(f"compressor: {safe}\n")


def size(count: int) -> str:
    """Return a number of bytes for people: three digits, decimal units."""
    value, unit = float(count), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if value < 999.5:
            break
        value, unit = value / 1000, larger
    return f"{value:.0f} B" if unit == "B" else f"{value:.3g} {unit}"


class Report:
    """Says what happens to inputs, and remembers what the exit code has to be."""

    def __init__(self, *, json_to: IO[str] | None, quiet: int, verbose: int, progress: str) -> None:
        self._json = json_to
        self._quiet = quiet
        self._verbose = verbose
        self._progress = progress
        self._codes: list[int] = []
        self._damaged = False
        self._said: set[str] = set()

    @property
    def as_json(self) -> bool:
        """Whether machines read what is said."""
        return self._json is not None

    def _emit(self, kind: str, fields: dict[str, Any]) -> None:
        if self._json is not None:
            self._json.write(_as_json(kind, fields) + "\n")
            self._json.flush()

    def failing(self, path: Path | None) -> "_Failing":
        """Note what goes wrong with one input, so that the others get their turn."""
        return _Failing(self, path)

    def result(self, kind: str, line: str, **fields: object) -> None:
        """Note an input that went well; ``line`` is shown on a terminal, or with -v."""
        self.succeeded()
        self.had(kind, line, **fields)

    def had(self, kind: str, line: str, **fields: object) -> None:
        """Say what came of an input, in the same way; it need not have gone well."""
        self._emit(kind, fields)
        wanted = self._verbose or (sys.stderr.isatty() and not self._quiet)
        if wanted and self._json is None:
            sys.stderr.write(line + "\n")

    def succeeded(self) -> None:
        """Note an input that went well, of which all is said."""
        self._codes.append(0)

    def output(self, kind: str, line: str, **fields: object) -> None:
        """Give a line that was asked for: to stdout."""
        if self._json is not None:
            self._emit(kind, fields)
        else:
            with _to_stdout():
                sys.stdout.write(line + "\n")

    def outputs(
        self,
        kind: str,
        items: Sequence[T],
        lines: Callable[[Sequence[T]], Iterable[str]],
        fields: Callable[[T], dict[str, Any]],
    ) -> None:
        """Give what was asked for, of many items: to stdout, many lines in one write."""
        if self._json is not None:
            texts = (_as_json(kind, fields(item)) for item in items)
            _write_lines(self._json, texts)
        else:
            with _to_stdout():
                _write_lines(sys.stdout, lines(items))

    def note(self, text: str, path: Path | str | None = None, member: str | None = None) -> None:
        """Say something that is no error."""
        if not self._quiet:
            self._say("note", text, (path, member))

    def warn(
        self,
        text: str,
        path: Path | str | None = None,
        member: str | None = None,
        *,
        once: bool = False,
    ) -> None:
        """Say something that the user should know, unless -qq."""
        if self._quiet < 2 and not (once and text in self._said):
            self._said.add(text)
            self._say("warning", text, (path, member))

    def notice(self, kind: str, line: str, **fields: object) -> None:
        """Say what ``warn`` would, as an object of its own type for machines."""
        if self._quiet < 2:
            self._emit(kind, fields)
            if self._json is None:
                say_error(line)

    def fail(
        self, error: Exception, path: Path | str | None = None, member: str | None = None
    ) -> None:
        """Note an input that failed, or a part of one: of an archive, ``member`` is which."""
        code = error.exit_code if isinstance(error, CompressorError) else 1
        self._codes.append(code)
        self._damaged |= isinstance(error, DamagedError) and code == 4
        if self._verbose > 1:
            trace(error)
        text = message(error, path)
        where = _prefix(path, None if _names(error, text, member) else member)
        # What may not be replaced is named by the message: it may be the input itself.
        if isinstance(error, OutputRefusedError) and text.startswith(f"{path} "):
            where = ""
        offset, damaged = _place(error)
        fields = {"exit_code": code, "offset": offset}
        self._say("error", text, (path, member or damaged), where, **fields)

    def _say(
        self, kind: str, text: str, about: About, where: str | None = None, **fields: object
    ) -> None:
        """Say something; ``where`` is what people read before it, by default what it is about."""
        path, member = about
        place = {"path": str(path) if path is not None else None, "member": member}
        self._emit(kind, {**place, "message": text, **fields})
        if self._json is None:
            say_error((_prefix(path, member) if where is None else where) + text)

    def partly(self) -> None:
        """Note that something asked for was skipped."""
        self._codes.append(3)

    @property
    def exit_code(self) -> int:
        """One failure: its code. Several: 4 if any is damage, else 3 if anything went well."""
        failures = [code for code in self._codes if code]
        if len(self._codes) <= 1 or not failures:
            return failures[0] if failures else 0
        if self._damaged:
            return 4
        return 3 if 0 in self._codes else max(failures)

    def progress(self, label: str, total: int | None) -> Progress:
        """Return a progress display for one input, as asked for and as the terminal permits."""
        style = self._progress
        if style == "auto":
            style = "bar" if sys.stderr.isatty() and not self._quiet and not self._json else "none"
        return Progress(style, label, total)


def _names(error: Exception, text: str, member: str | None) -> bool:
    """Say whether a message names its member, so that it need not be named before it."""
    if member is None or isinstance(error, OutputRefusedError):
        return True
    return repr(os.fsencode(member).decode(errors="backslashreplace")) in text


def _as_json(kind: str, fields: dict[str, Any]) -> str:
    import json  # imported late: for machines only

    return json.dumps({"type": kind, **fields})


def _write_lines(stream: IO[str], lines: Iterable[str]) -> None:
    rest = iter(lines)
    while some := list(islice(rest, LINES)):
        stream.write("\n".join(some) + "\n")
    stream.flush()


class _Failing:
    def __init__(self, report: Report, path: Path | None) -> None:
        self._report = report
        self._path = path

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> bool:
        # Without a reader of our output there is nothing left to do for other inputs.
        if isinstance(error, BrokenPipeError) or not isinstance(error, (CompressorError, OSError)):
            return False
        self._report.fail(error, self._path)
        return True


def message(error: Exception, path: Path | str | None) -> str:
    """Return what went wrong, without the path if that is known."""
    if isinstance(error, OSError) and not isinstance(error, CompressorError):
        text = error.strerror or str(error)
        other = error.filename is not None and not _same(error.filename, path)
        return f"{shown(error.filename)}: {text}" if other else text
    if isinstance(error, MemoryError):
        return "out of memory; --memory or -T1 make it need less"
    if isinstance(error, CompressorError):
        return error.at_shell()
    return f"internal error: {error!r}; please report it, with what -vv says"


def _same(name: str | bytes, path: Path | str | None) -> bool:
    return path is not None and os.path.abspath(os.fsdecode(name)) == os.path.abspath(path)  # noqa: PTH100


@contextmanager
def _to_stdout() -> Iterator[None]:
    """Have an error name stdout; what it could not take is forgotten, or leaving would fail of it again."""
    try:
        yield
    except OSError as error:
        error.filename = "stdout"
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        raise


def trace(error: Exception) -> None:
    """Write where an error comes from to stderr."""
    import traceback  # imported late: hardly ever needed

    traceback.print_exception(error, file=sys.stderr)


def _prefix(path: Path | str | None, member: str | None) -> str:
    return "".join(f"{shown(name)}: " for name in (path, member) if name is not None)


def _place(error: Exception) -> tuple[int | None, str | None]:
    """Return where in an archive the damage is, and whose content."""
    return (error.offset, error.member) if isinstance(error, DamagedError) else (None, None)
