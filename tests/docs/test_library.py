"""What the documentation and the example of the library say is true."""

import doctest
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def test_the_documentation_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    result = doctest.testfile(
        str(ROOT / "docs/library.md"), module_relative=False, optionflags=doctest.ELLIPSIS
    )

    assert result.failed == 0
    assert result.attempted > 10


def test_the_example_runs() -> None:
    example = ROOT / "examples/library.py"

    result = subprocess.run(
        [sys.executable, example], capture_output=True, text=True, check=True, cwd=ROOT
    )

    assert "['first line', 'second line', 'third line']" in result.stdout
    assert "[100, 0, 0, 0, 101, 0, 0, 0]" in result.stdout


def test_the_limits_are_those_that_are_documented() -> None:
    import compressor

    limits = compressor.Limits()

    assert (limits.max_output, limits.max_expansion, limits.memory) == (4 << 30, 2000.0, 1 << 30)
