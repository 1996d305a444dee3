"""Outputs appear whole or not at all, below their folder, and for nobody else to read."""

import os
import signal
import stat
from pathlib import Path

import pytest

from compressor.errors import CompressorError, OutputExistsError
from compressor.tree import outputs
from compressor.tree.outputs import opened_output
from compressor.tree.permissions import access_of, shared_permissions, umask, without_group


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def names() -> list[str]:
    return sorted(item.name for item in Path().iterdir())


def test_a_committed_output_has_its_content_mode_and_time() -> None:
    with opened_output(Path("a"), force=False) as output:
        output.write(b"content")
        assert os.fstat(output.descriptor).st_mode & 0o777 == 0o600
        output.commit(mode=0o644, mtime_ns=10**18, sync=True)

    assert names() == ["a"]
    assert Path("a").read_bytes() == b"content"
    assert Path("a").stat().st_mtime_ns == 10**18
    assert stat.S_IMODE(Path("a").stat().st_mode) == 0o644


@pytest.fixture(params=[True, False], ids=["nameless", "named"])
def nameless(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether the file system has files without names; it may not."""
    device = Path().stat().st_dev
    if request.param:
        with opened_output(Path("a"), force=False) as output:
            if os.fstat(output.descriptor).st_nlink:
                pytest.skip("here all files have names")
    else:
        monkeypatch.setitem(outputs._NAMELESS, device, False)
    return bool(request.param)


def test_before_it_is_whole_an_output_has_no_name_or_a_hidden_one(nameless: bool) -> None:
    with opened_output(Path("a"), force=False) as output:
        output.write(b"content")
        assert [name.endswith(".part") for name in names()] == ([] if nameless else [True])


def test_an_output_replaces_a_file_at_once_where_that_is_asked_for(nameless: bool) -> None:
    Path("a").write_text("old")
    with opened_output(Path("a"), force=True) as output, Path("a").open() as held:
        output.write(b"new")
        assert Path("a").read_text() == "old"
        output.commit(mode=0o640, mtime_ns=None, sync=True)
        assert held.read() == "old"

    assert names() == ["a"]
    assert Path("a").read_text() == "new"
    assert Path("a").stat().st_nlink == 1


def test_a_taken_name_is_left_to_who_took_it_in_either_way(nameless: bool) -> None:
    with opened_output(Path("a"), force=False) as output:
        Path("a").symlink_to("nowhere")
        with pytest.raises(OutputExistsError):
            output.commit(mode=0o600, mtime_ns=None, sync=False)

    assert names() == ["a"]
    assert Path("a").is_symlink()


def test_what_fails_while_it_replaces_a_file_leaves_that(
    nameless: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_args: object, **_options: object) -> None:
        raise OSError(5, "Input/output error")

    Path("a").write_text("old")
    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(OSError, match="'a'"), opened_output(Path("a"), force=True) as output:
        output.commit(mode=0o600, mtime_ns=None, sync=False)

    assert names() == ["a"]
    assert Path("a").read_text() == "old"


def test_a_process_that_is_killed_leaves_nothing(nameless: bool) -> None:
    child = os.fork()
    if not child:
        with opened_output(Path("a"), force=False) as output:
            output.write(b"content")
            os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)

    assert len(names()) == (not nameless)


def test_an_output_that_is_not_committed_is_gone() -> None:
    def interrupted() -> None:
        with opened_output(Path("a"), force=False) as output:
            output.write(b"content")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()

    assert names() == []


def test_a_name_that_was_taken_meanwhile_is_left_to_who_took_it() -> None:
    with opened_output(Path("a"), force=False) as output:
        Path("a").write_text("another's")
        with pytest.raises(OutputExistsError):
            output.commit(mode=0o600, mtime_ns=None, sync=False)

    assert names() == ["a"]
    assert Path("a").read_text() == "another's"


def test_a_file_system_without_hard_links_serves_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: object, **_options: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "link", refuse)
    monkeypatch.setattr(outputs, "_NAMELESS", {})
    with opened_output(Path("a"), force=False) as output:
        output.commit(mode=0o600, mtime_ns=None, sync=False)

    assert names() == ["a"]


@pytest.mark.parametrize("letters", ["x" * 255, "é" * 127, "\udcff" * 255])
def test_the_longest_names_have_room_for_a_temporary_one(letters: str) -> None:
    with opened_output(Path(letters), force=False) as output:
        output.commit(mode=0o600, mtime_ns=None, sync=False)

    assert names() == [letters]


def test_a_hole_at_the_end_counts() -> None:
    with opened_output(Path("a"), force=False) as output:
        output.write(b"x")
        output.hole(1 << 20)
        output.commit(mode=0o600, mtime_ns=None, sync=False)

    assert Path("a").stat().st_size == (1 << 20) + 1


def test_errors_name_the_output_and_not_its_temporary_name() -> None:
    with (
        pytest.raises(OSError, match=r"File name too long: 'x{300}'"),
        opened_output(Path("x" * 300), force=False),
    ):
        pass


def test_protected_files_are_not_replaced_even_by_force() -> None:
    Path("a").touch()
    status = Path("a").stat()
    protected = frozenset({(status.st_dev, status.st_ino)})

    with (
        pytest.raises(CompressorError, match="a is an input"),
        opened_output(Path("a"), force=True, protected=protected),
    ):
        pass


def test_what_is_no_file_is_not_replaced_even_by_force() -> None:
    Path("d").mkdir()
    with pytest.raises(CompressorError, match="is a folder"), opened_output(Path("d"), force=True):
        pass


def test_a_device_is_written_to_as_it_is() -> None:
    before = Path("/dev/null").stat()

    with opened_output(Path("/dev/null"), force=False) as output:
        output.write(b"x")
        output.commit(mode=0o600, mtime_ns=0, sync=True)

    assert Path("/dev/null").stat().st_mode == before.st_mode
    assert Path("/dev/null").stat().st_mtime_ns == before.st_mtime_ns


@pytest.mark.parametrize(
    ("mode", "common"), [(0o644, 0o644), (0o640, 0o600), (0o604, 0o600), (0o775, 0o755)]
)
def test_without_its_group_a_mode_gives_what_group_and_others_share(mode: int, common: int) -> None:
    assert without_group(mode) == common


def test_inputs_of_several_owners_leave_the_archive_ours() -> None:
    Path("a").touch(mode=0o640)
    ours = access_of(Path("a").stat())
    mode, user, group = ours
    another = mode, user + 1, group

    assert shared_permissions([ours]) == (mode & 0o666 & ~umask(), (user, group))
    assert shared_permissions([ours, another]) == (0o600, None)
