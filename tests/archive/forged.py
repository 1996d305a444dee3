"""The archives that a reader must refuse, one for each rule, built so that this rule alone is broken."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from tests.archive.forge import (
    CRYPT,
    DIFFERENCE,
    FOLDER,
    MAGIC,
    MEMBERS,
    OPEN,
    PAD,
    PARITY,
    SYMLINK,
    TENSORS,
    Forge,
    columns_of,
    difference,
    digest,
    entry,
    listing,
    pack,
    stored,
)
from tests.archive.sound import S0, S1, S2, STATES

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
    """One small file in a solid block; with changes, those to the version and to columns together."""
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
    item: Callable[[int, int], dict[str, Any]] = lambda p, q: {},
) -> bytes:
    """One member of two blocks; with changes, those to the entry by the offsets of its pages."""
    forge = Forge()
    forge.head(block_size=22)
    forge.open(**({"member": 0, "name": b"m"} | (opened or {})))
    one = forge.block(A, **({"member": 0, "position": 0} | (first or {})))
    p = forge.extents(0, [[one, 0, 22]])
    two = forge.block(B, **({"member": 0, "position": 22} | (second or {})))
    q = forge.extents(**({"position": 22, "spans": [[two, 0, 7]]} | (page or {})))
    fields = {"name": b"m", "content": A + B, "spans": [[p, 0, 22], [q, 22, 7]], "level": 1}
    return forge.finish([entry(**(fields | item(p, q)))])


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
    lambda: small()[:100], "ends in a header", "truncated", "truncated"
)
FORGERIES["bad-F-002-within-body"] = Forgery(
    lambda: small()[:130], "ends in a block", "truncated", "truncated"
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
            (
                "F-007-meta",
                "a block with 16 MiB of meta and one byte",
                {"meta_size": (16 << 20) + 1},
            ),
            ("F-008-content-check", "a block's check differs", {"content_check": bytes(8)}),
        )
    },
)


@forgery("bad-F-007-body-of-open", "an OPEN with a body")
def _body_of_open() -> bytes:
    forge = Forge()
    forge.head()
    forge.put(OPEN, pack([0, b"m", 0]), b"hidden")
    return forge.finish([entry(b"m")])


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
        "bad-F-010-text-for-name": ("a name that is a str", {"version": {"rests": ["a"]}}),
        "bad-F-010-float": ("a size that is a float", {"version": {"sizes": [22.0]}}),
        "bad-F-010-mode": ("a mode above 4095", {"version": {"modes": [4096]}}),
        "bad-F-010-level": ("a level above 6", {"version": {"levels": [7]}}),
        "bad-F-010-count": ("a size of 2^63", {"version": {"sizes": [1 << 63]}}),
        "bad-F-010-user": (
            "a user's name of 257",
            {"version": {"owners": [[1, 1, "u" * 257, None]]}},
        ),
        "bad-F-010-piece": (
            "a piece of no bytes",
            {"block": {"pieces": [[0, 0]], "piece_hashes": bytes(16)}},
        ),
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


_COLUMNS = pack([*columns_of([], []).values()])


def _columns(plain: bytes = _COLUMNS) -> dict[str, Any]:
    """A leaf without entries."""
    body = stored(plain)
    return {"kind": MEMBERS, "meta": pack([0, len(plain), len(body), None]), "body": body}


def _meta(meta: bytes) -> dict[str, Any]:
    return _columns() | {"meta": meta}


_META = _columns()["meta"]
# Deep enough to exhaust a reader that recurses without counting.
_NESTED = b"\xdc\x00\x15" + _COLUMNS[3:] + b"\x91" * 3000 + b"\xc0"
_MANY = columns_of([], []) | {"owners": [[]] * 513}

variants(
    _raw,
    BOTH,
    {
        "bad-F-010-trailing": (
            "a byte behind the meta's array",
            _meta(_META + b"\0"),
        ),
        "bad-F-010-short-array": (
            "an array shorter than its table",
            _meta(b"\x93" + _META[1:-1]),
        ),
        "bad-F-010-cut": (
            "an array that ends early",
            _meta(_META[:-1]),
        ),
        "bad-F-010-huge-array": (
            "columns that claim to be 2^32 - 1",
            _columns(b"\xdd\xff\xff\xff\xff"),
        ),
        "bad-F-010-nested": (
            "3000 arrays, each in the other",
            _columns(_NESTED),
        ),
        "bad-F-010-map": (
            "a map for the columns",
            _columns(b"\x80"),
        ),
    },
)

# Head

variants(
    small,
    UNSUPPORTED,
    {
        "unsupported-F-011-version-1": ("format version 1.0", {"head": {"major": 1, "minor": 0}}),
        "unsupported-F-011-version-0-1": ("format version 0.1", {"head": {"minor": 1}}),
        "unsupported-F-011-version-0-2": ("format version 0.2", {"head": {"minor": 2}}),
        "unsupported-F-011-version-0-4": ("format version 0.4", {"head": {"minor": 4}}),
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
                "lossy",
                "teleportation",
            )
        },
    },
)


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
    forge.leaf([entry(b"a")])
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
FORGERIES["bad-F-022-reach-unlimited"] = Forgery(
    lambda: small(head={"reach": MAX}), "all of it to be kept", "limit", None
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
        "bad-F-010-span": ("a span of four", {"page": {"spans": [[63, 0, 7, 0]]}}),
        "bad-F-027-level-0": ("a page without length", {"page": {"spans": [[63, 0, 0]]}}),
        "bad-F-027-overflow": ("holes of 2^64 - 2 bytes", {"page": {"spans": [[0, 0, MAX]] * 2}}),
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
            {"item": lambda p, q: {"spans": [], "level": 0, "size": 0, "hash": digest(b"")}},
        ),
        "bad-F-032-one-page": (
            "an entry that leaves out a page",
            {"item": lambda p, q: {"spans": [[p, 0, 22]], "size": 22, "hash": digest(A)}},
        ),
        "bad-F-033-name": (
            "the leaf closes another member",
            {"item": lambda p, q: {"name": b"n"}},
        ),
        "bad-F-033-kind": ("the leaf closes a folder", {"item": lambda p, q: {"kind": FOLDER}}),
        "bad-F-035-open": (
            "a NUL in the name of OPEN",
            {"opened": {"name": b"a\0b"}, "item": lambda p, q: {"name": b"a\0b"}},
        ),
        "bad-F-039-hash-of-large": (
            "the hash of other content",
            {"item": lambda p, q: {"hash": digest(B + A)}},
        ),
    },
)
FORGERIES["unsupported-F-037-open"] = Forgery(
    lambda: large(opened={"kind": 7}, item=lambda p, q: {"kind": 7}), "OPEN of kind 7", *UNSUPPORTED
)


@forgery("bad-F-025-within", "a member opens within another")
def _open_within() -> bytes:
    forge = Forge()
    forge.head()
    forge.open(0, b"m")
    forge.open(0, b"n")
    return forge.finish([entry(b"n")])


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
        "bad-F-027-no-rest": (
            "extents of all bytes before the last one",
            {"item": {"spans": [[0, 0, 9]] * 2, "size": 9}},
        ),
        "bad-F-028-before": ("an extent in no block", {"item": {"spans": [[8, 0, 22]]}}),
        "bad-F-028-outside": (
            "an extent behind the archive",
            {"item": {"spans": [[1 << 40, 0, 22]]}},
        ),
        "bad-F-034-count": ("a leaf that counts two, and holds one", {"version": {"count": 2}}),
        "bad-F-035-name": ("a NUL in a name", {"item": {"name": b"a\0b"}}),
        "bad-F-035-target": (
            "a NUL in a target",
            {"item": {"kind": SYMLINK, "target": b"a\0b"}},
        ),
        "bad-F-035-attribute": (
            "a NUL in the name of an attribute",
            {"item": {"xattrs": [[b"a\0b", b""]]}},
        ),
        "bad-F-035-owner": ("a NUL in a user's name", {"item": {"owner": [1, 1, "a\0b", None]}}),
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
        "bad-F-044-kept": ("a first version that keeps content", {"item": {"kept": [67, 0]}}),
    },
)
variants(
    small,
    UNSUPPORTED,
    {"unsupported-F-037-member": ("a member of kind 7", {"item": {"kind": 7}})},
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


def _twice(*, refers: bool) -> bytes:
    """A block that is referred to when it is old; ``refers``: from one byte further than reach goes."""
    reach = 0
    while True:
        forge = Forge()
        forge.head(reach=reach)
        at = forge.block(A)
        forge.leaf([entry(b"a", A, [[at, 0, 22]])])
        distance = len(forge.data) - at
        if reach == (distance - 1 if refers else 0):
            return forge.finish([entry(b"b", A, [[at, 0, 22]])])
        reach = distance - 1


variants(
    _twice,
    BOTH,
    {
        "bad-F-030-no-reach": ("an old block, where nothing refers back", {"refers": False}),
        "bad-F-030-short-reach": ("an old block, one byte out of reach", {"refers": True}),
    },
)


@forgery("bad-F-031-waiting", "more than block_size of blocks wait for their extents")
def _waiting() -> bytes:
    forge = Forge()
    forge.head(block_size=22)
    first, second = forge.block(A), forge.block(B)
    return forge.finish([entry(b"a", A + B, [[first, 0, 22], [second, 0, 7]])])


def _paged(page: Callable[[int, int], dict[str, Any]]) -> bytes:
    """A member under two levels of pages."""
    forge = Forge()
    forge.head(block_size=22)
    forge.open(0, b"m")
    p = forge.extents(0, [[forge.block(A, member=0), 0, 22]])
    q = forge.extents(22, [[forge.block(B, member=0, position=22), 0, 7]])
    fields = {"position": 0, "spans": [[p, 0, 22], [q, 22, 7]], "level": 1}
    top = forge.extents(**(fields | page(p, q)))
    return forge.finish([entry(b"m", A + B, [[top, 0, 29]], level=2)])


variants(
    _paged,
    BOTH,
    {
        "bad-F-032-page-order": (
            "a page in another order",
            {"page": lambda p, q: {"spans": [[q, 22, 7], [p, 0, 22]]}},
        ),
        "bad-F-032-page-position": (
            "a page of another position",
            {"page": lambda p, q: {"position": 1}},
        ),
        "bad-F-032-page-level": ("a page of another level", {"page": lambda p, q: {"level": 2}}),
    },
)


@forgery("bad-F-033-two", "the leaf behind an OPEN holds two members")
def _two_close() -> bytes:
    forge = Forge()
    forge.head()
    forge.open(0, b"m")
    return forge.finish([entry(b"m"), entry(b"n")])


@forgery("bad-F-036-one-leaf", "two members of one name in one leaf")
def _twins() -> bytes:
    forge = Forge()
    forge.head()
    return forge.finish([entry(b"a"), entry(b"a")])


@forgery("bad-F-036-two-leaves", "two members of one name in two leaves")
def _distant_twins() -> bytes:
    forge = Forge()
    forge.head()
    forge.leaf([entry(b"a")])
    return forge.finish([entry(b"a")])


@forgery("bad-F-038-unopened", "a small member with another's pages")
def _borrowed_pages() -> bytes:
    forge = Forge()
    forge.head(reach=4096)
    forge.open(0, b"m")
    page = forge.extents(0, [[forge.block(A, member=0), 0, 22]])
    forge.leaf([entry(b"m", A, [[page, 0, 22]], level=1)])
    return forge.finish([entry(b"n", A, [[page, 0, 22]], level=1)])


# Index


def _indexed(items: Callable[[list[Any]], list[Any]] = list, **footer: Any) -> bytes:
    forge = Forge()
    forge.head()
    forge.leaf([entry(b"a")])
    forge.leaf([entry(b"b")], last=True)
    forge.root(items(forge.leaves))
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
            {"items": lambda leaves: [[leaves[0][0], b"a", b"z", 0], leaves[1]]},
        ),
        "bad-F-041-height": (
            "ROOT says that a leaf is a ROOT",
            {"items": lambda leaves: [leaves[0], [*leaves[1][:3], 1]]},
        ),
        "bad-F-042-previous": ("FOOTER names a version before the first", {"previous": 8}),
        "bad-F-042-root": ("FOOTER points at HEAD for the root", {"root": 8}),
        "bad-F-042-last-leaf": ("FOOTER points at another leaf", {"last_leaf": 63}),
        "bad-F-042-no-root": ("FOOTER points nowhere", {"root": 0}),
        "bad-F-046-no-leaf": (
            "ROOT leads to HEAD for a leaf",
            {"items": lambda leaves: [[8, b"a", b"a", 0], leaves[1]]},
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


@forgery(
    "bad-F-041-twice-below", "a ROOT lists a leaf that another one below it lists too", *BEHIND
)
def _twice_below() -> bytes:
    forge = Forge()
    forge.head()
    forge.leaf([entry(b"a")])
    forge.leaf([entry(b"b")], last=True)
    below = listing(forge.root(), forge.leaves)
    forge.root([below, forge.leaves[1]])
    forge.footer()
    return bytes(forge.data)


FORGERIES["bad-F-043-pad"] = Forgery(lambda: _record(PAD, body=bytes(7) + b"\1"), "PAD holds a 1")


@forgery("bad-F-045-begin", "FOOTER's archive begins in the middle of another", "damaged")
def _begin() -> bytes:
    return b"\x89CZ\0\r\nZZ" + small()[8:]


@forgery("bad-F-047-expansion", "a hole of a tebibyte, under a caller's limits", "limit", "limit")
def _expansion() -> bytes:
    return small(item={"spans": [[0, 0, 1 << 40]], "size": 1 << 40, "hash": bytes(32)})


# Leaves

_X = {"xattrs": [[[b"b", b""], [b"a", b""]]]}
variants(
    small,
    BOTH,
    {
        f"bad-F-048-{name}": (about, {"version": changes})
        for name, about, changes in (
            ("shared", "a name that shares more than there is", {"shared": [1]}),
            ("names", "two names for one member", {"shared": [0, 0], "rests": [b"a", b"b"]}),
            ("long-name", "no place for a rest", {"rests": [b"a", b"b"]}),
            ("mtimes", "no time for a member", {"mtimes": []}),
            ("modes", "two modes for a member", {"modes": [None, None]}),
            ("owner-of", "no owner for a member", {"owner_of": []}),
            ("owner", "an owner that is not in the table", {"owner_of": [1]}),
            ("attributes-of", "no attributes for a member", {"xattrs_of": []}),
            ("attributes", "attributes that are not in the table", {"xattrs_of": [1]}),
            ("attributes-order", "attributes out of order", _X),
            ("attributes-twice", "an attribute twice", {"xattrs": [[[b"a", b""], [b"a", b""]]]}),
            ("targets", "a target for a file", {"targets": [b"b"]}),
            ("devices", "a device number for a file", {"devices": [[1, 2]]}),
            ("sizes", "no size for a file", {"sizes": []}),
            ("levels", "two levels for a file", {"levels": [0, 0]}),
            ("span-counts", "more extents than there are", {"span_counts": [2]}),
            ("offsets", "one offset too many", {"offsets": [67, 0]}),
            ("starts", "one start too few", {"starts": []}),
            ("lengths", "the last length, which follows from the size", {"lengths": [22]}),
            ("short-hash", "a hash of 31 bytes", {"hashes": bytes(31)}),
            ("hashes", "a hash too many", {"hashes": digest(A) + digest(B)}),
            (
                "no-extents",
                "a size, and no extents",
                {"span_counts": [0], "offsets": [], "starts": []},
            ),
            ("removed", "a removed name without its rest", {"removed_shared": [0]}),
            ("plain-size", "columns larger than declared", {"plain_size": 20}),
            ("plain-size-more", "columns smaller than declared", {"plain_size": 1 << 20}),
            ("large", "more than 2 MiB of columns", {"plain_size": (2 << 20) + 1}),
            ("packed-size", "a zlib stream longer than the body", {"packed_size": 4096}),
            ("packed-less", "a zlib stream that is cut", {"packed_size": 20}),
            ("no-zlib", "a zlib stream that is none", {"packed": b"no zlib stream"}),
            ("zlib-more", "a byte behind a zlib stream", {"packed": stored(_COLUMNS) + b"\0"}),
        )
    },
)
variants(
    small,
    BOTH,
    {
        "bad-F-049-beyond": (
            "pieces beyond the end of their block",
            {"block": {"listed": [(1, A)]}},
        ),
        "bad-F-049-check": (
            "a check of other pieces",
            {"block": {"listed": [(0, B)], "pieces_check": bytes(8)}},
        ),
        "bad-F-049-check-of-none": (
            "a check of no pieces",
            {"block": {"pieces_check": bytes(8)}},
        ),
        "bad-F-049-hashes": (
            "a hash too few for the pieces",
            {"block": {"listed": [(0, B), (0, B)], "piece_hashes": bytes(16)}},
        ),
    },
)

# Versions


def two(
    *,
    entries: Callable[[int], list[Any]] = lambda leaf: [],
    removed: Callable[[], list[bytes]] = list,
    head: dict[str, Any] | None = None,
    version: dict[str, Any] | None = None,
    dead: bool = False,
    listed: bool = False,
    items: Callable[[list[Any]], list[Any]] = list,
    footer: dict[str, Any] | None = None,
) -> bytes:
    """A version of a file a and a folder d, and one behind it; ``entries`` by the first one's leaf.

    ``dead``: nothing of that leaf stays; ``listed``: the second ROOT lists it.
    """
    forge = Forge()
    forge.head(reach=1 << 16)
    at = forge.block(A)
    forge.leaf([entry(b"a", A, [[at, 0, 22]]), entry(b"d", kind=FOLDER)])
    leaf = forge.leaf_at
    forge.finish([entry(b"z")])
    lost = [item for item in forge.leaves if item[0] == leaf]
    forge.append(*([leaf] if dead else []), **({"reach": 1 << 16} | (head or {})))
    forge.leaf(entries(leaf), last=True, removed=removed(), **({"number": 2} | (version or {})))
    forge.root(items([*lost, *forge.leaves] if dead and listed else forge.leaves))
    forge.footer(**(footer or {}))
    return bytes(forge.data)


def _chained() -> bytes:
    """A third version that keeps what the second one kept, by the second one's entry."""
    forge = Forge()
    forge.head(reach=1 << 16)
    forge.finish([entry(b"a", A, [[forge.block(A), 0, 22]])])
    leaf = forge.leaf_at
    forge.append(leaf, reach=1 << 16)
    forge.finish([entry(b"a", kept=[leaf, 0])], number=2)
    leaf = forge.leaf_at
    forge.append(leaf, reach=1 << 16)
    return forge.finish([entry(b"a", kept=[leaf, 0])], number=3)


