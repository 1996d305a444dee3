"""Real processes in a folder of their own."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.cli.forkserver import FORKED, run_forked
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
        options.setdefault("stdout", subprocess.PIPE)
        extra = options.pop("env", {})
        done = None
        if options.keys() <= FORKED and extra.keys() <= {"COMPRESSOR_LEVEL", "COMPRESSOR_THREADS"}:
            done = run_forked(words, environment(**extra), **options)
        if done is None:
            done = subprocess.run(
                [*COMMAND, *words],
                stderr=subprocess.PIPE,
                cwd=folder,
                env=environment(**extra),
                timeout=60,
                **options,
            )
        assert done.returncode == code, done.stderr.decode(errors="replace")
        assert b"Traceback" not in done.stderr
        return done

    return run
