"""How the command line is run, and how its answers are read."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

from compressor import archive, engine, tree
from compressor.cli import COMMANDS, main
from compressor.stages import stage_by_name

COMMAND = [sys.executable, "-m", "compressor"]
Done = subprocess.CompletedProcess[bytes]
Run = Callable[..., Done]


def environment(**extra: str) -> dict[str, str]:
    """Return what is set here, but for what would make the program another than users have."""
    ours = ("COMPRESSOR_", "PYTHONUNBUFFERED")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return {**kept, **extra}


def lines(output: bytes) -> list[dict[str, Any]]:
    """Return JSON Lines as objects."""
    return [json.loads(line) for line in output.splitlines()]


def left(folder: Path) -> set[str]:
    """Return the names in a folder: what a failed run must not add to."""
    return {item.name for item in folder.iterdir()}


def heed_signals() -> None:
    """Have a process that begins take signals as from a shell, though they are ignored here.

    So SIGINT is where a shell runs the tests in the background, and SIGHUP under nohup.
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def start(*words: str | Path, **options: Any) -> "subprocess.Popen[bytes]":
    """Begin a command line whose end is awaited elsewhere; all three streams are pipes unless given."""
    for name in ("stdin", "stdout", "stderr"):
        options.setdefault(name, subprocess.PIPE)
    options.setdefault("preexec_fn", heed_signals)
    return subprocess.Popen([*COMMAND, *words], env=environment(), **options)


def outputs_of(process: "subprocess.Popen[bytes]", folder: Path) -> list[Path]:
    """Return the way to each output in a folder that a process writes: it has a hidden name, or none yet."""
    hidden = (f"{folder}/#", f"{folder}/.")
    found = []
    for way in Path(f"/proc/{process.pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            if str(way.readlink()).startswith(hidden):
                found.append(way)
    return found


def wait_for(what: Callable[[], object]) -> None:
    """Wait until it is so."""
    for _ in range(600):
        if what():
            return
        time.sleep(0.05)
    raise AssertionError("it did not come to pass within 30 s")


NOBODY = 65534


def _load_all() -> None:
    for name in COMMANDS:
        import_module(f"compressor.cli.{name}")
    for layer in (archive, engine, tree):
        for found in iter_modules(layer.__path__, f"{layer.__name__}."):
            import_module(found.name)
    for module in ("concurrent.futures.thread", "ctypes"):
        import_module(module)
    stage_by_name("zstd")


def as_nobody(
    folder: Path, *words: str, stdin: int | None = None, stdout: int | None = None
) -> tuple[int, str]:
    """Run one command line without privileges; return its exit code and stderr.

    ``stdin`` and ``stdout`` are descriptors. By a fork with all modules loaded, because the interpreter
    itself may be out of nobody's reach.
    """
    _load_all()
    ours, theirs = os.pipe()
    child = os.fork()
    if not child:
        with suppress(BaseException):
            os.chdir(folder)
            os.dup2(theirs, 2)
            sys.stderr = os.fdopen(2, "w", closefd=False)
            sys.stdin = sys.stdout = os.fdopen(os.open(os.devnull, os.O_RDWR), "w")
            if stdin is not None:
                os.dup2(stdin, 0)
            if stdout is not None:
                os.dup2(stdout, 1)
            if os.geteuid() == 0:
                os.setgroups([])
                os.setgid(NOBODY)
                os.setuid(NOBODY)
            code = main(list(words))
            sys.stderr.flush()
            os._exit(code)
        os._exit(99)
    os.close(theirs)
    with os.fdopen(ours) as said:
        stderr = said.read()
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), stderr