def _between(*records: tuple[list[Any], list[bytes]]) -> bytes:
    """A second version of several leaves."""
    forge = Forge()
    forge.head()
    forge.finish([entry(b"a")])
    forge.append(forge.leaf_at)
    for entries, removed in records:
        forge.leaf(entries, removed=removed)
    return forge.finish([], number=2)


def _drop(name: str) -> Callable[[int], list[Any]]:
    """All of the first leaf, but for one name, anew."""
    every = {"a": entry(b"a"), "d": entry(b"d", kind=FOLDER)}
    return lambda leaf: [one for key, one in every.items() if key != name]


variants(
    two,
    BOTH,
    {
        "bad-F-015-appended": ("a HEAD that names another FOOTER", {"head": {"previous": 65}}),
        "bad-F-040-versions": (
            "a root hash without the leaves that stay",
            {"version": {"root_hash": digest(bytes(32))}},
        ),
        "bad-F-044-same-number": ("two versions of one number", {"version": {"number": 1}}),
        "bad-F-048-kept-behind": (
            "content kept of a leaf that does not stand before",
            {"dead": True, "entries": lambda leaf: [entry(b"a", kept=[leaf + 4096, 0])]},
        ),
        "bad-F-048-kept-folder": (
            "a folder that keeps content",
            {"dead": True, "version": {"kept": [[1, 67, 0]]}, "entries": _drop("")},
        ),
        "bad-F-050-name": (
            "content kept of another name",
            {"dead": True, "entries": lambda leaf: [entry(b"z", kept=[leaf, 0])]},
        ),
        "bad-F-050-number": (
            "content kept of an entry that is not there",
            {"dead": True, "entries": lambda leaf: [entry(b"a", kept=[leaf, 7])]},
        ),
        "bad-F-050-folder": (
            "content kept of a folder",
            {"dead": True, "entries": lambda leaf: [entry(b"d", kept=[leaf, 1])]},
        ),
        "bad-F-050-new": (
            "content kept of a name that is new",
            {"entries": lambda leaf: [entry(b"new", kept=[leaf, 0])]},
        ),
        "bad-F-051-removed": ("a removed name that was not there", {"removed": lambda: [b"b"]}),
        "bad-F-051-there": (
            "a name that is removed and there",
            {"dead": True, "removed": lambda: [b"a"], "entries": lambda leaf: [entry(b"a")]},
        ),
        "bad-F-051-twice": (
            "a name that is removed twice",
            {"dead": True, "removed": lambda: [b"a", b"a"]},
        ),
        "bad-F-052-block-size": ("a version of smaller blocks", {"head": {"block_size": 63}}),
        "bad-F-052-memory": ("a version of less memory", {"head": {"decode_memory": 63}}),
    },
)
variants(
    two,
    BEHIND,
    {
        "bad-F-041-stays": ("a leaf that stays is not listed", {"items": lambda items: items[1:]}),
        "bad-F-041-partly": (
            "a leaf is listed of which one member is gone",
            {"removed": lambda: [b"a"]},
        ),
        "bad-F-041-dead": (
            "a leaf is listed of which nothing stays",
            {"dead": True, "listed": True, "removed": lambda: [b"a", b"d"]},
        ),
        "bad-F-042-no-previous": (
            "the FOOTER of a second version names none before",
            {"footer": {"previous": 0}},
        ),
    },
)
FORGERIES["bad-F-050-chain"] = Forgery(_chained, "content kept of an entry that keeps it itself")
FORGERIES["bad-F-051-added"] = Forgery(
    lambda: _between(([entry(b"a"), entry(b"n")], []), ([], [b"n"])),
    "a name that this version added is removed",
)


