"""`--no-cache` leaves what others have in memory alone: neither inputs nor the archive stay there."""

import os
import random
from pathlib import Path

import pytest

from tests.cli.process import Run
from tests.tree.pagecache import cached_bytes

ARCHIVE = Path("a.cz")


def fill(*paths: str, seed: int = 0) -> None:
    """Write files to the disk, and out of memory, if that can be had."""
    for path in paths:
        Path(path).parent.mkdir(exist_ok=True)
        with Path(path).open("wb") as file:
            file.write(random.Random(f"{path}{seed}").randbytes(3 << 20))
            os.fsync(file.fileno())  # the system keeps what is not yet on disk
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        if kept(path):
            pytest.skip("this file system lives in memory")


def kept(*paths: str | Path) -> int:
    """Return the bytes of files that the system has in memory."""
    return sum(cached_bytes(str(path), Path(path).stat().st_size) for path in paths)


@pytest.mark.parametrize("inputs", [("run",), ("run/a",), ("run/a", "run/b")])
def test_nothing_of_inputs_and_archive_stays_in_memory(run: Run, inputs: tuple[str, ...]) -> None:
    fill("run/a", "run/b")
    run("compress", "--no-cache", *inputs, "-o", ARCHIVE)
    assert kept(ARCHIVE, "run/a", "run/b") == 0
    run("compress", "-f", *inputs, "-o", ARCHIVE)
    # Without it most does, but for what the system may have needed for others meanwhile.
    assert kept(ARCHIVE) > 2 << 20
    assert kept("run/a", "run/b") > 2 << 20


def test_nothing_stays_of_one_file_packed_beside_itself(run: Run) -> None:
    fill("run/a")
    run("compress", "--no-cache", "run/a")
    assert kept("run/a", "run/a.cz") == 0


def test_nothing_stays_of_what_is_appended_nor_of_what_was_there(run: Run) -> None:
    fill("run/a")
    run("compress", "run", "-o", ARCHIVE)
    fill("run/a", "run/b", seed=1)
    run("append", "--no-cache", "--checksum", ARCHIVE, "run")
    assert ARCHIVE.stat().st_size > 9 << 20
    assert kept(ARCHIVE, "run/a", "run/b") == 0
    run("test", ARCHIVE)
