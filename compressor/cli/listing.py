"""Members as lines for people: one line each, as ``ls -l`` has them, or as a tree; and as JSON."""

import os
import stat
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import takewhile
from typing import Any

from compressor.archive.leaf import Entry
from compressor.archive.schema import (
    DEVICES,
    HARDLINK,
    SYMLINK,
)
from compressor.cli.report import shown
from compressor.engine.member import KINDS

_LETTERS = dict(zip(KINDS, "-dlhpcb", strict=True))
_FINE = ("├── ", "└── ", "│   ", "    ")
_PLAIN = ("|-- ", "`-- ", "|   ", "    ")


def short(entries: Sequence[Entry]) -> Iterator[str]:
    """Yield size, time and name of each member."""
    for entry in entries:
        yield f"{entry.size:>15,}  {when(entry.mtime_ns)}  {shown(entry.name) or '-'}"


def when(time_ns: int | None) -> str:
    """Return a time for people, to the minute, in 16 characters."""
    return " " * 16 if time_ns is None else _minute(time_ns // 10**9)


@lru_cache(1 << 16)  # files that were written together have like times
def _minute(seconds: int) -> str:
    try:
        return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))
    except (OverflowError, ValueError, OSError):
        return f"@{seconds}".ljust(16)


def long(entries: Sequence[Entry]) -> Iterator[str]:
    """Yield all that is recorded of each member but hash and attributes, as ``ls -l`` does.

    A hard link has the letter h and what its file has, but for the size. Links are names that share
    a file; nothing else is counted.
    """
    names = Counter(entry.target for entry in entries if entry.kind == HARDLINK)
    linked = {entry.name: entry for entry in entries if entry.name in names}
    rows = [_columns(entry, _node(entry, linked), names) for entry in entries]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for (mode, links, user, group, size, time_), entry in zip(rows, entries, strict=True):
        owners = f"{links:>{widths[1]}} {user:<{widths[2]}} {group:<{widths[3]}}"
        name = (shown(entry.name) or "-") + _leads_to(entry)
        yield f"{mode} {owners} {size:>{widths[4]}} {time_} {name}"


def _node(entry: Entry, linked: dict[bytes, Entry]) -> Entry:
    """Return what says more of a member: of a hard link the file."""
    return linked.get(entry.target or b"", entry) if entry.kind == HARDLINK else entry


def _columns(entry: Entry, node: Entry, names: Counter[bytes | None]) -> tuple[str, ...]:
    owner = node.owner
    size = f"{entry.size:,}"
    if entry.kind in DEVICES and entry.device:
        size = f"{entry.device[0]},{entry.device[1]}"
    return (
        _LETTERS[entry.kind] + _permissions(node.mode),
        str(1 + names[node.name]),
        _named(owner.user, owner.uid),
        _named(owner.group, owner.gid),
        size,
        when(node.mtime_ns),
    )


@lru_cache(1 << 12)
def _permissions(mode: int | None) -> str:
    return "?????????" if mode is None else stat.filemode(mode)[1:]


def _named(name: str | None, number: int | None) -> str:
    if name:
        return shown(name)
    return "-" if number is None else str(number)


def _leads_to(entry: Entry) -> str:
    if entry.kind == SYMLINK:
        return f" -> {shown(entry.target or b'')}"
    return f" (hard link to {shown(entry.target or b'')})" if entry.kind == HARDLINK else ""


def tree(entries: Sequence[Entry]) -> Iterator[str]:
    """Yield members below the folders that their names name; they must be sorted by ``name_key``."""
    nodes = list(_nodes(entries))
    tee, corner, bar, gap = _FINE if _can_say("".join(_FINE)) else _PLAIN
    above: list[str] = []  # what continues the lines of the folders above
    for (depth, text), last in zip(nodes, _lasts([depth for depth, _ in nodes]), strict=True):
        del above[depth:]
        yield "".join(above) + (corner if last else tee) + text
        above.append(gap if last else bar)


def _nodes(entries: Sequence[Entry]) -> Iterator[tuple[int, str]]:
    """Yield depth and text of each member, and of the folders above that are none themselves."""
    before: list[bytes] = []
    for entry in entries:
        parts = entry.name.split(b"/")
        pairs = takewhile(_alike, zip(before, parts[:-1], strict=False))
        common = sum(1 for _ in pairs)
        for depth in range(common, len(parts) - 1):
            yield depth, shown(parts[depth]) or "-"
        yield len(parts) - 1, (shown(parts[-1]) or "-") + _leads_to(entry)
        before = parts


def _alike(pair: tuple[bytes, bytes]) -> bool:
    return pair[0] == pair[1]


def _lasts(depths: list[int]) -> list[bool]:
    """Say of each node whether it is the last one in its folder."""
    follows: list[bool] = []  # for each depth: a later node in the same folder
    lasts = []
    for depth in reversed(depths):
        follows += [False] * (depth + 1 - len(follows))
        lasts.append(not follows[depth])
        del follows[depth + 1 :]
        follows[depth] = True
    return lasts[::-1]


def _can_say(text: str) -> bool:
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True


def fields(entry: Entry) -> dict[str, Any]:
    """Return all that is recorded of a member, for JSON."""
    import base64  # imported late: for machines only

    owner = entry.owner
    return {
        "name": os.fsdecode(entry.name),
        "kind": KINDS[entry.kind],
        "size": entry.size,
        "mtime_ns": entry.mtime_ns,
        "mode": entry.mode,
        "uid": owner.uid,
        "gid": owner.gid,
        "user": owner.user,
        "group": owner.group,
        "target": None if entry.target is None else os.fsdecode(entry.target),
        "device": list(entry.device) if entry.device else None,
        "xattrs": {
            os.fsdecode(name): base64.b64encode(value).decode() for name, value in entry.xattrs
        },
        "blake3": entry.content_hash.hex() or None,
    }
