"""The shell examples do what they say."""

import json
import os
import random
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


def versions(archive: Path, field: str) -> list[int]:
    """Return one field of what `compressor versions --json` prints of each version."""
    listed = subprocess.run(
        [Path(sys.executable).parent / "compressor", "versions", "--json", archive],
        capture_output=True,
        text=True,
        check=True,
    )
    return [json.loads(line)[field] for line in listed.stdout.splitlines()]


def test_nightly_versions_add_what_changed(runs: Path, tmp_path: Path) -> None:
    archive = tmp_path / "runs.cz"

    first = run("nightly_versions.sh", runs, archive)
    (runs / "new.log").write_text("new")
    (runs / "half.tmp").write_text("not yet")
    second = run("nightly_versions.sh", runs, archive)

    assert (first.returncode, first.stderr) == (0, "")
    assert (second.returncode, second.stderr) == (0, "")
    assert versions(archive, "members") == [4, 5]  # the folder counts, half.tmp does not


def test_nightly_versions_forget_the_oldest(runs: Path, tmp_path: Path) -> None:
    archive = tmp_path / "runs.cz"

    counts = []
    for _ in range(4):
        assert run("nightly_versions.sh", runs, archive, "2").returncode == 0
        counts.append(versions(archive, "number"))

    assert counts == [[1], [1, 2], [1, 2, 3], [3, 4]]


def test_nightly_versions_of_a_disk_that_is_not_mounted_change_nothing(
    runs: Path, tmp_path: Path
) -> None:
    archive = tmp_path / "runs.cz"
    run("nightly_versions.sh", runs, archive)
    before = archive.read_bytes()
    for path in runs.iterdir():
        path.unlink()

    assert run("nightly_versions.sh", runs, archive).returncode == 1
    assert archive.read_bytes() == before


def test_nightly_versions_find_an_archive_that_went_bad(runs: Path, tmp_path: Path) -> None:
    archive = tmp_path / "runs.cz"
    (runs / "noise").write_bytes(random.Random(4).randbytes(100_000))  # an append does not read it
    os.utime(runs / "noise", (LONG_AGO, LONG_AGO))
    (runs / "last").write_text("newer than the rest")
    run("nightly_versions.sh", runs, archive)
    damaged = bytearray(archive.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    archive.write_bytes(damaged)

    assert run("nightly_versions.sh", runs, archive).returncode == 4


def test_the_pipe_brings_a_folder_there_and_lists_it(runs: Path, tmp_path: Path) -> None:
    target = tmp_path / "away"
    target.mkdir()

    done = run("pipe.sh", runs, target)

    assert (done.returncode, done.stderr) == (0, "")
    assert "./model.bin" in done.stdout.splitlines()
    assert (target / "folder.tar.cz").exists()
