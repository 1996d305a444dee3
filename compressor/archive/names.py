"""The order of names, and what ROOT records say of the names below them."""

from collections.abc import Iterator, Sequence

from compressor.archive.leaf import Entry
from compressor.archive.schema import LeafRef


def name_key(name: bytes) -> bytes:
    """Return what names are sorted by: their bytes, with ``/`` lowest; no name holds a NUL."""
    return name.replace(b"/", b"\0")


def keyed(key: bytes) -> bytes:
    """Return the name of a key."""
    return key.replace(b"\0", b"/")


def folders_above(name: bytes) -> Iterator[bytes]:
    """Yield the folders that lead to a name, the nearest first."""
    while b"/" in name:
        name = name.rpartition(b"/")[0]
        yield name


def leaf_ref(offset: int, entries: Sequence[Entry]) -> LeafRef:
    """Return what ROOT says of a leaf."""
    keys = [name_key(entry.name) for entry in entries] or [b""]
    return LeafRef(offset, keyed(min(keys)), keyed(max(keys)))


def page_ref(offset: int, items: Sequence[LeafRef]) -> LeafRef:
    """Return what a ROOT says of another one below it."""
    first = min((item.first for item in items), key=name_key)
    last = max((item.last for item in items), key=name_key)
    return LeafRef(offset, first, last, 1 + max(item.height for item in items))
