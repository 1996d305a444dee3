"""Progress on stderr: a bar by tqdm, or one JSON line a second; nothing in the first second."""

import os
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

AFTER = 1.0  # seconds; shorter work shows no progress
COLUMNS = 80  # where a terminal does not know how many it has, or says 0
ROWS = 24  # tqdm asks a terminal, and shows nothing where that says 0 or 1; a bar takes one row
EVERY = {"bar": 0.2, "json": 1.0}  # seconds between two looks


class Progress:
    """How far one input is. A thread of its own shows it, so that a slow pipe or block does not stop it."""

    def __init__(self, style: str, label: str, total: int | None) -> None:
        self._label = label
        self.total = total
        self.files: Callable[[], int] | None = None
        """Says how many files the scan has come to, where a tree is packed."""
        self._total_files: int | None = None
        self._at = (0, 0, 0)
        self._begun = time.monotonic()
        self._bar: Any = None
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        if style in EVERY:
            self._thread = threading.Thread(target=self._watch, args=(style,), daemon=True)
            self._thread.start()

    @property
    def shows(self) -> bool:
        """Whether anything is shown."""
        return self._thread is not None

    def expect(self, files: int, size: int) -> None:
        """Take how many files there are in all, and their bytes."""
        self._total_files, self.total = files, size

    def __call__(self, read: int, plain: int, packed: int) -> None:
        """Take how far the work is, as ``engine.progress`` has it."""
        self._at = (read, plain, packed)

    def _watch(self, style: str) -> None:
        show = self._show_bar if style == "bar" else self._show_json
        wait = AFTER
        while not self._ended.wait(wait):
            show(*self._at)
            wait = EVERY[style]

    def _show_bar(self, read: int, plain: int, packed: int) -> None:
        if self._bar is None:
            from tqdm import tqdm

            self._bar = tqdm(
                total=self.total,
                desc=self._label,
                unit="B",
                unit_scale=True,
                file=sys.stderr,
                leave=False,
                initial=read,
                ncols=_columns(),
                nrows=ROWS,
            )
        self._bar.total, self._bar.ncols = self.total, _columns()
        said = [] if self.files is None else [self._of_files(self.files())]
        if plain:
            said.append(f"ratio {packed / plain:.3f}")
        self._bar.set_postfix_str(", ".join(said), refresh=False)
        self._bar.update(read - self._bar.n)

    def _of_files(self, done: int) -> str:
        return f"{done} files" if self._total_files is None else f"{done}/{self._total_files} files"

    def _show_json(self, read: int, plain: int, packed: int) -> None:
        fields = {
            "type": "progress",
            "path": self._label,
            "read_bytes": read,
            "plain_bytes": plain,
            "packed_bytes": packed,
            "total_bytes": self.total,
            "files": self.files() if self.files else None,
            "total_files": self._total_files,
            "seconds": round(time.monotonic() - self._begun, 3),
        }
        import json  # imported late: for machines only

        sys.stderr.write(json.dumps(fields) + "\n")
        sys.stderr.flush()

    def close(self) -> float:
        """Take the display away; return the seconds since it began."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join()
        if self._bar is not None:
            self._bar.close()
        return time.monotonic() - self._begun


def _columns() -> int:
    """Return how wide a line may be, as the terminal is now; the last column would begin another line."""
    try:
        columns = os.get_terminal_size(sys.stderr.fileno()).columns
    except (OSError, ValueError):  # --progress bar asks for a bar where there is no terminal
        columns = 0
    return max(1, (columns or COLUMNS) - 1)  # 0 would be without limit
