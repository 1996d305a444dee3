"""Hostile members as data, each with what must be refused of it.

Where an attack was seen first stands beside it: a test of CPython's tarfile filters ("tarfile: ..."), a
case of jwilk's traversal-archives ("traversal: ..."), or a CVE. ``OUTER`` in names and targets stands
for the absolute path of the folder that holds the target folder; nothing in it but the target may change.
"""

from dataclasses import dataclass, replace

from msgspec import structs

from compressor.tree.node import Node, NodeKind

OUTER = b"@OUTER@"
Member = tuple[Node, bytes]


@dataclass(frozen=True)
class Before:
    """What lies in the target already: a ``file``, ``folder``, ``symlink`` or ``hardlink`` to something."""

    kind: str
    name: bytes
    target: bytes = b""


@dataclass(frozen=True)
class Attack:
    """Members in the order of the archive, and the names of those that must fail by default."""

    name: str
    source: str
    members: tuple[Member, ...]
    refused: frozenset[bytes] = frozenset()
    before: tuple[Before, ...] = ()

    def at(self, outer: bytes) -> "Attack":
        """Return the attack with real paths."""
        members = tuple(
            (
                structs.replace(
                    node,
                    name=node.name.replace(OUTER, outer),
                    target=node.target and node.target.replace(OUTER, outer),
                ),
                content,
            )
            for node, content in self.members
        )
        before = tuple(replace(b, target=b.target.replace(OUTER, outer)) for b in self.before)
        refused = frozenset(name.replace(OUTER, outer) for name in self.refused)
        return replace(self, members=members, before=before, refused=refused)


def file(name: bytes, content: bytes = b"evil", **recorded: object) -> Member:
    return Node(name, NodeKind.FILE, **recorded), content  # type: ignore[arg-type]


def folder(name: bytes, **recorded: object) -> Member:
    return Node(name, NodeKind.FOLDER, **recorded), b""  # type: ignore[arg-type]


def link(name: bytes, target: bytes, **recorded: object) -> Member:
    return Node(name, NodeKind.SYMLINK, target=target, **recorded), b""  # type: ignore[arg-type]


def hard(name: bytes, target: bytes, **recorded: object) -> Member:
    return Node(name, NodeKind.HARDLINK, target=target, **recorded), b""  # type: ignore[arg-type]


def special(name: bytes, kind: NodeKind, device: tuple[int, int] | None = None) -> Member:
    return Node(name, kind, mode=0o666, device=device), b""


def attack(
    name: str,
    source: str,
    *members: Member,
    refused: tuple[bytes, ...] = (),
    before: tuple[Before, ...] = (),
) -> Attack:
    return Attack(name, source, members, frozenset(refused), before)


_LONG = [bytes([letter]) * 247 for letter in b"abcdefghijklmnop"]
_SHORT = [b"%c" % letter for letter in b"abcdefghijklmnop"]


def _beyond_path_max() -> list[Member]:
    """Folders with long names, each with a short link beside it; a link through all of them; then up."""
    members, at = [], b""
    for long, short in zip(_LONG, _SHORT, strict=True):
        members += [folder(at + long), link(at + b"_" + short, long)]
        at += long + b"/"
    through = b"/".join(b"_" + short for short in _SHORT) + b"/" + b"l" * 254
    members += [
        link(through, b"../" * len(_SHORT)),
        link(b"escape", through + b"/../../beside"),
        hard(b"flaglink", b"escape/file"),
        link(b"flaglink2", b"escape/file"),
        file(b"flaglink2", b"overwritten"),
    ]
    return members


_PATH_MAX = _beyond_path_max()

