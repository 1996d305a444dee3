"""Scans: what is found, in which order, and what is recorded of it."""

import os
import socket
import stat
from pathlib import Path
from threading import Event

import pytest

from compressor.tree import metadata
from compressor.tree.inputs import InputError
from compressor.tree.measure import measure
from compressor.tree.node import Node, NodeKind
from compressor.tree.scan import Found, scan
from compressor.tree.walk import ScanOptions
from tests.tree.pagecache import cached_bytes
from tests.tree.trees import as_nobody, folder, found, make, names, told

__all__ = ["folder"]


def kinds(items: list[Found]) -> dict[bytes, NodeKind]:
    return {item.node.name: item.node.kind for item in items}


def first_of(path: str, **options: object) -> Node:
    return found(path, **options)[0].node


def content(item: Found) -> bytes:
    source = item.open()
    try:
        return b"".join(bytes(piece) for piece in source.pieces(1 << 16))  # type: ignore[arg-type]
    finally:
        os.close(source.descriptor)


# Order and kinds


def test_names_come_as_bytes_with_the_slash_lowest_and_folders_before_their_contents() -> None:
    make("d/a/z", "d/a.b", "d/a/b/", "d/a-", "d/aa", "d/a/b/c")

    assert names("d") == [b"d", b"d/a", b"d/a/b", b"d/a/b/c", b"d/a/z", b"d/a-", b"d/a.b", b"d/aa"]


def test_names_may_hold_any_bytes_and_sort_by_them() -> None:
    wanted = [b"\n", b"\x80", b"\xc3\xa9", b"\xed\xb2\x80", b"\xff", b"\xef\xbf\xbd", "😀".encode()]
    Path("d").mkdir()
    for name in wanted:
        Path(os.fsdecode(b"d/" + name)).touch()

    assert names("d") == [b"d"] + [b"d/" + name for name in sorted(wanted)]


def test_inputs_are_in_one_order_however_they_were_given() -> None:
    make("b/x", "a", "a.b", "b.c")

    assert names("b.c", "b", "a.b", "a") == [b"a", b"a.b", b"b", b"b/x", b"b.c"]


def test_an_empty_folder_is_a_member() -> None:
    make("d/e/")

    assert kinds(found("d")) == {b"d": NodeKind.FOLDER, b"d/e": NodeKind.FOLDER}


def test_a_link_is_recorded_and_not_followed() -> None:
    make("d/t/x")
    Path("d/l").symlink_to("t")
    Path("d/m").symlink_to(os.fsdecode(b"\xff/nowhere"))

    items = {item.node.name: item.node for item in found("d")}

    assert items[b"d/l"].kind is NodeKind.SYMLINK
    assert items[b"d/l"].target == b"t"
    assert items[b"d/m"].target == b"\xff/nowhere"
    assert b"d/l/x" not in items


def test_an_input_that_is_a_link_is_recorded_as_one() -> None:
    make("t/x")
    Path("l").symlink_to("t")

    assert first_of("l").target == b"t"
    assert names("l") == [b"l"]


def test_fifos_are_left_out_and_told_unless_they_are_asked_for() -> None:
    make("d/")
    os.mkfifo("d/f")
    problems: list[str] = []

    assert names("d", problems=problems) == [b"d"]
    assert problems == ["d/f: is a FIFO; it is left out (specials=True takes it)"]
    assert found("d", specials=True)[1].node.kind is NodeKind.FIFO


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes devices")
def test_devices_have_their_numbers() -> None:
    make("d/")
    os.mknod("d/b", stat.S_IFBLK | 0o600, os.makedev(7, 300))
    os.mknod("d/c", stat.S_IFCHR | 0o600, os.makedev(1, 3))
    problems: list[str] = []

    _, block, char = (item.node for item in found("d", specials=True))

    assert (block.kind, block.device) == (NodeKind.BLOCK_DEVICE, (7, 300))
    assert (char.kind, char.device) == (NodeKind.CHAR_DEVICE, (1, 3))
    assert names("d", problems=problems) == [b"d"]
    assert problems[0] == "d/b: is a device; it is left out (specials=True takes it)"


