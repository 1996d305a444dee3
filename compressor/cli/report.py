"""What a run says: lines for people, JSON lines for machines, progress, and the exit code."""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from compressor.errors import CompressorError, DamagedError, MemberNotFoundError

PROGRESS_AFTER = 1.0  # seconds; shorter work shows no progress


def say_error(text: str) -> None:
    """Write an error for people to stderr."""
    sys.stderr.write(f"compressor: {text}\n")


def size(count: int) -> str:
    """Return a number of bytes for people: three digits, decimal units."""
    value = float(count)
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if value < 999.5 or unit == "TB":
            return f"{value:.0f} B" if unit == "B" else f"{value:.3g} {unit}"
        value /= 1000
    return ""  # not reached


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

    def _emit(self, kind: str, fields: dict[str, Any]) -> None:
        if self._json is not None:
            self._json.write(json.dumps({"type": kind, **fields}) + "\n")
            self._json.flush()

    def result(self, kind: str, line: str, **fields: object) -> None:
        """Note an input that went well; ``line`` is shown on a terminal, or with -v."""
        self._codes.append(0)
        self._emit(kind, fields)
        wanted = self._verbose or (sys.stderr.isatty() and not self._quiet)
        if wanted and self._json is None:
            sys.stderr.write(line + "\n")

    def output(self, kind: str, line: str, **fields: object) -> None:
        """Give a line that was asked for: to stdout."""
        if self._json is not None:
            self._emit(kind, fields)
        else:
            sys.stdout.write(line + "\n")

    def note(self, text: str, path: Path | str | None = None) -> None:
        """Say something that is no error."""
        if not self._quiet:
            self._say("note", text, path)

    def warn(self, text: str, path: Path | str | None = None, *, once: bool = False) -> None:
        """Say something that the user should know, unless -qq."""
        if self._quiet < 2 and not (once and text in self._said):
            self._said.add(text)
            self._say("warning", text, path)

    def fail(self, error: CompressorError | OSError, path: Path | str | None = None) -> None:
        """Note an input that failed, or a part of one."""
        code = error.exit_code if isinstance(error, CompressorError) else 1
        self._codes.append(code)
        self._damaged |= isinstance(error, DamagedError) and code == 4
        text = str(error) if isinstance(error, CompressorError) else error.strerror or str(error)
        fields = {"message": text, "exit_code": code, **_place(error)}
        self._emit("error", {"path": str(path) if path is not None else None, **fields})
        if self._json is None:
            say_error(f"{path}: {text}" if path is not None else text)

    def _say(self, kind: str, text: str, path: Path | str | None) -> None:
        self._emit(kind, {"path": str(path) if path is not None else None, "message": text})
        if self._json is None:
            say_error(f"{path}: {text}" if path is not None else text)

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

    def progress(self, label: str, total: int | None) -> "Progress":
        """Return a progress display for one input, as asked for and as the terminal permits."""
        style = self._progress
        if style == "auto":
            style = "bar" if sys.stderr.isatty() and not self._quiet and not self._json else "none"
        return Progress(style, label, total)


def _place(error: Exception) -> dict[str, object]:
    if isinstance(error, DamagedError):
        return {"offset": error.offset, "member": error.member}
    return {"not_found": True} if isinstance(error, MemberNotFoundError) else {}


class Progress:
    """A bar by tqdm, or one JSON line a second, on stderr; nothing in the first second."""

    def __init__(self, style: str, label: str, total: int | None) -> None:
        self._style = style
        self._label = label
        self._total = total
        self._begun = self._shown = time.monotonic()
        self._bar: Any = None
        self._update: Callable[[int, int], None] = {
            "bar": self._show_bar,
            "json": self._show_json,
        }.get(style, self._show_nothing)

    def __call__(self, plain: int, packed: int) -> None:
        """Take how far the work is: plain and packed bytes."""
        self._update(plain, packed)

    def _show_nothing(self, plain: int, packed: int) -> None:
        pass

    def _show_bar(self, plain: int, packed: int) -> None:
        if self._bar is None:
            if time.monotonic() - self._begun < PROGRESS_AFTER:
                return
            from tqdm import tqdm

            self._bar = tqdm(
                total=self._total,
                desc=self._label,
                unit="B",
                unit_scale=True,
                file=sys.stderr,
                leave=False,
                initial=plain,
            )
        self._bar.set_postfix_str(f"ratio {packed / max(plain, 1):.3f}", refresh=False)
        self._bar.update(plain - self._bar.n)

    def _show_json(self, plain: int, packed: int) -> None:
        now = time.monotonic()
        if now - self._shown < PROGRESS_AFTER:
            return
        self._shown = now
        fields = {
            "type": "progress",
            "path": self._label,
            "plain_bytes": plain,
            "packed_bytes": packed,
            "total_bytes": self._total,
            "seconds": round(now - self._begun, 3),
        }
        sys.stderr.write(json.dumps(fields) + "\n")

    def close(self) -> float:
        """Take the display away; return the seconds since it began."""
        if self._bar is not None:
            self._bar.close()
        return time.monotonic() - self._begun