TARFILE = [
    attack("a file that means no harm", "tarfile: benign_file", file(b"benign.txt")),
    attack(
        "an absolute name",
        "tarfile: absolute; traversal: absolute1",
        file(OUTER + b"/escaped.evil"),
        refused=(OUTER + b"/escaped.evil",),
    ),
    attack(
        "up through a link to the folder itself",
        "tarfile: parent_symlink; traversal: dirsymlink2a",
        link(b"current", b"."),
        link(b"parent", b"current/.."),
        file(b"parent/evil"),
        refused=(b"parent",),
    ),
    attack(
        "a link made through a link",
        "tarfile: parent_symlink2; traversal: dirsymlink2b",
        link(b"current", b"."),
        link(b"current/parent", b".."),
        file(b"parent/evil"),
        refused=(b"current/parent",),
    ),
    attack(
        "through an absolute link",
        "tarfile: absolute_symlink; traversal: dirsymlink",
        link(b"parent", OUTER),
        file(b"parent/evil"),
        refused=(b"parent",),
    ),
    attack(
        "a hard link to an absolute name",
        "tarfile: absolute_hardlink",
        hard(b"parent", OUTER + b"/canary"),
        refused=(b"parent",),
    ),
    attack(
        "a link above the target",
        "tarfile: sly_relative0; traversal: relative0",
        link(b"../moo", b"..//tmp/moo"),
        refused=(b"../moo",),
    ),
    attack(
        "a link above the target, through a folder in it",
        "tarfile: sly_relative2; traversal: relative2",
        folder(b"tmp"),
        link(b"tmp/../../moo", b"tmp/../..//tmp/moo"),
        refused=(b"tmp/../../moo",),
    ),
    attack(
        "links from folder to folder that mean no harm",
        "tarfile: deep_symlink",
        file(b"targetdir/target", b"xyz"),
        hard(b"linkdir/hardlink", b"targetdir/target"),
        link(b"linkdir/symlink", b"../targetdir/target"),
    ),
    attack(
        "links to links, before what they point to",
        "tarfile: chains",
        link(b"linkdir/symlink", b"hardlink"),
        link(b"symlink2", b"linkdir/hardlink2"),
        file(b"targetdir/target", b"xyz"),
        hard(b"linkdir/hardlink", b"targetdir/target"),
        hard(b"linkdir/hardlink2", b"linkdir/symlink"),
    ),
    attack(
        "all mode bits",
        "tarfile: modes",
        file(b"all_bits", mode=0o7777),
        file(b"perm_bits", mode=0o777),
        file(b"exec_group_other", mode=0o677),
        file(b"read_group_only", mode=0o040),
        file(b"no_bits", mode=0),
        folder(b"dir", mode=0o3077),
        folder(b"dir_all_bits", mode=0o7777),
    ),
    attack("a FIFO", "tarfile: pipe", special(b"foo", NodeKind.FIFO), refused=(b"foo",)),
    attack(
        "devices",
        "tarfile: special_files",
        special(b"chr", NodeKind.CHAR_DEVICE, (1, 3)),
        special(b"blk", NodeKind.BLOCK_DEVICE, (7, 200)),
        refused=(b"chr", b"blk"),
    ),
    attack(
        "a good, a bad and a good member",
        "tarfile: stateful_filter",
        file(b"good"),
        link(b"bad", b"/"),
        file(b"good2"),
        refused=(b"bad",),
    ),
    attack(
        "links beyond the longest path",
        "tarfile: realpath_limit_attack; CVE-2025-4517",
        *_PATH_MAX,
        refused=(_PATH_MAX[-5][0].name, b"escape", b"flaglink", b"flaglink2"),
    ),
    attack(
        "reading through a link whose parts mean no harm",
        "tarfile: exfiltration_via_symlink; CVE-2025-4138",
        link(b"escape", b"link/link/../../beside"),
        link(b"link", b"./"),
        refused=(b"escape",),
    ),
    attack(
        "a mode for what a link points to",
        "tarfile: chmod_outside_dir; CVE-2024-12718, CVE-2026-33056",
        link(b"pwn", b".."),
        folder(b"pwn", mode=0o777, mtime_ns=1),
        refused=(b"pwn",),
    ),
    attack(
        "a mode for what a link through a link points to",
        "CVE-2024-12718",
        link(b"x", b"."),
        folder(b"x/..", mode=0o777, mtime_ns=1),
        link(b"y", b"x/.."),
        folder(b"y", mode=0o777, mtime_ns=1),
        refused=(b"x/..", b"y"),
    ),
    attack(
        "a hard link to a link that was moved",
        "tarfile: sneaky_hardlink_fallback; CVE-2025-4330",
        file(b"a/t/dummy"),
        folder(b"b"),
        link(b"c", b"a/t"),
        link(b"c/escape", b"../../beside"),
        link(b"c", b"b"),
        hard(b"boom", b"c/escape"),
        refused=(b"c/escape", b"c", b"boom"),
    ),
    attack(
        "hard links by names that are not normal",
        "tarfile: link_fallback_normalizes",
        folder(b"dir"),
        file(b"dir/../other"),
        hard(b"link1", b"dir/../other"),
        hard(b"link2", b"dir/../dir/../other"),
        refused=(b"dir/../other", b"link1", b"link2"),
    ),
    attack(
        "a link without a target",
        "cpython#149486",
        link(b"empty", b""),
        file(b"empty/x"),
        refused=(b"empty",),
    ),
    attack(
        "a hard link takes a link to where it leads out",
        "cpython#151558",
        file(b"beside/file"),
        link(b"a/b/up", b"../../beside"),
        hard(b"up", b"a/b/up"),
        hard(b"a/c/up", b"a/b/up"),
        refused=(b"up",),
    ),
]