def test_sockets_are_always_left_out_and_told_unless_excluded() -> None:
    make("d/")
    problems: list[str] = []
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("d/s")

        assert names("d", problems=problems, specials=True) == [b"d"]
        assert names("d", exclude=("s",)) == [b"d"]
    assert problems == ["d/s: is a socket, which its program makes anew; it is left out"]


# Hard links


def test_later_names_of_one_file_are_links_to_the_first_also_across_inputs() -> None:
    make("b/x", "c/")
    os.link("b/x", "b/y")
    os.link("b/x", "c/w")

    items = {item.node.name: item.node for item in found("c", "b")}

    assert items[b"b/x"].kind is NodeKind.FILE
    assert items[b"b/y"] == Node(b"b/y", NodeKind.HARDLINK, target=b"b/x")
    assert items[b"c/w"] == Node(b"c/w", NodeKind.HARDLINK, target=b"b/x")


def test_one_name_of_a_file_with_others_elsewhere_is_a_file() -> None:
    make("d/x")
    os.link("d/x", "elsewhere")

    assert found("d")[1].node.kind is NodeKind.FILE


def test_links_and_specials_can_have_two_names_too() -> None:
    make("d/")
    Path("d/l").symlink_to("t")
    os.link("d/l", "d/m", follow_symlinks=False)
    os.mkfifo("d/p")
    os.link("d/p", "d/q")

    nodes = {item.node.name: item.node for item in found("d", specials=True)}

    assert nodes[b"d/m"] == Node(b"d/m", NodeKind.HARDLINK, target=b"d/l")
    assert nodes[b"d/q"] == Node(b"d/q", NodeKind.HARDLINK, target=b"d/p")


def test_the_next_name_is_no_link_to_a_file_that_could_not_be_opened() -> None:
    make("d/x", "d/other")
    os.link("d/x", "d/y")
    os.link("d/x", "d/z")
    seen = scan([Path("d")], ScanOptions(), told([]))
    item = next(item for item in seen if item.node.name == b"d/x")
    Path("d/other").replace("d/x")

    with pytest.raises(InputError):
        item.open()

    later, last = (item.node for item in seen)
    assert later.kind is NodeKind.FILE
    assert last == Node(b"d/z", NodeKind.HARDLINK, target=b"d/y")


def test_the_next_name_is_no_link_to_a_link_that_could_not_be_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make("d/")
    Path("d/l").symlink_to("t")
    os.link("d/l", "d/m", follow_symlinks=False)
    readlink = os.readlink

    def fail_once(path: bytes, *, dir_fd: int) -> bytes:
        monkeypatch.setattr(os, "readlink", readlink)
        raise OSError(5, "Input/output error")

    problems: list[str] = []
    seen = scan([Path("d")], ScanOptions(), told(problems))
    monkeypatch.setattr(os, "readlink", fail_once)

    assert [item.node.kind for item in seen] == [NodeKind.FOLDER, NodeKind.SYMLINK]
    assert problems == ["d/l: [Errno 5] Input/output error"]


# Content


def test_a_file_is_opened_below_its_folder_even_when_that_has_moved() -> None:
    make("d/e/x")
    seen = scan([Path("d")], ScanOptions(), told([]))
    item = next(item for item in seen if item.node.kind is NodeKind.FILE)
    Path("d").rename("moved")

    assert content(item) == b"d/e/x"
    assert (item.shown, item.status.st_size) == ("d/e/x", 5)


def test_a_file_that_is_never_opened_is_never_read() -> None:
    make("d/x")
    os.utime("d/x", ns=(1, 2))

    found("d")

    assert Path("d/x").stat().st_atime_ns == 1


@pytest.mark.parametrize(
    ("what", "why"),
    [
        ("fifo", "was replaced"),
        ("link", "Too many levels"),  # not opened at all
        ("file", "was replaced"),
        ("folder", "was replaced"),
    ],
)
def test_a_file_that_became_something_else_is_refused_without_waiting(what: str, why: str) -> None:
    make("d/x", "file", "folder/")
    seen = scan([Path("d")], ScanOptions(), told([]))
    item = next(item for item in seen if item.node.kind is NodeKind.FILE)
    Path("d/x").unlink()
    os.mkfifo("fifo")
    Path("link").symlink_to(Path("file").absolute())
    Path(what).rename("d/x")

    with pytest.raises((InputError, OSError), match=why):
        item.open()


