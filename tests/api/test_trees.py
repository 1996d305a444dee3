"""compressor.pack, append and prune; Archive.extract, versions and what is no file."""

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

import compressor
from compressor.archive.leaf import Entry
from compressor.archive.record import Kind
from compressor.archive.schema import HARDLINK
from compressor.engine.pack import Packer
from compressor.engine.packoptions import PackOptions
from compressor.stages import chain as chains
from tests.api.build import archive_of, archive_with_a_hole, offset_of
from tests.conftest import descriptors

TIME = 1_700_000_000_000_000_000


@pytest.fixture(autouse=True)
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make the folder ``run`` in the folder that the test is in."""
    monkeypatch.chdir(tmp_path)
    Path("run/sub").mkdir(parents=True)
    Path("run/a").write_bytes(b"alpha" * 100)
    Path("run/sub/b").write_bytes(b"beta")
    os.link("run/a", "run/c")
    Path("run/link").symlink_to("a")
    Path("run/sub/b").chmod(0o640)
    for path in ("run/a", "run/sub/b", "run/sub", "run"):
        os.utime(path, ns=(TIME, TIME))
    return Path("run")


def tree(folder: str) -> dict[str, object]:
    """Return what is in a folder: content or target, mode and time of each name."""
    found: dict[str, object] = {}
    for path in sorted(Path(folder).rglob("*")):
        status = path.lstat()
        what = path.readlink() if path.is_symlink() else path.is_file() and path.read_bytes()
        time = None if path.is_symlink() else status.st_mtime_ns
        found[str(path.relative_to(folder))] = (status.st_mode, what, time)
    return found


def opened(path: str) -> compressor.Archive:
    """Open an archive that needs not be closed."""
    return compressor.Archive(io.BytesIO(Path(path).read_bytes()))


def unheard(name: str, reason: Exception | str) -> None:
    raise AssertionError(name, reason)


# pack


def test_what_is_packed_is_restored() -> None:
    packed = compressor.pack("run", "run.cz", on_problem=unheard)
    with compressor.Archive("run.cz") as archive:
        restored = archive.extract("out")

    assert (packed.files, packed.others, packed.plain_size) == (3, 3, 504)
    assert packed.packed_size == Path("run.cz").stat().st_size
    assert sorted(restored) == ["run", "run/a", "run/c", "run/link", "run/sub", "run/sub/b"]
    assert tree("out/run") == tree("run")
    assert Path("out/run/a").samefile("out/run/c")


def test_the_command_line_writes_the_same_bytes() -> None:
    words = ["compress", "run", "-o", "shell.cz", "--level=5", "--label=x", "--time=@7"]

    compressor.pack("run", "library.cz", level=5, label="x", time_ns=7 * 10**9)
    subprocess.run([sys.executable, "-m", "compressor", *words], check=True)

    assert Path("shell.cz").read_bytes() == Path("library.cz").read_bytes()


@pytest.mark.parametrize("paths", ["run/a", b"run/a", Path("run/a"), ["run/a"], iter([b"run/a"])])
def test_paths_are_one_or_several(paths: object) -> None:
    compressor.pack(paths, b"x.cz")  # type: ignore[arg-type]

    assert opened("x.cz").names() == ["run/a"]


@pytest.mark.parametrize("paths", ["", [], ["run", ""]])
def test_no_path_is_refused(paths: list[str]) -> None:
    with pytest.raises(compressor.UsageError, match=r"empty|at least one"):
        compressor.pack(paths, "x.cz")
    with pytest.raises(compressor.UsageError, match=r"empty|at least one"):
        compressor.append("x.cz", paths)


@pytest.mark.parametrize("exclude", ["sub/", ["sub/"], iter(["nothing", "sub/"])])
def test_patterns_leave_out(exclude: object) -> None:
    compressor.pack("run", "x.cz", exclude=exclude, one_file_system=True)  # type: ignore[arg-type]

    assert "run/sub/b" not in opened("x.cz").names()


def test_an_output_that_exists_is_replaced_by_force_only() -> None:
    Path("x.cz").write_text("precious")

    with pytest.raises(compressor.CompressorError, match=r"x\.cz exists"):
        compressor.pack("run", "x.cz")
    assert Path("x.cz").read_text() == "precious"
    compressor.pack("run", "x.cz", force=True)

    assert "run/a" in opened("x.cz")


def test_an_input_is_never_replaced() -> None:
    with pytest.raises(compressor.CompressorError, match="is an input"):
        compressor.pack(["run/a", "run/sub"], "run/a", force=True)

    assert Path("run/a").read_bytes() == b"alpha" * 100


def test_an_archive_does_not_hold_itself() -> None:
    compressor.pack("run", "run/x.cz")

    assert not [name for name in opened("run/x.cz").names() if "x.cz" in name]


def test_an_archive_permits_what_all_inputs_permit() -> None:
    compressor.pack("run", "x.cz")

    assert Path("x.cz").stat().st_mode & 0o777 == 0o640 & ~_umask()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_what_can_not_be_packed_is_told_and_the_rest_is_packed() -> None:
    told: list[tuple[str, object]] = []

    packed = compressor.pack(["run/a", "gone"], "x.cz", on_problem=lambda *it: told.append(it))

    assert packed.files == 1
    assert [(name, type(reason)) for name, reason in told] == [("gone", FileNotFoundError)]
    with pytest.warns(RuntimeWarning, match="gone: No such file"):
        compressor.pack(["run/a", "gone"], "y.cz")


def test_where_nothing_is_left_there_is_no_archive() -> None:
    before = set(Path().iterdir())

    with pytest.raises(compressor.CompressorError, match="no input is left"):
        compressor.pack("gone", "x.cz", on_problem=lambda *_: None)

    assert set(Path().iterdir()) == before


def test_a_wrong_keyword_is_refused_before_anything_is_written() -> None:
    with pytest.raises(TypeError, match="nonsense"):
        compressor.pack("run", "x.cz", nonsense=True)  # type: ignore[call-arg]
    with pytest.raises(compressor.UsageError, match="exclude each other"):
        compressor.pack("run", "x.cz", codec="zstd", level=3)

    assert not Path("x.cz").exists()


# Versions


def appended() -> compressor.Appended:
    """Make run.cz of two versions; ``run/new`` is new in the second, ``run/sub/b`` gone."""
    compressor.pack("run", "run.cz", label="one", time_ns=5)
    Path("run/new").write_text("new")
    Path("run/sub/b").unlink()
    return compressor.append("run.cz", "run", label="two", time_ns=6, on_problem=unheard)


def test_a_version_is_appended_and_listed() -> None:
    done = appended()

    versions = opened("run.cz").versions()

    assert (done.number, done.files, done.removed) == (2, 3, 1)
    assert done.stored == Path("run.cz").stat().st_size - versions[0].added == versions[1].added
    assert [(v.number, v.label, v.time_ns, v.members) for v in versions] == [
        (1, "one", 5, 6),
        (2, "two", 6, 6),
    ]


def test_an_earlier_version_is_read_and_restored() -> None:
    appended()

    with compressor.Archive("run.cz", at=1) as archive:
        assert archive.read("run/sub/b") == b"beta"
        assert "run/new" not in archive
        assert len(archive.versions()) == 2
        archive.extract("out")

    assert Path("out/run/sub/b").exists()
    assert not Path("out/run/new").exists()


def test_a_version_that_is_not_there_leaves_no_descriptor() -> None:
    appended()
    before = descriptors()

    with pytest.raises(compressor.VersionNotFoundError, match="no version 3"):
        compressor.Archive("run.cz", at=3)

    assert descriptors() == before


def test_checksum_finds_a_change_that_kept_size_and_time() -> None:
    compressor.pack("run", "run.cz")
    later = TIME + 10**9
    os.utime("run/sub/b", ns=(later, later))  # so that run/a is older than the newest file
    compressor.append("run.cz", "run")
    Path("run/a").write_bytes(b"ALPHA" * 100)
    os.utime("run/a", ns=(TIME, TIME))

    compressor.append("run.cz", "run")
    assert opened("run.cz").read("run/a", 0, 5) == b"alpha"
    compressor.append("run.cz", "run", checksum=True)

    assert opened("run.cz").read("run/a", 0, 5) == b"ALPHA"


def test_an_append_that_was_not_finished_is_dropped_with_a_warning() -> None:
    compressor.pack("run", "run.cz")
    with Path("run.cz").open("ab") as file:
        file.write(b"half a version")

    with pytest.warns(RuntimeWarning, match="was not finished"):
        done = compressor.append("run.cz", "run")

    assert done.number == 2


def test_nothing_is_removed_for_a_path_that_is_not_there() -> None:
    compressor.pack(["run/sub", "run/a"], "run.cz")
    before = Path("run.cz").read_bytes()

    with pytest.raises(FileNotFoundError):
        compressor.append("run.cz", "gone")
    assert Path("run.cz").read_bytes() == before
    Path("run/sub/b").unlink()
    Path("run/sub").rmdir()
    compressor.append("run.cz", ["run/sub", "run/a"], on_problem=lambda *_: None)

    assert opened("run.cz").read("run/sub/b") == b"beta"


def test_pruning_keeps_the_last_versions_and_their_numbers() -> None:
    appended()
    before = Path("run.cz").stat().st_size

    done = compressor.prune("run.cz", 1)

    assert (done.kept, done.dropped, done.size_before) == (1, 1, before)
    assert done.size == Path("run.cz").stat().st_size
    assert [version.number for version in opened("run.cz").versions()] == [2]
    with pytest.raises(compressor.UsageError):
        compressor.prune("run.cz", 0)


# Members that are no files


def test_a_member_says_all_that_is_recorded() -> None:
    os.setxattr("run/a", "user.note", b"\xff")
    compressor.pack("run", "run.cz")

    members = {member.name: member for member in opened("run.cz")}

    file = members["run/a"]
    assert (file.kind, file.size, file.mtime_ns) == ("file", 500, TIME)
    assert (file.uid, file.gid) == (os.getuid(), os.getgid())
    assert file.xattrs == (("user.note", b"\xff"),)
    assert (members["run"].kind, members["run"].target) == ("folder", None)
    assert (members["run/link"].kind, members["run/link"].target) == ("symlink", "a")
    assert (members["run/c"].kind, members["run/c"].target) == ("hardlink", "run/a")
    assert file != members["run/c"]
    assert len(set(members.values())) == 6  # they can be hashed


def test_a_hard_link_gives_the_content_of_its_file() -> None:
    compressor.pack("run", "run.cz")

    with compressor.Archive("run.cz") as archive, archive.open("run/c") as file:
        assert file.read() == archive.read("run/c") == b"alpha" * 100
        assert archive.read(archive["run/c"], -5) == b"alpha"
        assert file.name == "run/c"


@pytest.mark.parametrize(("name", "words"), [("run", "a folder"), ("run/link", "a symlink to 'a'")])
def test_what_has_no_content_says_so(name: str, words: str) -> None:
    compressor.pack("run", "run.cz")

    with compressor.Archive("run.cz") as archive:
        for call in (archive.open, archive.read):
            with pytest.raises(compressor.UsageError, match=words):
                call(name)


@pytest.mark.parametrize("target", [b"gone", b"x"])
def test_a_hard_link_that_leads_to_no_file_is_damage(target: bytes) -> None:
    parts: list[bytes] = []
    packer = Packer(
        lambda data: parts.append(bytes(data)), PackOptions(chains.parse("store"), threads=1)
    )
    packer.add_plain(Entry(b"x", HARDLINK, target=target))
    packer.finish()

    with pytest.raises(compressor.DamagedError, match="leads to no file"):
        compressor.Archive(io.BytesIO(b"".join(parts))).read("x")


# extract


def test_names_folders_and_patterns_choose_members() -> None:
    compressor.pack("run", "run.cz")

    with compressor.Archive("run.cz") as archive:
        assert archive.extract("1", "run/sub") == ["run/sub/b", "run/sub"]
        assert archive.extract("2", ["*k", "run/sub"], exclude="b") == ["run/link", "run/sub"]
        assert archive.extract("3", ["run/sub"], strip_components=2) == ["run/sub/b"]

    assert Path("3/b").read_text() == "beta"
    assert Path("2/run/link").is_symlink()


def test_the_first_problem_is_raised_once_the_rest_is_restored() -> None:
    compressor.pack("run", "run.cz")
    Path("out/run/sub").mkdir(parents=True)
    Path("out/run/sub/b").write_text("precious")

    with (
        compressor.Archive("run.cz") as archive,
        pytest.raises(compressor.CompressorError, match="b exists") as caught,
    ):
        archive.extract("out", ["run", "nonsense"])

    assert caught.value.__notes__ == ["1 other problems; on_problem would hear of each"]
    assert Path("out/run/sub/b").read_text() == "precious"
    assert Path("out/run/a").read_bytes() == b"alpha" * 100


def test_problems_are_told_instead_by_name() -> None:
    compressor.pack("run", "run.cz")
    Path("out/run").mkdir(parents=True)
    Path("out/run/a").touch()
    told: dict[str, Exception | str] = {}

    with compressor.Archive("run.cz") as archive:
        restored = archive.extract("out", ["run", "nonsense"], on_problem=told.__setitem__)

    assert sorted(told) == ["", "run/a", "run/c"]  # run/c would be a link to run/a
    assert isinstance(told[""], compressor.MemberNotFoundError)
    assert "nonsense" in str(told[""])
    assert sorted(restored) == ["run", "run/link", "run/sub", "run/sub/b"]


def test_files_are_replaced_by_force_and_passed_over_where_asked() -> None:
    compressor.pack("run", "run.cz")

    with compressor.Archive("run.cz") as archive:
        archive.extract("out")
        Path("out/run/sub/b").write_text("newer")
        assert "run/sub/b" not in archive.extract("out", "run/sub", skip_existing=True)
        assert Path("out/run/sub/b").read_text() == "newer"
        archive.extract("out", "run/sub", force=True)

    assert Path("out/run/sub/b").read_text() == "beta"


def test_an_archive_does_not_replace_itself() -> None:
    Path("x").write_bytes(archive_of([(b"x", b"hostile")]))

    with (
        compressor.Archive("x") as archive,
        pytest.raises(compressor.CompressorError, match="is an input"),
    ):
        archive.extract(force=True)


def test_a_link_that_leads_out_is_refused_unless_asked_for() -> None:
    Path("run/out").symlink_to("../../etc")
    compressor.pack("run", "run.cz")

    with compressor.Archive("run.cz") as archive:
        with pytest.raises(compressor.CompressorError, match="may lead out"):
            archive.extract("1")
        archive.extract("2", "run/out", unsafe_links=True)

    assert not Path("1/run/out").is_symlink()
    assert Path("2/run/out").readlink() == Path("../../etc")


def test_limits_hold_for_a_hole_that_nobody_stores() -> None:
    with pytest.raises(compressor.LimitError):
        compressor.Archive(io.BytesIO(archive_with_a_hole(200 << 20))).extract("out")

    assert list(Path("out").iterdir()) == []


def test_damage_costs_one_member_and_names_it() -> None:
    content = {name: os.urandom(200_000) for name in "abc"}
    packed = bytearray(archive_of([(n.encode(), data) for n, data in content.items()]))
    packed[packed.index(content["b"][:50])] ^= 1

    with pytest.raises(compressor.DamagedError) as caught:
        compressor.Archive(io.BytesIO(packed)).extract("out")

    assert caught.value.member == "b"
    assert {path.name for path in Path("out").iterdir()} == {"a", "c"}


def test_an_archive_with_a_damaged_leaf_is_read_forward() -> None:
    packed = bytearray(archive_of([(b"a", os.urandom(200_000)), (b"b", b"small")]))
    packed[offset_of(bytes(packed), Kind.MEMBERS) + 60] ^= 1

    told: list[str] = []
    restored = compressor.Archive(io.BytesIO(packed)).extract(
        "out", on_problem=lambda _name, error: told.append(type(error).__name__)
    )

    assert restored == ["b"]
    assert "DamagedError" in told


def test_a_damaged_version_is_not_taken_for_another() -> None:
    Path("run/large").write_bytes(os.urandom(200_000))
    compressor.pack("run", "run.cz", block_size=1 << 16)
    compressor.append("run.cz", "run")
    packed = bytearray(Path("run.cz").read_bytes())
    packed[offset_of(bytes(packed), Kind.MEMBERS) + 60] ^= 1  # the large file's own leaf

    with (
        compressor.Archive(io.BytesIO(packed), at=1) as archive,
        pytest.raises(compressor.DamagedError),
    ):
        archive.extract("out")

    assert not Path("out").exists()
