"""Permissions, owners and times of what is written."""

import os
from pathlib import Path

import pytest

from tests.cli.archives import hostile
from tests.cli.process import NOBODY, Run, as_nobody, outputs_of, start, wait_for

ROOT = os.geteuid() == 0


def mode(path: str) -> int:
    return Path(path).stat().st_mode & 0o7777


def test_an_archive_takes_the_mode_and_time_of_its_one_input(run: Run) -> None:
    Path("a").write_text("a")
    Path("a").chmod(0o640)
    os.utime("a", ns=(10**18, 10**18 + 7))

    run("compress", "a")
    Path("a").unlink()
    Path("a.cz").chmod(0o600)
    run("decompress", "a.cz")

    assert mode("a") == 0o640
    assert Path("a.cz").stat().st_mtime_ns == Path("a").stat().st_mtime_ns == 10**18 + 7


def test_an_archive_of_several_permits_what_all_permit_under_the_umask(run: Run) -> None:
    for name, bits in (("a", 0o664), ("b", 0o646)):
        Path(name).write_text(name)
        Path(name).chmod(bits)

    run("compress", "-o", "x.cz", "a", "b", umask=0)
    run("compress", "-o", "y.cz", "a", umask=0o077)

    assert mode("x.cz") == 0o644
    assert mode("y.cz") == 0o600


def test_setuid_bits_are_never_restored(run: Run) -> None:
    Path("a.cz").write_bytes(hostile([b"a"], mode=0o6755))
    Path("x.cz").write_bytes(hostile([b"b", b"c"], mode=0o7777))

    run("decompress", "a.cz")
    said = run("decompress", "x.cz", code=3).stderr

    assert said.count(b"its set-id bits are not restored: its owner was not given to it") == 2
    assert mode("a") == 0o755
    assert mode("b") == mode("c") == 0o1777


def test_content_without_a_mode_gets_no_more_than_its_archive(run: Run) -> None:
    Path("a.cz").write_bytes(run("--name", "b", input=b"secret").stdout)
    Path("a.cz").chmod(0o600)

    run("decompress", "a.cz", umask=0)
    run("decompress", "-N", "a.cz", umask=0)

    assert mode("a") == mode("b") == 0o600


def test_an_archive_of_a_redirected_file_permits_what_the_file_does(run: Run) -> None:
    Path("a").write_text("secret")
    Path("a").chmod(0o600)

    with Path("a").open("rb") as file:
        run("-o", "a.cz", stdin=file, umask=0)

    assert mode("a.cz") == 0o600


def test_the_temporary_file_is_nobody_elses(folder: Path) -> None:
    with start("-o", "a.cz", cwd=folder, umask=0) as process:
        assert process.stdin is not None
        process.stdin.write(b"x" * 100)
        process.stdin.flush()
        wait_for(lambda: outputs_of(process, folder))
        modes = {way.stat().st_mode & 0o777 for way in outputs_of(process, folder)}
        process.stdin.close()
        process.wait()

    assert modes == {0o600}
    assert mode("a.cz") == 0o666


def test_the_output_is_made_only_once_the_source_is_open(run: Run) -> None:
    Path("out").mkdir()

    run("compress", "-o", "out/x.cz", "missing", code=1)
    run("compress", "--output-dir", "out", "missing", code=1)
    run("decompress", "-o", "out/x", "missing.cz", code=1)

    assert Path("out").stat().st_mtime_ns == Path("out").stat().st_ctime_ns
    assert list(Path("out").iterdir()) == []


@pytest.mark.skipif(not ROOT, reason="only root may give files away")
def test_root_leaves_files_to_their_owner(run: Run) -> None:
    Path("a").write_text("a")
    os.chown("a", NOBODY, NOBODY)

    run("compress", "--rm", "a")
    owner = Path("a.cz").stat().st_uid
    run("decompress", "a.cz")

    assert owner == Path("a").stat().st_uid == Path("a").stat().st_gid == NOBODY


@pytest.mark.skipif(not ROOT, reason="only root can become somebody else")
def test_a_group_that_cannot_be_given_does_not_pass_its_rights_to_another(folder: Path) -> None:
    folder.chmod(0o777)
    Path("a").write_text("for the group only")
    os.chown("a", NOBODY, 4242)
    Path("a").chmod(0o640)

    code, stderr = as_nobody(folder, "compress", "a")

    assert (code, stderr) == (0, "")
    assert mode("a.cz") == 0o600