@pytest.fixture
def cached() -> str:
    """Return a file of 8 MiB and a byte that is on disk and in memory."""
    with Path("x").open("w+b") as file:
        file.write(bytes(range(1, 9)) * (1 << 20) + b"x")
        os.fsync(file.fileno())  # the system keeps what is not yet on disk
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        if cached_bytes("x", 8 << 20):
            pytest.skip("this file system lives in memory")
        file.seek(0)
        file.read()
    return "x"


def test_what_is_read_without_the_cache_is_forgotten_by_the_system(cached: str) -> None:
    seen = scan([Path(cached)], ScanOptions(no_cache=True), told([]))

    assert len(content(next(seen))) == (8 << 20) + 1

    assert cached_bytes(cached, (8 << 20) + 1) == 0


def test_it_is_forgotten_while_the_rest_is_still_to_be_read(cached: str) -> None:
    seen = scan([Path(cached)], ScanOptions(no_cache=True), told([]))
    source = next(seen).open()
    pieces = source.pieces(5 << 20)

    next(pieces)

    assert cached_bytes(cached, 2 << 20) == 0  # pages may be as large as 2 MiB
    os.close(source.descriptor)


def test_without_that_option_the_cache_stays_as_it_is(cached: str) -> None:
    seen = scan([Path(cached)], ScanOptions(), told([]))

    assert len(content(next(seen))) == (8 << 20) + 1

    assert cached_bytes(cached, 8 << 20) > 4 << 20


# Metadata


def test_mode_time_and_owner_are_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    make("x")
    Path("x").chmod(0o2751)
    os.utime("x", ns=(0, -1_500_000_000))
    monkeypatch.setattr(metadata, "user_name", {os.geteuid(): "ada"}.get)
    monkeypatch.setattr(metadata, "group_name", {}.get)

    node = first_of("x")

    assert (node.mode, node.mtime_ns) == (0o2751, -1_500_000_000)
    assert (node.uid, node.gid) == (os.geteuid(), Path("x").stat().st_gid)
    assert (node.user, node.group) == ("ada", None)


def test_names_of_users_can_be_left_out() -> None:
    make("x")

    assert metadata.user_name(0) == first_of("/etc").user == "root"
    assert first_of("/etc", numeric_owner=True).user is None
    assert metadata.user_name(0xFFFF_FFF0) is metadata.group_name(0xFFFF_FFF0) is None


def test_extended_attributes_are_recorded_sorted_and_private_ones_left_out() -> None:
    make("d/x")
    try:
        os.setxattr("d/x", "user.b", b"\0\xff")
        os.setxattr("d/x", "user.a", b"")
        os.setxattr("d", "user.c", b"1")
        if not os.geteuid():
            os.setxattr("d/x", "trusted.private", b"1")
    except OSError:
        pytest.skip("this file system has no extended attributes")

    top, file = (item.node for item in found("d"))

    assert top.xattrs == ((b"user.c", b"1"),)
    assert file.xattrs == ((b"user.a", b""), (b"user.b", b"\0\xff"))


def test_acls_and_capabilities_are_recorded() -> None:
    make("d/x")
    acl = bytes.fromhex("02000000 01000600ffffffff 02000400fdff0000 04000400ffffffff")
    acl += bytes.fromhex("10000400ffffffff 20000000ffffffff")
    capability = bytes.fromhex("0100000200040000000000000000000000000000")
    try:
        os.setxattr("d/x", "system.posix_acl_access", acl)
        os.setxattr("d", "system.posix_acl_default", acl)
        os.setxattr("d/x", "security.capability", capability)
    except OSError:
        pytest.skip("this needs ACLs, and root for capabilities")

    top, file = (dict(item.node.xattrs) for item in found("d"))

    assert top == {b"system.posix_acl_default": acl}
    assert file == {b"security.capability": capability, b"system.posix_acl_access": acl}


