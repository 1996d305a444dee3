"""Golden files are written once: the scripts that made them leave them alone, or write the same bytes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPTS = sorted((ROOT / "tests/vectors").glob("make_*.py"))
ARCHIVES = "make_archives"  # test_vectors.py makes them again
WRITES = {f"make_{name}" for name in ("lz77", "lz78", "lzw", "pieces", "preset")}
"""Those that write what is there already, too."""


def states(folder: Path, *, times: bool) -> dict[Path, tuple[int, bytes]]:
    files = folder.iterdir()
    return {file: (times and file.stat().st_mtime_ns, file.read_bytes()) for file in files}


@pytest.mark.parametrize("script", [path.stem for path in SCRIPTS if path.stem != ARCHIVES])
def test_making_golden_files_again_changes_none(script: str) -> None:
    folder = ROOT / "tests/vectors" / script.removeprefix("make_")
    times = script not in WRITES
    before = states(folder, times=times)
    subprocess.run(
        [sys.executable, f"tests/vectors/{script}.py"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=True,
        capture_output=True,
    )
    assert states(folder, times=times) == before