@forgery("bad-F-018-block", "a block behind the end", "damaged", "unfinished")
def _block_behind() -> bytes:
    forge = Forge(bytearray(small()))
    forge.block(A)
    return bytes(forge.data)


# Differences


def differing(
    *,
    head: dict[str, Any] | None = None,
    old: dict[str, Any] | None = None,
    base: dict[str, Any] | None = None,
    block: Callable[[int, int], dict[str, Any]] = lambda old, base: {},
) -> bytes:
    """A block from one in another member, with a BASE that it may name; ``block`` by their offsets."""
    forge = Forge()
    forge.head(**(STATES | (head or {})))
    first = forge.block(S0, **(old or {}))
    forge.leaf([entry(b"a", S0, [[first, 0, 128]])])
    outside = forge.base(**({"content": S0} | (base or {})))
    fields: dict[str, Any] = {"plain": S1, "base": S0, "spans": [[first, 0, 128]]}
    changes = block(first, outside)
    if "spans" in changes:
        changes.setdefault("needs", sum(span[0] == first for span in changes["spans"]))
    at = forge.difference(**(fields | changes))
    return forge.finish([entry(b"b", S1, [[at, 0, 128]])])


def _named(**changes: Any) -> dict[str, Any]:
    """The difference is from the BASE, and that differs."""
    return {"base": changes, "block": lambda old, base: {"spans": [[base, 0, 128]]}}


