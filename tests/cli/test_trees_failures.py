"""What of a folder can't be packed is said, and costs nothing else."""

import os
import stat
from functools import partial
from pathlib import Path

import pytest

from compressor.cli import main
from compressor.tree.inputs import Input
from compressor.tree.scan import Found
from tests.cli.oddtree import ROOT, acl
from tests.cli.process import NOBODY, Run, as_nobody, left
from tests.cli.test_trees_choice import files, members
from tests.tree.trees import make

needs_root = pytest.mark.skipif(not ROOT, reason="only root may do this")


@needs_root
def test_a_file_that_may_not_be_read_is_named_and_the_others_are_packed(
    run: Run, folder: Path
) -> None:
    folder.chmod(0o777)
    make("run/a", "run/secret", "run/shut/b", "run/z")
    os.link("run/secret", "run/too")
    Path("run/secret").chmod(0o600)
    Path("run/shut").chmod(0o700)

    code, said = as_nobody(folder, "compress", "-o", "x.cz", "run")

    assert code == 3
    for name in ("run/secret", "run/too", "run/shut"):
        assert f"{name}: Permission denied" in said
    assert members(run) == ["run", "run/a", "run/shut", "run/z"]
    run("extract", "x.cz", "-C", "out")
    assert files("out/run") == ["a", "z"]


@pytest.mark.parametrize("there", ["run", "run/a"])
def test_a_path_through_what_is_not_there_is_named_whatever_it_would_lead_to(
    run: Run, there: str
) -> None:
    Path("run").mkdir()
    Path("run/a").write_bytes(b"a")
    missing = f"nosuch/../{there}"
    said = f"compressor: {missing}: No such file or directory\n".encode()
    assert run("compress", "-o", "x.cz", there, missing, code=3).stderr == said
    assert run("append", "x.cz", missing, there, code=3).stderr == said
    assert run("compress", "-f", "-o", "x.cz", missing, missing, code=1).stderr == said
    assert run("append", "x.cz", missing, code=1).stderr == said


def test_a_missing_input_is_named_and_the_others_are_packed(run: Run) -> None:
    make("run/a")

    said = run("compress", "-o", "x.cz", "run", "nothing", code=3).stderr

    assert b"nothing: No such file or directory" in said
    assert members(run) == ["run", "run/a"]


def hooked(monkeypatch: pytest.MonkeyPatch, name: str, action) -> None:  # type: ignore[no-untyped-def]
    """Have something done when a file is about to be read, which is not done in one step then."""
    monkeypatch.setattr(Found, "small", lambda _found, _most: None)
    opened = Path(name).resolve()
    for method in ("pieces", "whole"):
        honest = getattr(Input, method)

        def hook(self, size, honest=honest):  # type: ignore[no-untyped-def]
            if Path(f"/proc/self/fd/{self.descriptor}").resolve() == opened:
                action(self)
            return honest(self, size)

        monkeypatch.setattr(Input, method, hook)


def resize(size: int, source: Input) -> None:
    os.truncate(f"/proc/self/fd/{source.descriptor}", size)


