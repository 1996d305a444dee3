"""A folder with every odd thing that a file system holds, and all that can be seen of one."""

import os
import stat
import struct
from contextlib import suppress
from pathlib import Path

from blake3 import blake3

ROOT = os.geteuid() == 0
LONG = 250  # bytes of a name; 22 of them are more than a path may have
LEVELS = 300
CAPABILITY = struct.pack("<5I", 0x02000001, 1 << 13, 0, 0, 0)  # cap_net_raw, effective
MIB = 1 << 20
EVERYBODY = 0xFFFFFFFF


def acl(user: int, permissions: int) -> bytes:
    """Return an ACL as Linux gives it: the owner may all, ``user`` what is given, nobody else a thing."""
    entries = [
        (0x01, 7, EVERYBODY),  # the owner
        (0x02, permissions, user),
        (0x04, 0, EVERYBODY),  # the group
        (0x10, permissions, EVERYBODY),  # the mask
        (0x20, 0, EVERYBODY),  # others
    ]
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)


def make(root: Path, *, privileged: bool) -> None:
    """Make the tree; ``privileged``: with what only root may make, and only root gets back."""
    root.mkdir()
    _files(root)
    _sparse(root / "sparse")
    _links(root)
    _names(os.fsencode(root / "names"))
    _deep(root)
    os.mkfifo(root / "fifo", 0o622)
    os.link(root / "fifo", root / "fifo too")
    _attributes(root)
    if privileged:
        _privileged(root)
    for name, time in {"d": 10**18 + 1, "e/f/g": -7, "e": 0, ".": 4 * 10**18 + 3}.items():
        os.utime(root / name, ns=(time, time))
    (root / "closed").chmod(0o500)


def _files(root: Path) -> None:
    for folder in ("d", "e/f/g", "closed", "sticky"):
        (root / folder).mkdir(parents=True)
    (root / "sticky").chmod(0o1773)
    contents = {
        "empty": b"",
        "text": b"some words\n" * 99,
        "large": os.urandom(3 << 17) * 2,
        "closed/in": b"in",
        "e/f/g/same": b"some words\n" * 99,
    }
    for name, content in contents.items():
        (root / name).write_bytes(content)
    (root / "text").chmod(0o604)
    (root / "large").chmod(0o751)
    (root / "closed/in").chmod(0o400)
    times = {
        "text": 1_700_000_000_123_456_789,
        "large": -5_500_000_001,
        "empty": (1 << 31) * 10**9 + 1,
        "e/f/g/same": 5 * 10**18 + 999_999_999,
        "closed/in": 0,
    }
    for name, time in times.items():
        os.utime(root / name, ns=(time, time))


def _sparse(folder: Path) -> None:
    folder.mkdir()
    layouts = {
        "hole": (8 * MIB, {}),
        "at both ends": (5 * MIB, {2 * MIB: b"x" * 5000}),
        "within": (3 * MIB, {0: b"begin", 3 * MIB - 3: b"end"}),
        "many": (4 * MIB + 5, {at * MIB: b"%d" % at * 4096 for at in range(4)}),
    }
    for name, (size, parts) in layouts.items():
        with (folder / name).open("wb") as file:
            for at, content in parts.items():
                file.seek(at)
                file.write(content)
            file.truncate(size)


def _links(root: Path) -> None:
    targets = {
        "dangling": "no/where",
        "absolute": "/etc/hostname",
        "to a folder": "e/f",
        "loop": "pool",
        "pool": "loop",
        "self": "self",
        "e/up": "../text",
        "out": "../../../out",
        "e/odd": "../d/../d/./",
    }
    for name, target in targets.items():
        (root / name).symlink_to(target)
    os.utime(root / "dangling", ns=(1, 1_600_000_000_000_000_007), follow_symlinks=False)
    for first, other in {"text": "e/other", "empty": "d/nothing", "dangling": "e/dangling"}.items():
        os.link(root / first, root / other, follow_symlinks=False)
    os.link(root / "text", root / "a first name")


def _names(folder: bytes) -> None:
    names = [b"\xff\xfe", b"new\nline", b" ", b"-rf", b"back\\slash", b"*?[a]", b"\x1b[31m"]
    names += [b"x" * 255, b"e\xcc\x81", b"\xc3\xa9", b"@", b"...", b"a:b", b".hidden"]
    for within in (folder, folder + b"/\xff.d"):
        Path(os.fsdecode(within)).mkdir()
        for name in names:
            Path(os.fsdecode(within + b"/" + name)).write_bytes(name)