def _spans(make: Callable[[int, int], list[list[int]]], **changes: Any) -> dict[str, Any]:
    return {"block": lambda old, base: {"spans": make(old, base), **changes}}


BASE_SIZE = 40 + len(pack([b"base", 128, bytes(32)]))
_FILTERED = f"floatsplit:dtype=bf16:mantissa_bits=0({DIFFERENCE},store)"
variants(
    differing,
    BOTH,
    {
        "bad-F-006-skippable-base": (
            "a BASE that says it may be skipped",
            _named(frame={"flags": 1}),
        ),
        "bad-F-007-base-meta": (
            "a BASE of 64 KiB and one byte",
            _named(frame={"meta_size": 65537}),
        ),
        "bad-F-007-base-body": ("a BASE with a body", _named(frame={"body_size": 1})),
        "bad-F-010-base-hash": ("a BASE with a hash of 31 bytes", _named(hash=bytes(31))),
        "bad-F-010-base-name": ("a BASE whose name is a str", _named(name="base")),
        "bad-F-010-base-size": ("a BASE of 2^63 bytes", _named(size=1 << 63)),
        "bad-F-010-base-span": ("a base of two numbers", _spans(lambda old, base: [[old, 0]])),
        "bad-F-010-base-spans": (
            "a base of 65 spans",
            _spans(lambda old, base: [[base, 0, 1]] * 64 + [[base, 64, 64]]),
        ),
        "bad-F-010-needs": (
            "a block that needs 33 others",
            _spans(lambda old, base: [[old, 0, 128]], needs=33),
        ),
        "bad-F-020-based": (
            "a based codec below a filter",
            _spans(lambda old, base: [[old, 0, 128]], chain=_FILTERED, sizes=[64, 64, 64]),
        ),
        "bad-F-024-difference": (
            "a difference that lacks a byte",
            _spans(lambda old, base: [[old, 0, 128]], body=difference(S1, S0)[:-1]),
        ),
        "bad-F-028-base": ("a base beyond its block", _spans(lambda old, base: [[old, 1, 128]])),
        "bad-F-028-base-outside": (
            "a base beyond the content outside",
            _spans(lambda old, base: [[base, 1, 128]]),
        ),
        "bad-F-028-base-overflow": (
            "a base that begins at 2^63 - 1",
            _spans(lambda old, base: [[base, MAX, 128]]),
        ),
        "bad-F-035-base": ("a NUL in the name of a BASE", _named(name=b"a\0b")),
        "bad-F-046-base": ("a base in what is no block", _spans(lambda old, base: [[8, 0, 128]])),
        "bad-F-054-short": ("a base that lacks a byte", _spans(lambda old, base: [[old, 0, 127]])),
        "bad-F-054-long": (
            "a base with a byte more",
            _spans(lambda old, base: [[old, 0, 128], [old, 0, 1]]),
        ),
        "bad-F-054-empty": (
            "a part of a base without length",
            _spans(lambda old, base: [[old, 0, 128], [base, 0, 0]]),
        ),
        "bad-F-054-hole": (
            "a hole in a base",
            _spans(lambda old, base: [[old, 0, 64], [0, 0, 64]]),
        ),
        "bad-F-054-behind": (
            "a base that stands behind its block",
            _spans(lambda old, base: [[base + 4096, 0, 128]], needs=1),
        ),
        "bad-F-054-own": (
            "a block that is a difference from itself",
            _spans(lambda old, base: [[base + BASE_SIZE, 0, 128]], needs=1),
        ),
        "bad-F-054-needs": (
            "a block without a base that needs one",
            _spans(lambda old, base: [], chain="store", body=S1, needs=1),
        ),
        "bad-F-055-fewer": (
            "a block that needs more than it says",
            _spans(lambda old, base: [[old, 0, 64], [old, 64, 64]], needs=1),
        ),
        "bad-F-055-none": (
            "a block that needs one, and says none",
            _spans(lambda old, base: [[old, 0, 128]], needs=0),
        ),
        "bad-F-055-more": (
            "a block that needs fewer than it says",
            _spans(lambda old, base: [[old, 0, 128]], needs=2),
        ),
        "bad-F-056-no-base": (
            "a based chain without a base",
            _spans(lambda old, base: [], needs=0),
        ),
        "bad-F-056-base": (
            "a base for a chain that has no use for it",
            _spans(lambda old, base: [[old, 0, 128]], chain="store", body=S1),
        ),
        "bad-F-056-base-of-filter": (
            "a base for a filter",
            _spans(
                lambda old, base: [[old, 0, 128]],
                chain="floatsplit:dtype=bf16:mantissa_bits=0(store,store)",
                sizes=[64, 64, 64, 64],
                body=S1,
            ),
        ),
    },
)
FORGERIES["unsupported-F-057-missing"] = Forgery(
    lambda: differing(**_named()), "a difference from a content that is not given", *UNSUPPORTED
)
FORGERIES["unsupported-F-057-empty"] = Forgery(
    lambda: differing(**_named(content=b"", size=128)),
    "a content outside that no bytes can have: its hash is that of none",
    *UNSUPPORTED,
)