LINKS = [
    attack(
        "a file through a link",
        "traversal: symlink; CVE-2025-11001",
        link(b"moo", OUTER + b"/moo"),
        file(b"moo"),
        refused=(b"moo",),
    ),
    attack(
        "a folder through a link",
        "CVE-2025-11002",
        link(b"d", b".."),
        folder(b"d/sub", mode=0o777),
        refused=(b"d",),
    ),
    attack(
        "a folder, then a link in its place, then a file in it",
        "CVE-2025-59343",
        folder(b"d"),
        link(b"d", b".."),
        file(b"d/evil"),
        refused=(b"d",),
    ),
    attack(
        "a link that an earlier archive left",
        "CVE-2025-45582",
        file(b"x/authorized_keys"),
        folder(b"x/new"),
        folder(b"x", mode=0o777, mtime_ns=1),
        link(b"x/l", b"y"),
        refused=(b"x/authorized_keys", b"x/new", b"x", b"x/l"),
        before=(Before("symlink", b"x", b"../beside"),),
    ),
    attack(
        "a file where a link leads out",
        "CVE-2025-55188",
        file(b"x", b"written through"),
        refused=(b"x",),
        before=(Before("symlink", b"x", b"../canary"),),
    ),
    attack(
        "a file where another name of an outer file is",
        "hard link, then write",
        file(b"x", b"written through", mode=0o777, mtime_ns=1),
        refused=(b"x",),
        before=(Before("hardlink", b"x", OUTER + b"/canary"),),
    ),
    attack(
        "a hard link to what was there before",
        "hard link to a file of the user's",
        hard(b"h", b"mine"),
        hard(b"i", b"out"),
        hard(b"j", b"outdir/file"),
        file(b"h", b"overwritten", mode=0o777),
        refused=(b"h", b"i", b"j"),
        before=(
            Before("hardlink", b"mine", OUTER + b"/canary"),
            Before("symlink", b"out", b"../canary"),
            Before("symlink", b"outdir", b"../beside"),
        ),
    ),
    attack(
        "links in a circle",
        "loops",
        link(b"a", b"b"),
        link(b"b", b"a"),
        file(b"b/x"),
        hard(b"c", b"a"),
        refused=(b"b",),
    ),
    attack(
        "hard links to nothing, to a folder, to themselves, by climbing",
        "hard links",
        folder(b"d"),
        hard(b"a", b"nothing"),
        hard(b"b", b"d"),
        hard(b"c", b"c"),
        hard(b"e", b"../canary"),
        hard(b"f", b""),
        hard(b"g", b"no/thing"),
        refused=(b"a", b"b", b"c", b"e", b"f", b"g"),
    ),
    attack(
        "targets no system takes",
        "targets",
        link(b"nul", b"a\0b"),
        link(b"long", b"x" * 5000),
        refused=(b"nul", b"long"),
    ),
    attack(
        "up through a link that went up as far as it may",
        "CVE-2025-4330",
        link(b"d/e/top", b"../.."),
        link(b"d/e/out", b"top/.."),
        link(b"d/e/canary", b"top/../canary"),
        refused=(b"d/e/out", b"d/e/canary"),
    ),
    attack(
        "one climb too many",
        "targets",
        folder(b"a/b"),
        link(b"a/b/fine", b"../../c"),
        link(b"a/b/bad", b"../../../c"),
        link(b"a/b/late", b"../b/../../../c"),
        link(b"a/b/slash", b"..//..//../c"),
        link(b"a/b/dots", b"./.././../../c"),
        refused=(b"a/b/bad", b"a/b/late", b"a/b/slash", b"a/b/dots"),
    ),
]

