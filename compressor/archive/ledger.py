"""What the versions of an archive hold, as a reader that goes forward learns it leaf by leaf.

Its memory grows with the number of members: a name and a number each.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest
from typing import NamedTuple

from blake3 import blake3

from compressor.archive.leaf import Entry, Place
from compressor.archive.names import leaf_ref, page_ref
from compressor.archive.schema import FILE, MAX_ENTRIES, LeafRef, Version
from compressor.errors import DamagedError

NOWHERE = (0, 0)  # the place of content that no member has


class _Page(NamedTuple):
    """A ROOT record: what lists it, the offsets of the first and last leaf below, and of its items."""

    ref: LeafRef | None
    first: int
    last: int
    items: Sequence[int]


class Ledger:
    """The members that live, where their entries stand, and the ROOT records that list them."""

    def __init__(self) -> None:
        self._places: dict[bytes, int] = {}  # of each live name: leaf * MAX_ENTRIES + number
        self._origins: dict[bytes, Place] = {}  # of each without content of its own: where that is
        self._live: dict[int, int] = {}  # of each leaf of the version: its entries that live
        self._counts: dict[int, int] = {}
        self._refs: dict[int, LeafRef] = {}
        self._hashes: dict[int, bytes] = {}
        self._pages: dict[int, _Page] = {}
        self._begin = 0  # offset of this version's HEAD
        self._number = 0
        self._removed: set[bytes] = set()
        self._top = 0
        self._last = 0

    def begin(self, head: int) -> None:
        """Begin a version, whose HEAD stands at ``head``."""
        for leaf in [leaf for leaf, live in self._live.items() if not live]:
            self._forget(leaf)
        self._begin, self._top, self._removed = head, 0, set()

    def _forget(self, leaf: int) -> None:
        for known in (self._live, self._counts, self._refs, self._hashes):
            known.pop(leaf, None)

    def leaf(
        self, offset: int, entries: Sequence[Entry], removed: Iterable[bytes], body: bytes
    ) -> None:
        """Take a leaf of this version.

        Raises:
            DamagedError: names come twice (F-036), or what is removed or kept was not there (F-050, F-051).
        """
        for name in removed:
            self._remove(name, offset)
        self._hashes[offset] = blake3(body).digest()
        self._refs[offset] = leaf_ref(offset, entries)
        self._counts[offset] = self._live[offset] = len(entries)
        for number, entry in enumerate(entries):
            self._add(entry, (offset, number))

    def _add(self, entry: Entry, place: Place) -> None:
        name, (offset, number) = entry.name, place
        before = self._places.get(name)
        if entry.kept is not None and (before is None or entry.kept != self._origin(name, before)):
            what = f"{entry.shown_name!r} keeps content that is not its own"
            raise DamagedError(what, offset=offset)
        if before is not None:
            leaf = before // MAX_ENTRIES
            if leaf > self._begin:  # F-036
                raise DamagedError(f"two members are named {entry.shown_name!r}", offset=offset)
            self._live[leaf] -= 1
        elif name in self._removed:
            raise DamagedError(f"{entry.shown_name!r} is removed, and there", offset=offset)
        self._places[name] = offset * MAX_ENTRIES + number
        if entry.kept is None and entry.kind == FILE:
            self._origins.pop(name, None)
        else:
            self._origins[name] = entry.kept or NOWHERE

    def _origin(self, name: bytes, place: int) -> Place:
        return self._origins.get(name) or divmod(place, MAX_ENTRIES)

    def _remove(self, name: bytes, offset: int) -> None:
        place = self._places.pop(name, None)
        if place is None or place // MAX_ENTRIES > self._begin:  # F-051
            raise DamagedError("a name is removed that was not there", offset=offset)
        self._live[place // MAX_ENTRIES] -= 1
        self._origins.pop(name, None)
        self._removed.add(name)

    def version(self, version: Version, offset: int) -> None:
        """Take what the last leaf says of the version.

        Raises:
            DamagedError: its number does not follow (F-044), or its hash is another's (F-040).
        """
        if version.number <= self._number:
            raise DamagedError("a version has the number of one before it, or 0", offset=offset)
        self._number, self._last = version.number, offset
        digest = blake3()
        for leaf in sorted(self._hashes):
            if leaf > self._begin or self._live[leaf]:
                digest.update(self._hashes[leaf])
        if digest.digest() != version.root_hash:
            raise DamagedError("the root hash does not cover the leaves", offset=offset)

    def leaves(self) -> list[LeafRef]:
        """Return the leaves of the version, once its last one was taken."""
        return [self._refs[leaf] for leaf in self._living()]

    def _living(self) -> list[int]:
        return sorted(leaf for leaf, live in self._live.items() if live or leaf == self._last)

    def root(self, items: Sequence[LeafRef], offset: int) -> None:
        """Take a ROOT record.

        Raises:
            DamagedError: it lists anything but leaves and ROOT records before it, as they are (F-041).
        """
        first = last = 0
        for item in items:
            known = self._listed(item.offset)
            if known.ref != item or known.first <= last:
                raise DamagedError("a root lists what does not stand before it", offset=offset)
            first, last = first or known.first, known.last
        below = [item.offset for item in items]
        self._pages[offset] = _Page(page_ref(offset, items), first, last, below)
        self._top = offset

    def _listed(self, offset: int) -> _Page:
        """Return what is known of the record that an item of a ROOT names."""
        return self._pages.get(offset) or _Page(self._refs.get(offset), offset, offset, ())

    def _leaves(self, offset: int) -> Iterator[int]:
        page = self._pages.get(offset)
        if page is None:
            yield offset
            return
        for below in page.items:
            yield from self._leaves(below)

    def end(self, root: int, last_leaf: int, offset: int) -> None:
        """Compare the end of the version with all of it.

        Raises:
            DamagedError: the FOOTER points elsewhere (F-042), or the root does not lead to exactly the
                leaves of the version (F-041).
        """
        if (root, last_leaf) != (self._top, self._last):
            what = "the footer does not point at what stands before it"
            raise DamagedError(what, offset=offset)
        expected = self._living()
        whole = all(self._live[leaf] == self._counts[leaf] for leaf in expected)
        pairs = zip_longest(self._leaves(root), expected)
        if not whole or any(leaf != wanted for leaf, wanted in pairs):
            what = "the root does not lead to the version's leaves"
            raise DamagedError(what, offset=root or offset)
