"""The archives that a reader must refuse, one for each rule, built so that this rule alone is broken."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from tests.archive.forge import (
    BASE,
    CRYPT,
    MAGIC,
    MEMBERS,
    OPEN,
    PAD,
    PARITY,
    TENSORS,
    Forge,
    digest,
    entry,
    pack,
)

A, B = b"first block, 22 bytes\n", b"second\n"
RLE_64 = bytes.fromhex("28b52ffd204003020041")  # a zstd frame: one RLE block of 64 times "A"
MAX = (1 << 63) - 1


@dataclass(frozen=True)
class Forgery:
    """``forward`` and ``seekable``: the classes of error; None: that reader need not see it."""

    make: Callable[[], bytes]
    about: str
    forward: str = "damaged"
    seekable: str | None = "damaged"


FORGERIES: dict[str, Forgery] = {}


def forgery(
    name: str, about: str, forward: str = "damaged", seekable: str | None = "damaged"
) -> Callable[[Callable[[], bytes]], Callable[[], bytes]]:
    def register(make: Callable[[], bytes]) -> Callable[[], bytes]:
        FORGERIES[name] = Forgery(make, about, forward, seekable)
        return make

    return register


def variants(
    make: Callable[..., bytes],
    classes: tuple[str, str | None],
    table: dict[str, tuple[str, dict[str, Any]]],
) -> None:
    """Register one forgery for each set of arguments."""
    for name, (about, arguments) in table.items():
        made = lambda arguments=arguments: make(**arguments)  # noqa: E731
        FORGERIES[name] = Forgery(made, about, *classes)


BOTH = ("damaged", "damaged")
UNSUPPORTED = ("unsupported", "unsupported")
BEHIND = ("unfinished", "damaged")  # behind the last leaf: the version is whole


def small(
    *,
    head: dict[str, Any] | None = None,
    block: dict[str, Any] | None = None,
    item: dict[str, Any] | None = None,
    version: dict[str, Any] | None = None,
) -> bytes:
    """One small file in a solid block; with changes."""
    forge = Forge()
    forge.head(**(head or {}))
    block = dict(block or {})
    at = forge.block(block.pop("plain", A), **block)
    fields = {"name": b"a", "content": A, "spans": [[at, 0, len(A)]]} | (item or {})
    return forge.finish([entry(**fields)], **(version or {}))


def large(
    *,
    opened: dict[str, Any] | None = None,
    first: dict[str, Any] | None = None,
    second: dict[str, Any] | None = None,
    page: dict[str, Any] | None = None,
    item: dict[str, Any] | None = None,
) -> bytes:
    """One member of two blocks; with changes."""
    forge = Forge()
    forge.head(block_size=22)
    forge.open(**({"member": 0, "name": b"m"} | (opened or {})))
    one = forge.block(A, **({"member": 0, "position": 0} | (first or {})))
    p = forge.extents(0, [[one, 0, 22]])
    two = forge.block(B, **({"member": 0, "position": 22} | (second or {})))
    q = forge.extents(**({"position": 22, "spans": [[two, 0, 7]]} | (page or {})))
    fields = {"name": b"m", "content": A + B, "spans": [[p, 0, 22], [q, 22, 7]], "level": 1}
    return forge.finish([entry(**(fields | (item or {})))])


# Frame


FORGERIES["bad-F-001-no-magic"] = Forgery(
    lambda: b"certainly not an archive\n" * 5, "text", "not an archive", "not an archive"
)
FORGERIES["bad-F-001-damaged-magic"] = Forgery(
    lambda: MAGIC.replace(b"\r\n", b"\n\n") + small()[8:], "a transfer changed the line end"
)
FORGERIES["bad-F-002-empty"] = Forgery(lambda: b"", "no byte at all", "truncated", "truncated")
FORGERIES["bad-F-002-within-magic"] = Forgery(
    lambda: MAGIC[:5], "five bytes of the magic", "truncated", "truncated"
)
FORGERIES["bad-F-002-within-header"] = Forgery(
    lambda: small()[:100], "ends in a header", "truncated", "unfinished"
)
FORGERIES["bad-F-002-within-body"] = Forgery(
    lambda: small()[:130], "ends in a block", "truncated", "unfinished"
)
FORGERIES["bad-F-002-no-footer"] = Forgery(
    lambda: small()[:-64], "ends behind the root", "unfinished", "unfinished"
)

variants(
    small,
    BOTH,
    {
        f"bad-{name}": (about, {"block": {"frame": frame}})
        for name, about, frame in (
            ("F-003-sync", "a block's sync mark differs", {"sync": b"\xc5Z\xd2\x1f"}),
            ("F-004-header-check", "a header's check differs", {"header_check": bytes(8)}),
            ("F-005-offset", "a block's header is that of another place", {"offset": 4096}),
            ("F-006-reserved", "the reserved bytes are not zero", {"zero": 1}),
            ("F-006-flag", "an unknown flag", {"flags": 2}),
            ("F-006-skippable-block", "a block that says it may be skipped", {"flags": 1}),
            ("F-007-body", "a block of 4 GiB", {"body_size": 0xFFFFFFFF}),
            ("F-007-block-size", "packed bytes above block_size", {"body_size": 65}),
            ("F-007-meta", "a block with 64 KiB of meta and one byte", {"meta_size": 65537}),
            ("F-008-content-check", "a block's check differs", {"content_check": bytes(8)}),
        )
    },
)


@forgery("bad-F-007-body-of-open", "an OPEN with a body")
def _body_of_open() -> bytes:
    forge = Forge()
    forge.head()
    forge.put(OPEN, pack([0, b"m", 0]), b"hidden")
    return forge.finish([entry(b"m", b"", [])])


def _record(kind: int, meta: bytes = b"", body: bytes = b"", flags: int = 0) -> bytes:
    forge = Forge()
    forge.head()
    forge.put(kind, meta, body, flags=flags)
    at = forge.block(A)
    return forge.finish([entry(b"a", A, [[at, 0, len(A)]])])


variants(
    _record,
    UNSUPPORTED,
    {
        f"unsupported-F-009-kind-{name}": (f"a record of kind {name}", {"kind": kind})
        for name, kind in (
            ("tensors", TENSORS),
            ("parity", PARITY),
            ("crypt", CRYPT),
            ("base", BASE),
            ("0", 0),
            ("200", 200),
        )
    },
)

# Schema

variants(
    small,
    BOTH,
    {
        "bad-F-010-text-for-name": ("a name that is a str", {"item": {"name": "a"}}),
        "bad-F-010-short-hash": ("a hash of 31 bytes", {"item": {"hash": bytes(31)}}),
        "bad-F-010-float": ("a size that is a float", {"item": {"size": 22.0}}),
        "bad-F-010-mode": ("a mode above 4095", {"item": {"mode": 4096}}),
        "bad-F-010-level": ("a level above 6", {"item": {"level": 7}}),
        "bad-F-010-span": ("a span of four", {"item": {"spans": [[63, 0, 22, 0]]}}),
        "bad-F-010-count": ("a size of 2^63", {"item": {"size": 1 << 63}}),
        "bad-F-010-no-block-size": ("blocks of no bytes", {"head": {"block_size": 0}}),
        "bad-F-010-block-size": ("blocks above 1 GiB", {"head": {"block_size": (1 << 30) + 1}}),
        "bad-F-010-negative": ("a reach below zero", {"head": {"reach": -1}}),
        "bad-F-010-feature": ("a feature that is a number", {"head": {"optional": [1]}}),
        "bad-F-010-sizes": ("65 sizes", {"block": {"sizes": [0] * 65}}),
    },
)


def _raw(kind: int, meta: bytes, body: bytes = b"") -> bytes:
    forge = Forge()
    forge.head()
    at = forge.put(kind, meta, body)
    forge.leaves.append([at, b"a", b"a"])
    return forge.finish([])


def _nested() -> bytes:
    """Deep enough to exhaust a reader that recurses without counting."""
    depth = 3000
    return b"\x93\x00\xc0" + b"\x91" * depth + b"\xc0"


variants(
    _raw,
    BOTH,
    {
        "bad-F-010-trailing": (
            "a byte behind the meta's array",
            {"kind": MEMBERS, "meta": b"\x92\x00\xc0\x00", "body": b"\x90"},
        ),
        "bad-F-010-short-array": (
            "an array shorter than its table",
            {"kind": MEMBERS, "meta": b"\x91\x00", "body": b"\x90"},
        ),
        "bad-F-010-cut": (
            "an array that ends early",
            {"kind": MEMBERS, "meta": b"\x92\x00", "body": b"\x90"},
        ),
        "bad-F-010-huge-array": (
            "entries that claim to be 2^32 - 1",
            {"kind": MEMBERS, "meta": b"\x92\x00\xc0", "body": b"\xdd\xff\xff\xff\xff"},
        ),
        "bad-F-010-nested": (
            "3000 arrays, each in the other",
            {"kind": MEMBERS, "meta": _nested(), "body": b"\x90"},
        ),
        "bad-F-010-map": (
            "a map for the entries",
            {"kind": MEMBERS, "meta": b"\x92\x00\xc0", "body": b"\x80"},
        ),
    },
)

# Head

variants(
    small,
    UNSUPPORTED,
    {
        "unsupported-F-011-version-1": ("format version 1.0", {"head": {"major": 1, "minor": 0}}),
        "unsupported-F-011-version-0-2": ("format version 0.2", {"head": {"minor": 2}}),
        "unsupported-F-011-other-head": (
            "format version 9.0, whose HEAD goes on otherwise",
            {"head": {"major": 9, "minor": 0, "optional": 1, "decode_memory": "x"}},
        ),
        **{
            f"unsupported-F-012-feature-{name}": (
                f"the feature {name} is required",
                {"head": {"required": [name]}},
            )
            for name in (
                "tensors",
                "recovery",
                "encryption",
                "base",
                "lossy",
                "versions",
                "teleportation",
            )
        },
    },
)


@forgery("unsupported-F-013-appended", "a second version was appended", *UNSUPPORTED)
def _appended() -> bytes:
    forge = Forge()
    forge.head()
    first = [*forge.leaves]
    forge.leaf([], last=True)
    forge.root()
    footer = forge.footer()
    forge.head(previous=64)
    forge.leaves = first
    forge.leaf([], last=True, number=2)
    forge.root()
    forge.footer(previous=footer)
    return bytes(forge.data)


# Order


@forgery("bad-F-014-pad-first", "padding before HEAD")
def _pad_first() -> bytes:
    forge = Forge()
    forge.put(PAD)
    forge.head()
    return forge.finish([])


@forgery("bad-F-014-second-head", "two HEADs")
def _second_head() -> bytes:
    forge = Forge()
    forge.head()
    forge.head()
    return forge.finish([])


FORGERIES["bad-F-015-previous"] = Forgery(
    lambda: small(head={"previous": 1}), "the first HEAD names a footer before it"
)


@forgery("bad-F-016-block-behind-last-leaf", "a block behind the last leaf", *BEHIND)
def _behind_last_leaf() -> bytes:
    forge = Forge()
    forge.head()
    forge.leaf([], last=True)
    forge.block(A)
    forge.root()
    forge.footer()
    return bytes(forge.data)


@forgery("bad-F-016-second-last-leaf", "two leaves that say they are the last", *BEHIND)
def _second_last_leaf() -> bytes:
    forge = Forge()
    forge.head()
    forge.leaf([], last=True)
    return forge.finish([])


@forgery("bad-F-017-no-last-leaf", "no leaf says that it is the last")
def _no_last_leaf() -> bytes:
    forge = Forge()
    forge.head()
    forge.leaf([])
    forge.root()
    forge.footer()
    return bytes(forge.data)


FORGERIES["bad-F-018-garbage"] = Forgery(
    lambda: small() + b"garbage behind the end", "bytes behind the end", "damaged", "unfinished"
)
FORGERIES["bad-F-018-zeros"] = Forgery(
    lambda: small() + bytes(512), "zeros behind the end", "damaged", "unfinished"
)
FORGERIES["bad-F-018-sync"] = Forgery(
    lambda: small() + b"\xc5Z\xd2\x1e" * 20, "sync marks behind the end", "damaged", "unfinished"
)

# Blocks

variants(
    small,
    BOTH,
    {
        "bad-F-019-empty-block": ("a block of no bytes", {"block": {"plain_size": 0, "body": b""}}),
        "bad-F-019-above-block-size": (
            "plain_size above block_size",
            {"head": {"block_size": 21}, "block": {"body": A[:21]}},
        ),
        "bad-F-019-packed-above-plain": (
            "more packed bytes than plain",
            {"block": {"body": A + B}},
        ),
        "bad-F-020-space": ("a chain with a space", {"block": {"chain": "store "}}),
        "bad-F-020-options": (
            "an option that decoding does not need",
            {"block": {"chain": "zstd:level=3"}},
        ),
        "bad-F-020-grammar": ("a parenthesis is not closed", {"block": {"chain": "store("}}),
        "bad-F-020-outputs": ("a codec with an output", {"block": {"chain": "store(store)"}}),
        "bad-F-020-empty": ("no chain", {"block": {"chain": ""}}),
        "bad-F-020-deep": (
            "nine stages deep",
            {"block": {"chain": "store(" * 8 + "store" + ")" * 8}},
        ),
        "bad-F-023-sizes": ("sizes for a lone codec", {"block": {"sizes": [22]}}),
        "bad-F-024-short": ("a stored block that lacks a byte", {"block": {"body": A[:-1]}}),
        "bad-F-029-solid-position": ("a solid block with a position", {"block": {"position": 1}}),
        "bad-F-029-owned": ("a small member in a block of its own", {"block": {"member": 0}}),
    },
)
FORGERIES["unsupported-F-021-stage"] = Forgery(
    lambda: small(block={"chain": "acme-rle"}), "a stage that nobody has", *UNSUPPORTED
)
FORGERIES["bad-F-022-decode-memory"] = Forgery(
    lambda: small(head={"decode_memory": 1 << 60}), "an exbibyte to decode", "limit", "limit"
)
FORGERIES["bad-F-022-block-size"] = Forgery(
    lambda: small(head={"block_size": 1 << 30}), "blocks of 1 GiB", "limit", "limit"
)
FORGERIES["bad-F-022-reach"] = Forgery(
    lambda: small(head={"reach": 1 << 60}), "an exbibyte to be kept", "limit", None
)


def _zstd(body: bytes, size: int) -> bytes:
    forge = Forge()
    forge.head(decode_memory=1 << 21)
    at = forge.block(b"", chain="zstd", plain_size=size, body=body)
    return forge.finish([entry(b"a", b"A" * size, [[at, 0, size]])])


variants(
    _zstd,
    BOTH,
    {
        "bad-F-024-zstd-size": ("a zstd frame of another size", {"body": RLE_64, "size": 63}),
        "bad-F-024-zstd-more": ("a byte behind a frame", {"body": RLE_64 + b"\0", "size": 64}),
        "bad-F-024-zstd-cut": ("a frame that lacks a byte", {"body": RLE_64[:-1], "size": 64}),
        "bad-F-024-zstd-none": ("no frame", {"body": b"", "size": 64}),
    },
)

# Members

variants(
    large,
    BOTH,
    {
        "bad-F-025-ordinal": ("the first member has number 1", {"opened": {"member": 1}}),
        "bad-F-026-other-member": ("extents of another member", {"page": {"member": 1}}),
        "bad-F-026-gap": ("extents that leave a gap", {"page": {"position": 23}}),
        "bad-F-027-level-0": ("a page without length", {"page": {"spans": [[63, 0, 0]]}}),
        "bad-F-028-exceeds": (
            "an extent beyond its block's end",
            {"second": {"plain_size": 6, "body": B[:6]}},
        ),
        "bad-F-029-member": ("a block of another member", {"second": {"member": 1}}),
        "bad-F-029-position": ("a block of another position", {"second": {"position": 21}}),
        "bad-F-029-solid": (
            "a solid block in a large member",
            {"second": {"member": None, "position": 0}},
        ),
        "bad-F-032-nothing": (
            "an entry that leads nowhere",
            {"item": {"spans": [], "level": 0, "size": 0, "hash": digest(b"")}},
        ),
        "bad-F-032-one-page": (
            "an entry that leaves out a page",
            {"item": {"spans": [[182, 0, 22]], "size": 22, "hash": digest(A)}},
        ),
        "bad-F-033-name": ("the leaf closes another member", {"item": {"name": b"n"}}),
        "bad-F-035-open": (
            "a NUL in the name of OPEN",
            {"opened": {"name": b"a\0b"}, "item": {"name": b"a\0b"}},
        ),
        "bad-F-039-hash-of-large": ("the hash of other content", {"item": {"hash": digest(B + A)}}),
    },
)
FORGERIES["unsupported-F-037-open"] = Forgery(
    lambda: large(opened={"kind": 1}, item={"kind": 1}), "OPEN of kind 1", *UNSUPPORTED
)


@forgery("bad-F-025-within", "a member opens within another")
def _open_within() -> bytes:
    forge = Forge()
    forge.head()
    forge.open(0, b"m")
    forge.open(0, b"n")
    return forge.finish([entry(b"n", b"", [])])


@forgery("bad-F-026-unopened", "extents without an OPEN")
def _unopened() -> bytes:
    forge = Forge()
    forge.head()
    at = forge.block(A, member=0)
    forge.extents(0, [[at, 0, 22]])
    return forge.finish([])


variants(
    small,
    BOTH,
    {
        "bad-F-027-empty": (
            "an extent without length",
            {"item": {"content": b"", "spans": [[63, 0, 0]]}},
        ),
        "bad-F-027-hole-start": (
            "a hole with a start",
            {"item": {"content": bytes(9), "spans": [[0, 1, 9]]}},
        ),
        "bad-F-027-overflow": (
            "holes of 2^64 - 2 bytes",
            {"item": {"spans": [[0, 0, MAX]] * 2, "size": MAX}},
        ),
        "bad-F-028-before": ("an extent in no block", {"item": {"spans": [[8, 0, 22]]}}),
        "bad-F-028-outside": (
            "an extent behind the archive",
            {"item": {"spans": [[1 << 40, 0, 22]]}},
        ),
        "bad-F-034-count": ("a leaf that counts two, and holds one", {"version": {"count": 2}}),
        "bad-F-035-name": ("a NUL in a name", {"item": {"name": b"a\0b"}}),
        "bad-F-039-size": ("a size that is not that of the extents", {"item": {"size": 23}}),
        "bad-F-039-hash": ("the hash of other content", {"item": {"hash": digest(B)}}),
        "bad-F-040-root-hash": (
            "a root hash of other leaves",
            {"version": {"root_hash": bytes(32)}},
        ),
        "bad-F-044-number": ("version 0", {"version": {"number": 0}}),
        "bad-F-044-removed": (
            "a first version that removes a name",
            {"version": {"removed": [b"b"]}},
        ),
    },
)
variants(
    small,
    UNSUPPORTED,
    {"unsupported-F-037-member": ("a member of kind 1", {"item": {"kind": 1}})},
)


@forgery("bad-F-028-behind", "an extent in a block that comes later")
def _later_block() -> bytes:
    forge = Forge()
    forge.head(reach=4096)
    later = 0
    while True:  # until the offset that the leaf names is the one that the block has
        trial = Forge(bytearray(forge.data))
        trial.leaf([entry(b"a", A, [[later, 0, 22]])])
        at = trial.block(A)
        if at == later:
            return trial.finish([])
        later = at


def _twice(reach: int) -> bytes:
    forge = Forge()
    forge.head(reach=reach)
    at = forge.block(A)
    forge.leaf([entry(b"a", A, [[at, 0, 22]])])
    return forge.finish([entry(b"b", A, [[at, 0, 22]])])


variants(
    _twice,
    BOTH,
    {
        "bad-F-030-no-reach": ("an old block, where nothing refers back", {"reach": 0}),
        "bad-F-030-short-reach": ("an old block, one byte out of reach", {"reach": 164}),
    },
)


@forgery("bad-F-031-waiting", "more than block_size of blocks wait for their extents")
def _waiting() -> bytes:
    forge = Forge()
    forge.head(block_size=22)
    first, second = forge.block(A), forge.block(B)
    return forge.finish([entry(b"a", A + B, [[first, 0, 22], [second, 0, 7]])])


def _paged(page: dict[str, Any]) -> bytes:
    """A member under two levels of pages."""
    forge = Forge()
    forge.head(block_size=22)
    forge.open(0, b"m")
    p = forge.extents(0, [[forge.block(A, member=0), 0, 22]])
    q = forge.extents(22, [[forge.block(B, member=0, position=22), 0, 7]])
    fields = {"position": 0, "spans": [[p, 0, 22], [q, 22, 7]], "level": 1}
    top = forge.extents(**(fields | page))
    return forge.finish([entry(b"m", A + B, [[top, 0, 29]], level=2)])


variants(
    _paged,
    BOTH,
    {
        "bad-F-032-page-order": (
            "a page in another order",
            {"page": {"spans": [[289, 22, 7], [182, 0, 22]]}},
        ),
        "bad-F-032-page-position": ("a page of another position", {"page": {"position": 1}}),
        "bad-F-032-page-level": ("a page of another level", {"page": {"level": 2}}),
    },
)


@forgery("bad-F-033-two", "the leaf behind an OPEN holds two members")
def _two_close() -> bytes:
    forge = Forge()
    forge.head()
    forge.open(0, b"m")
    return forge.finish([entry(b"m", b"", []), entry(b"n", b"", [])])


@forgery("bad-F-036-one-leaf", "two members of one name in one leaf")
def _twins() -> bytes:
    forge = Forge()
    forge.head()
    return forge.finish([entry(b"a", b"", []), entry(b"a", b"", [])])


@forgery("bad-F-036-two-leaves", "two members of one name in two leaves")
def _distant_twins() -> bytes:
    forge = Forge()
    forge.head()
    forge.leaf([entry(b"a", b"", [])])
    return forge.finish([entry(b"a", b"", [])])


@forgery("bad-F-038-unopened", "a small member with another's pages")
def _borrowed_pages() -> bytes:
    forge = Forge()
    forge.head(reach=4096)
    forge.open(0, b"m")
    page = forge.extents(0, [[forge.block(A, member=0), 0, 22]])
    forge.leaf([entry(b"m", A, [[page, 0, 22]], level=1)])
    return forge.finish([entry(b"n", A, [[page, 0, 22]], level=1)])


# Index


def _indexed(
    items: Callable[[list[Any]], list[Any]] = list, level: int = 0, **footer: Any
) -> bytes:
    forge = Forge()
    forge.head()
    forge.leaf([entry(b"a", b"", [])])
    forge.leaf([entry(b"b", b"", [])], last=True)
    forge.root(items(forge.leaves), level)
    forge.footer(**footer)
    return bytes(forge.data)


variants(
    _indexed,
    BEHIND,
    {
        "bad-F-041-left-out": ("ROOT leaves out a leaf", {"items": lambda leaves: leaves[1:]}),
        "bad-F-041-order": (
            "ROOT lists leaves in another order",
            {"items": lambda leaves: leaves[::-1]},
        ),
        "bad-F-041-twice": (
            "ROOT lists a leaf twice",
            {"items": lambda leaves: [leaves[0], *leaves]},
        ),
        "bad-F-041-names": (
            "ROOT gives a leaf other names",
            {"items": lambda leaves: [[leaves[0][0], b"a", b"z"], leaves[1]]},
        ),
        "bad-F-041-level": ("ROOT of leaves says it is one of ROOTs", {"level": 1}),
        "bad-F-042-root": ("FOOTER points at HEAD for the root", {"root": 8}),
        "bad-F-042-last-leaf": ("FOOTER points at another leaf", {"last_leaf": 63}),
        "bad-F-042-no-root": ("FOOTER points nowhere", {"root": 0}),
        "bad-F-046-no-leaf": (
            "ROOT leads to HEAD for a leaf",
            {"items": lambda leaves: [[8, b"a", b"a"], leaves[1]]},
        ),
    },
)


@forgery("bad-F-041-no-root", "FOOTER comes without any ROOT", *BEHIND)
def _no_root() -> bytes:
    forge = Forge()
    forge.head()
    forge.leaf([], last=True)
    forge.footer(root=0)
    return bytes(forge.data)


FORGERIES["bad-F-043-pad"] = Forgery(lambda: _record(PAD, body=bytes(7) + b"\1"), "PAD holds a 1")


@forgery("bad-F-045-begin", "FOOTER's archive begins in the middle of another", "damaged")
def _begin() -> bytes:
    return b"\x89CZ\0\r\nZZ" + small()[8:]


@forgery("bad-F-047-expansion", "a hole of a tebibyte, under a caller's limits", "limit", "limit")
def _expansion() -> bytes:
    return small(item={"spans": [[0, 0, 1 << 40]], "size": 1 << 40, "hash": bytes(32)})


UNSEEN = """
bad-F-007-body-of-open bad-F-014-second-head bad-F-016-block-behind-last-leaf
bad-F-016-second-last-leaf bad-F-017-no-last-leaf bad-F-025-ordinal bad-F-025-within
bad-F-026-other-member bad-F-026-unopened bad-F-029-member bad-F-029-owned bad-F-029-position
bad-F-029-solid bad-F-030-no-reach bad-F-030-short-reach bad-F-031-waiting bad-F-032-nothing
bad-F-032-one-page bad-F-033-name bad-F-033-two bad-F-036-one-leaf bad-F-036-two-leaves
bad-F-038-unopened bad-F-040-root-hash bad-F-041-left-out bad-F-042-last-leaf bad-F-043-pad
bad-F-044-number bad-F-044-removed unsupported-F-009-kind-0 unsupported-F-009-kind-200
unsupported-F-009-kind-base unsupported-F-009-kind-crypt unsupported-F-009-kind-parity
unsupported-F-009-kind-tensors
"""
"""A reader that follows the index to the members never meets what is wrong in these."""
FORGERIES |= {name: replace(FORGERIES[name], seekable=None) for name in UNSEEN.split()}
