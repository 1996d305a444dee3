"""What a user is told before a slow or missing library is used."""

import os
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Run


@pytest.fixture
def without_python_lzo(tmp_path: Path) -> dict[str, str]:
    folder = tmp_path / "hidden"
    folder.mkdir()
    (folder / "lzo.py").write_text("raise ModuleNotFoundError('hidden by a test', name='lzo')\n")
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), *filter(None, sys.path)])}


def test_lzo_without_its_fast_library_says_so_once_and_works(
    run: Run, without_python_lzo: dict[str, str]
) -> None:
    Path("a").write_bytes(b"a" * 5000)
    Path("b").write_bytes(b"b" * 5000)

    done = run("compress", "--codec", "lzo", "a", "b", env=without_python_lzo)

    assert done.stderr.count(b"lzo encodes slowly here") == 1
    assert run("decompress", "-c", "a.cz").stdout == b"a" * 5000


def test_lzo_level_9_without_its_library_says_what_to_install(
    run: Run, without_python_lzo: dict[str, str]
) -> None:
    Path("a").write_bytes(b"a" * 5000)

    done = run("compress", "--codec", "lzo:level=9", "a", env=without_python_lzo, code=5)

    assert b"compressor-cz[lzo]" in done.stderr
