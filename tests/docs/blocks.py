"""The examples in documents, as commands with the output that they promise."""

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
FENCE = re.compile(r"^```(console|sh|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
MARK = "\x01{}\x01"  # a line that no command prints


@dataclass(frozen=True, slots=True)
class Example:
    """A fenced block: its language, its text, and the line of the document it begins at."""

    language: str
    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Step:
    """A command of a console block, and the output shown below it."""

    command: str
    shown: str


def examples(document: Path) -> list[Example]:
    """Return the blocks of a document that are meant to run."""
    text = document.read_text()
    return [
        Example(match[1], match[2], text.count("\n", 0, match.start()) + 1)
        for match in FENCE.finditer(text)
    ]


def steps(text: str) -> list[Step]:
    """Split a console block: ``$ `` begins a command, ``> `` goes on with it, the rest is output."""
    found: list[list[str]] = []
    for line in text.splitlines():
        if line.startswith("$ "):
            found.append([line[2:], ""])
        elif line.startswith("> "):
            found[-1][0] += "\n" + line[2:]
        else:
            found[-1][1] += line + "\n"
    return [Step(*item) for item in found]


def run(command: list[str], folder: Path) -> str:
    """Run a command with the built program on PATH; return what it says, both streams in order."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {"PATH": path, "HOME": str(folder), "LC_ALL": "C.UTF-8", "TZ": "UTC"}
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=120,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{command[-1]}\nexit {done.returncode}\n{done.stdout}"
    return done.stdout


def outputs(script: list[Step], folder: Path) -> list[str]:
    """Run the commands in one shell, which stops at the first that fails; return each one's output."""
    lines = [f"echo {MARK.format(number)}\n{step.command}" for number, step in enumerate(script)]
    said = run(["bash", "-euo", "pipefail", "-c", "\n".join(lines)], folder)
    parts = re.split("\x01[0-9]+\x01\n", said)[1:]
    return [part if part.endswith("\n") else part + "\n" for part in parts]


def pattern(shown: str) -> re.Pattern[str]:
    """Return what output has to match: ``...`` is anything in a line, alone any number of lines."""
    lines = [
        "(?:.*\n)*" if line == "..." else re.escape(line).replace(r"\.\.\.", ".*") + "\n"
        for line in shown.splitlines()
    ]
    return re.compile("".join(lines))
