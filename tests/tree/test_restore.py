"""Members come back as they were recorded, and one that can't does not stop the others."""

import errno
import grp
import os
import pwd
import resource
import shutil
import stat
import struct
import subprocess
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from compressor.errors import CompressorError, OutputExistsError, UnsafeNameError
from compressor.tree import folders
from compressor.tree.node import Node, NodeKind
from compressor.tree.policy import (
    LinkTargetError,
    MetadataError,
    NameCollisionError,
    NameTwiceError,
    SpecialFileError,
    stripped,
    without_acl,
)
from compressor.tree.restore import Restorer
from compressor.tree.restoreoptions import RestoreOptions
from tests.tree.attacks import file, folder, hard, link, special
from tests.tree.replay import NOBODY, ROOT, in_child, opened, refused, replay

OPTIONS = RestoreOptions(0o640)
FORCE = RestoreOptions(0o640, force=True)
SPECIALS = RestoreOptions(0o640, specials=True)
needs_root = pytest.mark.skipif(not ROOT, reason="only root may do this")


@pytest.fixture
def dest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def root(dest: Path) -> Iterator[int]:
    descriptor = opened(dest)
    yield descriptor
    os.close(descriptor)


@pytest.fixture
def deep(dest: Path) -> Iterator[Path]:
    """Give a folder for more levels than the standard library can remove."""
    yield dest
    subprocess.run(["rm", "-rf", dest / "d"], check=True)


def mode(name: str) -> int:
    return stat.S_IMODE(os.lstat(name).st_mode)


def test_files_folders_and_links_come_back_with_modes_and_times(root: int) -> None:
    failures = replay(
        root,
        [
            folder(b"d", mode=0o550, mtime_ns=-(10**18) - 1),
            folder(b"d/e", mode=0o000, mtime_ns=5 * 10**18 + 3),
            file(b"d/e/a", b"content", mode=0o604, mtime_ns=-1),
            file(b"d/n", b"", mode=0, mtime_ns=1 << 32),
            link(b"d/l", b"e/a", mtime_ns=10**18 + 7),
            link(b"d/e/up", b"../../x", mtime_ns=7),
            hard(b"h", b"d/e/a"),
            file(b"x", b""),
        ],
        OPTIONS,
    )

    assert failures == []
    assert (mode("d"), os.stat("d").st_mtime_ns) == (0o550, -(10**18) - 1)
    assert (mode("d/e"), os.stat("d/e").st_mtime_ns) == (0, 5 * 10**18 + 3)
    assert (mode("h"), os.stat("h").st_mtime_ns) == (0o604, -1)
    assert os.stat("h").st_nlink == 2
    assert (mode("d/n"), os.stat("d/n").st_mtime_ns) == (0, 1 << 32)
    assert (os.readlink("d/l"), os.lstat("d/l").st_mtime_ns) == ("e/a", 10**18 + 7)
    assert mode("x") == 0o640
    for name in ("d", "d/e"):
        os.chmod(name, 0o700)
    assert Path("h").read_bytes() == Path("d/e/a").read_bytes() == b"content"
    assert os.readlink("d/e/up") == "../../x"


def test_folders_that_were_not_recorded_are_closed_until_the_end(root: int) -> None:
    with Restorer(root, OPTIONS, lambda *_: None) as restorer:
        restorer.file(b"d/a").write(b"x")
        assert mode("d") == 0o700
        restorer.commit(file(b"d/a")[0])
        restorer.finish()

    assert mode("d") == 0o750


@pytest.mark.parametrize("user", [None, pytest.param(NOBODY, marks=needs_root)])
def test_a_closed_folder_is_closed_after_what_lies_in_it(
    user: int | None, dest: Path, root: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folders, "MAX_OPEN", 1)
    if user is not None:
        os.chown(dest, user, user)
    members = [folder(b"a", mode=0), folder(b"a/b", mode=0o500), file(b"a/b/c"), file(b"d/e")]

    assert in_child(lambda: len(replay(root, members, OPTIONS)), user) == 0

    assert mode("a") == 0
    os.chmod("a", 0o700)
    assert mode("a/b") == 0o500
    os.chmod("a/b", 0o700)


def test_a_folder_that_was_there_keeps_its_attributes_unless_forced(root: int) -> None:
    os.mkdir("d", 0o711)
    os.chmod("d", 0o711)
    recorded = folder(b"d", mode=0o755, mtime_ns=10**18)

    replay(root, [recorded, file(b"d/a")], OPTIONS)
    assert mode("d") == 0o711
    replay(root, [recorded, file(b"d/b")], FORCE)
    assert (mode("d"), os.stat("d").st_mtime_ns) == (0o755, 10**18)