@forgery("bad-F-016-base-behind-last-leaf", "a BASE behind the last leaf", *BEHIND)
def _base_behind_last_leaf() -> bytes:
    forge = Forge()
    forge.head()
    forge.leaf([], last=True)
    forge.base(S0)
    forge.root()
    forge.footer()
    return bytes(forge.data)


def _chain_of(says: int, reach: Callable[[list[int]], int] = lambda at: 1 << 16) -> bytes:
    """Three states, and a member that has the last one again; ``says``: what that needs by its word.

    ``reach`` is declared, by the offsets of the blocks and of the last leaf.
    """
    declared = 1 << 16
    while True:
        forge = Forge()
        forge.head(**STATES | {"reach": declared})
        at = [forge.block(S0)]
        forge.leaf([entry(b"0", S0, [[at[0], 0, 128]])])
        at.append(forge.difference(S1, S0, [[at[0], 0, 128]]))
        forge.leaf([entry(b"1", S1, [[at[1], 0, 128]])])
        at.append(forge.difference(S2, S1, [[at[1], 0, 128]], needs=says))
        forge.leaf([entry(b"2", S2, [[at[2], 0, 128]])])
        data = forge.finish([entry(b"3", S2, [[at[2], 0, 128]])])
        wanted = reach([*at, forge.leaf_at])
        if wanted == declared:
            return data
        declared = wanted


