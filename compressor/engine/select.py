"""Which members are meant: by name, by a folder above them, or by a pattern."""

import bisect
from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from compressor.archive.leaf import Entry
from compressor.archive.names import folders_above, name_key
from compressor.archive.schema import FOLDER, HARDLINK, LeafRef
from compressor.engine.extract import Chosen
from compressor.tree.excludes import Excluded, excluder

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
        self._all = [word for word in words if word.startswith(b".") and not as_recorded(word)]
        self._keys = [] if patterns or self._all else sorted(map(name_key, self._names))
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
        ways = [entry.name, *folders_above(entry.name)]
        if self._excluded and _hits(self._excluded, ways, entry):
            return False
        if not self._names:
            return True
        met = [word for way in ways for word in self._names.get(way, ())] + self._all
        met += [word for word, pattern in self._patterns if _hits(pattern, ways, entry)]
        self.unmatched.difference_update(met)
        return bool(met)


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


def _hits(pattern: Excluded, ways: list[bytes], entry: Entry) -> bool:
    """Say whether a pattern meets a member or a folder above it."""
    return any(pattern(way, is_folder=way != entry.name or entry.kind == FOLDER) for way in ways)


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