def test_a_link_has_none_of_the_attributes_of_what_it_leads_to() -> None:
    make("x")
    Path("l").symlink_to("x")
    try:
        os.setxattr("x", "user.a", b"1")
    except OSError:
        pytest.skip("this file system has no extended attributes")

    assert first_of("l").xattrs == ()
    assert first_of("l", follow_links=True).xattrs == ((b"user.a", b"1"),)


def attributed(*paths: str) -> None:
    """Give files an attribute; what has none is not looked at again."""
    try:
        for path in paths:
            os.setxattr(path, "user.a", b"1")
    except OSError:
        pytest.skip("this file system has no extended attributes")


def test_attributes_of_what_a_file_was_replaced_by_are_not_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make("x", "secret")
    attributed("x", "secret")
    listxattr = os.listxattr

    def replaced(path: bytes, *, follow_symlinks: bool) -> list[str]:
        assert not follow_symlinks
        Path("x").unlink()
        Path("x").symlink_to("secret")
        return listxattr(path, follow_symlinks=follow_symlinks)

    monkeypatch.setattr(os, "listxattr", replaced)

    assert first_of("x").xattrs == ()


def test_too_many_attributes_are_told_and_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    make("x")
    attributed("x")
    monkeypatch.setattr(os, "listxattr", lambda *_a, **_k: [f"user.{n}" for n in range(5)])
    monkeypatch.setattr(os, "getxattr", lambda *_a, **_k: bytes(60_000))
    problems: list[str] = []

    [item] = found("x", problems=problems)

    assert item.node.xattrs == ()
    assert problems == ["x: has more than 256 KiB of extended attributes; none is recorded"]


def test_a_file_system_without_attributes_is_no_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: object, **_options: object) -> list[str]:
        raise OSError(95, "Operation not supported")

    make("x")
    attributed("x")
    monkeypatch.setattr(os, "listxattr", refuse)

    assert first_of("x").xattrs == ()


def test_attributes_that_may_not_be_read_are_told_and_the_rest_is_recorded() -> None:
    make("x")
    attributed("x")
    Path("x").chmod(0)
    for parent in Path("x").absolute().parents[:3]:
        parent.chmod(parent.stat().st_mode | 0o005)

    def work() -> list[str]:
        problems: list[str] = []
        return [str(len(found("x", problems=problems))), *problems]

    assert as_nobody(work) == [
        "1",
        "x: its extended attributes are not recorded: Permission denied",
    ]


def test_without_proc_it_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    make("d/x")
    monkeypatch.setattr(metadata, "_DESCRIPTORS", "/nowhere")
    problems: list[str] = []

    assert names("d", problems=problems) == [b"d", b"d/x"]
    assert len(problems) == 1


# A quick count


def test_a_measure_is_what_a_scan_would_read() -> None:
    make("d/aa", "d/b/ccc", "e/x")
    os.link("d/aa", "d/hard")
    Path("d/l").symlink_to("aa")
    Path("link").symlink_to("d")
    inputs = ["d", "d/b", "e/x", "link"]
    files = [item for item in found(*inputs) if item.node.kind is NodeKind.FILE]

    for options in (ScanOptions(), ScanOptions(exclude=("nothing",))):  # both ways to look
        count = measure([Path(name) for name in inputs], options, cancelled=Event())

        assert count == (3, sum(item.status.st_size for item in files))
    assert measure([Path("d")], ScanOptions(exclude=("b/",))) == (1, 4)


def test_a_measure_ends_behind_as_many_bytes_as_it_was_asked_for() -> None:
    make("d/a", "d/b", "d/c")

    assert measure([Path("d")], ScanOptions(), most=4) == (2, 6)
    assert measure([Path("d")], ScanOptions(), most=9) == (3, 9)


def test_a_measure_ends_when_it_is_cancelled() -> None:
    make("d/a", "d/b")
    cancelled = Event()
    cancelled.set()

    assert measure([Path("d")], ScanOptions(), cancelled=cancelled) == (0, 0)
