"""The order of names, what lies above and below them, and what ROOT records say of it."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Generic, TypeVar

from compressor.archive.leaf import Entry
from compressor.archive.schema import LeafRef

T = TypeVar("T")

MAX_FOLDERS = 16 << 20  # bytes of names of folders that are remembered at once


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


class ByFolder(Generic[T]):
    """What is known of folders by those above them: ``judge`` gets a folder and what its own one has.

    Each folder is judged once, and nothing above it again, as long as all fit into ``MAX_FOLDERS``: of deep
    trees most of a name is folders. What lies in none has ``top``.
    """

    def __init__(self, top: T, judge: Callable[[bytes, T], T]) -> None:
        self._top = top
        self._known = {b"": top}
        self._size = 0  # bytes of names that are known
        self._judge = judge

    def above(self, name: bytes) -> T:
        """Return what the folder has that a name lies in."""
        folder = name.rpartition(b"/")[0]
        known, missing = folder, []
        while known not in self._known:
            missing.append(len(known))
            known = known.rpartition(b"/")[0]
        found = self._known[known]
        for end in reversed(missing):
            found = self._judge(folder[:end], found)
            self._note(folder[:end], found)
        return found

    def _note(self, folder: bytes, found: T) -> None:
        self._size += len(folder)
        if self._size > MAX_FOLDERS:  # all folders of one hostile name would be half a gigabyte
            self._known, self._size = {b"": self._top}, len(folder)
        self._known[folder] = found


def leaf_ref(offset: int, entries: Sequence[Entry]) -> LeafRef:
    """Return what ROOT says of a leaf."""
    keys = [name_key(entry.name) for entry in entries] or [b""]
    return LeafRef(offset, keyed(min(keys)), keyed(max(keys)))


def page_ref(offset: int, items: Sequence[LeafRef]) -> LeafRef:
    """Return what a ROOT says of another one below it."""
    first = min((item.first for item in items), key=name_key)
    last = max((item.last for item in items), key=name_key)
    return LeafRef(offset, first, last, 1 + max(item.height for item in items))


def under(names: Iterable[bytes], roots: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the names at and below any of ``roots``; an empty one is above all."""
    exact = set(roots)
    folders = ByFolder(b"" in exact, lambda folder, above: above or folder in exact)
    for name in names:
        if name in exact or folders.above(name):
            yield name


class Wanted:
    """A name that is looked for, or the beginning of names."""

    def __init__(self, name: bytes, *, beginning: bool) -> None:
        self._key = name_key(name)
        self._size = len(name) if beginning else None  # bytes of a name that count

    def may_be_in(self, item: LeafRef) -> bool:
        """Say whether what an item of a ROOT leads to may hold it."""
        first, last = name_key(item.first)[: self._size], name_key(item.last)[: self._size]
        return first <= self._key <= last
