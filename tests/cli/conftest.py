"""Real processes in a folder of their own."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.cli.process import COMMAND, Done, Run, environment


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run(folder: Path) -> Run:
    """Run one command line here; `code` is the exit code that is expected."""

    def run(*words: str | bytes | Path, code: int = 0, **options: Any) -> Done:
        options.setdefault("input", b"")
        if "stdin" in options:
            del options["input"]
        env = environment(**options.pop("env", {}))
        options.setdefault("stdout", subprocess.PIPE)
        done = subprocess.run(
            [*COMMAND, *words], stderr=subprocess.PIPE, cwd=folder, env=env, timeout=60, **options
        )
        assert done.returncode == code, done.stderr.decode(errors="replace")
        assert b"Traceback" not in done.stderr
        return done

    return run
