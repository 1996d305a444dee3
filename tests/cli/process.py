"""How the command line is run, and how its answers are read."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

COMMAND = [sys.executable, "-m", "compressor"]
Done = subprocess.CompletedProcess[bytes]
Run = Callable[..., Done]


def environment(**extra: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("COMPRESSOR_")}
    return {**kept, **extra}


def lines(output: bytes) -> list[dict[str, Any]]:
    """Return JSON Lines as objects."""
    return [json.loads(line) for line in output.splitlines()]


def left(folder: Path) -> set[str]:
    """Return the names in a folder: what a failed run must not add to."""
    return {item.name for item in folder.iterdir()}


def start(*words: str | Path, **options: Any) -> "subprocess.Popen[bytes]":
    """Begin a command line whose end is awaited elsewhere; all three streams are pipes unless given."""
    for name in ("stdin", "stdout", "stderr"):
        options.setdefault(name, subprocess.PIPE)
    return subprocess.Popen([*COMMAND, *words], env=environment(), **options)


def wait_for(what: Callable[[], bool]) -> None:
    """Wait until it is so."""
    for _ in range(600):
        if what():
            return
        time.sleep(0.05)
    raise AssertionError("it did not come to pass within 30 s")