def _deep(root: Path) -> None:
    for name, levels in ((b"p" * LONG, 22), (b"l", LEVELS)):
        descriptor = os.open(root, os.O_RDONLY)
        for _ in range(levels):
            os.mkdir(name, dir_fd=descriptor)
            inner = os.open(name, os.O_RDONLY, dir_fd=descriptor)
            os.close(descriptor)
            descriptor = inner
        file = os.open("bottom", os.O_WRONLY | os.O_CREAT, 0o640, dir_fd=descriptor)
        os.write(file, b"deep")
        os.symlink("../bottom", "link", dir_fd=descriptor)
        os.close(file)
        os.close(descriptor)


def _attributes(root: Path) -> None:
    (root / "marked").write_text("marked")
    for path in (root / "marked", root / "d"):
        with suppress(OSError):  # a file system that has none
            os.setxattr(path, b"user.note", b"a\0b\xff")
            os.setxattr(path, b"user.empty", b"")
            os.setxattr(path, b"user.\xffname", b"x" * 300)


def _privileged(root: Path) -> None:
    with suppress(OSError):
        os.setxattr(root / "marked", b"system.posix_acl_access", acl(1234, 4))
        os.setxattr(root / "e", b"system.posix_acl_access", acl(1234, 5))
        os.setxattr(root / "e", b"system.posix_acl_default", acl(4321, 4))
        os.setxattr(root / "large", b"security.capability", CAPABILITY)
    for name in ("d", "to a folder", "fifo", "sparse/hole"):
        os.chown(root / name, 12345, 54321, follow_symlinks=False)
    for name, mode in {"set-id": 0o6711, "setuid": 0o4755, "unreadable": 0}.items():
        (root / name).write_text(name)
        os.chown(root / name, 0, 54321)
        (root / name).chmod(mode)
    (root / "d").chmod(0o2775)
    (root / "e/f").chmod(0o3070)
    for name, kind, device in (("chr", stat.S_IFCHR, (1, 3)), ("blk", stat.S_IFBLK, (7, 200))):
        with suppress(OSError):
            os.mknod(root / name, kind | 0o640, os.makedev(*device))


Seen = dict[bytes, dict[str, object]]


def seen(folder: Path) -> Seen:
    """Return all that can be seen of what is in a folder, and of itself, by name."""
    found: Seen = {}
    names: dict[tuple[int, int], bytes] = {}
    descriptor = os.open(folder, os.O_RDONLY)
    found[b"."] = _look(descriptor, os.fstat(descriptor))
    _walk(descriptor, b"", found, names)
    os.close(descriptor)
    return found


def _walk(folder: int, above: bytes, found: Seen, names: dict[tuple[int, int], bytes]) -> None:
    for base in sorted(os.fsencode(name) for name in os.listdir(folder)):
        name, status = above + base, os.stat(base, dir_fd=folder, follow_symlinks=False)
        kind = stat.S_IFMT(status.st_mode)
        readable = kind in (stat.S_IFREG, stat.S_IFDIR)
        flags = os.O_RDONLY if readable else os.O_PATH
        descriptor = os.open(base, flags | os.O_NOFOLLOW, dir_fd=folder)
        look = found[name] = _look(descriptor, status)
        if kind == stat.S_IFLNK:
            look["target"] = os.readlink(base, dir_fd=folder)
        if kind == stat.S_IFDIR:
            _walk(descriptor, name + b"/", found, names)
        else:
            look["first name"] = names.setdefault((status.st_dev, status.st_ino), name)
            look["names"] = status.st_nlink
        os.close(descriptor)


def _look(descriptor: int, status: os.stat_result) -> dict[str, object]:
    at = f"/proc/self/fd/{descriptor}"
    look: dict[str, object] = {
        "mode": oct(status.st_mode),
        "owner": (status.st_uid, status.st_gid),
        "mtime": status.st_mtime_ns,
        "device": status.st_rdev,
        "xattrs": {},
    }
    if not stat.S_ISLNK(status.st_mode):
        look["xattrs"] = {name: os.getxattr(at, name) for name in os.listxattr(at)}
    if stat.S_ISREG(status.st_mode):
        content = os.pread(descriptor, status.st_size + 1, 0)
        look["content"] = (len(content), blake3(content).hexdigest())
        look["sparse"] = status.st_blocks * 512 < status.st_size // 2
    return look


def differences(one: Seen, other: Seen) -> dict[bytes, tuple[object, object]]:
    """Return what is not the same, shortly."""
    names = sorted(one.keys() | other.keys())
    return {
        name[-60:]: (one.get(name), other.get(name))
        for name in names
        if one.get(name) != other.get(name)
    }