variants(
    _chain_of,
    BOTH,
    {
        "bad-F-055-base-of-base": (
            "a block that does not count what its base needs",
            {"says": 1},
        ),
        "bad-F-055-chain": ("a block that counts its base's base twice", {"says": 3}),
        "bad-F-030-base": (
            "a base one byte out of reach",
            {"says": 2, "reach": lambda at: at[2] - at[1] - 1},
        ),
        "bad-F-030-base-of-base": (
            "a base in reach whose own base is one byte out of it",
            {"says": 2, "reach": lambda at: at[2] - at[0] - 1},
        ),
        "bad-F-030-base-of-old": (
            "an old block in reach whose base is one byte out of it",
            {"says": 2, "reach": lambda at: at[3] - at[0] - 1},
        ),
    },
)


UNSEEN = """
bad-F-007-body-of-open bad-F-014-second-head bad-F-016-block-behind-last-leaf
bad-F-016-second-last-leaf bad-F-017-no-last-leaf bad-F-025-ordinal bad-F-025-within
bad-F-026-other-member bad-F-026-unopened bad-F-029-member bad-F-029-owned bad-F-029-position
bad-F-029-solid bad-F-030-no-reach bad-F-030-short-reach bad-F-031-waiting bad-F-032-nothing
bad-F-032-one-page bad-F-033-name bad-F-033-two bad-F-036-one-leaf bad-F-036-two-leaves
bad-F-038-unopened bad-F-040-root-hash bad-F-041-left-out bad-F-042-last-leaf bad-F-043-pad
bad-F-044-number bad-F-044-removed bad-F-033-kind bad-F-040-versions
bad-F-041-dead bad-F-041-partly bad-F-041-stays bad-F-042-no-previous bad-F-044-same-number
bad-F-051-added bad-F-051-removed bad-F-051-there bad-F-051-twice bad-F-052-block-size
bad-F-052-memory unsupported-F-009-kind-0 unsupported-F-009-kind-200
unsupported-F-009-kind-crypt unsupported-F-009-kind-parity unsupported-F-009-kind-tensors
bad-F-016-base-behind-last-leaf bad-F-030-base bad-F-030-base-of-base bad-F-030-base-of-old
"""
"""A reader that follows the index to the members never meets what is wrong in these."""
FORGERIES |= {name: replace(FORGERIES[name], seekable=None) for name in UNSEEN.split()}