_REFUSED_NAMES = (
    b"",
    b".",
    b"..",
    b"/",
    b"//tmp/moo",
    b"/../moo",
    b"../moo",
    b"a/../../moo",
    b"a/..",
    b"a/.",
    b"./a",
    b"a//b",
    b"a/",
    b"a\0b",
    b"x" * 256,
)
_PLAIN_NAMES = (
    b"C:\\moo",
    b"C:moo",
    b"C:/moo",
    b"..\\..\\moo",
    b"\\\\server\\share",
    b"con",
    b"aux.txt",
    b"NUL",
    b"COM1",
    b"a:stream",
    b"trailing.",
    b"trailing ",
    b"...",
    b"-rf",
    b"~",
    b"line\nfeed\x1b[2J",
    b"\xff\xfe",
    "\u202etxt.exe".encode(),
    "\u00e9".encode(),
    "e\u0301".encode(),
    b"Case",
    b"case",
    b"x" * 255,
)

OTHERS = [
    attack(
        "names that are no paths below a folder",
        "names; CVE-2026-31802",
        *(file(name) for name in _REFUSED_NAMES),
        *(folder(name, mode=0o777) for name in _REFUSED_NAMES),
        refused=_REFUSED_NAMES,
    ),
    attack(
        "names that are strange, and harmless here",
        "names",
        *(file(name) for name in _PLAIN_NAMES),
    ),
    attack(
        "a file that another member needs as a folder",
        "names",
        file(b"a"),
        file(b"a/b"),
        folder(b"a"),
        folder(b"d"),
        file(b"d"),
        link(b"l", b"a"),
        file(b"l/x"),
        refused=(b"a/b", b"a", b"d", b"l"),
    ),
    attack(
        "numbers no system takes",
        "metadata",
        file(b"minus one", mode=0o6755, uid=(1 << 32) - 1, gid=(1 << 32) - 1),
        file(b"large", mode=0o6755, uid=1 << 40, gid=1 << 70),
        file(b"early", mtime_ns=-(1 << 63)),
        file(b"late", mtime_ns=(1 << 63) - 1),
        file(b"never", mtime_ns=1 << 90),
        file(b"nul", user="ro\0ot", group="\udcff"),
        special(b"device", NodeKind.CHAR_DEVICE, (1 << 40, 1 << 40)),
        refused=(b"device",),
    ),
    attack(
        "extended attributes that are privileges, or none",
        "metadata",
        file(
            b"a",
            xattrs=(
                (b"", b""),
                (b"no space", b"x"),
                (b"security.capability", b"\1\0\0\2" + bytes(16)),
                (b"security.ima", b"x"),
                (b"system.posix_acl_access", b"broken"),
                (b"system.posix_acl_access", b""),
                (b"trusted.overlay.opaque", b"y"),
                (b"user.\0", b"x"),
                (b"user.large", b"x" * 70000),
                (b"user." + b"x" * 300, b"x"),
            ),
        ),
        link(b"l", b"a", xattrs=((b"user.x", b"1"), (b"trusted.x", b"2"))),
        folder(b"d", xattrs=((b"system.posix_acl_default", b"broken"), (b"user.x", b"1"))),
    ),
]

ATTACKS = [*TARFILE, *LINKS, *OTHERS]