def test_what_exists_is_kept_without_force_and_replaced_with_it(root: int) -> None:
    Path("a").write_text("mine")
    os.symlink("a", "l")
    os.link("a", "other")
    members = [file(b"a", b"new"), link(b"l", b"b"), file(b"b", b"b"), hard(b"other", b"b")]

    failures = replay(root, members, OPTIONS)
    assert {name for name, error in failures if isinstance(error, OutputExistsError)} == {
        b"a",
        b"l",
        b"other",
    }
    assert (Path("a").read_text(), os.readlink("l")) == ("mine", "a")
    assert replay(root, members, FORCE) == []
    assert (Path("a").read_text(), os.readlink("l"), Path("other").read_text()) == ("new", "b", "b")


def test_protected_files_and_specials_are_not_replaced_even_by_force(root: int) -> None:
    Path("a").touch()
    os.mkfifo("fifo")
    status = os.stat("a")
    options = RestoreOptions(
        0o644, force=True, protected=frozenset({(status.st_dev, status.st_ino)})
    )

    failures = replay(root, [file(b"a"), file(b"fifo"), link(b"a", b"b")], options)

    assert [name for name, _ in failures] == [b"a", b"fifo", b"a"]
    assert stat.S_ISREG(os.lstat("a").st_mode)


@pytest.mark.parametrize("force", [False, True])
def test_an_interrupted_run_leaves_nothing_half_written(root: int, force: bool) -> None:
    def interrupted() -> None:
        with Restorer(root, RestoreOptions(0o644, force=force), lambda *_: None) as restorer:
            restorer.add(link(b"l", b"a")[0])
            restorer.file(b"d/a").write(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()

    assert os.listdir() == ["d"]
    assert os.listdir("d") == []
    assert mode("d") == 0o700


def test_a_member_that_is_begun_drops_one_that_was_not_committed(root: int) -> None:
    with Restorer(root, OPTIONS, lambda *_: None) as restorer:
        restorer.file(b"a").write(b"half")
        restorer.file(b"b").write(b"whole")
        restorer.commit(file(b"b")[0])
        with pytest.raises(CompressorError):
            restorer.commit(file(b"a")[0])

    assert os.listdir() == ["b"]


def test_holes_count_also_at_the_end(root: int) -> None:
    with Restorer(root, OPTIONS, lambda *_: None) as restorer:
        output = restorer.file(b"a")
        output.write(b"x")
        output.hole(1 << 20)
        restorer.commit(file(b"a", mtime_ns=5)[0])

    assert (os.stat("a").st_size, os.stat("a").st_mtime_ns) == ((1 << 20) + 1, 5)


def test_a_hard_link_to_what_this_run_did_not_write_says_so(root: int) -> None:
    Path("old").touch()
    members = [hard(b"a", b"old"), hard(b"b", b"none"), hard(b"c", b"no/such")]

    failures = replay(root, members, OPTIONS)

    assert [
        (name, error.target) for name, error in failures if isinstance(error, LinkTargetError)
    ] == [
        (b"a", b"old"),
        (b"b", b"none"),
        (b"c", b"no/such"),
    ]
    assert os.listdir() == ["old"]


def test_specials_are_made_on_request(root: int) -> None:
    fifo = special(b"f", NodeKind.FIFO)

    (failure,) = replay(root, [fifo], OPTIONS)
    assert isinstance(failure[1], SpecialFileError)
    assert replay(root, [fifo], RestoreOptions(0o644, specials=True)) == []
    assert stat.S_ISFIFO(os.lstat("f").st_mode)
    assert mode("f") == 0o666


@needs_root
def test_devices_are_made_by_root_alone(root: int, dest: Path) -> None:
    options = RestoreOptions(0o644, specials=True)
    device = special(b"null", NodeKind.CHAR_DEVICE, (1, 3))

    assert replay(root, [device], options) == []
    assert os.lstat("null").st_rdev == os.makedev(1, 3)
    os.unlink("null")
    os.chown(dest, NOBODY, NOBODY)
    said = in_child(lambda: [str(e) for _, e in replay(root, [device], options)], NOBODY)
    assert said == ["'null' is a device; only root makes one"]


@needs_root
def test_root_gives_owners_by_name_then_by_number(root: int) -> None:
    user, group = pwd.getpwall()[-1], grp.getgrall()[-1]
    ids: dict[str, Any] = {"uid": 12345, "gid": 54321}
    named = {**ids, "user": user.pw_name, "group": group.gr_name}
    unknown = {**ids, "user": "no such user", "group": "no such group"}
    members = [
        file(b"named", **named),
        folder(b"unknown", **unknown),
        link(b"link", b"named", **ids),
        special(b"fifo", NodeKind.FIFO),
    ]

    assert replay(root, members, RestoreOptions(0o644, specials=True)) == []
    numeric = RestoreOptions(0o644, numeric_owner=True)
    assert replay(root, [file(b"numeric", **named)], numeric) == []

    def owner(name: str) -> tuple[int, int]:
        return os.lstat(name).st_uid, os.lstat(name).st_gid

    assert owner("named") == (user.pw_uid, group.gr_gid)
    assert owner("unknown") == owner("link") == owner("numeric") == (12345, 54321)
    assert owner("fifo") == (0, 0)


@needs_root
def test_set_id_bits_come_back_only_with_their_owner(root: int, dest: Path) -> None:
    members = [
        file(b"both", mode=0o6755, uid=0, gid=0),
        file(b"user", mode=0o6755, uid=12345),
        file(b"none", mode=0o7755),
        file(b"minus one", mode=0o6755, uid=(1 << 32) - 1, gid=(1 << 32) - 1),
        folder(b"d", mode=0o3775, uid=0, gid=5),
    ]

    failures = replay(root, members, OPTIONS)

    assert [name for name, error in failures if isinstance(error, MetadataError)] == [
        b"user",
        b"none",
        b"minus one",
    ]
    assert [mode(name) for name in ("both", "user", "none", "minus one", "d")] == [
        0o6755,
        0o4755,
        0o1755,
        0o755,
        0o3775,
    ]
    os.mkdir("theirs")
    os.chown("theirs", NOBODY, NOBODY)
    inner = opened(dest / "theirs")
    said = in_child(lambda: [name.decode() for name, _ in replay(inner, members, OPTIONS)], NOBODY)
    os.close(inner)
    assert said == ["both", "user", "none", "minus one", "d"]
    assert mode("theirs/both") == 0o755
    assert mode("theirs/d") == 0o1775


def test_extended_attributes_come_back_where_they_may(root: int) -> None:
    mine = ((b"user.a", b"1"), (b"user.b", bytes(range(256))))
    failures = replay(
        root,
        [
            file(b"a", mode=0o444, xattrs=mine),
            folder(b"d", mode=0o555, xattrs=mine),
            file(b"b", xattrs=((b"security.selinux", b"x"), (b"user.c", b"3"))),
            file(b"c", xattrs=((b"security.selinux", b"x"),)),
        ],
        OPTIONS,
    )

    for name in ("a", "d"):
        assert (
            tuple((os.fsencode(x), os.getxattr(name, x)) for x in sorted(os.listxattr(name)))
            == mine
        )
    assert os.getxattr("b", "user.c") == b"3"
    assert [(name, error.exit_code) for name, error in failures] == [(b"b", 3)]


@needs_root
def test_root_restores_privileged_attributes_also_of_links(root: int, dest: Path) -> None:
    acl = struct.pack("<I", 2) + b"".join(
        struct.pack("<HHI", *entry)
        for entry in (
            (1, 6, 0xFFFFFFFF),
            (2, 6, 12345),
            (4, 4, 0xFFFFFFFF),
            (16, 6, 0xFFFFFFFF),
            (32, 0, 0xFFFFFFFF),
        )
    )
    recorded = file(b"a", mode=0o660, xattrs=((b"system.posix_acl_access", acl),))
    members = [recorded, link(b"l", b"a", xattrs=((b"trusted.x", b"2"),))]

    assert replay(root, members, OPTIONS) == []

    assert os.getxattr("l", "trusted.x", follow_symlinks=False) == b"2"
    assert os.getxattr("a", "system.posix_acl_access") == acl
    assert os.listxattr("a") == ["system.posix_acl_access"]
    os.mkdir("theirs")
    os.chown("theirs", NOBODY, NOBODY)
    inner = opened(dest / "theirs")
    said = in_child(lambda: [name.decode() for name, _ in replay(inner, members, OPTIONS)], NOBODY)
    os.close(inner)
    assert said == ["a", "l"]
    assert mode("theirs/a") == 0o640  # the mask alone would have let the group write


def test_without_its_acl_a_group_gets_what_it_had() -> None:
    assert without_acl(0o660, b"") == 0o660
    assert without_acl(0o660, b"\2\0\0\0\4\0\4") == 0o660  # cut short
    assert without_acl(0o660, b"\2\0\0\0" + struct.pack("<HHI", 4, 0, 0)) == 0o600


def test_a_file_system_without_extended_attributes_is_told_of_once(
    root: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_args: object, **_options: object) -> None:
        raise OSError(errno.ENOTSUP, "Operation not supported")

    monkeypatch.setattr(os, "setxattr", refuse)
    some = ((b"user.a", b"1"), (b"user.b", b"2"))

    failures = replay(root, [file(b"a", xattrs=some), file(b"b", xattrs=some)], OPTIONS)

    assert [(name, error.exit_code) for name, error in failures] == [(b"a", 3)]
    assert sorted(os.listdir()) == ["a", "b"]


FOLDED = ("open", "mkdir", "stat", "access", "unlink", "mknod")


@pytest.fixture
def folding(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have names below a descriptor folded and normalised, as some file systems do with all names."""

    def fold(name: Any, at: object) -> Any:
        if at is None or str(name).startswith("/"):
            return name
        return unicodedata.normalize("NFC", os.fsdecode(name)).lower()

    for one in FOLDED:
        really = getattr(os, one)
        monkeypatch.setattr(
            os,
            one,
            lambda name, *args, really=really, dir_fd=None, **options: really(
                fold(name, dir_fd), *args, dir_fd=dir_fd, **options
            ),
        )
    for one in ("link", "replace"):
        really = getattr(os, one)
        monkeypatch.setattr(
            os,
            one,
            lambda old, new, really=really, **options: really(
                fold(old, options["src_dir_fd"]), fold(new, options["dst_dir_fd"]), **options
            ),
        )
    really_link = os.symlink
    monkeypatch.setattr(
        os,
        "symlink",
        lambda target, name, dir_fd=None: really_link(target, fold(name, dir_fd), dir_fd=dir_fd),
    )


@pytest.mark.usefixtures("folding")
@pytest.mark.parametrize("options", [OPTIONS, FORCE], ids=["default", "force"])
def test_names_that_the_file_system_takes_for_one_are_told_and_the_first_is_kept(
    root: int, options: RestoreOptions
) -> None:
    failures = replay(
        root,
        [
            file(b"readme", b"first"),
            file(b"README", b"second"),
            file("\u00e9".encode(), b"first"),
            file("e\u0301".encode(), b"second"),
            file(b"docs/x", b"first"),
            file(b"Docs/y", b"second"),
            folder(b"DOCS"),
            link(b"ReadMe", b"x"),
            link(b"l", b"readme"),
            link(b"L", b"x"),
            hard(b"h", b"README"),
        ],
        options,
    )

    wrong = [name for name, error in failures if isinstance(error, NameCollisionError)]
    assert wrong == [b"README", "e\u0301".encode(), b"Docs/y", b"DOCS", b"ReadMe", b"L"]
    assert [name for name, error in failures if isinstance(error, LinkTargetError)] == [b"h"]
    assert len(failures) == 7
    assert Path("readme").read_text() == Path("é").read_text() == "first"
    assert os.listdir("docs") == ["x"]


def test_of_two_members_of_one_name_the_first_is_kept_whatever_is_forced(root: int) -> None:
    twice = [
        *(file(b"a", b"1"), file(b"a", b"2")),
        *(link(b"l", b"a"), link(b"l", b"b")),
        *(file(b"f", b"file"), link(b"f", b"a")),
    ]

    for options in (OPTIONS, FORCE):
        failures = replay(root, twice, options)
        assert sorted(name for name, _ in failures) == [b"a", b"f", b"l"]
        assert {type(error) for _, error in failures} == {NameTwiceError}
        assert (Path("f").read_text(), Path("a").read_text()) == ("file", "1")
        for name in ("a", "f", "l"):
            Path(name).unlink()


KINDS = {
    "a file": file(b"m", b"content", mode=0o640),
    "a folder": folder(b"m", mode=0o750),
    "a link": link(b"m", b"a"),
    "another link": link(b"m", b"b"),
    "a hard link": hard(b"m", b"a"),
    "a FIFO": special(b"m", NodeKind.FIFO),
}
IN_IT = [file(b"m/x"), link(b"m/l", b"x"), hard(b"m/i/h", b"a"), folder(b"m/i/j")]


@pytest.mark.parametrize("later", KINDS)
@pytest.mark.parametrize("earlier", KINDS)
def test_a_member_of_whatever_kind_of_a_later_version_goes_over_what_this_run_made(
    root: int, earlier: str, later: str
) -> None:
    said: list[tuple[bytes, CompressorError]] = []
    inside = IN_IT if earlier == "a folder" else []

    with Restorer(root, SPECIALS, lambda name, error: said.append((name, error))) as restorer:
        for number, (node, content) in enumerate(
            [file(b"a"), KINDS[earlier], *inside, KINDS[later]]
        ):
            if number == 2 + len(inside):
                restorer.go_over()
            if node.kind == NodeKind.FILE:
                restorer.file(node.name).write(content)
                restorer.commit(node)
            else:
                restorer.add(node)
        for node, _ in inside:
            restorer.remove(node.name)  # as a version says of what it has no more
        restorer.finish()

    assert said == []
    assert sorted(os.listdir(root)) == ["a", "m"]
    kind = KINDS[later][0].kind
    assert Path("m").is_symlink() == (kind == NodeKind.SYMLINK)
    assert Path("m").is_fifo() == (kind == NodeKind.FIFO)
    assert Path("m").is_dir() == (kind == NodeKind.FOLDER)
    assert (Path("a").stat().st_nlink == 2) == (kind == NodeKind.HARDLINK)
    if kind == NodeKind.FILE:
        assert Path("m").read_text() == "content"


@pytest.mark.skipif(shutil.which("rm") is None, reason="needs rm")
def test_chains_of_5000_folders_need_few_descriptors(deep: Path, root: int) -> None:
    name = b"/".join([b"d"] * 5000)

    def work() -> list[str]:
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))
        members = [
            file(name + b"/a", b"deepest", mode=0o640),
            file(b"d/a"),
            file(name + b"/b"),
            link(name + b"/l", b"../" * 5000 + b"top"),
            link(name + b"/m", b"../" * 5001 + b"top"),
            hard(b"top", name + b"/a"),
            folder(name, mode=0o500),
        ]
        return [one.decode()[-3:] for one, _ in replay(root, members, OPTIONS)]

    assert in_child(work) == ["d/m", "d/l"]  # out of the folder; too long for a link

    assert (deep / "top").read_text() == "deepest"
    assert os.stat(deep / "top").st_nlink == 2


def test_an_error_of_the_system_concerns_one_member(
    root: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    really = os.utime

    def fail(at: object, ns: tuple[int, int]) -> None:
        if ns[0] == 13:
            raise OSError(errno.EPERM, "Operation not permitted")
        really(at, ns=ns)  # type: ignore[call-overload]

    monkeypatch.setattr(os, "utime", fail)
    members = [file(b"x" * 256), file(b"a", mtime_ns=13), file(b"b", mtime_ns=14)]

    failures = replay(root, members, OPTIONS)

    assert [str(error) for _, error in failures] == [
        "File name too long",
        "its time is not restored: Operation not permitted",
    ]
    assert refused(failures) == {b"x" * 256}
    assert os.stat("b").st_mtime_ns == 14


@pytest.mark.parametrize("kind", ["link", "file"])
def test_a_link_or_a_file_on_the_way_is_not_passed(root: int, kind: str) -> None:
    os.mkdir("real")
    if kind == "link":
        os.symlink("real", "d")
    else:
        Path("d").touch()

    with (
        Restorer(root, FORCE, lambda *_: None) as restorer,
        pytest.raises(UnsafeNameError, match="is a link or a file"),
    ):
        restorer.file(b"d/a")

    assert os.listdir("real") == []


@pytest.mark.parametrize(
    ("name", "count", "left"),
    [
        (b"a/b/c", 0, b"a/b/c"),
        (b"a/b/c", 1, b"b/c"),
        (b"a/b/c", 2, b"c"),
        (b"a/b/c", 3, None),
        (b"a", 1, None),
        (b"a", 9, None),
        (b"a/b", 10**40, None),
    ],
)
def test_leading_components_are_stripped(name: bytes, count: int, left: bytes | None) -> None:
    assert stripped(name, count) == left


def test_nodes_without_what_their_kind_needs_are_refused(root: int) -> None:
    bare = [Node(b"%d" % kind, kind) for kind in NodeKind if kind > NodeKind.FOLDER]
    options = RestoreOptions(0o644, specials=True, unsafe_links=True)

    failures = replay(root, [(node, b"") for node in bare], options)

    assert refused(failures) == {node.name for node in bare if node.kind != NodeKind.FIFO}
