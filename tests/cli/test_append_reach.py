"""What an appended version refers to lies within the reach that it declares, however large it is."""

import random
import subprocess
import sys
from pathlib import Path


def run(folder: Path, *arguments: str) -> None:
    command = [sys.executable, "-m", "compressor", *arguments]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=60)


def test_content_of_the_first_version_is_found_from_behind_much_that_is_new(tmp_path: Path) -> None:
    noise = random.Random(5)
    for name, size in (("old", 100_000), ("a-much-that-is-new", 1_000_000)):
        (tmp_path / name).write_bytes(noise.randbytes(size))
    (tmp_path / "same-as-old").write_bytes((tmp_path / "old").read_bytes())

    run(tmp_path, "compress", "old", "-o", "t.cz")
    run(tmp_path, "append", "t.cz", "a-much-that-is-new", "same-as-old")

    assert (tmp_path / "t.cz").stat().st_size < 1_150_000
    run(tmp_path, "test", "t.cz")