@pytest.mark.parametrize("size", [10, 3_000_000])
def test_a_file_that_grows_or_shrinks_while_it_is_read_is_said_to(
    run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], size: int
) -> None:
    for number, change in enumerate((size * 2, size // 2)):
        name = f"run{number}"
        make(f"{name}/a", f"{name}/c")
        Path(f"{name}/b").write_bytes(os.urandom(size))
        hooked(monkeypatch, f"{name}/b", partial(resize, change))

        code = main(["compress", "--block-size", "1M", "-o", f"{name}.cz", name])

        assert code == 3
        assert f"{name}/b: was written to while it was packed" in capsys.readouterr().err
        run("extract", f"{name}.cz", "-C", "out")
        assert files(f"out/{name}") == ["a", "b", "c"]
        assert Path(f"out/{name}/c").read_text() == f"{name}/c"


def test_files_that_vanish_while_the_folder_is_read_are_named(
    run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    make("run/a", "run/b", "run/c/d", "run/e")

    def vanish(_source: Input) -> None:
        if Path("run/b").exists():
            Path("run/b").unlink()
            Path("run/c/d").unlink()
            Path("run/c").rmdir()

    hooked(monkeypatch, "run/a", vanish)

    assert main(["compress", "-o", "x.cz", "run"]) == 3
    said = capsys.readouterr().err
    assert "run/b: No such file or directory" in said
    assert members(run) == ["run", "run/a", "run/e"]


def test_a_file_that_can_not_be_read_loses_no_other_name_of_it(
    run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    make("run/a", "run/b")
    os.link("run/a", "run/c")

    def broken(source: Input) -> None:
        os.close(source.descriptor)  # reading it fails then, as on a broken disk
        os.dup2(os.open("run", os.O_RDONLY), source.descriptor)

    hooked(monkeypatch, "run/a", broken)

    assert main(["compress", "-o", "x.cz", "run"]) == 3
    assert "run/a: can't be read" in capsys.readouterr().err
    run("extract", "x.cz", "-C", "out")
    assert files("out/run") == ["b", "c"]


def test_an_archive_in_the_folder_that_is_packed_is_left_out(run: Run) -> None:
    make("run/a", "run/z")

    run("compress", "-o", "run/x.cz", "run")
    assert members(run, "run/x.cz") == ["run", "run/a", "run/z"]
    run("compress", "-f", "-o", "run/x.cz", "run")
    run("extract", "run/x.cz", "-C", "out")

    assert "a" in files("out/run")
    assert not [name for name in files("run") if name.endswith(".part")]


def test_rm_takes_no_folders_and_is_refused_before_anything_is_written(run: Run) -> None:
    make("run/a", "b")

    for words in (["run"], ["-o", "x.cz", "b", "run"], ["--output-dir", "out", "b", "run/"]):
        assert b"--rm" in run("compress", "--rm", *words, code=2).stderr
    assert left(Path()) == {"run", "b"}
    assert files("run") == ["a"]


def test_a_dry_run_writes_nothing_and_says_what_it_would_refuse(run: Run) -> None:
    make("run/a", "b", "there.cz")

    said = run("compress", "--dry-run", "run", "b").stdout
    assert said.splitlines() == [b"run -> run.cz", b"b -> b.cz"]
    assert run("compress", "--dry-run", "-o", "x.cz", "run").stdout == b"run -> x.cz\n"
    assert b"exists" in run("compress", "--dry-run", "-o", "there.cz", "run", code=1).stderr
    assert left(Path()) == {"run", "b", "there.cz"}

    run("compress", "run")
    assert run("decompress", "--dry-run", "run.cz", "-C", "out").stdout == b"run.cz -> out\n"
    assert not Path("out").exists()


def test_a_dry_run_of_an_append_needs_the_archive(run: Run) -> None:
    make("run/a")

    done = run("append", "nope.cz", "run", "--dry-run", code=1)
    assert (done.stdout, done.stderr.count(b"\n")) == (b"", 1)
    assert b"No such file" in done.stderr
    assert left(Path()) == {"run"}


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become nobody")
def test_a_folder_that_holds_inputs_or_outputs_need_not_be_readable(folder: Path) -> None:
    make("p/run/a", "p/run/sub/b")
    for path in (folder.parent.parent, folder.parent, folder, *folder.rglob("*")):
        path.chmod(0o777)
    Path("p").chmod(0o333)
    for words in (
        ["compress", "p/run"],
        ["compress", "-o", "p/x.cz", "p/run"],
        ["append", "p/x.cz", "p/run"],
        ["prune", "p/x.cz", "--keep-last", "1"],  # which has all on disk
        ["compress", "-C", "p/run", "-o", "p/y.cz", "."],
    ):
        assert as_nobody(folder, *words) == (0, ""), words
    assert left(Path("p")) == {"run", "run.cz", "x.cz", "y.cz"}
    code, said = as_nobody(folder, "compress", "-C", "p", "-o", "z.cz", ".")
    assert (code, "Permission denied" in said) == (1, True)  # this one is listed


def test_versions_of_a_pipe_are_refused_with_what_to_do(run: Run) -> None:
    make("run/a")
    run("compress", "run")

    said = run("versions", "-", input=Path("run.cz").read_bytes(), code=2).stderr
    assert said.count(b"\n") == 1
    assert b"needs a file" in said
    with Path("run.cz").open("rb") as file:
        assert b" 1 " in run("versions", "-", stdin=file).stdout


def test_a_folder_is_skipped_only_where_nothing_in_it_is_younger(run: Run) -> None:
    make("run/deep/a", "run/deep/b.log")
    run("compress", "run")
    before = Path("run.cz").stat()
    second = 10**9

    assert b"skipped" in run("compress", "--skip-existing", "run").stderr
    assert b"skipped" in run("compress", "--skip-existing", "-o", "run.cz", "run").stderr
    for path in ("run/deep/b.log", "run/deep/a"):
        os.utime(path, ns=(before.st_mtime_ns + second, before.st_mtime_ns + second))
        words = ("--skip-existing", "--exclude", "*.log", "run")
        if path.endswith("log"):
            assert b"skipped" in run("compress", *words).stderr
        run("compress", *words[::3], code=1)  # it is out of date, and -f was not given
    run("compress", "--skip-existing", "-f", "run")
    assert Path("run.cz").stat().st_ino != before.st_ino


# Who may read the archive


def mode(path: str) -> int:
    return stat.S_IMODE(Path(path).stat().st_mode)


@pytest.mark.parametrize(
    ("modes", "archive"),
    [
        ({"run": 0o755, "run/a": 0o644, "run/b": 0o664}, 0o644),
        ({"run": 0o755, "run/a": 0o600, "run/b": 0o644}, 0o600),
        ({"run": 0o700, "run/a": 0o644, "run/b": 0o644}, 0o600),
        ({"run": 0o750, "run/a": 0o604, "run/b": 0o644}, 0o600),
        ({"run": 0o755, "run/a": 0o400, "run/b": 0o4755}, 0o400),
    ],
)
def test_nobody_may_read_more_of_an_archive_than_of_all_that_is_in_it(
    run: Run, modes: dict[str, int], archive: int
) -> None:
    make("run/a", "run/b")
    Path("run/link").symlink_to("a")  # which permits all
    for path, bits in modes.items():
        Path(path).chmod(bits)

    run("compress", "run", umask=0o022)
    run("compress", "-o", "x.cz", "run", umask=0o077)

    assert mode("run.cz") == archive
    assert mode("x.cz") == archive & 0o700


@needs_root
def test_an_acl_that_keeps_the_group_out_keeps_it_out_of_the_archive(run: Run) -> None:
    make("run/a")
    try:
        os.setxattr("run/a", b"system.posix_acl_access", acl(1234, 7))
    except OSError:
        pytest.skip("no ACLs here")
    assert mode("run/a") == 0o770  # the mask, by which the group has nothing

    run("compress", "run", umask=0)

    assert mode("run.cz") == 0o600


@needs_root
def test_an_archive_of_several_owners_is_for_who_made_it(run: Run) -> None:
    make("run/a", "run/b", "same/a")
    os.chown("run/a", NOBODY, NOBODY)
    for path in ("same", "same/a"):
        os.chown(path, NOBODY, NOBODY)
        Path(path).chmod(0o750)

    run("compress", "run", "same", umask=0o022)

    run_, same = Path("run.cz").stat(), Path("same.cz").stat()
    assert (run_.st_uid, run_.st_gid) == (0, 0)
    assert (same.st_uid, same.st_gid, mode("same.cz")) == (NOBODY, NOBODY, 0o640)
    assert mode("run.cz") == 0o644
