"""Which members are meant: by name, by a folder above them, or by a pattern."""

import bisect
from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from compressor.archive.leaf import Entry
from compressor.archive.names import ByFolder, folders_above, name_key
from compressor.archive.schema import FOLDER, HARDLINK, LeafRef
from compressor.engine.access import Chosen
from compressor.tree.excludes import excluder

Met = frozenset[bytes]
"""Words that a member meets, by itself or by a folder above it."""

_SPECIAL = frozenset("*?[")


class Selection:
    """Members asked for. Each word is a name, which stands for all below it, or a pattern as in .gitignore.

    ``unmatched`` tells which words no member has met yet. Without words all members are meant, and so they
    are by ``.``.
    """

    def __init__(self, words: Sequence[bytes], exclude: Sequence[str] = ()) -> None:
        self._names: dict[bytes, list[bytes]] = {}
        for word in words:
            self._names.setdefault(as_recorded(word), []).append(word)
        patterns = [word for word in words if _is_pattern(word)]
        self._patterns = [
            (word, excluder([_plain(word).decode(errors="surrogateescape")])) for word in patterns
        ]
        self._excluded = excluder(exclude) if exclude else None
        every = frozenset(word for word in words if word.startswith(b".") and not as_recorded(word))
        self._keys = [] if patterns or every else sorted(map(name_key, self._names))
        self._folders = ByFolder[Met | None](
            every, lambda name, above: self._judged(name, above, is_folder=True)
        )
        self.unmatched = set(words)

    def may_be_in(self, leaf: LeafRef) -> bool:
        """Say whether a leaf may hold members that are meant: those below a name follow it at once."""
        if not self._keys:
            return True
        at = bisect.bisect_left(self._keys, name_key(leaf.first))
        if at < len(self._keys) and self._keys[at] <= name_key(leaf.last):
            return True
        return any(above in self._names for above in folders_above(leaf.first))

    def named(self, name: bytes) -> bool:
        """Say whether a member of this name is meant, whatever it is."""
        return self(Entry(name))

    def __call__(self, entry: Entry) -> bool:
        """Say whether a member is meant."""
        if not self._names and self._excluded is None:
            return True
        above = self._folders.above(entry.name)
        found = self._judged(entry.name, above, is_folder=entry.kind == FOLDER)
        if not found:
            return found is not None and not self._names
        self.unmatched.difference_update(found)
        return True

    def _judged(self, name: bytes, above: Met | None, *, is_folder: bool) -> Met | None:
        """Return the words that a member meets, by folders above it or itself; None: it is left out."""
        if above is None or (self._excluded and self._excluded(name, is_folder=is_folder)):
            return None
        met = self._names.get(name)
        if self._patterns:  # most runs have none, and all members pass here
            hit = [word for word, hits in self._patterns if hits(name, is_folder=is_folder)]
            met = [*(met or ()), *hit]
        return above.union(met) if met else above


def as_recorded(word: bytes) -> bytes:
    """Return a member's name as archives have it: without ``.``, doubled slashes or one at its end."""
    return _plain(word).rstrip(b"/")


def _plain(word: bytes) -> bytes:
    """Return a name or pattern without ``.`` and doubled slashes; one at either end of a pattern counts."""
    first, *others = word.split(b"/")
    if not others:
        return b"" if first == b"." else first
    inner = [part for part in others[:-1] if part not in (b"", b".")]
    last = b"" if others[-1] == b"." else others[-1]
    if first != b".":
        return b"/".join([first, *inner, last])
    anchor = [b""] if _is_pattern(word) else []
    return b"/".join([*anchor, *inner, last])


def _is_pattern(word: bytes) -> bool:
    return not _SPECIAL.isdisjoint(word.decode(errors="replace"))


def chosen_of(members: Iterable[Chosen], selection: Selection) -> list[Chosen]:
    """Return the members that are meant; a hard link whose file is not gets the file's content.

    ``members`` are all that are in leaves that may hold some that are meant.
    """
    known = {entry.name: (index, entry) for index, entry in members}
    wanted = {name: item for name, item in known.items() if selection(item[1])}
    chosen: list[Chosen] = []
    for index, entry in wanted.values():
        target = entry.target or b""
        origin, file = index, None
        if entry.kind == HARDLINK and target not in wanted:
            origin, file = known.get(target) or (index, index.find(target))
        if file is None:
            chosen.append((index, entry))
        else:
            chosen.append((origin, replace(file, name=entry.name)))
    return chosen
