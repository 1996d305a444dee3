"""Between what a file system says of a file and what an archive records: the same facts, two layers."""

from functools import lru_cache

from compressor.archive.leaf import Entry, Owner
from compressor.archive.schema import FIRST_TIME, LAST_TIME
from compressor.tree.node import Node, NodeKind

_KINDS = {int(kind): kind for kind in NodeKind}


@lru_cache(maxsize=256)
def _owner(uid: int | None, gid: int | None, user: str | None, group: str | None) -> Owner:
    return Owner(uid, gid, user, group)  # one for all that have it: a tree has few


def recordable(time_ns: int) -> int:
    """Return a time as near as can be recorded: up to the year 2554."""
    if FIRST_TIME <= time_ns <= LAST_TIME:
        return time_ns
    return FIRST_TIME if time_ns < FIRST_TIME else LAST_TIME


def entry_of(node: Node) -> Entry:
    """Return the entry of a node; its content comes later."""
    return Entry(
        node.name,
        int(node.kind),
        mtime_ns=None if node.mtime_ns is None else recordable(node.mtime_ns),
        mode=node.mode,
        owner=_owner(node.uid, node.gid, node.user, node.group),
        target=node.target,
        device=node.device,
        xattrs=node.xattrs,
    )


def node_of(entry: Entry) -> Node:
    """Return what is to be restored of an entry."""
    owner = entry.owner
    return Node(
        entry.name,
        _KINDS[entry.kind],
        entry.mode,
        entry.mtime_ns,
        owner.uid,
        owner.gid,
        owner.user,
        owner.group,
        entry.target,
        entry.device,
        entry.xattrs,
    )
