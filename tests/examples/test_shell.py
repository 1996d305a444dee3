"""The shell examples do what they say."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
LONG_AGO = 1_700_000_000


def run(script: str, *arguments: Path | str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    return subprocess.run(
        ["bash", EXAMPLES / script, *arguments],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """Make a folder of three old files; one has a line break in its name."""
    folder = tmp_path / "runs"
    folder.mkdir()
    for name in ("model.bin", "with space.log", "two\nlines"):
        (folder / name).write_text(name * 1000)
        os.utime(folder / name, (LONG_AGO, LONG_AGO))
    return folder


def archives(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_ino for path in folder.glob("*.cz")}


def test_the_nightly_batch_packs_each_file(runs: Path, tmp_path: Path) -> None:
    done = run("nightly_batch.sh", runs, tmp_path / "backup")

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert sorted(archives(tmp_path / "backup")) == [
        "model.bin.cz",
        "two\nlines.cz",
        "with space.log.cz",
    ]


def test_the_nightly_batch_leaves_alone_what_it_packed_before(runs: Path, tmp_path: Path) -> None:
    run("nightly_batch.sh", runs, tmp_path / "backup")
    before = archives(tmp_path / "backup")

    assert run("nightly_batch.sh", runs, tmp_path / "backup").returncode == 0
    assert archives(tmp_path / "backup") == before


def test_the_nightly_batch_finds_an_archive_that_went_bad(runs: Path, tmp_path: Path) -> None:
    run("nightly_batch.sh", runs, tmp_path / "backup")
    archive = tmp_path / "backup/model.bin.cz"
    damaged = bytearray(archive.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    archive.write_bytes(damaged)

    done = run("nightly_batch.sh", runs, tmp_path / "backup")

    assert done.returncode == 4
    assert "model.bin.cz" in done.stderr


def test_the_nightly_batch_with_nothing_to_do_is_content(tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    (tmp_path / "backup").mkdir()

    assert run("nightly_batch.sh", tmp_path / "runs", tmp_path / "backup").returncode == 0


def test_the_pipe_brings_a_folder_there_and_lists_it(runs: Path, tmp_path: Path) -> None:
    target = tmp_path / "away"
    target.mkdir()

    done = run("pipe.sh", runs, target)

    assert (done.returncode, done.stderr) == (0, "")
    assert "./model.bin" in done.stdout.splitlines()
    assert (target / "folder.tar.cz").exists()
